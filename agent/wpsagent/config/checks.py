# SPDX-License-Identifier: BSD-3-Clause
"""What must hold between keys: exclusive keys, secrets in files, channels, names used twice, groups that nobody has.

Each check adds problems in the reader's words: path, what was found, what is expected, and the reason where the rule
is not ours (Wi-Fi Simple Configuration 2.0 forbids WPS on hidden networks).  What a check derives (the passphrase from
its file, the frequency from the channel) it puts into the table it read, so that building values is plain copying.
"""

import os
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from wpsagent.config.attached import is_attached, misplaced_keys
from wpsagent.config.converters import Converter, UnexpectedError, mqtt_password, passphrase, pin_digits
from wpsagent.config.model import Backend, ButtonAction, CredentialProcessing, HandOver, Security
from wpsagent.config.reading import Table
from wpsagent.config.wps_checks import WpsChecks
from wpsagent.dot11.channels import FrequencyBand, band_of, channel_of, guess_frequency
from wpsagent.errors import UsageError

_SECRET_OCTETS = 4096
_DEFAULT_CHANNEL = 6
# 20 MHz channels of 5 GHz (IEEE 802.11-2020, annex E, operating classes 115 to 125).
_CHANNELS_5_GHZ = frozenset((*range(36, 65, 4), *range(100, 145, 4), *range(149, 178, 4)))
_SECRETS = ("passphrase", "passphrase_file", "psk")
_OF_THE_SERVICE = (Path("/run/credentials/wps-agent.service"), Path("/etc/credstore"))
"""Where a command of the command line finds what systemd hands over to the service alone."""


class Checks:
    """Runs every check over a read document; problems and warnings are filled on the way."""

    def __init__(self, root: Table, problems: list[str], folder: Path) -> None:
        self._root = root
        self._folder = folder
        self.problems = problems
        self.warnings: list[str] = []

    def run(self) -> None:
        self._misplaced()
        access_points = [table for table in self._root.many("access_point") if not is_attached(table)]
        self._roles()
        wps = WpsChecks(self._folder, self.problems, self.warnings)
        for table in access_points:
            self._access_point(table)
            self._ap_pin_of(table)
            wps.access_point(table)
            self._follow(table)
        wps.groups(access_points)
        for table in self._root.many("station"):
            if not is_attached(table):
                self._programs(table)
                self._create_on(table)
                self._hand_over(table)
        self._unique_interfaces()
        self.board()
        self._mqtt()

    def board(self) -> None:
        """Buttons and LEDs alone."""
        for check in (self._buttons, self._leds, self._pins):
            check()

    def _roles(self) -> None:
        """There is something to do."""
        roles = ("access_point", "station", "hostapd")
        is_named = any(problem.startswith(f"{role}:") for problem in self.problems for role in roles)
        if not any(map(self._root.many, roles)) and not is_named:
            self.problems.append(
                "access_point: missing, expected at least one table headed [[access_point]], [[hostapd]] or [[station]]"
            )

    def _misplaced(self) -> None:
        for table in (*self._root.many("access_point"), *self._root.many("station")):
            for name, text in misplaced_keys(table):
                self._add(table, name, text)

    def _add(self, table: Table, name: str, text: str) -> None:
        self.problems.append(f"{table.where(name)}: {text}")

    # ---- access points

    def _access_point(self, table: Table) -> None:
        self._exactly_one(table, "ssid", "ssid_hex")
        self._secret_of(table)
        self._frequency_of(table)
        if table["hidden"] and table["wps"] and table.is_usable("hidden", "wps"):
            self._add(
                table,
                "hidden",
                "found true, expected false while wps is true: WPS forbids hidden networks, because stations could not"
                " tell which one has its button pressed; set hidden = false or wps = false",
            )
        self._create_on(table)

    def _create_on(self, table: Table) -> None:
        if table["create_on"] is not None and table["create_on"] == table["interface"]:
            self._add(table, "create_on", "found the same name as interface, expected the phy or interface to build on")

    def _follow(self, table: Table) -> None:
        """There is a station to follow, and what WPS brings it stays in the agent."""
        name = table["follow"]
        if name is None or not table.is_usable("follow"):
            return
        stations = {station["interface"]: station for station in self._root.many("station")}
        if name not in stations:
            self._add(table, "follow", f'found "{name}", expected the interface of a table headed [[station]]')
        elif stations[name]["backend"] != Backend.NL80211:
            self._add(table, "follow", f'found "{name}", expected a station with backend = "nl80211"')
        elif stations[name]["cred_processing"] == CredentialProcessing.EXTERNAL:
            self._add(
                table,
                "follow",
                f'found "{name}", expected a station that keeps what it learns: cred_processing = "internal" or "both"',
            )

    def _exactly_one(self, table: Table, *names: str) -> bool:
        """Whether exactly one of some keys is there; says so if not."""
        given = [name for name in names if name in table.given]
        if len(given) > 1:
            self._add(table, given[1], f"found beside {given[0]}, expected only one of {', '.join(names)}")
        elif not given:
            self._add(table, names[0], f"missing, expected one of {', '.join(names)}")
        return len(given) == 1

    def _secret_of(self, table: Table) -> None:
        """WPA2 needs exactly one secret, or none where devices have theirs; an open network none."""
        if not table.is_usable("security"):
            return
        if table["security"] == Security.OPEN:
            for name in _SECRETS:
                if name in table.given:
                    self._add(table, name, 'found on an open network, expected security = "wpa2"')
        elif "psk_file" in table.given and not table.given & set(_SECRETS):
            return  # every device has a key of its own
        elif self._exactly_one(table, *_SECRETS) and table["passphrase_file"] is not None:
            table.values["passphrase"] = self._secret_file(table, "passphrase_file", passphrase)

    def _ap_pin_of(self, table: Table) -> None:
        if {"ap_pin", "ap_pin_file"} <= table.given:
            self._add(table, "ap_pin_file", "found beside ap_pin, expected only one of them")
        elif table["ap_pin_file"] is not None:
            table.values["ap_pin"] = self._secret_file(table, "ap_pin_file", pin_digits)

    def _credential(self, name: str) -> Path:
        """A file by its name: what the service manager hands over (systemd's LoadCredential), else beside the file."""
        handed_over = os.environ.get("CREDENTIALS_DIRECTORY")
        folders = (Path(handed_over),) if handed_over else _OF_THE_SERVICE
        if "/" not in name:
            for folder in folders:
                if os.access(folder / name, os.R_OK):
                    return folder / name
        return self._folder / name

    def _secret_file(self, table: Table, name: str, convert: Converter, path: Path | None = None) -> object:
        """The secret in a file, without its line's end; None when it was refused."""
        path = path or self._folder / table[name]
        try:
            with path.open("rb") as file:
                octets = file.read(_SECRET_OCTETS)
                mode = stat.S_IMODE(path.stat().st_mode)
            secret: object = convert(octets.decode().removesuffix("\n").removesuffix("\r"))
        except OSError as error:
            self._add(table, name, f"{path} cannot be read: {error.strerror}")
        except UnicodeDecodeError:
            self._add(table, name, f"{path} is not UTF-8 text")
        except UnexpectedError as error:
            self._add(table, name, f"{path} does not hold what is expected, {error.expected}")
        else:
            if mode & stat.S_IROTH:
                self.warnings.append(f"{path}: everyone on this device can read this secret; chmod 600 it")
            return secret
        return None

    def _frequency_of(self, table: Table) -> None:
        """Channel and frequency from whichever is given; both are set afterwards."""
        if not table.is_usable("channel", "frequency_mhz"):
            return
        if {"channel", "frequency_mhz"} <= table.given:
            self._add(table, "frequency_mhz", "found beside channel, expected only one of them")
            return
        name = "frequency_mhz" if "frequency_mhz" in table.given else "channel"
        try:
            mhz = table["frequency_mhz"] or guess_frequency(table["channel"] or _DEFAULT_CHANNEL)
            require_usable_channel(mhz)
        except UsageError as error:
            self._add(table, name, f"found {table[name]}, {error}")
            return
        table.values |= {"frequency_mhz": mhz, "channel": channel_of(mhz)}

    def _unique_interfaces(self) -> None:
        tables = [*self._root.many("access_point"), *self._root.many("station")]
        self._unique([(table, "interface") for table in tables])

    def _unique(self, keys: Iterable[tuple[Table, str]], identity: Callable[[str], str] = str) -> None:
        """What these keys of tables hold is held only once."""
        seen: dict[str, Table] = {}
        for table, name in keys:
            value = table[name]
            if value is None:
                continue
            if first := seen.get(identity(value)):
                self._add(table, name, f'found "{value}", which {first.path} has already')
            seen.setdefault(identity(value), table)

    # ---- stations

    def _programs(self, table: Table) -> None:
        """What is not there yet may come later (a folder mounted, a package installed): no reason not to start."""
        for name in table["on_change"]:
            complaint = _complaint(Path(name))
            if complaint:
                self.warnings.append(f"{table.where('on_change')}: {name} {complaint}")

    def _hand_over(self, table: Table) -> None:
        """Who hands over can find the network, and the interface is there for others, too."""
        who = HandOver(table["hand_over"]) if table.is_usable("hand_over") else HandOver.NONE
        if who is HandOver.NONE:
            return
        if who is HandOver.WPA_SUPPLICANT and "networks_file" not in table.given:
            self._add(table, "networks_file", 'missing, expected with hand_over = "wpa_supplicant": the file it reads')
        if table["create_on"] is not None and who is not HandOver.UCI:
            self._add(table, "hand_over", f'found "{who}" with create_on, whose interface would go with us')
        if table["take_interface"]:
            self._add(table, "take_interface", "found with hand_over, which takes the interface while WPS needs it")

    # ---- buttons and LEDs

    def _buttons(self) -> None:
        access_points = self._root.many("access_point")
        groups = {table["button_group"] for table in access_points}
        with_wps = {table["button_group"] for table in access_points if table["wps"]}
        for table in self._root.many("button"):
            self._needs(table, "pin", "gpiozero")
            self._belongs(table, {"pin": ("gpiozero",), "device": ("evdev",), "name": ("uevent",)})
            self._actions(table)
            self._system_hold(table)
            if not access_points or not table.is_usable("groups") or not self._uses_groups(table):
                continue
            for group in table["groups"]:
                if group not in groups:
                    self._add(table, "groups", f'found "{group}", {_expected_groups(groups)}')
                elif group not in with_wps:
                    self._add(table, "groups", f'found "{group}", expected a group with wps = true in it')

    @staticmethod
    def _uses_groups(table: Table) -> bool:
        """A button that is the station's alone asks nothing of the access points."""
        return "groups" in table.given or ButtonAction.PBC in (table["short_press"], table["long_press"])

    def _actions(self, table: Table) -> None:
        """What a button does must be there to be done."""
        if not self._root.many("station"):
            for name in ("short_press", "long_press"):
                if table[name] == ButtonAction.STATION_PBC:
                    self._add(table, name, 'found "station_pbc", expected with a table headed [[station]] only')
        elif not self._root.many("access_point") and "groups" in table.given:
            self._add(table, "groups", "found without access points, expected with them only")

    def _system_hold(self, table: Table) -> None:
        hold, long_press = table["system_hold_s"], table["long_press_s"]
        if hold is not None and table.is_usable("long_press_s", "system_hold_s") and hold <= long_press:
            self._add(table, "system_hold_s", f"found {hold:g}, expected more than long_press_s ({long_press:g})")

    def _leds(self) -> None:
        for table in self._root.many("led"):
            if table.one("pins") is None:
                self._needs(table, "pin", "gpiozero")
            self._belongs(table, {"pin": ("gpiozero",), "name": ("led_class",)})
            self._parts(table, "pins", "pin", "gpiozero")
            self._parts(table, "names", "name", "led_class")
            self._colors(table)

    def _parts(self, table: Table, several: str, single: str, backend: str) -> None:
        """Pins or names of an LED of several colours, instead of the one of an LED that has only one."""
        parts = table.one(several)
        if parts is None:
            return
        if table.is_usable("backend") and table["backend"] not in (backend, "simulated"):
            self._add(table, several, f'found with backend = "{table["backend"]}", expected with "{backend}" only')
        if single in table.given:
            self._add(table, single, f"found beside {several}, expected only one of them")
        if len(parts.given) < 2:
            self._add(table, several, "found fewer than two of red, green, blue, expected two or three")

    def _colors(self, table: Table) -> None:
        """An LED of one pin has the colour that it has."""
        is_single = table["backend"] == "gpiozero" and table.one("pins") is None
        if table.one("colors") is not None and is_single and table.is_usable("backend"):
            self._add(table, "colors", "found on an LED of one pin, expected with a table [led.pins]")

    def _needs(self, table: Table, name: str, backend: str) -> None:
        if table["backend"] == backend and name not in table.given:
            self._add(table, name, f'missing, expected with backend = "{backend}"')

    def _belongs(self, table: Table, backends: dict[str, Sequence[str]]) -> None:
        """A key that its backend does not have is a misunderstanding, not an ornament."""
        if not table.is_usable("backend"):
            return
        for name, owners in backends.items():
            if name in table.given and table["backend"] not in (*owners, "simulated"):
                self._add(table, name, f'found with backend = "{table["backend"]}", expected with "{owners[0]}" only')

    def _pins(self) -> None:
        """One pin is one button or one LED."""
        leds = self._root.many("led")
        tables = [*self._root.many("button"), *leds]
        pins = [(table, "pin") for table in tables if table["backend"] == "gpiozero" and table.is_usable("pin")]
        self._unique([*pins, *_parts(leds, "pins")], lambda pin: pin.upper().removeprefix("GPIO"))
        names = [(table, "name") for table in leds if table["backend"] == "led_class"]
        self._unique([*names, *_parts(leds, "names")])

    # ---- MQTT

    def _mqtt(self) -> None:
        table = self._root.one("mqtt")
        if table is None:
            return
        if {"password", "password_file"} <= table.given:
            self._add(table, "password_file", "found beside password, expected only one of them")
        elif table["password_file"] is not None and table.is_usable("password_file"):
            table.values["password"] = self._secret_file(
                table, "password_file", mqtt_password, self._credential(table["password_file"])
            )
        if table.given & {"password", "password_file"} and "username" not in table.given:
            self._add(table, "username", "missing, expected with a password (MQTT 3.1.1, 3.1.2.9)")
        tls = table.one("tls")
        if tls is not None:
            self._tls(tls)

    def _tls(self, table: Table) -> None:
        if table["key_file"] is not None and table["certificate_file"] is None:
            self._add(table, "certificate_file", "missing, expected with key_file")
        if table["insecure"]:
            self.warnings.append(f"{table.where('insecure')}: anyone on the way can pretend to be the broker")
        for name in ("ca_file", "certificate_file", "key_file"):
            if table[name] is None:
                continue
            path = self._credential(table[name])
            table.values[name] = str(path)
            if not path.is_file():
                self._add(table, name, f"{path} is not a file")


def require_usable_channel(mhz: int) -> None:
    """WPS wants 2.4 or 5 GHz, the access point a 20 MHz channel; raises UsageError in the reader's words."""
    try:
        band = band_of(mhz)
    except UsageError:
        raise UsageError("expected the centre of a 2.4 or 5 GHz channel") from None
    if band not in (FrequencyBand.GHZ_2_4, FrequencyBand.GHZ_5):
        raise UsageError(f"expected a channel of 2.4 or 5 GHz: WPS does not exist in the {band.value} band")
    if band is FrequencyBand.GHZ_5 and channel_of(mhz) not in _CHANNELS_5_GHZ:
        raise UsageError("expected a 20 MHz channel of 5 GHz: 36, 40 … 64, 100 … 144 or 149 … 177")


def _complaint(program: Path) -> str:
    """Why a program cannot or should not be run, or nothing."""
    try:
        mode = program.stat().st_mode
    except OSError as error:
        return f"cannot be run: {error.strerror}"
    if not stat.S_ISREG(mode):
        return "is not a file: it cannot be run"
    if not os.access(program, os.X_OK):
        return "is not executable: chmod +x it"
    return "can be changed by everyone on this device: chmod o-w it" if mode & stat.S_IWOTH else ""


def _parts(leds: Iterable[Table], several: str) -> list[tuple[Table, str]]:
    """Each pin, or each name, of LEDs of several colours."""
    tables = [parts for led in leds if (parts := led.one(several)) is not None]
    return [(parts, part) for parts in tables for part in sorted(parts.given - parts.bad)]


def _expected_groups(groups: set[str]) -> str:
    names = ", ".join(f'"{group}"' for group in sorted(groups))
    return f"expected a button_group of an access point: {names}"
