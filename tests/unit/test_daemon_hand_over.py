# SPDX-License-Identifier: BSD-3-Clause
"""The keeper of a station: who has the interface when, whatever the manager of the networks does."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.pairs.station_world import PASSPHRASE
from tests.unit.jumping_loop import run
from tests.unit.test_daemon_stations import House

from wpsagent.config.loader import parse
from wpsagent.daemon.hand_over import Keeper, Mark, TakenInterface, learnt_network
from wpsagent.daemon.station import Station
from wpsagent.errors import ConfigError, RadioError, UsageError
from wpsagent.io.hand_over.choice import Choice, Place
from wpsagent.io.hand_over.manager import HandOverError, LearntNetwork
from wpsagent.octets import Ssid
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import Network
from wpsagent.status import station_events as s

HOME = Ssid(b"home")


class Manager:
    """A manager of networks that does what a test says.  failures: method → its error; slow: what never ends."""

    title = "the manager"

    def __init__(self, *, has_interface: bool = True) -> None:
        self.has_interface = has_interface
        self.heard: list[str] = []
        self.stored: list[LearntNetwork] = []
        self.failures: dict[str, str] = {}
        self.slow: set[str] = set()

    async def _do(self, name: str) -> None:
        self.heard.append(name)
        if name in self.slow:
            await asyncio.Event().wait()
        if name in self.failures:
            raise HandOverError(self.failures[name])

    async def holds(self, interface: str) -> bool:
        await self._do("holds")
        return self.has_interface

    async def take(self, interface: str) -> None:
        await self._do("take")
        self.has_interface = False

    async def store(self, interface: str, network: LearntNetwork) -> None:
        await self._do("store")
        self.stored.append(network)

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        await self._do("give" if network is None else f"give with {network.ssid}")
        self.has_interface = True


class Managed(House):
    """The house whose station hands over to a manager; None: nobody is there."""

    def __init__(self, folder: Path, manager: Manager | None) -> None:
        super().__init__(folder, 'hand_over = "auto"\n')
        self.manager = manager
        self.folder = folder
        self.asked: list[tuple[str, Place]] = []
        assert self.station.keeper is not None
        self.station.keeper = Keeper(self.station, self.told.append, str(folder), self.choose)

    async def choose(self, who: str, place: Place) -> Choice:
        self.asked.append((who, place))
        return Choice(self.manager, "the test says so")

    @property
    def mark(self) -> bool:
        return bool(Mark(str(self.folder), "sta0"))

    def press_both(self) -> None:
        self.neighbours.group.press_button()
        self.stations.press_button()


@asynccontextmanager
async def lent(folder: Path, manager: Manager) -> AsyncIterator[Managed]:
    """The manager has the interface, as it had when the agent started."""
    async with Managed(folder, manager).running() as house:
        assert isinstance(house, Managed)
        assert await house.until(s.InterfaceGivenBack) == s.InterfaceGivenBack("sta0", "the manager")
        assert house.radios == []
        manager.heard.clear()
        yield house


def test_a_button_borrows_the_interface_and_what_it_learnt_goes_back_with_it(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.press_both()
            assert await house.until(s.InterfaceTaken) == s.InterfaceTaken("sta0", "the manager")
            assert house.mark
            await house.until(s.Joined)
            assert await house.until(s.HandedOver) == s.HandedOver("sta0", "the manager", HOME)
            assert manager.heard == ["take", "store", "give with home"]
            assert manager.stored == [LearntNetwork(HOME, PASSPHRASE)]
            assert not house.station.is_up
            assert not Mark(str(tmp_path), "sta0")
            with pytest.raises(UsageError, match="sta0 is the manager's until WPS needs it"):
                house.station.machine()
        assert manager.heard == ["take", "store", "give with home"]

    run(scene())
    assert PASSPHRASE.decode() not in repr(manager.stored)


def test_a_run_that_brings_nothing_gives_the_interface_back(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            house.stations.cancel()
            assert (await house.until(s.StationWpsEnded)).result is s.StationWpsResult.CANCELLED
            await house.until(s.InterfaceGivenBack)
            assert manager.heard == ["take", "give"]
            house.press_both()  # and again
            await house.until(s.HandedOver)

    run(scene())


def test_an_interface_that_cannot_be_given_back_stays_ours_and_is_told(tmp_path: Path) -> None:
    manager = Manager()
    manager.failures["give"] = "it does not want it"

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            house.stations.cancel()
            assert (await house.until(s.HandOverFailed)).reason == "it does not want it"
            await house.until(s.StationStarted)
            house.press_both()
            await house.until(s.HandedOver)

    run(scene())


def test_another_run_begun_at_once_keeps_the_interface(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            house.stations.press_button()  # replaces the first
            await house.until(s.StationWpsStarted)
            house.neighbours.group.press_button()
            await house.until(s.HandedOver)
            assert manager.heard == ["take", "store", "give with home"]

    run(scene())


def test_a_manager_that_does_not_let_go_is_told_and_the_press_is_refused(tmp_path: Path) -> None:
    manager = Manager()
    manager.failures["take"] = "it holds on"

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            assert await house.until(s.HandOverFailed) == s.HandOverFailed("sta0", "the manager", "it holds on")
            assert await house.until(s.StationWpsRefused) == s.StationWpsRefused("sta0", "it holds on")
            await house.until(s.InterfaceGivenBack)
            assert house.radios == []

    run(scene())


def test_a_press_while_the_interface_changes_hands_is_refused(tmp_path: Path) -> None:
    manager = Manager()
    manager.slow.add("take")

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await asyncio.sleep(1)
            house.stations.press_button()
            assert "changes hands right now" in (await house.until(s.StationWpsRefused)).reason

    run(scene())


@pytest.mark.parametrize("step", ["store", "give with home"])
def test_what_the_manager_refuses_is_told_and_our_network_works_on(tmp_path: Path, step: str) -> None:
    manager = Manager()
    manager.failures[step] = "not with me"

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.press_both()
            assert (await house.until(s.HandOverFailed)).reason == "not with me"
            if step != "store":
                await house.until(s.Joined)  # again
                assert manager.heard[-1] == "take"
            assert house.station.machine().is_started
            assert house.count(s.HandedOver) == 0
            del manager.failures[step]
            house.press_both()  # our own by now
            await house.until(s.HandedOver)
        assert not house.mark

    run(scene())


def test_an_interface_that_is_ours_when_the_agent_ends_is_given_back(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
        assert manager.heard == ["take", "give"]
        assert manager.has_interface
        assert not house.mark

    run(scene())


def test_a_manager_that_hangs_does_not_keep_the_agent_from_ending(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            manager.slow.add("give")
        assert house.mark  # the next agent tries again

    run(scene())


def test_after_a_crash_the_interface_is_given_back(tmp_path: Path) -> None:
    manager = Manager(has_interface=False)
    Mark(str(tmp_path), "sta0").set()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            assert manager.has_interface
            assert not house.mark

    run(scene())


def test_after_a_crash_it_is_given_back_although_the_manager_still_lists_it(tmp_path: Path) -> None:
    manager = Manager()
    Mark(str(tmp_path), "sta0").set()

    async def scene() -> None:
        async with Managed(tmp_path, manager).running() as house:
            await house.until(s.InterfaceGivenBack)
            assert manager.heard == ["give"]

    run(scene())


def test_a_manager_that_comes_after_us_gets_the_interface(tmp_path: Path) -> None:
    manager = Manager(has_interface=False)

    async def scene() -> None:
        async with Managed(tmp_path, manager).running() as house:
            assert isinstance(house, Managed)
            await house.until(s.StationStarted)
            manager.has_interface = True
            manager.failures["holds"] = "it has just begun"
            house.open_errors = [RadioError("no such interface"), RadioError("managed by another program")]
            house.radios[-1].lose("it was removed")
            assert "no such interface" in (await house.until(s.StationFailed)).reason
            del manager.failures["holds"]
            assert (await house.until(s.StationFailed)).reason == "the manager has it by now"
            assert await house.until(s.InterfaceGivenBack) == s.InterfaceGivenBack("sta0", "the manager")
            house.open_errors.clear()
            house.press_both()
            await house.until(s.HandedOver)

    run(scene())


def test_a_manager_that_begins_anew_while_its_interface_is_taken_gets_it_back(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            manager.failures |= {"give": "it is not there", "holds": "it is not there"}
            house.open_errors = [RadioError("no such interface")]
            house.radios[-1].lose("it was removed")
            await house.until(s.HandOverFailed)
            await house.until(s.StationFailed)
            manager.failures.clear()
            manager.has_interface = True
            await house.until(s.InterfaceGivenBack)
            assert manager.heard[-2:] == ["holds", "give"]
            assert not house.station.is_up

    run(scene())


def test_a_manager_that_begins_anew_while_its_interface_is_fetched_is_told_again(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.open_errors = [RadioError("no such interface")]
            house.stations.press_button()
            await house.until(s.StationFailed)
            manager.has_interface = True
            await house.until(s.StationWpsStarted)
            assert manager.heard == ["take", "holds", "take"]

    run(scene())


@pytest.mark.parametrize("manager", [None, Manager(has_interface=False)], ids=["nobody", "somebody else's interface"])
def test_where_nobody_has_the_interface_the_station_is_as_others_are(tmp_path: Path, manager: Manager | None) -> None:
    async def scene() -> None:
        async with Managed(tmp_path, manager).running() as house:
            assert isinstance(house, Managed)
            await house.until(s.StationStarted)
            house.press_both()
            await house.until(s.Joined)
            if manager is not None:
                await house.until(s.HandedOver)
            else:
                await asyncio.sleep(10)
                assert house.station.machine().is_started
            assert [who for who, _ in house.asked] == ["auto", "auto"]
            assert house.asked[0][1] == Place("sta0", "/run/wpa_supplicant", str(house.file))

    run(scene())


def test_a_manager_that_cannot_be_asked_at_the_start_is_told_and_the_station_starts(tmp_path: Path) -> None:
    manager = Manager()
    manager.failures["holds"] = "no answer"

    async def scene() -> None:
        async with Managed(tmp_path, manager).running() as house:
            assert (await house.until(s.HandOverFailed)).reason == "no answer"
            await house.until(s.StationStarted)

    run(scene())


def test_an_interface_that_does_not_come_up_is_given_back(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            house.open_errors = [ConfigError(["a bad file"])] * 20
            house.stations.press_button()
            assert "did not come up" in (await house.until(s.StationWpsRefused)).reason
            await house.until(s.InterfaceGivenBack)

    run(scene())


def test_what_is_learnt_and_not_joined_is_told_and_the_interface_given_back(tmp_path: Path) -> None:
    manager = Manager()

    async def scene() -> None:
        async with lent(tmp_path, manager) as house:
            gone: list[asyncio.Task[None]] = []

            def pull_the_plug(_station: Station, event: sta.StationReport) -> None:
                if isinstance(event, sta.WpsEnded):
                    gone.append(asyncio.create_task(house.neighbours.runner.stop()))

            house.stations.observers.append(pull_the_plug)
            house.press_both()
            assert "could not be joined" in (await house.until(s.HandOverFailed)).reason
            await house.until(s.InterfaceGivenBack)
            await asyncio.gather(*gone)
            await house.neighbours.start()

    run(scene())


# ---- interfaces that are taken for as long as the agent runs


def taken(folder: Path, manager: Manager) -> tuple[TakenInterface, list[object]]:
    told: list[object] = []
    return TakenInterface("wlan0", told.append, str(folder), manager), told


def test_a_taken_interface_is_given_back_and_both_are_told(tmp_path: Path) -> None:
    manager = Manager()
    interface, told = taken(tmp_path, manager)

    async def scene() -> None:
        await interface.take()
        assert not manager.has_interface
        await interface.give_back()
        await interface.give_back()

    run(scene())
    assert manager.heard == ["holds", "take", "give"]
    assert told == [s.InterfaceTaken("wlan0", "the manager"), s.InterfaceGivenBack("wlan0", "the manager")]


def test_an_interface_that_the_manager_does_not_have_is_left_to_itself(tmp_path: Path) -> None:
    manager = Manager(has_interface=False)
    interface, told = taken(tmp_path, manager)

    async def scene() -> None:
        await interface.take()
        await interface.give_back()

    run(scene())
    assert (manager.heard, told) == (["holds"], [])


@pytest.mark.parametrize("fault", ["refused", "hangs"])
def test_faults_of_taking_and_giving_back_are_told(tmp_path: Path, fault: str) -> None:
    manager = Manager()
    interface, told = taken(tmp_path, manager)

    async def scene() -> None:
        manager.failures["take"] = "no"
        await interface.take()
        manager.failures["give"] = "neither"
        if fault == "hangs":
            manager.slow.add("give")
        await interface.give_back()

    run(scene())
    reason = "neither" if fault == "refused" else "it did not answer within 5 s"
    assert told == [s.HandOverFailed("wlan0", "the manager", text) for text in ("no", reason)]
    assert Mark(str(tmp_path), "wlan0")


def test_a_mark_that_cannot_be_written_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    with caplog.at_level(logging.WARNING):
        Mark(str(tmp_path / "file"), "wlan0").set()
    assert "may stay ours after a crash" in caplog.text


# ---- networks


def test_networks_are_told_as_managers_need_them() -> None:
    network = Network(ssid=HOME, key_management=frozenset({"WPA-PSK", "SAE"}), passphrase=b"12345678", scan_ssid=True)
    assert learnt_network(network) == LearntNetwork(HOME, b"12345678", None, has_sae=True, is_hidden=True)
    assert learnt_network(Network(ssid=HOME, key_management=frozenset({"NONE"}))).is_open
    with pytest.raises(HandOverError, match="has no passphrase"):
        learnt_network(Network(ssid=HOME))


# ---- the configuration

STATION = '[[station]]\ninterface = "wlan0"\n'


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('hand_over = "wpa_supplicant"', "station[0].networks_file: missing"),
        ('hand_over = "iwd"\ncreate_on = "phy0"', "station[0].hand_over: found"),
        ('hand_over = "auto"\ntake_interface = true', "station[0].take_interface: found with hand_over"),
        ('hand_over = "connman"', "station[0].hand_over: found"),
    ],
)
def test_what_cannot_be_handed_over_is_refused(lines: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(f"{STATION}{lines}\n", host_name="h")
    assert problem in str(caught.value)


def test_hand_over_is_off_where_nobody_says_it() -> None:
    (station,) = parse(STATION, host_name="h").stations
    assert (station.hand_over.value, station.take_interface) == ("none", False)
    house = parse(f'{STATION}hand_over = "uci"\ncreate_on = "phy0"\n', host_name="h")
    assert house.stations[0].hand_over.value == "uci"
