# SPDX-License-Identifier: BSD-3-Clause
"""Authenticator and supplicant joined in memory: fixed entropy, simulated clock, a link that loses and repeats."""

import hashlib
import random
from collections.abc import Callable, Iterator

import pytest

from wpsagent.dot11.frames import ReasonCode
from wpsagent.octets import MacAddress
from wpsagent.rsn import authenticator as authenticator_module
from wpsagent.rsn import supplicant as supplicant_module
from wpsagent.rsn.authenticator import Authenticator
from wpsagent.rsn.handshake import (
    Authorized,
    Event,
    FrameDiscarded,
    GroupKeyDelivered,
    Handshake,
    HandshakeFailed,
    InstallGroupKey,
    InstallPairwiseKey,
)
from wpsagent.rsn.key_frame import GroupKey
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, CipherSuite, Rsne
from wpsagent.rsn.supplicant import Supplicant

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:00:02")
PMK = bytes(range(32))
RSNE = WPA2_PSK_CCMP.element()
FIRST_GTK = GroupKey(1, b"\xa1" * 16)
PACKET_NUMBER = b"\x05\x00\x00\x00\x00\x00"
SECOND_GTK = GroupKey(2, b"\xb2" * 16)


def entropy_of(seed: bytes) -> Callable[[int], bytes]:
    """Fixed entropy: the n-th draw is a hash of the seed and n."""
    draws = iter(range(1_000_000))

    def entropy(count: int) -> bytes:
        return hashlib.shake_256(seed + next(draws).to_bytes(4)).digest(count)

    return entropy


def make_authenticator(pmk: bytes = PMK, rsne: bytes = RSNE, group_key: GroupKey = FIRST_GTK) -> Authenticator:
    return Authenticator(
        pmks=(pmk,),
        authenticator_address=AP,
        station_address=STATION,
        rsne=rsne,
        station_rsne=RSNE,
        group_key=group_key,
        entropy=entropy_of(b"authenticator"),
        packet_number_of=lambda group_key: PACKET_NUMBER if group_key is FIRST_GTK else bytes(6),
    )


def make_supplicant(pmk: bytes = PMK, rsne: bytes = RSNE) -> Supplicant:
    return Supplicant(
        pmk=pmk,
        authenticator_address=AP,
        station_address=STATION,
        rsne=rsne,
        station_rsne=RSNE,
        entropy=entropy_of(b"supplicant"),
    )


def drain(machine: Handshake) -> Iterator[Event]:
    while (event := machine.next_event()) is not None:
        yield event


class Link:
    """The air between the two, on a simulated clock.  fate: the PDUs that arrive, in order, of those that were sent."""

    def __init__(
        self,
        authenticator: Authenticator,
        supplicant: Supplicant,
        fate: Callable[[list[bytes]], list[bytes]] = list,
    ) -> None:
        self.authenticator = authenticator
        self.supplicant = supplicant
        self.fate = fate
        self.now = 0.0
        self.transcript: list[bytes] = []
        self.authenticator_events: list[Event] = []
        self.supplicant_events: list[Event] = []

    def _carry(self, source: Authenticator | Supplicant, destination: Authenticator | Supplicant) -> bool:
        sent = [message.pdu for message in source.messages_to_send()]
        self.transcript += sent
        for pdu in self.fate(sent):
            destination.receive(pdu, self.now)
        self.authenticator_events += drain(self.authenticator)
        self.supplicant_events += drain(self.supplicant)
        return bool(sent)

    def settle(self) -> None:
        """Carry messages to and fro until nobody has anything to say."""
        while self._carry(self.authenticator, self.supplicant) | self._carry(self.supplicant, self.authenticator):
            pass

    def run(self) -> None:
        """Settle, and let time pass from deadline to deadline, until there is none."""
        self.settle()
        while deadlines := [d for d in (self.authenticator.deadline, self.supplicant.deadline) if d is not None]:
            self.now = min(deadlines)
            self.authenticator.handle_timer(self.now)
            self.supplicant.handle_timer(self.now)
            self.settle()

    def installed(self) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Pairwise keys at the authenticator, at the supplicant, group keys at the supplicant."""
        return (
            [e.key for e in self.authenticator_events if isinstance(e, InstallPairwiseKey)],
            [e.key for e in self.supplicant_events if isinstance(e, InstallPairwiseKey)],
            [e.key for e in self.supplicant_events if isinstance(e, InstallGroupKey)],
        )


def connected() -> Link:
    link = Link(make_authenticator(), make_supplicant())
    link.supplicant.start(0.0)
    link.authenticator.start(0.0)
    link.run()
    return link


def test_handshake_installs_the_same_pairwise_key_once_on_both_sides_and_authorizes() -> None:
    link = connected()
    at_authenticator, at_supplicant, _ = link.installed()
    assert at_authenticator == at_supplicant
    assert len(at_authenticator[0]) == 16
    key = InstallPairwiseKey(at_authenticator[0])
    assert link.authenticator_events == [key, Authorized(), GroupKeyDelivered(1)]
    group = InstallGroupKey(1, FIRST_GTK.key, PACKET_NUMBER, CipherSuite.CCMP_128)
    assert link.supplicant_events == [key, group, Authorized()]
    assert link.authenticator.state is authenticator_module.State.ESTABLISHED
    assert link.supplicant.state is supplicant_module.State.ESTABLISHED
    assert link.now == 0.0


def test_whole_transcript_with_fixed_entropy_is_pinned() -> None:
    link = connected()
    link.authenticator.rekey(SECOND_GTK, 10.0)
    link.run()
    assert [len(pdu) for pdu in link.transcript] == [99, 121, 155, 99, 131, 99]
    digest = hashlib.sha256(b"".join(link.transcript)).hexdigest()
    assert digest == "99c4297f5130918d4f9949e16fad8f7c9b9958f4f22d11d6a5df9b80ad24ed5c"


def test_group_rekey_installs_the_second_key_and_tells_the_authenticator() -> None:
    link = connected()
    link.authenticator.rekey(SECOND_GTK, 10.0)
    link.run()
    assert link.authenticator_events[-1] == GroupKeyDelivered(2)
    assert link.supplicant_events[-1] == InstallGroupKey(2, SECOND_GTK.key, bytes(6), CipherSuite.CCMP_128)


def test_rekey_before_message_4_is_delivered_by_a_group_handshake_right_after() -> None:
    link = Link(make_authenticator(), make_supplicant())
    link.authenticator.start(0.0)
    link.supplicant.receive(link.authenticator.messages_to_send()[0].pdu, 0.0)
    link.authenticator.receive(link.supplicant.messages_to_send()[0].pdu, 0.0)
    link.authenticator.rekey(SECOND_GTK, 0.0)
    link.run()
    assert link.installed()[2] == [FIRST_GTK.key, SECOND_GTK.key]
    delivered = [event for event in link.authenticator_events if isinstance(event, GroupKeyDelivered)]
    assert delivered == [GroupKeyDelivered(1), GroupKeyDelivered(2)]


def test_rekey_before_message_2_goes_out_in_message_3() -> None:
    link = Link(make_authenticator(), make_supplicant())
    link.authenticator.start(0.0)
    link.authenticator.rekey(SECOND_GTK, 0.0)
    link.run()
    assert link.installed()[2] == [SECOND_GTK.key]
    assert link.authenticator_events[-1] == GroupKeyDelivered(2)


def test_wrong_passphrase_times_out_after_four_tries_and_is_told() -> None:
    link = Link(make_authenticator(), make_supplicant(pmk=b"\xff" * 32))
    link.supplicant.start(0.0)
    link.authenticator.start(0.0)
    link.run()
    failure = [event for event in link.authenticator_events if isinstance(event, HandshakeFailed)]
    text = "message 2 had a wrong MIC (4 times): the station's passphrase is probably wrong"
    assert failure == [HandshakeFailed(ReasonCode(15), text, is_wrong_key=True)]
    assert link.authenticator.mic_failures == 4
    assert link.installed() == ([], [], [])
    text = "the access point did not accept message 2: the passphrase is probably wrong"
    assert link.supplicant_events == [HandshakeFailed(ReasonCode(15), text, is_wrong_key=True)]


def test_changed_beacon_rsne_fails_the_supplicant_with_reason_17() -> None:
    downgraded = Rsne(CipherSuite.TKIP, (CipherSuite.TKIP, CipherSuite.CCMP_128), WPA2_PSK_CCMP.akm_suites).element()
    link = Link(make_authenticator(), make_supplicant(rsne=downgraded))
    link.authenticator.start(0.0)
    link.run()
    failures = [event for event in link.supplicant_events if isinstance(event, HandshakeFailed)]
    assert [failure.reason_code for failure in failures] == [17]
    assert link.installed() == ([], [], [])


def test_tkip_group_key_reaches_the_driver_with_its_mic_keys_swapped() -> None:
    rsne = Rsne(CipherSuite.TKIP, (CipherSuite.CCMP_128,), WPA2_PSK_CCMP.akm_suites).element()
    group_key = GroupKey(1, bytes(range(32)))
    link = Link(make_authenticator(rsne=rsne, group_key=group_key), make_supplicant(rsne=rsne))
    link.authenticator.start(0.0)
    link.run()
    expected = bytes(range(16)) + bytes(range(24, 32)) + bytes(range(16, 24))
    installed = [event for event in link.supplicant_events if isinstance(event, InstallGroupKey)]
    assert installed == [InstallGroupKey(1, expected, bytes(6), CipherSuite.TKIP)]


def test_lost_message_4_is_sent_again_without_installing_a_key_twice() -> None:
    lost: list[bytes] = []

    def lose_the_first_message_4(pdus: list[bytes]) -> list[bytes]:
        arrived = []
        for pdu in pdus:
            if pdu[5:7] == b"\x03\x0a" and not lost:
                lost.append(pdu)
            else:
                arrived.append(pdu)
        return arrived

    link = Link(make_authenticator(), make_supplicant(), lose_the_first_message_4)
    link.authenticator.start(0.0)
    link.run()
    assert len(lost) == 1
    at_authenticator, at_supplicant, groups = link.installed()
    assert len(at_authenticator) == len(at_supplicant) == len(groups) == 1
    assert Authorized() in link.authenticator_events
    assert link.now == 0.1


def test_every_message_lost_ends_after_four_tries_with_reason_15() -> None:
    link = Link(make_authenticator(), make_supplicant(), lambda pdus: [])
    link.authenticator.start(0.0)
    link.run()
    assert len(link.transcript) == 4
    text = "the station did not answer message 1 (4 tries)"
    assert link.authenticator_events == [HandshakeFailed(ReasonCode(15), text)]
    assert link.now == pytest.approx(3.1)


def test_lost_group_messages_end_after_four_tries_with_reason_16() -> None:
    link = connected()
    link.fate = lambda pdus: []
    link.authenticator.rekey(SECOND_GTK, 50.0)
    link.run()
    text = "the station did not confirm the new group key (4 tries)"
    assert link.authenticator_events[-1] == HandshakeFailed(ReasonCode(16), text)
    assert link.now == pytest.approx(53.1)


@pytest.mark.parametrize("seed", range(200))
def test_link_that_loses_repeats_and_delays_never_installs_a_key_twice_nor_two_different_keys(seed: int) -> None:
    chance = random.Random(seed)
    held: list[bytes] = []

    def fate(pdus: list[bytes]) -> list[bytes]:
        arrived: list[bytes] = []
        for pdu in pdus:
            arrived += [pdu] * chance.choice((0, 1, 1, 1, 2))
            if chance.random() < 0.3:
                held.append(pdu)
        if held and chance.random() < 0.5:
            arrived.append(held.pop(0))
        chance.shuffle(arrived)
        return arrived

    link = Link(make_authenticator(), make_supplicant(), fate)
    link.supplicant.start(0.0)
    link.authenticator.start(0.0)
    link.run()
    if link.authenticator.state is authenticator_module.State.ESTABLISHED:
        link.authenticator.rekey(SECOND_GTK, link.now)
        link.run()
    at_authenticator, at_supplicant, groups = link.installed()
    assert len(at_authenticator) <= 1
    assert len(at_supplicant) <= 1
    assert len(groups) == len(set(groups))
    if at_authenticator:
        assert at_authenticator == at_supplicant
    ends = (authenticator_module.State.ESTABLISHED, authenticator_module.State.FAILED)
    assert link.authenticator.state in ends
    if link.authenticator.state is authenticator_module.State.FAILED:
        assert isinstance(next(e for e in link.authenticator_events if isinstance(e, HandshakeFailed)), HandshakeFailed)


@pytest.mark.parametrize("seed", range(40))
def test_damaged_octets_are_discarded_and_the_retransmission_gets_through(seed: int) -> None:
    chance = random.Random(seed)
    damaged: list[bytes] = []

    def fate(pdus: list[bytes]) -> list[bytes]:
        arrived = []
        for pdu in pdus:
            octets = bytearray(pdu)
            if len(damaged) < 3 and chance.random() < 0.5:
                # Message 1 has no MIC: its damage may go unnoticed by the receiver, but not in what follows.
                octets[chance.randrange(len(octets))] ^= 1 << chance.randrange(8)
                damaged.append(bytes(octets))
            arrived.append(bytes(octets))
        return arrived

    link = Link(make_authenticator(), make_supplicant(), fate)
    link.authenticator.start(0.0)
    link.run()
    assert link.authenticator.state is authenticator_module.State.ESTABLISHED
    at_authenticator, at_supplicant, groups = link.installed()
    assert at_authenticator == at_supplicant
    assert len(at_authenticator) == len(groups) == 1


def test_octets_that_are_no_key_frame_are_discarded_by_both_sides() -> None:
    chance = random.Random(7)
    for machine in (make_authenticator(), make_supplicant()):
        for _ in range(300):
            machine.receive(chance.randbytes(chance.randrange(160)), 0.0)
        assert all(isinstance(event, FrameDiscarded) for event in drain(machine))
        assert machine.messages_to_send() == []
