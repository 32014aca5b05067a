# SPDX-License-Identifier: BSD-3-Clause
"""One access point of ours, up or down: as the configuration says, and as Wi-Fi Protected Setup has changed it since.

New settings (a registrar's, an unconfigured access point's own, WPS_CONFIG, a repeater's) are kept first, then told,
then the network begins anew with them on the same radio.
"""

import asyncio
import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from wpsagent.config.model import AccessPointSettings, CredentialProcessing, DeviceSettings
from wpsagent.config.psk_file import PskFile
from wpsagent.control.agent import AccessPointStatus, ConnectedStation, OnAir
from wpsagent.daemon.network_settings import network_settings, parameters, store_of, told, with_network
from wpsagent.daemon.translate import from_access_point
from wpsagent.daemon.upkeep import Upkeep, changed_fields
from wpsagent.dot11.channels import channel_of
from wpsagent.errors import ConfigError, UsageError
from wpsagent.io.atomic_file import SaveError
from wpsagent.octets import BROADCAST, NO_ADDRESS, MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.roles import events as ap
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.roles.station import Security, Station, StationState
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.status import events as e
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import rf_bands_of
from wpsagent.wsc.device_psks import DevicePsk, DevicePsks
from wpsagent.wsc.enumerations import RfBands, WpsState
from wpsagent.wsc.internal_registrar import BssAuthority
from wpsagent.wsc.issuing import IssuingPolicy
from wpsagent.wsc.lock_out import SetupLockMode

if TYPE_CHECKING:
    from wpsagent.daemon.networks import Networks
    from wpsagent.daemon.variables import Variables

_ON_THE_FLY = {
    "source_file",
    "control_directory",
    "control_group",
    "ap_pin",
    "setup_locked",
    "lock_out_s",
    "pin_requests",
    "psk_file",
    "force_per_enrollee_psk",
    "extra_credentials",
    "skip_credential_build",
    "cred_processing",
    "add_sae",
}
"""Settings that can change while stations are connected; with any other the network begins anew."""


class Network(Upkeep):
    """One access point; implements control.AccessPoint.

    configured: as the configuration has it; settings: as it runs, or will once its radio is there.
    """

    def __init__(self, settings: AccessPointSettings, networks: "Networks") -> None:
        super().__init__(settings.interface)
        self.configured = self.settings = settings
        self.runner: AccessPointRunner | None = None
        self._networks = networks
        self._store = store_of(settings, networks.state_directory)
        self._psks = DevicePsks()
        self._authority: BssAuthority | None = None
        self._joined: ButtonGroup | None = None
        self._address, self._wiphy = NO_ADDRESS, ""  # of its radio, also while that is gone
        self._radio: AccessPointRadio | None = None  # handed on from one machine to the next
        self._is_kept = False
        self._wps_of: AccessPointSettings | None = None  # what the authority was made for
        if settings.take_interface:
            from wpsagent.daemon.hand_over import TakenInterface  # most access points do without

            self.taken = TakenInterface(settings.interface, networks.report, networks.state_directory)

    @property
    def is_up(self) -> bool:
        return self.runner is not None and self.runner.machine.is_started

    @property
    def rf_band(self) -> RfBands:
        return rf_bands_of((self.settings.frequency_mhz,))

    @property
    def frequency_mhz(self) -> int:
        """Where it is; where it would like to be while it is down."""
        return self.settings.frequency_mhz if self.runner is None else self.runner.machine.parameters.frequency_mhz

    async def move_to(self, frequency_mhz: int, count: int) -> None:
        """Go to another channel and tell the stations in so many beacons before; raises RadioError."""
        if self.runner is not None:
            await self.runner.switch_channel(frequency_mhz, count)

    # ---- Upkeep

    async def start(self) -> None:
        """As Upkeep; what WPS has made of the network counts from here on."""
        try:
            self.settings = self._store.load()
        except ConfigError as error:
            self._networks.report(e.SettingsDropped(self.interface, str(error)))
        await super().start()

    def _tell_started(self) -> None:
        mhz = self.frequency_mhz
        self._networks.report(e.AccessPointStarted(self.interface, self.settings.ssid, channel_of(mhz), mhz))
        lock = self.enrolment.guessing_lock if self.settings.wps else None
        if lock is not None:
            self._networks.report(e.SetupLocked(self.interface, lock.ends_at))

    def _tell_recovered(self) -> None:
        self._networks.report(e.RadioRecovered(self.interface))

    def _tell_failed(self, reason: str) -> None:
        self._networks.report(e.AccessPointFailed(self.interface, reason))

    def _tell_disabled(self) -> None:
        self._networks.report(e.AccessPointStopped(self.interface))

    async def _come_up(self) -> None:
        radio, self._radio = self._radio, None
        await self._run(radio or await self._networks.open_radio(self.settings))
        if self._joined is not None:
            self._joined.pump()  # one network more: the others of the group say so in their beacons

    async def _run(self, radio: AccessPointRadio) -> None:
        """Beacon on a radio, which is given back if that cannot be."""
        entropy = self._networks.entropy
        self._address, self._wiphy = radio.address, radio.capabilities.wiphy_name
        try:
            self._read_psks()
            wishes = parameters(self.settings)
            mhz = self._networks.frequency_for(radio, wishes.frequency_mhz)
            wps = self._wps(radio)
            self._note_band(mhz)
            wishes = replace(wishes, frequency_mhz=mhz)
            machine = AccessPoint(wishes, radio.address, radio.capabilities, wps, entropy, psks=self._psks)
        except BaseException:
            await radio.close()
            raise
        self.runner = AccessPointRunner(machine, radio, self._ap_events)
        self._joined = self._group
        if self._joined is not None:
            # Before its start: a button that is pressed meanwhile changes its beacon too.
            self._joined.runners.append(self.runner)
        self._is_kept = False
        try:
            await self.runner.start()
        except BaseException:
            await self._take_down()
            raise

    @property
    def _group(self) -> ButtonGroup | None:
        return self._networks.groups.get(self.settings.button_group) if self.settings.wps else None

    async def _take_down(self) -> None:
        radio, self._radio = self._radio, None
        if radio is not None:
            await radio.close()
        if self.runner is None:
            return
        runner, self.runner = self.runner, None
        if self._joined is not None:
            self._joined.runners.remove(runner)
        if self._is_kept and runner.machine.is_started:
            self._radio = runner.radio  # ours to close from here on, whatever becomes of the goodbye
            await runner.release()
        else:
            await runner.stop()

    def _wps(self, radio: AccessPointRadio) -> WpsRuns | None:
        settings = self.settings
        if self._wps_of != settings:
            self.leave_registrar()
        if not settings.wps:
            return None
        if self._authority is None:
            self._wps_of = settings
            group = self._networks.group(settings.button_group, radio.address)
            self._authority = group.registrar.add_network(
                network_settings(settings),
                self.rf_band,
                wps_state=settings.wps_state,
                policy=_policy(settings),
                psks=self._psks,
            )
        return WpsRuns(self._authority, radio.address, self._networks.entropy)

    def leave_registrar(self) -> None:
        """No longer one of the networks of its button."""
        if self._authority is not None:
            self._authority.registrar.remove_network(self._authority)
            self._authority = None

    # ---- keys of single devices

    def _read_psks(self) -> None:
        """Take over psk_file as it is now; one that cannot be read is told, and the keys of before go on."""
        if self.settings.psk_file is None:
            return
        try:
            keys = PskFile(self.settings.psk_file).load()
        except ConfigError as error:
            self._networks.report(e.SettingsDropped(self.interface, str(error)))
            return
        ssid = self.settings.ssid
        self._psks.replace(DevicePsk(key.address, key.psk(ssid), key.is_wps) for key in keys)

    def _psk_added(self, address: MacAddress, psk: bytes) -> None:
        """WPS gave a device a key of its own."""
        if self.settings.psk_file is None:
            reason = f"the key of {address} is forgotten with the next restart: set psk_file to keep it"
            self._networks.report(e.SettingsNotSaved(self.interface, reason))
            return
        try:
            PskFile(self.settings.psk_file).add(address, psk)
        except SaveError as error:
            self._networks.report(e.SettingsNotSaved(self.interface, str(error)))

    # ---- what the machine reports

    def _ap_events(self, events: Sequence[ap.ApEvent]) -> None:
        if self._joined is not None:
            # The stations' runs have talked to the registrar: its word (success) comes before theirs.
            self._joined.pump()
        for event in events:
            match event:
                case ap.ApSettingsChanged():
                    shown = event.credentials.hex()
                    self._new_settings(event.settings, shown, is_to_be_applied=event.is_to_be_applied)
                    if event.is_from_registrar:
                        self._networks.report(e.RegistrarSucceeded(self.interface, event.address))
                case ap.PskAdded():
                    self._psk_added(event.address, event.psk)
                case _:
                    self._tell(event)

    def _note_band(self, mhz: int) -> None:
        """What the registrar says of where the network is: it may be another band than it would like."""
        band = rf_bands_of((mhz,))
        if self._authority is not None and band:
            self._authority.rf_band = band

    def _tell(self, event: ap.ApEvent) -> None:
        if isinstance(event, ap.ChannelChanged):
            self._note_band(event.frequency_mhz)
        for agent_event in from_access_point(self.interface, self.settings.button_group, event):
            self._networks.report(agent_event)
        if isinstance(event, ap.AccessPointLost):
            self._lost.set()

    # ---- other settings

    def _new_settings(self, settings: NetworkSettings, shown: str, *, is_to_be_applied: bool) -> None:
        """Take over what WPS brings, unless another program does that, which hears of it."""
        if is_to_be_applied:
            self._networks.take_over(self, settings, shown)
        else:
            self._networks.report(e.NetworkChanged(self.interface, settings.ssid, shown))

    def reconfigure(self, network: NetworkSettings, *, is_configured: bool = True, shown: str = "") -> None:
        """Another name and key from now on; raises UsageError.  shown: what control clients are told of it."""
        wps_state = WpsState.CONFIGURED if is_configured else WpsState.NOT_CONFIGURED
        settings = with_network(self.settings, network, wps_state)
        if settings == self.settings:
            return
        self.settings = settings
        self.variables.forget()
        self._keep()
        self._networks.report(e.NetworkChanged(self.interface, settings.ssid, shown))
        self.begin_anew()

    def _keep(self) -> None:
        try:
            self._store.save(self.settings)
        except SaveError as error:
            self._networks.report(e.SettingsNotSaved(self.interface, str(error)))

    def renewed(self, configured: AccessPointSettings) -> AccessPointSettings | None:
        """What runs, with what another configuration changes of it; None where the stations cannot stay for that."""
        changes = {name: getattr(configured, name) for name in changed_fields(self.configured, configured)}
        settings = replace(self.settings, **changes)
        return None if changed_fields(self.settings, settings) - _ON_THE_FLY else settings

    def renew(self, configured: AccessPointSettings) -> bool:
        """Go on as another configuration says, the stations staying; False, and nothing done, where they could not."""
        settings, before = self.renewed(configured), self.settings
        if settings is None:
            return False
        self.configured, self.settings = configured, settings
        self._store = store_of(configured, self._networks.state_directory)
        self._read_psks()
        if self._authority is not None:
            self._authority.issuer.policy = _policy(settings)
        if self.runner is not None:
            self.runner.machine.set_credential_processing(parameters(settings).credential_processing)
        if settings.wps:
            self._renew_enrolment(before)
        return True

    def _renew_enrolment(self, before: AccessPointSettings) -> None:
        """Of the whole button group, whose networks all say the same."""
        settings = self.settings
        self.enrolment.set_first_period(settings.lock_out_s)
        if settings.ap_pin != before.ap_pin:
            self.set_ap_pin(settings.ap_pin, 0)
        if settings.setup_locked is not before.setup_locked:
            self.set_setup_lock(settings.setup_locked)

    def begin_anew(self) -> None:
        """With the settings as they are now, on the same radio; several wishes at a time are one."""
        self._is_kept = True
        self.restart()

    # ---- control.AccessPoint: what it is

    @property
    def status(self) -> AccessPointStatus:
        settings, runner, mhz = self.settings, self.runner, self.frequency_mhz
        return AccessPointStatus(
            interface=self.interface,
            address=self._address,
            ssid=settings.ssid,
            frequency_mhz=mhz,
            channel=channel_of(mhz),
            is_enabled=self.is_up,
            stations=len(runner.machine.connected_stations) if runner else 0,
            phy=self._wiphy,
            beacon_interval_tu=settings.beacon_interval_tu,
            dtim_period=settings.dtim_period,
            on_air=self._on_air,
        )

    @property
    def _on_air(self) -> OnAir | None:
        if self.runner is None or not self.is_up:
            return None
        said, bands = self.runner.machine.description, self.runner.radio.capabilities.bands
        power_dbm = {frequency.mhz: frequency.max_power_dbm for band in bands for frequency in band.frequencies}
        return OnAir(said.rates, said.ht, power_dbm[said.frequency_mhz])

    @property
    def network_settings(self) -> NetworkSettings:
        return network_settings(self.settings)

    @property
    def wps_state(self) -> WpsState | None:
        return self.settings.wps_state if self.settings.wps else None

    def clients(self) -> Sequence[ConnectedStation]:
        if self.runner is None:
            return ()
        known = [station for station in self.runner.machine.stations if station.is_with_radio]
        return [self._client(station) for station in reversed(known)]

    def _client(self, station: Station) -> ConnectedStation:
        now = asyncio.get_running_loop().time()
        association, group = station.association, self._joined
        return ConnectedStation(
            address=station.address,
            aid=station.aid,
            is_authorized=station.state is StationState.AUTHORIZED,
            is_wps=station.security.is_for_wps,
            connected_seconds=int(now - station.associated_at),
            inactive_seconds=max(0.0, now - station.heard_at),
            enrollee=None if group is None else group.registrar.enrollee(station.address),
            is_associated=station.state is not StationState.ASSOCIATING,
            is_wps2=station.security is Security.WPS,
            has_wmm=association is not None and association.has_wmm,
            ht_capabilities=None if association is None else association.ht_capabilities,
            capability=0 if association is None else association.capability,
            listen_interval=0 if association is None else association.listen_interval,
            supported_rates=b"" if association is None else bytes(association.rates),
        )

    # ---- control.AccessPoint: what it is told

    def send_away(self, address: MacAddress, reason_code: int, *, is_deauthentication: bool) -> bool:
        runner = self.runner
        if runner is None:
            return False
        there = [station.address for station in runner.machine.stations]
        if address != BROADCAST and address not in there:
            return False
        for one in there if address == BROADCAST else [address]:
            runner.disconnect(one, reason_code, is_for_good=is_deauthentication)
        return True

    @property
    def enrolment(self) -> AccessPointEnrolment:
        """The AP PIN of our button group; raises UsageError where WPS is off."""
        if not self.settings.wps:
            raise UsageError(f"WPS is off on {self.interface}")
        return self._networks.enrolment(self.settings.button_group)

    @property
    def ap_pin(self) -> bytes | None:
        return self.enrolment.ap_pin if self.settings.wps else None

    def set_ap_pin(self, pin: bytes | None, timeout: float) -> None:
        if pin is None:
            self.enrolment.disable_ap_pin()
        else:
            self.enrolment.set_ap_pin(pin, asyncio.get_running_loop().time(), timeout=timeout)
        self._networks.pump(self.settings.button_group)

    def new_ap_pin(self, timeout: float) -> bytes:
        pin = self.enrolment.new_ap_pin(asyncio.get_running_loop().time(), timeout=timeout)
        self._networks.pump(self.settings.button_group)
        return pin

    def configure(self, settings: NetworkSettings) -> None:
        if not self.settings.wps:
            raise UsageError(f"WPS is off on {self.interface}")
        processing = self.settings.cred_processing
        changed = with_network(self.settings, settings, WpsState.CONFIGURED)
        shown = "" if processing is CredentialProcessing.INTERNAL else told(changed, self.status.address)
        self._new_settings(settings, shown, is_to_be_applied=processing is not CredentialProcessing.EXTERNAL)

    def enable(self) -> None:
        if self.is_enabled:
            raise UsageError(f"{self.interface} is enabled already")
        super().enable()

    def disable(self) -> None:
        if not self.is_enabled:
            raise UsageError(f"{self.interface} is disabled already")
        super().disable()

    def reload(self) -> None:
        settings = self.variables.settings
        device = self.variables.device
        self.variables.forget()
        self._read_psks()
        self._networks.set_device(device)
        if settings != self.settings:
            self.settings = settings
            self.begin_anew()

    # ---- control.AccessPoint: hostapd's variables

    @functools.cached_property
    def variables(self) -> "Variables":
        """What SET has changed."""
        # Imported when somebody asks: hostapd's options are a table that few access points need at run time.
        from wpsagent.daemon.variables import Variables

        return Variables(self)

    @property
    def device(self) -> DeviceSettings:
        return self._networks.device

    @property
    def setup_lock(self) -> SetupLockMode:
        """ap_setup_locked."""
        return self.enrolment.mode

    def set_setup_lock(self, mode: SetupLockMode) -> None:
        """At once, for all networks of the button group."""
        self.enrolment.set_mode(mode, asyncio.get_running_loop().time())
        self._networks.pump(self.settings.button_group)

    def set_pin_requests(self, path: str) -> None:
        """Who needs a PIN is written there from now on."""
        self.settings = replace(self.settings, pin_requests=path or None)

    def set_variable(self, name: str, value: str) -> None:
        self.variables.set(name, value)

    def get_variable(self, name: str) -> str:
        return self.variables.get(name)


def _policy(settings: AccessPointSettings) -> IssuingPolicy:
    return IssuingPolicy(
        forces_device_psks=settings.force_per_enrollee_psk,
        extra_credentials=settings.extra_credentials,
        skips_build=settings.skip_credential_build,
    )
