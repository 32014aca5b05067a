# SPDX-License-Identifier: BSD-3-Clause
"""The networks of the configuration, and the button groups they form.

Each network is one access point on one radio (`daemon.network`); those of one button group share an InternalRegistrar,
with it the AP PIN and the lock that keeps it from being guessed.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from wpsagent.config.model import AccessPointSettings, AttachedSettings, Configuration, DeviceSettings
from wpsagent.daemon.network import Network
from wpsagent.daemon.translate import from_registrar
from wpsagent.daemon.wps_files import LockOutFile, PinRequests
from wpsagent.errors import RadioError, UsageError
from wpsagent.io import link
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio, Entropy
from wpsagent.roles.runner import ButtonGroup
from wpsagent.status import events as e
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment, ApEnrolmentParameters
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import rf_bands_of, uuid_from_mac
from wpsagent.wsc.enrollee_table import PendingPin
from wpsagent.wsc.enumerations import RfBands
from wpsagent.wsc.internal_registrar import EnrolmentSucceeded, InternalRegistrar, InternalRegistrarEvent

OpenRadio = Callable[[AccessPointSettings], Awaitable[AccessPointRadio]]
"""Opens the radio of a network; raises RadioError, NetlinkError."""


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
        self.device = configuration.device
        self.state_directory = configuration.agent.state_directory
        self._uuid = configuration.device.uuid
        self._of_hostapd = _interfaces_of_hostapd(configuration.attached)
        self._enrolments: dict[str, AccessPointEnrolment] = {}
        self._pin_requests: dict[str, PinRequests] = {}
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

    def add(self, settings: AccessPointSettings) -> Network:
        """One more, which the caller starts."""
        network = Network(settings, self)
        self.networks.append(network)
        return network

    def arrange(self, interfaces: Sequence[str]) -> None:
        """The order of the configuration; what it does not name comes last."""
        order = {interface: index for index, interface in enumerate(interfaces)}
        self.networks.sort(key=lambda network: order.get(network.interface, len(order)))

    async def remove(self, network: Network) -> None:
        """One is gone, and its button group with its last network."""
        await network.stop()
        self.networks.remove(network)
        network.leave_registrar()
        name = network.settings.button_group
        if self._with_wps(name):
            return
        self._enrolments.pop(name, None)
        group = self.groups.pop(name, None)
        if group is not None:
            group.stop()

    def group(self, name: str, address: MacAddress) -> ButtonGroup:
        """The group of a name, made when its first network comes up."""
        if name not in self.groups:
            # One UUID for all groups: a station that hears two of them in push-button mode must see no overlap.
            self._uuid = self._uuid or uuid_from_mac(self._address_of_hostapd() or address)
            registrar = InternalRegistrar(
                self.device.description(self._rf_bands(name)), self._uuid, self.entropy, self.enrolment(name)
            )

            def report(events: Sequence[InternalRegistrarEvent]) -> None:
                for event in events:
                    self._registrar_event(name, event)

            self.groups[name] = ButtonGroup(registrar, report)
        return self.groups[name]

    def _address_of_hostapd(self) -> MacAddress | None:
        """That of its first interface, where it has one of this board: it makes its UUID from it, as we do."""
        for interface in self._of_hostapd:
            with suppress(RadioError):
                return link.address(interface)
        return None

    def _registrar_event(self, name: str, event: InternalRegistrarEvent) -> None:
        interfaces = [network.interface for network in self._with_wps(name)]
        for agent_event in from_registrar(name, interfaces, event):
            self.report(agent_event)
            if isinstance(agent_event, e.PinNeeded):
                self._note_request(name, agent_event)
        if isinstance(event, EnrolmentSucceeded):
            self._served(name)

    def _with_wps(self, name: str) -> list[Network]:
        """The networks of a button group."""
        return [network for network in self.networks if network.settings.wps and network.settings.button_group == name]

    def _note_request(self, name: str, event: e.PinNeeded) -> None:
        """Once in each file, however many networks of the group name it."""
        for path in dict.fromkeys(network.settings.pin_requests for network in self._with_wps(name)):
            if path is not None:
                self._pin_requests.setdefault(path, PinRequests(path)).note(event, time.time())

    # ---- the AP PIN

    def enrolment(self, name: str) -> AccessPointEnrolment:
        """The AP PIN of a button group and its lock, as they were left."""
        if name not in self._enrolments:
            network = self._with_wps(name)[0]
            settings = network.settings
            file = LockOutFile(
                self.state_directory,
                name,
                lambda reason: self.report(e.SettingsNotSaved(network.interface, reason)),
            )
            is_kept = not settings.is_temporary
            parameters = ApEnrolmentParameters(
                settings.ap_pin, settings.setup_locked, settings.lock_out_s, drops_pin=settings.is_temporary
            )
            self._enrolments[name] = AccessPointEnrolment(
                self.entropy,
                parameters,
                now=asyncio.get_running_loop().time(),
                state=file.load() if is_kept else None,
                save=file.save if is_kept else None,
            )
        return self._enrolments[name]

    def pump(self, name: str) -> None:
        """The registrar of a group, or its AP PIN, has been told something."""
        group = self.groups.get(name)
        if group is not None:
            group.registrar.handle_timer(asyncio.get_running_loop().time())
            group.pump()

    def pin_requests(self, groups: Mapping[str, ButtonGroup]) -> list[PendingPin]:
        """Who waits for somebody to enter its PIN; once for each group that turned it away."""
        now = asyncio.get_running_loop().time()
        return [pending for group in groups.values() for pending in group.registrar.pending_pins(now)]

    # ---- other settings

    def reconfigure(self, interface: str, settings: NetworkSettings, *, is_configured: bool = True) -> None:
        """Another name and key for one network, kept and on the air in a moment; raises UsageError."""
        network = next((network for network in self.networks if network.interface == interface), None)
        if network is None:
            raise UsageError(f"there is no access point on {interface}")
        network.reconfigure(settings, is_configured=is_configured)

    def take_over(self, network: Network, settings: NetworkSettings, shown: str) -> None:
        """What a registrar gave one network is for all that were the same network: both bands of one access point."""
        before = network.network_settings
        for other in self._with_wps(network.settings.button_group):
            if other.network_settings == before:
                other.reconfigure(settings, shown=shown)

    def set_device(self, device: DeviceSettings, attached: Iterable[AttachedSettings] | None = None) -> None:
        """How all networks name themselves from now on, and beside whom; None: as before."""
        of_hostapd = self._of_hostapd if attached is None else _interfaces_of_hostapd(attached)
        if (device, of_hostapd) == (self.device, self._of_hostapd):
            return
        self.device, self._of_hostapd = device, of_hostapd
        address = self._address_of_hostapd()
        self._uuid = device.uuid or (self._uuid if address is None else uuid_from_mac(address))
        for name, group in self.groups.items():
            group.registrar.device = device.description(self._rf_bands(name))
            group.registrar.uuid = self._uuid or group.registrar.uuid
            group.renew_beacons()

    # ---- button and PINs

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
        settings = [network.settings for network in self.networks]
        return rf_bands_of(one.frequency_mhz for one in settings if one.button_group == group)

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


def _interfaces_of_hostapd(attached: Iterable[AttachedSettings]) -> tuple[str, ...]:
    return tuple(owner.interface for owner in attached if owner.is_access_point)
