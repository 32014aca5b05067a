# SPDX-License-Identifier: BSD-3-Clause
"""Strict validation: what a frame or message does that the standard does not allow, though every deployed peer gets by.

What our own are held to (Wi-Fi Simple Configuration 2.0, sections 8.2 and 8.3): `strict_problems` tells what it finds,
one line each, for people.
"""

from collections.abc import Iterator, Mapping
from enum import Enum

from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.wsc.attributes import Attributes, AttributeType
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigMethods,
    EncryptionType,
    MessageType,
    RequestType,
    ResponseType,
)
from wpsagent.wsc.messages import MESSAGES, Presence

_A = AttributeType


class Frame(Enum):
    """The frames of IEEE 802.11 that carry attributes; messages of a run are named by their MessageType."""

    BEACON = "Beacon"
    PROBE_REQUEST = "Probe Request"
    PROBE_RESPONSE = "Probe Response"
    ASSOCIATION_REQUEST = "Association Request"
    ASSOCIATION_RESPONSE = "Association Response"


_DEVICE = (_A.MANUFACTURER, _A.MODEL_NAME, _A.MODEL_NUMBER)
_FLAGS = (_A.AUTHENTICATION_TYPE_FLAGS, _A.ENCRYPTION_TYPE_FLAGS, _A.CONNECTION_TYPE_FLAGS, _A.CONFIG_METHODS)
_DESCRIPTION = (*_DEVICE, _A.SERIAL_NUMBER, _A.PRIMARY_DEVICE_TYPE, _A.DEVICE_NAME)

_REQUIRED_IN_FRAME: Mapping[Frame, tuple[AttributeType, ...]] = {
    Frame.BEACON: (_A.WPS_STATE,),
    Frame.PROBE_REQUEST: (
        _A.REQUEST_TYPE,
        _A.CONFIG_METHODS,
        _A.UUID_E,
        _A.PRIMARY_DEVICE_TYPE,
        _A.RF_BANDS,
        _A.ASSOCIATION_STATE,
        _A.CONFIGURATION_ERROR,
        _A.DEVICE_PASSWORD_ID,
        *_DEVICE,
        _A.DEVICE_NAME,
    ),
    Frame.PROBE_RESPONSE: (_A.WPS_STATE, _A.RESPONSE_TYPE, _A.UUID_E, *_DESCRIPTION, _A.CONFIG_METHODS),
    Frame.ASSOCIATION_REQUEST: (_A.REQUEST_TYPE,),
    Frame.ASSOCIATION_RESPONSE: (_A.RESPONSE_TYPE,),
}
"""What each frame must carry beside Version (tables 8 to 13)."""

_ALSO_REQUIRED: Mapping[MessageType, tuple[AttributeType, ...]] = {
    MessageType.M2: (*_FLAGS, *_DESCRIPTION, _A.RF_BANDS, _A.ASSOCIATION_STATE, _A.CONFIGURATION_ERROR, _A.OS_VERSION),
    MessageType.M2D: (*_FLAGS, *_DESCRIPTION, _A.RF_BANDS, _A.ASSOCIATION_STATE, _A.CONFIGURATION_ERROR, _A.OS_VERSION),
}
"""What a message must carry that its table forgives (tables 15 and 16)."""

_TEXTS = (_A.MANUFACTURER, _A.MODEL_NAME, _A.MODEL_NUMBER, _A.SERIAL_NUMBER, _A.DEVICE_NAME)
_VIRTUAL_OR_PHYSICAL_DISPLAY = 0x6000
_VIRTUAL_OR_PHYSICAL_PUSH_BUTTON = 0x0600


def strict_problems(kind: Frame | MessageType, attributes: Attributes) -> tuple[str, ...]:
    """Everything that is wrong with what was received, one line each; empty when nothing is."""
    checks = (_missing(kind, attributes), _values(attributes), _methods(kind, attributes), _registrar(attributes))
    return tuple(problem for check in checks for problem in check)


def _missing(kind: Frame | MessageType, attributes: Attributes) -> Iterator[str]:
    for attribute in (_A.VERSION, *_required(kind)):
        if attribute not in attributes:
            yield f"{attribute.name} is missing"


def _required(kind: Frame | MessageType) -> tuple[AttributeType, ...]:
    if isinstance(kind, Frame):
        return _REQUIRED_IN_FRAME[kind]
    lines = MESSAGES[kind].TABLE
    required = tuple(line.attribute for line in lines if line.presence is Presence.REQUIRED)
    return (_A.MESSAGE_TYPE, *required, *_ALSO_REQUIRED.get(kind, ()))


def _values(attributes: Attributes) -> Iterator[str]:
    for attribute in _TEXTS:
        if (attributes.get(attribute) or b"").endswith(b"\x00"):
            yield f"{attribute.name} ends in NUL"
    key = attributes.get(_A.PUBLIC_KEY)
    if key is not None and len(key) != 192:
        yield f"PUBLIC_KEY has {len(key)} octets, not 192"
    if not _has_bit(attributes, _A.AUTHENTICATION_TYPE_FLAGS, AuthenticationType.WPA2_PERSONAL):
        yield "AUTHENTICATION_TYPE_FLAGS without WPA2-Personal"
    if not _has_bit(attributes, _A.ENCRYPTION_TYPE_FLAGS, EncryptionType.AES):
        yield "ENCRYPTION_TYPE_FLAGS without AES"
    for attribute, known in ((_A.REQUEST_TYPE, RequestType), (_A.RESPONSE_TYPE, ResponseType)):
        value = attributes.integer(attribute)
        if value is not None and value not in list(known):
            yield f"{attribute.name} is {value}"
    yield from _addresses(attributes)


def _has_bit(attributes: Attributes, attribute: AttributeType, bit: int) -> bool:
    """True also where the attribute is absent."""
    value = attributes.integer(attribute)
    return value is None or bool(value & bit)


def _addresses(attributes: Attributes) -> Iterator[str]:
    own = attributes.get(_A.MAC_ADDRESS)
    if own is not None and MacAddress(own).is_multicast:
        yield "MAC_ADDRESS is a group address"
    for address in attributes.wfa.authorized_macs:
        if address.is_multicast and address != BROADCAST:
            yield f"AuthorizedMACs holds the group address {address}"


def _methods(kind: Frame | MessageType, attributes: Attributes) -> Iterator[str]:
    is_version2 = attributes.wfa.is_version2
    for attribute in (_A.CONFIG_METHODS, _A.SELECTED_REGISTRAR_CONFIG_METHODS):
        methods = attributes.integer(attribute)
        if methods is not None and is_version2:
            yield from _inconsistent(attribute, methods, ConfigMethods.DISPLAY, _VIRTUAL_OR_PHYSICAL_DISPLAY)
            yield from _inconsistent(attribute, methods, ConfigMethods.PUSH_BUTTON, _VIRTUAL_OR_PHYSICAL_PUSH_BUTTON)
    push_button = ConfigMethods.PUSH_BUTTON | _VIRTUAL_OR_PHYSICAL_PUSH_BUTTON
    if kind is Frame.PROBE_RESPONSE and (attributes.integer(_A.CONFIG_METHODS) or 0) & push_button:
        yield "CONFIG_METHODS of a Probe Response tells a push button, by which an AP cannot be configured"


def _inconsistent(attribute: AttributeType, methods: int, base: ConfigMethods, kinds: int) -> Iterator[str]:
    """WPS 2.0: a base method and one of its kinds go together."""
    if bool(methods & base) != bool(methods & kinds):
        yield f"{attribute.name} 0x{methods:04x}: {base.name} and its virtual or physical kind go together"


def _registrar(attributes: Attributes) -> Iterator[str]:
    if not attributes.boolean(_A.SELECTED_REGISTRAR):
        return
    for attribute in (_A.DEVICE_PASSWORD_ID, _A.SELECTED_REGISTRAR_CONFIG_METHODS):
        if attribute not in attributes:
            yield f"SELECTED_REGISTRAR without {attribute.name}"
