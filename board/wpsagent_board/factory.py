# SPDX-License-Identifier: BSD-3-Clause
"""From plain descriptions, as a configuration makes them, to buttons and indicators.

backend     button            indicator         for
gpiozero    pin, pull, chip   pin, chip         a Raspberry Pi's pins
evdev       device            -                 KEY_WPS_BUTTON of the kernel's gpio-keys
uevent      name              -                 OpenWrt's gpio-button-hotplug
led_class   -                 name              /sys/class/leds
              an LED of several colours: pins or names by colour, or one name of the multicolor class
simulated   yes               yes               a board in memory
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, assert_never, get_args

from wpsagent_board.colors import PARTS, Color, MixedIndicator, Part, color_patterns
from wpsagent_board.errors import BoardError
from wpsagent_board.evdev import EvdevButton
from wpsagent_board.gpio import GpioButton, GpioIndicator, Pull
from wpsagent_board.gpio_line import Pin
from wpsagent_board.leds import LedClassIndicator
from wpsagent_board.pattern import Pattern
from wpsagent_board.ports import ButtonSource, Indicator
from wpsagent_board.simulated import SimulatedButton, SimulatedIndicator
from wpsagent_board.uevent import UeventButton

ButtonBackend = Literal["gpiozero", "evdev", "uevent", "simulated"]
IndicatorBackend = Literal["gpiozero", "led_class", "simulated"]

BUTTON_BACKENDS: tuple[ButtonBackend, ...] = get_args(ButtonBackend)
INDICATOR_BACKENDS: tuple[IndicatorBackend, ...] = get_args(IndicatorBackend)


@dataclass(frozen=True, slots=True)
class ButtonSpec:
    """Which button.

    pin, active_low, pull, chip: gpiozero.  device: the input device of evdev, None: the first with the key.
    name: the button of uevent, None: "wps".
    """

    backend: ButtonBackend
    pin: Pin | None = None
    active_low: bool = True
    pull: Pull = "up"
    chip: int | None = None
    device: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class IndicatorSpec:
    """Which LED.  pin, active_high, chip: gpiozero.  name: of led_class, None: the one meant for WPS.

    parts: the pins, or the names, of an LED with several colours, instead of pin or name.
    colors: by pattern, where the LED has a choice and the usual one is not wanted.
    """

    backend: IndicatorBackend
    pin: Pin | None = None
    active_high: bool = True
    chip: int | None = None
    name: str | None = None
    parts: Mapping[Part, Pin] = field(default_factory=dict)
    colors: Mapping[str, Color] = field(default_factory=dict)


def open_button(spec: ButtonSpec, loop: asyncio.AbstractEventLoop) -> ButtonSource:
    """The button; raises BoardError when it cannot be had."""
    match spec.backend:
        case "gpiozero":
            return GpioButton(
                loop, _pin(spec.pin, "button"), active_low=spec.active_low, pull=spec.pull, chip=spec.chip
            )
        case "evdev":
            return EvdevButton(loop, Path(spec.device) if spec.device else None)
        case "uevent":
            return UeventButton(loop, spec.name or "wps")
        case "simulated":
            return SimulatedButton(loop)
        case _:
            assert_never(spec.backend)


def open_led(
    spec: IndicatorSpec, patterns: Mapping[str, Pattern], loop: asyncio.AbstractEventLoop
) -> tuple[Indicator, Mapping[str, Pattern]]:
    """The LED, and the patterns in its colours; raises BoardError when it cannot be had or shown on."""
    if spec.parts:
        colored = color_patterns(patterns, spec.colors, spec.parts)
        return _open_mixed(spec, loop), colored
    indicator = open_indicator(spec, loop)
    has_colors = isinstance(indicator, LedClassIndicator) and indicator.has_colors
    return indicator, color_patterns(patterns, spec.colors, PARTS) if has_colors else patterns


def _open_mixed(spec: IndicatorSpec, loop: asyncio.AbstractEventLoop) -> Indicator:
    opened: dict[Part, Indicator] = {}
    try:
        for part, place in spec.parts.items():
            is_pin = spec.backend == "gpiozero"
            single = IndicatorSpec(
                spec.backend, place if is_pin else None, spec.active_high, spec.chip, None if is_pin else str(place)
            )
            opened[part] = open_indicator(single, loop)
    except BoardError:
        MixedIndicator(opened).close()
        raise
    return MixedIndicator(opened)


def open_indicator(spec: IndicatorSpec, loop: asyncio.AbstractEventLoop) -> Indicator:
    """The indicator; raises BoardError when it cannot be had."""
    match spec.backend:
        case "gpiozero":
            return GpioIndicator(loop, _pin(spec.pin, "LED"), active_high=spec.active_high, chip=spec.chip)
        case "led_class":
            return LedClassIndicator(loop, spec.name)
        case "simulated":
            return SimulatedIndicator(loop)
        case _:
            assert_never(spec.backend)


def _pin(pin: Pin | None, what: str) -> Pin:
    if pin is None:
        raise BoardError(f"{what}: backend gpiozero needs a pin, for example pin = 17")
    return pin
