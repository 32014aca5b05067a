# SPDX-License-Identifier: BSD-3-Clause
"""What is remembered of devices, and how their floods stay bounded."""

import pytest

from wpsagent.octets import MacAddress
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.elements import ProbeRequestAttributes
from wpsagent.wsc.enrollee_table import (
    MAX_ENROLLEES,
    PENDING_TIME,
    EnrolleeInformation,
    EnrolleeTable,
    PendingPin,
    PendingPins,
    RateLimit,
    sanitize_text,
)

UUID = bytes(16)


def mac(number: int) -> MacAddress:
    return MacAddress(b"\x02" + number.to_bytes(5))


def probe_of(name: str = "phone", device_password_id: int = 0) -> ProbeRequestAttributes:
    device = DeviceDescription(device_name=name)
    return ProbeRequestAttributes(request_type=1, uuid_e=UUID, device=device, device_password_id=device_password_id)


@pytest.mark.parametrize(
    ("text", "sanitized"),
    [
        ("Küche 2", "Küche 2"),
        ("a|b[c]d", "a_b_c_d"),
        ("a\nb\tc\x1b[31m\x00", "a_b_c__31m_"),
        ("\u202eevil\u2028\ufffd", "_evil__"),
        ("", ""),
    ],
)
def test_sanitize_text(text: str, sanitized: str) -> None:
    assert sanitize_text(text) == sanitized


def test_every_text_of_a_device_is_sanitized() -> None:
    device = DeviceDescription("a|", "b|", "c|", "d|", COMPUTER, "e|")
    assert EnrolleeInformation.of(mac(1), UUID, device) == EnrolleeInformation(
        mac(1), UUID, "e_", "a_", "b_", "c_", "d_", COMPUTER
    )


def test_m1_outranks_probe_requests() -> None:
    table = EnrolleeTable()
    assert table.get(mac(1)) is None
    table.probe_request_received(mac(1), probe_of("from probe"), 0.0)
    heard = table.get(mac(1))
    assert heard is not None
    assert heard.device_name == "from probe"
    from_m1 = EnrolleeInformation.of(mac(1), UUID, DeviceDescription(device_name="from M1"))
    table.m1_received(from_m1)
    table.probe_request_received(mac(1), probe_of("from probe"), 1.0)
    assert table.get(mac(1)) == from_m1


def test_a_device_is_news_again_when_it_changes_or_after_ten_seconds() -> None:
    table = EnrolleeTable()
    assert table.probe_request_received(mac(1), probe_of(), 0.0)
    assert table.probe_request_received(mac(1), probe_of(), 0.0)
    table.reported(mac(1), probe_of(), 0.0)
    assert not table.probe_request_received(mac(1), probe_of(), 9.999)
    assert table.probe_request_received(mac(1), probe_of(device_password_id=4), 9.999)
    assert table.probe_request_received(mac(1), probe_of(), 10.0)


def test_a_flood_of_addresses_evicts_the_oldest_and_nobody_who_sent_m1() -> None:
    table = EnrolleeTable()
    table.m1_received(EnrolleeInformation.of(mac(0), UUID, DeviceDescription()))
    for number in range(1, 1000):
        table.probe_request_received(mac(number), probe_of(), 0.0)
    known = [number for number in range(1000) if table.get(mac(number))]
    assert known == [0, *range(1000 - MAX_ENROLLEES, 1000)]


def test_who_is_heard_again_is_not_the_oldest() -> None:
    table = EnrolleeTable()
    for number in (*range(MAX_ENROLLEES), 0, MAX_ENROLLEES):
        table.probe_request_received(mac(number), probe_of(), 0.0)
    assert table.get(mac(0)) is not None
    assert table.get(mac(1)) is None


def test_rate_limit_lets_so_many_through_in_each_period() -> None:
    limit = RateLimit(2, 1.0)
    assert [limit.allows(now) for now in (5.0, 5.0, 5.9, 5.999, 6.0, 6.0, 6.5, 9.0)] == [
        True,
        True,
        False,
        False,
        True,
        True,
        False,
        True,
    ]


# ---- who needs a PIN


def information(number: int) -> EnrolleeInformation:
    return EnrolleeInformation.of(mac(number), number.to_bytes(16), DeviceDescription(device_name=f"device {number}"))


def test_who_needs_a_pin_is_listed_for_five_minutes_after_it_last_came_newest_first() -> None:
    pending = PendingPins()
    pending.needed(information(1), 0.0)
    pending.needed(information(2), 1.0)
    pending.needed(information(1), 2.0)
    assert pending.at(2.0) == (PendingPin(information(1), 2.0), PendingPin(information(2), 1.0))
    assert pending.at(1.0 + PENDING_TIME) == (PendingPin(information(1), 2.0),)
    assert pending.at(2.0 + PENDING_TIME) == ()


def test_who_is_done_needs_no_pin() -> None:
    pending = PendingPins()
    pending.needed(information(1), 0.0)
    pending.done((1).to_bytes(16))
    pending.done((2).to_bytes(16))
    assert pending.at(0.0) == ()


def test_a_flood_of_devices_without_pin_pushes_the_oldest_out() -> None:
    pending = PendingPins()
    for number in range(MAX_ENROLLEES + 1):
        pending.needed(information(number), float(number))
    waiting = pending.at(40.0)
    assert len(waiting) == MAX_ENROLLEES
    assert information(0) not in [one.enrollee for one in waiting]
