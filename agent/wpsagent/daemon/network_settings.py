# SPDX-License-Identifier: BSD-3-Clause
"""The settings of an access point of ours: as the configuration has them, as its machine takes them, and where what
Wi-Fi Protected Setup changes of them is kept.

A registrar may ask for what this access point does not run (WPA beside WPA2, TKIP beside CCMP): it runs the stronger
half.  Refused: what has no stronger half, keys that no station could use, a network without a name.
"""

from dataclasses import replace
from typing import Protocol

from wpsagent.config.model import AccessPointSettings, Security
from wpsagent.config.network_overlay import NetworkOverlay
from wpsagent.crypto.passphrase import is_passphrase
from wpsagent.errors import ConfigError, UsageError
from wpsagent.io.atomic_file import SaveError
from wpsagent.octets import MacAddress
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.credential import Credential, NetworkSettings, encode_credentials
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState

_PERSONAL = AuthenticationType.WPA_PERSONAL | AuthenticationType.WPA2_PERSONAL


def parameters(settings: AccessPointSettings) -> AccessPointParameters:
    """What the machine of an access point takes."""
    return AccessPointParameters(
        interface=settings.interface,
        settings=network_settings(settings),
        frequency_mhz=settings.frequency_mhz,
        beacon_interval_tu=settings.beacon_interval_tu,
        dtim_period=settings.dtim_period,
        is_hidden=settings.hidden,
        country=settings.country,
        max_stations=settings.max_stations,
        inactivity=settings.inactivity_s,
        group_rekey=settings.group_rekey_s,
        credential_processing=CredentialProcessing[settings.cred_processing.name],
    )


def network_settings(settings: AccessPointSettings) -> NetworkSettings:
    """The network as it beacons."""
    is_open = settings.security is Security.OPEN
    return NetworkSettings(
        ssid=settings.ssid,
        authentication_types=AuthenticationType.OPEN if is_open else AuthenticationType.WPA2_PERSONAL,
        encryption_types=EncryptionType.NONE if is_open else EncryptionType.AES,
        passphrase=settings.passphrase,
        psk=settings.psk,
    )


def with_network(settings: AccessPointSettings, network: NetworkSettings, wps_state: WpsState) -> AccessPointSettings:
    """The settings with another network in them; raises UsageError for one that cannot be run."""
    if not network.ssid:
        raise UsageError("a network needs a name of 1 to 32 octets")
    if network.authentication_types & _PERSONAL:
        _require_runnable(network)
        psk = network.psk if network.passphrase is None else None
        changed = replace(settings, security=Security.WPA2, passphrase=network.passphrase, psk=psk)
    elif network.authentication_types & AuthenticationType.OPEN:
        changed = replace(settings, security=Security.OPEN, passphrase=None, psk=None)
    else:
        raise UsageError("an access point here is open or WPA2-PSK, nothing else")
    return replace(changed, ssid=network.ssid, wps_state=wps_state)


def _require_runnable(network: NetworkSettings) -> None:
    if not network.encryption_types & EncryptionType.AES:
        raise UsageError("WEP and TKIP are broken, and WPS forbids them: a protected network is WPA2 with CCMP (AES)")
    passphrase, psk = network.passphrase, network.psk
    is_key = psk is not None and len(psk) == 32
    if passphrase is not None:
        is_key = is_passphrase(passphrase)
    if not is_key:
        raise UsageError("a key is a passphrase of 8 to 63 printable ASCII characters, or 64 hexadecimal digits")


def told(settings: AccessPointSettings, address: MacAddress) -> str:
    """The network as a Credential in hexadecimal, as control clients are told new settings."""
    network = network_settings(settings)
    key = network.passphrase or (network.psk.hex().encode() if network.psk is not None else b"")
    credential = Credential(network.ssid, network.authentication_types, network.encryption_types, key, address)
    return encode_credentials([credential]).hex()


# ---- where it is kept


class SettingsStore(Protocol):
    """Where what WPS changed of one network outlasts a restart."""

    def load(self) -> AccessPointSettings:
        """What is to run; raises ConfigError when what was kept does not count any more."""

    def save(self, settings: AccessPointSettings) -> None:
        """Keep what runs now; raises SaveError."""


class HostapdStore:
    """The hostapd.conf that a network came from: rewritten as hostapd would."""

    def __init__(self, configured: AccessPointSettings, path: str) -> None:
        self._configured = configured
        self._path = path

    def load(self) -> AccessPointSettings:
        return self._configured

    def save(self, settings: AccessPointSettings) -> None:
        # Imported when it is needed: a network from TOML is never kept so.
        from wpsagent.config.hostapd_rewrite import rewrite_file

        try:
            network, add_sae = network_settings(settings), self._configured.add_sae
            rewrite_file(self._path, network, settings.interface, add_sae=add_sae)
        except (ConfigError, UsageError) as error:
            raise SaveError(str(error)) from None


class NoStore:
    """Of a network that is gone with the agent."""

    def __init__(self, configured: AccessPointSettings) -> None:
        self._configured = configured

    def load(self) -> AccessPointSettings:
        return self._configured

    def save(self, settings: AccessPointSettings) -> None:
        pass


def store_of(configured: AccessPointSettings, state_directory: str) -> SettingsStore:
    """The store of a network: its hostapd.conf, or a file beside the TOML."""
    if configured.is_temporary:
        return NoStore(configured)
    if configured.source_file is not None:
        return HostapdStore(configured, configured.source_file)
    return NetworkOverlay(state_directory, configured)
