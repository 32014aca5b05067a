# SPDX-License-Identifier: BSD-3-Clause
"""nl80211 on simulated radios: a hand-made access point, a station by iw, EAPOL both ways, and all the ways it ends."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.lab.network import interface_address, run
from tests.lab.peers import Hostapd, WpaSupplicant

from wpsagent.capabilities import InterfaceType
from wpsagent.errors import RadioError
from wpsagent.io.nl80211 import Nl80211Radio, discover, open_access_point_radio
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    Beacon,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    InstallKey,
    ProbeStation,
    RadioCommand,
    RadioEvent,
    RadioLost,
    ReadActivity,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationProbed,
    StopAccessPoint,
)

LAB = {"radios": 2}

AP, STATION = "wlan0", "wlan1"
SSID = Ssid(b"hand-made")
CCMP = 0x000FAC04
EAPOL_START = b"\x02\x01\x00\x00"
EAP_IDENTITY = b"\x02\x00\x00\x05\x01\x01\x00\x05\x01"

PROBE_REQUEST, AUTHENTICATION, ASSOCIATION_REQUEST = 0x40, 0xB0, 0x00
RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)
SUPPORTED_RATES = b"\x01\x08\x82\x84\x8b\x96\x0c\x12\x18\x24"
EXTENDED_RATES = b"\x32\x04\x30\x48\x60\x6c"
CAPABILITIES = b"\x21\x04"  # ESS, short preamble, short slot


def header(frame_type: int, to: bytes, own: bytes) -> bytes:
    return bytes([frame_type]) + bytes(3) + to + own + own + bytes(2)


def beacon_of(own: MacAddress, *, ssid: bytes = SSID, frame_type: int = 0x80, to: bytes = BROADCAST) -> Beacon:
    """Elements up to the TIM in the head, the others in the tail; a vendor element only in the tail."""
    fixed = bytes(8) + (100).to_bytes(2, "little") + CAPABILITIES
    elements = bytes([0, len(ssid)]) + ssid + SUPPORTED_RATES + b"\x03\x01\x01"
    return Beacon(header(frame_type, to, own) + fixed + elements, b"\x2a\x01\x00" + EXTENDED_RATES)


def start_of(own: MacAddress, mhz: int = 2412, *, is_protected: bool = False) -> StartAccessPoint:
    return StartAccessPoint(SSID, mhz, beacon_of(own), 100, 2, (2, 4, 11, 22), is_protected, False)


class HandMadeAccessPoint:
    """Answers whoever comes, and keeps what it hears."""

    def __init__(self, radio: Nl80211Radio) -> None:
        self.radio = radio
        self.events: list[RadioEvent] = []
        self._arrived = asyncio.Event()
        self._commands: asyncio.Queue[RadioCommand] = asyncio.Queue()
        self._task = asyncio.create_task(self._execute())
        radio.set_handler(self._received)

    async def start(self, mhz: int = 2412) -> None:
        await self.radio.execute(start_of(self.radio.address, mhz))

    async def wait_for(self, *kinds: type[RadioEvent]) -> list[RadioEvent]:
        """One event of each kind, the first that came."""
        async with asyncio.timeout(10):
            while not all(any(isinstance(event, kind) for event in self.events) for kind in kinds):
                self._arrived.clear()
                await self._arrived.wait()
        return [next(event for event in self.events if isinstance(event, kind)) for kind in kinds]

    async def wait_associated(self) -> None:
        """Until the station has acknowledged the association response."""
        async with asyncio.timeout(10):
            while FrameStatus(2, True) not in self.events:
                self._arrived.clear()
                await self._arrived.wait()

    def frames(self, frame_type: int) -> list[bytes]:
        return [e.frame for e in self.events if isinstance(e, FrameReceived) and e.frame[0] == frame_type]

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.radio.close()

    def _received(self, event: RadioEvent) -> None:
        self.events.append(event)
        self._arrived.set()
        if isinstance(event, FrameReceived):
            for command in self._answers(event.frame):
                self._commands.put_nowait(command)

    def _answers(self, frame: bytes) -> Iterator[RadioCommand]:
        station, own = MacAddress(frame[10:16]), self.radio.address
        if frame[0] == PROBE_REQUEST:
            response = beacon_of(own, frame_type=0x50, to=station)
            yield SendFrame(response.head + response.tail)
        elif frame[0] == AUTHENTICATION:
            yield SendFrame(header(0xB0, station, own) + b"\x00\x00\x02\x00\x00\x00", 1)
        elif frame[0] == ASSOCIATION_REQUEST:
            yield AddStation(station, 1, 10, RATES, 0x0421, True)
            accepted = CAPABILITIES + b"\x00\x00\x01\xc0" + SUPPORTED_RATES + EXTENDED_RATES
            yield SendFrame(header(0x10, station, own) + accepted, 2)

    async def _execute(self) -> None:
        while True:
            await self.radio.execute(await self._commands.get())


Scenario = Callable[[HandMadeAccessPoint], Awaitable[None]]


def with_access_point(
    scenario: Scenario, *, on_packet_eapol: bool = False, bridge: str | None = None, create_on: str | None = None
) -> None:
    async def main() -> None:
        name = AP if create_on is None else "ap0"
        radio = await open_access_point_radio(name, create_on=create_on, bridge=bridge, on_packet_eapol=on_packet_eapol)
        access_point = HandMadeAccessPoint(radio)
        try:
            await scenario(access_point)
        finally:
            await access_point.close()

    asyncio.run(main())


def refusal(name: str = AP, *, create_on: str | None = None, bridge: str | None = None) -> str:
    with pytest.raises(RadioError) as caught:
        asyncio.run(open_access_point_radio(name, create_on=create_on, bridge=bridge))
    return str(caught.value)


async def shell(*command: str) -> str:
    """A command beside the loop, which must succeed."""
    return await asyncio.to_thread(run, *command)


async def scan() -> str:
    """What the other radio hears; passively, so that only beacons count."""
    await shell("ip", "link", "set", STATION, "up")
    return await shell("iw", "dev", STATION, "scan", "-u", "freq", "2412", "flush", "passive")


def is_beaconing(name: str = AP) -> bool:
    return "ssid" in run("iw", "dev", name, "info")


async def associate(access_point: HandMadeAccessPoint) -> MacAddress:
    await shell("ip", "link", "set", STATION, "up")
    output = await shell("iw", "dev", STATION, "connect", "-w", SSID.decode(), "2412")
    assert f"connected to {access_point.radio.address}" in output
    await access_point.wait_associated()
    return MacAddress.parse(interface_address(STATION))


@pytest.fixture(autouse=True)
def quiet_air() -> Iterator[None]:
    """Each test finds the radios as they were at boot."""
    yield
    subprocess.run(["iw", "dev", STATION, "disconnect"], capture_output=True, check=False)
    for name in (AP, STATION):
        run("ip", "link", "set", name, "down")
        run("iw", "dev", name, "set", "type", "managed")


@contextmanager
def bridge_named(name: str) -> Iterator[None]:
    run("ip", "link", "add", name, "type", "bridge")
    run("ip", "link", "set", name, "up")
    try:
        yield
    finally:
        run("ip", "link", "delete", name)


def test_the_radios_are_discovered() -> None:
    first, second = asyncio.run(discover())
    assert [i.name for i in first.interfaces + second.interfaces] == [AP, STATION]
    capabilities = first.capabilities
    assert (capabilities.wiphy_name, capabilities.driver) == ("phy0", "mac80211_hwsim")
    assert (capabilities.supports_ap, capabilities.has_ap_sme, capabilities.has_control_port) == (True, False, True)
    assert CCMP in capabilities.cipher_suites
    band = capabilities.band_of(2412)
    assert band is not None
    assert band.rates == RATES
    assert band.ht_capabilities is not None
    assert len(band.ht_capabilities) == 26
    assert [f.may_initiate for f in band.frequencies if f.mhz in (2412, 2467)] == [True, False]
    assert not first.rfkill.is_blocked


def test_the_other_radio_hears_the_beacon_and_what_is_changed_in_it() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        heard = await scan()
        assert f"BSS {access_point.radio.address}" in heard
        assert "SSID: hand-made" in heard
        assert "DTIM Period 2" in heard
        beacon = beacon_of(access_point.radio.address)
        await access_point.radio.execute(SetBeacon(Beacon(beacon.head, beacon.tail + b"\xdd\x05\x02\x00\x00\x07!")))
        assert "Vendor specific: OUI 02:00:00, data: 07 21" in await scan()
        await access_point.radio.execute(StopAccessPoint())
        assert str(access_point.radio.address) not in await scan()
        await access_point.start()
        assert str(access_point.radio.address) in await scan()

    with_access_point(scenario)
    assert "type managed" in run("iw", "dev", AP, "info")
    assert "UP" not in run("ip", "link", "show", AP).split(">")[0].split(",")


@pytest.mark.parametrize("on_packet_eapol", [False, True], ids=["control port", "packet socket"])
def test_a_station_associates_and_eapol_goes_both_ways(on_packet_eapol: bool) -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        radio = access_point.radio
        await access_point.start()
        await shell("ip", "link", "set", STATION, "up")
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as packets:
            packets.bind((STATION, 0x888E))
            packets.setblocking(False)
            address = await associate(access_point)
            assert [MacAddress(f[10:16]) for f in access_point.frames(AUTHENTICATION)][:1] == [address]
            await radio.execute(SendEapol(address, EAP_IDENTITY))
            async with asyncio.timeout(5):
                assert await asyncio.get_running_loop().sock_recv(packets, 100) == EAP_IDENTITY
            packets.sendto(EAPOL_START, (STATION, 0x888E, 0, 0, bytes(radio.address)))
            assert await access_point.wait_for(EapolReceived) == [EapolReceived(address, EAPOL_START)]

    with_access_point(scenario, on_packet_eapol=on_packet_eapol)


def test_eapol_reaches_the_packet_socket_of_a_bridge_s_port() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        address = await associate(access_point)
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as packets:
            packets.bind((STATION, 0x888E))
            packets.sendto(EAPOL_START, (STATION, 0x888E, 0, 0, bytes(access_point.radio.address)))
        assert await access_point.wait_for(EapolReceived) == [EapolReceived(address, EAPOL_START)]

    with bridge_named("br0"):
        with_access_point(scenario, on_packet_eapol=True, bridge="br0")
        assert not Path(f"/sys/class/net/{AP}/brport").exists()


def test_a_station_is_authorized_probed_replaced_and_removed() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        radio = access_point.radio
        await access_point.start()
        address = await associate(access_point)
        await radio.execute(AuthorizeStation(address))
        assert "authorized:\tyes" in await shell("iw", "dev", AP, "station", "dump")
        await radio.execute(ProbeStation(address))
        await radio.execute(ReadActivity())
        probed, activity = await access_point.wait_for(StationProbed, StationActivity)
        assert probed == StationProbed(address, True)
        assert isinstance(activity, StationActivity)
        assert [each for each, _ in activity.inactive_ms] == [address]
        await radio.execute(AddStation(address, 2, 10, RATES, 0x0421, False))
        assert "authorized:\tno" in await shell("iw", "dev", AP, "station", "dump")
        await radio.execute(RemoveStation(address))
        await radio.execute(RemoveStation(address))
        assert await shell("iw", "dev", AP, "station", "dump") == ""

    with_access_point(scenario)


def test_keys_are_installed_on_a_protected_access_point() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        radio = access_point.radio
        station = MacAddress.parse("02:00:00:00:77:00")
        await radio.execute(start_of(radio.address, is_protected=True))
        await radio.execute(InstallKey(1, bytes(16), CCMP))
        await radio.execute(InstallKey(2, bytes(range(16)), CCMP))
        await radio.execute(AddStation(station, 1, 10, RATES, 0x0431, False))
        await radio.execute(InstallKey(0, bytes(range(16)), CCMP, station))
        assert f"Station {station}" in await shell("iw", "dev", AP, "station", "dump")

    with_access_point(scenario)


@pytest.mark.parametrize(
    ("mhz", "words"),
    [
        (2467, "lets no access point start on 2467 MHz"),
        (5260, "5260 MHz needs radar detection"),
        (2999, "phy0 has no channel at 2999 MHz"),
    ],
)
def test_a_channel_that_may_not_be_used_is_refused_with_its_reason(mhz: int, words: str) -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        with pytest.raises(RadioError, match=words):
            await access_point.start(mhz)

    with_access_point(scenario)


def test_starting_twice_is_refused() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        with pytest.raises(RadioError, match="wlan0 beacons already"):
            await access_point.start()

    with_access_point(scenario)


def test_an_interface_that_is_set_down_is_lost() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        await shell("ip", "link", "set", AP, "down")
        (lost,) = await access_point.wait_for(RadioLost)
        assert isinstance(lost, RadioLost)
        assert "set down" in lost.reason

    with_access_point(scenario)


def switch_of(wiphy_name: str) -> Path:
    return next(
        each for each in Path("/sys/class/rfkill").iterdir() if (each / "name").read_text() == f"{wiphy_name}\n"
    )


def test_a_blocked_radio_is_lost_and_refused_until_it_is_unblocked() -> None:
    switch = switch_of("phy0") / "soft"

    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        switch.write_text("1")
        assert await access_point.wait_for(RadioLost) == [
            RadioLost("phy0 is blocked by software ('rfkill unblock wifi' lifts it)")
        ]

    try:
        with_access_point(scenario)
        assert "phy0 is blocked by software" in refusal()
    finally:
        switch.write_text("0")


KILLED = """
import asyncio, os, signal
from tests.lab import test_lab_nl80211 as lab
from wpsagent.io.nl80211 import open_access_point_radio

async def main():
    radio = await open_access_point_radio({options})
    await radio.execute(lab.start_of(radio.address))
    assert lab.is_beaconing(radio.interface)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def die_beaconing(options: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED.format(options=options)], env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL


def test_when_the_process_is_killed_the_access_point_is_gone_and_another_may_start_at_once() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        assert "SSID: hand-made" in await scan()

    die_beaconing("'wlan0'")
    with_access_point(scenario)
    assert not is_beaconing()


def test_when_the_process_is_killed_its_created_interface_is_gone_and_may_be_created_at_once() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        assert access_point.radio.interface == "ap0"
        await access_point.start()
        assert "SSID: hand-made" in await scan()

    die_beaconing("'ap0', create_on='phy0'")
    with_access_point(scenario, create_on=AP)
    assert not Path("/sys/class/net/ap0").exists()


def test_a_created_interface_beacons_beside_a_connected_station_of_the_same_radio() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        assert is_beaconing("ap0")
        assert interface_address("ap0") != interface_address(AP)

    run("ip", "link", "set", AP, "up")
    with_access_point(scenario, create_on="phy0")
    run("ip", "link", "set", AP, "down")


def test_hostapd_s_interface_is_not_taken_but_may_be_stood_beside() -> None:
    async def scenario(access_point: HandMadeAccessPoint) -> None:
        await access_point.start()
        await access_point.radio.execute(StopAccessPoint())
        with pytest.raises(RadioError, match="cannot beacon: another interface of this radio is in the way"):
            await access_point.start(2437)

    with Hostapd(AP, ssid="theirs"):
        assert "wlan0 is an access point already (network theirs)" in refusal()
        with_access_point(scenario, create_on="phy0")
        assert is_beaconing()


def test_wpa_supplicant_s_interface_is_not_taken() -> None:
    with WpaSupplicant(AP):
        assert "wlan0 is managed by another program" in refusal()
        assert "type managed" in run("iw", "dev", AP, "info")


def test_what_is_not_a_radio_is_named() -> None:
    assert refusal("lo") == "lo is gone or is not a wireless interface"
    assert refusal("wlan9") == "there is no interface wlan9"
    assert refusal("ap0", create_on="phy9").startswith("there is no radio or wireless interface phy9")
    assert refusal(AP, create_on="phy0") == "cannot create wlan0: there is an interface of this name already"
    assert refusal(bridge="lo").startswith("lo is not a bridge")


def test_the_interface_type_is_given_back_as_found() -> None:
    async def scenario(_access_point: HandMadeAccessPoint) -> None:
        found = next(i for w in await discover() for i in w.interfaces if i.name == AP)
        assert found.type is InterfaceType.AP

    run("ip", "link", "set", AP, "up")
    with_access_point(scenario)
    assert "type managed" in run("iw", "dev", AP, "info")
    assert "UP" in run("ip", "link", "show", AP).split("<")[1].split(">")[0].split(",")
