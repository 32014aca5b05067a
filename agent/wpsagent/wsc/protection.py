# SPDX-License-Identifier: BSD-3-Clause
"""What protects the messages of a run: the Authenticator, and Encrypted Settings with their Key Wrap Authenticator.

Wi-Fi Simple Configuration 2.0, sections 7.4 and 7.5.

    Authenticator       first 8 octets of HMAC_AuthKey(M_last || M_current without Authenticator); the last attribute
    Key Wrap Auth.      first 8 octets of HMAC_AuthKey(settings); the last attribute of the plaintext
    Encrypted Settings  IV (16 octets) || AES-CBC_KeyWrapKey(settings || Key Wrap Authenticator, padded)

Refuses, with ProtocolError, tags that are missing, not last, or wrong.  Everything that is wrong with Encrypted
Settings gives one and the same error.
"""

import hmac

from wpsagent.crypto.aes import BLOCK_SIZE, decrypt_cbc, encrypt_cbc
from wpsagent.crypto.derivation import SessionKeys, hmac_sha256
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.wsc.attributes import AttributeType, encode_attribute

_TAG_SIZE = 8
_TAG_ATTRIBUTE_SIZE = 4 + _TAG_SIZE


def append_authenticator(auth_key: bytes, last_message: bytes, message: bytes) -> bytes:
    """The message with its Authenticator; last_message is the whole message of the peer that it answers."""
    tag = hmac_sha256(auth_key, last_message, message)[:_TAG_SIZE]
    return message + encode_attribute(AttributeType.AUTHENTICATOR, tag)


def verify_authenticator(auth_key: bytes, last_message: bytes, message: bytes) -> None:
    """Raises ProtocolError unless the message ends in the right Authenticator; last_message is our own before it."""
    body = message[:-_TAG_ATTRIBUTE_SIZE]
    if not hmac.compare_digest(append_authenticator(auth_key, last_message, body), message):
        raise ProtocolError("the Authenticator is wrong: other keys, or a message that was changed on the way")


def encrypt_settings(keys: SessionKeys, settings: bytes, iv: bytes) -> bytes:
    """The value of Encrypted Settings; iv has 16 octets and is fresh."""
    return iv + encrypt_cbc(keys.key_wrap_key, iv, _wrap(keys, settings))


def decrypt_settings(keys: SessionKeys, value: bytes) -> bytes:
    """The settings (attributes, without the Key Wrap Authenticator); raises ProtocolError."""
    iv, ciphertext = value[:BLOCK_SIZE], value[BLOCK_SIZE:]
    try:
        plaintext = decrypt_cbc(keys.key_wrap_key, iv, ciphertext)
    except DecodeError:
        raise _wrong_settings() from None
    settings = plaintext[:-_TAG_ATTRIBUTE_SIZE]
    if not hmac.compare_digest(_wrap(keys, settings), plaintext):
        raise _wrong_settings()
    return settings


def _wrap(keys: SessionKeys, settings: bytes) -> bytes:
    tag = hmac_sha256(keys.auth_key, settings)[:_TAG_SIZE]
    return settings + encode_attribute(AttributeType.KEY_WRAP_AUTHENTICATOR, tag)


def _wrong_settings() -> ProtocolError:
    return ProtocolError("the Encrypted Settings cannot be decrypted, or their Key Wrap Authenticator is wrong")
