# SPDX-License-Identifier: BSD-3-Clause
"""What a board shows of itself, without opening any device and without rights:

model           /proc/device-tree/model, or /sys/firmware/devicetree/base/model
button          input devices with KEY_WPS_BUTTON: /sys/class/input/event<n>/device/capabilities/key
led             LEDs that are meant for WPS: /sys/class/leds/…:wps, …:qss
button_uevents  OpenWrt's gpio-button-hotplug: /sys/module/gpio_button_hotplug
openwrt         /etc/openwrt_release
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from wpsagent_board.evdev import KEY_WPS_BUTTON
from wpsagent_board.leds import find_wps_leds

_MODELS = ("proc/device-tree/model", "sys/firmware/devicetree/base/model")
_WORD_BITS = 8 * struct.calcsize("@l")


@dataclass(frozen=True, slots=True)
class BoardTraits:
    """model: None where there is no device tree.  buttons: event<n> with the key; leds: those meant for WPS."""

    model: str | None = None
    buttons: tuple[str, ...] = ()
    leds: tuple[str, ...] = ()
    has_button_uevents: bool = False
    is_openwrt: bool = False


def look_at_board(root: Path = Path("/")) -> BoardTraits:
    """What the system below a folder shows; whatever cannot be read is not there."""
    return BoardTraits(
        model=_model(root),
        buttons=tuple(_buttons(root / "sys/class/input")),
        leds=tuple(find_wps_leds(root / "sys/class/leds")),
        has_button_uevents=(root / "sys/module/gpio_button_hotplug").is_dir(),
        is_openwrt=(root / "etc/openwrt_release").exists(),
    )


def _model(root: Path) -> str | None:
    for name in _MODELS:
        if (text := _read(root / name).strip("\0 \n")) and text.isprintable():
            return text
    return None


def _buttons(folder: Path) -> list[str]:
    devices = sorted(folder.glob("event*"), key=lambda path: (len(path.name), path.name))
    return [path.name for path in devices if _has_key(_read(path / "device/capabilities/key"), KEY_WPS_BUTTON)]


def _has_key(bitmap: str, key: int) -> bool:
    """Hexadecimal words of a long each, the highest first, no leading zeros (drivers/input/input.c)."""
    try:
        words = [int(word, 16) for word in reversed(bitmap.split())]
    except ValueError:
        return False
    index, bit = divmod(key, _WORD_BITS)
    return index < len(words) and bool(words[index] >> bit & 1)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
