# SPDX-License-Identifier: BSD-3-Clause
"""The program that a station runs when it is in the network and when it is out of it: it alone gives the address."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.network import run
from tests.lab.our_station import CONFIG, SOCKETS, STATION
from tests.lab.peers import Hostapd, wait_until
from tests.lab.test_lab_station import AP, AP_ADDRESS, STATION_ADDRESS, Scene, scene_of

LAB = {"radios": 2, "time_travel": True, "time_limit": 180.0}

PROGRAM, HEARD = Path("/run/on-change"), Path("/run/on-change.heard")
SCRIPT = f"""#!/bin/sh
echo "$*|$WPA_ID|$WPA_ID_STR|$WPA_CTRL_DIR|$WPS_AGENT_SSID|$WPS_AGENT_BSSID" >>{HEARD}
case $2 in
  CONNECTED) ip address replace {STATION_ADDRESS}/24 dev "$1" && echo "has an address" ;;
  DISCONNECTED) ip address flush dev "$1" scope global ;;
esac
"""


def heard() -> list[str]:
    return HEARD.read_text().splitlines() if HEARD.exists() else []


def wait_heard(event: str, count: int = 1) -> str:
    """Wait until it was told so many times; the last such line."""
    start = f"{STATION} {event}|"
    wait_until(
        lambda: sum(line.startswith(start) for line in heard()) >= count,
        60.0,
        lambda: f"no {event}, only {heard()}",
    )
    return [line for line in heard() if line.startswith(start)][-1]


def has_address() -> bool:
    return STATION_ADDRESS in run("ip", "-4", "address", "show", "dev", STATION)


def wait_online(scene: Scene) -> None:
    scene.namespace.set_address(AP, f"{AP_ADDRESS}/24")
    wait_until(lambda: scene.namespace.can_ping(STATION_ADDRESS), 10.0, "no ping goes through")


@pytest.fixture
def scene() -> Iterator[Scene]:
    HEARD.unlink(missing_ok=True)
    run("ip", "address", "flush", "dev", STATION)
    PROGRAM.write_text(SCRIPT)
    PROGRAM.chmod(0o755)
    with scene_of(f'{CONFIG}on_change = "{PROGRAM}"\n') as a_scene:
        yield a_scene


def test_the_program_gives_the_address_after_wps_and_takes_it_when_the_access_point_is_lost(scene: Scene) -> None:
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    known = f"|0||{SOCKETS}|reference|{scene.namespace.interface_address(AP)}"
    assert wait_heard("CONNECTED") == f"{STATION} CONNECTED{known}"
    wait_online(scene)
    scene.agent.wait_log("on-change CONNECTED: has an address")
    assert heard() == [
        f"{STATION} WPS-PBC-ACTIVE|||{SOCKETS}||",
        f"{STATION} WPS-SUCCESS|||{SOCKETS}||",
        f"{STATION} CONNECTED{known}",
    ]
    scene.hostapd.kill()
    assert wait_heard("DISCONNECTED") == f"{STATION} DISCONNECTED{known}"
    wait_until(lambda: not has_address(), 5.0, "the address is still there")
    with Hostapd(AP, namespace=scene.namespace):
        wait_heard("CONNECTED", 2)
        wait_online(scene)


def test_an_agent_that_ends_takes_the_address_away_first(scene: Scene) -> None:
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    wait_heard("CONNECTED")
    wait_online(scene)
    scene.agent.stop()
    assert heard()[-1].startswith(f"{STATION} DISCONNECTED|0|")
    assert not has_address()


def test_a_program_that_is_stuck_is_ended_and_the_agent_goes_on(scene: Scene) -> None:
    PROGRAM.write_text(SCRIPT.replace("CONNECTED) ip", "CONNECTED) sleep 1000; ip", 1))
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    wait_heard("CONNECTED")
    scene.agent.wait_log("CONNECTED: not done after 30 s: ended", 60.0)
    assert scene.state()["state"] == "connected"
    scene.hostapd.kill()
    wait_heard("DISCONNECTED")
