# SPDX-License-Identifier: BSD-3-Clause
"""The board's profile in a configuration: chosen by name or detected, and put in place of buttons and LEDs not said.

Explicit tables win, each kind for itself: a file with a [[led]] of its own still gets the profile's button.  An LED
that the profile only hopes for (the first that is meant for WPS) is left out where the kernel has none.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from wpsagent.config.loader import with_board
from wpsagent.config.model import Configuration
from wpsagent.errors import ConfigError
from wpsagent_board.detect import BoardTraits, look_at_board
from wpsagent_board.errors import BoardError
from wpsagent_board.profile import AUTO, Match, Profile, detected, matches, profile

logger = logging.getLogger(__name__)

__all__ = ["AUTO", "Match", "Profile", "equipped", "known_boards", "look_at_board", "profile_named", "profile_tables"]


def equipped(configuration: Configuration, traits: BoardTraits | None = None) -> Configuration:
    """The configuration with the buttons and LEDs that it is to have; [board] and tables of backend "none" are gone.

    traits: of the board, looked at where they are needed if None.  Raises ConfigError.
    """
    if configuration.board is not None and not (configuration.buttons and configuration.leds):
        traits = traits or look_at_board()
        match = chosen(configuration.board.profile, traits)
        logger.info("board: %s: %s", match.profile.name, match.reason)
        configuration = with_profile(configuration, match.profile, traits)
    return replace(
        configuration,
        board=None,
        buttons=tuple(button for button in configuration.buttons if button.backend != "none"),
        leds=tuple(led for led in configuration.leds if led.backend != "none"),
    )


def known_boards(traits: BoardTraits) -> list[Match]:
    """Every profile, the one to be preferred first, and whether it fits."""
    return matches(traits)


def chosen(name: str, traits: BoardTraits) -> Match:
    """The profile of a name, or the one detected for "auto"; raises ConfigError that says what there is."""
    if name != AUTO:
        return Match(profile_named(name), True, "named in the configuration")
    match = detected(traits)
    if match is None:
        raise ConfigError([f'board.profile: found "auto", but {_nothing_fits(traits)}'])
    return match


def profile_named(name: str) -> Profile:
    """The profile of a name in a configuration; raises ConfigError that says which there are."""
    try:
        return profile(name)
    except BoardError as error:
        raise ConfigError([f"board.profile: {error}"]) from None


def with_profile(configuration: Configuration, profile: Profile, traits: BoardTraits) -> Configuration:
    """The configuration with a profile's buttons and LEDs where it has none; raises ConfigError."""
    tables = profile_tables(profile, traits)
    if len(tables["led"]) < len(profile.leds) and not configuration.leds:
        logger.info("board: the kernel has no LED that is meant for WPS: nothing shows what goes on")
    return with_board(configuration, tables, f"board profile {profile.name}")


def profile_tables(profile: Profile, traits: BoardTraits) -> dict[str, Sequence[Mapping[str, Any]]]:
    """The tables [[button]] and [[led]] that a profile stands for on this board."""
    leds = [led for led in profile.leds if traits.leds or not _is_hoped_for(led)]
    return {"button": list(profile.buttons), "led": leds}


def _is_hoped_for(led: Mapping[str, Any]) -> bool:
    return led.get("backend") == "led_class" and not led.keys() & {"name", "names"}


def _nothing_fits(traits: BoardTraits) -> str:
    reasons = "; ".join(dict.fromkeys(match.reason for match in matches(traits)))
    return f"no profile fits this board ({reasons}): name one (wps-agent board list), or write [[button]] and [[led]]"
