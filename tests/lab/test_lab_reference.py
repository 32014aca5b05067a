# SPDX-License-Identifier: BSD-3-Clause
"""The lab itself, with nothing of ours in it: Debian's hostapd and wpa_supplicant, the simulated board, a broker."""

import pytest
from tests.lab.hardware import GpioSim, LedClass, intervals
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import Hostapd, Mosquitto, MqttRecorder, WpaSupplicant

LAB = {"radios": 2}


def test_wpa_supplicant_joins_hostapd_by_push_button_and_traffic_goes_over_the_air() -> None:
    with NetNamespace("station") as namespace, Hostapd("wlan0", ssid="reference") as access_point:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            access_point.press_button()
            station.press_button()
            station.control.wait_event("WPS-CRED-RECEIVED", 30.0)
            station.wait_connected()
            assert access_point.control.has_event("WPS-SUCCESS")
            assert station.status()["bssid"] == interface_address("wlan0")
            assert 'psk="a secret passphrase"' in station.saved_config
            set_address("wlan0", "10.9.0.1/24")
            namespace.set_address("wlan1", "10.9.0.2/24")
            assert namespace.can_ping("10.9.0.1", count=3)


def test_gpio_chip_is_a_raspberry_pi_s() -> None:
    chip = GpioSim()
    button = chip.line(17)
    button.release()
    assert button.level == 1
    button.press()
    assert button.level == 0


def test_an_unknown_chip_is_named() -> None:
    with pytest.raises(LookupError, match="no GPIO chip is labelled elsewhere"):
        GpioSim("elsewhere")


def test_led_class_device_blinks_its_line_by_the_kernel_s_timer() -> None:
    led, line = LedClass("green:wps"), GpioSim("board-gpio").line(1)
    led.write("trigger", "timer")
    led.write("delay_on", "200")
    led.write("delay_off", "100")
    stretches = intervals(line.watch(2.0))
    assert led.trigger == "timer"
    led.write("trigger", "none")
    led.write("brightness", "1")
    assert line.level == 1
    led.write("brightness", "0")
    assert line.level == 0
    assert len(stretches) >= 8
    for level, seconds in stretches[1:]:
        assert seconds == pytest.approx(0.2 if level else 0.1, abs=0.05)


def test_broker_and_recorder_keep_order_and_retained_messages() -> None:
    with Mosquitto(1883), MqttRecorder(1883, "$SYS/broker/version") as recorder:
        message = recorder.wait_message("$SYS/broker/version", "mosquitto version")
        assert message.is_retained
