# SPDX-License-Identifier: BSD-3-Clause
"""The networks of the configuration: brought up, watched, brought up again when their radio comes back.

Each network is one access point on one radio; those of one button group share an InternalRegistrar.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from wpsagent.config.model import AccessPointSettings, Configuration, Security
from wpsagent.daemon.translate import from_access_point, from_registrar
from wpsagent.daemon.upkeep import Upkeep
from wpsagent.dot11.channels import FrequencyBand, band_of, channel_of
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio, Entropy
from wpsagent.roles import events as ap
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import uuid_from_mac
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, RfBands
from wpsagent.wsc.internal_registrar import (
    BssAuthority,
    EnrolmentSucceeded,
    InternalRegistrar,
    InternalRegistrarEvent,
)

OpenRadio = Callable[[AccessPointSettings], Awaitable[AccessPointRadio]]
"""Opens the radio of a network; raises RadioError, NetlinkError."""

_RF_BANDS = {
    FrequencyBand.GHZ_2_4: RfBands.BAND_2_4_GHZ,
    FrequencyBand.GHZ_5: RfBands.BAND_5_GHZ,
    FrequencyBand.GHZ_60: RfBands.BAND_60_GHZ,
}


class Network(Upkeep):
    """One access point, up or down."""

    def __init__(self, settings: AccessPointSettings, networks: "Networks") -> None:
        super().__init__(settings.interface)
        self.settings = settings
        self.runner: AccessPointRunner | None = None
        self._networks = networks
        self._authority: BssAuthority | None = None

    @property
    def is_up(self) -> bool:
        return self.runner is not None and self.runner.machine.is_started

    @property
    def rf_band(self) -> RfBands:
        return _RF_BANDS[band_of(self.settings.frequency_mhz)]

    @property
    def frequency_mhz(self) -> int:
        """Where it is; where it would like to be while it is down."""
        return self.settings.frequency_mhz if self.runner is None else self.runner.machine.parameters.frequency_mhz

    async def move_to(self, frequency_mhz: int, count: int) -> None:
        """Go to another channel and tell the stations in so many beacons before; raises RadioError."""
        if self.runner is not None:
            await self.runner.switch_channel(frequency_mhz, count)

    def _tell_started(self) -> None:
        settings, mhz = self.settings, self.frequency_mhz
        self._networks.report(e.AccessPointStarted(settings.interface, settings.ssid, channel_of(mhz), mhz))

    def _tell_recovered(self) -> None:
        self._networks.report(e.RadioRecovered(self.interface))

    def _tell_failed(self, reason: str) -> None:
        self._networks.report(e.AccessPointFailed(self.interface, reason))

    async def _come_up(self) -> None:
        radio = await self._networks.open_radio(self.settings)
        await self._run(radio)
        if self._group is not None:
            self._group.pump()  # one network more: the others of the group say so in their beacons

    async def _run(self, radio: AccessPointRadio) -> None:
        """Beacon on a radio, which is given back if that cannot be."""
        entropy = self._networks.entropy
        try:
            parameters = _parameters(self.settings)
            mhz = self._networks.frequency_for(radio, parameters.frequency_mhz)
            parameters = replace(parameters, frequency_mhz=mhz)
            machine = AccessPoint(parameters, radio.address, radio.capabilities, self._wps(radio), entropy)
        except BaseException:
            await radio.close()
            raise
        self.runner = AccessPointRunner(machine, radio, self._ap_events)
        if self._group is not None:
            # Before its start: a button that is pressed meanwhile changes its beacon too.
            self._group.runners.append(self.runner)
        try:
            await self.runner.start()
        except BaseException:
            await self._take_down()
            raise

    @property
    def _group(self) -> ButtonGroup | None:
        return self._networks.groups.get(self.settings.button_group) if self.settings.wps else None

    async def _take_down(self) -> None:
        if self.runner is not None:
            runner, self.runner = self.runner, None
            if self._group is not None:
                self._group.runners.remove(runner)
            await runner.stop()

    def _wps(self, radio: AccessPointRadio) -> WpsRuns | None:
        if not self.settings.wps:
            return None
        if self._authority is None:
            group = self._networks.group(self.settings.button_group, radio.address)
            self._authority = group.registrar.add_network(_network_settings(self.settings), self.rf_band)
        return WpsRuns(self._authority, radio.address, self._networks.entropy)

    def _ap_events(self, events: Sequence[ap.ApEvent]) -> None:
        if self._group is not None:
            # The stations' runs have talked to the registrar: its word (success) comes before theirs.
            self._group.pump()
        for event in events:
            for agent_event in from_access_point(self.settings.interface, self.settings.button_group, event):
                self._networks.report(agent_event)
            if isinstance(event, ap.AccessPointLost):
                self._lost.set()


class Networks:
    """All networks, and the button groups they form."""

    def __init__(
        self,
        configuration: Configuration,
        open_radio: OpenRadio,
        entropy: Entropy,
        report: Callable[[e.AgentEvent], None],
    ) -> None:
        self.open_radio = open_radio
        self.entropy = entropy
        self.report = report
        self.frequency_for: Callable[[AccessPointRadio, int], int] = lambda _radio, wish_mhz: wish_mhz
        """Where a network is to come up that would like to be on that frequency: its radio may be in use."""
        self.groups: dict[str, ButtonGroup] = {}
        self._together: dict[str, frozenset[str]] = {}  # with which groups each was last opened
        self._device = configuration.device
        self._uuid = configuration.device.uuid
        self.networks = [Network(settings, self) for settings in configuration.access_points]

    async def start(self) -> None:
        """Bring up all that can be, in order: the first one's address makes the UUID where none is configured."""
        for network in self.networks:
            await network.start()

    async def stop(self) -> None:
        """Take all down."""
        await asyncio.gather(*(network.stop() for network in self.networks))
        for group in self.groups.values():
            group.stop()

    def group(self, name: str, address: MacAddress) -> ButtonGroup:
        """The group of a name, made when its first network comes up."""
        if name not in self.groups:
            # One UUID for all groups: a station that hears two of them in push-button mode must see no overlap.
            self._uuid = self._uuid or uuid_from_mac(address)
            registrar = InternalRegistrar(self._device.description(self._rf_bands(name)), self._uuid, self.entropy)

            def report(events: Sequence[InternalRegistrarEvent]) -> None:
                for event in events:
                    self.report(from_registrar(name, event))
                    if isinstance(event, EnrolmentSucceeded):
                        self._served(name)

            self.groups[name] = ButtonGroup(registrar, report)
        return self.groups[name]

    def press_button(self, groups: Mapping[str, ButtonGroup]) -> None:
        """One press for these groups, which lets one device in; raises OverlapError, and then has opened none."""
        for group in sorted(groups.values(), key=lambda group: not group.would_refuse_press):
            group.press_button()
        self._together |= dict.fromkeys(groups, frozenset(groups))

    def add_pin(
        self,
        groups: Mapping[str, ButtonGroup],
        pin: bytes,
        uuid_e: bytes | None,
        timeout: float,
        address: MacAddress | None,
    ) -> None:
        """One PIN for these groups; arguments as in InternalRegistrar.add_pin, raises UsageError."""
        for group in groups.values():
            group.add_pin(pin, uuid_e, timeout, address)
        self._together |= dict.fromkeys(groups, frozenset(groups))

    def _served(self, name: str) -> None:
        """A device has got what it came for: the groups that were opened for it along with this one close."""
        together = self._together.pop(name, frozenset())
        for other in sorted(together - {name}):
            if self._together.get(other) == together:
                del self._together[other]
                self.groups[other].withdraw()

    def _rf_bands(self, group: str) -> RfBands:
        bands = RfBands(0)
        for network in self.networks:
            if network.settings.button_group == group:
                bands |= network.rf_band
        return bands

    def select(self, target: str | None) -> dict[str, ButtonGroup]:
        """The groups a command means: all, one by its name, or the one of an interface; raises UsageError."""
        if not self.groups:
            raise UsageError("no network with WPS is up")
        if target is None:
            return dict(self.groups)
        if target in self.groups:
            return {target: self.groups[target]}
        for network in self.networks:
            if network.settings.interface == target:
                if not network.settings.wps:
                    raise UsageError(f"WPS is off on {target} (access_point.wps = false)")
                if network.settings.button_group in self.groups:
                    return {network.settings.button_group: self.groups[network.settings.button_group]}
        names = sorted({*self.groups, *(network.settings.interface for network in self.networks)})
        raise UsageError(f"no button group or interface {target!r}; there are: {', '.join(names)}")


def _parameters(settings: AccessPointSettings) -> AccessPointParameters:
    return AccessPointParameters(
        interface=settings.interface,
        settings=_network_settings(settings),
        frequency_mhz=settings.frequency_mhz,
        beacon_interval_tu=settings.beacon_interval_tu,
        dtim_period=settings.dtim_period,
        is_hidden=settings.hidden,
        country=settings.country,
        max_stations=settings.max_stations,
        inactivity=settings.inactivity_s,
        group_rekey=settings.group_rekey_s,
    )


def _network_settings(settings: AccessPointSettings) -> NetworkSettings:
    is_open = settings.security is Security.OPEN
    return NetworkSettings(
        ssid=settings.ssid,
        authentication_types=AuthenticationType.OPEN if is_open else AuthenticationType.WPA2_PERSONAL,
        encryption_types=EncryptionType.NONE if is_open else EncryptionType.AES,
        passphrase=settings.passphrase,
        psk=settings.psk,
    )
