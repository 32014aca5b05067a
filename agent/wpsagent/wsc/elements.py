# SPDX-License-Identifier: BSD-3-Clause
"""The WPS element of management frames (Wi-Fi Simple Configuration 2.0, sections 8.2.1 to 8.2.6).

    element:  offset 0, 1 octet, 0xDD;  1, 1 octet, Length;  2, 4 octets, 00 50 F2 04;  6, up to 251 octets, attributes

Attributes that do not fit one element go on in the next, wherever the cut falls; a receiver joins all WPS elements of
one frame, in order, before it reads them.  Refuses, with DecodeError, what `wsc.attributes` refuses, and a Probe
Request that does not say who asks for what; everything else has a default, because deployed peers leave much out.
"""

from dataclasses import dataclass, field
from typing import Any, Self

from wpsagent.dot11.elements import WPS_VENDOR_TYPE, ElementId, Elements, element
from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.wsc.attributes import VERSION, Attributes, AttributesBuilder, AttributeType, WfaExtension
from wpsagent.wsc.device import ACCESS_POINT, DeviceDescription, PrimaryDeviceType
from wpsagent.wsc.enumerations import (
    AssociationState,
    ConfigMethods,
    ConfigurationError,
    DevicePasswordId,
    RequestType,
    ResponseType,
    RfBands,
    WpsState,
)

MAX_ATTRIBUTES_PER_ELEMENT = 251
UNKNOWN_DEVICE_TYPE = PrimaryDeviceType(0, 0, bytes(4))
"""The Primary Device Type of a device that tells none."""

_A = AttributeType


def wrap(attributes: bytes) -> bytes:
    """As many elements as the attributes need; none for no attributes."""
    starts = range(0, len(attributes), MAX_ATTRIBUTES_PER_ELEMENT)
    bodies = (attributes[start : start + MAX_ATTRIBUTES_PER_ELEMENT] for start in starts)
    return b"".join(element(ElementId.VENDOR_SPECIFIC, WPS_VENDOR_TYPE + body) for body in bodies)


def unwrap(elements: bytes) -> bytes | None:
    """The attributes of all WPS elements among a frame's elements, joined; None when it has none."""
    return Elements.decode(elements).vendor(WPS_VENDOR_TYPE)


# ---- beacons and probe responses


@dataclass(frozen=True, slots=True)
class SelectedRegistrar:
    """A registrar waits for an enrollee, by these means.  None: the access point does not say (WPS 1.0)."""

    device_password_id: int | None
    config_methods: ConfigMethods | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _AccessPointAttributes:
    """What beacons and probe responses share.  wps_state: a WpsState, or what else the peer sent, or None."""

    wps_state: int | None = WpsState.CONFIGURED
    is_setup_locked: bool = False
    selected_registrar: SelectedRegistrar | None = None
    uuid_e: bytes | None = None
    rf_bands: RfBands | None = None
    wfa: WfaExtension = field(default_factory=WfaExtension)
    vendor_extensions: tuple[bytes, ...] = ()
    application_extension: bytes | None = None

    @property
    def is_push_button_active(self) -> bool:
        """True while a push button of this access point is pressed."""
        selected = self.selected_registrar
        return selected is not None and selected.device_password_id == DevicePasswordId.PUSH_BUTTON

    def authorizes(self, address: MacAddress) -> bool:
        """True when AuthorizedMACs lists an enrollee, or everybody."""
        return address in self.wfa.authorized_macs or BROADCAST in self.wfa.authorized_macs

    def _begin(self) -> AttributesBuilder:
        """Version, WPS State, AP Setup Locked, and the three attributes of a selected registrar."""
        builder = AttributesBuilder().u8(_A.VERSION, VERSION)
        if self.wps_state is not None:
            builder.u8(_A.WPS_STATE, self.wps_state)
        if self.is_setup_locked:
            builder.u8(_A.AP_SETUP_LOCKED, 1)
        selected = self.selected_registrar
        if selected is not None:
            builder.u8(_A.SELECTED_REGISTRAR, 1)
            if selected.device_password_id is not None:
                builder.u16(_A.DEVICE_PASSWORD_ID, selected.device_password_id)
            if selected.config_methods is not None:
                builder.u16(_A.SELECTED_REGISTRAR_CONFIG_METHODS, selected.config_methods)
        return builder

    def _end(self, builder: AttributesBuilder) -> bytes:
        """RF Bands and the extensions."""
        if self.rf_bands is not None:
            builder.u8(_A.RF_BANDS, self.rf_bands)
        builder.wfa(self.wfa)
        for extension in self.vendor_extensions:
            builder.octets(_A.VENDOR_EXTENSION, extension)
        if self.application_extension is not None:
            builder.octets(_A.APPLICATION_EXTENSION, self.application_extension)
        return builder.build()

    @staticmethod
    def _fields(attributes: Attributes) -> dict[str, Any]:
        rf_bands = attributes.integer(_A.RF_BANDS)
        return {
            "wps_state": attributes.integer(_A.WPS_STATE),
            "is_setup_locked": bool(attributes.boolean(_A.AP_SETUP_LOCKED)),
            "selected_registrar": _decode_selected_registrar(attributes),
            "uuid_e": attributes.get(_A.UUID_E),
            "rf_bands": None if rf_bands is None else RfBands(rf_bands),
            "wfa": attributes.wfa,
            "vendor_extensions": attributes.vendor_extensions,
            "application_extension": attributes.get(_A.APPLICATION_EXTENSION),
        }


def _decode_selected_registrar(attributes: Attributes) -> SelectedRegistrar | None:
    if not attributes.boolean(_A.SELECTED_REGISTRAR):
        return None
    methods = attributes.integer(_A.SELECTED_REGISTRAR_CONFIG_METHODS)
    return SelectedRegistrar(
        attributes.integer(_A.DEVICE_PASSWORD_ID), None if methods is None else ConfigMethods(methods)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeaconAttributes(_AccessPointAttributes):
    """A Beacon (table 8).  uuid_e and rf_bands only where one device serves two bands at once."""

    def encode(self) -> bytes:
        builder = self._begin()
        if self.uuid_e is not None:
            builder.octets(_A.UUID_E, self.uuid_e)
        return self._end(builder)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the joined attributes; raises DecodeError."""
        return cls(**cls._fields(Attributes.decode(octets)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResponseAttributes(_AccessPointAttributes):
    """A Probe Response (table 10).

    device.config_methods: by what an external registrar may set this access point up.  device.rf_bands says nothing
    here; rf_bands does, where one device serves two bands at once.
    """

    response_type: int = ResponseType.AP
    device: DeviceDescription = field(default_factory=DeviceDescription)

    def encode(self) -> bytes:
        builder = self._begin().u8(_A.RESPONSE_TYPE, self.response_type)
        if self.uuid_e is not None:
            builder.octets(_A.UUID_E, self.uuid_e)
        device = self.device
        builder.text(_A.MANUFACTURER, device.manufacturer).text(_A.MODEL_NAME, device.model_name)
        builder.text(_A.MODEL_NUMBER, device.model_number).text(_A.SERIAL_NUMBER, device.serial_number)
        builder.octets(_A.PRIMARY_DEVICE_TYPE, device.primary_device_type.encode())
        builder.text(_A.DEVICE_NAME, device.device_name).u16(_A.CONFIG_METHODS, device.config_methods)
        return self._end(builder)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the joined attributes; raises DecodeError."""
        attributes = Attributes.decode(octets)
        response_type = attributes.integer(_A.RESPONSE_TYPE)
        return cls(
            **cls._fields(attributes),
            response_type=ResponseType.AP if response_type is None else response_type,
            device=_decode_device(attributes, ACCESS_POINT),
        )


def _decode_device(attributes: Attributes, absent: PrimaryDeviceType) -> DeviceDescription:
    device_type = attributes.get(_A.PRIMARY_DEVICE_TYPE)
    return DeviceDescription(
        manufacturer=attributes.text(_A.MANUFACTURER) or "",
        model_name=attributes.text(_A.MODEL_NAME) or "",
        model_number=attributes.text(_A.MODEL_NUMBER) or "",
        serial_number=attributes.text(_A.SERIAL_NUMBER) or "",
        primary_device_type=absent if device_type is None else PrimaryDeviceType.decode(device_type),
        device_name=attributes.text(_A.DEVICE_NAME) or "",
        config_methods=ConfigMethods(attributes.integer(_A.CONFIG_METHODS) or 0),
        rf_bands=RfBands(attributes.integer(_A.RF_BANDS) or 0),
    )


# ---- probe requests


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequestAttributes:
    """A Probe Request of a device that looks for a registrar (table 9).

    device_password_id 4 says that its button was pressed.  device.serial_number and os_version do not travel.
    """

    request_type: int
    uuid_e: bytes
    device: DeviceDescription
    device_password_id: int = DevicePasswordId.DEFAULT
    association_state: int = AssociationState.NOT_ASSOCIATED
    configuration_error: int = ConfigurationError.NO_ERROR
    wfa: WfaExtension = field(default_factory=WfaExtension)
    requested_device_types: tuple[PrimaryDeviceType, ...] = ()
    secondary_device_types: tuple[PrimaryDeviceType, ...] = ()

    @property
    def is_enrollee(self) -> bool:
        """True for a device that wants to be enrolled, and not for a registrar that looks for access points."""
        return self.request_type in (RequestType.ENROLLEE_INFO_ONLY, RequestType.ENROLLEE_OPEN_8021X)

    def encode(self) -> bytes:
        device = self.device
        builder = AttributesBuilder().u8(_A.VERSION, VERSION).u8(_A.REQUEST_TYPE, self.request_type)
        builder.u16(_A.CONFIG_METHODS, device.config_methods).octets(_A.UUID_E, self.uuid_e)
        builder.octets(_A.PRIMARY_DEVICE_TYPE, device.primary_device_type.encode())
        builder.u8(_A.RF_BANDS, device.rf_bands).u16(_A.ASSOCIATION_STATE, self.association_state)
        builder.u16(_A.CONFIGURATION_ERROR, self.configuration_error)
        builder.u16(_A.DEVICE_PASSWORD_ID, self.device_password_id)
        builder.text(_A.MANUFACTURER, device.manufacturer).text(_A.MODEL_NAME, device.model_name)
        builder.text(_A.MODEL_NUMBER, device.model_number).text(_A.DEVICE_NAME, device.device_name)
        builder.wfa(self.wfa)
        for device_type in self.requested_device_types:
            builder.octets(_A.REQUESTED_DEVICE_TYPE, device_type.encode())
        if self.secondary_device_types:
            types = b"".join(device_type.encode() for device_type in self.secondary_device_types)
            builder.octets(_A.SECONDARY_DEVICE_TYPE_LIST, types)
        return builder.build()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the joined attributes; raises DecodeError, also without UUID-E or Request Type."""
        attributes = Attributes.decode(octets)
        request_type, uuid_e = attributes.integer(_A.REQUEST_TYPE), attributes.get(_A.UUID_E)
        if request_type is None or uuid_e is None:
            raise DecodeError("a Probe Request without Request Type or UUID-E")
        secondary = attributes.get(_A.SECONDARY_DEVICE_TYPE_LIST) or b""
        return cls(
            request_type=request_type,
            uuid_e=uuid_e,
            device=_decode_device(attributes, UNKNOWN_DEVICE_TYPE),
            device_password_id=attributes.integer(_A.DEVICE_PASSWORD_ID) or DevicePasswordId.DEFAULT,
            association_state=attributes.integer(_A.ASSOCIATION_STATE) or AssociationState.NOT_ASSOCIATED,
            configuration_error=attributes.integer(_A.CONFIGURATION_ERROR) or ConfigurationError.NO_ERROR,
            wfa=attributes.wfa,
            requested_device_types=tuple(map(PrimaryDeviceType.decode, attributes.all(_A.REQUESTED_DEVICE_TYPE))),
            secondary_device_types=tuple(
                PrimaryDeviceType.decode(secondary[start : start + 8]) for start in range(0, len(secondary), 8)
            ),
        )


# ---- association


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationRequestAttributes:
    """A (Re)Association Request (table 11).  request_type None: the station does not say."""

    request_type: int | None = RequestType.ENROLLEE_OPEN_8021X
    wfa: WfaExtension = field(default_factory=WfaExtension)

    def encode(self) -> bytes:
        builder = AttributesBuilder().u8(_A.VERSION, VERSION)
        if self.request_type is not None:
            builder.u8(_A.REQUEST_TYPE, self.request_type)
        return builder.wfa(self.wfa).build()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the joined attributes; raises DecodeError."""
        attributes = Attributes.decode(octets)
        return cls(request_type=attributes.integer(_A.REQUEST_TYPE), wfa=attributes.wfa)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociationResponseAttributes:
    """A (Re)Association Response (table 12).  response_type None: the access point does not say."""

    response_type: int | None = ResponseType.AP
    wfa: WfaExtension = field(default_factory=WfaExtension)

    def encode(self) -> bytes:
        builder = AttributesBuilder().u8(_A.VERSION, VERSION)
        if self.response_type is not None:
            builder.u8(_A.RESPONSE_TYPE, self.response_type)
        return builder.wfa(self.wfa).build()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the joined attributes; raises DecodeError."""
        attributes = Attributes.decode(octets)
        return cls(response_type=attributes.integer(_A.RESPONSE_TYPE), wfa=attributes.wfa)
