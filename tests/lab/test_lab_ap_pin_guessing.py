# SPDX-License-Identifier: BSD-3-Clause
"""Somebody guesses the AP PIN: locked after three, longer and longer, for good after ten, whatever is restarted."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.lab.network import NetNamespace, interface_address
from tests.lab.peers import Agent, WpaSupplicant, new_folder

LAB = {"radios": 2, "time_travel": True, "time_limit": 900.0}

PIN = "12345670"
WRONG_FIRST_HALF = "43215676"
WRONG_SECOND_HALF = "12349876"
READ = "WPS-FAIL msg=11 config_error=0"
"""What wpa_supplicant says of a run by which it has read the settings: it ended it itself, after M7."""


def config(folder: str, further: str = "") -> str:
    return f"""
[agent]
node = "lab"
log_level = "debug"
state_directory = "{folder}"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "correct horse battery"
channel = 1
ap_pin = "{PIN}"
{further}
"""


@dataclass
class Guesser:
    """A script with wpa_cli's commands; folder: what the agent remembers."""

    station: WpaSupplicant
    folder: str

    def guess(self, pin: str) -> str:
        """What comes of one try: the numbers of WPS-FAIL."""
        control = self.station.control
        control.forget_events()
        control.expect_ok(f"WPS_REG {interface_address('wlan0')} {pin}")
        try:
            return control.wait_event("WPS-FAIL", 60.0).text
        finally:
            control.expect_ok("WPS_CANCEL")
            control.expect_ok("REMOVE_NETWORK all")
            control.expect_ok("BSS_FLUSH 0")

    def assert_refused_unheard(self) -> None:
        """Even the right PIN is refused before anything is proved."""
        assert self.guess(PIN).endswith("config_error=15")

    def is_lock_in_beacon(self) -> bool:
        """What a scan says: wpa_supplicant shows AP Setup Locked of a BSS."""
        control = self.station.control
        control.expect_ok("BSS_FLUSH 0")
        control.forget_events()
        control.expect_ok("SCAN freq=2412")
        control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
        return "wps_ap_setup_locked=1" in control.request(f"BSS {interface_address('wlan0')}").replace(" ", "")


@pytest.fixture(scope="module")
def station() -> Iterator[WpaSupplicant]:
    with NetNamespace("guesser") as namespace:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            yield station


@pytest.fixture
def guesser(station: WpaSupplicant) -> Guesser:
    return Guesser(station, str(new_folder("state")))


def test_three_wrong_pins_lock_for_a_minute_and_the_beacon_says_so(guesser: Guesser) -> None:
    with Agent(config(guesser.folder)) as agent:
        agent.control.read_events()
        assert not guesser.is_lock_in_beacon()
        assert guesser.guess(WRONG_FIRST_HALF) == "WPS-FAIL msg=8 config_error=18"
        assert guesser.guess(WRONG_SECOND_HALF).endswith("config_error=18")
        assert not agent.control.has_event("WPS-AP-SETUP-LOCKED")
        assert guesser.guess(WRONG_FIRST_HALF).endswith("config_error=18")
        locked = agent.control.wait_event("WPS-AP-SETUP-LOCKED ").time
        assert guesser.is_lock_in_beacon()
        guesser.assert_refused_unheard()
        unlocked = agent.control.wait_event("WPS-AP-SETUP-UNLOCKED ", 120.0).time
        assert unlocked - locked == pytest.approx(60.0, abs=2.0)
        assert not guesser.is_lock_in_beacon()
        assert guesser.guess(PIN) == READ


def test_a_brute_force_backs_off_outlives_kills_and_ends_for_good(guesser: Guesser) -> None:
    """A script that guesses on and on, and kills the device whenever it is locked out."""
    text = config(guesser.folder, "lock_out_s = 20")
    with Agent(text) as agent:
        for _ in range(2):
            assert guesser.guess(WRONG_FIRST_HALF).endswith("config_error=18")
        locked_at = guess_and_kill(guesser, agent)
    # With the 3rd, 4th and 5th wrong one 20 s; from the 6th on 40 s, with the 9th 80 s.  A kill begins a period anew.
    for period in (20, 20, 20, 40, 40, 40, 80):
        with Agent(text) as agent:
            agent.control.read_events()
            guesser.assert_refused_unheard()
            unlocked_at = agent.control.wait_event("WPS-AP-SETUP-UNLOCKED ", 400.0).time
            assert period - 1 <= unlocked_at - locked_at <= period + 20
            locked_at = guess_and_kill(guesser, agent)
    with Agent(text) as agent:
        agent.control.read_events()
        assert not any("UNLOCKED" in event.text for event in agent.control.watch(300.0))
        guesser.assert_refused_unheard()
        pin = agent.control.request("WPS_AP_PIN random")
        agent.control.wait_event("WPS-AP-SETUP-UNLOCKED ")
        assert guesser.guess(pin) == READ


def guess_and_kill(guesser: Guesser, agent: Agent) -> float:
    """One wrong PIN more, which locks; when."""
    agent.control.read_events()
    assert guesser.guess(WRONG_FIRST_HALF).endswith("config_error=18")
    locked_at = agent.control.wait_event("WPS-AP-SETUP-LOCKED ").time
    agent.kill()
    return locked_at


def test_a_second_half_is_never_guessable_once_the_first_is_known(guesser: Guesser) -> None:
    """Four digits are right: of the thousand that are left, three can be tried, and then none."""
    with Agent(config(guesser.folder)) as agent:
        agent.control.read_events()
        for _ in range(3):
            assert guesser.guess(WRONG_SECOND_HALF) == "WPS-FAIL msg=10 config_error=18"
        agent.control.wait_event("WPS-AP-SETUP-LOCKED ")
        for pin in ("12340013", "12340020"):
            assert guesser.guess(pin).endswith("config_error=15")


def test_locked_from_the_start_and_open_by_a_new_pin(guesser: Guesser) -> None:
    with Agent(config(guesser.folder, 'setup_locked = "locked"')) as agent:
        agent.control.read_events()
        assert guesser.is_lock_in_beacon()
        guesser.assert_refused_unheard()
        assert agent.control.request(f"WPS_AP_PIN set {PIN}") == PIN
        agent.control.wait_event("WPS-AP-SETUP-UNLOCKED ")
        assert not guesser.is_lock_in_beacon()
        assert guesser.guess(PIN) == READ
