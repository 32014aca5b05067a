# SPDX-License-Identifier: BSD-3-Clause
"""Checks who gets what WPS teaches each station, and whether that manager of networks has the interface."""

from collections.abc import AsyncIterator

from wpsagent.config.model import HandOver, StationSettings
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, split_advice, warning
from wpsagent.daemon.diagnosis.survey import Survey
from wpsagent.io.hand_over.choice import Place
from wpsagent.io.hand_over.manager import HandOverError, Manager

_REMEDY = "start it, or choose another hand_over"


async def check_hand_over(survey: Survey) -> AsyncIterator[Finding]:
    """A line for each station whose networks are handed over."""
    for station in survey.stations:
        if station.hand_over is not HandOver.NONE:
            check = f"hand-over {station.interface}"
            try:
                yield await _hand_over(survey, check, station)
            except HandOverError as error:
                yield problem(check, *split_advice(str(error), _REMEDY))


async def _hand_over(survey: Survey, check: str, station: StationSettings) -> Finding:
    place = Place(station.interface, station.supplicant_directory, station.networks_file)
    choice = await survey.ports.choose_manager(station.hand_over.value, place)
    if choice.manager is None:
        return ok(check, f"nothing is handed over: {choice.reason}")
    return await _manager(check, station.interface, choice.manager, choice.reason)


async def _manager(check: str, interface: str, manager: Manager, reason: str) -> Finding:
    if await manager.holds(interface):
        return ok(check, f"{manager.title} has the interface and gets the networks ({reason}); WPS borrows it")
    text = f"{manager.title} gets the networks ({reason}), but is not there, or does not have the interface"
    return warning(check, f"{text}: our station has it meanwhile", _REMEDY)
