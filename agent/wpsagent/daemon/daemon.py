# SPDX-License-Identifier: BSD-3-Clause
"""The agent: puts configuration, radios, board, MQTT and control socket together, runs, and takes all apart again.

Order of starting: LEDs, buttons, control socket, MQTT, networks; then the service manager hears READY.  The end is
the reverse, so that the stations are sent away, the LEDs are as they were found, and MQTT hears of it all, last of
all "offline".
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from typing import TYPE_CHECKING, Any

from wpsagent import __version__
from wpsagent.config.model import (
    AccessPointSettings,
    ButtonAction,
    ButtonSettings,
    Configuration,
    EapolTransport,
    StationSettings,
)
from wpsagent.control.agent import AccessPoint, AccessPointStatus, WpsStatus
from wpsagent.control.commands import Commands
from wpsagent.daemon.added_access_points import AddedAccessPoints
from wpsagent.daemon.board import Leds, button_name, open_buttons, open_leds
from wpsagent.daemon.board_profile import equipped
from wpsagent.daemon.broker import open_reporter
from wpsagent.daemon.control import ControlSockets
from wpsagent.daemon.hooks import StationHooks
from wpsagent.daemon.interfaces import Interfaces
from wpsagent.daemon.networks import Networks, OpenRadio
from wpsagent.daemon.repeater import Repeater
from wpsagent.daemon.reporting import Reporting
from wpsagent.daemon.shared_radio import SharedRadios
from wpsagent.daemon.stations import OpenStationRadio, Station, Stations
from wpsagent.errors import OverlapError, UsageError
from wpsagent.io.service_manager import ServiceManager
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio, Entropy, StationRadio
from wpsagent.roles.runner import ButtonGroup
from wpsagent.status import events as e
from wpsagent.status.board import StatusBoard
from wpsagent.status.model import Network
from wpsagent.status.texts import ERROR_INDICATION_NAMES
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enrollee_table import EnrolleeInformation
from wpsagent.wsc.internal_registrar import LastResult

if TYPE_CHECKING:
    from wpsagent.io.mqtt import MqttReporter

logger = logging.getLogger(__name__)


async def open_kernel_radio(settings: AccessPointSettings) -> AccessPointRadio:
    """The radio of a network, by nl80211; raises RadioError, NetlinkError."""
    # Imported when the first radio is opened: the simulated board does without netlink.
    from wpsagent.io.nl80211.access_point import open_access_point_radio

    return await open_access_point_radio(
        settings.interface,
        create_on=settings.create_on,
        bridge=settings.bridge,
        on_packet_eapol=settings.eapol == "packet",
    )


async def open_kernel_station_radio(settings: StationSettings) -> StationRadio:
    """The radio of a station, by nl80211; raises RadioError, NetlinkError."""
    from wpsagent.io.nl80211.station import open_station_radio

    return await open_station_radio(
        settings.interface,
        create_on=settings.create_on,
        on_packet_eapol=settings.eapol is EapolTransport.PACKET,
    )


class Daemon:
    """The agent; implements control.Agent."""

    def __init__(
        self,
        configuration: Configuration,
        open_radio: OpenRadio = open_kernel_radio,
        entropy: Entropy = os.urandom,
        open_station: OpenStationRadio = open_kernel_station_radio,
        on_hang_up: Callable[[], None] | None = None,
    ) -> None:
        """on_hang_up: what SIGHUP asks for; where nobody says it, it is the end."""
        self.configuration = configuration = equipped(configuration)
        networks = [
            Network(ap.interface, ap.button_group, ap.ssid, ap.channel, ap.follow) for ap in configuration.access_points
        ]
        agent = configuration.agent
        self.reporting = Reporting(
            StatusBoard(
                agent.node,
                __version__,
                networks,
                agent.success_display_s,
                agent.error_display_s,
                stations=[station.interface for station in configuration.stations],
                commands=configuration.mqtt.commands if configuration.mqtt is not None else (),
                waiting=lambda: self.networks.pin_requests(self.networks.groups),
            )
        )
        report = self.reporting.report
        shared = SharedRadios(
            lambda: self.networks.networks,
            {ap.interface: ap.follow for ap in configuration.access_points if ap.follow is not None},
            lambda ap, station, reason: report(e.ChannelKept(ap, station, reason)),
        )
        self.networks = Networks(configuration, shared.opening_access_points(open_radio), entropy, report)
        self.networks.frequency_for = shared.frequency_for
        self._stations = Stations(
            configuration, shared.opening_stations(open_station), entropy, report, access_points=self.networks
        )
        repeater = Repeater(configuration.access_points, self.networks, report)
        self._stations.observers.append(repeater.observe)
        self.control = ControlSockets(agent, Commands(self))
        self._interfaces = Interfaces(self._stations, self.networks, self.control, report)
        self._added = AddedAccessPoints(self.networks, self.control, report, self._is_station)
        self.leds = Leds()
        self.mqtt: MqttReporter | None = None
        self._entropy = entropy
        self._on_hang_up = on_hang_up or self.terminate
        self._service_manager = ServiceManager()
        self._stopping = asyncio.Event()
        self.started = asyncio.Event()

    async def run(self) -> None:
        """Run until a signal or `terminate`; raises AgentError when the agent cannot start."""
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._on_hang_up if number == signal.SIGHUP else self.terminate)
                stack.callback(loop.remove_signal_handler, number)
            stack.callback(self._service_manager.close)
            stack.callback(self.reporting.close)
            await self._open(stack)
            self.reporting.report(e.AgentStarting())
            stack.push_async_callback(self.networks.stop)
            await self.networks.start()
            self._open_hooks(stack)
            stack.push_async_callback(self._stations.stop)
            stack.push_async_callback(self._interfaces.close)
            stack.push_async_callback(self._added.close)
            await self._stations.start()
            self.reporting.report(e.AgentStarted())
            self._service_manager.ready(self._status_line())
            self._watchdog()
            self.started.set()
            await self._stopping.wait()
            self._service_manager.stopping()
            self.reporting.report(e.AgentStopping())

    async def _open(self, stack: AsyncExitStack) -> None:
        """Whatever listens or tells; the first thing that cannot be had ends the start."""
        configuration = self.configuration
        if configuration.mqtt is not None:
            self.mqtt = open_reporter(
                configuration,
                configuration.mqtt,
                self,
                self._entropy,
                report=self.reporting.report,
                on_change=self._broker_changed,
                stack=stack,
            )
            self.reporting.publishers.append(self.mqtt)
        leds = open_leds(configuration.leds)
        self.leds.take(leds)
        stack.callback(self.leds.close)
        self.reporting.pattern_listeners.append(self.leds.show)
        for button in open_buttons(configuration.buttons, self.button_pressed):
            stack.callback(button.close)
        stack.callback(self.control.close)
        self.control.open(configuration)
        self.reporting.control_listeners.append(self.control.send)
        if self.mqtt is not None:
            self.mqtt.start()

    def _open_hooks(self, stack: AsyncExitStack) -> None:
        """The programs of the stations, which run until the stations have said goodbye."""
        hooks = StationHooks(self.configuration)
        stack.push_async_callback(hooks.close)
        self.reporting.observers.append(hooks.observe)
        self.reporting.control_listeners.append(hooks.signal)

    # ---- the button

    def button_pressed(self, gesture: str, action: ButtonAction, settings: ButtonSettings) -> None:
        """A person pressed a button: do what it means, and say on the LED when it cannot be done."""
        self.reporting.report(e.ButtonPressed(gesture, button_name(settings), settings.groups))
        has_networks = bool(self.configuration.access_points)
        if action is ButtonAction.STATION_PBC or (action is ButtonAction.PBC and not has_networks):
            self._stations.press_button()
        elif action is ButtonAction.CANCEL:
            self._stations.cancel()
        if has_networks and action in (ButtonAction.PBC, ButtonAction.CANCEL):
            self._act_on_groups(action, settings)

    def _act_on_groups(self, action: ButtonAction, settings: ButtonSettings) -> None:
        groups: dict[str, ButtonGroup] = {}
        for name in settings.groups:
            try:
                groups |= self.networks.select(name)
            except UsageError as error:
                self.reporting.report(e.PushButtonRefused(name, str(error)))
        if action is ButtonAction.CANCEL:
            self._cancel(groups)
        else:
            with suppress(OverlapError):  # the registrar has told it: OverlapDetected
                self.networks.press_button(groups)

    # ---- control.Agent

    def press_button(self, target: str | None) -> None:
        self.networks.press_button(self.networks.select(target))

    def cancel(self, target: str | None) -> None:
        self._cancel(self.networks.select(target))

    def _cancel(self, groups: Mapping[str, ButtonGroup]) -> None:
        for name, group in groups.items():
            group.cancel()
            self.reporting.report(e.CancelRequested(name))

    def add_pin(
        self, pin: bytes, *, uuid_e: bytes | None, timeout: float, address: MacAddress | None, target: str | None
    ) -> None:
        self.networks.add_pin(self.networks.select(target), pin, uuid_e, timeout, address)

    def wps_status(self, target: str | None) -> WpsStatus:
        status = next(iter(self.networks.select(target).values())).registrar.status
        has_failed = status.last_result is LastResult.FAILED
        return WpsStatus(
            push_button=status.push_button.value,
            last_result=status.last_result.value,
            failure_reason=ERROR_INDICATION_NAMES[status.failure_reason] if has_failed else None,
            peer=status.peer_address,
        )

    def access_points(self) -> Sequence[AccessPointStatus]:
        return [network.status for network in self.access_point_doors()]

    def access_point_doors(self) -> Sequence[AccessPoint]:
        """Not those that stations have become: they are spoken to as stations."""
        return [network for network in self.networks.networks if not network.settings.is_temporary]

    def pending_pins(self, target: str | None) -> Sequence[EnrolleeInformation]:
        return self.networks.pending_pins(self.networks.select(target))

    def stations(self) -> Sequence[Station]:
        return self._stations.stations

    def add_access_points(self, path: str, wiphy: str | None) -> None:
        self._added.add(path, wiphy)

    def remove_access_point(self, interface: str) -> None:
        self._added.remove(interface)

    def _is_station(self, interface: str) -> bool:
        return any(station.interface == interface for station in self._stations.stations)

    def free_interfaces(self) -> Sequence[str]:
        return self._interfaces.free()

    def add_station(self, interface: str, path: str, driver: str, control_directory: str) -> None:
        self._interfaces.add(interface, path, driver, control_directory)

    def remove_station(self, interface: str) -> None:
        self._interfaces.remove(interface)

    def report(self) -> Mapping[str, Any]:
        mqtt: dict[str, Any] | None = None
        if self.mqtt is not None and self.configuration.mqtt is not None:
            options = self.configuration.mqtt
            mqtt = {
                "broker": f"{options.host}:{options.port}",
                "topic": f"{options.base_topic}/{options.node}",
                "connected": self.mqtt.is_connected,
                "version": self.mqtt.version,
                "error": self.mqtt.last_error,
                "dropped_events": self.mqtt.dropped_events,
            }
        return self.reporting.state() | {"pending_pins": self._pending_pins(), "mqtt": mqtt, "pid": os.getpid()}

    def _pending_pins(self) -> list[dict[str, str]]:
        return [
            {
                "uuid": format_uuid(enrollee.uuid_e),
                "station": str(enrollee.address),
                "device_name": enrollee.device_name,
            }
            for enrollee in self.networks.pending_pins(self.networks.groups)
        ]

    def terminate(self) -> None:
        self._stopping.set()

    # ---- the rest of the world

    def _broker_changed(self, is_connected: bool, reason: str) -> None:
        self.reporting.report(e.BrokerConnected() if is_connected else e.BrokerLost(reason))

    def _status_line(self) -> str:
        networks, stations = self.networks.networks, self._stations.stations
        parts = []
        if networks:
            parts.append(f"{sum(network.is_up for network in networks)} of {len(networks)} networks up")
        if stations:
            parts.append(f"{sum(station.is_up for station in stations)} of {len(stations)} stations up")
        return ", ".join(parts)

    def _watchdog(self) -> None:
        """Tell the service manager that the loop turns, twice in the time it allows."""
        interval = self._service_manager.watchdog_interval
        if interval is not None and not self._stopping.is_set():
            self._service_manager.watchdog()
            asyncio.get_running_loop().call_later(interval, self._watchdog)
