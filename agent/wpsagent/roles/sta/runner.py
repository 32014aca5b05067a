# SPDX-License-Identifier: BSD-3-Clause
"""Runs a station on its radio; apart from `roles.runner`, so that an access point alone does not load a station."""

from collections.abc import Callable, Sequence

from wpsagent.ports import SendEapol, StationCommand, StationEvent, StationRadio
from wpsagent.roles.runner import RadioRunner
from wpsagent.roles.sta.events import StationReport
from wpsagent.roles.sta.machine import StationMachine


class StationRunner(RadioRunner[StationCommand, StationEvent, StationReport]):
    """One station on one radio."""

    machine: StationMachine
    radio: StationRadio
    may_be_lost = (SendEapol,)

    def __init__(
        self, machine: StationMachine, radio: StationRadio, on_events: Callable[[Sequence[StationReport]], None]
    ) -> None:
        super().__init__(machine, radio, on_events)
