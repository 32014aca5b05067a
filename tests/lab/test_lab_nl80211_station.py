# SPDX-License-Identifier: BSD-3-Clause
"""A station's radio by hand against Debian's hostapd: scans, connections with and without keys, EAPOL, the ends."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress

import pytest
from tests.lab.network import NetNamespace, interface_address, run, set_address
from tests.lab.peers import Hostapd, WpaSupplicant, wait_until
from tests.lab.test_lab_nl80211 import shell, switch_of

from wpsagent.crypto.passphrase import derive_psk
from wpsagent.dot11.elements import ElementId, Elements, element
from wpsagent.eap.eapol import EapolPacket
from wpsagent.errors import RadioError
from wpsagent.io.nl80211 import Nl80211StationRadio, open_station_radio
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    AbortScan,
    Associated,
    AssociationFailed,
    AuthorizeStation,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    InstallKey,
    InstallReceiveKey,
    RadioLost,
    RemoveStation,
    ScanFinished,
    ScanResult,
    SendEapol,
    StationCommand,
    StationEvent,
    TriggerScan,
)
from wpsagent.rsn.handshake import Authorized, InstallGroupKey, InstallPairwiseKey
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, Rsne, choose_for_station
from wpsagent.rsn.supplicant import Supplicant
from wpsagent.wsc.elements import AssociationRequestAttributes, BeaconAttributes, unwrap, wrap

LAB = {"radios": 2, "time_limit": 240.0}

STATION, AP = "wlan0", "wlan1"
STATION_ADDRESS, AP_ADDRESS = "10.9.0.2", "10.9.0.1"
PASSPHRASE = "a secret passphrase"
PASSIVE_CHANNELS = ("2412", "2437", "2462", "5180", "5220", "5260", "5500", "5600")  # 110 ms each
ON_CHANNEL_1 = TriggerScan((2412,))
OPEN = "wpa=0\nwps_state=0"
CONTROL_PORT_AND_PACKETS = pytest.mark.parametrize("on_packet", [False, True], ids=["control port", "packet socket"])


class HandMadeStation:
    """Executes commands one after the other, and keeps what the radio says."""

    def __init__(self, radio: Nl80211StationRadio) -> None:
        self.radio = radio
        self.events: list[StationEvent] = []
        self.listener: Callable[[StationEvent], None] = lambda _event: None
        self._arrived = asyncio.Event()
        self._commands: asyncio.Queue[StationCommand] = asyncio.Queue()
        self._task = asyncio.create_task(self._execute())
        radio.set_handler(self._received)

    def send(self, command: StationCommand) -> None:
        self._commands.put_nowait(command)

    async def wait_for(self, kind: type[StationEvent]) -> StationEvent:
        """The first event of a kind from here on or before; it and those before it are then forgotten."""
        async with asyncio.timeout(15):
            while not (found := [at for at, event in enumerate(self.events) if isinstance(event, kind)]):
                self._arrived.clear()
                await self._arrived.wait()
        event = self.events[found[0]]
        del self.events[: found[0] + 1]
        return event

    async def scan(self, command: TriggerScan) -> dict[str, ScanResult]:
        await self.radio.execute(command)
        finished = await self.wait_for(ScanFinished)
        assert isinstance(finished, ScanFinished)
        assert not finished.is_aborted
        return {str(result.bssid): result for result in finished.results}

    async def find(self, command: TriggerScan = ON_CHANNEL_1) -> ScanResult:
        """The access point.  A scan stays for less than a beacon interval, and on a busy host answers come too late."""
        async with asyncio.timeout(15):
            while (found := (await self.scan(command)).get(access_point_address())) is None:
                pass
        return found

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        await self.radio.close()

    def _received(self, event: StationEvent) -> None:
        self.events.append(event)
        self._arrived.set()
        self.listener(event)

    async def _execute(self) -> None:
        while True:
            await self.radio.execute(await self._commands.get())


class HandMadeSupplicant:
    """rsn.Supplicant on a hand-made station."""

    def __init__(self, station: HandMadeStation, found: ScanResult) -> None:
        body = Elements.decode(found.elements).first(ElementId.RSN)
        assert body is not None
        chosen = choose_for_station(Rsne.decode(body))
        assert chosen is not None
        self.rsne = chosen
        self.authorized = asyncio.Event()
        self.renewed = asyncio.Event()
        self._station = station
        self._bssid = found.bssid
        self._machine = Supplicant(
            pmk=derive_psk(PASSPHRASE.encode(), b"reference"),
            authenticator_address=found.bssid,
            station_address=station.radio.address,
            rsne=element(ElementId.RSN, body),
            station_rsne=chosen.element(),
            entropy=os.urandom,
        )
        station.listener = self._received

    def _received(self, event: StationEvent) -> None:
        if not isinstance(event, EapolReceived):
            return
        self._machine.receive(event.pdu, 0.0)
        for message in self._machine.messages_to_send():
            self._station.send(SendEapol(self._bssid, message.pdu, message.is_encrypted))
        while (step := self._machine.next_event()) is not None:
            match step:
                case InstallPairwiseKey(key):
                    self._station.send(InstallKey(0, key, CipherSuite.CCMP_128, self._bssid))
                case InstallGroupKey(index, key, counter, cipher):
                    self._station.send(InstallReceiveKey(index, key, cipher, counter))
                    if self.authorized.is_set():
                        self.renewed.set()
                case Authorized():
                    self._station.send(AuthorizeStation(self._bssid))
                    self.authorized.set()
                case _:
                    raise AssertionError(step)


def access_point_address() -> str:
    return AP_BSSID[0]


AP_BSSID: list[str] = []


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[NetNamespace]:
    """The namespace of the access point."""
    AP_BSSID.append(interface_address(AP))
    with NetNamespace("ap") as namespace:
        namespace.take_radio(AP)
        yield namespace


@pytest.fixture(autouse=True)
def quiet_air() -> Iterator[None]:
    """Each test finds the radio as it was at boot."""
    yield
    run("ip", "link", "set", STATION, "down")
    run("ip", "address", "flush", "dev", STATION)


Scenario = Callable[[HandMadeStation], Awaitable[None]]


def with_station(scenario: Scenario, *, on_packet: bool = False) -> None:
    async def main() -> None:
        station = HandMadeStation(await open_station_radio(STATION, on_packet_eapol=on_packet))
        try:
            await scenario(station)
        finally:
            await station.close()

    asyncio.run(main())


def connect_to(found: ScanResult, ssid: bytes = b"reference", elements: bytes = b"") -> Connect:
    return Connect(found.bssid, Ssid(ssid), found.frequency_mhz, elements, bool(found.capability & 0x10))


async def join_open(station: HandMadeStation) -> ScanResult:
    found = await station.find()
    await station.radio.execute(connect_to(found))
    associated = await station.wait_for(Associated)
    assert isinstance(associated, Associated)
    assert associated.bssid == found.bssid
    assert Elements.decode(associated.response_elements).first(ElementId.SUPPORTED_RATES)
    await station.radio.execute(AuthorizeStation(found.bssid))
    return found


async def assert_pings(elsewhere: NetNamespace) -> None:
    set_address(STATION, f"{STATION_ADDRESS}/24")
    elsewhere.set_address(AP, f"{AP_ADDRESS}/24")
    await shell("ping", "-n", "-q", "-i", "0.2", "-c", "3", "-w", "10", AP_ADDRESS)


def test_a_scan_finds_hostapd_with_its_wps_element(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        result = await station.find(TriggerScan((), (Ssid(b""), Ssid(b"reference")), wrap(b"\x10\x4a\x00\x01\x10")))
        assert (result.frequency_mhz, result.beacon_interval_tu) == (2412, 100)
        assert result.capability & 0x11 == 0x11
        assert -70 < result.signal_dbm < 0
        assert result.age_ms < 10_000
        assert Elements.decode(result.elements).first(ElementId.SSID) == b"reference"
        async with asyncio.timeout(15):
            while not (result.beacon_elements and (result.older_elements or result.elements != result.beacon_elements)):
                result = await station.find()
        for octets in (result.elements, result.beacon_elements, result.older_elements or result.elements):
            attributes = unwrap(octets)
            assert attributes is not None
            assert BeaconAttributes.decode(attributes).selected_registrar is None
        assert len(result.older_elements or result.elements) > len(result.beacon_elements)

    with Hostapd(AP, namespace=elsewhere):
        with_station(scenario)


def test_scans_of_another_program_are_told_too_and_ours_waits_for_them(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        loop = asyncio.get_running_loop()
        await shell("iw", "dev", STATION, "scan", "trigger", "freq", *PASSIVE_CHANNELS, "passive")
        started = loop.time()
        await station.scan(TriggerScan((2412,)))
        assert loop.time() - started > 0.3
        station.events.clear()
        await shell("iw", "dev", STATION, "scan", "freq", "2412")
        finished = await station.wait_for(ScanFinished)
        assert isinstance(finished, ScanFinished)
        assert access_point_address() in {str(result.bssid) for result in finished.results}

    with Hostapd(AP, namespace=elsewhere):
        with_station(scenario)


def test_a_scan_is_aborted(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        await station.radio.execute(TriggerScan())
        await station.radio.execute(AbortScan())
        finished = await station.wait_for(ScanFinished)
        assert isinstance(finished, ScanFinished)
        assert finished.is_aborted
        await station.radio.execute(AbortScan())
        await station.scan(TriggerScan((2412,)))

    with_station(scenario)


def test_an_open_network_is_joined_left_and_joined_again(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        found = await join_open(station)
        await assert_pings(elsewhere)
        await station.radio.execute(Disconnect(3))
        assert station.events == [Disconnected(3, False)]
        await station.radio.execute(connect_to(found))
        assert isinstance(await station.wait_for(Associated), Associated)

    with Hostapd(AP, config=OPEN, namespace=elsewhere) as access_point:
        with_station(scenario)
        access_point.control.wait_event("AP-STA-DISCONNECTED")
        access_point.control.wait_event("AP-STA-DISCONNECTED")


@CONTROL_PORT_AND_PACKETS
@pytest.mark.parametrize("config", ["", "wpa=3\nwpa_pairwise=TKIP"], ids=["CCMP", "TKIP group"])
def test_a_wpa2_network_is_joined_and_its_group_key_renewed(
    elsewhere: NetNamespace, config: str, on_packet: bool
) -> None:
    async def scenario(station: HandMadeStation) -> None:
        found = await station.find()
        supplicant = HandMadeSupplicant(station, found)
        rsne = supplicant.rsne
        await station.radio.execute(
            Connect(
                found.bssid,
                Ssid(b"reference"),
                2412,
                rsne.element(),
                True,
                CipherSuite.CCMP_128,
                rsne.group_cipher,
                AkmSuite.PSK,
            )
        )
        async with asyncio.timeout(15):
            await supplicant.authorized.wait()
        assert any(isinstance(event, Associated) for event in station.events)
        await assert_pings(elsewhere)
        access_point.control.expect_ok("REKEY_GTK")
        async with asyncio.timeout(5):
            await supplicant.renewed.wait()
        elsewhere.run("ip", "neighbour", "flush", "dev", AP)  # so that it must ask everybody, with the group key
        assert await asyncio.to_thread(elsewhere.can_ping, STATION_ADDRESS, deadline=10)
        await station.radio.execute(RemoveStation(found.bssid))

    with Hostapd(AP, config=config, namespace=elsewhere) as access_point:
        with_station(scenario, on_packet=on_packet)
        access_point.control.wait_event("AP-STA-CONNECTED")
        access_point.control.wait_event("AP-STA-DISCONNECTED")


@CONTROL_PORT_AND_PACKETS
def test_an_association_for_wps_is_asked_for_its_identity(elsewhere: NetNamespace, on_packet: bool) -> None:
    async def scenario(station: HandMadeStation) -> None:
        found = await station.find()
        elements = wrap(AssociationRequestAttributes().encode())
        await station.radio.execute(connect_to(found, elements=elements))
        associated = await station.wait_for(Associated)
        assert isinstance(associated, Associated)
        assert unwrap(associated.response_elements) is not None
        await station.radio.execute(SendEapol(found.bssid, EapolPacket(1, 1).encode()))
        received = await station.wait_for(EapolReceived)
        assert isinstance(received, EapolReceived)
        assert received.source == found.bssid
        packet = EapolPacket.decode(received.pdu)
        assert packet.body[0] == 1
        assert packet.body[4] == 1

    with Hostapd(AP, namespace=elsewhere):
        with_station(scenario, on_packet=on_packet)


def test_a_refused_association_has_its_status(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        found = await station.find()
        await station.radio.execute(connect_to(found))
        failed = await station.wait_for(AssociationFailed)
        assert isinstance(failed, AssociationFailed)
        assert (failed.bssid, failed.status_code) == (found.bssid, 17)

    with Hostapd(AP, config=f"{OPEN}\nmax_num_sta=0", namespace=elsewhere):
        with_station(scenario)


def test_an_access_point_that_is_not_there_does_not_answer(elsewhere: NetNamespace) -> None:
    nobody = MacAddress.parse("02:00:00:00:99:00")

    async def scenario(station: HandMadeStation) -> None:
        await station.radio.execute(Connect(nobody, Ssid(b"nobody"), 2412, b"", False))
        assert await station.wait_for(AssociationFailed) == AssociationFailed(nobody, None)
        await station.radio.execute(Connect(nobody, Ssid(b"nobody"), 2412, b"", False))
        await station.radio.execute(Disconnect(3))
        assert await station.wait_for(Disconnected) == Disconnected(3, False)

    with_station(scenario)


def test_an_access_point_that_says_goodbye(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        await join_open(station)
        await asyncio.to_thread(access_point.process.terminate)
        disconnected = await station.wait_for(Disconnected)
        assert isinstance(disconnected, Disconnected)
        assert disconnected.is_by_peer
        assert disconnected.reason_code in (1, 3)

    with Hostapd(AP, config=OPEN, namespace=elsewhere) as access_point:
        with_station(scenario)


def test_an_access_point_that_falls_silent(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        await join_open(station)
        access_point.kill()
        await asyncio.to_thread(elsewhere.run, "ip", "link", "set", AP, "down")
        disconnected = await station.wait_for(Disconnected)
        assert isinstance(disconnected, Disconnected)
        assert not disconnected.is_by_peer

    with Hostapd(AP, config=OPEN, namespace=elsewhere) as access_point:
        with_station(scenario)


def test_an_interface_that_is_set_down_is_lost_connected_or_not(elsewhere: NetNamespace) -> None:
    async def idle(station: HandMadeStation) -> None:
        await shell("ip", "link", "set", STATION, "down")
        assert await station.wait_for(RadioLost) == RadioLost("wlan0 was set down")
        with pytest.raises(RadioError, match="wlan0 was set down"):
            await station.radio.execute(TriggerScan())

    async def connected(station: HandMadeStation) -> None:
        await join_open(station)
        await shell("ip", "link", "set", STATION, "down")
        assert await station.wait_for(RadioLost) == RadioLost("wlan0 was set down")

    with_station(idle)
    with Hostapd(AP, config=OPEN, namespace=elsewhere):
        with_station(connected)


def test_a_blocked_radio_is_lost_and_refused_until_it_is_unblocked(elsewhere: NetNamespace) -> None:
    switch = switch_of("phy0") / "soft"
    blocked = "phy0 is blocked by software ('rfkill unblock wifi' lifts it)"

    async def scenario(station: HandMadeStation) -> None:
        switch.write_text("1")
        assert await station.wait_for(RadioLost) == RadioLost(blocked)

    try:
        with_station(scenario)
        assert refusal() == blocked
    finally:
        switch.write_text("0")


def test_a_removed_interface_is_lost(elsewhere: NetNamespace) -> None:
    async def main() -> None:
        station = HandMadeStation(await open_station_radio("sta0"))
        await shell("iw", "dev", "sta0", "del")
        lost = await station.wait_for(RadioLost)
        assert isinstance(lost, RadioLost)
        assert "sta0 is gone" in lost.reason
        await station.close()

    run("iw", "phy", "phy0", "interface", "add", "sta0", "type", "managed")
    asyncio.run(main())


KILLED = """
import asyncio, os, signal
from tests.lab import test_lab_nl80211_station as lab
from wpsagent.io.nl80211 import open_station_radio

async def main():
    lab.AP_BSSID.append({bssid!r})
    station = lab.HandMadeStation(await open_station_radio(lab.STATION))
    await lab.join_open(station)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_when_the_process_is_killed_the_kernel_disconnects_and_another_may_start_at_once(
    elsewhere: NetNamespace,
) -> None:
    async def scenario(station: HandMadeStation) -> None:
        await join_open(station)

    with Hostapd(AP, config=OPEN, namespace=elsewhere) as access_point:
        command = [sys.executable, "-c", KILLED.format(bssid=access_point_address())]
        done = subprocess.run(command, env=os.environ, check=False)
        assert done.returncode == -signal.SIGKILL
        with_station(scenario)
        access_point.control.wait_event("AP-STA-CONNECTED")
        access_point.control.wait_event("AP-STA-DISCONNECTED")
    wait_until(lambda: "ssid" not in run("iw", "dev", STATION, "info"), 5, "still connected")


def refusal(name: str = STATION) -> str:
    with pytest.raises(RadioError) as caught:
        asyncio.run(open_station_radio(name))
    return str(caught.value)


def test_what_another_program_uses_is_not_taken(elsewhere: NetNamespace) -> None:
    async def scenario(_station: HandMadeStation) -> None:
        with pytest.raises(RadioError, match="wlan0 is managed by another program"):
            await open_station_radio(STATION)

    with Hostapd(AP, config=OPEN, namespace=elsewhere):
        run("ip", "link", "set", STATION, "up")
        run("iw", "dev", STATION, "connect", "-w", "reference", "2412")
        assert "wlan0 is connected to network reference" in refusal()
        run("iw", "dev", STATION, "disconnect")
    with Hostapd(STATION, ssid="theirs"):
        assert "wlan0 is an access point already (network theirs)" in refusal()
    with WpaSupplicant(STATION):
        assert "wlan0 is managed by another program" in refusal()
    run("iw", "dev", STATION, "set", "type", "managed")
    with_station(scenario)
    assert refusal("lo") == "lo is gone or is not a wireless interface"


def test_an_access_point_s_interface_becomes_a_station_and_is_given_back(elsewhere: NetNamespace) -> None:
    async def scenario(station: HandMadeStation) -> None:
        assert "type managed" in await shell("iw", "dev", STATION, "info")
        await station.scan(TriggerScan((2412,)))

    run("iw", "dev", STATION, "set", "type", "__ap")
    try:
        with_station(scenario)
        assert "type AP" in run("iw", "dev", STATION, "info")
        assert "UP" not in run("ip", "link", "show", STATION).split("<")[1].split(">")[0].split(",")
    finally:
        run("iw", "dev", STATION, "set", "type", "managed")
