# SPDX-License-Identifier: BSD-3-Clause
"""backend = "auto" while the agent runs: owners that come later, reloads, interfaces of others that come and go."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest
from tests.unit.fake_owner import HOSTAPD, FakeOwner
from tests.unit.jumping_loop import EPOCH, run
from tests.unit.roles_bench import AP, entropy_of

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, Configuration
from wpsagent.daemon.attached import watch as watching
from wpsagent.daemon.attached.choice import ANSWERS
from wpsagent.daemon.attached.watch import Watch
from wpsagent.daemon.daemon import Daemon
from wpsagent.io import link
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.ports import AccessPointRadio
from wpsagent.status import events as e

AGENT = '[agent]\nnode = "node"\ncontrol_socket = "{folder}/control"\n'
AUTO = (
    '[[access_point]]\ninterface = "sim0"\nssid = "home"\npassphrase = "correct horse"\n'
    'backend = "auto"\ncontrol = "{folder}/h"\n'
)
OURS = AUTO.replace("sim0", "sim1").replace('backend = "auto"\ncontrol = "{folder}/h"\n', "")
THEIRS = '[[access_point]]\ninterface = "ap0"\nbackend = "hostapd"\ncontrol = "{folder}/h"\n'
GUEST = THEIRS.replace("ap0", "ap1") + 'button_group = "guest"\n'
SUPPLICANT = '[[station]]\ninterface = "sta0"\nbackend = "wpa_supplicant"\ncontrol = "{folder}/w"\n'


class House:
    """One agent, its file, and what it told."""

    def __init__(self, folder: Path, *parts: str) -> None:
        self.folder = folder
        self.air = Air()
        self.told: list[e.AgentEvent] = []
        self.write(*parts)
        self.daemon = Daemon(self.read(), self._open, entropy_of("auto"), reread=self.read)
        self.daemon.reporting.observers.append(self.told.append)

    def write(self, *parts: str) -> None:
        self.text = (AGENT + "".join(parts)).replace("{folder}", str(self.folder))

    def read(self) -> Configuration:
        return parse(self.text, host_name="node")

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        return SimulatedAccessPointRadio(self.air, settings.interface, AP)

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.told]

    def backends(self) -> dict[str, str]:
        return {one["interface"]: one["backend"] for one in self.daemon.report()["backends"]}

    def state(self, interface: str) -> str | None:
        report = self.daemon.report()
        users = [*report["access_points"], *report["stations"]]
        return next((str(one["state"]) for one in users if one["interface"] == interface), None)

    async def until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(2000):
            if is_so():
                return
            await asyncio.sleep(0.005)
        raise AssertionError(f"it is not so: {self.told}, {self.daemon.report()}")

    async def reload(self, *parts: str) -> None:
        """Write another file and have it read."""
        if parts:
            self.write(*parts)
        self.told.clear()
        os.kill(os.getpid(), signal.SIGHUP)
        await self.until(lambda: e.ConfigurationReloaded() in self.told)


@asynccontextmanager
async def house_of(folder: Path, *parts: str) -> AsyncIterator[House]:
    house = House(folder, *parts)
    task = asyncio.create_task(house.daemon.run())
    await house.daemon.started.wait()
    try:
        yield house
    finally:
        house.daemon.terminate()
        assert await task is None, "the daemon began anew"


def hostapd(folder: Path, name: str) -> FakeOwner:
    owner = FakeOwner(folder / "h", name, HOSTAPD)
    owner.events = {"WPS_PBC": ["WPS-PBC-ACTIVE "], "WPS_CANCEL": ["WPS-TIMEOUT ", "WPS-CANCEL "]}
    return owner


@pytest.fixture
def set_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Interfaces that were set up; looks come at once."""
    names: list[str] = []
    monkeypatch.setattr(link, "set_up", names.append)
    monkeypatch.setattr(watching, "LOOKS", (0.01,))
    yield names


# ---- who comes later


def test_an_owner_that_comes_gets_the_radio_and_the_others_stay(tmp_path: Path, set_up: list[str]) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, AUTO, OURS) as house:
            assert house.backends() == {"sim0": "nl80211", "sim1": "nl80211"}
            stays = house.daemon.networks.networks[1]
            owner = hostapd(tmp_path, "sim0")
            await house.until(lambda: house.backends()["sim0"] == "hostapd")
            await house.until(lambda: house.state("sim0") == "enabled")
            assert house.daemon.networks.networks == [stays]
            assert stays.is_up
            assert set_up == ["sim0"]
            assert e.ConfigurationReloaded() not in house.told
            house.daemon.press_button(None)
            await house.until(lambda: "WPS_PBC" in owner.requests)
            owner.close()

    asyncio.run(scene())


def test_an_interfaces_socket_asks_whoever_has_it_now(tmp_path: Path, set_up: list[str]) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, AUTO) as house:
            handler = house.daemon.control._commands.on("sim0")
            assert "state=ENABLED" in str(handler("STATUS"))
            owner = hostapd(tmp_path, "sim0")
            await house.until(lambda: house.state("sim0") == "enabled" and house.backends()["sim0"] == "hostapd")
            reply = handler("STATUS")
            assert not isinstance(reply, str)
            assert "ssid[0]=theirs" in await reply
            owner.close()

    asyncio.run(scene())


def test_an_owner_that_goes_is_waited_for_until_the_agent_is_told_to_decide_anew(
    tmp_path: Path, set_up: list[str]
) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, AUTO) as house:
            owner = hostapd(tmp_path, "sim0")
            await house.until(lambda: house.state("sim0") == "enabled" and house.backends()["sim0"] == "hostapd")
            owner.tell("CTRL-EVENT-TERMINATING ")
            owner.close()
            await house.until(lambda: house.state("sim0") in ("lost", "failed"))
            assert house.backends() == {"sim0": "hostapd"}
            await house.reload()
            assert house.backends() == {"sim0": "nl80211"}
            await house.until(lambda: house.state("sim0") == "enabled")
            again = hostapd(tmp_path, "sim0")
            await house.until(lambda: house.backends()["sim0"] == "hostapd")
            again.close()

    asyncio.run(scene())


def test_a_hang_up_while_somebody_comes_is_not_forgotten(tmp_path: Path, set_up: list[str]) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, AUTO) as house:
            house.write(AUTO, OURS)
            house.daemon._hang_up()
            house.daemon._somebody_came({tmp_path / "h" / "sim0": ANSWERS})
            await house.until(lambda: e.ConfigurationReloaded() in house.told)
            assert set(house.backends()) == {"sim0", "sim1"}

    asyncio.run(scene())


def test_our_own_sockets_in_the_owners_folder_are_nobody_who_comes(tmp_path: Path, set_up: list[str]) -> None:
    in_place = 'hostapd_directory = "{folder}/h"\n'

    async def scene() -> None:
        async with house_of(tmp_path, in_place, AUTO) as house:
            assert (tmp_path / "h" / "sim0").is_socket()
            assert house.daemon._watch._watcher is None
            await house.reload()
            assert house.backends() == {"sim0": "nl80211"}

    asyncio.run(scene())


def test_nobody_is_looked_for_where_nothing_is_undecided(tmp_path: Path, set_up: list[str]) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, OURS) as house:
            assert house.daemon._watch._watcher is None

    asyncio.run(scene())


def test_looks_are_frequent_at_first_and_rare_later(tmp_path: Path) -> None:
    looks: list[float] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()

        class Empty:
            """A place of a socket where nobody is."""

            def is_socket(self) -> bool:
                looks.append(loop.time())
                return False

        watch = Watch(lambda _comers: None)
        watch.follow([cast("Path", Empty())])
        await asyncio.sleep(650.0)
        watch.close()
        await asyncio.sleep(100.0)

    run(scene())
    assert [round(time - EPOCH) for time in looks[:8]] == [1, 2, 4, 8, 16, 31, 61, 91]
    assert len(looks) == 7 + 19


# ---- the file names others, or no longer


def test_interfaces_of_others_come_and_go_without_a_new_daemon(tmp_path: Path) -> None:
    async def scene() -> None:
        one, guest = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, OURS) as house:
            await house.reload(OURS, THEIRS, GUEST, SUPPLICANT)
            assert house.kinds().count("AccessPointAdded") == 2
            assert (house.state("ap0"), house.state("ap1")) == ("enabled", "enabled")
            assert house.state("sta0") == "failed"
            house.daemon.press_button("guest")
            await house.until(lambda: "WPS_PBC" in guest.requests)
            await house.until(lambda: house.daemon.wps_status("guest").push_button == "Active")
            await house.reload(OURS, THEIRS)
            assert e.PushButtonEnded("guest", e.SessionEndReason.REPLACED) in house.told
            assert house.kinds().count("AccessPointRemoved") == 1
            assert house.kinds().count("StationRemoved") == 1
            assert (house.state("ap1"), house.state("sta0")) == (None, None)
            assert house.daemon._attachments.groups(None) == {"main"}
            await house.reload(OURS)
            assert house.state("ap0") is None
        one.close()
        guest.close()

    asyncio.run(scene())


def test_one_of_two_in_a_group_may_go_while_both_are_open(tmp_path: Path) -> None:
    second = THEIRS.replace("ap0", "ap1")

    async def scene() -> None:
        one, two = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, THEIRS, second) as house:
            house.daemon.press_button(None)
            await house.until(lambda: "WPS_PBC" in one.requests and "WPS_PBC" in two.requests)
            await house.until(lambda: house.daemon.wps_status("main").push_button == "Active")
            await house.reload(second)
            assert "PushButtonEnded" not in house.kinds()
            two.tell("WPS-PBC-DISABLE ")
            two.tell("WPS-SUCCESS ")
            await house.until(lambda: "PushButtonEnded" in house.kinds())
        one.close()
        two.close()

    asyncio.run(scene())


def test_one_that_is_told_otherwise_begins_anew(tmp_path: Path) -> None:
    async def scene() -> None:
        owner = hostapd(tmp_path, "ap0")
        async with house_of(tmp_path, THEIRS) as house:
            await house.reload(THEIRS + 'button_group = "other"\n')
            assert [kind for kind in house.kinds() if kind.startswith("AccessPoint")][:2] == [
                "AccessPointRemoved",
                "AccessPointAdded",
            ]
            assert house.daemon._attachments.groups(None) == {"other"}
        owner.close()

    asyncio.run(scene())
