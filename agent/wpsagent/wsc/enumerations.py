# SPDX-License-Identifier: BSD-3-Clause
"""The enumerations of Wi-Fi Simple Configuration 2.0 (section 12).

Closed enumerations are enum members; open ones (device password ids) stay integers and have named constants, because
a value that nobody has named yet must decode to itself.
"""

from enum import IntEnum, IntFlag


class MessageType(IntEnum):
    """Message Type, attribute 0x1022 (table 42)."""

    BEACON = 0x01
    PROBE_REQUEST = 0x02
    PROBE_RESPONSE = 0x03
    M1 = 0x04
    M2 = 0x05
    M2D = 0x06
    M3 = 0x07
    M4 = 0x08
    M5 = 0x09
    M6 = 0x0A
    M7 = 0x0B
    M8 = 0x0C
    WSC_ACK = 0x0D
    WSC_NACK = 0x0E
    WSC_DONE = 0x0F


class OpCode(IntEnum):
    """Op-Code of EAP-WSC (section 7.7.1)."""

    WSC_START = 0x01
    WSC_ACK = 0x02
    WSC_NACK = 0x03
    WSC_MSG = 0x04
    WSC_DONE = 0x05
    WSC_FRAG_ACK = 0x06


class DevicePasswordId:
    """Device Password ID, attribute 0x1012 (table 37): 0x0010 and above are out-of-band tokens."""

    DEFAULT = 0
    USER_SPECIFIED = 1
    MACHINE_SPECIFIED = 2
    REKEY = 3
    PUSH_BUTTON = 4
    REGISTRAR_SPECIFIED = 5
    NFC_CONNECTION_HANDOVER = 7
    P2PS_DEFAULT = 8
    FIRST_OUT_OF_BAND = 0x0010


PIN_PASSWORD_IDS = frozenset(
    (
        DevicePasswordId.DEFAULT,
        DevicePasswordId.USER_SPECIFIED,
        DevicePasswordId.MACHINE_SPECIFIED,
        DevicePasswordId.REGISTRAR_SPECIFIED,
        DevicePasswordId.P2PS_DEFAULT,
    )
)
"""Device Password IDs that mean a PIN."""


class ConfigMethods(IntFlag):
    """Config Methods, attribute 0x1008 (table 33); the virtual and physical members include their base bit."""

    USBA = 0x0001
    ETHERNET = 0x0002
    LABEL = 0x0004
    DISPLAY = 0x0008
    EXT_NFC_TOKEN = 0x0010
    INT_NFC_TOKEN = 0x0020
    NFC_INTERFACE = 0x0040
    PUSH_BUTTON = 0x0080
    KEYPAD = 0x0100
    VIRTUAL_PUSH_BUTTON = 0x0280
    PHYSICAL_PUSH_BUTTON = 0x0480
    P2PS = 0x1000
    VIRTUAL_DISPLAY = 0x2008
    PHYSICAL_DISPLAY = 0x4008


PUSH_BUTTON_FAMILY = ConfigMethods.VIRTUAL_PUSH_BUTTON | ConfigMethods.PHYSICAL_PUSH_BUTTON
"""Every push-button bit: base, virtual and physical (0x0680)."""


class AuthenticationType(IntFlag):
    """Authentication Type (Flags), attributes 0x1003 and 0x1004 (table 31)."""

    OPEN = 0x0001
    WPA_PERSONAL = 0x0002
    SHARED = 0x0004
    WPA_ENTERPRISE = 0x0008
    WPA2_ENTERPRISE = 0x0010
    WPA2_PERSONAL = 0x0020


class EncryptionType(IntFlag):
    """Encryption Type (Flags), attributes 0x100F and 0x1010 (table 38)."""

    NONE = 0x0001
    WEP = 0x0002
    TKIP = 0x0004
    AES = 0x0008


class AssociationState(IntEnum):
    """Association State, attribute 0x1002 (table 30)."""

    NOT_ASSOCIATED = 0
    CONNECTION_SUCCESS = 1
    CONFIGURATION_FAILURE = 2
    ASSOCIATION_FAILURE = 3
    IP_FAILURE = 4


class ConfigurationError(IntEnum):
    """Configuration Error, attribute 0x1009 (table 34)."""

    NO_ERROR = 0
    OOB_INTERFACE_READ_ERROR = 1
    DECRYPTION_CRC_FAILURE = 2
    CHANNEL_2_4_NOT_SUPPORTED = 3
    CHANNEL_5_NOT_SUPPORTED = 4
    SIGNAL_TOO_WEAK = 5
    NETWORK_AUTH_FAILURE = 6
    NETWORK_ASSOCIATION_FAILURE = 7
    NO_DHCP_RESPONSE = 8
    FAILED_DHCP_CONFIG = 9
    IP_ADDRESS_CONFLICT = 10
    COULD_NOT_CONNECT_TO_REGISTRAR = 11
    MULTIPLE_PBC_DETECTED = 12
    ROGUE_ACTIVITY_SUSPECTED = 13
    DEVICE_BUSY = 14
    SETUP_LOCKED = 15
    MESSAGE_TIMEOUT = 16
    REGISTRATION_SESSION_TIMEOUT = 17
    DEVICE_PASSWORD_AUTH_FAILURE = 18
    CHANNEL_60_NOT_SUPPORTED = 19
    PUBLIC_KEY_HASH_MISMATCH = 20


class ErrorIndication(IntEnum):
    """Why a run failed beyond its configuration error; local, shown as reason= in WPS-FAIL."""

    NO_ERROR = 0
    TKIP_ONLY_PROHIBITED = 1
    WEP_PROHIBITED = 2
    AUTHENTICATION_FAILURE = 3


class RfBands(IntFlag):
    """RF Bands, attribute 0x103C (table 50)."""

    BAND_2_4_GHZ = 0x01
    BAND_5_GHZ = 0x02
    BAND_60_GHZ = 0x04


class WpsState(IntEnum):
    """Wi-Fi Simple Configuration State, attribute 0x1044 (table 55)."""

    NOT_CONFIGURED = 1
    CONFIGURED = 2


class RequestType(IntEnum):
    """Request Type, attribute 0x103A (table 51)."""

    ENROLLEE_INFO_ONLY = 0
    ENROLLEE_OPEN_8021X = 1
    REGISTRAR = 2
    WLAN_MANAGER_REGISTRAR = 3


class ResponseType(IntEnum):
    """Response Type, attribute 0x103B (table 52)."""

    ENROLLEE_INFO_ONLY = 0
    ENROLLEE_OPEN_8021X = 1
    REGISTRAR = 2
    AP = 3
