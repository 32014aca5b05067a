# SPDX-License-Identifier: BSD-3-Clause
"""Checks the board: opens each button and LED of the configuration and gives it back as it was.

Not while an agent is running: it has them, and nobody else can.
"""

import os
from collections.abc import AsyncIterator

from wpsagent.config.model import ButtonSettings, LedSettings
from wpsagent.daemon.board import BoardUnavailableError, button_name, led_name
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, split_advice, warning
from wpsagent.daemon.diagnosis.survey import Presence, Survey
from wpsagent_board.profile import detected

_DEFAULT_REMEDY = "correct its table in the configuration, or its wiring"
_WRONG_POLARITY = {
    "gpiozero": "set active_low the other way, or see to pull and the wiring",
    "evdev": "see to the polarity and the pull that the device tree or the overlay gives the button, and to the wiring",
    "uevent": "see to the polarity that the device tree gives the button",
    "simulated": "release it",
}


async def check_board(survey: Survey) -> AsyncIterator[Finding]:
    """What board it is, as far as it can be told, then a line for each button and LED."""
    if (match := detected(survey.board_traits)) is not None:
        yield ok("board profile", f"{match.profile.name} ({match.profile.title}): {match.reason}")
    configuration = survey.configuration
    if configuration is None:
        yield skipped("board", "there is no usable configuration that names buttons and LEDs")
        return
    if not configuration.buttons:
        yield skipped("board", "the configuration has no [[button]]: WPS starts by command only (wps-agent pbc)")
    for button in configuration.buttons:
        yield _button(survey, button)
    if not configuration.leds:
        yield skipped("board", "the configuration has no [[led]]: nothing shows what goes on")
    for led in configuration.leds:
        yield _led(survey, led)


def _button(survey: Survey, settings: ButtonSettings) -> Finding:
    check = f"button {button_name(settings)}"
    if survey.is_agent_there:
        return _in_use(survey, check)
    if (refusal := _refused_node(survey, check, settings.backend, settings.device)) is not None:
        return refusal
    try:
        is_pressed = survey.ports.try_button(settings)
    except BoardUnavailableError as error:
        return _unavailable(check, error)
    if is_pressed:
        return warning(check, "it reads as pressed now", f"if nobody holds it: {_WRONG_POLARITY[settings.backend]}")
    if settings.backend == "uevent" and not survey.path("/sys/module/gpio_button_hotplug").exists():
        text = "the kernel has no gpio-button-hotplug, so nobody will tell of its presses"
        return warning(check, text, "install kmod-gpio-button-hotplug, or use backend evdev or gpiozero")
    return ok(check, f"it can be used ({settings.backend})")


def _led(survey: Survey, settings: LedSettings) -> Finding:
    check = f"LED {led_name(settings)}"
    if survey.is_agent_there:
        return _in_use(survey, check)
    if (refusal := _refused_node(survey, check, settings.backend, None)) is not None:
        return refusal
    try:
        survey.ports.try_led(settings)
    except BoardUnavailableError as error:
        return _unavailable(check, error)
    return ok(check, f"it can be used ({settings.backend})")


def _in_use(survey: Survey, check: str) -> Finding:
    if survey.agent_presence is Presence.ANSWERED:
        return ok(check, "in use by the running agent")
    return skipped(check, "in use by the running agent, as it seems, which could not be asked")


def _unavailable(check: str, error: BoardUnavailableError) -> Finding:
    return problem(check, *split_advice(str(error.__cause__ or error), _DEFAULT_REMEDY))


def _refused_node(survey: Survey, check: str, backend: str, device: str | None) -> Finding | None:
    """A device node that is there and that we may not open, said before a library says it in its own words."""
    match backend:
        case "gpiozero":
            nodes, mode, group = sorted(survey.path("/dev").glob("gpiochip*")), os.R_OK | os.W_OK, "gpio"
        case "evdev":
            found = [survey.path(device)] if device else survey.path("/dev/input").glob("event*")
            nodes, mode, group = sorted(node for node in found if node.exists()), os.R_OK, "input"
        case _:
            return None
    if not nodes or any(survey.ports.may_use(node, mode) for node in nodes):
        return None
    names = ", ".join(f"/{node.relative_to(survey.ports.root)}" for node in nodes)
    return problem(
        check,
        f"no permission for {names}",
        f"run as root, or add the user to group {group} (SupplementaryGroups={group} for a service)",
    )
