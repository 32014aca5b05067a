# SPDX-License-Identifier: BSD-3-Clause
"""EapAuthenticator and EapPeer, each with its WSC machine, joined in memory on a simulated clock."""

import hashlib
import heapq
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wpsagent.crypto.diffie_hellman import KeyPair
from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.eap.events import EapEnded, EndReason
from wpsagent.eap.events import Event as EapEvent
from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import ApSettings, Credential, encode_credentials
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.enrollee import AccessPointEnrollee, ApLock, Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType
from wpsagent.wsc.events import Event as WscEvent
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import (
    FixedAuthority,
    Grant,
    Purpose,
    Refusal,
    Registrar,
    RegistrarParameters,
    RunOutcome,
)

STATION = MacAddress.parse("02:00:00:00:00:02")
AP = MacAddress.parse("02:00:00:00:00:01")
PUSH_BUTTON_PASSWORD = b"00000000"
CREDENTIAL = Credential(
    Ssid(b"a network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a passphrase", STATION
)
AP_SETTINGS = ApSettings(Ssid(b"a network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a passphrase", AP)
NEW_SETTINGS = ApSettings(
    Ssid(b"a new network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a new passphrase"
)
# Made once: what is under test here is not the arithmetic.
ENROLLEE_KEYS = KeyPair.from_private(int.from_bytes(hashlib.sha256(b"enrollee").digest()))
REGISTRAR_KEYS = KeyPair.from_private(int.from_bytes(hashlib.sha256(b"registrar").digest()))


def entropy_of(seed: str) -> Callable[[int], bytes]:
    """Fixed entropy: the n-th draw is a hash of the seed and n."""
    draws = iter(range(1_000_000))

    def entropy(count: int) -> bytes:
        return hashlib.shake_256(f"{seed} {next(draws)}".encode()).digest(count)

    return entropy


class RecordingAuthority:
    """Grants or refuses everybody, and remembers how runs ended."""

    def __init__(self, decision: Grant | Refusal) -> None:
        self.decision = decision
        self.outcomes: list[RunOutcome] = []

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        return self.decision

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        return False

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        return encode_credentials((CREDENTIAL,))

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        self.outcomes.append(outcome)


def device(name: str) -> DeviceDescription:
    return DeviceDescription(
        manufacturer="A manufacturer",
        model_name="A model",
        model_number="1",
        serial_number="12345",
        primary_device_type=COMPUTER,
        device_name=name,
        config_methods=ConfigMethods.VIRTUAL_PUSH_BUTTON,
    )


def station_enrollee(password: bytes = PUSH_BUTTON_PASSWORD, device_password_id: int = 4) -> Enrollee:
    parameters = EnrolleeParameters(device("a station"), bytes(range(16)), STATION, password, device_password_id)
    return Enrollee(parameters, entropy_of("enrollee"), ENROLLEE_KEYS)


def ap_registrar(authority: RecordingAuthority) -> Registrar:
    parameters = RegistrarParameters(device("an access point"), bytes(range(16, 32)))
    return Registrar(parameters, authority, entropy_of("registrar"), REGISTRAR_KEYS)


def ap_enrollee(pin: bytes, lock: ApLock) -> Enrollee:
    parameters = EnrolleeParameters(
        device("an access point"),
        bytes(range(16)),
        AP,
        pin,
        access_point=AccessPointEnrollee(AP_SETTINGS, lock),
    )
    return Enrollee(parameters, entropy_of("enrollee"), ENROLLEE_KEYS)


def station_registrar(pin: bytes, purpose: Purpose) -> Registrar:
    settings = NEW_SETTINGS if purpose is Purpose.CONFIGURE else None
    parameters = RegistrarParameters(device("a station"), bytes(range(16, 32)), purpose, settings)
    return Registrar(parameters, FixedAuthority(Grant(pin, 0)), entropy_of("registrar"), REGISTRAR_KEYS)


def wsc_events(machine: Enrollee | Registrar) -> Iterator[WscEvent]:
    while (event := machine.next_event()) is not None:
        yield event


def eap_events(side: EapAuthenticator | EapPeer) -> Iterator[EapEvent]:
    while (event := side.next_event()) is not None:
        yield event


Machine = Enrollee | Registrar


def perfect(pdu: bytes) -> list[float]:
    """The fate of a PDU is the list of the delays, in seconds, after which it arrives."""
    return [0.001]


def lossy(seed: int, loss: float = 0.05, repeat: float = 0.05, late: float = 0.05) -> Callable[[bytes], list[float]]:
    """Loses, repeats and delays: what is late is overtaken by what is sent after it."""
    dice = random.Random(seed)

    def fate(pdu: bytes) -> list[float]:
        if dice.random() < loss:
            return []
        delays = [0.4 * dice.random() if dice.random() < late else 0.001]
        if dice.random() < repeat:
            delays.append(delays[0] + 0.3 * dice.random())
        return delays

    return fate


@dataclass
class Link:
    """The air between the two.  transcript: who sent what when, as it was sent, whatever its fate."""

    authenticator: EapAuthenticator
    peer: EapPeer
    fate: Callable[[bytes], list[float]] = perfect
    now: float = 0.0
    stations: list[Machine] = field(default_factory=list)
    access_points: list[Machine] = field(default_factory=list)
    transcript: list[tuple[str, bytes]] = field(default_factory=list)
    authenticator_end: EndReason | None = None
    peer_end: EndReason | None = None

    def __post_init__(self) -> None:
        self._air: list[tuple[float, int, str, bytes]] = []
        self._sent = 0

    def _collect(self) -> None:
        """Puts on the air what both have to say, and notes their ends."""
        for who, pdus in (("AP", self.authenticator.messages_to_send()), ("STA", self.peer.messages_to_send())):
            for pdu in pdus:
                self.transcript.append((who, pdu))
                for delay in self.fate(pdu):
                    self._sent += 1
                    heapq.heappush(self._air, (self.now + delay, self._sent, who, pdu))
        self.authenticator_end = _end_of(self.authenticator) or self.authenticator_end
        self.peer_end = _end_of(self.peer) or self.peer_end

    def _next_time(self) -> float | None:
        times = [time for time in (self.authenticator.deadline, self.peer.deadline) if time is not None]
        return min([*times, self._air[0][0]] if self._air else times, default=None)

    @property
    def station(self) -> Machine:
        """The machine of the station's last run."""
        return self.stations[-1]

    @property
    def access_point(self) -> Machine:
        """The machine of the access point's last run."""
        return self.access_points[-1]

    @property
    def ends(self) -> tuple[EndReason | None, EndReason | None]:
        """How the conversation ended for the access point and for the station."""
        return self.authenticator_end, self.peer_end

    def run(self, until: float = 600.0) -> None:
        """Lets time pass until nothing is on the air and nobody waits, or the time has come."""
        self._collect()
        while (time := self._next_time()) is not None and time <= until:
            self.now = time
            while self._air and self._air[0][0] <= time:
                _, _, who, pdu = heapq.heappop(self._air)
                (self.peer if who == "AP" else self.authenticator).receive(pdu, time)
            self.authenticator.handle_timer(time)
            self.peer.handle_timer(time)
            self._collect()


def _end_of(side: EapAuthenticator | EapPeer) -> EndReason | None:
    ends = [event.reason for event in eap_events(side) if isinstance(event, EapEnded)]
    return ends[-1] if ends else None


def join(
    new_station: Callable[[], Machine],
    new_access_point: Callable[[], Machine],
    *,
    fragment_size: int = 1400,
    fate: Callable[[bytes], list[float]] = perfect,
    wait_for_start: bool = False,
) -> Link:
    """A link between a station and an access point that have just associated; each run has machines of its own."""
    stations, access_points = [new_station()], list[Machine]()

    def machine_for(role: Role) -> Machine:
        access_points.append(new_access_point())
        return access_points[-1]

    def new_machine() -> Machine:
        stations.append(new_station())
        return stations[-1]

    authenticator = EapAuthenticator(
        machine_for=machine_for, fragment_size=fragment_size, wait_for_start=wait_for_start
    )
    role = Role.ENROLLEE if isinstance(stations[0], Enrollee) else Role.REGISTRAR
    peer = EapPeer(role, stations[0], fragment_size=fragment_size, is_wps2=not wait_for_start, new_machine=new_machine)
    authenticator.start(0.0)
    peer.start(0.0)
    return Link(authenticator, peer, fate, stations=stations, access_points=access_points)
