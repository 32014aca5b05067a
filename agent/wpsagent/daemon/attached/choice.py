# SPDX-License-Identifier: BSD-3-Clause
"""Who has the radio of each interface, and why: what `backend = "auto"` comes to.

An owner that answers PING on its control socket for the interface has it; where nobody does, the radio is ours.  An
owner that may not be asked, or does not answer, has it too: taking its radio away would break what it does.  Where the
interface is borrowed from whoever manages networks (hand_over, take_interface) who has it now does not matter.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from wpsagent.config.model import (
    AccessPointSettings,
    AttachedSettings,
    Backend,
    Configuration,
    HandOver,
    StationSettings,
)
from wpsagent.io.control_client import ControlClient, ControlSocketError

logger = logging.getLogger(__name__)

ANSWER_TIME = 2.0
CONFIGURED = "the configuration says so"

ANSWERS, SILENT, FORBIDDEN = "answers", "does not answer", "may not be asked"

Probe = Callable[[Path], str | None]
"""What the owner of a socket does: one of the words above; None for a socket of nobody's."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An interface, who has its radio, and why."""

    interface: str
    backend: Backend
    reason: str

    @property
    def is_theirs(self) -> bool:
        """Whether it is another program's."""
        return self.backend is not Backend.NL80211


def probe(path: Path) -> str | None:
    """Ask the owner of an interface whether it is there."""
    try:
        with ControlClient(path) as client:
            client.request("PING", ANSWER_TIME)
    except ControlSocketError as error:
        match error.__context__:  # why it cannot be reached; None where it was reached
            case FileNotFoundError() | ConnectionRefusedError():
                return None
            case PermissionError():
                return FORBIDDEN
            case _:
                return SILENT
    return ANSWERS


def undecided(configuration: Configuration) -> dict[str, Path]:
    """The interfaces with "auto", and the sockets by which they are decided."""
    users: list[AccessPointSettings | StationSettings] = [*configuration.access_points, *configuration.stations]
    return {
        one.interface: Path(one.owner_directory) / one.interface
        for one in users
        if one.owner_directory is not None and not _is_borrowed(one)
    }


def choose(configuration: Configuration, ask: Probe = probe) -> tuple[Configuration, tuple[Choice, ...]]:
    """The configuration with each "auto" decided, and what was decided for every interface."""
    access_points = [(ap, _choice(ap, Backend.HOSTAPD, ask)) for ap in configuration.access_points]
    stations = [(station, _choice(station, Backend.WPA_SUPPLICANT, ask)) for station in configuration.stations]
    has_first = any(one.is_first_station for one in configuration.attached)
    attached = [
        *configuration.attached,
        *(_attached(ap, choice, ap.button_group) for ap, choice in access_points if choice.is_theirs),
        *(
            _attached(station, choice, is_first_station=index == 0 and not has_first)
            for index, (station, choice) in enumerate(stations)
            if choice.is_theirs
        ),
    ]
    decided = replace(
        configuration,
        access_points=tuple(ap for ap, choice in access_points if not choice.is_theirs),
        stations=tuple(station for station, choice in stations if not choice.is_theirs),
        attached=tuple(attached),
    )
    choices = [Choice(one.interface, one.backend, one.reason) for one in configuration.attached]
    return decided, (*choices, *(choice for _, choice in access_points), *(choice for _, choice in stations))


def _is_borrowed(settings: AccessPointSettings | StationSettings) -> bool:
    is_handed_over = isinstance(settings, StationSettings) and settings.hand_over is not HandOver.NONE
    return is_handed_over or settings.take_interface


def log_choices(choices: Iterable[Choice]) -> None:
    """Who has which radio, where that is not what it always is."""
    for choice in choices:
        if choice.is_theirs or choice.reason != CONFIGURED:
            logger.info("%s: backend %s (%s)", choice.interface, choice.backend, choice.reason)


def _attached(
    settings: AccessPointSettings | StationSettings,
    choice: Choice,
    button_group: str = "",
    *,
    is_first_station: bool = False,
) -> AttachedSettings:
    directory = settings.owner_directory or ""
    return AttachedSettings(
        settings.interface, choice.backend, directory, button_group, is_first_station, choice.reason
    )


def _choice(settings: AccessPointSettings | StationSettings, owner: Backend, ask: Probe) -> Choice:
    if settings.owner_directory is None:
        return Choice(settings.interface, Backend.NL80211, CONFIGURED)
    if _is_borrowed(settings):
        return Choice(settings.interface, Backend.NL80211, "auto: it is borrowed from whoever manages networks here")
    path = Path(settings.owner_directory) / settings.interface
    what = ask(path)
    if what is None:
        return Choice(settings.interface, Backend.NL80211, f"auto: no {owner} is on {path}, so the radio is ours")
    return Choice(settings.interface, owner, f"auto: {owner} {what} on {path}")
