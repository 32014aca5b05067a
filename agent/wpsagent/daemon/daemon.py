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
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wpsagent import __version__
from wpsagent.config.model import (
    ButtonAction,
    ButtonSettings,
    Configuration,
)
from wpsagent.control.agent import AccessPoint, AccessPointStatus, WpsStatus
from wpsagent.control.commands import Commands
from wpsagent.control.owners import OwnersCommands
from wpsagent.daemon.added_access_points import AddedAccessPoints
from wpsagent.daemon.attached.attachments import Attachments
from wpsagent.daemon.attached.choice import ANSWERS, Probe, choose, log_choices, probe, undecided
from wpsagent.daemon.attached.watch import Comers, Watch
from wpsagent.daemon.board import Leds, button_name, open_buttons, open_leds
from wpsagent.daemon.board_profile import equipped
from wpsagent.daemon.broker import open_reporter, roles_of
from wpsagent.daemon.control import ControlSockets, own_sockets
from wpsagent.daemon.groups import Groups
from wpsagent.daemon.hooks import StationHooks
from wpsagent.daemon.interfaces import Interfaces
from wpsagent.daemon.kernel_radios import open_kernel_radio, open_kernel_station_radio
from wpsagent.daemon.networks import Networks, OpenRadio
from wpsagent.daemon.parts import Opened
from wpsagent.daemon.reload import Reload
from wpsagent.daemon.repeater import Repeater
from wpsagent.daemon.reporting import Reporting
from wpsagent.daemon.shared_radio import SharedRadios
from wpsagent.daemon.station import OpenStationRadio, Station
from wpsagent.daemon.stations import Stations
from wpsagent.errors import AgentError
from wpsagent.io.service_manager import ServiceManager
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import Entropy
from wpsagent.status import events as e
from wpsagent.status.board import StatusBoard
from wpsagent.status.model import Network
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enrollee_table import EnrolleeInformation, PendingPin

if TYPE_CHECKING:
    from wpsagent.io.mqtt import MqttReporter

logger = logging.getLogger(__name__)


Reread = Callable[[], Configuration | None]
"""Reads the configuration again; None when that is not to be, and this is the end.  Raises ConfigError."""


def _of_broker(configuration: Configuration) -> object:
    """What the reports to a broker are made from; Home Assistant is also told what the device is and has."""
    mqtt, device = configuration.mqtt, configuration.device
    if mqtt is None or not mqtt.home_assistant:
        return mqtt
    has = roles_of(configuration)
    return mqtt, configuration.agent.state_directory, device.manufacturer, device.model_name, has


def _status_board(configuration: Configuration, waiting: Callable[[], Sequence[PendingPin]]) -> StatusBoard:
    """What is known of all networks and stations before any of them is up, those of other programs included."""
    agent, theirs = configuration.agent, configuration.attached
    networks = [
        *(Network(ap.interface, ap.button_group, ap.ssid, ap.channel, ap.follow) for ap in configuration.access_points),
        *(Network(one.interface, one.button_group, Ssid(b""), 0) for one in theirs if one.is_access_point),
    ]
    stations = [one.interface for one in configuration.stations]
    stations += [one.interface for one in theirs if not one.is_access_point]
    return StatusBoard(
        agent.node,
        __version__,
        networks,
        agent.success_display_s,
        agent.error_display_s,
        stations=stations,
        commands=configuration.mqtt.commands if configuration.mqtt is not None else (),
        waiting=waiting,
    )


class Daemon:
    """The agent; implements control.Agent."""

    def __init__(
        self,
        configuration: Configuration,
        open_radio: OpenRadio = open_kernel_radio,
        entropy: Entropy = os.urandom,
        open_station: OpenStationRadio = open_kernel_station_radio,
        reread: Reread | None = None,
    ) -> None:
        """reread: for SIGHUP; without it SIGHUP is the end."""
        self._undecided = equipped(configuration)
        configuration, self._choices = choose(self._undecided)
        self.configuration = configuration
        log_choices(self._choices)
        agent = configuration.agent
        self.reporting = Reporting(_status_board(configuration, self._pin_requests))
        report = self.reporting.report
        shared = SharedRadios(
            lambda: self.networks.networks,
            lambda ap, station, reason: report(e.ChannelKept(ap, station, reason)),
            lambda: self._attachments.addresses,
        )
        self._attachments = Attachments(configuration.attached, report, lambda: self.networks.groups)
        self.networks = Networks(
            configuration, shared.opening_access_points(open_radio), entropy, self._attachments.hear_ours
        )
        self._groups = Groups(self.networks, self._attachments, report)
        self.networks.frequency_for = shared.frequency_for
        self._stations = Stations(
            configuration, shared.opening_stations(open_station), entropy, report, access_points=self.networks
        )
        repeater = Repeater(configuration.access_points, self.networks, report)
        self._stations.observers.append(repeater.observe)
        self.control = ControlSockets(agent, OwnersCommands(self, Commands(self), self._attachments.owner))
        self._interfaces = Interfaces(self._stations, self.networks, self.control, report)
        self._added = AddedAccessPoints(self.networks, self.control, report, self._is_station)
        self.leds = Leds()
        self.mqtt: MqttReporter | None = None
        self._entropy = entropy
        self._reread = reread
        self._hooks = StationHooks(configuration)
        self._parts = (
            Opened(_of_broker, self._open_broker),
            Opened(lambda wanted: wanted.leds, self._open_leds),
            Opened(lambda wanted: wanted.buttons, self._open_buttons),
        )
        self._reload = Reload(
            self.networks,
            self._stations,
            self.reporting,
            attachments=self._attachments,
            repeater=repeater,
            parts=(*self._parts, self.control, self._hooks),
        )
        self._following: Configuration | None = None
        self._is_mqtt_started = False
        self._service_manager = ServiceManager()
        self._watch = Watch(self._somebody_came)
        self._comers: Comers = {}
        self._is_hung_up = False
        self._is_asked = asyncio.Event()  # to read the file again, or to see who has come
        self._stopping = asyncio.Event()
        self.started = asyncio.Event()

    async def run(self) -> Configuration | None:
        """Run until a signal or `terminate`; raises AgentError when the agent cannot start.

        Returns the configuration with which another daemon is to go on, None at the end.
        """
        loop = asyncio.get_running_loop()
        async with AsyncExitStack() as stack:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._hang_up if number == signal.SIGHUP else self.terminate)
                stack.callback(loop.remove_signal_handler, number)
            stack.callback(self._service_manager.close)
            stack.callback(self.reporting.close)
            await self._open(stack)
            self.reporting.report(e.AgentStarting())
            stack.push_async_callback(self.networks.stop)
            await self.networks.start()
            stack.push_async_callback(self._hooks.close)
            self.reporting.observers.append(self._hooks.observe)
            self.reporting.control_listeners.append(self._hooks.signal)
            stack.push_async_callback(self._stations.stop)
            stack.push_async_callback(self._interfaces.close)
            stack.push_async_callback(self._added.close)
            await self._stations.start()
            stack.push_async_callback(self._attachments.stop)
            await self._attachments.start()
            stack.callback(self._watch.close)
            self._look_for_owners()
            self.reporting.report(e.AgentStarted())
            self._service_manager.ready(self._status_line())
            self._watchdog()
            self.started.set()
            await self._until_the_end()
            if self._following is None:
                self._service_manager.stopping()
            self.reporting.report(e.AgentStopping())
        return self._following

    async def _open(self, stack: AsyncExitStack) -> None:
        """Whatever listens or tells; the first thing that cannot be had ends the start."""
        self.reporting.pattern_listeners.append(self.leds.show)
        for part in self._parts:
            stack.push_async_callback(part.close)
            await part.open(self.configuration)
        stack.callback(self.control.close)
        self.control.open(self.configuration)
        self.reporting.control_listeners.append(self.control.send)
        self._start_broker()

    def _open_broker(self, configuration: Configuration, stack: AsyncExitStack) -> None:
        if configuration.mqtt is None:
            return
        mqtt = open_reporter(
            configuration,
            configuration.mqtt,
            self,
            self._entropy,
            others=self._attachments,
            report=self.reporting.report,
            on_change=self._broker_changed,
            stack=stack,
        )
        self.mqtt, self._is_mqtt_started = mqtt, False
        self.reporting.publishers.append(mqtt)
        stack.callback(self._forget_broker, mqtt)

    def _forget_broker(self, mqtt: "MqttReporter") -> None:
        self.mqtt = None
        self.reporting.publishers.remove(mqtt)

    def _start_broker(self) -> None:
        if self.mqtt is not None and not self._is_mqtt_started:
            self._is_mqtt_started = True
            self.mqtt.start()

    def _open_leds(self, configuration: Configuration, stack: AsyncExitStack) -> None:
        self.leds.take(open_leds(configuration.leds))
        stack.callback(self.leds.close)
        if self.reporting.pattern is not None:
            self.leds.show(self.reporting.pattern)

    def _open_buttons(self, configuration: Configuration, stack: AsyncExitStack) -> None:
        for button in open_buttons(configuration.buttons, self.button_pressed):
            stack.callback(button.close)

    # ---- another configuration

    def _hang_up(self) -> None:
        if self._reread is None:
            self.terminate()
        self._is_hung_up = True
        self._is_asked.set()

    async def _until_the_end(self) -> None:
        """Read the configuration again, and see who has come for a radio, as often as it is asked for."""
        ending = asyncio.create_task(self._stopping.wait())
        try:
            while not ending.done():
                asked = asyncio.create_task(self._is_asked.wait())
                await asyncio.wait((ending, asked), return_when=asyncio.FIRST_COMPLETED)
                asked.cancel()
                if self._is_asked.is_set() and not ending.done():
                    self._is_asked.clear()
                    self._service_manager.reloading()
                    await self._decide_again()
                    self._service_manager.ready(self._status_line())
        finally:
            ending.cancel()

    async def _decide_again(self) -> None:
        """Go on as the configuration says now; what is wrong with it is told, and changes nothing.

        Somebody who has come for a radio changes who has it, and nothing else: the file is not read for that.
        """
        is_hung_up, self._is_hung_up = self._is_hung_up, False
        comers, self._comers = self._comers, {}
        try:
            if is_hung_up and self._reread is not None:
                await self._go_on(self._reread(), self._who_has)
                if not self._stopping.is_set():
                    self.reporting.report(e.ConfigurationReloaded())
            else:
                await self._go_on(self._undecided, lambda path: comers.get(path) or self._who_had(path))
        except AgentError as error:
            logger.error("the configuration was read again and is not taken: %s", error)
            self.reporting.report(e.ReloadRefused(str(error)))
        except Exception:  # the outermost loop: what runs goes on
            logger.exception("the configuration was read again")
        if self.mqtt is not None and not self._is_mqtt_started:
            self.mqtt.publish_state(self.reporting.state())
            self._start_broker()

    async def _go_on(self, wanted: Configuration | None, ask: Probe) -> None:
        """Be as this configuration says; None: end.  Raises AgentError, and then nothing has changed."""
        if wanted is None:
            self.terminate()
            return
        undecided_now, before = equipped(wanted), self.configuration
        after, choices = choose(undecided_now, ask)
        self._reload.check(before, after)
        for warning in after.warnings:
            logger.warning("%s", warning)
        if self._reload.needs_new_daemon(before, after):
            self._following = undecided_now
            self.terminate()
            return
        await self._reload.apply(before, after)
        if choices != self._choices:
            log_choices(choices)
        self._undecided, self.configuration, self._choices = undecided_now, after, choices
        self._look_for_owners()

    # ---- who comes for a radio

    def _look_for_owners(self) -> None:
        """Of the interfaces that "auto" has made ours; our own sockets may be where theirs would be."""
        ours = {one.interface for one in self.configuration.ours}
        sockets = own_sockets(self.configuration)
        paths = undecided(self._undecided)
        self._watch.follow(path for name, path in paths.items() if name in ours and path.resolve() not in sockets)

    def _somebody_came(self, comers: Comers) -> None:
        self._comers = comers
        self._is_asked.set()

    def _who_has(self, path: Path) -> str | None:
        return None if path.resolve() in own_sockets(self.configuration) else probe(path)

    def _who_had(self, path: Path) -> str | None:
        """As it was decided the last time."""
        return ANSWERS if path.name in {one.interface for one in self.configuration.attached} else None

    # ---- the button

    def button_pressed(self, gesture: str, action: ButtonAction, settings: ButtonSettings) -> None:
        """A person pressed a button: do what it means, and say on the LED when it cannot be done."""
        with self.reporting.deeds_first():
            self._obey(gesture, action, settings)

    def _obey(self, gesture: str, action: ButtonAction, settings: ButtonSettings) -> None:
        self.reporting.report(e.ButtonPressed(gesture, button_name(settings), settings.groups))
        has_networks = bool(self.configuration.access_points) or bool(self._attachments.groups(None))
        if action is ButtonAction.STATION_PBC or (action is ButtonAction.PBC and not has_networks):
            self._press_station_button()
        elif action is ButtonAction.CANCEL:
            self._stations.cancel()
            self._attachments.cancel_stations()
        if has_networks and action is ButtonAction.PBC:
            self._groups.press_groups(settings.groups)
        elif has_networks and action is ButtonAction.CANCEL:
            self._groups.cancel_groups(settings.groups)

    def _press_station_button(self) -> None:
        """The station's button is the first station's, whoever has its radio."""
        if self._attachments.first_station is None:
            self._stations.press_button()
        else:
            self._attachments.press_station_button()

    # ---- control.Agent

    def press_button(self, target: str | None) -> None:
        self._groups.press_button(target)

    def cancel(self, target: str | None) -> None:
        self._groups.cancel(target)

    def add_pin(
        self, pin: bytes, *, uuid_e: bytes | None, timeout: float, address: MacAddress | None, target: str | None
    ) -> None:
        self._groups.add_pin(pin, uuid_e=uuid_e, timeout=timeout, address=address, target=target)

    def wps_status(self, target: str | None) -> WpsStatus:
        return self._groups.wps_status(target)

    def access_points(self) -> Sequence[AccessPointStatus]:
        return [network.status for network in self.access_point_doors()]

    def access_point_doors(self) -> Sequence[AccessPoint]:
        """Not those that stations have become: they are spoken to as stations."""
        return [network for network in self.networks.networks if not network.settings.is_temporary]

    def pending_pins(self, target: str | None) -> Sequence[EnrolleeInformation]:
        return self._groups.pending_pins(target)

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
        return self.reporting.state() | {
            "pending_pins": self._pending_pins(),
            "backends": self._backends(),
            "mqtt": mqtt,
            "pid": os.getpid(),
        }

    def _pin_requests(self) -> Sequence[PendingPin]:
        return self._groups.pin_requests()

    def _pending_pins(self) -> list[dict[str, str]]:
        return [
            {
                "uuid": format_uuid(pending.enrollee.uuid_e),
                "station": str(pending.enrollee.address),
                "device_name": pending.enrollee.device_name,
            }
            for pending in self._pin_requests()
        ]

    def _backends(self) -> list[dict[str, str]]:
        """Who has the radio of each interface, and why."""
        return [
            {"interface": choice.interface, "backend": choice.backend.value, "reason": choice.reason}
            for choice in self._choices
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
        attached = self._attachments.interfaces
        if attached:
            parts.append(f"{sum(one.is_attached for one in attached)} of {len(attached)} interfaces attached")
        return ", ".join(parts)

    def _watchdog(self) -> None:
        """Tell the service manager that the loop turns, twice in the time it allows."""
        interval = self._service_manager.watchdog_interval
        if interval is not None and not self._stopping.is_set():
            self._service_manager.watchdog(self._status_line())
            asyncio.get_running_loop().call_later(interval, self._watchdog)
