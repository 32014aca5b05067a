# SPDX-License-Identifier: BSD-3-Clause
"""The agent's side of the MQTT broker: reports, commands where they are allowed, Home Assistant where it is wanted.

What a configuration does not ask for is not loaded.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, nullcontext
from functools import partial
from typing import TYPE_CHECKING

from wpsagent import __version__
from wpsagent.config.model import Configuration, MqttSettings
from wpsagent.control.agent import Agent
from wpsagent.io.lean_import import without
from wpsagent.ports import Entropy
from wpsagent.status.events import AgentEvent

if TYPE_CHECKING:
    from wpsagent.daemon.mqtt_commands import OthersInterfaces
    from wpsagent.io.mqtt import MqttReporter
    from wpsagent.status.home_assistant import Announced


def open_reporter(
    configuration: Configuration,
    settings: MqttSettings,
    agent: Agent,
    entropy: Entropy,
    *,
    others: "OthersInterfaces | None",
    report: Callable[[AgentEvent], None],
    on_change: Callable[[bool, str], None],
    stack: AsyncExitStack,
) -> "MqttReporter":
    """The reporter with all it is to hear and to announce; the caller starts it, the stack closes it."""
    with without("ssl") if settings.tls is None else nullcontext():
        from wpsagent.io.mqtt import MqttReporter
    reporter = MqttReporter(settings, entropy, on_change)
    stack.push_async_callback(reporter.close)
    _listen(settings, reporter, agent, others, report)
    _announce(configuration, settings, reporter, entropy, stack)
    return reporter


def _listen(
    settings: MqttSettings,
    reporter: "MqttReporter",
    agent: Agent,
    others: "OthersInterfaces | None",
    report: Callable[[AgentEvent], None],
) -> None:
    if not settings.commands:
        return
    from wpsagent.daemon.mqtt_commands import MqttCommands

    loop = asyncio.get_running_loop()
    commands = MqttCommands(agent, reporter.publish_response, report, now=loop.time, wall=time.time, others=others)
    for command in settings.commands:
        topic = f"{settings.base_topic}/{settings.node}/cmd/{command}"
        reporter.subscribe(topic, partial(commands.received, command))


def _announce(
    configuration: Configuration,
    settings: MqttSettings,
    reporter: "MqttReporter",
    entropy: Entropy,
    stack: AsyncExitStack,
) -> None:
    """Also where nobody wants it: an announcement that was made may have to be taken back."""
    from wpsagent.daemon.home_assistant import HomeAssistant

    device = _announced(configuration, settings) if settings.home_assistant else None
    folder = configuration.agent.state_directory
    announcement = HomeAssistant(reporter, entropy, folder, settings.discovery_prefix, device)
    stack.callback(announcement.close)
    announcement.start()


def roles_of(configuration: Configuration) -> tuple[bool, bool]:
    """Whether there are access points, and stations, whoever has them."""
    attached = [one.is_access_point for one in configuration.attached]
    return bool(configuration.access_points) or any(attached), bool(configuration.stations) or not all(attached)


def _announced(configuration: Configuration, settings: MqttSettings) -> "Announced":
    from wpsagent.status.home_assistant import Announced

    manufacturer, model = maker_and_model(configuration)
    has_access_points, has_stations = roles_of(configuration)
    return Announced(
        topic=f"{settings.base_topic}/{settings.node}",
        node=settings.node,
        version=__version__,
        manufacturer=manufacturer,
        model=model,
        qos=settings.qos,
        commands=settings.commands,
        has_access_points=has_access_points,
        has_stations=has_stations,
    )


def maker_and_model(configuration: Configuration) -> tuple[str | None, str | None]:
    """What the configuration says; for a model that it does not say the board's own name, if it has one."""
    from wpsagent.config.table import DEVICE
    from wpsagent.daemon.board_profile import look_at_board

    usual = {key.name: key.default for key in DEVICE.keys}
    maker, model = configuration.device.manufacturer, configuration.device.model_name
    return (
        None if maker == usual["manufacturer"] else maker,
        look_at_board().model if model == usual["model_name"] else model,
    )
