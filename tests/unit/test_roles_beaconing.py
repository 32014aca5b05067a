# SPDX-License-Identifier: BSD-3-Clause
"""An access point that moves to another channel: announced, refused, not answered, by itself, and in another band."""

from dataclasses import replace

import pytest
from tests.unit.roles_bench import AP, PHONE, PROTECTED, Bench, access_point, frames_of, only, outline, registrar

from wpsagent.capabilities import Band, Frequency
from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.dot11.frames import Beacon as BeaconFrame
from wpsagent.dot11.frames import Deauthentication, ProbeResponse, decode_frame
from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import BROADCAST
from wpsagent.ports import (
    ChannelSwitched,
    CommandFailed,
    RadioLost,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StopAccessPoint,
    SwitchChannel,
)
from wpsagent.roles.beaconing import BEACONS_BEFORE, MOVE_TIMEOUT
from wpsagent.roles.events import AccessPointLost, ChannelChanged, StationDisconnected
from wpsagent.wsc.internal_registrar import InternalRegistrar

CAPABLE = replace(SIMULATED_CAPABILITIES, has_channel_switch=True)
OF_THE_TIMER = 1024e-6 * 100


def moving(shared: InternalRegistrar | None = None, *, has_station: bool = True) -> Bench:
    """An access point on channel 6 with one station, told to go to channel 11."""
    bench = Bench(access_point(PROTECTED, shared, capabilities=CAPABLE), shared).start()
    if has_station:
        bench.connect()
    bench.take_events()
    bench.machine.switch_channel(2462, bench.now)
    bench.drain()
    return bench


def head_channel(head: bytes) -> bytes | None:
    frame = decode_frame(head)
    assert isinstance(frame, BeaconFrame)
    return frame.parse_elements().first(ElementId.DS_PARAMETER_SET)


def test_the_stations_are_told_and_come_along() -> None:
    bench = moving()
    (command,) = bench.commands
    assert isinstance(command, SwitchChannel)
    assert (command.frequency_mhz, command.count, command.has_ht) == (2462, BEACONS_BEFORE, True)
    announcement = Elements.decode(command.announcement.tail).first(ElementId.CHANNEL_SWITCH_ANNOUNCEMENT)
    assert announcement == bytes((0, 11, BEACONS_BEFORE))
    assert command.announcement.tail[command.counter_offset] == BEACONS_BEFORE
    assert (head_channel(command.announcement.head), head_channel(command.beacon.head)) == (b"\x06", b"\x0b")
    assert bench.machine.deadline is not None
    assert bench.take_events() == []
    assert bench.receive(ChannelSwitched(2462)) == []
    assert bench.take_events() == [ChannelChanged(2462)]
    assert not bench.machine.is_moving
    assert bench.machine.parameters.frequency_mhz == 2462
    assert bench.machine.connected_stations == [PHONE]


def test_without_stations_nobody_waits() -> None:
    (command,) = moving(has_station=False).commands
    assert isinstance(command, SwitchChannel)
    assert command.count == 1


def test_probe_responses_say_the_new_channel() -> None:
    bench = moving()
    bench.receive(ChannelSwitched(2462))
    response = bench.machine._frames.probe_response(PHONE)
    frame = decode_frame(response)
    assert isinstance(frame, ProbeResponse)
    assert frame.parse_elements().first(ElementId.DS_PARAMETER_SET) == b"\x0b"


def test_where_it_is_or_is_going_it_need_not_go() -> None:
    bench = moving()
    bench.machine.switch_channel(2462, bench.now)
    assert bench.drain() == []
    bench.receive(ChannelSwitched(2462))
    bench.machine.switch_channel(2462, bench.now)
    assert bench.drain() == []


def test_a_button_that_is_pressed_meanwhile_is_told_afterwards() -> None:
    shared = registrar()
    bench = moving(shared)
    shared.press_button(bench.now)
    bench.machine.selected_registrar_changed()
    assert bench.drain() == []
    (renewed,) = bench.receive(ChannelSwitched(2462))
    assert isinstance(renewed, SetBeacon)
    assert head_channel(renewed.beacon.head) == b"\x0b"


@pytest.mark.parametrize("how", ["refused", "not answered", "another wish"])
def test_what_cannot_be_announced_is_done_all_the_same(how: str) -> None:
    bench = moving()
    target = 2462
    if how == "refused":
        (command,) = bench.commands
        assert isinstance(command, SwitchChannel)
        commands = bench.receive(CommandFailed(command, "busy"))
    elif how == "not answered":
        assert bench.pass_time(MOVE_TIMEOUT + (BEACONS_BEFORE - 1) * OF_THE_TIMER) == []
        commands = bench.pass_time(2 * OF_THE_TIMER)
    else:
        target = 2412
        bench.machine.switch_channel(target, bench.now)
        commands = bench.drain()
    assert [type(frame) for frame in frames_of(commands)] == [Deauthentication, Deauthentication]
    assert [frame.destination for frame in frames_of(commands)] == [PHONE, BROADCAST]
    stop, start = only(commands, StopAccessPoint), only(commands, StartAccessPoint)
    assert len(stop) == len(start) == 1
    assert start[0].frequency_mhz == target
    events = bench.take_events()
    assert [type(event) for event in events] == [StationDisconnected, ChannelChanged]
    assert not bench.machine.is_moving
    assert bench.machine.is_started


def test_a_radio_that_cannot_announce_stops_and_starts() -> None:
    bench = Bench(access_point()).start()
    bench.machine.switch_channel(2412, bench.now)
    names = outline(bench.drain())
    assert [name.split("(")[0].split(" ")[0] for name in names][-3:-1] == ["StopAccessPoint", "StartAccessPoint"]


def test_another_band_is_not_announced() -> None:
    bench = Bench(access_point(capabilities=CAPABLE)).start()
    bench.machine.switch_channel(5180, bench.now)
    commands = bench.drain()
    assert only(commands, SwitchChannel) == []
    assert only(commands, StartAccessPoint)[0].frequency_mhz == 5180


def test_a_new_start_that_the_radio_refuses_is_the_end() -> None:
    bench = Bench(access_point()).start()
    bench.machine.switch_channel(2412, bench.now)
    (start,) = only(bench.drain(), StartAccessPoint)
    bench.take_events()
    bench.receive(CommandFailed(start, "in use"))
    assert bench.take_events() == [AccessPointLost("in use")]
    assert not bench.machine.is_started


def test_a_refusal_of_a_move_that_is_over_changes_nothing() -> None:
    bench = moving()
    (command,) = bench.commands
    assert isinstance(command, SwitchChannel)
    bench.receive(ChannelSwitched(2462))
    assert bench.receive(CommandFailed(command, "late")) == []


@pytest.mark.parametrize("mhz", [5300, 4910])
def test_where_no_access_point_may_be_it_does_not_go(mhz: int) -> None:
    listening = Band((Frequency(5300, may_initiate=False), Frequency(4910)), (12, 24, 48))
    capabilities = replace(CAPABLE, bands=(*CAPABLE.bands, listening))
    bench = Bench(access_point(capabilities=capabilities)).start()
    with pytest.raises(RadioError, match=str(mhz)):
        bench.machine.switch_channel(mhz, bench.now)
    assert bench.drain() == []
    assert bench.machine.parameters.frequency_mhz == 2437


def test_before_its_start_it_only_notes_where_to_be() -> None:
    bench = Bench(access_point(capabilities=CAPABLE))
    bench.machine.switch_channel(2412, bench.now)
    assert bench.drain() == []
    (start,) = only(bench.start().commands, StartAccessPoint)
    assert (start.frequency_mhz, head_channel(start.beacon.head)) == (2412, b"\x01")


def test_a_radio_that_went_by_itself_is_followed() -> None:
    bench = Bench(access_point(capabilities=CAPABLE)).start()
    assert bench.receive(ChannelSwitched(2437)) == []
    (renewed,) = bench.receive(ChannelSwitched(2412))
    assert isinstance(renewed, SetBeacon)
    assert head_channel(renewed.beacon.head) == b"\x01"
    assert bench.take_events() == [ChannelChanged(2412)]


def test_a_radio_that_went_where_no_access_point_may_be_is_lost() -> None:
    bench = Bench(access_point(capabilities=CAPABLE)).start()
    assert bench.receive(ChannelSwitched(4910)) == []
    (event,) = bench.take_events()
    assert isinstance(event, AccessPointLost)
    assert "4910" in event.reason


def test_a_radio_that_is_lost_on_the_way_ends_the_move() -> None:
    bench = moving()
    bench.receive(RadioLost("gone"))
    assert not bench.machine.is_moving
    assert bench.machine.deadline is None


def test_a_network_without_wps_moves_too_and_stops_on_the_way() -> None:
    bench = moving()
    bench.machine.selected_registrar_changed()
    bench.machine.stop(bench.now)
    commands = bench.drain()
    assert only(commands, StopAccessPoint)
    assert all(not isinstance(command, SetBeacon) for command in commands)
    assert not bench.machine.is_moving
    assert only(commands, SendFrame)
    assert bench.machine.address == AP
