# SPDX-License-Identifier: BSD-3-Clause
"""Enrolment by PIN: Debian's wpa_supplicant has one, `wps-agent pin` enters it; right, wrong, late, mistyped."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from tests.lab.network import NetNamespace, interface_address
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 2, "time_travel": True, "time_limit": 180.0}

PASSPHRASE = "correct horse battery"
EVENT = "wps-agent/lab/event"

CONFIG = f"""
[agent]
node = "lab"
log_level = "debug"
error_display_s = 0.0

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1

[mqtt]
host = "127.0.0.1"
"""

PIN = "12345670"
WRONG_FIRST_HALF = "43215676"
WRONG_SECOND_HALF = "12349876"


@dataclass
class Scene:
    """An access point of ours, a station of Debian's, and a broker that hears; pins: what must not be told."""

    agent: Agent
    station: WpaSupplicant
    recorder: MqttRecorder
    pins: set[str] = field(default_factory=lambda: {PIN, WRONG_FIRST_HALF, WRONG_SECOND_HALF})

    def enter(self, pin: str, *options: str) -> str:
        """Enter a PIN at the agent's command line."""
        done = self.agent.command("pin", pin, *options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, pin: str) -> None:
        """Start the station with a PIN of its own."""
        assert self.station.control.request(f"WPS_PIN any {pin}") == pin

    def assert_joined(self) -> None:
        """The station is told the passphrase and uses it."""
        self.station.wait_connected(60.0)
        status = self.station.status()
        assert (status["key_mgmt"], status["pairwise_cipher"]) == ("WPA2-PSK", "CCMP")
        assert f'psk="{PASSPHRASE}"' in self.station.saved_config

    def assert_fails(self, event: str) -> None:
        """Both sides end the run with the same numbers."""
        assert self.station.control.wait_event("WPS-FAIL", 60.0).text == event
        assert self.agent.control.wait_event("WPS-FAIL", 60.0).text == event
        assert not self.station.control.has_event("WPS-CRED-RECEIVED")


@pytest.fixture(scope="module")
def lab() -> Iterator[Scene]:
    with (
        Mosquitto(1883),
        MqttRecorder(1883, "wps-agent/#") as recorder,
        NetNamespace("station") as namespace,
        Agent(CONFIG) as agent,
    ):
        namespace.take_radio("wlan1")
        agent.control.read_events()  # attached from here on
        with WpaSupplicant("wlan1", config="config_methods=display keypad", namespace=namespace) as station:
            yield Scene(agent, station, recorder)


@pytest.fixture
def scene(lab: Scene) -> Iterator[Scene]:
    """The station knows no network, the agent knows no PIN, and nothing has happened yet."""
    yield lab
    control = lab.station.control
    control.expect_ok("WPS_CANCEL")
    control.expect_ok("REMOVE_NETWORK all")
    control.expect_ok("SAVE_CONFIG")
    control.expect_ok("BSS_FLUSH 0")
    assert lab.agent.command("cancel").returncode == 0
    wait_until(lambda: not lab.station.is_connected, 10.0, "the station does not leave")
    for interface in (control, lab.agent.control):
        interface.forget_events()


def test_a_pin_entered_before_the_station_starts_lets_it_in(scene: Scene) -> None:
    scene.enter(PIN)
    scene.start(PIN)
    scene.assert_joined()
    assert scene.agent.control.has_event("WPS-REG-SUCCESS")
    assert scene.station.status()["bssid"] == interface_address("wlan0")


def test_a_station_that_makes_up_its_pin_is_told_to_wait_and_joins_once_it_is_entered(scene: Scene) -> None:
    pin = scene.station.control.request("WPS_PIN any")
    scene.pins.add(pin)
    needed = scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0).text
    assert scene.station.control.wait_event("WPS-M2D", 60.0).text == "WPS-M2D dev_password_id=0 config_error=0"
    assert scene.station.status()["address"] in needed
    assert not scene.agent.control.has_event("WPS-FAIL")
    scene.enter(f"{pin[:4]}-{pin[4:]}")
    scene.assert_joined()
    scene.recorder.wait_message(EVENT, '"pin_needed"')


def test_a_pin_for_one_device_by_its_uuid_and_address_lets_that_one_in(scene: Scene) -> None:
    status = scene.station.status()
    scene.enter(PIN, "--uuid", status["uuid"], "--mac", status["address"], "--target", "wlan0")
    scene.start(PIN)
    scene.assert_joined()


def test_a_pin_of_four_digits_will_do(scene: Scene) -> None:
    scene.enter("1234")
    scene.start("1234")
    scene.assert_joined()


def test_a_label_s_pin_lets_a_device_in_that_has_nothing_else(scene: Scene) -> None:
    scene.station.control.expect_ok("SET config_methods label")
    try:
        scene.enter(PIN)
        scene.start(PIN)
        scene.assert_joined()
    finally:
        scene.station.control.expect_ok("SET config_methods display keypad")


def test_a_wrong_first_half_fails_on_both_sides_and_the_next_try_succeeds(scene: Scene) -> None:
    scene.enter(WRONG_FIRST_HALF)
    scene.start(PIN)
    scene.assert_fails("WPS-FAIL msg=8 config_error=18")
    scene.recorder.wait_message(EVENT, '"configuration_error":18')
    scene.enter(PIN)
    scene.start(PIN)
    scene.assert_joined()


def test_a_wrong_second_half_fails_on_both_sides_and_uses_the_pin_up(scene: Scene) -> None:
    scene.enter(WRONG_SECOND_HALF)
    scene.start(PIN)
    scene.assert_fails("WPS-FAIL msg=10 config_error=18")
    scene.start(WRONG_SECOND_HALF)
    scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0)


def test_an_expired_pin_is_no_pin(scene: Scene) -> None:
    scene.enter(PIN, "--timeout", "1")
    scene.start(PIN)
    scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0)
    scene.station.control.wait_event("WPS-M2D", 60.0)
    assert not scene.station.control.has_event("WPS-SUCCESS")


@pytest.mark.parametrize(
    ("pin", "complaint"),
    [("12345671", "a typing error?"), ("12345", "a PIN has 4 or 8 digits"), ("secret", "a PIN has 4 or 8 digits")],
)
def test_what_is_no_pin_is_refused_at_the_command_line(scene: Scene, pin: str, complaint: str) -> None:
    done = scene.agent.command("pin", pin)
    assert done.returncode == 1
    assert complaint in done.stderr
    assert json.loads(scene.agent.command("status", "--json").stdout)["seconds_left"] is None


def test_nobody_has_been_told_a_pin_or_the_passphrase(lab: Scene) -> None:
    told = "".join(message.payload for message in lab.recorder.messages) + lab.agent.log
    assert "enrolment_succeeded" in told
    assert [secret for secret in (*lab.pins, PASSPHRASE) if secret in told] == []
