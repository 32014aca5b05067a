# SPDX-License-Identifier: BSD-3-Clause
"""Every decoder, fed with mutated and random octets, gives a value or DecodeError.

Where a value has an encoder, encoding it and decoding that gives the same value again.
"""

import random
from collections.abc import Callable, Sequence
from typing import Protocol, Self

import pytest
from tests.fuzz import corpus
from tests.fuzz.mutation import cases, generate

from wpsagent.crypto import aes, key_wrap
from wpsagent.dot11 import elements as ie
from wpsagent.dot11.elements import Elements
from wpsagent.dot11.frames import ElementsFrame, decode_frame
from wpsagent.eap.eapol import EapolPacket
from wpsagent.eap.packet import EapPacket
from wpsagent.eap.wsc_method import Reassembler, WscPacket
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.octets import MacAddress, Reader, Ssid
from wpsagent.rsn.key_frame import KeyData, KeyFrame
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, Rsne, WpaElement, check_association, choose_for_station
from wpsagent.wsc import credential, elements, messages
from wpsagent.wsc.attributes import Attributes, AttributeType, WfaExtension, decode_text
from wpsagent.wsc.device import PrimaryDeviceType, parse_uuid
from wpsagent.wsc.protection import decrypt_settings, encrypt_settings

CASES = 1500

Decoder = Callable[[bytes], object]


def _elements(octets: bytes) -> object:
    """The elements with everything they can be asked."""
    found = Elements.decode(octets)
    return found.ssid, found.rates, found.has_wmm, found.vendor(ie.WPS_VENDOR_TYPE), elements.unwrap(octets)


def _frame(octets: bytes) -> object:
    frame = decode_frame(octets)
    assert octets[0] == type(frame).SUBTYPE << 4
    return _elements(frame.elements) if isinstance(frame, ElementsFrame) else frame


def _attributes(octets: bytes) -> object:
    """The attributes with everything they can be asked."""
    found = Attributes.decode(octets)
    return [
        (found.get(kind), found.all(kind), found.integer(kind), found.boolean(kind), found.text(kind))
        for kind in AttributeType
    ]


def _decrypted(octets: bytes) -> object:
    return decrypt_settings(corpus.SESSION_KEYS, octets)


def _encrypted_by_a_peer(octets: bytes) -> object:
    """octets as the settings of a peer that has the keys: no tag stands between them and the decoder."""
    settings = decrypt_settings(corpus.SESSION_KEYS, encrypt_settings(corpus.SESSION_KEYS, octets, bytes(16)))
    assert settings == octets
    return credential.read_ap_settings(Attributes.decode(settings))


def _wrapped_by_a_peer(octets: bytes) -> object:
    """octets as Key Data of a peer that has the keys."""
    padded = octets + bytes(-len(octets) % 8)
    return KeyData.unwrap(corpus.KEK, key_wrap.wrap(corpus.KEK, padded.ljust(16, b"\0")))


def _reassembled(octets: bytes) -> object:
    """octets as a sequence of packets, each behind one octet that gives its length."""
    reader, reassembler, whole = Reader(octets), Reassembler(), []
    while reader.remaining:
        packet = WscPacket.decode(reader.take(min(reader.u8(), reader.remaining)))
        whole.append(reassembler.receive(packet))
    return whole


def _texts(octets: bytes) -> object:
    return decode_text(octets), str(Ssid(octets[:32])), repr(Ssid(octets[:32]))


def _parse(parser: Callable[[str], object]) -> Decoder:
    return lambda octets: parser(octets.decode("latin-1"))


_FRAGMENTS = tuple(
    b"".join(bytes((len(packet),)) + packet for packet in packets)
    for packets in (corpus.WSC_PACKETS[-3:-1], corpus.WSC_PACKETS[:2], corpus.WSC_PACKETS[-3:-2])
)
_WRAPPED = tuple(data.wrap(corpus.KEK) for data in corpus.KEY_DATA)

# name: (decoder, corpus, errors that are not failures)
_REFUSALS = (DecodeError,)
_ALSO_PROTOCOL = (DecodeError, ProtocolError)
DECODERS: dict[str, tuple[Decoder, Sequence[bytes], tuple[type[Exception], ...]]] = {
    "octets.MacAddress": (MacAddress, (corpus.AP,), _REFUSALS),
    "octets.MacAddress.parse": (_parse(MacAddress.parse), (b"02:00:00:00:00:01",), _REFUSALS),
    "octets.Ssid": (Ssid, (b"a network", bytes(range(32))), _REFUSALS),
    "crypto.aes.decrypt_cbc": (
        lambda octets: aes.decrypt_cbc(bytes(16), octets[:16], octets[16:]),
        corpus.ENCRYPTED,
        _REFUSALS,
    ),
    "crypto.key_wrap.unwrap": (lambda octets: key_wrap.unwrap(corpus.KEK, octets), _WRAPPED, _REFUSALS),
    "dot11.Elements": (_elements, (*corpus.ELEMENTS, b"".join(corpus.ELEMENTS)), ()),
    "dot11.HtCapabilities": (ie.HtCapabilities.decode, (corpus.HT_CAPABILITIES.encode(),), _REFUSALS),
    "dot11.HtOperation": (ie.HtOperation.decode, (corpus.HT_OPERATION.encode(),), _REFUSALS),
    "dot11.AccessCategory": (ie.AccessCategory.decode, (ie.VOICE.encode(), ie.BEST_EFFORT.encode()), _REFUSALS),
    "dot11.WmmParameters": (ie.WmmParameters.decode, (ie.WmmParameters().encode(),), _REFUSALS),
    "dot11.decode_frame": (_frame, corpus.FRAMES, _REFUSALS),
    "rsn.Rsne": (Rsne.decode, corpus.RSNES, _REFUSALS),
    "rsn.WpaElement": (WpaElement.decode, corpus.WPA_ELEMENTS, _REFUSALS),
    "rsn.check_association": (lambda octets: check_association(WPA2_PSK_CCMP, octets), corpus.RSNES, ()),
    "rsn.choose_for_station": (lambda octets: choose_for_station(Rsne.decode(octets)), corpus.RSNES, _REFUSALS),
    "rsn.KeyFrame": (KeyFrame.decode, corpus.KEY_FRAMES, _REFUSALS),
    "rsn.KeyData": (KeyData.decode, tuple(data.encode() for data in corpus.KEY_DATA), _REFUSALS),
    "rsn.KeyData.unwrap": (lambda octets: KeyData.unwrap(corpus.KEK, octets), _WRAPPED, _REFUSALS),
    "rsn.KeyData of a peer": (_wrapped_by_a_peer, tuple(data.encode() for data in corpus.KEY_DATA), _REFUSALS),
    "wsc.WfaExtension": (WfaExtension.decode, (corpus.WFA.encode(),), _REFUSALS),
    "wsc.Attributes": (_attributes, (*corpus.MESSAGES, *corpus.FRAME_ATTRIBUTES, *corpus.SETTINGS), _REFUSALS),
    "wsc.decode_text": (_texts, (b"a device", "Küche".encode(), b"\x00\x1b\xff"), ()),
    "wsc.decode_message": (messages.decode_message, corpus.MESSAGES, _REFUSALS),
    "wsc.Credential": (credential.Credential.decode, corpus.CREDENTIALS, _REFUSALS),
    "wsc.read_credentials": (lambda octets: credential.read_credentials((octets,)), corpus.CREDENTIALS, ()),
    "wsc.read_ap_settings": (
        lambda octets: credential.read_ap_settings(Attributes.decode(octets)),
        corpus.SETTINGS,
        _REFUSALS,
    ),
    "wsc.decrypt_settings": (_decrypted, corpus.ENCRYPTED, _ALSO_PROTOCOL),
    "wsc.settings of a peer": (_encrypted_by_a_peer, corpus.SETTINGS, _REFUSALS),
    "wsc.PrimaryDeviceType": (PrimaryDeviceType.decode, (bytes.fromhex("00060050f2040001"),), _REFUSALS),
    "wsc.PrimaryDeviceType.parse": (_parse(PrimaryDeviceType.parse), (b"6-0050F204-1",), _REFUSALS),
    "wsc.parse_uuid": (_parse(parse_uuid), (b"2b7093f1-d6fb-5108-adbb-bea66bb87333",), _REFUSALS),
    "wsc.BeaconAttributes": (elements.BeaconAttributes.decode, corpus.FRAME_ATTRIBUTES, _REFUSALS),
    "wsc.ProbeResponseAttributes": (elements.ProbeResponseAttributes.decode, corpus.FRAME_ATTRIBUTES, _REFUSALS),
    "wsc.ProbeRequestAttributes": (elements.ProbeRequestAttributes.decode, corpus.FRAME_ATTRIBUTES, _REFUSALS),
    "wsc.AssociationRequest": (elements.AssociationRequestAttributes.decode, corpus.FRAME_ATTRIBUTES, _REFUSALS),
    "wsc.AssociationResponse": (elements.AssociationResponseAttributes.decode, corpus.FRAME_ATTRIBUTES, _REFUSALS),
    "eap.EapolPacket": (EapolPacket.decode, corpus.EAPOL_PACKETS, _REFUSALS),
    "eap.EapPacket": (EapPacket.decode, corpus.EAP_PACKETS, _REFUSALS),
    "eap.WscPacket": (WscPacket.decode, corpus.WSC_PACKETS, _REFUSALS),
    "eap.Reassembler": (_reassembled, _FRAGMENTS, _ALSO_PROTOCOL),
}


@pytest.mark.parametrize("name", DECODERS)
def test_the_corpus_is_valid_for(name: str) -> None:
    decoder, octets, _ = DECODERS[name]
    if name not in _MIXED:
        for valid in octets:
            decoder(valid)


# Decoders of one kind that get all kinds.
_MIXED = {
    "crypto.aes.decrypt_cbc",
    "wsc.ProbeRequestAttributes",
    "wsc.read_ap_settings",
}


@pytest.mark.parametrize("name", DECODERS)
def test_any_octets_give_a_value_or_a_refusal(name: str) -> None:
    decoder, valid, refusals = DECODERS[name]
    for seed in cases(CASES):
        octets = generate(valid, random.Random(f"{name} {seed}"))
        try:
            decoder(octets)
        except refusals:
            pass
        except Exception as error:
            raise AssertionError(f"{name}, case {seed}, {octets.hex()}: {error!r}") from error


class _Codec(Protocol):
    @classmethod
    def decode(cls, octets: bytes, /) -> Self: ...
    def encode(self) -> bytes: ...


# Not here: what holds texts (made safe to show, they may be cut when they are sent), Credential (of several NULs after
# the key one is dropped), and M4 to M8 (Encrypted Settings without octets are read, and fail later, but never sent).
CODECS: dict[str, tuple[type[_Codec], Sequence[bytes]]] = {
    "dot11.HtCapabilities": (ie.HtCapabilities, (corpus.HT_CAPABILITIES.encode(),)),
    "dot11.HtOperation": (ie.HtOperation, (corpus.HT_OPERATION.encode(),)),
    "dot11.AccessCategory": (ie.AccessCategory, (ie.VOICE.encode(), ie.BEST_EFFORT.encode())),
    "dot11.WmmParameters": (ie.WmmParameters, (ie.WmmParameters().encode(),)),
    "rsn.Rsne": (Rsne, corpus.RSNES),
    "rsn.WpaElement": (WpaElement, corpus.WPA_ELEMENTS),
    "rsn.KeyFrame": (KeyFrame, corpus.KEY_FRAMES),
    "rsn.KeyData": (KeyData, tuple(data.encode() for data in corpus.KEY_DATA)),
    "wsc.WfaExtension": (WfaExtension, (corpus.WFA.encode(),)),
    "wsc.PrimaryDeviceType": (PrimaryDeviceType, (bytes.fromhex("00060050f2040001"),)),
    "wsc.M3": (messages.M3, corpus.MESSAGES[3:4]),
    "wsc.WscAck": (messages.WscAck, corpus.MESSAGES[9:10]),
    "wsc.WscNack": (messages.WscNack, corpus.MESSAGES[10:11]),
    "wsc.WscDone": (messages.WscDone, corpus.MESSAGES[11:12]),
    "wsc.AssociationRequest": (elements.AssociationRequestAttributes, corpus.FRAME_ATTRIBUTES),
    "wsc.AssociationResponse": (elements.AssociationResponseAttributes, corpus.FRAME_ATTRIBUTES),
    "wsc.Beacon": (elements.BeaconAttributes, corpus.FRAME_ATTRIBUTES),
    "eap.EapolPacket": (EapolPacket, corpus.EAPOL_PACKETS),
    "eap.EapPacket": (EapPacket, corpus.EAP_PACKETS),
    "eap.WscPacket": (WscPacket, corpus.WSC_PACKETS),
}


@pytest.mark.parametrize("name", CODECS)
def test_what_was_decoded_survives_being_encoded(name: str) -> None:
    codec, valid = CODECS[name]
    for seed in cases(CASES):
        octets = generate(valid, random.Random(f"{name} again {seed}"))
        try:
            value = codec.decode(octets)
        except DecodeError:
            continue
        try:
            assert codec.decode(value.encode()) == value
        except Exception as error:
            raise AssertionError(f"{name}, case {seed}, {octets.hex()}: {value} {error!r}") from error
