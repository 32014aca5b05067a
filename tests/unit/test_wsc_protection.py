# SPDX-License-Identifier: BSD-3-Clause
"""Authenticators and Encrypted Settings: what is accepted, and that nothing else is."""

import hashlib
import hmac

import pytest

from wpsagent.crypto.aes import encrypt_cbc
from wpsagent.crypto.derivation import SessionKeys
from wpsagent.errors import ProtocolError
from wpsagent.wsc.protection import append_authenticator, decrypt_settings, encrypt_settings, verify_authenticator

KEYS = SessionKeys(b"a" * 32, b"w" * 16, b"e" * 32)
SETTINGS = bytes.fromhex("10160010" + "55" * 16)
IV = bytes(range(16))


def tag(octets: bytes) -> bytes:
    return hmac.new(KEYS.auth_key, octets, hashlib.sha256).digest()[:8]


def test_the_authenticator_covers_the_last_message_and_this_one() -> None:
    sealed = append_authenticator(KEYS.auth_key, b"last", b"current")
    assert sealed == b"current" + bytes.fromhex("10050008") + tag(b"lastcurrent")
    verify_authenticator(KEYS.auth_key, b"last", sealed)


def test_every_changed_bit_breaks_the_authenticator() -> None:
    sealed = append_authenticator(KEYS.auth_key, b"last", b"current")
    for at in range(8 * len(sealed)):
        broken = bytearray(sealed)
        broken[at // 8] ^= 1 << at % 8
        with pytest.raises(ProtocolError, match="Authenticator"):
            verify_authenticator(KEYS.auth_key, b"last", bytes(broken))


def test_an_authenticator_over_another_message_is_refused() -> None:
    with pytest.raises(ProtocolError):
        verify_authenticator(KEYS.auth_key, b"other", append_authenticator(KEYS.auth_key, b"last", b"current"))


def test_an_authenticator_that_is_not_last_is_refused() -> None:
    sealed = append_authenticator(KEYS.auth_key, b"last", b"current")
    with pytest.raises(ProtocolError):
        verify_authenticator(KEYS.auth_key, b"last", sealed + bytes.fromhex("104a000110"))


@pytest.mark.parametrize("size", range(13))
def test_a_message_too_short_for_an_authenticator_is_refused(size: int) -> None:
    with pytest.raises(ProtocolError):
        verify_authenticator(KEYS.auth_key, b"last", bytes(size))


def test_encrypted_settings_hold_the_settings_and_their_tag() -> None:
    value = encrypt_settings(KEYS, SETTINGS, IV)
    wrapped = SETTINGS + bytes.fromhex("101e0008") + tag(SETTINGS)
    assert value == IV + encrypt_cbc(KEYS.key_wrap_key, IV, wrapped)
    assert decrypt_settings(KEYS, value) == SETTINGS


ONE_TEXT = r"^the Encrypted Settings cannot be decrypted, or their Key Wrap Authenticator is wrong$"


def test_every_changed_octet_breaks_encrypted_settings_with_one_text() -> None:
    value = encrypt_settings(KEYS, SETTINGS, IV)
    for at in range(len(value)):
        with pytest.raises(ProtocolError, match=ONE_TEXT) as caught:
            decrypt_settings(KEYS, value[:at] + bytes((value[at] ^ 0x80,)) + value[at + 1 :])
        assert caught.value.configuration_error == 0


@pytest.mark.parametrize("size", [0, 1, 16, 17, 31, 32, 47, 48])
def test_settings_cut_short_are_refused_with_the_same_text(size: int) -> None:
    value = encrypt_settings(KEYS, SETTINGS, IV)
    assert len(value) == 64
    with pytest.raises(ProtocolError, match=ONE_TEXT):
        decrypt_settings(KEYS, value[:size])


@pytest.mark.parametrize(
    "plaintext",
    [
        SETTINGS,  # no Key Wrap Authenticator
        bytes.fromhex("101e0008") + tag(b"") + SETTINGS,  # not last
        SETTINGS + bytes.fromhex("10050008") + tag(SETTINGS),  # the right tag under another name
    ],
)
def test_a_key_wrap_authenticator_that_is_missing_or_not_last_is_refused(plaintext: bytes) -> None:
    with pytest.raises(ProtocolError, match=ONE_TEXT):
        decrypt_settings(KEYS, IV + encrypt_cbc(KEYS.key_wrap_key, IV, plaintext))
