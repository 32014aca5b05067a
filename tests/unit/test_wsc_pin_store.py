# SPDX-License-Identifier: BSD-3-Clause
"""The PIN store: who may use which PIN, how often and for how long."""

import pytest

from wpsagent.errors import UsageError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.wsc.pin_store import MAX_PINS, Pin, PinStore, PinUse

PHONE, PRINTER = b"\x01" * 16, b"\x02" * 16
PIN_1, PIN_2 = b"12345670", b"76543210"
FAILED, REVEALED, SUCCEEDED = PinUse.FAILED_BUT_UNREVEALED, PinUse.REVEALED, PinUse.SUCCEEDED


def mac(number: int) -> MacAddress:
    return MacAddress(b"\x02" + number.to_bytes(5))


def acquired(store: PinStore, uuid_e: bytes, now: float = 0.0) -> Pin:
    pin = store.acquire(uuid_e, now)
    assert pin is not None
    return pin


def store_with(*, uuid_e: bytes | None = None, timeout: float = 0) -> PinStore:
    store = PinStore()
    store.add(PIN_1, 0.0, uuid_e=uuid_e, timeout=timeout)
    return store


def test_an_empty_store_has_nothing() -> None:
    store = PinStore()
    assert (store.acquire(PHONE, 0.0), store.authorized_macs(), store.deadline, len(store)) == (None, (), None, 0)


def test_a_wildcard_is_for_anybody() -> None:
    assert acquired(store_with(), PHONE).password == PIN_1


def test_a_specific_pin_is_for_its_uuid_only() -> None:
    store = store_with(uuid_e=PHONE)
    assert store.acquire(PRINTER, 0.0) is None
    assert acquired(store, PHONE).password == PIN_1


def test_the_own_pin_goes_before_the_wildcard() -> None:
    store = store_with(uuid_e=PHONE)
    store.add(PIN_2, 0.0)
    assert acquired(store, PHONE).password == PIN_1
    assert acquired(store, PRINTER).password == PIN_2


def test_the_own_pin_in_use_does_not_fall_back_to_the_wildcard() -> None:
    store = store_with(uuid_e=PHONE)
    store.add(PIN_2, 0.0)
    acquired(store, PHONE)
    assert store.acquire(PHONE, 0.0) is None


def test_the_pin_is_not_in_its_repr() -> None:
    assert "1234" not in repr(acquired(store_with(), PHONE))


# ---- replacing


def test_a_new_wildcard_replaces_the_old_one() -> None:
    store = store_with()
    store.add(PIN_2, 0.0)
    assert len(store) == 1
    assert acquired(store, PHONE).password == PIN_2


def test_a_new_wildcard_replaces_one_in_use_which_is_gone_after_its_run() -> None:
    store = store_with()
    old = acquired(store, PHONE)
    store.add(PIN_2, 0.0)
    store.release(old, FAILED)
    assert acquired(store, PRINTER).password == PIN_2
    assert store.acquire(PHONE, 0.0) is None


def test_pins_of_several_uuids_coexist_and_each_is_replaced_by_its_own() -> None:
    store = store_with(uuid_e=PHONE)
    store.add(PIN_1, 0.0, uuid_e=PRINTER)
    store.add(PIN_2, 0.0, uuid_e=PHONE)
    assert len(store) == 2
    assert acquired(store, PHONE).password == PIN_2
    assert acquired(store, PRINTER).password == PIN_1


# ---- expiry


@pytest.mark.parametrize(("now", "is_there"), [(29.999, True), (30.0, False)])
def test_a_pin_expires_exactly_at_its_timeout(now: float, is_there: bool) -> None:
    store = store_with(timeout=30)
    assert store.deadline == 30.0
    assert (store.acquire(PHONE, now) is not None) is is_there


def test_expire_says_whether_anything_went() -> None:
    store = store_with(timeout=30)
    assert not store.expire(29.999)
    assert store.expire(30.0)
    assert not store.expire(30.0)


def test_timeout_zero_is_for_ever() -> None:
    store = store_with(timeout=0)
    assert store.deadline is None
    assert acquired(store, PHONE, 1e9).password == PIN_1


def test_deadline_is_the_earliest_expiry() -> None:
    store = store_with(timeout=30)
    store.add(PIN_2, 0.0, uuid_e=PHONE, timeout=20)
    store.add(PIN_2, 0.0, uuid_e=PRINTER)
    assert store.deadline == 20.0


def test_a_pin_that_expires_during_its_run_is_gone_afterwards() -> None:
    store = store_with(uuid_e=PHONE, timeout=30)
    pin = acquired(store, PHONE, 29.0)
    assert store.acquire(PHONE, 31.0) is None
    store.release(pin, FAILED)
    assert store.acquire(PHONE, 32.0) is None


# ---- use


def test_a_pin_in_use_is_for_nobody_else() -> None:
    store = store_with()
    acquired(store, PHONE)
    assert store.acquire(PRINTER, 0.0) is None
    assert store.acquire(PHONE, 0.0) is None


def test_a_wildcard_is_good_for_two_failed_runs_even_of_different_enrollees() -> None:
    store = store_with()
    store.release(acquired(store, PHONE), FAILED)
    store.release(acquired(store, PRINTER), FAILED)
    assert store.acquire(PHONE, 0.0) is None
    assert len(store) == 0


def test_a_specific_pin_is_free_again_after_every_failure_that_did_not_reveal_it() -> None:
    store = store_with(uuid_e=PHONE)
    for _ in range(5):
        store.release(acquired(store, PHONE), FAILED)
    assert acquired(store, PHONE).password == PIN_1


@pytest.mark.parametrize("use", [SUCCEEDED, REVEALED])
@pytest.mark.parametrize("uuid_e", [None, PHONE])
def test_a_pin_is_removed_on_success_and_when_revealed(use: PinUse, uuid_e: bytes | None) -> None:
    store = store_with(uuid_e=uuid_e)
    store.release(acquired(store, PHONE), use)
    assert len(store) == 0


def test_removing_the_wildcard_leaves_the_specific_ones() -> None:
    store = store_with(uuid_e=PHONE)
    store.add(PIN_2, 0.0)
    store.remove_wildcard()
    assert store.acquire(PRINTER, 0.0) is None
    assert acquired(store, PHONE).password == PIN_1


# ---- AuthorizedMACs


def test_authorized_macs_are_the_newest_five_without_repeats() -> None:
    store = PinStore()
    for number in range(7):
        store.add(PIN_1, 0.0, uuid_e=number.to_bytes(16), address=mac(number))
    store.add(PIN_1, 0.0, uuid_e=b"\x09" * 16, address=mac(5))
    assert store.authorized_macs() == (mac(5), mac(6), mac(4), mac(3), mac(2))


def test_a_pin_without_an_address_authorizes_anybody() -> None:
    store = store_with()
    store.add(PIN_1, 0.0, uuid_e=PHONE, address=mac(1))
    assert store.authorized_macs() == (mac(1), BROADCAST)


def test_a_removed_pin_takes_its_address_along() -> None:
    store = store_with(uuid_e=PRINTER)
    store.add(PIN_1, 0.0, address=mac(1))
    store.release(acquired(store, PHONE), SUCCEEDED)
    assert store.authorized_macs() == (BROADCAST,)


# ---- what is refused


@pytest.mark.parametrize("pin", [b"", b"1", b"123", b"1" * 65])
def test_a_pin_of_an_impossible_size_is_refused(pin: bytes) -> None:
    store = PinStore()
    with pytest.raises(UsageError, match=f"not {len(pin)} characters"):
        store.add(pin, 0.0)
    assert len(store) == 0


@pytest.mark.parametrize("pin", [b"1234", b"1" * 64])
def test_pins_of_the_smallest_and_largest_size_are_stored(pin: bytes) -> None:
    store = PinStore()
    store.add(pin, 0.0)
    assert acquired(store, PHONE).password == pin


def test_a_wrong_uuid_is_refused() -> None:
    with pytest.raises(UsageError, match="16 octets, not 15"):
        PinStore().add(PIN_1, 0.0, uuid_e=bytes(15))


def test_a_negative_timeout_is_refused() -> None:
    with pytest.raises(UsageError, match="not -1"):
        PinStore().add(PIN_1, 0.0, timeout=-1)


def test_a_full_store_refuses_new_pins_but_replaces_old_ones() -> None:
    store = PinStore()
    for number in range(MAX_PINS):
        store.add(PIN_1, 0.0, uuid_e=number.to_bytes(16), timeout=10)
    with pytest.raises(UsageError, match="64 PINs are stored"):
        store.add(PIN_2, 9.999)
    store.add(PIN_2, 9.999, uuid_e=bytes(16))
    assert len(store) == MAX_PINS
    store.add(PIN_2, 10.0)
    assert len(store) == 2
