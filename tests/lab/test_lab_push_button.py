# SPDX-License-Identifier: BSD-3-Clause
"""The main job on real parts: a GPIO button, our access point, Debian's wpa_supplicant, a LED, mosquitto."""

import json
import re

from tests.lab.hardware import GpioSim, intervals
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant

LAB = {"radios": 2}

BUTTON, LED = 17, 27
PASSPHRASE = "correct horse battery"

CONFIG = f"""
[agent]
node = "lab"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1

[[button]]
backend = "gpiozero"
pin = {BUTTON}
long_press = "none"

[[led]]
backend = "gpiozero"
pin = {LED}

[mqtt]
host = "127.0.0.1"
"""


def test_button_led_wps_wpa2_ping_and_mqtt_end_to_end() -> None:
    chip = GpioSim()
    button, led = chip.line(BUTTON), chip.line(LED)
    button.release()
    with (
        Mosquitto(1883) as broker,
        MqttRecorder(1883, "wps-agent/#") as recorder,
        NetNamespace("station") as namespace,
        Agent(CONFIG) as agent,
    ):
        namespace.take_radio("wlan1")
        assert led.level == 0
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            button.press()
            recorder.wait_message("wps-agent/lab/state", '"state":"active"')
            blinking = intervals(led.watch(1.5))
            button.release()
            station.press_button()
            station.wait_connected()
            status = station.status()
            assert (status["key_mgmt"], status["pairwise_cipher"]) == ("WPA2-PSK", "CCMP")
            assert status["bssid"] == interface_address("wlan0")
            assert f'psk="{PASSPHRASE}"' in station.saved_config
            set_address("wlan0", "10.9.0.1/24")
            namespace.set_address("wlan1", "10.9.0.2/24")
            assert namespace.can_ping("10.9.0.1", count=3)
            recorder.wait_message("wps-agent/lab/event", "station_connected")
            assert {change.level for change in led.watch(0.7)} == {1}
        agent.stop()
        assert led.level == 0
        recorder.wait_message("wps-agent/lab/availability", "offline")
        states = [json.loads(text)["state"] for text in recorder.payloads("wps-agent/lab/state")]
        names = [json.loads(text)["event_type"] for text in recorder.payloads("wps-agent/lab/event")]
        everything = "".join(message.payload for message in recorder.messages) + agent.log + broker.log
    lit = [round(seconds, 2) for level, seconds in blinking if level]
    assert lit
    assert all(0.15 <= seconds <= 0.25 for seconds in lit)
    assert re.fullmatch("(idle )+(active )+(success )+idle ", " ".join(states) + " ")
    order = ["started", "button_pressed", "push_button_started", "enrolment_succeeded", "push_button_ended"]
    assert [name for name in names if name in order] == order
    assert PASSPHRASE not in everything
