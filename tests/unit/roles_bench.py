# SPDX-License-Identifier: BSD-3-Clause
"""An access point machine on the bench: frames of stations, built by hand, go in; commands and events come out."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from wpsagent.capabilities import RadioCapabilities
from wpsagent.crypto.diffie_hellman import KeyPair
from wpsagent.dot11.elements import (
    extended_supported_rates_element,
    ssid_element,
    supported_rates_element,
    wmm_information_element,
)
from wpsagent.dot11.frames import (
    AssociationRequest,
    AssociationResponse,
    Authentication,
    Capability,
    Frame,
    ProbeRequest,
    ReassociationRequest,
    decode_frame,
)
from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    EapolReceived,
    Entropy,
    FrameReceived,
    FrameStatus,
    InstallKey,
    RadioCommand,
    RadioEvent,
    RemoveStation,
    SendEapol,
    SendFrame,
)
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.events import ApEvent
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.rsn.handshake import InstallGroupKey, InstallPairwiseKey
from wpsagent.rsn.rsne import WPA2_PSK_CCMP
from wpsagent.rsn.supplicant import Supplicant
from wpsagent.wsc.attributes import WfaExtension
from wpsagent.wsc.credential import ApSettings, Credential, NetworkSettings
from wpsagent.wsc.device import DeviceDescription, PrimaryDeviceType
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.elements import AssociationRequestAttributes, ProbeRequestAttributes, wrap
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigMethods,
    EncryptionType,
    RequestType,
    RfBands,
    WpsState,
)
from wpsagent.wsc.events import ApSettingsReceived, CredentialsReceived
from wpsagent.wsc.internal_registrar import InternalRegistrar
from wpsagent.wsc.issuing import IssuingPolicy
from wpsagent.wsc.registrar import FixedAuthority, Grant, Purpose, Registrar, RegistrarParameters

AP = MacAddress.parse("02:00:00:00:00:01")
OTHER_AP = MacAddress.parse("02:00:00:00:00:09")
PHONE = MacAddress.parse("02:00:00:00:01:00")
LAPTOP = MacAddress.parse("02:00:00:00:02:00")
SSID = Ssid(b"home")
PSK = b"\x05" * 32
RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)
BASIC_RATES = (2, 4, 11, 22)
PROTECTED = NetworkSettings(SSID, AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, psk=PSK)
EAPOL_START = bytes.fromhex("01010000")
OPEN = NetworkSettings(SSID, AuthenticationType.OPEN, EncryptionType.NONE)
RSNE = WPA2_PSK_CCMP.element()
WPS2 = wrap(AssociationRequestAttributes().encode())
WPS1 = wrap(AssociationRequestAttributes(wfa=WfaExtension(version2=None)).encode())
UUID = b"\xaa" * 16
PIN = b"12345670"
# Made once: what is under test is not the arithmetic.
PHONE_KEYS = KeyPair.from_private(int.from_bytes(hashlib.sha256(b"phone").digest()))

_C = TypeVar("_C", bound=RadioCommand)


def entropy_of(seed: str) -> Entropy:
    """Fixed entropy: the n-th draw is a hash of the seed and n."""
    draws = iter(range(10_000_000))

    def draw(count: int) -> bytes:
        return hashlib.shake_256(f"{seed} {next(draws)}".encode()).digest(count)

    return draw


def station_address(number: int) -> MacAddress:
    return MacAddress(b"\x02\x01\x00\x00" + number.to_bytes(2))


def authentication(source: MacAddress = PHONE, *, algorithm: int = 0, transaction: int = 1) -> Authentication:
    return Authentication(AP, source, AP, b"", algorithm, transaction)


def elements_of(
    extra: bytes = RSNE, *, ssid: Ssid = SSID, rates: tuple[int, ...] = RATES, has_wmm: bool = True
) -> bytes:
    elements = ssid_element(ssid) + supported_rates_element(rates) + extended_supported_rates_element(rates)
    return elements + extra + (wmm_information_element() if has_wmm else b"")


def association(source: MacAddress = PHONE, extra: bytes = RSNE) -> AssociationRequest:
    return AssociationRequest(AP, source, AP, elements_of(extra), Capability.ESS, 10)


def reassociation(source: MacAddress = PHONE, extra: bytes = RSNE) -> ReassociationRequest:
    return ReassociationRequest(AP, source, AP, elements_of(extra), Capability.ESS, 10, OTHER_AP)


def wps_probe(source: MacAddress, uuid_e: bytes, device_password_id: int = 4) -> ProbeRequest:
    attributes = ProbeRequestAttributes(
        request_type=RequestType.ENROLLEE_OPEN_8021X,
        uuid_e=uuid_e,
        device=DeviceDescription(device_name="phone"),
        device_password_id=device_password_id,
    )
    elements = ssid_element(Ssid(b"")) + supported_rates_element(RATES) + wrap(attributes.encode())
    return ProbeRequest(BROADCAST, source, BROADCAST, elements)


def sent_again(octets: bytes) -> bytes:
    """A frame as the radio of a station repeats it: Retry bit set, another Duration."""
    return bytes((octets[0], octets[1] | 0x08, 0x3A, 0x01)) + octets[4:]


def with_sequence(octets: bytes, number: int) -> bytes:
    return octets[:22] + (number << 4).to_bytes(2, "little") + octets[24:]


def registrar(seed: str = "registrar") -> InternalRegistrar:
    device = DeviceDescription(device_name="AP", config_methods=ConfigMethods.PHYSICAL_PUSH_BUTTON)
    return InternalRegistrar(device, UUID, entropy_of(seed))


def access_point(
    settings: NetworkSettings = PROTECTED,
    shared: InternalRegistrar | None = None,
    *,
    address: MacAddress = AP,
    frequency_mhz: int = 2437,
    is_hidden: bool = False,
    max_stations: int = 64,
    inactivity: float = 300.0,
    group_rekey: float = 86400.0,
    capabilities: RadioCapabilities = SIMULATED_CAPABILITIES,
    wps_state: WpsState = WpsState.CONFIGURED,
    policy: IssuingPolicy | None = None,
    psks: DevicePsks | None = None,
    credential_processing: CredentialProcessing = CredentialProcessing.INTERNAL,
) -> AccessPoint:
    """shared: the registrar; None where WPS is off."""
    wps = None
    if shared is not None:
        authority = shared.add_network(settings, RfBands.BAND_2_4_GHZ, wps_state=wps_state, policy=policy, psks=psks)
        wps = WpsRuns(authority, address, entropy_of(f"runs {address}"))
    parameters = AccessPointParameters(
        "wlan0",
        settings,
        frequency_mhz,
        is_hidden=is_hidden,
        max_stations=max_stations,
        inactivity=inactivity,
        group_rekey=group_rekey,
        credential_processing=credential_processing,
    )
    return AccessPoint(parameters, address, capabilities, wps, entropy_of(f"ap {address}"), psks=psks)


@dataclass
class Bench:
    """One access point, and what it said last."""

    machine: AccessPoint
    registrar: InternalRegistrar | None = None
    now: float = 1000.0
    commands: list[RadioCommand] = field(default_factory=list)
    events: list[ApEvent] = field(default_factory=list)

    def start(self) -> "Bench":
        self.machine.start(self.now)
        self.drain()
        return self

    def drain(self) -> list[RadioCommand]:
        """The new commands; events are kept until they are taken."""
        self.commands = self.machine.messages_to_send()
        self.events += iter(self.machine.next_event, None)
        return self.commands

    def take_events(self) -> list[ApEvent]:
        events, self.events = self.events, []
        return events

    def receive(self, event: RadioEvent) -> list[RadioCommand]:
        self.machine.receive(event, self.now)
        return self.drain()

    def frame(self, frame: Frame | bytes) -> list[RadioCommand]:
        return self.receive(FrameReceived(frame if isinstance(frame, bytes) else frame.encode()))

    def eapol(self, source: MacAddress, pdu: bytes) -> list[RadioCommand]:
        return self.receive(EapolReceived(source, pdu))

    def acknowledge(self, commands: list[RadioCommand]) -> list[RadioCommand]:
        """The station acknowledges what was sent with a token."""
        for command in only(commands, SendFrame):
            if command.token is not None:
                return self.receive(FrameStatus(command.token, True))
        raise AssertionError("nothing to acknowledge")

    def pass_time(self, seconds: float) -> list[RadioCommand]:
        """Let time pass; everything is done when it is due, and nothing twice at one time."""
        until, commands = self.now + seconds, list[RadioCommand]()
        while (deadline := self.machine.deadline) is not None and deadline <= until:
            self.now = max(self.now, deadline)
            self.machine.handle_timer(self.now)
            commands += self.drain()
            after = self.machine.deadline
            assert after is None or after > self.now, "a deadline that was met is still due"
        self.now = until
        self.commands = commands
        return commands

    # ---- how far a station comes

    def associate(self, source: MacAddress = PHONE, extra: bytes = RSNE) -> list[RadioCommand]:
        """Up to the acknowledged response: what the access point says then."""
        self.frame(authentication(source))
        return self.acknowledge(self.frame(association(source, extra)))

    def connect(self, source: MacAddress = PHONE) -> "BenchStation":
        """Up to an open port on a protected network."""
        commands = self.associate(source)
        station = BenchStation(self, source)
        station.take(commands)
        return station


def wps_bench() -> Bench:
    """Of a network with WPS."""
    shared = registrar()
    return Bench(access_point(shared=shared), shared).start()


class BenchStation:
    """A station with RSN on the bench."""

    def __init__(self, bench: Bench, address: MacAddress, psk: bytes = PSK) -> None:
        self.bench = bench
        self.address = address
        self.pairwise_key = b""
        self.group_keys: dict[int, bytes] = {}
        self.packet_numbers: dict[int, bytes] = {}
        """Of the group keys: what the station takes no broadcast up to."""
        self.is_silent = False
        self.supplicant = Supplicant(
            pmk=psk,
            authenticator_address=AP,
            station_address=address,
            rsne=RSNE,
            station_rsne=RSNE,
            entropy=entropy_of(str(address)),
        )
        self.supplicant.start(bench.now)

    def take(self, commands: list[RadioCommand]) -> list[RadioCommand]:
        """Answer until nothing more is said; gives all that the access point said after these commands."""
        said = list[RadioCommand]()
        waiting = list(commands)
        while waiting:
            command = waiting.pop(0)
            if not isinstance(command, SendEapol) or command.destination != self.address or self.is_silent:
                continue
            self.supplicant.receive(command.pdu, self.bench.now)
            for message in self.supplicant.messages_to_send():
                answer = self.bench.eapol(self.address, message.pdu)
                said += answer
                waiting += answer
            while (event := self.supplicant.next_event()) is not None:
                match event:
                    case InstallPairwiseKey():
                        self.pairwise_key = event.key
                    case InstallGroupKey():
                        self.group_keys[event.index] = event.key
                        self.packet_numbers[event.index] = event.receive_sequence_counter
                    case _:
                        pass
        return said


STATION_DEVICE = DeviceDescription(
    manufacturer="M", model_name="N", primary_device_type=PrimaryDeviceType(10, 5), device_name="phone"
)


class BenchWps:
    """A station in a registration protocol run on the bench."""

    def __init__(
        self, bench: Bench, address: MacAddress, role: Role, machine: Enrollee | Registrar, *, is_wps2: bool = True
    ) -> None:
        self.bench = bench
        self.address = address
        self.peer = EapPeer(role, machine, is_wps2=is_wps2)
        self.peer.start(bench.now)

    def take(self, commands: list[RadioCommand], *, at_most: int = 1000) -> list[RadioCommand]:
        """Answer PDUs until nothing more is said, or so many have been answered."""
        said, waiting = list[RadioCommand](), list(commands)
        while waiting and at_most:
            command = waiting.pop(0)
            if isinstance(command, SendEapol) and command.destination == self.address:
                at_most -= 1
                self.peer.receive(command.pdu, self.bench.now)
                for pdu in self.peer.messages_to_send():
                    answer = self.bench.eapol(self.address, pdu)
                    said += answer
                    waiting += answer
        return said


class BenchEnrollee(BenchWps):
    """A station that enrols."""

    def __init__(
        self, bench: Bench, address: MacAddress, uuid_e: bytes, password: bytes = b"00000000", *, is_wps2: bool = True
    ) -> None:
        password_id = 4 if password == b"00000000" else 0
        self.enrollee = Enrollee(
            EnrolleeParameters(STATION_DEVICE, uuid_e, address, password, password_id),
            entropy_of("enrollee"),
            PHONE_KEYS,
        )
        super().__init__(bench, address, Role.ENROLLEE, self.enrollee, is_wps2=is_wps2)

    @property
    def has_credential(self) -> bool:
        return bool(self.credentials())

    def credentials(self) -> list[Credential]:
        """What it was given since the last look."""
        received = [e for e in iter(self.enrollee.next_event, None) if isinstance(e, CredentialsReceived)]
        return [credential for event in received for credential in event.credentials]


class BenchRegistrar(BenchWps):
    """A station that reads the access point with its PIN, or gives it new_settings."""

    def __init__(
        self, bench: Bench, address: MacAddress, pin: bytes = PIN, new_settings: ApSettings | None = None
    ) -> None:
        purpose = Purpose.LEARN if new_settings is None else Purpose.CONFIGURE
        self.registrar = Registrar(
            RegistrarParameters(STATION_DEVICE, bytes(address) + bytes(10), purpose, new_settings),
            FixedAuthority(Grant(pin, 0)),
            entropy_of(f"registrar {address}"),
            PHONE_KEYS,
        )
        super().__init__(bench, address, Role.REGISTRAR, self.registrar)

    def learnt(self) -> list[ApSettings]:
        """What it was told since the last look."""
        return [e.settings for e in iter(self.registrar.next_event, None) if isinstance(e, ApSettingsReceived)]


def only(commands: list[RadioCommand], kind: type[_C]) -> list[_C]:
    return [command for command in commands if isinstance(command, kind)]


def frames_of(commands: list[RadioCommand]) -> list[Frame]:
    """The management frames among commands, decoded."""
    return [decode_frame(command.frame) for command in only(commands, SendFrame)]


def response_of(commands: list[RadioCommand]) -> AssociationResponse:
    (frame,) = (frame for frame in frames_of(commands) if isinstance(frame, AssociationResponse))
    return frame


def outline(commands: list[RadioCommand]) -> list[str]:
    """Commands in words, for pinning their order."""
    return list(_outline(commands))


def _outline(commands: list[RadioCommand]) -> Iterator[str]:
    for command in commands:
        match command:
            case SendFrame():
                frame = decode_frame(command.frame)
                number = getattr(frame, "reason_code", getattr(frame, "status_code", None))
                end = f" {int(number)}" if number is not None else ""
                yield f"{type(frame).__name__} {frame.destination}{end}"
            case SendEapol():
                yield f"SendEapol {command.destination}{' encrypted' if command.is_encrypted else ''}"
            case InstallKey():
                yield f"InstallKey {command.index} {command.station or 'group'}"
            case AddStation() | RemoveStation() | AuthorizeStation():
                yield f"{type(command).__name__} {command.address}"
            case _:
                yield type(command).__name__
