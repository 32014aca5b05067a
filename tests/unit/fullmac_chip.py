# SPDX-License-Identifier: BSD-3-Clause
"""A FullMAC chip that is not there: the nl80211 dialogue of a driver like brcmfmac (Raspberry Pi), line by line.

This is a fake.  mac80211_hwsim, the kernel's simulated radio, is SoftMAC, and no FullMAC driver runs without its chip:
so what the agent says to one is answered here as the driver's source says it would be, in octets that pass through the
agent's own transport and codec.  What a real chip does beyond its source (firmware, timing, loss) is not known here.

Sources, named at each line: brcmfmac is drivers/net/wireless/broadcom/brcm80211/brcmfmac/cfg80211.c of Linux 6.x,
nl80211 is net/wireless/nl80211.c, sme is net/wireless/sme.c.  On the far side is the simulated air: phones and access
points that know nothing of nl80211.
"""

import asyncio
import errno
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import Request, attribute, nest, u8, u16, u32
from tests.unit.nl80211_world import (
    CONTROL_PORT_FRAME,
    FRAME,
    INDEX,
    NEW_STATION,
    NEW_WIPHY,
    OWN,
    PROBE_CLIENT,
    REGISTER_FRAME,
    SET_BSS,
    STATION_TYPE,
    World,
    worlds,
)

from wpsagent.dot11.elements import WMM_VENDOR_TYPE, ElementId, Elements
from wpsagent.io.simulated_radio import Air
from wpsagent.octets import MacAddress

ABORT_SCAN = 114
EVENT_DELAY = 0.002
"""Seconds that an event of the firmware waits for brcmf_fweh_event_worker (fweh.c); data does not, and is earlier."""

_RATES = (10, 20, 55, 110, 60, 90, 120, 180, 240, 360, 480, 540)
_CIPHERS = (0x000FAC01, 0x000FAC05, 0x000FAC02, 0x000FAC04)  # brcmfmac brcmf_cipher_suites, without MFP
_COMMANDS = (6, 7, 11, 15, 14, 19, 46, 48, 33, 59)
_WPA_VENDOR_TYPE = b"\x00\x50\xf2\x01"
_MAXIMUM_VENDOR_ELEMENTS = 5  # brcmfmac VNDR_IE_PARSE_LIMIT


def octets_of(request: Request, number: int) -> bytes:
    return request.values.get(number, b"")


def attributes_in(octets: bytes) -> dict[int, bytes]:
    """A nest."""
    return Request(0, 0, 0, 0, octets).values


def carry_out(coroutine: Coroutine[Any, Any, None]) -> None:
    """The simulated radios' commands wait for nothing: the kernel's answer is there when send() returns."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits")


def vendor_elements(octets: bytes) -> bytes:
    """What of the elements the firmware is given (brcmfmac brcmf_parse_vndr_ies): vendor ones, neither WPA nor WMM."""
    found = [
        (element_id, body)
        for element_id, body in Elements.decode(octets).items
        if element_id == ElementId.VENDOR_SPECIFIC and body[:4] not in (_WPA_VENDOR_TYPE, WMM_VENDOR_TYPE)
    ]
    return Elements(tuple(found[:_MAXIMUM_VENDOR_ELEMENTS])).encode()


class EapolPort:
    """Stands in for the AF_PACKET socket: a pair of sockets, so that EAPOL comes when the loop reads it.

    A datagram is the other's address (6 octets) and the PDU.
    """

    def __init__(self, handler: Callable[[MacAddress, bytes], None], send: Callable[[MacAddress, bytes], None]) -> None:
        self._handler = handler
        self.send = send
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._near.setblocking(False)
        asyncio.get_running_loop().add_reader(self._near, self._readable)

    def deliver(self, source: MacAddress, pdu: bytes) -> None:
        """From the chip: netif_rx, whatever nl80211 is doing."""
        self._far.send(source + pdu)

    def _readable(self) -> None:
        datagram = self._near.recv(4096)
        self._handler(MacAddress(datagram[:6]), datagram[6:])

    def close(self) -> None:
        if self._near.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._near)
            self._near.close()
            self._far.close()


class FullMacChip(World):
    """phy4 with wlan0 on such a chip; `refused` is what it was asked for and lacks."""

    def __init__(self, air: Air) -> None:
        super().__init__()
        self.air = air
        self.address = OWN
        self.port: EapolPort | None = None
        self.refused: list[int] = []
        # What is no member of struct cfg80211_ops brcmf_cfg80211_ops nl80211 refuses before the driver is asked:
        # add_station, change_bss, probe_client, tx_control_port, abort_scan.
        for command in (NEW_STATION, SET_BSS, PROBE_CLIENT, CONTROL_PORT_FRAME, ABORT_SCAN):
            self.kernel.answers[command] = self.lacks
        self.kernel.answers[REGISTER_FRAME] = self.register_frame
        # FRAME: brcmf_cfg80211_mgmt_tx sends action frames; of others it says "Unhandled" to its log, and success.
        self.kernel.answers[FRAME] = lambda request: [request.end()]

    def lacks(self, request: Request) -> list[bytes]:
        self.refused.append(request.command)
        return [request.end(errno.EOPNOTSUPP)]

    def register_frame(self, request: Request) -> list[bytes]:
        """cfg80211_mlme_register_mgmt: what brcmf_txrx_stypes lists for the type of the interface, or EINVAL.

        An access point's list has probe requests; but the firmware tells of them for P2P alone (p2p.c
        brcmf_p2p_notify_rx_mgmt_p2p_probereq): they never come.
        """
        subtypes = (0x40, 0xD0) if self.kind == STATION_TYPE else (0x00, 0x20, 0x40, 0xA0, 0xB0, 0xC0, 0xD0)
        return [request.end(0 if request.values[101] in map(u16, subtypes) else errno.EINVAL)]

    def wiphy(self, request: Request) -> list[bytes]:
        """brcmfmac brcmf_setup_wiphy, brcmf_setup_ifmodes, without P2P and MBSS, as nl80211_send_wiphy tells it."""
        channels = (nest(at, attribute(1, u32(2412 + 5 * at)), attribute(6, u32(2000))) for at in range(13))
        rates = (nest(at, attribute(1, u32(rate))) for at, rate in enumerate(_RATES))
        one_of_each = [
            nest(at, attribute(1, u32(1)), nest(2, attribute(kind))) for at, kind in enumerate((2, 3), start=1)
        ]
        reply = request.reply(
            NEW_WIPHY,
            attribute(1, u32(4)),
            attribute(2, b"phy4\0"),
            attribute(43, u8(10)),  # WL_NUM_SCAN_MAX
            attribute(56, u16(2048)),  # BRCMF_SCAN_IE_LEN_MAX
            attribute(57, b"".join(map(u32, _CIPHERS))),
            nest(32, attribute(1), attribute(2), attribute(3)),
            nest(22, nest(0, nest(1, *channels), nest(2, *rates))),
            nest(50, *(attribute(at, u32(command)) for at, command in enumerate(_COMMANDS))),
            # "#STA <= 1, #AP <= 1, channels = 1, 2 total"
            nest(120, nest(1, nest(1, *one_of_each), attribute(2, u32(2)), attribute(4, u32(1)))),
            attribute(141, u32(0)),  # WIPHY_FLAG_HAVE_AP_SME: DEVICE_AP_SME, without any offload to tell of
            attribute(217, bytes([0, 0x20])),  # CQM_RSSI_LIST; no CONTROL_PORT_OVER_NL80211
        )
        return [reply, request.done()]

    def open_eapol(self, interface: str, handler: Callable[[MacAddress, bytes], None], *, bridge: str | None) -> Any:
        assert (interface, bridge) == ("wlan0", None)
        self.port = EapolPort(handler, self.transmit)
        return self.port

    def transmit(self, destination: MacAddress, pdu: bytes) -> None:
        """dev_queue_xmit: in the clear, or under the pairwise key once there is one."""
        raise AssertionError("no role")

    def tell(self, command: int, *attributes: bytes) -> None:
        """An event of the firmware: it goes through a work queue first."""
        asyncio.get_running_loop().call_later(EVENT_DELAY, self._tell_now, command, attributes)

    def _tell_now(self, command: int, attributes: tuple[bytes, ...]) -> None:
        if not self.kernel.is_closed:
            self.deliver(command, *attributes)

    @staticmethod
    def key_of(request: Request) -> dict[int, bytes]:
        """DATA 1, IDX 2, CIPHER 3, SEQ 4."""
        return attributes_in(octets_of(request, 80))

    def wiphy_and_interface(self) -> tuple[bytes, ...]:
        return attribute(1, u32(4)), attribute(3, u32(INDEX))


def with_chip(monkeypatch: pytest.MonkeyPatch, chip: FullMacChip) -> Iterator[FullMacChip]:
    """For a fixture: the agent's nl80211 talks to this chip."""
    for world in worlds(monkeypatch, chip):
        assert world is chip
        yield chip
