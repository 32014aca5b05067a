# SPDX-License-Identifier: BSD-3-Clause
"""The fake FullMAC chip as an access point: its firmware is the SME.  See `fullmac_chip` for why, and for the sources.

The dialogue, as brcmfmac has it:

    agent → driver                                  driver → agent
    START_AP                                        the firmware beacons, answers probes and authenticates by itself
                                                    ASSOC_IND, REASSOC_IND: NEW_STATION with the request's elements
    EAPOL on the packet socket                      EAPOL on the packet socket; it may come before NEW_STATION
    NEW_KEY, SET_KEY
    SET_STATION (authorized)                        data flows
    SET_BEACON
    DEL_STATION (reason)                            DEAUTH: DEL_STATION
                                                    DEAUTH_IND, DISASSOC_IND: DEL_STATION
    STOP_AP
"""

import errno
import struct
from dataclasses import dataclass

from tests.unit.fullmac_chip import FullMacChip, octets_of, vendor_elements
from tests.unit.nl80211_kernel import Request, attribute, nest, u32
from tests.unit.nl80211_world import (
    DEL_STATION,
    FRAME,
    GET_STATION,
    NEW_KEY,
    NEW_STATION,
    SET_BEACON,
    SET_KEY,
    SET_STATION,
    START_AP,
    STOP_AP,
)

from wpsagent.dot11.channels import channel_of
from wpsagent.dot11.elements import (
    ElementId,
    Elements,
    ds_parameter_element,
    element,
    extended_supported_rates_element,
    ssid_element,
    supported_rates_element,
    wmm_parameter_element,
)
from wpsagent.dot11.frames import (
    AssociationRequest,
    AssociationResponse,
    Authentication,
    AuthenticationAlgorithm,
    Capability,
    Deauthentication,
    Frame,
    ProbeRequest,
    ProbeResponse,
    ReasonCode,
    ReassociationRequest,
    StatusCode,
    decode_frame,
)
from wpsagent.io.simulated_radio import ETHERTYPE_EAPOL, ETHERTYPE_TEST, Air, DataUnit, ManagementUnit, Unit
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.rsn.rsne import AkmSuite, RsnCapability, Rsne

RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)
BASIC_RATES = (2, 4, 11, 22)
_AUTHORIZED = 1 << 1


@dataclass
class Scb:
    """What the firmware holds of a station ("station control block")."""

    is_associated: bool = False
    is_authorized: bool = False
    key: bytes | None = None


class AccessPointChip(FullMacChip):
    """An antenna in the air, and the answers of its driver.

    hears_probes: it reports probe requests, as some drivers do and brcmfmac does not.  has_port: it has change_station.
    tells_elements: NEW_STATION has the elements of the request; a few drivers leave them out.
    """

    hears_probes = False
    tells_elements = True

    def __init__(self, air: Air) -> None:
        super().__init__(air)
        self.frequency_mhz: int | None = None
        self.stations: dict[MacAddress, Scb] = {}
        self.group_key: bytes | None = None
        self.ssid_octets = b""
        self.is_hidden = False
        self.rsne: Rsne | None = None
        self.beacon_elements = self.probe_elements = self.association_elements = b""
        self.kernel.answers |= {
            START_AP: self.start_ap,
            SET_BEACON: self.set_beacon,
            STOP_AP: self.stop_ap,
            NEW_KEY: self.new_key,
            # brcmf_cfg80211_config_default_key matters for WEP only.
            SET_KEY: lambda request: [request.end()],
            SET_STATION: self.set_station,
            DEL_STATION: self.del_station,
            GET_STATION: self.dump_stations,
        }

    # ---- what the driver is asked

    def start_ap(self, request: Request) -> list[bytes]:
        if 264 in request.values:  # nl80211_crypto_settings: CONTROL_PORT_OVER_NL80211 needs tx_control_port
            return self.lacks(request)
        # nl80211_start_ap: EALREADY while it beacons, EINVAL without interval, period or head.
        if self.frequency_mhz is not None:
            return [request.end(errno.EALREADY)]
        if not {12, 13, 14} <= request.values.keys():
            return [request.end(errno.EINVAL)]
        # brcmf_cfg80211_start_ap: SSID from the attribute, channel by iovar "chanspec", hidden_ssid as "closednet".
        self.ssid_octets = octets_of(request, 52)
        self.is_hidden = octets_of(request, 126) != u32(0)
        # brcmf_parse_configure_security: the RSN element of the tail, no other attribute, says what is protected.
        body = Elements.decode(octets_of(request, 15)).first(ElementId.RSN)
        self.rsne = None if body is None else self.firmware_rsne(Rsne.decode(body))
        # brcmf_config_ap_mgmt_ie, after the network is up.
        self.take_elements(request)
        (self.frequency_mhz,) = struct.unpack("=I", octets_of(request, 38))
        self.air.join(self)
        return [request.end()]

    @staticmethod
    def firmware_rsne(asked: Rsne) -> Rsne:
        """brcmf_configure_wpaie: ciphers and AKM go to iovars "wsec" and "wpa_auth", from which the firmware makes its
        own element; replay counters, or else wme_bss_disable."""
        assert AkmSuite.PSK in asked.akm_suites
        counters = asked.capabilities & RsnCapability.PTKSA_REPLAY_COUNTER
        return Rsne(asked.group_cipher, asked.pairwise_ciphers, (AkmSuite.PSK,), counters)

    @property
    def has_wmm(self) -> bool:
        return self.rsne is None or bool(self.rsne.capabilities & RsnCapability.PTKSA_REPLAY_COUNTER)

    def take_elements(self, request: Request) -> None:
        """brcmf_config_ap_mgmt_ie: vendor elements of tail, IE_PROBE_RESP and IE_ASSOC_RESP, each for its frame."""
        self.beacon_elements = vendor_elements(octets_of(request, 15))
        self.probe_elements = vendor_elements(octets_of(request, 127))
        self.association_elements = vendor_elements(octets_of(request, 128))

    def set_beacon(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_change_beacon: the same, and nothing else of the beacon."""
        self.take_elements(request)
        return [request.end()]

    def stop_ap(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_stop_ap: down and up again; who was there is not told by name."""
        if self.frequency_mhz is None:
            return [request.end(errno.ENOENT)]
        self.air.leave(self)
        self.frequency_mhz = None
        self.stations.clear()
        return [request.end()]

    def new_key(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_add_key: an address makes it a pairwise key; the firmware must know the station."""
        key = self.key_of(request)
        if 6 not in request.values:
            self.group_key = key[1]
            return [request.end()]
        scb = self.stations.get(MacAddress(octets_of(request, 6)))
        if scb is None or not scb.is_associated:
            return [request.end(errno.EBADE)]  # fwil.c brcmf_fil_cmd_data: every refusal of the firmware
        scb.key = key[1]
        return [request.end()]

    def set_station(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_change_station: SCB_AUTHORIZE or SCB_DEAUTHORIZE, other flags are ignored."""
        mask, flags = struct.unpack("=II", octets_of(request, 67))
        scb = self.stations.get(MacAddress(octets_of(request, 6)))
        if scb is None:
            return [request.end(errno.EBADE)]
        if mask & _AUTHORIZED:
            scb.is_authorized = bool(flags & _AUTHORIZED)
        return [request.end()]

    def del_station(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_del_station: EFAULT without an address; SCB_DEAUTHENTICATE_FOR_REASON, then event DEAUTH."""
        if 6 not in request.values:
            return [request.end(errno.EFAULT)]
        address = MacAddress(octets_of(request, 6))
        (reason_code,) = struct.unpack("=H", request.values.get(54, struct.pack("=H", 2)))  # nl80211_del_station
        self.deauthenticate(address, reason_code)
        if self.stations.pop(address, None) is not None:
            self.tell(DEL_STATION, attribute(6, address))  # brcmf_notify_connect_status_ap: cfg80211_del_sta
        return [request.end()]

    def dump_stations(self, request: Request) -> list[bytes]:
        """brcmf_cfg80211_dump_station: GET_ASSOCLIST, then iovar "sta_info" of each."""
        replies = [
            request.reply(NEW_STATION, attribute(6, address), nest(21, attribute(1, u32(1000))))
            for address in self.stations
        ]
        return [*replies, request.done()]

    # ---- what the firmware hears

    def hear(self, unit: Unit) -> None:
        if isinstance(unit, DataUnit):
            self.hear_data(unit)
            return
        match decode_frame(unit.octets):
            case ProbeRequest() as probe:
                self.answer_probe(probe)
                if self.hears_probes:
                    self.tell(FRAME, attribute(51, unit.octets))
            case Authentication() as request:
                self.authenticate(request)
            case AssociationRequest() | ReassociationRequest() as request:
                self.associate(request)
            case Deauthentication() as farewell:  # a Disassociation, too
                if self.stations.pop(farewell.source, None) is not None:
                    self.tell(DEL_STATION, attribute(6, farewell.source))
            case _:
                pass

    def elements(self) -> bytes:
        """What the firmware itself says of the network."""
        assert self.frequency_mhz is not None
        elements = ssid_element(Ssid(self.ssid_octets)) + supported_rates_element(RATES, BASIC_RATES)
        elements += ds_parameter_element(channel_of(self.frequency_mhz))
        elements += extended_supported_rates_element(RATES, BASIC_RATES)
        elements += b"" if self.rsne is None else element(ElementId.RSN, self.rsne.encode())
        return elements + (wmm_parameter_element() if self.has_wmm else b"")

    def answer_probe(self, probe: ProbeRequest) -> None:
        wanted = probe.parse_elements().ssid
        if wanted == self.ssid_octets or (wanted == b"" and not self.is_hidden):
            capability = Capability.ESS | (Capability.PRIVACY if self.rsne is not None else 0)
            elements = self.elements() + self.probe_elements
            self.say(ProbeResponse(probe.source, self.address, self.address, elements, capability, 100))

    def authenticate(self, request: Authentication) -> None:
        status = StatusCode.SUCCESS
        if request.algorithm != AuthenticationAlgorithm.OPEN_SYSTEM:
            status = StatusCode.UNSUPPORTED_AUTH_ALGORITHM
        else:
            self.stations[request.source] = Scb()
        self.say(
            Authentication(request.source, self.address, self.address, b"", request.algorithm, 2, status),
        )

    def associate(self, request: AssociationRequest | ReassociationRequest) -> None:
        """ "FOR WPS , set SES_OW_ENABLED" (brcmf_configure_wpaie): without RSN element, too."""
        if request.source not in self.stations:
            self.deauthenticate(request.source, ReasonCode.INVALID_CLASS2_FRAME)
            return
        self.stations[request.source] = Scb(is_associated=True)
        aid = list(self.stations).index(request.source) + 1
        elements = supported_rates_element(RATES) + self.association_elements
        self.say(
            AssociationResponse(request.source, self.address, self.address, elements, Capability.ESS, 0, aid),
        )
        # brcmf_notify_connect_status_ap: sinfo->assoc_req_ies, which nl80211_send_station puts into IE.
        told = attribute(42, request.elements) if self.tells_elements else b""
        self.tell(NEW_STATION, attribute(6, request.source), nest(21), told)

    def hear_data(self, unit: DataUnit) -> None:
        scb = self.stations.get(unit.source)
        if scb is None or not scb.is_associated or unit.key not in (None, scb.key):
            return
        if unit.ethertype == ETHERTYPE_EAPOL and self.port is not None:
            self.port.deliver(unit.source, unit.payload)
        elif scb.is_authorized and unit.key == scb.key and unit.ethertype == ETHERTYPE_TEST:
            self.air.send(self, DataUnit(self.address, unit.source, unit.ethertype, unit.payload, scb.key))

    # ---- what it sends

    def transmit(self, destination: MacAddress, pdu: bytes) -> None:
        scb = self.stations.get(destination)
        if scb is not None:
            self.air.send(self, DataUnit(self.address, destination, ETHERTYPE_EAPOL, pdu, scb.key))

    def deauthenticate(self, address: MacAddress, reason_code: int) -> None:
        self.say(Deauthentication(address, self.address, self.address, reason_code))

    def say(self, frame: Frame) -> None:
        assert frame.destination != BROADCAST
        self.air.send(self, ManagementUnit(frame.destination, frame.encode()))
