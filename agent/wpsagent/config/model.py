# SPDX-License-Identifier: BSD-3-Clause
"""The configuration as values: what a file means once it has been read, checked and completed with defaults.

Secrets are kept out of every repr.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from wpsagent.octets import Ssid
from wpsagent.rsn.rsne import FrameProtection
from wpsagent.wsc.device import DeviceDescription, PrimaryDeviceType
from wpsagent.wsc.enumerations import ConfigMethods, RfBands, WpsState
from wpsagent.wsc.lock_out import SetupLockMode


class Security(StrEnum):
    """How a network of ours is protected."""

    WPA2 = "wpa2"
    OPEN = "open"


class EapolTransport(StrEnum):
    """How EAPOL frames travel: by the driver's control port where it has one, or always by a packet socket."""

    AUTO = "auto"
    PACKET = "packet"


class CredentialProcessing(StrEnum):
    """What becomes of what WPS brings: our networks, a hexadecimal text for control clients, or both."""

    INTERNAL = "internal"
    EXTERNAL = "external"
    BOTH = "both"


FRAME_PROTECTION = {
    "off": FrameProtection.NEVER,
    "optional": FrameProtection.OPTIONAL,
    "required": FrameProtection.REQUIRED,
}
"""What a station does about protected management frames, as the configuration says it."""


class PushButtonScan(StrEnum):
    """What a station listens to after its button was pressed: every channel, or the likely ones first."""

    FULL = "full"
    FAST = "fast"


class Backend(StrEnum):
    """Who has the radio of an interface: we (nl80211), or a program that we drive by its control socket.

    auto: hostapd (wpa_supplicant for a station) where it answers for the interface, also when it comes later, else we.
    """

    NL80211 = "nl80211"
    HOSTAPD = "hostapd"
    WPA_SUPPLICANT = "wpa_supplicant"
    AUTO = "auto"


class HandOver(StrEnum):
    """Who gets the networks that WPS teaches a station, and the interface with them.  auto: who is there."""

    NONE = "none"
    AUTO = "auto"
    NETWORK_MANAGER = "networkmanager"
    WPA_SUPPLICANT = "wpa_supplicant"
    IWD = "iwd"
    NETWORKD = "networkd"
    UCI = "uci"


class ButtonAction(StrEnum):
    """What a press of the button asks for; PBC is the access points' where there are any, else the station's."""

    PBC = "pbc"
    STATION_PBC = "station_pbc"
    CANCEL = "cancel"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """[agent]: the program itself.  The display times say how long a result stays on LED and MQTT, in seconds.

    hostapd_directory, supplicant_directory: of the sockets of single interfaces; None: beside control_socket, "": none.
    """

    node: str
    control_socket: str
    control_group: str | None
    state_directory: str
    log_level: str
    success_display_s: float
    error_display_s: float
    hostapd_directory: str | None = None
    supplicant_directory: str | None = None


@dataclass(frozen=True, slots=True)
class DeviceSettings:
    """[device]: how the device names itself to others (attributes of Wi-Fi Simple Configuration 2.0, section 12)."""

    name: str
    manufacturer: str
    model_name: str
    model_number: str
    serial_number: str
    primary_device_type: PrimaryDeviceType
    uuid: bytes | None
    config_methods: ConfigMethods
    os_version: int = 0

    def description(self, rf_bands: RfBands = RfBands.BAND_2_4_GHZ) -> DeviceDescription:
        """What we say of ourselves in messages and frames, on these bands."""
        return DeviceDescription(
            manufacturer=self.manufacturer,
            model_name=self.model_name,
            model_number=self.model_number,
            serial_number=self.serial_number,
            primary_device_type=self.primary_device_type,
            device_name=self.name,
            os_version=self.os_version,
            config_methods=self.config_methods,
            rf_bands=rf_bands,
        )


@dataclass(frozen=True, slots=True)
class AccessPointSettings:
    """[[access_point]]: one network (BSS) of ours.

    channel and frequency_mhz agree, whichever of them was given.

    passphrase: 8 to 63 octets; psk: 32 octets; both None on an open network, exactly one of them set on WPA2, or
    neither where psk_file has the keys.
    create_on: a phy or an interface on which `interface` is created; None when `interface` exists.
    follow: the interface of a station of ours whose network, once WPS has taught it, becomes this one's.
    ap_pin, setup_locked and lock_out_s are those of the whole button group: one registrar stands behind it.
    pin_requests: a file that is told who needs a PIN.  psk_file: keys of single devices, as hostapd's wpa_psk_file.
    extra_credentials: attributes that go out with each Credential, or instead of it with skip_credential_build.
    add_sae: what is written back into hostapd.conf lets hostapd offer WPA3's SAE too (wps_cred_add_sae).
    source_file: the hostapd.conf it came from, into which what a registrar changes is written back; None with TOML.
    control_directory, control_group: of its own control socket; None: as [agent] says; "" for the folder: no socket.
    owner_directory: where hostapd is looked for (backend = "auto"); None: it is not, the radio is ours.
    take_interface: NetworkManager is told to leave it alone while the agent runs.
    is_temporary: of a station's network with mode=2: nothing that becomes of it is kept, and the third wrong AP PIN
    takes the PIN away instead of locking it.
    """

    interface: str
    create_on: str | None
    ssid: Ssid
    security: Security
    passphrase: bytes | None = field(repr=False)
    psk: bytes | None = field(repr=False)
    frequency_mhz: int
    channel: int
    country: str | None
    bridge: str | None
    hidden: bool
    wps: bool
    button_group: str
    max_stations: int
    inactivity_s: float
    group_rekey_s: float
    beacon_interval_tu: int
    dtim_period: int
    eapol: EapolTransport
    source_file: str | None = None
    control_directory: str | None = None
    control_group: str | None = None
    wps_state: WpsState = WpsState.CONFIGURED
    ap_pin: bytes | None = field(default=None, repr=False)
    setup_locked: SetupLockMode = SetupLockMode.OPEN
    lock_out_s: float = 60.0
    pin_requests: str | None = None
    psk_file: str | None = None
    force_per_enrollee_psk: bool = False
    extra_credentials: bytes = field(default=b"", repr=False)
    skip_credential_build: bool = False
    cred_processing: CredentialProcessing = CredentialProcessing.INTERNAL
    add_sae: bool = False
    follow: str | None = None
    is_temporary: bool = False
    owner_directory: str | None = None
    take_interface: bool = False


@dataclass(frozen=True, slots=True)
class StationSettings:
    """[[station]]: an interface that joins networks of others.  networks_file: as wpa_supplicant has it.

    on_change: programs to run when it has joined a network or left it.
    create_on: a phy or an interface on which `interface` is created; None when `interface` exists.
    control_directory, control_group: of its own control socket; None: as [agent] says; "" for the folder: no socket.
    owner_directory: where wpa_supplicant is looked for (backend = "auto"); None: it is not, the radio is ours.
    hand_over: who gets what WPS teaches; supplicant_directory: of the control sockets of the wpa_supplicant that does.
    take_interface: as with access points.
    """

    interface: str
    networks_file: str
    cred_processing: CredentialProcessing
    wps_priority: int
    add_sae: bool
    pbc_scan: PushButtonScan
    eapol: EapolTransport
    on_change: tuple[str, ...] = ()
    control_directory: str | None = None
    control_group: str | None = None
    create_on: str | None = None
    pmf: FrameProtection = FrameProtection.OPTIONAL
    owner_directory: str | None = None
    hand_over: HandOver = HandOver.NONE
    supplicant_directory: str = "/run/wpa_supplicant"
    take_interface: bool = False


@dataclass(frozen=True, slots=True)
class AttachedSettings:
    """[[access_point]] or [[station]] with backend = "hostapd" or "wpa_supplicant": an interface that is theirs.

    directory: of their control sockets, which have the interfaces' names.  button_group: of an access point.
    is_first_station: it is the first [[station]] of the file, whose button the station's button is.
    reason: why it is theirs, for people.
    """

    interface: str
    backend: Backend
    directory: str
    button_group: str = ""
    is_first_station: bool = False
    reason: str = "the configuration says so"

    @property
    def is_access_point(self) -> bool:
        return self.backend is Backend.HOSTAPD


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """[board]: the profile whose button and LED are taken where the file has no tables of them; "auto": detected."""

    profile: str


@dataclass(frozen=True, slots=True)
class ButtonSettings:
    """[[button]]: a push-button and what its gestures mean; groups names the access points' button groups.

    system_hold_s: holds from here on are left to the system; None: all are ours.
    """

    backend: str
    pin: str | None
    device: str | None
    name: str | None
    active_low: bool
    pull: str
    debounce_ms: int
    long_press_s: float
    short_press: ButtonAction
    long_press: ButtonAction
    groups: tuple[str, ...]
    system_hold_s: float | None = None


@dataclass(frozen=True, slots=True)
class LedSettings:
    """[[led]]: an indicator.  patterns overrides figures: name → ((on_ms, off_ms), …), repeated for ever.

    parts: (part, pin or name) of an LED of several colours; colors: (pattern, colour) where it is not the usual one.
    """

    backend: str
    pin: str | None
    name: str | None
    active_high: bool
    patterns: tuple[tuple[str, tuple[tuple[int, int], ...]], ...]
    parts: tuple[tuple[str, str], ...] = ()
    colors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """[mqtt.tls]: files in PEM; insecure skips the check of the broker's name and certificate."""

    ca_file: str | None
    certificate_file: str | None
    key_file: str | None
    insecure: bool


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """[mqtt]: the broker that hears about everything; has the shape that io.mqtt asks for."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: TlsSettings | None
    base_topic: str
    node: str
    keepalive_s: int
    queue_size: int
    qos: int = 1
    commands: tuple[str, ...] = ()
    home_assistant: bool = False
    discovery_prefix: str = "homeassistant"


@dataclass(frozen=True, slots=True)
class Configuration:
    """A whole, checked configuration.  warnings: sentences about what works but should be better."""

    agent: AgentSettings
    device: DeviceSettings
    access_points: tuple[AccessPointSettings, ...]
    buttons: tuple[ButtonSettings, ...]
    leds: tuple[LedSettings, ...]
    mqtt: MqttSettings | None
    stations: tuple[StationSettings, ...] = ()
    warnings: tuple[str, ...] = ()
    board: BoardSettings | None = None
    attached: tuple[AttachedSettings, ...] = ()

    @property
    def ours(self) -> tuple[AccessPointSettings | StationSettings, ...]:
        """Everything whose radio is ours."""
        return (*self.access_points, *self.stations)
