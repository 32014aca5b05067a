# SPDX-License-Identifier: BSD-3-Clause
"""One connection: the order of its commands, its keys, and every way it ends."""

import pytest
from tests.unit.sta_air import OWN, PROTECTED, RSNE, address, bss
from tests.unit.sta_bench import AP, PSK, Talk, authenticator, cafe, home, only

from wpsagent.dot11.frames import Capability
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
    InstallKey,
    InstallReceiveKey,
    ScanFinished,
    SendEapol,
    StationEvent,
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
from wpsagent.rsn.key_frame import GroupKey
from wpsagent.rsn.rsne import AkmSuite, CipherSuite


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
    return talk.association.is_in_handshake


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
