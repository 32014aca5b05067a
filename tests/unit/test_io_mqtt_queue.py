# SPDX-License-Identifier: BSD-3-Clause
"""The outbox (latest state, ring of events, what is in flight), the back-off, and what errors are called."""

import ssl
from collections.abc import Callable

import pytest

from wpsagent.config import MqttSettings
from wpsagent.io.mqtt_queue import BackOff, Message, Outbox
from wpsagent.io.mqtt_words import explain


def state(payload: bytes) -> Message:
    return Message("state", payload, is_retained=True)


def event(payload: bytes) -> Message:
    return Message("event", payload, is_retained=False)


def taken(outbox: Outbox) -> list[Message]:
    """Everything that may be sent now, without noting it as in flight."""
    messages = []
    while (message := outbox.take()) is not None:
        messages.append(message)
    return messages


def test_an_empty_outbox_has_nothing_to_send() -> None:
    outbox = Outbox(3)
    assert outbox.take() is None
    assert outbox.is_empty


def test_the_latest_state_goes_before_the_events_and_once() -> None:
    outbox = Outbox(3)
    outbox.put_event(b"1")
    outbox.put_state(b"a")
    outbox.put_state(b"b")
    assert not outbox.is_empty
    assert taken(outbox) == [state(b"b"), event(b"1")]
    assert outbox.is_empty


def test_beyond_the_limit_the_oldest_event_is_dropped_and_counted() -> None:
    outbox = Outbox(2)
    for payload in (b"1", b"2", b"3", b"4"):
        outbox.put_event(payload)
    assert outbox.dropped == 2
    assert taken(outbox) == [event(b"3"), event(b"4")]


def test_no_more_is_in_flight_than_allowed() -> None:
    outbox = Outbox(9, in_flight_limit=2)
    for payload in (b"1", b"2", b"3"):
        outbox.put_event(payload)
    for number in (11, 12):
        message = outbox.take()
        assert message is not None
        outbox.sent(number, message)
    assert outbox.take() is None
    assert not outbox.is_empty
    outbox.acknowledged(12)
    assert outbox.take() == event(b"3")


def test_acknowledgements_that_are_not_ours_are_ignored() -> None:
    outbox = Outbox(9)
    outbox.acknowledged(5)
    assert outbox.is_empty


def test_after_a_loss_the_state_is_due_again_and_events_keep_their_order() -> None:
    outbox = Outbox(9)
    outbox.put_state(b"a")
    for payload in (b"1", b"2", b"3"):
        outbox.put_event(payload)
    for number in range(3):  # the state and two events
        message = outbox.take()
        assert message is not None
        outbox.sent(number, message)
    outbox.acknowledged(1)
    outbox.lost()
    assert taken(outbox) == [state(b"a"), event(b"2"), event(b"3")]


def test_a_state_that_was_acknowledged_is_sent_again_to_a_broker_that_may_have_forgotten_it() -> None:
    outbox = Outbox(9)
    outbox.put_state(b"a")
    message = outbox.take()
    assert message is not None
    outbox.sent(1, message)
    outbox.acknowledged(1)
    assert outbox.is_empty
    outbox.lost()
    assert taken(outbox) == [state(b"a")]


def test_a_loss_before_any_state_asks_for_none() -> None:
    outbox = Outbox(9)
    outbox.lost()
    assert outbox.is_empty


def test_what_was_in_flight_counts_for_the_limit_after_a_loss() -> None:
    outbox = Outbox(2)
    outbox.put_event(b"1")
    message = outbox.take()
    assert message is not None
    outbox.sent(1, message)
    outbox.put_event(b"2")
    outbox.put_event(b"3")
    outbox.lost()
    assert outbox.dropped == 1
    assert taken(outbox) == [event(b"2"), event(b"3")]


def test_a_goodbye_in_flight_is_not_sent_again() -> None:
    outbox = Outbox(2)
    outbox.sent(1, Message("availability", b"offline", is_retained=True))
    assert not outbox.is_empty
    outbox.lost()
    assert outbox.is_empty


def test_what_could_not_be_sent_goes_back_to_its_place() -> None:
    outbox = Outbox(9)
    outbox.put_state(b"a")
    outbox.put_event(b"1")
    outbox.put_event(b"2")
    first = outbox.take()
    assert first is not None
    outbox.put_back(first)
    assert outbox.take() == state(b"a")
    second = outbox.take()
    assert second is not None
    outbox.put_back(second)
    assert taken(outbox) == [event(b"1"), event(b"2")]


def entropy_of(octet: int) -> Callable[[int], bytes]:
    return lambda count: bytes([octet]) * count


def test_delays_double_up_to_the_maximum() -> None:
    back_off = BackOff(entropy_of(0))
    assert [back_off.next_delay() for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_jitter_takes_a_delay_from_half_to_nearly_the_whole() -> None:
    back_off = BackOff(entropy_of(0xFF), minimum=2.0, maximum=4.0)
    assert [round(back_off.next_delay(), 3) for _ in range(3)] == [2.0, 4.0, 4.0]
    assert BackOff(entropy_of(0x80), minimum=2.0).next_delay() == pytest.approx(1.5, abs=0.01)


def test_a_good_connection_begins_the_delays_anew() -> None:
    back_off = BackOff(entropy_of(0))
    back_off.next_delay()
    back_off.next_delay()
    back_off.reset()
    assert back_off.next_delay() == 0.5


SETTINGS = MqttSettings(
    host="broker",
    port=1883,
    username="u",
    password="topsecret",
    tls=None,
    base_topic="wps-agent",
    node="n",
    keepalive_s=60,
    queue_size=1,
)


def untrusted() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "text")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "x"), "broker:1883 refused the connection: no broker listens there"),
        (TimeoutError(), "broker:1883 did not answer: is the host on, and does a firewall let us through?"),
        (untrusted(), "the certificate of broker:1883 is not trusted: self-signed certificate"),
        (ssl.SSLError(1, "WRONG_VERSION"), "no TLS with broker:1883: "),
        (FileNotFoundError(2, "No such file", "/etc/ca.pem"), "a file of the TLS settings is missing: /etc/ca.pem"),
        (OSError(-2, "Name or service not known"), "the name broker cannot be resolved: Name or service not known"),
        (OSError(113, "No route to host"), "broker:1883 cannot be reached: No route to host"),
        (OSError("odd"), "broker:1883 cannot be reached: odd"),
        (ValueError("Invalid host."), "broker:1883 cannot be reached: Invalid host."),
        (None, "broker:1883 cannot be reached: the connection was closed"),
    ],
)
def test_errors_say_what_to_look_at_and_no_password(error: Exception | None, words: str) -> None:
    said = explain(error, SETTINGS)
    assert said.startswith(words)
    assert "topsecret" not in said
