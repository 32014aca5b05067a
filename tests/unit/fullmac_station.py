# SPDX-License-Identifier: BSD-3-Clause
"""The fake FullMAC chip as a station: its firmware authenticates, associates and roams.  See `fullmac_chip`.

The dialogue, as brcmfmac has it:

    agent → driver                                  driver → agent
    TRIGGER_SCAN                                    EAGAIN while it connects; NEW_SCAN_RESULTS or SCAN_ABORTED
    ABORT_SCAN                                      EOPNOTSUPP: a scan ends when it has been everywhere
    GET_SCAN                                        what cfg80211 has been told of
    CONNECT (BSSID, SSID, channel, elements, suites) CONNECT with the elements of the response, or with status 16
    EAPOL on the packet socket                      EAPOL on the packet socket; it may come before CONNECT
    NEW_KEY, SET_STATION (authorized)               data flows
                                                    ROAM, where the firmware likes another access point better
    DISCONNECT                                      DISCONNECT, before the request is acknowledged
                                                    DISCONNECT (by the access point)

The firmware itself is played by the simulated station's radio.
"""

import errno
import struct
from contextlib import suppress

from tests.unit.fullmac_chip import FullMacChip, carry_out, octets_of
from tests.unit.nl80211_kernel import Request, attribute, nest, u16, u32, u64
from tests.unit.nl80211_world import INDEX, NEW_KEY, SET_STATION
from tests.unit.simulated_station_radio import SimulatedStationRadio

from wpsagent.dot11.elements import WPS_VENDOR_TYPE, Elements
from wpsagent.dot11.frames import Capability
from wpsagent.errors import RadioError
from wpsagent.io.nl80211.netlink import split_attributes
from wpsagent.io.simulated_radio import Air
from wpsagent.octets import NO_ADDRESS, MacAddress, Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    AuthorizeStation,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    InstallKey,
    InstallReceiveKey,
    ScanFinished,
    ScanResult,
    SendEapol,
    StationEvent,
    TriggerScan,
)

DEL_KEY, GET_SCAN, TRIGGER_SCAN, NEW_SCAN_RESULTS, SCAN_ABORTED = 12, 32, 33, 34, 35
CONNECT, ROAM, DISCONNECT = 46, 47, 48
AUTH_TIMEOUT = 16
_AUTHORIZED = 1 << 1


class StationChip(FullMacChip):
    """`firmware` is the part that is on the air; `association_elements` what CONNECT gave it for the request."""

    def __init__(self, air: Air) -> None:
        super().__init__(air)
        self.firmware: SimulatedStationRadio | None = None
        self.known: tuple[ScanResult, ...] = ()
        self.association: Connect | None = None
        self.is_connecting = self.is_connected = False
        self.roams_to: Connect | None = None
        self.has_key = self.finds_nobody = False
        self.keys: list[int] = []
        self.kernel.answers |= {
            TRIGGER_SCAN: self.trigger_scan,
            GET_SCAN: self.dump_scan,
            CONNECT: self.connect,
            DISCONNECT: self.disconnect,
            NEW_KEY: self.new_key,
            DEL_KEY: self.del_key,
            SET_STATION: self.set_station,
        }

    @property
    def radio(self) -> SimulatedStationRadio:
        """brcmf_cfg80211_up: the firmware comes up with the interface."""
        if self.firmware is None:
            self.firmware = SimulatedStationRadio(self.air, "firmware", self.address)
            self.firmware.set_handler(self.heard)
        return self.firmware

    # ---- what the driver is asked

    def trigger_scan(self, request: Request) -> list[bytes]:
        # brcmf_cfg80211_scan: "Connecting: status" and "Scanning already" are EAGAIN.
        if self.is_connecting:
            return [request.end(errno.EAGAIN)]
        ssids = tuple(Ssid(each) for _at, each in split_attributes(octets_of(request, 45)))
        frequencies = tuple(int.from_bytes(each, "little") for _at, each in split_attributes(octets_of(request, 44)))
        try:
            # request->ie: vendor elements for probe requests (BRCMF_VNDR_IE_PRBREQ_FLAG)
            carry_out(self.radio.execute(TriggerScan(frequencies, ssids, octets_of(request, 42))))
        except RadioError:
            return [request.end(errno.EAGAIN)]
        self.deliver(TRIGGER_SCAN, *self.wiphy_and_interface())  # nl80211_send_scan_start
        return [request.end()]

    def dump_scan(self, request: Request) -> list[bytes]:
        """nl80211_send_bss of what brcmf_inform_single_bss told: elements of whichever frame, no TSF."""
        replies = [
            request.reply(
                NEW_SCAN_RESULTS,
                attribute(3, u32(INDEX)),
                nest(
                    47,
                    attribute(1, found.bssid),
                    attribute(2, u32(found.frequency_mhz)),
                    attribute(3, u64(0)),
                    attribute(4, u16(found.beacon_interval_tu)),
                    attribute(5, u16(found.capability)),
                    attribute(6, found.elements),
                    attribute(7, struct.pack("=i", int(found.signal_dbm * 100))),
                    attribute(10, u32(found.age_ms)),
                ),
            )
            for found in self.known
        ]
        return [*replies, request.done()]

    def connect(self, request: Request) -> list[bytes]:
        values = request.values
        if 264 in values:  # nl80211_crypto_settings: CONTROL_PORT_OVER_NL80211
            return self.lacks(request)
        if self.is_connected or self.is_connecting:
            return [request.end(errno.EALREADY)]  # sme: cfg80211_connect, "wdev->connected"
        assert values[102] == u16(0x888E)  # nl80211: another control port's ethertype would be EINVAL
        assert values[53] == u32(0)  # brcmf_set_auth_type: open system
        command = Connect(
            MacAddress(values[6]),
            Ssid(values[52]),
            int.from_bytes(values[38], "little"),
            values.get(42, b""),
            is_protected=70 in values,
        )
        has_ciphers = 73 in values or 74 in values
        if has_ciphers:
            # brcmf_set_wpa_version, brcmf_set_wsec_mode, brcmf_set_key_mgmt: versions, pairwise, group, AKM
            assert {73, 74, 75, 76} <= values.keys()
        self.association = command
        self.is_connecting = True
        if not self.finds(command, has_ciphers=has_ciphers):
            self.tell_result(AUTH_TIMEOUT)
            return [request.end()]
        carry_out(self.radio.execute(command))
        return [request.end()]

    def finds(self, command: Connect, *, has_ciphers: bool) -> bool:
        """The firmware joins a protected network with a cipher, an open one without: "In case of privacy, but no
        security and WPS then simulate setting AES" (brcmf_set_wsec_mode)."""
        is_wps = Elements.decode(command.elements).vendor(WPS_VENDOR_TYPE) is not None
        is_secured = has_ciphers or (is_wps and command.is_protected)
        if self.finds_nobody:
            return False
        heard = next((found for found in self.known if found.bssid == command.bssid), None)
        return heard is not None and is_secured == bool(heard.capability & Capability.PRIVACY)

    def disconnect(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_disconnect: cfg80211_disconnected first, then BRCMF_C_DISASSOC; its event is not heard."""
        reason = octets_of(request, 54)
        self.deliver(DISCONNECT, attribute(54, reason))
        self.end()
        with suppress(RadioError):  # the firmware had given up already
            carry_out(self.radio.execute(Disconnect(int.from_bytes(reason, "little"))))
        return [request.end()]

    def new_key(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_add_key: EIO unless up; with an address a pairwise key, else a group key with its counter."""
        key = self.key_of(request)
        cipher = int.from_bytes(key[3], "little")
        self.keys.append(key[2][0])
        if 6 in request.values:
            self.has_key = True
            carry_out(self.radio.execute(InstallKey(key[2][0], key[1], cipher, MacAddress(octets_of(request, 6)))))
        else:
            assert len(key[4]) == 6  # params->seq, "rx iv"
            carry_out(self.radio.execute(InstallReceiveKey(key[2][0], key[1], cipher, key[4])))
        return [request.end()]

    def del_key(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_del_key: "Ignore clearing of (never configured) key" is EINVAL."""
        had_key, self.has_key = self.has_key, False
        return [request.end(0 if had_key else errno.EINVAL)]

    def set_station(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_change_station."""
        mask, flags = struct.unpack("=II", octets_of(request, 67))
        if mask & _AUTHORIZED:
            address = MacAddress(octets_of(request, 6))
            carry_out(self.radio.execute(AuthorizeStation(address, bool(flags & _AUTHORIZED))))
        return [request.end()]

    def transmit(self, destination: MacAddress, pdu: bytes) -> None:
        if self.is_connected:
            carry_out(self.radio.execute(SendEapol(destination, pdu, is_encrypted=self.has_key)))

    # ---- what the firmware says

    def heard(self, event: StationEvent) -> None:
        match event:
            case ScanFinished():
                self.known = event.results
                command = SCAN_ABORTED if event.is_aborted else NEW_SCAN_RESULTS
                self.tell(command, *self.wiphy_and_interface())
            case Associated():
                self.associated(event)
            case AssociationFailed():
                # brcmf_bss_connect_done: whatever it was, WLAN_STATUS_AUTH_TIMEOUT.
                self.tell_result(AUTH_TIMEOUT)
            case EapolReceived() if self.port is not None:
                self.port.deliver(event.source, event.pdu)
            case Disconnected() if self.roams_to is not None:
                carry_out(self.radio.execute(self.roams_to))
            case Disconnected() if self.is_connected:
                # brcmf_link_down: locally generated or not by the kind of event.
                self.end()
                by_peer = attribute(71) if event.is_by_peer else b""
                self.tell(DISCONNECT, attribute(54, u16(event.reason_code)), by_peer)
            case _:
                pass

    def associated(self, event: Associated) -> None:
        if self.roams_to is not None:
            # brcmf_bss_roaming_done: the new BSS is made known (brcmf_update_bss_info), then cfg80211_roamed.
            self.roams_to, self.has_key = None, False
            self.tell(ROAM, attribute(6, event.bssid), attribute(78, event.response_elements))
            return
        self.is_connecting, self.is_connected = False, True
        self.tell(CONNECT, attribute(6, event.bssid), attribute(72, u16(0)), attribute(78, event.response_elements))

    def tell_result(self, status: int) -> None:
        """A failure.  brcmf_bss_connect_done names profile->bssid, which nobody has set: 00:00:00:00:00:00."""
        self.end()
        self.tell(CONNECT, attribute(6, NO_ADDRESS), attribute(72, u16(status)))

    def end(self) -> None:
        self.is_connecting = self.is_connected = self.has_key = False

    # ---- what a test does

    def roam(self, target: MacAddress) -> None:
        """The firmware likes another access point of the network better (BRCMF_E_ROAM)."""
        assert self.association is not None
        found = next(found for found in self.known if found.bssid == target)
        former = self.association
        self.roams_to = Connect(target, former.ssid, found.frequency_mhz, former.elements, former.is_protected)
        carry_out(self.radio.execute(Disconnect(8)))

    async def shut_down(self) -> None:
        if self.firmware is not None:
            await self.firmware.close()
