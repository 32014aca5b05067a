# SPDX-License-Identifier: BSD-3-Clause
"""Checks the interfaces that hostapd or wpa_supplicant has for us, and says what `backend = "auto"` comes to.

A running agent has decided already; where there is none the owners are asked as it would ask them.  From here on what
is theirs is no longer a network or a station of ours.
"""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from wpsagent.config.model import AttachedSettings, Backend, Configuration
from wpsagent.daemon.attached.choice import ANSWERS, FORBIDDEN, SILENT, Choice, choose, undecided
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, warning
from wpsagent.daemon.diagnosis.survey import Presence, Survey

_WORDS = {Presence.ANSWERED: ANSWERS, Presence.SILENT: SILENT, Presence.FORBIDDEN: FORBIDDEN, Presence.ABSENT: None}


async def check_attached(survey: Survey) -> AsyncIterator[Finding]:
    """A line for each interface with another backend than nl80211, or with auto."""
    configuration = survey.configuration
    if configuration is None:
        return
    decided = _decided(survey)
    autos = undecided(configuration)
    answers = {path: await _answer(survey, path, decided.get(name)) for name, path in autos.items()}
    survey.configuration, choices = choose(configuration, lambda path: answers[path])
    for choice in choices:
        if choice.is_theirs:
            yield await _owner(survey, choice, _settings_of(survey.configuration, choice.interface))
        elif choice.interface in autos:
            yield ok(f"backend {choice.interface}", f"{choice.backend} ({choice.reason})")


def _decided(survey: Survey) -> Mapping[str, str]:
    """What a running agent has chosen, by interface."""
    backends = survey.agent.get("backends", ()) if survey.agent is not None else ()
    return {str(one["interface"]): str(one["backend"]) for one in backends}


async def _answer(survey: Survey, path: Path, decided: str | None) -> str | None:
    if decided is not None:
        return None if decided == Backend.NL80211 else ANSWERS
    presence, _ = await survey.ask(str(path), "PING")
    return _WORDS[presence]


def _settings_of(configuration: Configuration, interface: str) -> AttachedSettings:
    return next(one for one in configuration.attached if one.interface == interface)


async def _owner(survey: Survey, choice: Choice, settings: AttachedSettings) -> Finding:
    """Whether the owner is there, and offers WPS."""
    check, program = f"backend {choice.interface}", choice.backend.value
    path = f"{settings.directory}/{choice.interface}"
    match await survey.ask(path, "PING"):
        case Presence.ANSWERED, answer if answer.strip() == "PONG":
            pass
        case Presence.FORBIDDEN, _:
            return warning(check, f"no permission to ask {program} on {path}", "run as root")
        case Presence.SILENT, _:
            return problem(check, f"{program} does not answer on {path}: it is stuck", f"restart {program}")
        case _:
            remedy = f"start {program}, with ctrl_interface={settings.directory} in its configuration"
            return problem(check, f"nobody answers on {path} ({choice.reason})", remedy)
    if settings.is_access_point and (await survey.ask(path, "WPS_GET_STATUS"))[1].startswith("FAIL"):
        text = f"hostapd answers on {path}, and does not offer WPS"
        return problem(check, text, "set wps_state=2, eap_server=1 and config_methods=push_button in its configuration")
    return ok(check, f"{program} answers on {path} ({choice.reason})")
