# SPDX-License-Identifier: BSD-3-Clause
"""A station of ours over minutes: time-outs, cancelling at every step, the way back to the network it knows."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.lab.network import NetNamespace
from tests.lab.our_station import CONFIG, NETWORKS, PIN, WRONG_FIRST_HALF, assert_not_logged, state_of
from tests.lab.peers import Agent, Hostapd

LAB = {"radios": 3, "time_travel": True, "time_limit": 500.0}

INTERFACES = ("wlan1", "wlan2")
PASSPHRASES = {"old": "passphrase of the old", "new": "passphrase of the new"}
TIMED_OUT = 3

OLD_NETWORK = f"""# mine
update_config=1
network={{
    ssid="old"
    psk="{PASSPHRASES["old"]}"
}}
"""


@dataclass
class Scene:
    """A station of ours, and a namespace for access points of Debian's."""

    agent: Agent
    namespace: NetNamespace
    secrets: set[str] = field(default_factory=lambda: set(PASSPHRASES.values()))

    def access_point(self, ssid: str, interface: str, **options: str) -> Hostapd:
        return Hostapd(
            interface, namespace=self.namespace, **{"ssid": ssid, "passphrase": PASSPHRASES[ssid], **options}
        )

    def state(self) -> dict[str, Any]:
        return state_of(self.agent)

    def networks(self) -> list[str]:
        """The SSIDs of the list, then those of the file; both must be the same."""
        listed = [row.split("\t")[1] for row in self.agent.control.request("LIST_NETWORKS").splitlines()[1:]]
        text = NETWORKS.read_text() if NETWORKS.exists() else ""
        saved = [line.split('"')[1] for line in text.splitlines() if line.strip().startswith("ssid=")]
        assert listed == saved
        return listed

    def wait_connected(self, ssid: str, interface: str, timeout: float = 30.0) -> None:
        self.agent.control.wait_event("CTRL-EVENT-CONNECTED", timeout)
        status = self.agent.control.values("STATUS")
        assert (status["wpa_state"], status["ssid"]) == ("COMPLETED", ssid)
        assert status["bssid"] == self.namespace.interface_address(interface)


@contextmanager
def scene_of(known: str = "") -> Iterator[Scene]:
    """known: the networks file to begin with."""
    NETWORKS.unlink(missing_ok=True)
    if known:
        NETWORKS.write_text(known)
    with ExitStack() as stack:
        namespace = stack.enter_context(NetNamespace("upstream"))
        for interface in INTERFACES:
            namespace.take_radio(interface)
        agent = stack.enter_context(Agent(CONFIG))
        agent.control.read_events()  # attached from here on
        scene = Scene(agent, namespace)
        yield scene
        assert_not_logged(agent, scene.secrets)


@pytest.fixture
def nobody() -> Iterator[Scene]:
    """No access point far and wide, nothing known."""
    with scene_of() as scene:
        yield scene


@pytest.fixture
def joined() -> Iterator[Scene]:
    """Connected to the network it knows."""
    with scene_of(OLD_NETWORK) as scene, scene.access_point("old", "wlan1"):
        scene.wait_connected("old", "wlan1")
        yield scene


# ---- nobody there


@pytest.mark.parametrize("words", [("join",), ("join", "--pin", PIN), ("join", "--bssid", "02:00:00:00:09:00")])
def test_nobody_there_is_a_time_out_after_two_minutes(nobody: Scene, words: tuple[str, ...]) -> None:
    started_at = time.monotonic()
    done = nobody.agent.command(*words, "--wait", timeout=200.0)
    assert done.returncode == TIMED_OUT
    assert 120.0 <= time.monotonic() - started_at < 122.0
    assert "no access point waited for us" in done.stderr
    assert nobody.agent.control.wait_event("WPS-TIMEOUT", 1.0)
    assert nobody.state()["wps"]["result"] == "timeout"
    assert nobody.networks() == []


def test_learning_from_nobody_is_a_time_out(nobody: Scene) -> None:
    nobody.secrets.add(PIN)
    done = nobody.agent.command("reg", "learn", "02:00:00:00:09:00", PIN, "--wait", timeout=200.0)
    assert done.returncode == TIMED_OUT
    assert nobody.networks() == []


def test_a_pin_that_nobody_enters_is_a_time_out_that_says_so(nobody: Scene) -> None:
    with nobody.access_point("new", "wlan2"):
        started_at = time.monotonic()
        done = nobody.agent.command("join", "--pin", PIN, "--wait", timeout=200.0)
        assert done.returncode == TIMED_OUT
        assert 120.0 <= time.monotonic() - started_at < 122.0
        assert done.stderr == (
            "wps-agent: no access point knows the PIN yet: enter it at the access point within two minutes\n"
        )
        nobody.agent.control.wait_event("WPS-M2D", 1.0)


def test_an_access_point_that_comes_late_is_found_in_time(nobody: Scene) -> None:
    nobody.agent.control.expect_ok("WPS_PBC")
    nobody.agent.control.watch(100.0)
    with nobody.access_point("new", "wlan2") as peer:
        peer.press_button()
        nobody.wait_connected("new", "wlan2", 19.0)
        assert nobody.networks() == ["new"]


# ---- cancelled


STEPS = (
    "WPS-PBC-ACTIVE",
    "CTRL-EVENT-SCAN-STARTED",
    "Trying to associate",
    "Associated with",
    "CTRL-EVENT-EAP-STARTED",
    "CTRL-EVENT-EAP-METHOD",
)


@pytest.mark.parametrize("step", STEPS)
def test_cancelled_at_any_step_it_goes_back_to_the_network_it_knows(joined: Scene, step: str) -> None:
    control = joined.agent.control
    with joined.access_point("new", "wlan2") as peer:
        peer.press_button()
        control.forget_events()
        control.expect_ok("WPS_PBC")
        control.wait_event(step, 30.0)
        control.expect_ok("WPS_CANCEL")
        control.wait_event("WPS-CANCEL", 1.0)
        joined.wait_connected("old", "wlan1")
        assert not control.has_event("WPS-CRED-RECEIVED")
        assert joined.state()["wps"]["result"] == "cancelled"
        assert joined.networks() == ["old"]
        control.expect_ok("WPS_PBC")  # and nothing is left that would be in the way of the next
        peer.press_button()
        joined.wait_connected("new", "wlan2")
        assert joined.networks() == ["old", "new"]


def test_cancelled_between_two_scans_and_after_an_m2d(joined: Scene) -> None:
    control = joined.agent.control
    control.forget_events()
    pin = control.request("WPS_PIN any")
    joined.secrets.add(pin)
    for event in ("CTRL-EVENT-SCAN-RESULTS", "WPS-M2D"):
        control.wait_event(event, 60.0)
        control.expect_ok("WPS_CANCEL")
        control.wait_event("WPS-CANCEL", 1.0)
        joined.wait_connected("old", "wlan1")
        control.request(f"WPS_PIN any {pin}")
    control.expect_ok("WPS_CANCEL")


def test_cancelled_too_late_it_joins_what_it_has_learnt(joined: Scene) -> None:
    with joined.access_point("new", "wlan2") as peer:
        peer.press_button()
        joined.agent.control.forget_events()
        joined.agent.control.expect_ok("WPS_PBC")
        joined.agent.control.wait_event("WPS-SUCCESS", 30.0)
        joined.agent.control.expect_ok("WPS_CANCEL")
        joined.wait_connected("new", "wlan2")
        assert joined.state()["wps"]["result"] == "success"
        assert joined.networks() == ["old", "new"]


def test_a_cancelled_run_does_not_time_out_later(nobody: Scene) -> None:
    nobody.agent.control.expect_ok("WPS_PBC")
    nobody.agent.control.watch(60.0)
    nobody.agent.control.expect_ok("WPS_CANCEL")
    nobody.agent.control.wait_event("WPS-CANCEL", 1.0)
    nobody.agent.control.wait_event("WPS-PBC-DISABLE", 1.0)
    assert [event.text for event in nobody.agent.control.watch(120.0) if event.text.startswith("WPS-")] == []
    assert nobody.state()["wps"]["result"] == "cancelled"


def test_a_cancel_with_nothing_to_cancel_leaves_the_connection_alone(joined: Scene) -> None:
    joined.agent.control.forget_events()
    joined.agent.control.expect_ok("WPS_CANCEL")
    assert joined.agent.control.watch(10.0) == []
    assert joined.state()["state"] == "connected"


# ---- what comes back


def test_after_a_time_out_it_goes_back_to_the_network_it_knows(joined: Scene) -> None:
    assert joined.agent.command("join", "--wait", timeout=200.0).returncode == TIMED_OUT
    joined.wait_connected("old", "wlan1")
    assert joined.networks() == ["old"]
    assert NETWORKS.read_text() == OLD_NETWORK


def test_after_a_failure_it_goes_back_to_the_network_it_knows(joined: Scene) -> None:
    joined.secrets |= {PIN, WRONG_FIRST_HALF}
    with joined.access_point("new", "wlan2") as peer:
        peer.control.expect_ok(f"WPS_PIN any {PIN}")
        joined.agent.control.forget_events()
        joined.agent.control.request(f"WPS_PIN any {WRONG_FIRST_HALF}")
        joined.agent.control.wait_event("WPS-FAIL", 60.0)
        joined.wait_connected("old", "wlan1")
        assert joined.networks() == ["old"]


def test_a_network_learnt_beside_another_gives_way_to_it_when_its_access_point_is_gone(joined: Scene) -> None:
    with joined.access_point("new", "wlan2") as peer:
        peer.press_button()
        joined.agent.control.forget_events()
        joined.agent.control.expect_ok("WPS_PBC")
        joined.wait_connected("new", "wlan2")
        peer.kill()
        joined.wait_connected("old", "wlan1", 90.0)
        assert joined.networks() == ["old", "new"]
        assert NETWORKS.read_text().startswith(OLD_NETWORK)


def test_after_an_overlap_it_goes_back_to_the_network_it_knows() -> None:
    with (
        scene_of(OLD_NETWORK) as scene,
        scene.access_point("old", "wlan1") as first,
        scene.access_point("new", "wlan2") as second,
    ):
        scene.wait_connected("old", "wlan1")
        first.press_button()
        second.press_button()
        scene.agent.control.forget_events()
        scene.agent.control.expect_ok("WPS_PBC")
        scene.agent.control.wait_event("WPS-OVERLAP-DETECTED", 30.0)
        if scene.state()["state"] != "connected":
            scene.wait_connected("old", "wlan1")
        scene.agent.control.watch(20.0)
        assert scene.state()["ssid"] == "old"
        assert scene.networks() == ["old"]


# ---- access points come and go


def test_it_comes_back_to_an_access_point_that_was_away_for_minutes() -> None:
    with scene_of(OLD_NETWORK) as scene:
        for absence in (1.0, 30.0, 300.0):
            scene.agent.control.watch(absence)
            with scene.access_point("old", "wlan1") as peer:
                scene.wait_connected("old", "wlan1", 90.0)
                peer.kill()
                scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 60.0)
            assert scene.state()["state"] != "connected"


def test_another_access_point_of_the_network_takes_over() -> None:
    with ExitStack() as stack:
        scene = stack.enter_context(scene_of(OLD_NETWORK))
        first = stack.enter_context(scene.access_point("old", "wlan1"))
        scene.wait_connected("old", "wlan1")
        second = stack.enter_context(scene.access_point("old", "wlan2", config="channel=11"))
        first.kill()
        scene.wait_connected("old", "wlan2", 60.0)
        stack.enter_context(scene.access_point("old", "wlan1"))
        second.kill()
        scene.wait_connected("old", "wlan1", 60.0)
        assert scene.networks() == ["old"]


def test_an_access_point_that_dies_in_the_middle_of_the_exchange_is_found_again(nobody: Scene) -> None:
    nobody.agent.control.expect_ok("WPS_PBC")
    with nobody.access_point("new", "wlan2") as peer:
        peer.press_button()
        nobody.agent.control.wait_event("CTRL-EVENT-EAP-METHOD", 30.0)
        peer.kill()
    assert nobody.state()["wps"]["result"] == "active"
    with nobody.access_point("new", "wlan2") as peer:
        peer.press_button()
        nobody.wait_connected("new", "wlan2", 100.0)
        assert nobody.state()["wps"]["result"] == "success"


# ---- enrolled again


def test_enrolled_again_nothing_is_known_twice(joined: Scene) -> None:
    with joined.access_point("new", "wlan2") as peer:
        for _ in range(3):
            peer.press_button()
            joined.agent.control.forget_events()
            joined.agent.control.expect_ok("WPS_PBC")
            joined.wait_connected("new", "wlan2")
            assert joined.networks() == ["old", "new"]


def test_a_changed_passphrase_is_told_and_the_next_enrolment_replaces_the_old_one(nobody: Scene) -> None:
    changed, control = "passphrase of today", nobody.agent.control
    nobody.secrets.add(changed)
    for passphrase in (PASSPHRASES["new"], changed):
        with nobody.access_point("new", "wlan2", passphrase=passphrase) as peer:
            if passphrase == changed:
                told = control.wait_event("CTRL-EVENT-SSID-TEMP-DISABLED", 60.0).text
                assert told.endswith(' ssid="new" auth_failures=1 duration=10 reason=WRONG_KEY')
            peer.press_button()
            control.expect_ok("WPS_PBC")
            nobody.wait_connected("new", "wlan2")
            assert nobody.networks() == ["new"]
            assert f'psk="{passphrase}"' in NETWORKS.read_text()
    assert PASSPHRASES["new"] not in NETWORKS.read_text()
