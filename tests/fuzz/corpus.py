# SPDX-License-Identifier: BSD-3-Clause
"""Valid encodings of everything that is decoded, for the fuzz tests to mutate."""

from typing import Any

from wpsagent.crypto.derivation import SessionKeys
from wpsagent.dot11 import elements as ie
from wpsagent.dot11 import frames
from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.machine import Role
from wpsagent.eap.packet import EXPANDED_NAK, IDENTITY, NAK, NOTIFICATION, WSC, EapCode, EapPacket
from wpsagent.eap.wsc_method import FRAGMENT_ACK, START, WscPacket
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.rsn.key_frame import KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, Rsne, WpaElement
from wpsagent.wsc.attributes import AttributesBuilder, AttributeType, WfaExtension
from wpsagent.wsc.credential import ApSettings, Credential, encode_credentials
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.elements import (
    AssociationRequestAttributes,
    AssociationResponseAttributes,
    BeaconAttributes,
    ProbeRequestAttributes,
    ProbeResponseAttributes,
    SelectedRegistrar,
    wrap,
)
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, OpCode, RfBands
from wpsagent.wsc.messages import M1, M2, M2D, M3, M4, M5, M6, M7, M8, WscAck, WscDone, WscNack, device_fields
from wpsagent.wsc.protection import encrypt_settings

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:00:02")
NONCE = bytes(range(16))
PUBLIC_KEY = bytes(range(1, 193))
KEK = bytes(range(16))
SESSION_KEYS = SessionKeys(auth_key=bytes(range(32)), key_wrap_key=bytes(range(16)), emsk=bytes(32))

# ---- dot11

ELEMENTS = (
    ie.ssid_element(Ssid(b"a network")),
    ie.ssid_element(Ssid(b"")),
    ie.supported_rates_element((2, 4, 11, 22, 12, 18, 24, 36), (2, 4, 11, 22)),
    ie.extended_supported_rates_element((48, 72, 96, 108)),
    ie.ds_parameter_element(6),
    ie.erp_element(),
    ie.country_element("DE", (ie.ChannelRange(1, 13, 20),)),
    WPA2_PSK_CCMP.element(),
    WpaElement().element(),
    ie.wmm_parameter_element(),
    ie.wmm_information_element(),
)
HT_CAPABILITIES = ie.HtCapabilities(ie.HtCapabilityFlags(0x012C), 0x17, b"\xff" + bytes(15))
HT_OPERATION = ie.HtOperation(6)

# ---- wsc

WFA = WfaExtension(
    authorized_macs=(STATION, BROADCAST),
    network_key_shareable=True,
    request_to_enroll=True,
    settings_delay_time=5,
    registrar_configuration_methods=0x0280,
    multi_ap=0x10,
)
DEVICE = DeviceDescription(
    manufacturer="A manufacturer",
    model_name="A model",
    model_number="1",
    serial_number="12345",
    primary_device_type=COMPUTER,
    device_name="A device",
    config_methods=ConfigMethods.VIRTUAL_PUSH_BUTTON | ConfigMethods.KEYPAD,
)
CREDENTIAL = Credential(
    Ssid(b"a network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a passphrase", STATION, True, 1
)
AP_SETTINGS = ApSettings(Ssid(b"a network"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a key 89", AP)
SETTINGS = (
    AttributesBuilder().octets(AttributeType.E_SNONCE1, NONCE).build(),
    encode_credentials((CREDENTIAL, CREDENTIAL)),
    AP_SETTINGS.encode_for_registrar(),
    AP_SETTINGS.encode_for_access_point(STATION),
)
ENCRYPTED = tuple(encrypt_settings(SESSION_KEYS, settings, NONCE) for settings in SETTINGS)
CREDENTIALS = (CREDENTIAL.encode(),)

_BOTH_TYPES: dict[str, Any] = {
    "authentication_types": AuthenticationType.OPEN | AuthenticationType.WPA2_PERSONAL,
    "encryption_types": EncryptionType.NONE | EncryptionType.AES,
}
MESSAGES = tuple(
    message.encode()
    for message in (
        M1(
            uuid_e=NONCE,
            mac_address=STATION,
            enrollee_nonce=NONCE,
            public_key=PUBLIC_KEY,
            wps_state=1,
            device_password_id=4,
            vendor_extensions=(b"\x00\x11\x22more",),
            wfa=WFA,
            **_BOTH_TYPES,
            **device_fields(DEVICE),
        ),
        M2(
            enrollee_nonce=NONCE,
            registrar_nonce=NONCE[::-1],
            uuid_r=NONCE,
            public_key=PUBLIC_KEY,
            device_password_id=4,
            encrypted_settings=ENCRYPTED[1],
            authenticator=bytes(8),
            **_BOTH_TYPES,
            **device_fields(DEVICE),
        ),
        M2D(
            enrollee_nonce=NONCE,
            registrar_nonce=NONCE[::-1],
            uuid_r=NONCE,
            device_password_id=0,
            **_BOTH_TYPES,
            **device_fields(DEVICE),
        ),
        M3(registrar_nonce=NONCE, e_hash1=bytes(32), e_hash2=bytes(32), authenticator=bytes(8)),
        M4(
            enrollee_nonce=NONCE,
            r_hash1=bytes(32),
            r_hash2=bytes(32),
            encrypted_settings=ENCRYPTED[0],
            authenticator=bytes(8),
        ),
        M5(registrar_nonce=NONCE, encrypted_settings=ENCRYPTED[0], authenticator=bytes(8)),
        M6(enrollee_nonce=NONCE, encrypted_settings=ENCRYPTED[0], authenticator=bytes(8)),
        M7(registrar_nonce=NONCE, encrypted_settings=ENCRYPTED[2], authenticator=bytes(8)),
        M8(enrollee_nonce=NONCE, encrypted_settings=ENCRYPTED[1], authenticator=bytes(8)),
        WscAck(enrollee_nonce=NONCE, registrar_nonce=NONCE),
        WscNack(enrollee_nonce=NONCE, registrar_nonce=NONCE, configuration_error=18),
        WscDone(enrollee_nonce=NONCE, registrar_nonce=NONCE),
    )
)

_SELECTED = SelectedRegistrar(4, ConfigMethods.VIRTUAL_PUSH_BUTTON)
FRAME_ATTRIBUTES = (
    BeaconAttributes().encode(),
    BeaconAttributes(selected_registrar=_SELECTED, uuid_e=NONCE, rf_bands=RfBands(3), wfa=WFA).encode(),
    ProbeResponseAttributes(selected_registrar=_SELECTED, uuid_e=NONCE, device=DEVICE, wfa=WFA).encode(),
    ProbeRequestAttributes(
        request_type=1,
        uuid_e=NONCE,
        device=DEVICE,
        device_password_id=4,
        requested_device_types=(COMPUTER, COMPUTER),
        secondary_device_types=(COMPUTER,),
        wfa=WFA,
    ).encode(),
    AssociationRequestAttributes().encode(),
    AssociationResponseAttributes().encode(),
)

# ---- frames

_ALL_ELEMENTS = b"".join(ELEMENTS) + wrap(FRAME_ATTRIBUTES[2])
_ADDRESSES = (AP, STATION, AP)
FRAMES = tuple(
    frame.encode()
    for frame in (
        frames.Beacon(BROADCAST, AP, AP, _ALL_ELEMENTS, frames.Capability(0x0431), 100, 12345),
        frames.ProbeRequest(BROADCAST, STATION, BROADCAST, ELEMENTS[1] + ELEMENTS[2] + wrap(FRAME_ATTRIBUTES[3])),
        frames.ProbeResponse(STATION, AP, AP, _ALL_ELEMENTS, frames.Capability(0x0431), 100),
        frames.Authentication(*_ADDRESSES, b"", 0, 1),
        frames.AssociationRequest(*_ADDRESSES, _ALL_ELEMENTS, frames.Capability(0x0431), 10),
        frames.ReassociationRequest(*_ADDRESSES, _ALL_ELEMENTS, frames.Capability(0x0431), 10, AP),
        frames.AssociationResponse(STATION, AP, AP, _ALL_ELEMENTS, frames.Capability(0x0431), 0, 1),
        frames.ReassociationResponse(STATION, AP, AP, _ALL_ELEMENTS, frames.Capability(0x0431), 0, 1),
        frames.Deauthentication(*_ADDRESSES, 3),
        frames.Disassociation(*_ADDRESSES, 8),
        frames.Action(*_ADDRESSES, 3, b"\x00\x01\x02\x03"),
    )
)

# ---- rsn

RSNES = (
    WPA2_PSK_CCMP.encode(),
    Rsne(pmkids=(NONCE,), group_management_cipher=0x000FAC06).encode(),
)
WPA_ELEMENTS = (WpaElement().encode(),)
KEY_DATA = (
    KeyData(WPA2_PSK_CCMP.element(), 1, bytes(range(16))),
    KeyData(group_key_index=2, group_key=bytes(range(32))),
    KeyData(WPA2_PSK_CCMP.element()),
)
_INFORMATION = KeyInformation.PAIRWISE | KeyInformation.ACK
KEY_FRAMES = (
    KeyFrame(_INFORMATION, 1, bytes(range(32)), key_length=16).encode(),
    KeyFrame(KeyInformation.PAIRWISE | KeyInformation.MIC, 1, bytes(range(32)), WPA2_PSK_CCMP.element()).encode(),
    KeyFrame(
        _INFORMATION | KeyInformation.MIC | KeyInformation.SECURE | KeyInformation.ENCRYPTED_KEY_DATA,
        2,
        bytes(range(32)),
        KEY_DATA[0].wrap(KEK),
    ).encode(),
)

# ---- eap

WSC_PACKETS = tuple(
    packet.encode()
    for packet in (
        START,
        FRAGMENT_ACK,
        *(WscPacket(OpCode.WSC_MSG, message) for message in MESSAGES[:9]),
        WscPacket(OpCode.WSC_ACK, MESSAGES[9]),
        WscPacket(OpCode.WSC_NACK, MESSAGES[10]),
        WscPacket(OpCode.WSC_DONE, MESSAGES[11]),
        WscPacket(OpCode.WSC_MSG, MESSAGES[0][:46], has_more=True, message_length=len(MESSAGES[0])),
        WscPacket(OpCode.WSC_MSG, MESSAGES[0][46:94], has_more=True),
        WscPacket(OpCode.WSC_MSG, MESSAGES[0][94:]),
    )
)
EAP_PACKETS = tuple(
    packet.encode()
    for packet in (
        EapPacket(EapCode.REQUEST, 1, IDENTITY),
        EapPacket(EapCode.RESPONSE, 1, IDENTITY, Role.ENROLLEE.value),
        EapPacket(EapCode.RESPONSE, 1, IDENTITY, Role.REGISTRAR.value),
        EapPacket(EapCode.REQUEST, 2, NOTIFICATION, b"hello"),
        EapPacket(EapCode.RESPONSE, 2, NAK, b"\xfe"),
        EapPacket(EapCode.RESPONSE, 2, EXPANDED_NAK, WSC.encode()),
        EapPacket(EapCode.FAILURE, 2),
        EapPacket(EapCode.SUCCESS, 2),
        *(EapPacket(EapCode.REQUEST, 3, WSC, data) for data in WSC_PACKETS),
        *(EapPacket(EapCode.RESPONSE, 3, WSC, data) for data in WSC_PACKETS),
    )
)
EAPOL_PACKETS = (
    EapolPacket(1, EapolType.START).encode(),
    EapolPacket(1, EapolType.LOGOFF).encode(),
    *(EapolPacket(2, EapolType.EAP_PACKET, packet).encode() for packet in EAP_PACKETS),
    *KEY_FRAMES,
)
