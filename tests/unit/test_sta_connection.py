# SPDX-License-Identifier: BSD-3-Clause
"""One connection: the order of its commands, its keys, and every way it ends."""

import pytest
from tests.unit.sta_air import OWN, PROTECTED, RSNE, address, bss
from tests.unit.sta_bench import AP, PSK, Talk, authenticator, cafe, home, only

from wpsagent.crypto.rsn_keys import KeyDescriptorVersion, derive_ptk
from wpsagent.dot11.frames import Capability, ReasonCode, decode_frame
from wpsagent.dot11.sa_query import SaQuery, SaQueryAction
from wpsagent.errors import ProtocolError
from wpsagent.octets import Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    AuthorizeStation,
    CommandFailed,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    FrameReceived,
    InstallKey,
    InstallReceiveKey,
    ScanFinished,
    SendEapol,
    SendFrame,
    StationEvent,
    UnprotectedFarewell,
)
from wpsagent.roles.sta.association import (
    MAXIMUM_EARLY,
    AssociationBegan,
    AssociationEnded,
    End,
    GroupKeyChanged,
    PortOpened,
    State,
)
from wpsagent.roles.sta.connection import Connection
from wpsagent.roles.sta.network import ProtectionPolicy
from wpsagent.rsn.key_frame import GroupKey, IntegrityGroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, AkmSuite, CipherSuite, FrameProtection, RsnCapability, Rsne


def protected(psk: bytes | None = PSK) -> Talk:
    return Talk(Connection(bss(), home(), OWN, psk, lambda size: b"\x33" * size))


def open_talk() -> Talk:
    found = bss(ssid=b"cafe", elements=b"", capability=Capability.ESS)
    return Talk(Connection(found, cafe(), OWN, None, lambda size: b"\x33" * size))


def connected() -> Talk:
    talk = protected()
    talk.associate()
    other = authenticator()
    other.start(talk.now)
    talk.handshake(other)
    talk.take()
    return talk


def is_in_handshake(talk: Talk) -> bool:
    assert isinstance(talk.association, Connection)
    return talk.association.state is State.ASSOCIATED and not talk.association.is_open_port


def ended(talk: Talk) -> AssociationEnded:
    (event,) = only(talk.take(), AssociationEnded)
    assert talk.association.state is State.ENDED
    assert talk.association.deadline is None
    return event


def test_an_open_network_is_open_once_associated() -> None:
    talk = open_talk()
    assert talk.start() == [Connect(AP, Ssid(b"cafe"), 2437, b"", False)]
    assert talk.receive(Associated(AP)) == [AuthorizeStation(AP)]
    assert talk.take() == [AssociationBegan(), PortOpened()]
    assert talk.association.deadline is None


def test_the_association_request_asks_for_what_is_offered() -> None:
    assert protected().start() == [
        Connect(AP, Ssid(b"home"), 2437, RSNE, True, CipherSuite.CCMP_128, CipherSuite.CCMP_128, AkmSuite.PSK, False)
    ]


def test_the_handshake_sends_before_it_installs_and_installs_before_it_opens() -> None:
    talk = protected(None)  # the connection derives the key itself
    talk.associate()
    assert talk.take() == [AssociationBegan()]
    assert is_in_handshake(talk)
    other = authenticator()
    other.start(talk.now)
    said = talk.handshake(other)
    assert [type(command) for command in said] == [
        SendEapol,
        SendEapol,
        InstallKey,
        InstallReceiveKey,
        AuthorizeStation,
    ]
    assert only(said, InstallReceiveKey) == [InstallReceiveKey(1, b"\x0a" * 16, CipherSuite.CCMP_128, bytes(6))]
    assert [(key.index, key.station) for key in only(said, InstallKey)] == [(0, AP)]
    assert talk.take() == [PortOpened()]
    assert not is_in_handshake(talk)
    assert talk.association.deadline is None


def test_eapol_that_comes_before_the_news_of_the_association_is_kept() -> None:
    talk = protected()
    talk.start()
    other = authenticator()
    other.start(talk.now)
    (message,) = other.messages_to_send()
    assert talk.receive(EapolReceived(AP, message.pdu)) == []
    for _ in range(MAXIMUM_EARLY + 5):
        talk.receive(EapolReceived(AP, b"\x02\x03\x00\x00"))
    assert len(only(talk.receive(Associated(AP)), SendEapol)) == 1


def test_strangers_are_not_heard() -> None:
    talk = protected()
    talk.start()
    stranger = address(9)
    other = authenticator()
    other.start(talk.now)
    (message,) = other.messages_to_send()
    assert talk.receive(Associated(stranger)) == []
    assert talk.receive(AssociationFailed(stranger, 1)) == []
    talk.receive(Associated(AP))
    assert talk.receive(EapolReceived(stranger, message.pdu)) == []
    assert talk.association.state is State.ASSOCIATED


def test_a_group_key_is_renewed() -> None:
    talk = protected()
    talk.associate()
    other = authenticator()
    other.start(talk.now)
    talk.handshake(other)
    talk.take()
    other.rekey(GroupKey(2, b"\x0b" * 16), talk.now)
    said = talk.handshake(other)
    assert [(c.index, c.key) for c in only(said, InstallReceiveKey)] == [(2, b"\x0b" * 16)]
    assert [command.is_encrypted for command in only(said, SendEapol)] == [True]
    assert talk.take() == [GroupKeyChanged(2)]


def test_eapol_on_an_open_network_means_nothing() -> None:
    talk = open_talk()
    talk.associate()
    assert talk.receive(EapolReceived(AP, b"\x02\x03\x00\x00")) == []
    talk.association.handle_timer(talk.now + 100)
    assert talk.drain() == []


# ---- ends


@pytest.mark.parametrize("status", [None, 17])
def test_a_rejection_tells_its_status(status: int | None) -> None:
    talk = protected()
    talk.start()
    talk.receive(AssociationFailed(AP, status))
    assert ended(talk) == AssociationEnded(End.REJECTED, status_code=status)


def test_a_connect_that_the_radio_refuses_is_a_rejection() -> None:
    talk = protected()
    (connect,) = talk.start()
    talk.receive(CommandFailed(Connect(AP, Ssid(b"home"), 2412, b"", False), "of another one"))
    assert talk.association.state is State.ASSOCIATING
    talk.receive(CommandFailed(connect, "busy"))
    assert ended(talk) == AssociationEnded(End.REJECTED, text="busy")


def test_a_deauthentication_instead_of_an_association_is_a_rejection() -> None:
    talk = protected()
    talk.start()
    talk.receive(Disconnected(5, is_by_peer=True))
    event = ended(talk)
    assert (event.end, event.reason_code, event.is_local) == (End.REJECTED, 5, False)
    assert "reason 5" in event.text


def test_a_radio_that_says_nothing_is_told_to_stop_after_ten_seconds() -> None:
    talk = protected()
    talk.start()
    assert talk.pass_time(9.9) == []
    assert talk.pass_time(0.2) == [Disconnect(3)]
    talk.receive(Disconnected(3, is_by_peer=False))
    event = ended(talk)
    assert (event.end, event.text) == (End.REJECTED, "no answer")


@pytest.mark.parametrize(("is_by_peer", "is_local"), [(True, False), (False, True)])
def test_a_connection_that_stood_is_lost(is_by_peer: bool, is_local: bool) -> None:
    talk = connected()
    talk.receive(Disconnected(4, is_by_peer))
    event = ended(talk)
    assert (event.end, event.reason_code, event.is_local) == (End.LOST, 4, is_local)


def test_an_open_network_is_lost_too() -> None:
    talk = open_talk()
    talk.associate()
    talk.receive(Disconnected(4, is_by_peer=False))
    assert ended(talk).end is End.LOST


def test_who_is_sent_away_after_message_2_has_the_wrong_key() -> None:
    for is_by_peer, end in ((True, End.WRONG_KEY), (False, End.HANDSHAKE_FAILED)):
        talk = protected()
        talk.associate()
        other = authenticator(b"\x06" * 32)
        other.start(talk.now)
        talk.handshake(other)
        talk.receive(Disconnected(15, is_by_peer))
        assert ended(talk).end is end


def test_who_is_sent_away_before_the_handshake_may_have_the_right_key() -> None:
    talk = protected()
    talk.associate()
    talk.receive(Disconnected(1, is_by_peer=True))
    assert ended(talk).end is End.HANDSHAKE_FAILED


def test_a_handshake_that_does_not_begin_ends_after_ten_seconds() -> None:
    talk = protected()
    talk.associate()
    assert talk.pass_time(10.1) == [Disconnect(15)]
    talk.receive(Disconnected(15, is_by_peer=False))
    event = ended(talk)
    assert (event.end, event.reason_code) == (End.HANDSHAKE_FAILED, 15)
    assert "did not begin" in event.text


def test_an_unanswered_message_2_is_a_wrong_key() -> None:
    talk = protected()
    talk.associate()
    other = authenticator(b"\x06" * 32)
    other.start(talk.now)
    talk.handshake(other)
    assert talk.pass_time(10.1) == [Disconnect(15)]
    assert talk.pass_time(1.1) == []
    assert ended(talk).end is End.WRONG_KEY


def test_a_key_that_the_radio_refuses_ends_the_connection() -> None:
    talk = connected()
    key = InstallKey(0, bytes(16), CipherSuite.CCMP_128, AP)
    assert talk.receive(CommandFailed(key, "no space")) == [Disconnect(1)]
    talk.receive(CommandFailed(Disconnect(1), "gone already"))
    event = ended(talk)
    assert (event.end, event.text) == (End.HANDSHAKE_FAILED, "the radio refused a key: no space")


def test_a_frame_that_was_not_sent_is_only_lost() -> None:
    talk = connected()
    assert talk.receive(CommandFailed(SendEapol(AP, b""), "busy")) == []
    assert talk.association.state is State.ASSOCIATED


def test_an_open_network_needs_no_port_opened() -> None:
    talk = open_talk()
    talk.associate()
    assert talk.receive(CommandFailed(AuthorizeStation(AP), "no such port")) == []
    assert talk.association.state is State.ASSOCIATED


def leaving() -> Talk:
    talk = connected()
    talk.association.leave(3, talk.now)
    assert talk.drain() == [Disconnect(3)]
    talk.association.leave(8, talk.now)
    assert talk.drain() == []
    return talk


@pytest.mark.parametrize(
    "event",
    [
        Disconnected(3, is_by_peer=False),
        Disconnected(6, is_by_peer=True),
        AssociationFailed(AP, None),
        CommandFailed(Disconnect(3), "not connected"),
    ],
)
def test_leaving_ends_with_whatever_the_radio_says(event: StationEvent) -> None:
    talk = leaving()
    talk.receive(event)
    assert ended(talk) == AssociationEnded(End.LEFT, 3)


def test_leaving_ends_after_a_second_of_silence() -> None:
    talk = leaving()
    talk.association.handle_timer(talk.now)  # early
    assert talk.association.state is State.LEAVING
    talk.pass_time(1.0)
    assert ended(talk) == AssociationEnded(End.LEFT, 3)


@pytest.mark.parametrize(
    "event",
    [
        Associated(AP),
        AssociationFailed(AP, 1),
        Disconnected(3, is_by_peer=True),
        EapolReceived(AP, b"\x02\x03\x00\x00"),
        CommandFailed(Disconnect(3), "x"),
        CommandFailed(SendEapol(AP, b""), "x"),
        ScanFinished(()),
    ],
)
def test_what_comes_after_the_end_or_before_the_beginning_is_dropped(event: StationEvent) -> None:
    talk = leaving()
    talk.pass_time(1.0)
    talk.take()
    assert talk.receive(event) == []
    assert talk.take() == []
    idle = protected()
    assert idle.receive(event) == []
    assert idle.take() == []
    assert idle.association.state is State.IDLE


def test_associated_in_the_wrong_state_changes_nothing() -> None:
    talk = connected()
    assert talk.receive(Associated(AP)) == []
    assert talk.receive(AssociationFailed(AP, 1)) == []
    assert talk.association.state is State.ASSOCIATED


def test_an_access_point_of_another_network_is_refused() -> None:
    with pytest.raises(ProtocolError, match="no longer"):
        Connection(bss(ssid=b"other"), home(), OWN, PSK, bytes)
    with pytest.raises(ProtocolError, match="no longer"):
        Connection(bss(elements=b"", capability=PROTECTED), home(), OWN, PSK, bytes)


# ---- protected management frames

CMAC = KeyDescriptorVersion.AES_128_CMAC
OFFER = Rsne(
    akm_suites=(AkmSuite.PSK, AkmSuite.PSK_SHA256), capabilities=RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE
)
CHOSEN = Rsne(
    akm_suites=(AkmSuite.PSK_SHA256,),
    capabilities=RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE,
    group_management_cipher=CipherSuite.BIP_CMAC_128,
)
ANONCE, SNONCE = b"\xaa" * 32, b"\x33" * 32
MESSAGE_3 = KeyInformation(0x13C8)
GROUP_MESSAGE_1 = KeyInformation(0x1380)
CLASS_3 = ReasonCode.INVALID_CLASS3_FRAME


def eapol(information: KeyInformation, counter: int, key_data: KeyData) -> EapolReceived:
    ptk = derive_ptk(PSK, AP, OWN, ANONCE, SNONCE, version=CMAC)
    frame = KeyFrame(information, counter, ANONCE, key_data.wrap(ptk.kek), 16, descriptor_version=CMAC)
    return EapolReceived(AP, frame.with_mic(ptk.kck).encode())


def frame_protected() -> Talk:
    talk = Talk(Connection(bss(elements=OFFER.element()), home(), OWN, PSK, lambda size: b"\x33" * size))
    talk.associate()
    talk.receive(EapolReceived(AP, KeyFrame(KeyInformation(0x88), 1, ANONCE, descriptor_version=CMAC).encode()))
    igtk = IntegrityGroupKey(4, b"\xc3" * 16, b"\x07" + bytes(5))
    talk.receive(eapol(MESSAGE_3, 2, KeyData(OFFER.element(), 1, b"\x0a" * 16, igtk)))
    return talk


def queries(talk: Talk) -> list[SaQuery]:
    return [SaQuery.decode(decode_frame(command.frame)) for command in only(talk.commands, SendFrame)]


def answer(query: SaQuery) -> FrameReceived:
    return FrameReceived(SaQuery(SaQueryAction.RESPONSE, query.transaction).frame(OWN, AP, AP).encode())


def test_protected_frames_are_asked_for_where_they_are_offered() -> None:
    offered = bss(elements=OFFER.element())
    (connect,) = Talk(Connection(offered, home(), OWN, PSK, bytes)).start()
    suites = (CipherSuite.CCMP_128, CipherSuite.CCMP_128, AkmSuite.PSK_SHA256)
    assert connect == Connect(AP, Ssid(b"home"), 2437, CHOSEN.element(), True, *suites, True)


@pytest.mark.parametrize(
    "policy", [ProtectionPolicy(FrameProtection.NEVER), ProtectionPolicy(FrameProtection.OPTIONAL, is_possible=False)]
)
def test_protected_frames_are_not_asked_for_where_the_policy_forbids(policy: ProtectionPolicy) -> None:
    connection = Connection(bss(elements=OFFER.element()), home(), OWN, PSK, bytes, protection=policy)
    assert connection.rsne == WPA2_PSK_CCMP


def test_the_integrity_group_key_is_installed_and_its_renewal_is_no_new_group_key() -> None:
    talk = frame_protected()
    installed = [(key.index, key.cipher_suite) for key in only(talk.commands, InstallReceiveKey)]
    assert installed == [(1, CipherSuite.CCMP_128), (4, CipherSuite.BIP_CMAC_128)]
    talk.take()
    talk.receive(eapol(GROUP_MESSAGE_1, 3, KeyData(None, 2, b"\x0b" * 16, IntegrityGroupKey(5, b"\xd4" * 16))))
    assert [key.index for key in only(talk.commands, InstallReceiveKey)] == [2, 5]
    assert talk.take() == [GroupKeyChanged(2)]


def test_an_unprotected_farewell_is_asked_about_and_an_answer_keeps_the_connection() -> None:
    talk = frame_protected()
    talk.receive(UnprotectedFarewell(CLASS_3))
    (query,) = queries(talk)
    assert query.action is SaQueryAction.REQUEST
    assert talk.receive(answer(query)) == []
    talk.pass_time(5.0)
    assert talk.association.state is State.ASSOCIATED


def test_an_access_point_that_does_not_answer_is_left() -> None:
    talk = frame_protected()
    talk.take()
    talk.receive(UnprotectedFarewell(CLASS_3))
    said = talk.pass_time(1.1)
    assert len(only(said, SendFrame)) == 4
    assert only(said, Disconnect) == [Disconnect(ReasonCode.INVALID_AUTHENTICATION)]
    talk.receive(Disconnected(2, False))
    event = ended(talk)
    assert event.end is End.LOST
    assert "lost our keys" in event.text


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        SaQuery(SaQueryAction.RESPONSE, SNONCE[:2]).frame(OWN, address(9), AP).encode(),
        SaQuery(SaQueryAction.RESPONSE, b"\x00\x00").frame(OWN, AP, AP).encode(),
    ],
)
def test_what_is_no_answer_of_the_access_point_changes_nothing(octets: bytes) -> None:
    talk = frame_protected()
    talk.receive(UnprotectedFarewell(CLASS_3))
    talk.receive(FrameReceived(octets))
    talk.pass_time(1.1)
    assert talk.association.state is State.LEAVING


def test_unprotected_farewells_say_nothing_to_unprotected_connections_nor_before_the_keys() -> None:
    talk = connected()
    assert talk.receive(UnprotectedFarewell(CLASS_3)) == []
    assert talk.association.deadline is None
    early = Talk(Connection(bss(elements=OFFER.element()), home(), OWN, PSK, bytes))
    early.associate()
    assert early.receive(UnprotectedFarewell(CLASS_3)) == []


def test_a_question_that_could_not_be_sent_is_only_lost() -> None:
    talk = frame_protected()
    talk.receive(UnprotectedFarewell(CLASS_3))
    (command,) = only(talk.commands, SendFrame)
    assert talk.receive(CommandFailed(command, "no")) == []
    assert talk.association.state is State.ASSOCIATED
