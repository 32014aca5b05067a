# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board: the real agent, with a radio, a button, an LED and a phone in memory, and a real broker.

On a terminal Enter presses the button and a phone joins each time; otherwise the button is pressed once, and the exit
code tells whether the phone got onto the network: 0 if it did, 1 if not.
"""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import termios
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, ButtonSettings, Configuration, MqttSettings
from wpsagent.daemon.board import bind_button
from wpsagent.daemon.daemon import Daemon
from wpsagent.daemon.timeline import Timeline, agent_line
from wpsagent.errors import AgentError
from wpsagent.io.broker import ChildBroker
from wpsagent.io.mqtt import probe
from wpsagent.io.mqtt_watcher import MqttWatcher
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.roles.simulated_phone import SimulatedPhone
from wpsagent.status import events as e
from wpsagent.status.texts import cleaned
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern
from wpsagent_board.simulated import SimulatedButton, SimulatedIndicator

LONGEST_RUN = 150.0
"""Seconds after which a run without a terminal gives up."""

PHONE_DELAY = 0.5
"""Seconds a person needs from the one button to the other."""

CONFIGURATION = """
[agent]
node = "simulated"
control_socket = "{folder}/control"

[[access_point]]
interface = "sim0"
ssid = "wps-agent demo"
passphrase = "{passphrase}"
channel = 6

[[button]]
backend = "simulated"
long_press = "none"

[mqtt]
host = "127.0.0.1"
port = {port}
"""


def simulate(mqtt: MqttSettings | None) -> int:
    """Run it; mqtt is the configured broker, used if it can be reached.  The exit code."""
    with tempfile.TemporaryDirectory(prefix="wps-agent-") as folder:
        return asyncio.run(_simulate(Path(folder), mqtt))


async def _simulate(folder: Path, mqtt: MqttSettings | None) -> int:
    timeline = Timeline()
    async with AsyncExitStack() as stack:
        stack.callback(timeline.close)
        configuration = await _configuration(folder, mqtt, stack, timeline)
        simulation = Simulation(configuration, timeline)
        await simulation.start(stack)
        return await simulation.run()


async def _configuration(
    folder: Path, mqtt: MqttSettings | None, stack: AsyncExitStack, timeline: Timeline
) -> Configuration:
    """The simulated board's; with the user's broker where that can be reached, otherwise one of our own."""
    port = 1883
    if mqtt is not None and (problem := await probe(mqtt)) is not None:
        timeline.say("broker", f"{mqtt.host}:{mqtt.port} cannot be used ({problem}); starting one")
        mqtt = None
    if mqtt is None:
        broker = await stack.enter_async_context(ChildBroker(folder))
        port = broker.port
        timeline.say("broker", f"mosquitto listens on 127.0.0.1:{port}")
    passphrase = secrets.token_urlsafe(12)
    configuration = parse(CONFIGURATION.format(folder=folder, passphrase=passphrase, port=port))
    return configuration if mqtt is None else replace(configuration, mqtt=mqtt)


class Simulation:
    """The agent on a board in memory, and whoever presses its button."""

    def __init__(self, configuration: Configuration, timeline: Timeline) -> None:
        loop = asyncio.get_running_loop()
        self._timeline = timeline
        self._air = Air()
        self._button = SimulatedButton(loop)
        self._led = SimulatedIndicator(loop, lambda _at, is_lit: timeline.led(is_lit))
        self._button_settings: ButtonSettings = configuration.buttons[0]
        self._daemon = Daemon(replace(configuration, buttons=()), self._open_radio)
        self._daemon.reporting.observers.append(self._agent_event)
        self._daemon.reporting.pattern_listeners.append(self._pattern)
        self._daemon.leds.add(self._led, DEFAULT_PATTERNS)
        self._phones: list[asyncio.Task[bool]] = []
        self._watcher: MqttWatcher | None = None
        self._has_left = asyncio.Event()
        self._mqtt = configuration.mqtt

    async def start(self, stack: AsyncExitStack) -> None:
        """Bring the agent up, and the watcher of its messages."""
        assert self._mqtt is not None
        self._watcher = MqttWatcher(self._mqtt, self._message)
        await self._watcher.start()
        stack.push_async_callback(self._watcher.close)
        agent = asyncio.create_task(self._daemon.run(), name="agent")
        stack.push_async_callback(self._stop, agent)
        started = asyncio.create_task(self._daemon.started.wait())
        await asyncio.wait((agent, started), return_when=asyncio.FIRST_COMPLETED)
        if agent.done():
            started.cancel()
            agent.result()  # raises what kept it from starting
        button = bind_button(self._button, self._button_settings, self._daemon.button_pressed)
        stack.callback(button.close)
        agent.add_done_callback(lambda _: self._has_left.set())

    async def run(self) -> int:
        """Press once, or whenever Enter is pressed; the exit code."""
        if self._timeline.is_live and sys.stdin.isatty():
            await self._interact()
        else:
            self._press()
            await asyncio.wait(self._phones, timeout=LONGEST_RUN)
        joined = [phone for phone in self._phones if phone.done() and not phone.cancelled() and phone.result()]
        for phone in self._phones:
            phone.cancel()
        await asyncio.gather(*self._phones, return_exceptions=True)
        self._timeline.blank()
        self._timeline.say("result", f"{len(joined)} of {len(self._phones)} phones got onto the network")
        return 0 if joined else 1

    # ---- the person

    def _press(self) -> None:
        """Press the board's button, and half a second later a phone's."""
        self._button.press_for(0.1)
        number = len(self._phones) + 1
        self._phones.append(asyncio.create_task(self._phone(number), name=f"phone {number}"))

    async def _phone(self, number: int) -> bool:
        await asyncio.sleep(PHONE_DELAY)
        name = "phone" if number == 1 else f"phone {number}"

        def progress(text: str) -> None:
            self._timeline.say(name, text)

        address = MacAddress(b"\x02\x00\x5e\x00\x53" + bytes([number & 0xFF]))
        phone = SimulatedPhone(self._air, address, os.urandom, progress, f"Simulated {name}")
        progress("its WPS button is pressed")
        try:
            await phone.join_by_push_button()
            seconds = await phone.ping()
        except AgentError as error:
            progress(f"gives up: {error}")
            phone.leave()
            return False
        progress(f"is on the network: 3 pings answered, {seconds * 1000:.1f} ms each")
        await asyncio.sleep(0.3)  # what the agent says of it is on its way
        return True

    async def _interact(self) -> None:
        """Keys from the terminal until q, Ctrl-C or the end of input."""
        self._timeline.say("you", "press Enter to press the button of the board")
        loop = asyncio.get_running_loop()
        descriptor = sys.stdin.fileno()
        saved = termios.tcgetattr(descriptor)
        raw = termios.tcgetattr(descriptor)
        raw[3] &= ~(termios.ECHO | termios.ICANON)
        termios.tcsetattr(descriptor, termios.TCSADRAIN, raw)
        loop.add_reader(descriptor, self._key)
        clock = asyncio.create_task(self._count_down())
        try:
            await self._has_left.wait()
        finally:
            clock.cancel()
            loop.remove_reader(descriptor)
            termios.tcsetattr(descriptor, termios.TCSADRAIN, saved)

    def _key(self) -> None:
        for key in os.read(sys.stdin.fileno(), 64) or b"q":
            match bytes([key]):
                case b"\r" | b"\n" | b" ":
                    self._press()
                case b"c":
                    self._daemon.cancel(None)
                case b"q" | b"\x04":
                    self._has_left.set()
                case _:
                    pass

    async def _count_down(self) -> None:
        while True:
            self._timeline.time_left(self._daemon.reporting.state()["seconds_left"])
            await asyncio.sleep(1)

    # ---- what is shown

    def _agent_event(self, event: e.AgentEvent) -> None:
        if (line := agent_line(event)) is not None:
            self._timeline.say("agent", line)

    def _pattern(self, name: str) -> None:
        self._timeline.say("LED", _pattern_words(DEFAULT_PATTERNS[name]))

    def _message(self, topic: str, payload: bytes) -> None:
        width = max(60, shutil.get_terminal_size((160, 24)).columns - 20)
        text = f"{topic} {cleaned(payload.decode(errors='replace'))}"
        self._timeline.say(
            "MQTT", text if len(text) <= width or not self._timeline.is_live else f"{text[: width - 1]}…"
        )

    # ---- the board

    async def _open_radio(self, settings: AccessPointSettings) -> AccessPointRadio:
        address = MacAddress(b"\x02\x00\x5e\x00\x53\x00")
        return SimulatedAccessPointRadio(self._air, settings.interface, address)

    async def _stop(self, agent: asyncio.Task[Any]) -> None:
        self._daemon.terminate()
        await asyncio.gather(agent, return_exceptions=True)


def _pattern_words(pattern: Pattern) -> str:
    if pattern.is_dark:
        return f"off ({pattern.name})"
    if pattern.is_solid:
        return f"on ({pattern.name})"
    steps = ", ".join(f"{on}/{off}" for on, off in dict.fromkeys(pattern.steps))
    return f"blinks {steps} ms ({pattern.name})"
