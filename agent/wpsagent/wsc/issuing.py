# SPDX-License-Identifier: BSD-3-Clause
"""What one network hands out: Credentials to enrollees (M8), its settings to external registrars (M7).

Wi-Fi Simple Configuration 2.0, sections 8.3.8 to 8.3.10.  The key an enrollee gets, the first of these that there is:

1. a passphrase made up for it, where the access point is not configured: what was open becomes WPA2-Personal;
2. the PSK that WPS made for this device earlier, when it enrols again;
3. the network's PSK or passphrase (`credential.network_key_for`), unless every device is to have a key of its own;
4. a random PSK for this device, which counts from the end of its run on.

hostapd makes an access point that is not configured a network of WPA and WPA2 with TKIP and CCMP; here it becomes one
of WPA2 with CCMP, for WPA and TKIP are not spoken.  The credential of a Multi-AP backhaul is not handed out.
"""

import base64
from collections import deque
from dataclasses import dataclass, field

from wpsagent.errors import ProtocolError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import Entropy
from wpsagent.wsc.credential import (
    ApSettings,
    Credential,
    NetworkSettings,
    build_credential,
    encode_credentials,
    network_key_for,
)
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import RunOutcome

PASSPHRASE_ENTROPY = 16
"""Octets behind a passphrase that is made up: 22 characters."""

MAX_REGISTRARS = 32
"""External registrars for which a PSK is kept until they have proved that they know the AP PIN."""

_PSK_SIZE = 32


@dataclass(frozen=True, slots=True)
class IssuingPolicy:
    """How a network hands itself out.

    forces_device_psks: every device gets a key of its own, though the network has one (force_per_enrollee_psk).
    extra_credentials: attributes that follow the Credential as they are (extra_cred); skips_build: they are all there
    is, and an access point that is not configured stays so (skip_cred_build).  ap_settings: what M7 tells instead of
    the network's settings.  keeps_push_button: as in `AccessPointEnrollee` (pbc_in_m1).
    """

    forces_device_psks: bool = False
    extra_credentials: bytes = field(default=b"", repr=False)
    skips_build: bool = False
    ap_settings: bytes | None = field(default=None, repr=False)
    keeps_push_button: bool = False


@dataclass(frozen=True, slots=True)
class PskIssued:
    """A device has a key of its own from now on."""

    address: MacAddress
    psk: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SettingsInvented:
    """The first enrollee has come: the access point is configured.  credentials: the attribute it was given."""

    address: MacAddress
    settings: NetworkSettings
    credentials: bytes = field(repr=False)


IssuingEvent = PskIssued | SettingsInvented


class CredentialIssuer:
    """One network: its settings, whether it is configured, the keys of its devices."""

    def __init__(
        self,
        settings: NetworkSettings,
        entropy: Entropy,
        *,
        wps_state: WpsState = WpsState.CONFIGURED,
        policy: IssuingPolicy | None = None,
        psks: DevicePsks | None = None,
    ) -> None:
        self.settings = settings
        self.wps_state = wps_state
        self.policy = policy or IssuingPolicy()
        self.psks = psks if psks is not None else DevicePsks()
        self._entropy = entropy
        self._invented: NetworkSettings | None = None
        self._of_enrollees: dict[MacAddress, bytes] = {}
        self._of_registrars: dict[MacAddress, bytes] = {}
        self._events: deque[IssuingEvent] = deque()

    def next_event(self) -> IssuingEvent | None:
        return self._events.popleft() if self._events else None

    def reconfigure(self, settings: NetworkSettings, wps_state: WpsState) -> None:
        """The network is another one from now on."""
        self.settings, self.wps_state, self._invented = settings, wps_state, None

    # ---- M8

    def credentials_for(self, m1: M1) -> bytes:
        """The attributes for an enrollee; raises ProtocolError when the network has nothing that can be told."""
        built = b"" if self.policy.skips_build else encode_credentials((self._credential_for(m1),))
        return built + self.policy.extra_credentials

    def run_ended(self, m1: M1, outcome: RunOutcome) -> None:
        """What was made for the enrollee holds if it has it, and is forgotten otherwise."""
        psk = self._of_enrollees.pop(m1.mac_address, None)
        if outcome is not RunOutcome.SUCCEEDED:
            return
        if psk is not None:
            self._issue(m1.mac_address, psk)
        if self._invented is not None and self.wps_state is WpsState.NOT_CONFIGURED:
            self._adopt(self._invented, m1)

    def _credential_for(self, m1: M1) -> Credential:
        if self.wps_state is WpsState.NOT_CONFIGURED:
            return build_credential(self._invent(), m1)
        return build_credential(self.settings, m1, self._network_key_for)

    def _network_key_for(self, settings: NetworkSettings, m1: M1) -> bytes:
        known = self.psks.given_to(m1.mac_address)
        if known is not None:
            return known.hex().encode("ascii")
        if _is_shared(settings) and not self.policy.forces_device_psks:
            return network_key_for(settings, m1)
        psk = self._of_enrollees[m1.mac_address] = self._draw(_PSK_SIZE)
        return psk.hex().encode("ascii")

    def _invent(self) -> NetworkSettings:
        """The same for all who come until one has it: two may be at it at once, and one may miss our last message."""
        if self._invented is None:
            passphrase = base64.b64encode(self._draw(PASSPHRASE_ENTROPY)).rstrip(b"=")
            self._invented = wpa2_settings(self.settings.ssid, passphrase)
        return self._invented

    def _adopt(self, settings: NetworkSettings, m1: M1) -> None:
        octets = encode_credentials((build_credential(settings, m1),))
        self.reconfigure(settings, WpsState.CONFIGURED)
        self._events.append(SettingsInvented(m1.mac_address, settings, octets))

    # ---- M7

    def ap_settings_for(self, registrar: MacAddress, bssid: MacAddress) -> ApSettings | bytes:
        """What M7 tells an external registrar: one key, for all or, where there is none for all, for it alone."""
        if self.policy.ap_settings is not None:
            return self.policy.ap_settings
        settings = self.settings
        key = b""
        if settings.authentication_types != AuthenticationType.OPEN:
            key = self._key_for_registrar(registrar)
        return ApSettings(settings.ssid, settings.authentication_types, settings.encryption_types, key, bssid)

    def registrar_verified(self, registrar: MacAddress) -> None:
        """It has proved that it knows the AP PIN: M7 is on its way, and the key in it holds."""
        psk = self._of_registrars.pop(registrar, None)
        if psk is not None:
            self._issue(registrar, psk)

    def _key_for_registrar(self, registrar: MacAddress) -> bytes:
        if self.settings.passphrase is not None:
            return self.settings.passphrase
        psk = self.settings.psk or self.psks.given_to(registrar) or self._of_registrars.get(registrar)
        if psk is None:
            if len(self._of_registrars) >= MAX_REGISTRARS:
                del self._of_registrars[next(iter(self._of_registrars))]
            psk = self._of_registrars[registrar] = self._draw(_PSK_SIZE)
        return psk.hex().encode("ascii")

    # ---- tools

    def _issue(self, address: MacAddress, psk: bytes) -> None:
        self.psks.add(address, psk)
        self._events.append(PskIssued(address, psk))

    def _draw(self, size: int) -> bytes:
        octets = self._entropy(size)
        if len(octets) != size or not any(octets):
            raise ProtocolError("the source of entropy gives none: no key can be made")
        return octets


def wpa2_settings(ssid: Ssid, network_key: bytes) -> NetworkSettings:
    """A network of WPA2-Personal with CCMP.  network_key: a passphrase, or a PSK as 64 hexadecimal digits."""
    is_psk = len(network_key) == 2 * _PSK_SIZE
    return NetworkSettings(
        ssid,
        AuthenticationType.WPA2_PERSONAL,
        EncryptionType.AES,
        passphrase=None if is_psk else network_key,
        psk=bytes.fromhex(network_key.decode("ascii")) if is_psk else None,
    )


def network_settings_of(settings: ApSettings) -> NetworkSettings:
    """What an access point of ours runs of the settings that `credential.read_ap_settings` let pass.

    WPA and TKIP beside WPA2 and CCMP are left out: they are not spoken here, and nobody needs them who knows better.
    """
    if settings.authentication_type == AuthenticationType.OPEN:
        return NetworkSettings(settings.ssid, AuthenticationType.OPEN, EncryptionType.NONE)
    return wpa2_settings(settings.ssid, settings.network_key)


def _is_shared(settings: NetworkSettings) -> bool:
    return settings.psk is not None or settings.passphrase is not None
