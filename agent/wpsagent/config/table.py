# SPDX-License-Identifier: BSD-3-Clause
"""The keys of the configuration: one line a key, from which the file is read and its documentation is written.

A key that is absent takes its default (None means "not set"); REQUIRED has no default.  example is the TOML text that
the annotated example shows; without one the default is shown.  A secret's value never appears in a message.
"""

from dataclasses import dataclass
from typing import Any, Final

from wpsagent.config import converters as c
from wpsagent.config.model import (
    FRAME_PROTECTION,
    ButtonAction,
    CredentialProcessing,
    EapolTransport,
    HandOver,
    PushButtonScan,
    Security,
)
from wpsagent.wsc.enumerations import WpsState
from wpsagent.wsc.lock_out import SetupLockMode

REQUIRED: Final = object()

MQTT_COMMANDS: Final = ("pbc", "cancel", "pin")

_OLD_CIPHERS = {
    "wep": "WEP is broken, and WPS forbids it",
    "wpa": "WPA with TKIP is broken, and WPS forbids it; use wpa2",
    "tkip": "TKIP is broken, and WPS forbids it; use wpa2, which is CCMP",
    "wpa3": "WPS hands out WPA2 passphrases only; use wpa2",
    "sae": "WPS hands out WPA2 passphrases only; use wpa2",
}
_LONG_PRESS_LIMIT = ": holds of 10 s and more are left to the board's reset"
_ACTIONS = tuple(action.value for action in ButtonAction)
_COLORS = c.choice("red", "green", "blue", "amber", "cyan", "magenta", "white")

WPS_STATES = {"configured": WpsState.CONFIGURED, "unconfigured": WpsState.NOT_CONFIGURED}
SETUP_LOCK_MODES = {
    "open": SetupLockMode.OPEN,
    "locked": SetupLockMode.LOCKED,
    "learn_only": SetupLockMode.CHANGE_LOCKED,
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its name, what it may hold, what it is when absent, and a sentence of help."""

    name: str
    convert: c.Converter
    default: Any
    help: str
    example: str | None = None
    is_secret: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the file.  is_array: [[name]], any number of times; a dotted name lies within its parent."""

    name: str
    help: str
    keys: tuple[Key, ...]
    is_array: bool = False


AGENT = Section(
    "agent",
    "The program itself.",
    (
        Key("node", c.topic_level, None, "Name of this device on MQTT; the host name if not set.", '"hallway"'),
        Key("control_socket", c.text(1, 107), "/run/wps-agent/control", "Where wps-agent's commands reach the daemon."),
        Key("control_group", c.text(1, 32), None, "Group (name or number) that may give commands.", '"netdev"'),
        Key(
            "hostapd_directory",
            c.text(0, 90),
            None,
            'Where hostapd_cli finds the access points; "hostapd" beside control_socket if not set, "" for nowhere.',
            '"/run/hostapd"',
        ),
        Key(
            "supplicant_directory",
            c.text(0, 90),
            None,
            'Where wpa_cli finds the stations; "wpa_supplicant" beside control_socket if not set, "" for nowhere.',
            '"/run/wpa_supplicant"',
        ),
        Key("state_directory", c.text(1, 255), "/var/lib/wps-agent", "What must survive a restart."),
        Key("log_level", c.choice("debug", "info", "warning", "error"), "info", "How much is logged."),
        Key("success_display_s", c.seconds(0, 86400), 300.0, "How long a success is shown."),
        Key("error_display_s", c.seconds(0, 86400), 120.0, "How long a failure, an overlap or a timeout is shown."),
    ),
)

DEVICE = Section(
    "device",
    "How the device names itself to others.",
    (
        Key("name", c.text(1, 32), "WPS Agent", "Device Name."),
        Key("manufacturer", c.text(1, 64), "wps-agent", "Manufacturer."),
        Key("model_name", c.text(1, 32), "wps-agent", "Model Name."),
        Key("model_number", c.text(1, 32), "1", "Model Number."),
        Key("serial_number", c.text(1, 32), "1", "Serial Number."),
        Key(
            "type",
            c.device_type,
            c.device_type("6-0050F204-1"),
            "Primary Device Type: <category>-<OUI>-<sub-category>.",
        ),
        Key(
            "uuid",
            c.uuid,
            None,
            "UUID; made from the interface's address if not set.",
            '"2b7093f1-d6fb-5108-adbb-bea66bb87333"',
        ),
        Key(
            "config_methods",
            c.config_methods,
            c.config_methods(["physical_push_button", "virtual_push_button", "keypad"]),
            "Config Methods.",
            '["physical_push_button", "virtual_push_button", "keypad"]',
        ),
        Key("os_version", c.os_version, 0, "OS Version: 8 hexadecimal digits.", '"01020300"'),
    ),
)

ACCESS_POINT = Section(
    "access_point",
    "A network of ours.  Repeat the table for more.",
    (
        Key("interface", c.interface, REQUIRED, "Interface that carries the network.", '"wlan0"'),
        Key("create_on", c.interface, None, "Phy or interface on which to create `interface`.", '"phy0"'),
        Key("ssid", c.ssid, None, "Name of the network.", '"example"'),
        Key("ssid_hex", c.ssid_hex, None, "The name in hexadecimal, instead of ssid.", '"6578616d706c65"'),
        Key(
            "security",
            c.choice(*(security.value for security in Security), refused=_OLD_CIPHERS),
            "wpa2",
            "wpa2 (CCMP with a passphrase) or open.",
        ),
        Key(
            "passphrase", c.passphrase, None, "8 to 63 printable characters.", '"correct horse battery"', is_secret=True
        ),
        Key("passphrase_file", c.text(1, 255), None, "File that holds the passphrase.", '"passphrase"'),
        Key("psk", c.psk, None, "64 hexadecimal digits instead of a passphrase.", f'"{"0" * 64}"', is_secret=True),
        Key("channel", c.integer(1, 177), None, "Channel: 1 to 14 or 36 to 177; 6 if none is set.", "6"),
        Key("frequency_mhz", c.integer(2412, 7125), None, "Frequency, instead of the channel.", "2437"),
        Key("country", c.country, None, "Country whose rules apply; as the kernel has it if not set.", '"DE"'),
        Key("bridge", c.interface, None, "Bridge that the interface joins.", '"br-lan"'),
        Key("hidden", c.boolean, False, "Leave the name out of beacons; excludes wps."),
        Key("wps", c.boolean, True, "Offer Wi-Fi Protected Setup on this network."),
        Key("button_group", c.text(1, 32), "main", "Networks of one group share one press of the button."),
        Key(
            "follow",
            c.interface,
            None,
            "Interface of a station: what WPS teaches it becomes this network's name and key (a repeater).",
            '"wlan1"',
        ),
        Key(
            "backend",
            c.choice("nl80211", "hostapd", "auto"),
            "nl80211",
            "nl80211: the radio is ours; hostapd: it is hostapd's, which we drive (only control and button_group"
            " count then); auto: hostapd's where it answers, else ours.",
        ),
        Key("control", c.text(1, 90), "/run/hostapd", "Folder of hostapd's control sockets (backend hostapd, auto)."),
        Key(
            "take_interface",
            c.boolean,
            False,
            "Take the interface from NetworkManager when the agent starts, and give it back when it ends.",
        ),
        Key("max_stations", c.integer(1, 2007), 32, "How many stations may be associated."),
        Key("inactivity_s", c.seconds(10, 86400), 300.0, "A station this long silent is asked, then dropped."),
        Key("group_rekey_s", c.seconds(0, 604800), 86400.0, "How often the group key is changed; 0: never."),
        Key("beacon_interval_tu", c.integer(15, 65535), 100, "Beacon interval in units of 1024 µs."),
        Key("dtim_period", c.integer(1, 255), 2, "Every so many beacons stations wake for group traffic."),
        Key(
            "eapol",
            c.choice(*(transport.value for transport in EapolTransport)),
            "auto",
            "auto: the driver's control port if it has one; packet: always a packet socket.",
        ),
        Key(
            "wps_state",
            c.choice(*WPS_STATES),
            "configured",
            "unconfigured: the first device that joins by WPS makes it WPA2 with a passphrase of its own.",
        ),
        Key("ap_pin", c.pin_digits, None, "PIN by which registrars read and change the network.", '"12345670"', True),
        Key("ap_pin_file", c.text(1, 255), None, "File that holds the AP PIN.", '"ap-pin"'),
        Key(
            "setup_locked",
            c.choice(*SETUP_LOCK_MODES),
            "open",
            "Whether the AP PIN may be used: open, locked, or learn_only (the network is told, never changed).",
        ),
        Key("lock_out_s", c.seconds(1, 31536000), 60.0, "The first lock after three wrong AP PINs; it doubles."),
        Key("pin_requests", c.text(1, 255), None, "File that gets a line for each device that needs a PIN.", '"pins"'),
        Key("psk_file", c.text(1, 255), None, "Keys of single devices, as hostapd's wpa_psk_file.", '"wpa.psk"'),
        Key("force_per_enrollee_psk", c.boolean, False, "Each device that joins by WPS gets a key of its own."),
        Key(
            "extra_credentials",
            c.text(1, 255),
            None,
            "File of Credential attributes that devices get too.",
            '"credentials.bin"',
        ),
        Key("skip_credential_build", c.boolean, False, "Devices get extra_credentials only."),
        Key(
            "cred_processing",
            c.choice(*(processing.value for processing in CredentialProcessing)),
            "internal",
            "A registrar's settings are taken over (internal), or WPS-NEW-AP-SETTINGS to control clients (external).",
        ),
    ),
    is_array=True,
)

HOSTAPD = Section(
    "hostapd",
    "Networks of ours as a hostapd.conf has them, instead of [[access_point]].  Repeat the table for more files.",
    (Key("file", c.text(1, 255), REQUIRED, "The hostapd.conf.", '"/etc/hostapd/hostapd.conf"'),),
    is_array=True,
)

STATION = Section(
    "station",
    "An interface that joins a network of others.  Repeat the table for more; access points are then optional.",
    (
        Key("interface", c.interface, REQUIRED, "Interface that joins.", '"wlan1"'),
        Key(
            "backend",
            c.choice("nl80211", "wpa_supplicant", "auto"),
            "nl80211",
            "nl80211: the radio is ours; wpa_supplicant: it is wpa_supplicant's, which we drive (only control counts"
            " then); auto: wpa_supplicant's where it answers, also when it comes later, else ours.",
        ),
        Key(
            "control",
            c.text(1, 90),
            "/run/wpa_supplicant",
            "Folder of wpa_supplicant's control sockets (backend wpa_supplicant, auto; hand_over).",
        ),
        Key(
            "take_interface",
            c.boolean,
            False,
            "Take the interface from NetworkManager when the agent starts, and give it back when it ends.",
        ),
        Key(
            "hand_over",
            c.choice(*(who.value for who in HandOver)),
            "none",
            "Who gets the network that WPS teaches, and the interface with it, which WPS then borrows: networkmanager,"
            " wpa_supplicant (of networks_file), iwd, uci, auto (who is there); none, networkd: it stays connected.",
        ),
        Key("create_on", c.interface, None, "Phy or interface on which to create `interface`.", '"phy0"'),
        Key(
            "networks_file",
            c.text(1, 255),
            None,
            "Its networks, as wpa_supplicant.conf; <interface>.conf in state_directory if not set.",
            '"/var/lib/wps-agent/wlan1.conf"',
        ),
        Key(
            "cred_processing",
            c.choice(*(processing.value for processing in CredentialProcessing)),
            "internal",
            "What WPS brings becomes a network here (internal), WPS-CRED-RECEIVED to control clients (external).",
        ),
        Key("wps_priority", c.integer(0, 65535), 0, "Priority of the networks that WPS brings."),
        Key("add_sae", c.boolean, False, "Networks that WPS brings may be joined by WPA3's SAE too."),
        Key(
            "pmf",
            c.choice(*FRAME_PROTECTION),
            "optional",
            "Protected management frames, for networks that do not say: off, optional (where offered), required.",
        ),
        Key(
            "pbc_scan",
            c.choice(*(scan.value for scan in PushButtonScan)),
            "full",
            "full: hear every channel, as the overlap rule wants; fast: likely channels first, and take the first.",
        ),
        Key(
            "eapol",
            c.choice(*(transport.value for transport in EapolTransport)),
            "auto",
            "auto: the driver's control port if it has one; packet: always a packet socket.",
        ),
        Key(
            "on_change",
            c.programs,
            (),
            "Program, or list of programs, to run as `<program> <interface> CONNECTED` or `… DISCONNECTED`.",
            "[]",
        ),
    ),
    is_array=True,
)

BOARD = Section(
    "board",
    "The button and LED of a known board, taken where the file has no tables of buttons, or none of LEDs.",
    (
        Key(
            "profile",
            c.text(1, 64),
            "auto",
            "auto: detected; or one of those that `wps-agent board list` shows.",
        ),
    ),
)

BUTTON = Section(
    "button",
    "A push-button.  Repeat the table for more.",
    (
        Key(
            "backend",
            c.choice("gpiozero", "evdev", "uevent", "simulated", "none"),
            REQUIRED,
            "gpiozero: a Raspberry Pi's pin; evdev: KEY_WPS_BUTTON; uevent: OpenWrt's buttons; simulated; none.",
            '"gpiozero"',
        ),
        Key("pin", c.pin, None, "Pin (gpiozero).", "17"),
        Key(
            "device",
            c.text(1, 255),
            None,
            "Input device (evdev); the first with the key if not set.",
            '"/dev/input/event0"',
        ),
        Key("name", c.text(1, 64), None, 'Name of the button (uevent); "wps" if not set.', '"wps"'),
        Key("active_low", c.boolean, True, "Pressed pulls the pin to ground."),
        Key("pull", c.choice("up", "down", "none"), "up", "Resistor of the pin."),
        Key("debounce_ms", c.integer(0, 1000), 20, "A level counts once it has lasted this long."),
        Key("long_press_s", c.seconds(0.5, 9.9, _LONG_PRESS_LIMIT), 3.0, "A press this long is a long press."),
        Key(
            "short_press",
            c.choice(*_ACTIONS),
            "pbc",
            "pbc: the access points', without any the station's two minutes; station_pbc; cancel; none.",
        ),
        Key(
            "long_press",
            c.choice(*_ACTIONS),
            None,
            "The same for a long press; with access points and stations station_pbc, else cancel.",
            '"cancel"',
        ),
        Key("groups", c.names, ("main",), "Button groups of the access points that it acts on.", '["main"]'),
        Key(
            "system_hold_s",
            c.seconds(1, 9.9),
            None,
            "A hold this long is left to the system (OpenWrt's reset); a long press then counts at its release.",
            "5.0",
        ),
    ),
    is_array=True,
)

LED = Section(
    "led",
    "An indicator.  Repeat the table for more.",
    (
        Key(
            "backend",
            c.choice("gpiozero", "led_class", "simulated", "none"),
            REQUIRED,
            "gpiozero: a Raspberry Pi's pin; led_class: /sys/class/leds; simulated; none.",
            '"led_class"',
        ),
        Key("pin", c.pin, None, "Pin (gpiozero).", "27"),
        Key("name", c.text(1, 64), None, "Name under /sys/class/leds; one ending in wps if not set.", '"green:wps"'),
        Key("active_high", c.boolean, True, "A high pin lights it."),
    ),
    is_array=True,
)

PATTERNS = Section(
    "led.patterns",
    "Figures of the table above: lists of [on_ms, off_ms], repeated.",
    (
        Key("idle", c.figure, None, "Nothing goes on.", "[[0, 1000]]"),
        Key("in_progress", c.figure, None, "The window is open, or a run is under way.", "[[200, 100]]"),
        Key("error", c.figure, None, "It failed, or nobody came.", "[[100, 100]]"),
        Key(
            "overlap",
            c.figure,
            None,
            "Two devices pressed at once.",
            "[[100, 100], [100, 100], [100, 100], [100, 100], [100, 500]]",
        ),
        Key("success", c.figure, None, "A device has joined.", "[[1000, 0]]"),
    ),
)

PINS = Section(
    "led.pins",
    "Pins of an LED of several colours (gpiozero), instead of pin.",
    tuple(
        Key(part, c.pin, None, f"Pin of the {part} part.", example)
        for part, example in (("red", "22"), ("green", "27"), ("blue", "24"))
    ),
)

NAMES = Section(
    "led.names",
    "Several LEDs under /sys/class/leds that are one in several colours, instead of name.",
    tuple(
        Key(part, c.text(1, 64), None, f"Name of the {part} part.", f'"{part}:wps"')
        for part in ("red", "green", "blue")
    ),
)

COLORS = Section(
    "led.colors",
    "Colours of an LED that has several: pins, names, or one of the kernel's multicolor class.",
    (
        Key("idle", _COLORS, None, "Nothing goes on.", '"white"'),
        Key("in_progress", _COLORS, None, "The window is open, or a run is under way.", '"amber"'),
        Key("error", _COLORS, None, "It failed, or nobody came.", '"red"'),
        Key("overlap", _COLORS, None, "Two devices pressed at once.", '"red"'),
        Key("success", _COLORS, None, "A device has joined.", '"green"'),
    ),
)

MQTT = Section(
    "mqtt",
    "The broker that hears about everything; without the table there is none.",
    (
        Key("host", c.text(1, 253), REQUIRED, "The broker's name or address.", '"localhost"'),
        Key("port", c.integer(1, 65535), None, "Its port; 1883, with TLS 8883, if not set.", "1883"),
        Key("username", c.text(1, 255), None, "User name.", '"wps-agent"'),
        Key("password", c.mqtt_password, None, "Password.", '"secret"', is_secret=True),
        Key(
            "password_file",
            c.text(1, 255),
            None,
            "File that holds the password; a bare name is a systemd credential, where there is one of that name.",
            '"mqtt-password"',
        ),
        Key("base_topic", c.topic, "wps-agent", "Topics are <base_topic>/<node>/availability, state, event …"),
        Key("node", c.topic_level, None, "Instead of the agent's node.", '"hallway"'),
        Key("keepalive_s", c.integer(5, 3600), 60, "A broker this long silent is asked whether it is there."),
        Key("queue_size", c.integer(1, 10000), 100, "How many events are kept while the broker is away."),
        Key(
            "qos",
            c.integer(0, 2),
            1,
            "Quality of service: each message at most once (0), at least once (1), exactly once (2).",
        ),
        Key(
            "commands",
            c.words_of(*MQTT_COMMANDS),
            (),
            "What may be asked for on <base_topic>/<node>/cmd/…: pbc, cancel, pin; whoever may publish there, can.",
            "[]",
        ),
        Key("home_assistant", c.boolean, False, "Announce this device to Home Assistant."),
        Key("discovery_prefix", c.topic, "homeassistant", "Where Home Assistant listens for announcements."),
    ),
)

TLS = Section(
    "mqtt.tls",
    "Encryption to the broker; the table alone turns it on.",
    (
        Key("ca_file", c.text(1, 255), None, "Certificates to trust; the system's if not set.", '"ca.pem"'),
        Key("certificate_file", c.text(1, 255), None, "Our certificate.", '"client.pem"'),
        Key("key_file", c.text(1, 255), None, "Its key.", '"client.key"'),
        Key("insecure", c.boolean, False, "Do not check the broker's certificate (tests only)."),
    ),
)

SECTIONS: Final = (
    AGENT,
    DEVICE,
    ACCESS_POINT,
    HOSTAPD,
    STATION,
    BOARD,
    BUTTON,
    LED,
    PATTERNS,
    PINS,
    NAMES,
    COLORS,
    MQTT,
    TLS,
)
