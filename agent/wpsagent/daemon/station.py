# SPDX-License-Identifier: BSD-3-Clause
"""One station of ours, up or down: it joins networks of others and keeps what WPS taught it in a file.

The networks are read once, from a file as wpa_supplicant has it, and written whenever they change.  A file that cannot
be written is told to everybody, and its networks work all the same until the agent ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wpsagent.capabilities import RadioCapabilities
from wpsagent.config.model import DeviceSettings, PushButtonScan, StationSettings
from wpsagent.control.agent import AccessPoint
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.station_access_point import SelectedAccessPoint
from wpsagent.daemon.translate_station import from_station
from wpsagent.daemon.upkeep import Upkeep, changed_fields
from wpsagent.errors import UsageError
from wpsagent.io import link
from wpsagent.io.atomic_file import SaveError, make_folder_of
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy, StationRadio
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import NetworkList
from wpsagent.roles.sta.options import check_option, shown_option, with_options
from wpsagent.roles.sta.parameters import CredentialProcessing, Elsewhere, StationParameters
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.device import DeviceDescription, rf_bands_of, uuid_from_mac
from wpsagent.wsc.enumerations import ConfigMethods
from wpsagent.wsc.pin import generate_pin

OpenStationRadio = Callable[[StationSettings], Awaitable[StationRadio]]
"""Opens the radio of a station; raises RadioError, NetlinkError."""

if TYPE_CHECKING:
    from wpsagent.daemon.hand_over import Keeper
    from wpsagent.roles.sta.machine import StationMachine
    from wpsagent.roles.sta.runner import StationRunner

_Result = TypeVar("_Result")
_ON_THE_FLY = {
    "cred_processing",
    "wps_priority",
    "add_sae",
    "pbc_scan",
    "pmf",
    "on_change",
    "control_directory",
    "control_group",
}
"""Settings that can change while the station is connected; with any other it begins anew."""


class Station(Upkeep):
    """One station, up or down; implements control.Station."""

    def __init__(
        self,
        settings: StationSettings,
        device: DeviceSettings,
        open_radio: OpenStationRadio,
        entropy: Entropy,
        report: Callable[[e.AgentEvent], None],
        *,
        access_points: Networks | None = None,
    ) -> None:
        """access_points: where it becomes one; without them it cannot."""
        super().__init__(settings.interface)
        self.settings = settings
        self.networks = NetworkList()
        self.runner: StationRunner | None = None
        self._device = device
        self._open_radio = open_radio
        self._entropy = entropy
        self._report = report
        from wpsagent.config.network_store import NetworkStore  # an access point alone does without

        self._store = NetworkStore(settings.networks_file)
        self._is_loaded = False
        self.elsewhere = Elsewhere()
        """The other stations."""
        self._machine: StationMachine | None = None  # the last one, also while its radio is gone
        self._options: dict[str, str] = {}  # the file's count before what the configuration says
        self._unsaved: dict[str, str] = {}
        self._is_refusal_told = False
        self._scan_ids = count(1)
        self._is_down = asyncio.Event()
        self._is_down.set()
        self._has_come_up = asyncio.Event()
        self.keeper: Keeper | None = None
        """Who says when it has its interface, where it is handed over."""
        self._selected = None if access_points is None else SelectedAccessPoint(self, access_points)
        self.observers: list[Callable[[Station, sta.StationReport], None]] = []
        """Who hears what the machine reports, beside everybody who hears what became of it."""

    @property
    def is_up(self) -> bool:
        return self.runner is not None and self.runner.machine.is_started

    # ---- Upkeep

    async def start(self) -> None:
        """See Upkeep; a manager of networks is asked for the interface first."""
        if self.keeper is not None:
            self.keeper.start()
        await super().start()

    async def stop(self) -> None:
        """Give the radio back, whatever the interface is."""
        if self.keeper is not None:
            await self.keeper.pause()
        if self._selected is not None:
            await self._selected.close()
        await super().stop()
        if self.keeper is not None:
            await self.keeper.close()

    async def until_up(self) -> None:
        """Until it has its radio; to be called after `enable`."""
        await self._has_come_up.wait()

    async def until_down(self) -> None:
        """Until the radio is given back; to be called after `disable`."""
        await self._is_down.wait()

    async def _come_up(self) -> None:
        self._is_down.clear()
        try:
            if self.keeper is not None:
                await self.keeper.check()
            await self._take_radio()
        except BaseException:
            self._is_down.set()
            if self.keeper is not None:
                self.keeper.doubt()
            raise
        self._has_come_up.set()

    async def _take_radio(self) -> None:
        # An access point alone does without them.
        from wpsagent.roles.sta.machine import StationMachine
        from wpsagent.roles.sta.runner import StationRunner

        self._load()
        radio = await self._open_radio(self.settings)
        try:
            machine = StationMachine(
                self._parameters(radio.address, radio.capabilities),
                radio.address,
                radio.capabilities,
                self.networks,
                self._entropy,
            )
        except BaseException:
            await radio.close()
            raise
        machine.listen_with(self.elsewhere)
        self.runner = StationRunner(machine, radio, self._station_events)
        before, self._machine = self._machine, machine
        if before is not None and not before.is_wanted:
            machine.disconnect(self.now)
        try:
            await self.runner.start()
        except BaseException:
            await self._take_down()
            raise

    async def _take_down(self) -> None:
        if self.runner is not None:
            runner, self.runner = self.runner, None
            await runner.stop()
        self._has_come_up.clear()
        self._is_down.set()

    def _tell_started(self) -> None:
        self._report(s.StationStarted(self.interface, len(self.networks)))

    def _tell_recovered(self) -> None:
        self._tell_started()

    def _tell_failed(self, reason: str) -> None:
        self._report(s.StationFailed(self.interface, reason))

    def _parameters(self, address: MacAddress, capabilities: RadioCapabilities) -> StationParameters:
        parameters = StationParameters(
            interface=self.interface,
            device=_description(self._device, capabilities),
            uuid=self._device.uuid or uuid_from_mac(address),
            credential_processing=CredentialProcessing[self.settings.cred_processing.name],
            wps_priority=self.settings.wps_priority,
            add_sae=self.settings.add_sae,
            is_push_button_fast=self.settings.pbc_scan is PushButtonScan.FAST,
            frame_protection=self.settings.pmf,
        )
        return with_options(parameters, self._options)

    # ---- what the machine reports

    def _station_events(self, events: Sequence[sta.StationReport]) -> None:
        for event in events:
            if isinstance(event, sta.NetworksChanged):
                self._networks_changed()  # in its place: whoever hears of the success finds it saved
            if self.keeper is not None:
                self.keeper.observe(event)
            for agent_event in from_station(self.interface, event, self.networks):
                self._report(agent_event)
            for observer in self.observers:
                observer(self, event)
            if isinstance(event, sta.StationLost):
                self._lost.set()

    # ---- the networks and their file

    def _load(self) -> None:
        """Once: from then on what we know counts, saved or not.  Raises ConfigError."""
        if not self._is_loaded:
            self.networks.replace_all(self._store.load())
            self._options = self._store.options()
            self._is_loaded = True

    def _networks_changed(self) -> None:
        may_be_written = {name: raw for name, raw in self._unsaved.items() if name == "update_config"}
        try:
            self._save(may_be_written)
        except (SaveError, UsageError) as error:
            # Who says that his file is not to be written knows it after the first time.
            if self._store.file.may_be_written or not self._is_refusal_told:
                self._report(s.NetworksNotSaved(self.interface, str(error)))
            self._is_refusal_told = not self._store.file.may_be_written

    # ---- control.Station

    def machine(self) -> "StationMachine":
        """The station's machine; raises UsageError while its radio is not there."""
        if self.keeper is not None and self.keeper.owner is not None:
            raise UsageError(f"{self.interface} is {self.keeper.owner}'s until WPS needs it")
        if self.runner is None or not self.runner.machine.is_started:
            raise UsageError(f"{self.interface} is down: {self._reason or 'its radio is gone'}")
        return self.runner.machine

    def act(self, call: "Callable[[StationMachine, float], _Result]") -> _Result:
        """Ask the machine for something now, and carry out what it wants then; raises UsageError."""
        machine, runner = self.machine(), self.runner
        assert runner is not None
        try:
            return call(machine, asyncio.get_running_loop().time())
        finally:
            runner.pump()

    def begin_wps(self, call: "Callable[[StationMachine, float], object]") -> None:
        """As act, for what begins a WPS run: an interface that was handed over is fetched first."""
        if self.keeper is not None and not self.is_up:
            self.keeper.fetch(call)
        else:
            self.act(call)

    def edit(self, call: "Callable[[StationMachine, float], _Result]") -> _Result:
        """As act, for what concerns its networks alone; raises UsageError where its radio never was there."""
        if self.runner is not None or self._machine is None:
            return self.act(call)
        try:
            return call(self._machine, self.now)
        finally:
            self._station_events(list(iter(self._machine.next_event, None)))

    def save(self) -> None:
        """Write the networks, and the options that were set, to their file; raises SaveError, UsageError."""
        self._save(self._unsaved)
        self._unsaved = {}

    def _save(self, options: Mapping[str, str]) -> None:
        make_folder_of(Path(self.settings.networks_file))
        self._store.save((network for network in self.networks if not network.is_temporary), options)

    def check_file(self) -> None:
        """Raises ConfigError where `reread` would."""
        if self._is_loaded:
            self._store.is_changed()

    def reread(self) -> None:
        """As `reload`, if others have changed the file: what could not be saved, or was not to be, stays otherwise."""
        if self._is_loaded and self._store.is_changed():
            with suppress(UsageError):  # nothing to do anew where its radio never was there
                self.reload()

    def renew(self, settings: StationSettings, device: DeviceSettings) -> bool:
        """Go on as another configuration says, from the next run or connection on.

        False, and nothing done, where the station has to begin anew for that.
        """
        if changed_fields(self.settings, settings) - _ON_THE_FLY:
            return False
        self.settings, self._device = settings, device
        self._renew_parameters()
        return True

    def reload(self) -> None:
        """Read the file again: what it says counts, and nothing else.  Raises ConfigError, and then nothing changes."""
        before = tuple(self.networks)
        networks = self._store.load()
        self._unsaved = {}
        self._options = self._store.options()
        self._renew_parameters()
        if networks != before:
            self.networks.replace_all(networks)
            self.edit(lambda machine, now: machine.reassociate(now))

    def set_option(self, name: str, value: str) -> None:
        """One of wpa_supplicant's global options, from the next WPS run on; raises DecodeError."""
        check_option(name, value)
        self._options[name] = self._unsaved[name] = value
        self._renew_parameters()

    def get_option(self, name: str) -> str | None:
        """Its value as it counts now; None where it has none, or there is no such option."""
        if name == "update_config" and name not in self._options:
            return str(int(self._store.file.may_be_written))
        return shown_option(name, self._machine.parameters if self._machine is not None else None, self._options)

    def _renew_parameters(self) -> None:
        if self._machine is not None:
            self._machine.set_parameters(self._parameters(self._machine.address, self._machine.capabilities))

    def new_scan_id(self) -> int:
        """A number for a scan, from 1."""
        return next(self._scan_ids)

    @property
    def ip_address(self) -> str | None:
        """The interface's IPv4 address, if it has one."""
        return link.ipv4_address(self.interface)

    # ---- as an access point

    @property
    def access_point(self) -> AccessPoint | None:
        """What the interface is while a network with mode=2 is selected."""
        return None if self._selected is None else self._selected.access_point

    @property
    def access_point_id(self) -> int | None:
        """The number of that network."""
        return None if self._selected is None else self._selected.network_id

    def become_access_point(self, network_id: int) -> None:
        """Be the access point that a network with mode=2 says; raises UsageError."""
        network = self.networks.get(network_id)
        if self._selected is None or network is None:
            raise UsageError(f"{self.interface} cannot be an access point")
        self._selected.select(network, self.settings.eapol)
        self.networks.select(network_id)

    def leave_access_point(self, network_id: int | None = None) -> None:
        """Be a station again, if it is the access point of that network (None: of any)."""
        if self._selected is not None:
            self._selected.leave(network_id)

    def new_pin(self) -> bytes:
        """A fresh PIN of eight digits."""
        return generate_pin(self._entropy)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # ---- the button

    def press_button(self) -> None:
        """A person pressed the station's button; what is in the way is told."""
        try:
            self.begin_wps(lambda machine, now: machine.wps_push_button(now))
        except UsageError as error:
            self._report(s.StationWpsRefused(self.interface, str(error)))

    def cancel(self) -> None:
        """End a WPS run; nothing going on is no error."""
        if self.is_up:
            self.act(lambda machine, now: machine.wps_cancel(now))


def _description(device: DeviceSettings, capabilities: RadioCapabilities) -> DeviceDescription:
    """What a station says of itself; it can always show a PIN, on whatever the command line is shown."""
    bands = rf_bands_of(frequency.mhz for band in capabilities.bands for frequency in band.frequencies)
    description = device.description(bands)
    methods = description.config_methods | ConfigMethods.VIRTUAL_DISPLAY
    return replace(description, config_methods=methods)
