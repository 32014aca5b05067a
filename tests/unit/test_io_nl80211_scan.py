# SPDX-License-Identifier: BSD-3-Clause
"""Scans against a scripted kernel: requests to the octet, BSSes decoded, and taking turns with other programs."""

import asyncio
import errno
import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import Request, attribute, event, nest, u16, u32, u64
from tests.unit.nl80211_world import INDEX, World, run_station, worlds

from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import Nl80211StationRadio, scan
from wpsagent.io.nl80211.scan import decode_scan_result
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import AbortScan, CommandFailed, ScanFinished, ScanResult, TriggerScan

GET_SCAN, TRIGGER_SCAN, NEW_SCAN_RESULTS, SCAN_ABORTED, ABORT_SCAN = 32, 33, 34, 35, 114
BSSID = MacAddress.parse("02:00:00:00:05:00")
WIPHY = attribute(1, u32(4))

FULL = (
    attribute(1, BSSID),
    attribute(6, b"probe response"),
    attribute(3, u64(1 << 40)),
    attribute(11, b"beacon"),
    attribute(4, u16(100)),
    attribute(5, u16(0x0411)),
    attribute(2, u32(2412)),
    attribute(10, u32(1500)),
    attribute(7, struct.pack("=i", -4550)),
)
RESULT = ScanResult(BSSID, 2412, -45.5, 0x0411, 100, b"probe response", b"beacon", 1 << 40, 1500)


def bss(*attributes: bytes) -> bytes:
    """One of GET_SCAN's objects, as the kernel lists it."""
    return attribute(46, u32(9)) + attribute(3, u32(INDEX)) + nest(47, *attributes)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(scan, "_TRY_AGAIN_AFTER", 0.01)
    monkeypatch.setattr(scan, "_PATIENCE", 3)
    for each in worlds(monkeypatch):
        each.kernel.answers[TRIGGER_SCAN] = started
        each.kernel.answers[GET_SCAN] = lambda request: [request.reply(NEW_SCAN_RESULTS, bss(*FULL)), request.done()]
        each.more_of_wiphy = attribute(43, b"\x04")
        yield each


def started(request: Request) -> list[bytes]:
    return [event(TRIGGER_SCAN, WIPHY, attribute(3, u32(INDEX))), request.end()]


def busy(request: Request) -> list[bytes]:
    return [request.end(errno.EBUSY)]


def end(world: World, command: int = NEW_SCAN_RESULTS, index: int = INDEX, wiphy: bytes = WIPHY) -> None:
    world.deliver(command, wiphy, index=index)


# ---- decoding


def test_a_bss_is_decoded() -> None:
    assert decode_scan_result(bss(*FULL)) == RESULT


def test_a_bss_that_says_little() -> None:
    assert decode_scan_result(bss(attribute(1, BSSID), attribute(2, u32(5180)))) == ScanResult(
        BSSID, 5180, -100.0, 0, 0, b""
    )


@pytest.mark.parametrize(("octets", "dbm"), [(b"\x00", -100.0), (b"\x46", -65.0), (b"\xff", -50.0), (b"", -100.0)])
def test_a_signal_without_unit(octets: bytes, dbm: float) -> None:
    result = decode_scan_result(bss(attribute(1, BSSID), attribute(2, u32(2412)), attribute(8, octets)))
    assert result is not None
    assert result.signal_dbm == dbm


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x01",
        attribute(46, u32(9)),
        bss(),
        bss(attribute(2, u32(2412))),
        bss(attribute(1, BSSID)),
        bss(attribute(1, b"short"), attribute(2, u32(2412))),
        bss(attribute(1, BSSID), attribute(2, b"\x01")),
        bss(b"\x03\x00\x01\x00", *FULL),
        bss(b"\x00\x00\x00\x00", *FULL),
        bss(b"\xff\xff\x01\x00", *FULL),
        struct.pack("=HH", 0xFFFF, 47) + b"".join(FULL),
    ],
)
def test_what_is_no_bss_is_left_out(octets: bytes) -> None:
    assert decode_scan_result(octets) is None


def test_no_octets_raise() -> None:
    entropy = random.Random(3)
    whole = bss(*FULL)
    for at in range(len(whole)):
        decode_scan_result(whole[:at])
    for _ in range(5000):
        octets = bytearray(whole)
        for _ in range(entropy.randint(1, 6)):
            octets[entropy.randrange(len(octets))] = entropy.randrange(256)
        decode_scan_result(bytes(octets))


# ---- requests, to the octet


def requested(world: World, command: TriggerScan) -> list[bytes]:
    """The attributes of TRIGGER_SCAN after IFINDEX, of three scans with the same command."""
    sent: list[bytes] = []

    async def scenario(radio: Nl80211StationRadio) -> None:
        for _ in range(3):
            await radio.execute(command)
            end(world)
            await world.settle()
            octets = world.kernel.last(TRIGGER_SCAN).attributes
            assert octets.startswith(attribute(3, u32(INDEX)))
            sent.append(octets[8:])

    run_station(world, scenario)
    return sent


def test_a_scan_of_everything_asks_anybody(world: World) -> None:
    assert requested(world, TriggerScan())[0] == attribute(45, attribute(1))


def test_a_scan_asks_for_networks_on_frequencies_with_elements(world: World) -> None:
    command = TriggerScan((2412, 5180), (Ssid(b""), Ssid(b"hidden")), b"\xdd\x01\x00")
    ssids = attribute(1) + attribute(2, b"hidden")
    frequencies = attribute(1, u32(2412)) + attribute(2, u32(5180))
    assert requested(world, command)[0] == attribute(45, ssids) + attribute(44, frequencies) + attribute(
        42, b"\xdd\x01\x00"
    )


def test_networks_that_one_scan_cannot_ask_for_have_their_turn(world: World) -> None:
    world.more_of_wiphy = attribute(43, b"\x02")
    command = TriggerScan((), (Ssid(b""), Ssid(b"a"), Ssid(b"b"), Ssid(b"c")))
    expected = [attribute(45, attribute(1) + attribute(2, name)) for name in (b"a", b"b", b"c")]
    assert requested(world, command) == expected


def test_two_of_three_networks_at_a_time(world: World) -> None:
    world.more_of_wiphy = attribute(43, b"\x02")
    command = TriggerScan((), (Ssid(b"a"), Ssid(b"b"), Ssid(b"c")))
    expected = [attribute(45, attribute(1, one) + attribute(2, two)) for one, two in ((b"a", b"b"), (b"c", b"a"))]
    assert requested(world, command)[:2] == expected


def test_a_radio_that_probes_one_network_at_a_time_asks_for_each_in_turn(world: World) -> None:
    world.more_of_wiphy = b""
    command = TriggerScan((), (Ssid(b""), Ssid(b"a")))
    expected = [attribute(45, attribute(1)), attribute(45, attribute(1, b"a")), attribute(45, attribute(1))]
    assert requested(world, command) == expected


def test_elements_that_the_driver_does_not_take_are_left_out(world: World, caplog: pytest.LogCaptureFixture) -> None:
    world.more_of_wiphy = attribute(56, u16(2))
    assert requested(world, TriggerScan((), (Ssid(b""),), b"\xdd\x01\x00"))[0] == attribute(45, attribute(1))
    assert "probe requests go without the WPS element: the driver takes 2 octets of elements" in caplog.text


def test_elements_that_the_driver_just_takes(world: World) -> None:
    world.more_of_wiphy = attribute(56, u16(2))
    command = TriggerScan((), (Ssid(b""),), b"\xdd\x00")
    assert requested(world, command)[0] == attribute(45, attribute(1)) + attribute(42, b"\xdd\x00")


async def until_events(world: World, radio: Nl80211StationRadio) -> None:
    arrived = asyncio.Event()

    def received(event: Any) -> None:
        world.events.append(event)
        arrived.set()

    radio.set_handler(received)
    await asyncio.wait_for(arrived.wait(), 5)


# ---- ends


@pytest.mark.parametrize(("command", "is_aborted"), [(NEW_SCAN_RESULTS, False), (SCAN_ABORTED, True)])
def test_a_scan_ends_with_all_that_the_kernel_knows(world: World, command: int, is_aborted: bool) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        assert world.events == []
        end(world, command)
        await world.settle()
        assert world.kernel.last(GET_SCAN).attributes == attribute(3, u32(INDEX))

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), is_aborted)]


def test_the_scans_of_other_programs_are_told_those_of_other_radios_and_interfaces_not(world: World) -> None:
    async def scenario(_radio: Nl80211StationRadio) -> None:
        world.deliver(TRIGGER_SCAN, WIPHY)
        end(world)
        end(world, index=INDEX + 1)
        end(world, wiphy=attribute(1, u32(5)))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,))]


def test_a_thousand_bsses_are_listed_in_order(world: World) -> None:
    def many(request: Request) -> list[bytes]:
        replies = [
            request.reply(NEW_SCAN_RESULTS, bss(attribute(1, b"\2\0\0\0" + n.to_bytes(2)), attribute(2, u32(2412))))
            for n in range(1000)
        ]
        return [b"".join(replies[at : at + 50]) for at in range(0, 1000, 50)] + [request.done()]

    async def scenario(_radio: Nl80211StationRadio) -> None:
        world.kernel.answers[GET_SCAN] = many
        end(world)
        await world.settle()

    run_station(world, scenario)
    (finished,) = world.events
    assert isinstance(finished, ScanFinished)
    assert [int.from_bytes(result.bssid[4:]) for result in finished.results] == list(range(1000))


@pytest.mark.parametrize("interruptions", [1, 2, 3, 9])
def test_bsses_that_change_while_they_are_listed_are_listed_again(world: World, interruptions: int) -> None:
    dumps = 0

    def answer(request: Request) -> list[bytes]:
        nonlocal dumps
        dumps += 1
        flags = 0x10 if dumps <= interruptions else 0
        return [request.reply(NEW_SCAN_RESULTS, bss(*FULL), flags=flags), request.done()]

    async def scenario(_radio: Nl80211StationRadio) -> None:
        world.kernel.answers[GET_SCAN] = answer
        end(world)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,))]
    assert dumps == min(interruptions + 1, 3)


def test_results_that_cannot_be_read(world: World) -> None:
    async def scenario(_radio: Nl80211StationRadio) -> None:
        world.kernel.answers[GET_SCAN] = lambda request: [request.done(errno.EIO)]
        end(world)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((), True)]


def test_a_scan_that_never_ends_is_told_as_aborted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_LONGEST_SCAN", 0.01)

    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        await until_events(world, radio)

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), True)]


def test_after_dropped_messages_a_scan_is_over(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()
        assert world.events == []
        await radio.execute(TriggerScan())
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), True)]


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.EINVAL, NetlinkError, "TRIGGER_SCAN"),
        (errno.ENETDOWN, RadioError, "wlan0 is down"),
        (errno.EOPNOTSUPP, NetlinkError, "TRIGGER_SCAN"),
    ],
)
def test_a_refused_scan_is_an_error_and_forgotten(world: World, code: int, kind: type[Exception], words: str) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.refuse(TRIGGER_SCAN, code)
        with pytest.raises(kind, match=words):
            await radio.execute(TriggerScan())
        end(world)
        await world.settle()
        assert world.kernel.commands() == [TRIGGER_SCAN, GET_SCAN]

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,))]


# ---- taking turns


@pytest.mark.parametrize("index", [INDEX, INDEX + 1])
@pytest.mark.parametrize("code", [errno.EBUSY, errno.EAGAIN])
def test_a_scan_waits_for_another_program_s_and_then_has_its_own_end(world: World, index: int, code: int) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.refuse(TRIGGER_SCAN, code)
        await radio.execute(TriggerScan((2412,)))
        world.kernel.answers[TRIGGER_SCAN] = started
        end(world, index=index)
        await world.settle()
        assert world.kernel.commands() == [TRIGGER_SCAN, TRIGGER_SCAN]
        assert world.events == []
        end(world)
        await world.settle()
        assert world.events == [ScanFinished((RESULT,))]

    run_station(world, scenario)


def test_two_ends_at_once_start_a_scan_that_waits_once(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(TriggerScan((2412,)))
        world.kernel.answers[TRIGGER_SCAN] = started
        world.kernel.deliver(event(SCAN_ABORTED, WIPHY) + event(NEW_SCAN_RESULTS, WIPHY))
        await world.settle()
        assert world.kernel.commands() == [TRIGGER_SCAN, TRIGGER_SCAN]

    run_station(world, scenario)


def test_a_scan_that_begins_just_before_ours_is_not_taken_for_it(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = lambda request: [
            event(TRIGGER_SCAN, WIPHY, attribute(3, u32(INDEX))),
            request.end(errno.EBUSY),
        ]
        await radio.execute(TriggerScan())
        world.kernel.answers[TRIGGER_SCAN] = started
        end(world)
        await world.settle()
        assert world.events == []
        assert world.kernel.commands() == [TRIGGER_SCAN, TRIGGER_SCAN]

    run_station(world, scenario)


def test_a_scan_that_ends_before_its_acknowledgement_is_read(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = lambda request: [
            *started(request),
            event(NEW_SCAN_RESULTS, WIPHY, attribute(3, u32(INDEX))),
        ]
        await radio.execute(TriggerScan())
        await world.settle()
        end(world)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,))] * 2


def test_a_second_scan_of_ours_waits_for_the_first_which_is_told(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(TriggerScan((2412,)))
        world.kernel.answers[TRIGGER_SCAN] = started
        end(world)
        await world.settle()
        assert world.events == [ScanFinished((RESULT,))]
        assert world.kernel.last(TRIGGER_SCAN).values[44] == attribute(1, u32(2412))
        end(world)
        await world.settle()
        assert world.events == [ScanFinished((RESULT,))] * 2

    run_station(world, scenario)


def test_a_busy_radio_that_says_nothing_is_asked_again_and_given_up_in_the_end(world: World) -> None:
    command = TriggerScan((2412,))

    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(command)
        await until_events(world, radio)
        assert world.kernel.commands() == [TRIGGER_SCAN] * 4

    run_station(world, scenario)
    assert world.events == [CommandFailed(command, "the radio is busy: another program's scan does not end")]


def test_a_scan_that_waited_may_be_refused_in_the_end(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(TriggerScan())
        world.kernel.refuse(TRIGGER_SCAN, errno.ENETDOWN)
        end(world)
        await world.settle()

    run_station(world, scenario)
    (failed,) = world.events
    assert isinstance(failed, CommandFailed)
    assert failed.command == TriggerScan()
    assert failed.reason.startswith("wlan0 is down")


# ---- abort


def test_abort_ends_our_scan(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        await radio.execute(AbortScan())
        assert world.kernel.last(ABORT_SCAN).attributes == attribute(3, u32(INDEX))
        end(world, SCAN_ABORTED)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), True)]


def test_abort_of_nothing_leaves_the_scans_of_others_alone(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.deliver(TRIGGER_SCAN, WIPHY)
        await world.settle()
        await radio.execute(AbortScan())
        assert world.kernel.requests == []

    run_station(world, scenario)


def test_abort_of_a_scan_that_waits(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(TriggerScan())
        await radio.execute(AbortScan())
        await world.settle()
        end(world)
        await world.settle()
        assert world.kernel.commands() == [TRIGGER_SCAN, GET_SCAN, GET_SCAN]

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), True), ScanFinished((RESULT,))]


def test_abort_while_a_scan_is_being_started_and_the_radio_is_busy(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        world.kernel.refuse(ABORT_SCAN, errno.ENOENT)
        await asyncio.gather(radio.execute(TriggerScan()), radio.execute(AbortScan()))
        await world.settle()
        end(world, index=INDEX + 1)
        await world.settle()
        assert world.kernel.commands() == [TRIGGER_SCAN, ABORT_SCAN, GET_SCAN]

    run_station(world, scenario)
    assert world.events == [ScanFinished((RESULT,), True)]


def test_a_refused_abort_is_an_error(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        world.kernel.refuse(ABORT_SCAN, errno.EIO)
        with pytest.raises(NetlinkError, match="ABORT_SCAN"):
            await radio.execute(AbortScan())

    run_station(world, scenario)


def test_a_scan_that_cannot_be_aborted_ends_by_itself(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(TriggerScan())
        world.kernel.refuse(ABORT_SCAN, errno.EOPNOTSUPP)
        await radio.execute(AbortScan())

    run_station(world, scenario)


def test_closing_forgets_a_scan_that_waits(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.answers[TRIGGER_SCAN] = busy
        await radio.execute(TriggerScan())

    run_station(world, scenario)
    assert world.kernel.commands() == [TRIGGER_SCAN]
