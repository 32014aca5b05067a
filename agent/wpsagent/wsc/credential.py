# SPDX-License-Identifier: BSD-3-Clause
"""Network settings as they travel: the Credential a station gets in M8, the settings an AP tells in M7 or gets in M8.

Wi-Fi Simple Configuration 2.0, sections 8.3.10, 8.3.11 and 12 (Credential).  Received settings are read with the
tolerance that deployed registrars need and refused where they could not work or would be unsafe: WEP, TKIP alone,
keys that are no passphrase and no PSK, control characters in a key (CVE-2016-4476).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.attributes import Attributes, AttributesBuilder, AttributeType, WfaExtension, encode_attribute
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigMethods,
    EncryptionType,
    ErrorIndication,
)
from wpsagent.wsc.messages import M1

_A = AttributeType
_PERSONAL = AuthenticationType.WPA_PERSONAL | AuthenticationType.WPA2_PERSONAL
_HEX_DIGITS = frozenset(b"0123456789abcdefABCDEF")
_PSK_DIGITS = 64
_MINIMUM_KEY = 8


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """A network as its access point runs it, and how its key may be told.

    passphrase: 8 to 63 octets of printable ASCII; psk: 32 octets; both None for an open network.
    wpa_encryption_types: the ciphers of WPA (not RSN) where they differ; None: as encryption_types.
    """

    ssid: Ssid
    authentication_types: AuthenticationType
    encryption_types: EncryptionType
    passphrase: bytes | None = field(default=None, repr=False)
    psk: bytes | None = field(default=None, repr=False)
    wpa_encryption_types: EncryptionType | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """Credential, attribute 0x100E: one network a station may join.

    network_key: a passphrase of 8 to 63 octets, a PSK as 64 hexadecimal digits, or nothing for an open network.
    mac_address: the enrollee's when issued in M8; the BSSID or broadcast in a configuration token.
    """

    ssid: Ssid
    authentication_type: AuthenticationType
    encryption_type: EncryptionType
    network_key: bytes = field(repr=False)
    mac_address: MacAddress
    network_key_shareable: bool | None = None
    multi_ap: int | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the attribute's value; raises DecodeError when it cannot be read or lacks what a Credential must have.

        Says nothing of whether the network may be used: see `read_credentials`.
        """
        attributes = Attributes.decode(octets)
        _require(attributes, "a Credential", _A.NETWORK_INDEX, *_SETTINGS, _A.MAC_ADDRESS)
        ssid, authentication_type, encryption_type, network_key = _read_settings(attributes, "a Credential")
        return cls(
            ssid=ssid,
            authentication_type=authentication_type,
            encryption_type=encryption_type,
            network_key=network_key,
            mac_address=MacAddress(attributes.get(_A.MAC_ADDRESS) or b""),
            network_key_shareable=attributes.wfa.network_key_shareable,
            multi_ap=attributes.wfa.multi_ap,
        )

    def encode(self) -> bytes:
        """The attribute's value; `encode_credentials` adds type and length."""
        builder = (
            AttributesBuilder()
            .u8(_A.NETWORK_INDEX, 1)
            .octets(_A.SSID, self.ssid)
            .u16(_A.AUTHENTICATION_TYPE, self.authentication_type)
            .u16(_A.ENCRYPTION_TYPE, self.encryption_type)
            .octets(_A.NETWORK_KEY, self.network_key)
            .octets(_A.MAC_ADDRESS, self.mac_address)
        )
        if self.network_key_shareable is not None or self.multi_ap is not None:
            builder.wfa(WfaExtension(network_key_shareable=self.network_key_shareable, multi_ap=self.multi_ap))
        return builder.build()


def encode_credentials(credentials: Iterable[Credential]) -> bytes:
    """Credential attributes, one after the other, with their headers: as in M8, and as WPS-CRED-RECEIVED shows them."""
    return b"".join(encode_attribute(_A.CREDENTIAL, credential.encode()) for credential in credentials)


@dataclass(frozen=True, slots=True)
class ApSettings:
    """The settings of an access point: told in M7 to a registrar, or given in M8 by one."""

    ssid: Ssid
    authentication_type: AuthenticationType
    encryption_type: EncryptionType
    network_key: bytes = field(repr=False)
    mac_address: MacAddress | None = None

    @classmethod
    def from_attributes(cls, attributes: Attributes) -> Self:
        """From the Encrypted Settings of M7 or M8; raises DecodeError."""
        _require(attributes, "the AP's settings", *_SETTINGS)
        ssid, authentication_type, encryption_type, network_key = _read_settings(attributes, "the AP's settings")
        address = attributes.get(_A.MAC_ADDRESS)
        return cls(
            ssid=ssid,
            authentication_type=authentication_type,
            encryption_type=encryption_type,
            network_key=network_key,
            mac_address=None if address is None else MacAddress(address),
        )

    def encode_for_registrar(self) -> bytes:
        """As an AP tells them in M7.  Types are single-valued, the strongest: Windows 7 refuses combined flags."""
        builder = AttributesBuilder().octets(_A.SSID, self.ssid)
        if self.mac_address is not None:
            builder.octets(_A.MAC_ADDRESS, self.mac_address)
        builder.u16(_A.AUTHENTICATION_TYPE, _strongest_authentication(self.authentication_type))
        builder.u16(_A.ENCRYPTION_TYPE, _strongest_encryption(self.encryption_type))
        return builder.octets(_A.NETWORK_KEY, self.network_key).build()

    def encode_for_access_point(self, address: MacAddress) -> bytes:
        """As a registrar gives them to an AP in M8; address is the one of M1."""
        return (
            AttributesBuilder()
            .u8(_A.NETWORK_INDEX, 1)
            .octets(_A.SSID, self.ssid)
            .u16(_A.AUTHENTICATION_TYPE, self.authentication_type)
            .u16(_A.ENCRYPTION_TYPE, self.encryption_type)
            .octets(_A.NETWORK_KEY, self.network_key)
            .octets(_A.MAC_ADDRESS, address)
            .build()
        )


_SETTINGS = (_A.SSID, _A.AUTHENTICATION_TYPE, _A.ENCRYPTION_TYPE)


def _require(attributes: Attributes, what: str, *required: AttributeType) -> None:
    missing = [attribute.name for attribute in required if attribute not in attributes]
    if missing:
        raise DecodeError(f"{what} without {', '.join(missing)}")


def _read_settings(attributes: Attributes, what: str) -> tuple[Ssid, AuthenticationType, EncryptionType, bytes]:
    """SSID, types and key as meant, where some registrars write them oddly; raises DecodeError."""
    authentication_type = AuthenticationType(attributes.integer(_A.AUTHENTICATION_TYPE) or 0)
    encryption_type = EncryptionType(attributes.integer(_A.ENCRYPTION_TYPE) or 0)
    network_key = attributes.get(_A.NETWORK_KEY)
    if network_key is None:
        if authentication_type != AuthenticationType.OPEN or encryption_type != EncryptionType.NONE:
            raise DecodeError(f"{what} of a protected network without NETWORK_KEY")
        network_key = b""
    # Some registrars pad the SSID to 32 octets.
    ssid = Ssid((attributes.get(_A.SSID) or b"").rstrip(b"\x00"))
    # Some registrars count the NUL after a passphrase as part of it.
    if authentication_type & _PERSONAL and _MINIMUM_KEY < len(network_key) < _PSK_DIGITS:
        network_key = network_key.removesuffix(b"\x00")
    return ssid, authentication_type, encryption_type, network_key


@dataclass(frozen=True, slots=True)
class RefusedCredential:
    """A Credential that was not taken, and why (for people; never holds the key)."""

    reason: str
    error_indication: ErrorIndication = ErrorIndication.NO_ERROR


@dataclass(frozen=True, slots=True)
class CredentialReading:
    """What came of the Credentials of one M8."""

    accepted: tuple[Credential, ...]
    refused: tuple[RefusedCredential, ...]

    @property
    def error_indication(self) -> ErrorIndication:
        """The indication to report when nothing was accepted: that of the last Credential that has one."""
        indications = [refused.error_indication for refused in self.refused if refused.error_indication]
        return indications[-1] if indications else ErrorIndication.NO_ERROR


def read_credentials(values: Iterable[bytes], *, is_tkip_allowed: bool = False) -> CredentialReading:
    """Read and judge each Credential (the values of the attributes); never raises for what a peer sent.

    WPA and WPA2 together become WPA2.  Enterprise and shared-key networks, WEP, TKIP alone (unless allowed) and bad
    keys are refused.  A MAC address that is not ours is no reason: many APs put their own, or zeros.
    """
    accepted: list[Credential] = []
    refused: list[RefusedCredential] = []
    for value in values:
        try:
            credential = Credential.decode(value)
        except DecodeError as error:
            refused.append(RefusedCredential(str(error)))
            continue
        reason = _why_not(credential.authentication_type, credential.encryption_type, is_tkip_allowed)
        reason = reason or _why_not_key(credential.authentication_type, credential.network_key)
        if reason is None:
            accepted.append(_as_wpa2(credential))
        else:
            refused.append(reason)
    return CredentialReading(tuple(accepted), tuple(refused))


def _as_wpa2(credential: Credential) -> Credential:
    if credential.authentication_type & AuthenticationType.WPA2_PERSONAL:
        return replace(credential, authentication_type=AuthenticationType.WPA2_PERSONAL)
    return credential


_USABLE = (AuthenticationType.OPEN, AuthenticationType.WPA_PERSONAL, AuthenticationType.WPA2_PERSONAL, _PERSONAL)


def _why_not(
    authentication_type: AuthenticationType, encryption_type: EncryptionType, is_tkip_allowed: bool
) -> RefusedCredential | None:
    """Why a network of these types is not taken; None when it is."""
    if encryption_type & EncryptionType.WEP and not encryption_type & EncryptionType.AES:
        return RefusedCredential("the network uses WEP", ErrorIndication.WEP_PROHIBITED)
    is_tkip_only = encryption_type & EncryptionType.TKIP and not encryption_type & EncryptionType.AES
    if is_tkip_only and not is_tkip_allowed:
        return RefusedCredential("the network uses TKIP only", ErrorIndication.TKIP_ONLY_PROHIBITED)
    if authentication_type not in _USABLE:
        return RefusedCredential(f"authentication type 0x{authentication_type:04x} is not supported")
    return None


def _why_not_key(authentication_type: AuthenticationType, network_key: bytes) -> RefusedCredential | None:
    """Why a key is not one; None when it is, or none is needed."""
    if authentication_type == AuthenticationType.OPEN:
        return None
    if len(network_key) < _MINIMUM_KEY:
        return RefusedCredential(f"a network key of {len(network_key)} octets, expected 8 to 64")
    if any(octet < 0x20 or octet == 0x7F for octet in network_key):
        return RefusedCredential("a network key with control characters")
    if len(network_key) == _PSK_DIGITS and not _HEX_DIGITS.issuperset(network_key):
        return RefusedCredential("a network key of 64 octets that are not hexadecimal digits")
    return None


def read_ap_settings(attributes: Attributes, *, is_tkip_allowed: bool = False) -> ApSettings | RefusedCredential:
    """The settings a registrar gives an AP in M8, upgraded to what the AP will run, or why they are refused.

    WPA becomes WPA and WPA2, TKIP becomes TKIP and AES; WEP, and TKIP alone unless allowed, are refused.
    """
    try:
        settings = ApSettings.from_attributes(attributes)
    except DecodeError as error:
        return RefusedCredential(str(error))
    reason = _why_not(settings.authentication_type, settings.encryption_type, is_tkip_allowed)
    reason = reason or _why_not_key(settings.authentication_type, settings.network_key)
    reason = reason or _why_not_to_run(settings)
    return reason or _upgraded(settings)


def _why_not_to_run(settings: ApSettings) -> RefusedCredential | None:
    """Why an access point cannot run what a station might join; None when it can."""
    if not settings.ssid:
        return RefusedCredential("a network without a name")
    # IEEE 802.11-2020, annex J.4.1: a passphrase is of printable ASCII characters.
    is_protected = settings.authentication_type != AuthenticationType.OPEN
    if is_protected and any(octet > 0x7E for octet in settings.network_key):
        return RefusedCredential("a passphrase with characters beyond ASCII")
    return None


def _upgraded(settings: ApSettings) -> ApSettings:
    authentication_type, encryption_type = settings.authentication_type, settings.encryption_type
    if authentication_type & AuthenticationType.WPA_PERSONAL:
        authentication_type |= AuthenticationType.WPA2_PERSONAL
    if encryption_type & EncryptionType.TKIP:
        encryption_type |= EncryptionType.AES
    return replace(settings, authentication_type=authentication_type, encryption_type=encryption_type)


# ---- issuing


def build_credential(
    settings: NetworkSettings, m1: M1, key_for: Callable[[NetworkSettings, M1], bytes] | None = None
) -> Credential:
    """The Credential an AP issues to an enrollee: the strongest types both have, the key as that enrollee can use it.

    key_for says which key that is; by default `network_key_for`.  Raises ProtocolError when there is no cipher, or no
    key, to give.
    """
    authentication_type = _choose_authentication(settings.authentication_types, m1.authentication_types)
    return Credential(
        ssid=settings.ssid,
        authentication_type=authentication_type,
        encryption_type=_choose_encryption(settings, authentication_type, m1.encryption_types),
        network_key=b""
        if authentication_type == AuthenticationType.OPEN
        else (key_for or network_key_for)(settings, m1),
        mac_address=m1.mac_address,
    )


_ALL_BUT_WPA2_PERSONAL = 0x001B


def _choose_authentication(ours: AuthenticationType, theirs: AuthenticationType) -> AuthenticationType:
    if theirs == _ALL_BUT_WPA2_PERSONAL:  # sent by enrollees that do know WPA2
        theirs |= AuthenticationType.WPA2_PERSONAL
    # Nothing in common: some enrollees send garbage, so suppose they know everything.
    strongest = _strongest_authentication(ours & theirs or ours)
    if not strongest:
        raise ProtocolError("the network has no authentication type that a Credential can tell")
    return strongest


def _choose_encryption(
    settings: NetworkSettings, authentication_type: AuthenticationType, theirs: EncryptionType
) -> EncryptionType:
    if authentication_type == AuthenticationType.OPEN:
        return EncryptionType.NONE
    ours = settings.encryption_types
    if authentication_type == AuthenticationType.WPA_PERSONAL and settings.wpa_encryption_types is not None:
        ours = settings.wpa_encryption_types
    ours &= EncryptionType.AES | EncryptionType.TKIP
    if not ours:
        raise ProtocolError("the network has no cipher that a Credential can tell")
    return _strongest_encryption(ours & theirs or ours)


def _strongest_authentication(types: AuthenticationType) -> AuthenticationType:
    for candidate in (AuthenticationType.WPA2_PERSONAL, AuthenticationType.WPA_PERSONAL, AuthenticationType.OPEN):
        if types & candidate:
            return candidate
    return AuthenticationType(0)


def _strongest_encryption(types: EncryptionType) -> EncryptionType:
    for candidate in (EncryptionType.AES, EncryptionType.TKIP):
        if types & candidate:
            return candidate
    return EncryptionType.NONE


def network_key_for(settings: NetworkSettings, m1: M1) -> bytes:
    """The key as it goes to one enrollee; raises ProtocolError when the network has none.

    An enrollee with a display gets the passphrase, which its user may read there; others the PSK, where there is one.
    """
    is_unable_to_show = not m1.config_methods & ConfigMethods.DISPLAY
    if settings.psk is not None and (is_unable_to_show or _is_apple_airport(m1) or settings.passphrase is None):
        return settings.psk.hex().encode()
    if settings.passphrase is None:
        raise ProtocolError("the network has neither passphrase nor PSK to tell")
    return settings.passphrase


def _is_apple_airport(m1: M1) -> bool:
    """True for Mac OS X 10.6, which mistreats a passphrase."""
    return m1.manufacturer.startswith("Apple ") and m1.model_name == "AirPort"
