# SPDX-License-Identifier: BSD-3-Clause
"""The runner: commands in order, refusals in their place, one timer, and an end that leaves nothing behind."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import (
    EAPOL_START,
    PHONE,
    WPS2,
    access_point,
    association,
    authentication,
    only,
    outline,
    registrar,
)
from tests.unit.roles_fake_radio import Ears, FakeRadio, nth, settle

from wpsagent.errors import NetlinkError, RadioError
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AddStation,
    ChannelSwitched,
    CommandFailed,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    RadioCommand,
    RadioLost,
    ReadActivity,
    SendFrame,
    StartAccessPoint,
    SwitchChannel,
    UnexpectedFrame,
)
from wpsagent.roles.events import AccessPointLost
from wpsagent.roles.runner import MAXIMUM_WAITING, AccessPointRunner, ButtonGroup, Timer


async def started(radio: FakeRadio, ears: Ears | None = None) -> AccessPointRunner:
    runner = AccessPointRunner(access_point(), radio, (ears or Ears()).ap)
    await runner.start()
    radio.take()
    return runner


# ---- the timer


def test_a_timer_calls_once_at_the_last_deadline_that_was_set() -> None:
    async def scene() -> None:
        loop = asyncio.get_running_loop()
        calls: list[float] = []
        timer = Timer(lambda: calls.append(loop.time()))
        timer.set(1010.0)
        timer.set(1010.0)
        timer.set(1005.0)
        await asyncio.sleep(20)
        assert calls == [1005.0]
        timer.set(1021.0)
        timer.set(None)
        timer.set(None)
        await asyncio.sleep(20)
        assert calls == [1005.0]
        timer.set(5.0)  # long ago: at once
        await asyncio.sleep(0.1)
        assert len(calls) == 2
        timer.set(1050.0)
        timer.close()
        timer.set(1050.0)
        await asyncio.sleep(100)
        assert len(calls) == 2

    run(scene())


def test_a_machine_that_is_called_early_is_called_again() -> None:
    """A loop may fire a timer a moment early; the deadline then still stands."""

    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        machine = runner.machine
        radio.emit(FrameReceived(authentication().encode()))
        deadline = machine.deadline
        assert deadline is not None
        machine.handle_timer(deadline - 1e-9)
        runner.pump()
        assert machine.deadline == deadline
        await asyncio.sleep(11)
        radio.take()
        radio.emit(FrameReceived(association().encode()))
        await settle()
        assert outline(radio.take()) == [f"Deauthentication {PHONE} 6"]
        await runner.stop()

    run(scene())


# ---- start, run, stop


def test_start_carries_out_its_commands_before_it_returns_and_stop_says_goodbye() -> None:
    async def scene() -> None:
        radio, ears = FakeRadio(), Ears()
        runner = AccessPointRunner(access_point(), radio, ears.ap)
        await runner.start()
        assert outline(radio.take()) == ["StartAccessPoint", "InstallKey 1 group"]
        await runner.stop()
        assert outline(radio.take()) == ["Deauthentication ff:ff:ff:ff:ff:ff 3", "StopAccessPoint"]
        await runner.stop()
        assert radio.executed == []
        await asyncio.sleep(1000)
        assert radio.executed == []

    run(scene())


@pytest.mark.parametrize("number", [1, 2])
def test_a_start_that_is_refused_raises_and_leaves_no_timer(number: int) -> None:
    async def scene() -> None:
        radio = FakeRadio(nth(number))
        runner = AccessPointRunner(access_point(), radio, Ears().ap)
        with pytest.raises(RadioError, match=f"command {number}"):
            await runner.start()
        await runner.stop()
        assert radio.closed == 1
        await asyncio.sleep(100_000)
        assert len(radio.executed) == number

    run(scene())


def test_frames_become_commands_in_order() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        radio.go.clear()
        radio.emit(FrameReceived(authentication().encode()))
        radio.emit(FrameReceived(association().encode()))
        await settle()
        assert radio.executed == []
        radio.go.set()
        await settle()
        commands = radio.take()
        assert outline(commands) == [
            f"Authentication {PHONE} 0",
            f"AddStation {PHONE}",
            f"AssociationResponse {PHONE} 0",
        ]
        radio.emit(FrameStatus(only(commands, SendFrame)[1].token or 0, True))
        await settle()
        assert outline(radio.take()) == [f"SendEapol {PHONE}", "ReadGroupSequence"]
        await runner.stop()
        assert outline(radio.take())[:2] == [f"Deauthentication {PHONE} 3", f"RemoveStation {PHONE}"]

    run(scene())


def test_the_timer_of_the_machine_is_the_runners() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        radio.emit(FrameReceived(authentication().encode()))
        radio.emit(FrameReceived(association().encode()))
        await settle()
        radio.take()
        await asyncio.sleep(2.1)
        assert outline(radio.take()) == [f"Deauthentication {PHONE} 2", f"RemoveStation {PHONE}"]
        await runner.stop()

    run(scene())


@pytest.mark.parametrize("error", [RadioError("no room"), NetlinkError(28, "no room")])
def test_a_refused_command_comes_back_in_its_place(error: Exception) -> None:
    async def scene() -> None:
        radio = FakeRadio(lambda command: error if isinstance(command, AddStation) else None)
        runner = await started(radio)
        radio.emit(FrameReceived(authentication().encode()))
        radio.emit(FrameReceived(association().encode()))
        await settle()
        assert outline(radio.take()) == [
            f"Authentication {PHONE} 0",
            f"AddStation {PHONE}",
            f"AssociationResponse {PHONE} 0",
            f"Deauthentication {PHONE} 1",
            f"RemoveStation {PHONE}",
        ]
        await runner.stop()

    run(scene())


def test_a_bug_of_the_radio_costs_one_command_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        radio = FakeRadio(lambda command: KeyError("bug") if isinstance(command, SendFrame) else None)
        runner = await started(radio)
        radio.emit(FrameReceived(authentication().encode()))
        radio.emit(FrameReceived(association().encode()))
        await settle()
        assert len(only(radio.take(), AddStation)) == 1
        await runner.stop()
        assert outline(radio.take())[-1] == "StopAccessPoint"
        assert radio.closed == 1

    run(scene())
    assert "wlan0: SendFrame" in caplog.text


@pytest.mark.parametrize("number", range(1, 16))
def test_whichever_command_of_a_run_is_refused_the_runner_goes_on(number: int) -> None:
    """The n-th command is refused: the station may have to come again, the network is there or told to be lost."""

    async def scene() -> None:
        radio, ears = FakeRadio(), Ears()
        shared = registrar()
        runner = AccessPointRunner(access_point(shared=shared), radio, ears.ap)
        group = ButtonGroup(shared, ears.registrar)
        group.runners.append(runner)
        await runner.start()
        radio.take()
        radio.refuse = nth(number)
        for _ in range(3):
            for frame in (authentication(), association(PHONE, WPS2)):
                radio.emit(FrameReceived(frame.encode()))
                await settle()
            for command in only(radio.take(), SendFrame):
                if command.token is not None:
                    radio.emit(FrameStatus(command.token, True))
            radio.emit(EapolReceived(PHONE, EAPOL_START))
            if not group.registrar.is_push_button_active:
                group.press_button()
            await asyncio.sleep(6)
        is_lost = any(isinstance(event, AccessPointLost) for event in ears.take())
        assert is_lost is not runner.machine.is_started
        await runner.stop()
        group.stop()
        assert radio.closed == 1

    run(scene())


def test_a_flood_drops_frames_and_nothing_else() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        radio.go.clear()
        for _ in range(3 * MAXIMUM_WAITING):
            radio.emit(FrameReceived(authentication().encode()))
        radio.emit(FrameReceived(association().encode()))
        radio.go.set()
        await asyncio.sleep(0.001)
        commands = radio.take()
        assert len(only(commands, SendFrame)) == MAXIMUM_WAITING
        assert len(only(commands, AddStation)) == 1
        await runner.stop()

    run(scene())


def test_a_radio_lost_during_the_start_is_told() -> None:
    async def scene() -> None:
        radio, ears = FakeRadio(), Ears()

        def lose(command: RadioCommand) -> Exception | None:
            if isinstance(command, StartAccessPoint):
                radio.emit(RadioLost("gone"))
            return None

        radio.refuse = lose
        runner = AccessPointRunner(access_point(), radio, ears.ap)
        await runner.start()
        assert ears.take() == [AccessPointLost("gone")]
        assert not runner.machine.is_started
        await runner.stop()
        assert outline(radio.take())[-1] == "StopAccessPoint"

    run(scene())


def test_what_is_heard_while_stopping_changes_nothing() -> None:
    async def scene() -> None:
        radio, ears = FakeRadio(), Ears()
        runner = await started(radio, ears)
        radio.go.clear()
        stopping = asyncio.create_task(runner.stop())
        await settle()
        radio.emit(FrameReceived(authentication().encode()))
        radio.emit(UnexpectedFrame(PHONE))
        radio.emit(RadioLost("gone"))
        radio.go.set()
        await stopping
        assert outline(radio.take()) == ["Deauthentication ff:ff:ff:ff:ff:ff 3", "StopAccessPoint"]
        assert ears.take() == []

    run(scene())


def test_a_stop_that_is_cancelled_gives_the_radio_back_all_the_same() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        radio.go.clear()
        stopping = asyncio.create_task(runner.stop())
        await settle()
        stopping.cancel()
        await asyncio.gather(stopping, return_exceptions=True)
        assert radio.closed == 1
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    run(scene())


def test_a_radio_that_hangs_does_not_hold_up_the_end(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        radio.go.clear()
        before = asyncio.get_running_loop().time()
        await runner.stop()
        assert asyncio.get_running_loop().time() == before + 5.0
        assert radio.closed == 1

    run(scene())
    assert "wlan0: the radio took too long over our goodbye" in caplog.text


def test_the_owner_sends_a_station_away() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        runner.disconnect(PHONE)
        await settle()
        assert outline(radio.take()) == [f"Deauthentication {PHONE} 3"]
        await runner.stop()

    run(scene())


def test_quiet_stations_are_looked_for_only_where_there_are_any() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await started(radio)
        await asyncio.sleep(100)
        assert only(radio.take(), ReadActivity) == []
        await runner.stop()

    run(scene())


# ---- frames that go out at once


class EagerRadio(FakeRadio):
    """Sends frames without a token at once, except while it is_deaf."""

    is_deaf = False

    def send_now(self, command: RadioCommand) -> bool:
        if self.is_deaf or not isinstance(command, SendFrame) or command.token is not None:
            return False
        self.executed.append(command)
        return True


def test_a_frame_that_need_not_wait_is_out_before_the_events_of_its_step() -> None:
    async def scene() -> None:
        radio = EagerRadio()
        order: list[str] = []
        runner = AccessPointRunner(access_point(), radio, lambda _events: order.append(f"{len(radio.executed)} sent"))
        await runner.start()
        radio.take()
        order.clear()
        radio.emit(FrameReceived(authentication().encode()))
        assert order == ["1 sent"]
        assert outline(radio.take()) == [f"Authentication {PHONE} 0"]
        await runner.stop()

    run(scene())


def test_a_frame_does_not_overtake_what_waits() -> None:
    async def scene() -> None:
        radio = EagerRadio()
        runner = await started(radio)
        radio.go.clear()
        radio.emit(FrameReceived(authentication().encode()))
        radio.take()
        radio.emit(FrameReceived(association().encode()))  # AddStation must be waited for
        radio.emit(FrameReceived(authentication(MacAddress.parse("02:00:00:00:00:77")).encode()))
        assert radio.take() == []
        radio.go.set()
        await settle()
        first, *_, last = radio.take()
        assert isinstance(first, AddStation)
        assert isinstance(last, SendFrame)
        await runner.stop()

    run(scene())


def test_a_frame_that_cannot_go_at_once_is_executed() -> None:
    async def scene() -> None:
        radio = EagerRadio()
        runner = await started(radio)
        radio.is_deaf = True
        radio.emit(FrameReceived(authentication().encode()))
        assert radio.take() == []
        await settle()
        assert outline(radio.take()) == [f"Authentication {PHONE} 0"]
        await runner.stop()

    run(scene())


# ---- another channel


def capable() -> FakeRadio:
    radio = FakeRadio()
    radio.capabilities = replace(radio.capabilities, has_channel_switch=True)
    return radio


async def on_channel_6(radio: FakeRadio) -> AccessPointRunner:
    runner = AccessPointRunner(access_point(capabilities=radio.capabilities), radio, Ears().ap)
    await runner.start()
    radio.take()
    return runner


def test_a_move_is_over_when_the_radio_is_there() -> None:
    async def scene() -> None:
        radio = capable()
        runner = await on_channel_6(radio)
        moving = asyncio.create_task(runner.switch_channel(2462, 5))
        await settle()
        (command,) = radio.take()
        assert isinstance(command, SwitchChannel)
        radio.emit(FrameReceived(authentication().encode()))
        await settle()
        assert not moving.done()
        radio.emit(ChannelSwitched(2462))
        await moving
        await runner.switch_channel(2462, 5)  # it is there
        await runner.stop()

    run(scene())


def test_a_move_that_cannot_be_announced_is_over_when_it_has_started_anew() -> None:
    async def scene() -> None:
        radio = FakeRadio()
        runner = await on_channel_6(radio)
        radio.go.clear()
        moving = asyncio.create_task(runner.switch_channel(2462, 5))
        await settle()
        assert not moving.done()
        radio.go.set()
        await moving
        (start,) = only(radio.take(), StartAccessPoint)
        assert start.frequency_mhz == 2462
        await runner.stop()

    run(scene())


@pytest.mark.parametrize("how", ["lost", "refused", "stopped"])
def test_a_move_that_fails_is_told(how: str) -> None:
    async def scene() -> None:
        radio = capable()
        runner = await on_channel_6(radio)
        moving = asyncio.create_task(runner.switch_channel(2462, 5))
        await settle()
        if how == "lost":
            radio.emit(RadioLost("gone"))
        elif how == "refused":
            radio.refuse = lambda command: RadioError("no") if isinstance(command, StartAccessPoint) else None
            (command,) = radio.take()
            assert isinstance(command, SwitchChannel)
            radio.emit(CommandFailed(command, "busy"))
        else:
            await runner.stop()
        with pytest.raises(RadioError, match="wlan0 could not go to 2462 MHz"):
            await moving
        await runner.stop()

    run(scene())


def test_a_move_to_where_no_access_point_may_be_is_refused_at_once() -> None:
    async def scene() -> None:
        runner = await on_channel_6(capable())
        with pytest.raises(RadioError, match="no channel at 4910 MHz"):
            await runner.switch_channel(4910, 5)
        await runner.stop()

    run(scene())
