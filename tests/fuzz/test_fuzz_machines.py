# SPDX-License-Identifier: BSD-3-Clause
"""Whole machines in every state, fed with what nobody should send: they raise nothing and keep their promises.

Three kinds of enemies: one without keys, who throws mutated packets into a run of two honest sides; one who knows the
password and seals mutated messages properly, so that no tag stands between them and the code behind it; and one
before any run, in Probe Requests.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from tests.fuzz import corpus
from tests.fuzz.mutation import cases, generate, mutate
from tests.pairs.eap_wsc_link import (
    AP_SETTINGS,
    ENROLLEE_KEYS,
    NEW_SETTINGS,
    PUSH_BUTTON_PASSWORD,
    REGISTRAR_KEYS,
    Link,
    Machine,
    device,
    entropy_of,
    join,
    wsc_events,
)

from wpsagent.crypto.rsn_keys import PairwiseTransientKey, derive_ptk
from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.packet import EapPacket
from wpsagent.errors import AgentError, DecodeError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.rsn.authenticator import Authenticator
from wpsagent.rsn.handshake import Event, InstallGroupKey, InstallPairwiseKey
from wpsagent.rsn.key_frame import GroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP
from wpsagent.rsn.supplicant import Supplicant
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.elements import BeaconAttributes, ProbeResponseAttributes
from wpsagent.wsc.enrollee import AccessPointEnrollee, Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, RfBands
from wpsagent.wsc.internal_registrar import BssAuthority, InternalRegistrar
from wpsagent.wsc.messages import M1, Message
from wpsagent.wsc.registrar import (
    Authority,
    FixedAuthority,
    Grant,
    Purpose,
    Refusal,
    Registrar,
    RegistrarParameters,
    RunOutcome,
)

PASSPHRASE = b"a passphrase"
AP_PIN = b"12345670"


class CountingAuthority:
    """The authority of an access point's network, and how many of its grants have not been given back."""

    def __init__(self, authority: BssAuthority) -> None:
        self._authority = authority
        self.open_grants = 0

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        decision = self._authority.authorize(m1, now)
        self.open_grants += isinstance(decision, Grant)
        return decision

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        return self._authority.is_overlapping(grant, now)

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        return self._authority.credentials_for(m1, grant)

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        self.open_grants -= 1
        self._authority.run_ended(m1, grant, outcome, now)


def access_point_authority() -> CountingAuthority:
    """A network whose button has just been pressed."""
    registrar = InternalRegistrar(device("an access point"), bytes(range(16, 32)), entropy_of("internal"))
    settings = NetworkSettings(
        Ssid(b"a network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=PASSPHRASE
    )
    authority = registrar.add_network(settings, RfBands.BAND_2_4_GHZ)
    registrar.press_button(0.0)
    return CountingAuthority(authority)


STATION_PARAMETERS = EnrolleeParameters(
    device("a station"), bytes(range(16)), corpus.STATION, PUSH_BUTTON_PASSWORD, device_password_id=4
)
REGISTRAR_PARAMETERS = RegistrarParameters(device("a registrar"), bytes(range(16, 32)))


CONFIGURE = replace(REGISTRAR_PARAMETERS, purpose=Purpose.CONFIGURE, new_settings=NEW_SETTINGS)


class Enemy:
    """Knows the password, and puts nonsense under the right keys: once, sooner or later in the run, or more often."""

    dice: random.Random
    honest_for: int = 0
    rate: float = 0.0

    def arm(self, dice: random.Random) -> None:
        """Of the twelve or so things that one side seals or sends, the first few are right."""
        self.dice, self.honest_for, self.rate = dice, dice.randrange(11), dice.choice((0.0, 0.3))

    def spoil(self, octets: bytes) -> bytes:
        self.honest_for -= 1
        is_spoilt = self.honest_for == -1 or (self.honest_for < 0 and self.dice.random() < self.rate)
        return mutate(octets, self.dice) if is_spoilt else octets


class EnemyEnrollee(Enemy, Enrollee):
    def _seal(self, octets: bytes) -> bytes:
        return super()._seal(self.spoil(octets))

    def _encrypt(self, settings: bytes) -> bytes:
        return super()._encrypt(self.spoil(settings))

    def _send_plain(self, message: Message) -> None:
        super()._send_plain(message)
        op_code, octets = self._to_send.pop()
        self._to_send.append((op_code, self.spoil(octets)))


class EnemyRegistrar(Enemy, Registrar):
    def _seal(self, octets: bytes) -> bytes:
        return super()._seal(self.spoil(octets))

    def _encrypt(self, settings: bytes) -> bytes:
        return super()._encrypt(self.spoil(settings))

    def _send_plain(self, message: Message) -> None:
        super()._send_plain(message)
        op_code, octets = self._to_send.pop()
        self._to_send.append((op_code, self.spoil(octets)))


@dataclass
class Parties:
    """Who meets on a link.  A side is an enemy where its dice are given."""

    station_dice: random.Random | None = None
    access_point_dice: random.Random | None = None
    authority: CountingAuthority = field(default_factory=access_point_authority)
    lock: AccessPointEnrolment = field(default_factory=lambda: AccessPointEnrolment(bytes))

    def enrolling_station(self) -> Machine:
        return _enrollee(STATION_PARAMETERS, self.station_dice)

    def enrolling_access_point(self) -> Machine:
        return _registrar(REGISTRAR_PARAMETERS, self.authority, self.access_point_dice)

    def configuring_station(self) -> Machine:
        return _registrar(CONFIGURE, FixedAuthority(Grant(AP_PIN, 0)), self.station_dice)

    def configured_access_point(self) -> Machine:
        access_point = AccessPointEnrollee(AP_SETTINGS, self.lock)
        parameters = EnrolleeParameters(device("an AP"), bytes(range(16)), corpus.AP, AP_PIN, access_point=access_point)
        return _enrollee(parameters, self.access_point_dice)

    def factories(self, *, is_enrolment: bool) -> tuple[Callable[[], Machine], Callable[[], Machine]]:
        if is_enrolment:
            return self.enrolling_station, self.enrolling_access_point
        return self.configuring_station, self.configured_access_point


def _enrollee(parameters: EnrolleeParameters, dice: random.Random | None) -> Enrollee:
    if dice is None:
        return Enrollee(parameters, entropy_of("enrollee"), ENROLLEE_KEYS)
    enemy = EnemyEnrollee(parameters, entropy_of("enrollee"), ENROLLEE_KEYS)
    enemy.arm(dice)
    return enemy


def _registrar(parameters: RegistrarParameters, authority: Authority, dice: random.Random | None) -> Registrar:
    if dice is None:
        return Registrar(parameters, authority, entropy_of("registrar"), REGISTRAR_KEYS)
    enemy = EnemyRegistrar(parameters, authority, entropy_of("registrar"), REGISTRAR_KEYS)
    enemy.arm(dice)
    return enemy


def run_and_check(link: Link, parties: Parties, case: str) -> None:
    """Whatever came: both sides come to their end, nothing was raised, and what they sent can be read."""
    try:
        link.run(until=1000.0)
    except Exception as error:
        raise AssertionError(f"{case}: {error!r} after {[pdu.hex() for _, pdu in link.transcript[-3:]]}") from error
    assert not link.authenticator.is_running, case
    assert (link.authenticator.deadline, link.peer.deadline) == (None, None), case
    for _, pdu in link.transcript:
        packet = EapolPacket.decode(pdu)
        if packet.type == EapolType.EAP_PACKET:
            EapPacket.decode(packet.body)
    for machine in (*link.stations, *link.access_points):
        assert machine.messages_to_send() == [], case
        assert machine.is_finished, case
        list(wsc_events(machine))
    assert parties.authority.open_grants == 0, case


# An enemy without keys.


@dataclass
class IntrudedLink(Link):
    """A link on which an enemy sends along in either direction for a minute; rate: how often for each packet."""

    dice: random.Random = field(default_factory=random.Random)
    rate: float = 0.0

    def _collect(self) -> None:
        super()._collect()
        if self.now < 60.0 and self.dice.random() < self.rate:
            self._intrude()
            super()._collect()

    def _intrude(self) -> None:
        heard = [pdu for _, pdu in self.transcript[-3:]]
        pdu = generate(heard if heard and self.dice.random() < 0.8 else corpus.EAPOL_PACKETS, self.dice)
        side = self.peer if self.dice.random() < 0.5 else self.authenticator
        try:
            side.receive(pdu, self.now)
        except Exception as error:
            raise AssertionError(f"{side.state} at {pdu.hex()}: {error!r}") from error


@pytest.mark.parametrize("is_enrolment", [True, False], ids=["enrolment", "configuration"])
def test_an_enemy_without_keys(is_enrolment: bool) -> None:
    for seed in cases(150):
        dice = random.Random(f"without keys {is_enrolment} {seed}")
        parties = Parties()
        honest = join(
            *parties.factories(is_enrolment=is_enrolment),
            fragment_size=dice.choice((50, 200, 1400)),
            wait_for_start=dice.random() < 0.3,
        )
        link = IntrudedLink(
            honest.authenticator,
            honest.peer,
            stations=honest.stations,
            access_points=honest.access_points,
            dice=dice,
            rate=dice.choice((0.02, 0.1, 0.5)),
        )
        run_and_check(link, parties, f"case {seed}")


# An enemy with keys.


@pytest.mark.parametrize("enemy", ["station", "access point"])
@pytest.mark.parametrize("is_enrolment", [True, False], ids=["enrolment", "configuration"])
def test_an_enemy_with_keys(is_enrolment: bool, enemy: str) -> None:
    for seed in cases(200):
        dice = random.Random(f"with keys {is_enrolment} {enemy} {seed}")
        parties = Parties(dice, None) if enemy == "station" else Parties(None, dice)
        link = join(*parties.factories(is_enrolment=is_enrolment))
        run_and_check(link, parties, f"case {seed}")


# The handshakes of RSN.

PMK = bytes(range(32))
RSNE = WPA2_PSK_CCMP.element()


def authenticator() -> Authenticator:
    return Authenticator(
        pmks=(PMK,),
        authenticator_address=corpus.AP,
        station_address=corpus.STATION,
        rsne=RSNE,
        station_rsne=RSNE,
        group_key=GroupKey(1, b"\xa1" * 16),
        entropy=entropy_of("authenticator"),
    )


def supplicant() -> Supplicant:
    return Supplicant(
        pmk=PMK,
        authenticator_address=corpus.AP,
        station_address=corpus.STATION,
        rsne=RSNE,
        station_rsne=RSNE,
        entropy=entropy_of("supplicant"),
    )


class KeyEnemy:
    """Sends into a handshake of two honest sides what it makes of their frames; with keys, under a valid MIC."""

    def __init__(self, dice: random.Random, *, has_keys: bool) -> None:
        self.dice = dice
        self.has_keys = has_keys
        self.heard: list[bytes] = []
        self._nonces = {True: bytes(32), False: bytes(32)}

    def hear(self, pdu: bytes) -> None:
        self.heard.append(pdu)
        frame = KeyFrame.decode(pdu)
        if frame.nonce != bytes(32):
            self._nonces[bool(frame.information & KeyInformation.ACK)] = frame.nonce

    def speak(self) -> bytes:
        is_mutated = self.dice.random() < (0.2 if self.has_keys else 0.8)
        octets = generate(self.heard[-4:], self.dice) if is_mutated else self.dice.choice(self.heard[-4:])
        if not self.has_keys:
            return octets
        try:
            frame = KeyFrame.decode(octets)
        except DecodeError:
            return octets
        keys = derive_ptk(PMK, corpus.AP, corpus.STATION, self._nonces[True], self._nonces[False])
        return self._forge(frame, keys).encode()

    def _forge(self, frame: KeyFrame, keys: PairwiseTransientKey) -> KeyFrame:
        """The frame with a plausible counter, new Key Data now and then, and the right MIC."""
        counter = KeyFrame.decode(self.heard[-1]).replay_counter + self.dice.choice((-1, 0, 0, 1, 2))
        frame = replace(frame, replay_counter=max(counter, 0))
        if self.dice.random() < 0.5:
            plain = generate([data.encode() for data in corpus.KEY_DATA], self.dice)[:400]
            frame = replace(frame, key_data=KeyData(plain).wrap(keys.kek))
        if self.dice.random() < 0.2:
            flags = frame.information ^ KeyInformation(1 << self.dice.randrange(3, 14))
            frame = replace(frame, information=flags)
        return frame.with_mic(keys.kck)


@pytest.mark.parametrize("has_keys", [False, True], ids=["without keys", "with keys"])
def test_an_enemy_in_the_handshakes_of_rsn(has_keys: bool) -> None:
    for seed in cases(400):
        dice = random.Random(f"rsn {has_keys} {seed}")
        _run_handshake(KeyEnemy(dice, has_keys=has_keys), f"case {seed}")


def _run_handshake(enemy: KeyEnemy, case: str) -> None:
    sides = (authenticator(), supplicant())
    events: tuple[list[Event], list[Event]] = ([], [])
    now = 0.0
    sides[1].start(now)
    sides[0].start(now)
    for step in range(40):
        now += enemy.dice.choice((0.001, 0.001, 0.05, 1.0))
        if step == 20:
            sides[0].rekey(GroupKey(2, b"\xb2" * 16), now)
        for side, other in ((sides[0], sides[1]), (sides[1], sides[0])):
            for message in side.messages_to_send():
                enemy.hear(message.pdu)
                _receive(other, message.pdu, now, case)
            if enemy.dice.random() < 0.3:
                _receive(side, enemy.speak(), now, case)
        events[0].extend(_events(sides[0], now))
        events[1].extend(_events(sides[1], now))
    for seen in events:
        pairwise = [event.key for event in seen if isinstance(event, InstallPairwiseKey)]
        group = [event.key for event in seen if isinstance(event, InstallGroupKey)]
        assert len(pairwise) == len(set(pairwise)), case
        assert len(group) == len(set(group)), case


def _events(side: Authenticator | Supplicant, now: float) -> Iterator[Event]:
    side.handle_timer(now)
    while (event := side.next_event()) is not None:
        yield event


def _receive(side: Authenticator | Supplicant, pdu: bytes, now: float, case: str) -> None:
    try:
        side.receive(pdu, now)
    except Exception as error:
        raise AssertionError(f"{case}: {type(side).__name__} at {pdu.hex()}: {error!r}") from error


# Probe Requests, and what people do meanwhile.


def test_an_enemy_in_probe_requests() -> None:
    """The internal registrar hears anything at any time; what it then tells in its frames can be read."""
    valid = [corpus.FRAME_ATTRIBUTES[3]]
    for seed in cases(60):
        dice = random.Random(f"probe requests {seed}")
        registrar = InternalRegistrar(device("an access point"), bytes(range(16, 32)), entropy_of("internal"))
        settings = NetworkSettings(Ssid(b"a network"), AuthenticationType.OPEN, EncryptionType.NONE)
        network = registrar.add_network(settings, RfBands.BAND_2_4_GHZ)
        now = 0.0
        for _ in range(60):
            now += dice.choice((0.0, 0.1, 3.0, 50.0))
            address = MacAddress(bytes(5) + bytes((dice.randrange(40),)))
            registrar.probe_request_received(address, generate(valid, dice), now)
            _do_something(registrar, dice, now)
            BeaconAttributes.decode(network.beacon_attributes())
            ProbeResponseAttributes.decode(network.probe_response_attributes())
            while registrar.next_event() is not None:
                pass


def _do_something(registrar: InternalRegistrar, dice: random.Random, now: float) -> None:
    """The button, a PIN or a cancellation now and then; refusals are for the person, nothing else may come."""
    try:
        match dice.randrange(12):
            case 0:
                registrar.press_button(now)
            case 1:
                registrar.add_pin(b"12345670", now, timeout=dice.choice((0, 10)))
            case 2:
                registrar.cancel(now)
    except AgentError:
        return
