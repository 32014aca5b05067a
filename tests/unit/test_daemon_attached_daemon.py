# SPDX-License-Identifier: BSD-3-Clause
"""The whole agent with owners of radios that are fakes in its own loop: buttons, commands, groups, losses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.unit.fake_owner import HOSTAPD, SUPPLICANT, FakeOwner
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, entropy_of

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, ButtonAction
from wpsagent.control.agent import WpsStatus
from wpsagent.daemon.attached.attachments import Attachments
from wpsagent.daemon.daemon import Daemon
from wpsagent.errors import UsageError
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.status import events as e
from wpsagent.status import station_events as s

PHONE = MacAddress.parse("02:00:00:00:00:01")
UUID = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
UUID_E = bytes.fromhex(UUID.replace("-", ""))
ENROLLED = f"WPS-REG-SUCCESS {PHONE} {UUID}"
SUCCESS = (ENROLLED, "WPS-PBC-DISABLE ", "WPS-SUCCESS ")

HEAD = """
[agent]
node = "node"
control_socket = "{folder}/control"
[[button]]
backend = "simulated"
name = "wps"
"""
IN_PLACE = 'hostapd_directory = "{folder}/h"\n[[button]]'
THEIRS = (
    '[[access_point]]\ninterface = "{name}"\nbackend = "hostapd"\ncontrol = "{folder}/h"\nbutton_group = "{group}"\n'
)
STATION = '[[station]]\ninterface = "sta0"\nbackend = "wpa_supplicant"\ncontrol = "{folder}/w"\n'
OURS = '[[access_point]]\ninterface = "sim0"\nssid = "home"\npassphrase = "correct horse"\nbutton_group = "{group}"\n'


async def _open(settings: AccessPointSettings) -> AccessPointRadio:
    return SimulatedAccessPointRadio(Air(), settings.interface, AP)


@dataclass
class House:
    daemon: Daemon
    folder: Path
    events: list[e.AgentEvent]

    def of(self, *kinds: type) -> list[e.AgentEvent]:
        return [event for event in self.events if isinstance(event, kinds)]

    def press(self, action: ButtonAction = ButtonAction.PBC) -> None:
        [button] = self.daemon.configuration.buttons
        self.daemon.button_pressed("short", action, button)

    async def ask(self, request: str) -> str:
        reply = self.daemon.control._commands(request)
        return reply if isinstance(reply, str) else await reply

    def state(self, interface: str) -> str:
        report = self.daemon.report()
        users = [*report["access_points"], *report["stations"]]
        return str(next(one["state"] for one in users if one["interface"] == interface))


async def settle() -> None:
    """Whatever is under way arrives."""
    await asyncio.sleep(0.01)


@asynccontextmanager
async def house_of(folder: Path, text: str, head: str = HEAD) -> AsyncIterator[House]:
    daemon = Daemon(parse((head + text).replace("{folder}", str(folder))), _open, entropy_of("attached"))
    house = House(daemon, folder, [])
    daemon.reporting.observers.append(house.events.append)
    task = asyncio.create_task(daemon.run())
    waiting = asyncio.create_task(daemon.started.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    await settle()
    try:
        yield house
    finally:
        daemon.terminate()
        await task


def hostapd(folder: Path, name: str = "ap0") -> FakeOwner:
    owner = FakeOwner(folder / "h", name, HOSTAPD)
    owner.events = {"WPS_PBC": ["WPS-PBC-ACTIVE "], "WPS_CANCEL": ["WPS-TIMEOUT ", "WPS-CANCEL "]}
    return owner


def theirs(name: str = "ap0", group: str = "main") -> str:
    return THEIRS.replace("{name}", name).replace("{group}", group)


def ours(group: str = "main") -> str:
    return OURS.replace("{group}", group)


Body = Callable[[House, FakeOwner], Awaitable[None]]


def with_one(folder: Path, body: Body, text: str = "") -> House:
    async def scene() -> House:
        owner = hostapd(folder)
        async with house_of(folder, theirs() + text) as house:
            owner.forget()
            await body(house, owner)
        owner.close()
        return house

    return run(scene())


# ---- one access point


def test_a_press_a_success_and_the_station(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        assert house.daemon.report()["access_points"][0]["ssid"] == "theirs"
        house.press()
        await settle()
        assert owner.requests == ["WPS_PBC"]
        assert house.daemon.wps_status(None) == WpsStatus("Active")
        for text in (*SUCCESS, f"AP-STA-CONNECTED {PHONE}"):
            owner.tell(text)
        await settle()
        assert house.daemon.report()["state"] == "success"
        assert house.daemon.report()["access_points"][0]["stations"] == [str(PHONE)]
        assert house.daemon.wps_status("ap0") == WpsStatus("Disabled", "Success", peer=PHONE)

    house = with_one(tmp_path, body)
    kinds = (e.ButtonPressed, e.PushButtonStarted, e.EnrolmentSucceeded, e.PushButtonEnded, e.StationConnected)
    assert [type(event) for event in house.of(*kinds)] == list(kinds)


def test_commands_open_and_close_its_group_and_the_rest_is_hostapds(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        owner.replies["GET_CONFIG"] = "ssid=theirs\n"
        assert await house.ask("WPS_PBC") == "OK\n"
        assert await house.ask("IFNAME=ap0 WPS_PIN any 12345670 60") == "OK\n"
        assert await house.ask(f"IFNAME=ap0 WPS_PIN {UUID} 12345670 0 {PHONE}") == "OK\n"
        assert await house.ask("WPS_CANCEL ap0") == "OK\n"
        await settle()
        assert owner.requests == [
            "WPS_PBC",
            "WPS_PIN any 12345670 60",
            f"WPS_PIN {UUID} 12345670 0 {PHONE}",
            "WPS_CANCEL",
        ]
        assert await house.ask("IFNAME=ap0 GET_CONFIG") == "ssid=theirs\n"
        assert await house.ask("GET_CONFIG") == "ssid=theirs\n"
        assert await house.ask("IFNAME=ap0 PING") == "PONG\n"
        assert await house.ask("IFNAME=ap0 GET_CONFIG\x07") == "FAIL\n"
        assert await house.ask("IFNAME=ap9 STATUS") == "FAIL-NO-IFNAME-MATCH\n"
        assert '"backend": "hostapd"' in await house.ask("AGENT_STATUS")

    house = with_one(tmp_path, body)
    assert house.of(e.PinEnded, e.CancelRequested)


def test_who_needs_a_pin_is_asked_for(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        owner.tell(f"WPS-PIN-NEEDED {UUID} {PHONE} [Phone|Maker|Model|1|2|10-0050F204-5]")
        await settle()
        assert [pending["uuid"] for pending in house.daemon.report()["pending_pins"]] == [UUID]
        assert [enrollee.uuid_e for enrollee in house.daemon.pending_pins("main")] == [UUID_E]

    assert with_one(tmp_path, body).of(e.PinNeeded)


def test_a_lost_owner_is_attached_again(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        house.press()
        await settle()
        owner.tell("CTRL-EVENT-TERMINATING ")
        owner.close()
        await settle()
        assert house.state("ap0") == "lost"
        assert await house.ask("IFNAME=ap0 STATUS") == "FAIL\n"
        with pytest.raises(UsageError, match="hostapd does not answer for ap0"):
            house.daemon.press_button(None)
        await asyncio.sleep(5.0)
        house.press()
        assert house.daemon.report()["state"] == "error"
        again = hostapd(house.folder)
        await asyncio.sleep(31.0)
        assert house.state("ap0") == "enabled"
        house.press()
        await settle()
        assert "WPS_PBC" in again.requests
        again.close()

    house = with_one(tmp_path, body)
    kinds = (e.RadioLost, e.PushButtonEnded, e.RadioRecovered, e.PushButtonRefused)
    assert {type(event) for event in house.of(*kinds)} == set(kinds)
    refusal = house.of(e.PushButtonRefused)[0]
    assert isinstance(refusal, e.PushButtonRefused)
    assert "nobody answers" in refusal.reason


def test_one_that_hangs_is_given_up_and_one_that_is_down_refuses(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        owner.tell("AP-DISABLED ")
        await settle()
        assert house.state("ap0") == "disabled"
        with pytest.raises(UsageError, match="hostapd has ap0 down"):
            house.daemon.press_button("ap0")
        owner.tell("AP-ENABLED ")
        await settle()
        owner.replies["WPS_PBC"] = None
        house.press()
        await asyncio.sleep(11.0)
        assert "stuck" in str(house.of(e.RadioLost))

    with_one(tmp_path, body)


def test_somebody_else_on_the_socket_is_no_owner(tmp_path: Path) -> None:
    async def scene() -> None:
        owner = FakeOwner(tmp_path / "h", "ap0", SUPPLICANT)
        async with house_of(tmp_path, theirs()) as house:
            assert house.state("ap0") == "failed"
            assert "does not answer as hostapd does" in str(house.of(e.AccessPointFailed))
        owner.close()

    run(scene())


def test_its_own_socket_passes_commands_on_unless_it_would_be_in_the_same_place(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        del owner
        assert set(house.daemon.control._access_points) == {"ap0"}
        reply = house.daemon.control._commands.on("ap0")("STA-FIRST")
        assert not isinstance(reply, str)
        assert await reply == ""
        assert house.daemon.control._commands.on("nobody")("PING") == "FAIL-NO-IFNAME-MATCH\n"

    with_one(tmp_path, body)

    async def in_place() -> None:
        owner = hostapd(tmp_path)
        async with house_of(tmp_path, theirs(), head=HEAD.replace("[[button]]", IN_PLACE)) as house:
            assert house.daemon.control._access_points == {}
        owner.close()

    run(in_place())


# ---- several


def test_one_press_opens_two_and_the_first_success_ends_the_other(tmp_path: Path) -> None:
    async def scene() -> None:
        one, two = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, theirs("ap0") + theirs("ap1")) as house:
            house.press()
            await settle()
            for text in SUCCESS:
                two.tell(text)
            await settle()
            assert "WPS_CANCEL" in one.requests
            assert "WPS_CANCEL" not in two.requests
            assert len(house.of(e.PushButtonStarted)) == 1
            assert house.of(e.PushButtonEnded) == [e.PushButtonEnded("main", e.SessionEndReason.SUCCEEDED)]
        one.close()
        two.close()

    run(scene())


def test_who_was_turned_away_by_both_counts_once_with_its_last_time(tmp_path: Path) -> None:
    other = "11111111-d6fb-5108-adbb-bea66bb87333"

    async def scene() -> None:
        one, two = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, theirs("ap0") + theirs("ap1")) as house:
            for owner, uuid in ((one, UUID), (one, other), (two, UUID)):
                owner.tell(f"WPS-PIN-NEEDED {uuid} {PHONE} [Phone|Maker|Model|1|2|10-0050F204-5]")
                await asyncio.sleep(1.0)
            assert [enrollee.uuid_e for enrollee in house.daemon.pending_pins("main")] == [
                UUID_E,
                bytes.fromhex(other.replace("-", "")),
            ]
        one.close()
        two.close()

    run(scene())


def test_one_that_is_away_does_not_keep_the_other_from_opening(tmp_path: Path) -> None:
    async def scene() -> None:
        two = hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, theirs("ap0") + theirs("ap1")) as house:
            await house.ask("WPS_PBC")
            await settle()
            assert len(house.of(e.PushButtonStarted)) == 1
        two.close()

    run(scene())


def test_an_overlap_at_one_closes_the_other(tmp_path: Path) -> None:
    async def scene() -> None:
        one, two = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        two.events["WPS_PBC"] = ["WPS-OVERLAP-DETECTED "]
        two.replies["WPS_PBC"] = "FAIL\n"
        async with house_of(tmp_path, theirs("ap0") + theirs("ap1")) as house:
            house.press()
            await settle()
            assert "WPS_CANCEL" in one.requests
            assert house.daemon.report()["state"] == "overlap"
            assert len(house.of(e.OverlapDetected)) == 1
            assert house.daemon.wps_status(None).push_button == "Overlap"
        one.close()
        two.close()

    run(scene())


def test_ours_and_theirs_open_together(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        house.press()
        await settle()
        [group] = house.daemon.networks.groups.values()
        assert house.daemon.wps_status("main").push_button == "Active"
        for text in SUCCESS:
            owner.tell(text)
        await settle()
        assert house.of(e.PushButtonStarted) == house.of(e.PushButtonStarted)[:1]
        assert house.of(e.PushButtonEnded) == [e.PushButtonEnded("main", e.SessionEndReason.SUCCEEDED)]
        assert group.registrar.status.push_button.value != "Active"
        house.press(ButtonAction.PBC)
        await settle()
        house.press(ButtonAction.CANCEL)
        await settle()
        assert owner.requests[-1] == "WPS_CANCEL"
        assert len(house.of(e.CancelRequested)) == 1
        house.daemon.add_pin(b"12345670", uuid_e=None, timeout=0.0, address=None, target="sim0")
        await settle()
        assert owner.requests[-1] == "WPS_PIN any 12345670"

    with_one(tmp_path, body, ours())


def test_ours_opens_while_theirs_is_away(tmp_path: Path) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, theirs() + ours()) as house:
            house.daemon.press_button("main")
            assert len(house.of(e.PushButtonStarted)) == 1

    run(scene())


@pytest.mark.parametrize("second", [theirs("ap1", "guest"), ours("guest")], ids=["theirs", "ours"])
def test_groups_that_were_opened_together_let_one_device_in(tmp_path: Path, second: str) -> None:
    async def scene() -> None:
        one, two = hostapd(tmp_path, "ap0"), hostapd(tmp_path, "ap1")
        async with house_of(tmp_path, theirs("ap0") + second) as house:
            await house.ask("WPS_PBC")
            await settle()
            assert len(house.of(e.PushButtonStarted)) == 2
            for text in SUCCESS:
                one.tell(text)
            await settle()
            assert {str(event) for event in house.of(e.PushButtonEnded)} == {
                str(e.PushButtonEnded("main", e.SessionEndReason.SUCCEEDED)),
                str(e.PushButtonEnded("guest", e.SessionEndReason.REPLACED)),
            }
        one.close()
        two.close()

    run(scene())


def test_an_unknown_group_is_refused(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        del owner
        with pytest.raises(UsageError):
            house.daemon.press_button("attic")

    with_one(tmp_path, body, ours())


# ---- stations


def with_station(folder: Path, body: Body, text: str = "") -> House:
    async def scene() -> House:
        owner = FakeOwner(folder / "w", "sta0", SUPPLICANT)
        owner.events = {"WPS_PBC": ["WPS-PBC-ACTIVE "], "WPS_CANCEL": ["WPS-CANCEL "]}
        async with house_of(folder, STATION + text) as house:
            owner.forget()
            await body(house, owner)
        owner.close()
        return house

    return run(scene())


def test_the_stations_button_and_commands(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        house.press()
        await settle()
        assert owner.requests == ["WPS_PBC"]
        assert house.daemon.report()["stations"][0]["wps"]["result"] == "active"
        house.press(ButtonAction.CANCEL)
        await settle()
        assert owner.requests[-1] == "WPS_CANCEL"
        for request in ("WPS_PBC", "WPS_PBC sta0", "IFNAME=sta0 WPS_PBC any"):
            assert await house.ask(request) == "OK\n"
        assert owner.requests[-3:] == ["WPS_PBC", "WPS_PBC", "WPS_PBC any"]
        owner.tell("CTRL-EVENT-SCAN-RESULTS ")
        await settle()

    house = with_station(tmp_path, body)
    assert s.StationSignal("sta0", "CTRL-EVENT-SCAN-RESULTS ") in house.events


def test_a_station_that_is_away_refuses_the_button(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        owner.tell("CTRL-EVENT-TERMINATING ")
        owner.close()
        await settle()
        assert house.state("sta0") == "lost"
        house.press()
        house.press(ButtonAction.CANCEL)
        again = FakeOwner(house.folder / "w", "sta0", SUPPLICANT)
        await asyncio.sleep(31.0)
        assert house.state("sta0") == "disconnected"
        again.close()

    assert with_station(tmp_path, body).of(s.StationWpsRefused)


def test_a_station_of_others_that_fails_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with house_of(tmp_path, STATION) as house:
            assert house.state("sta0") == "failed"

    run(scene())


def test_the_first_station_has_the_button(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        house.press(ButtonAction.STATION_PBC)
        await settle()
        assert owner.requests == ["WPS_PBC"]

    with_station(tmp_path, body)
    told: list[e.AgentEvent] = []
    nothing = Attachments((), told.append, dict)
    nothing.press_station_button()
    nothing.cancel_stations()
    assert told == []


def test_the_start_says_how_many_are_attached(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        del owner
        assert house.daemon._status_line() == "1 of 1 interfaces attached"
        report: dict[str, Any] = dict(house.daemon.report())
        assert report["backends"][0]["interface"] == "sta0"

    with_station(tmp_path, body)


def test_stations_are_asked_by_their_names(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        attachments = house.daemon._attachments
        assert (attachments.station_names, attachments.has_access_points) == (["sta0"], False)
        attachments.press_station("nobody")
        attachments.cancel_stations("nobody")
        await settle()
        assert owner.requests == []
        attachments.press_station("sta0")
        await settle()
        assert owner.requests == ["WPS_PBC"]

    with_station(tmp_path, body)


def test_a_session_that_is_never_ended_ends_by_itself(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        del owner
        house.press()
        await asyncio.sleep(126.0)
        assert house.of(e.PushButtonEnded) == [e.PushButtonEnded("main", e.SessionEndReason.TIMED_OUT)]

    with_one(tmp_path, body)


def test_an_owner_that_hangs_from_the_start_is_left_with_the_agent(tmp_path: Path) -> None:
    async def scene() -> None:
        owner = hostapd(tmp_path)
        owner.replies["STATUS"] = None
        daemon = Daemon(parse((HEAD + theirs()).replace("{folder}", str(tmp_path))), _open, entropy_of("attached"))
        task = asyncio.create_task(daemon.run())
        await asyncio.sleep(5.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        owner.close()

    run(scene())
    assert [path.name for path in (tmp_path / "h").iterdir()] == []


def test_the_agent_ends_while_an_owner_has_not_answered(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        owner.replies["WPS_PBC"] = None
        house.press()
        await settle()
        assert owner.requests == ["WPS_PBC"]

    with_one(tmp_path, body)


def test_a_button_of_an_unknown_group_says_so(tmp_path: Path) -> None:
    async def body(house: House, owner: FakeOwner) -> None:
        house.daemon._groups.press_groups(["attic"])
        await settle()
        assert owner.requests == []
        assert len(house.of(e.PushButtonRefused)) == 1

    with_one(tmp_path, body)
