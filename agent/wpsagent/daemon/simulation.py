# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board: the real agent, with a radio, a button, an LED and a phone in memory, and a real broker.

On a terminal Enter presses the button and a phone joins each time; otherwise the button is pressed once, and the exit
code tells whether the phone got onto the network: 0 if it did, 1 if not.
"""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import termios
from contextlib import AsyncExitStack, ExitStack, suppress
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, ButtonSettings, Configuration, MqttSettings
from wpsagent.daemon.board import bind_button
from wpsagent.daemon.daemon import Daemon
from wpsagent.daemon.timeline import KEYS, Timeline, agent_line, pattern_words
from wpsagent.errors import AgentError
from wpsagent.io.broker import ChildBroker
from wpsagent.io.mqtt import probe
from wpsagent.io.mqtt_watcher import MqttWatcher
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.roles.simulated_phone import SimulatedPhone
from wpsagent.status import events as e
from wpsagent_board.pattern import DEFAULT_PATTERNS
from wpsagent_board.simulated import SimulatedButton, SimulatedIndicator

LONGEST_RUN = 150.0
"""Seconds after which a run without a terminal gives up."""

PHONE_DELAY = 0.5
"""Seconds a person needs from the one button to the other."""

LAST_WORD_TIME = 1.0
"""Seconds that the broker has to deliver what the agent has said last."""

COUNT_DOWN_STEP = 0.25
"""Seconds between two looks at the clock: the time left is drawn at most so late."""

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
        await simulation.run()
    timeline.blank()
    timeline.say("result", simulation.result)
    return simulation.exit_code


async def _configuration(
    folder: Path, mqtt: MqttSettings | None, stack: AsyncExitStack, timeline: Timeline
) -> Configuration:
    """The simulated board's; with the user's broker where that can be reached, otherwise one of our own."""
    port = 1883
    if mqtt is not None and (problem := await probe(mqtt)) is not None:
        timeline.say("broker", f"{problem}; starting one of our own instead")
        mqtt = None
    if mqtt is None:
        broker = await stack.enter_async_context(ChildBroker(folder))
        port = broker.port
        timeline.say("broker", f"mosquitto listens on 127.0.0.1:{port}")
        if timeline.is_live:
            timeline.say("broker", f"for whole messages: mosquitto_sub -p {port} -v -t '#'")
    else:
        timeline.say("broker", f"{mqtt.host}:{mqtt.port}, topic {mqtt.base_topic}/{mqtt.node}")
    passphrase = secrets.token_urlsafe(12)
    configuration = parse(CONFIGURATION.format(folder=folder, passphrase=passphrase, port=port))
    # A board that is gone in a minute is nothing for Home Assistant.
    return configuration if mqtt is None else replace(configuration, mqtt=replace(mqtt, home_assistant=False))


class Outcome(Enum):
    """What became of a phone.  LEFT: it was still trying when the person left or cancelled."""

    NOT_PRESSED = "not pressed"
    FAILED = "failed"
    LEFT = "left"
    JOINED = "joined"


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
        self._phones: list[asyncio.Task[None]] = []
        self._is_interactive = timeline.is_live and sys.stdin.isatty()
        self._outcomes: list[Outcome] = []
        self._has_explained_overlap = False
        self._is_offline = asyncio.Event()
        self._has_left = asyncio.Event()
        self._mqtt = configuration.mqtt

    async def start(self, stack: AsyncExitStack) -> None:
        """Bring the agent up, and the watcher of its messages."""
        assert self._mqtt is not None
        watcher = MqttWatcher(self._mqtt, self._message)
        await watcher.start()
        stack.push_async_callback(watcher.close)
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

    async def run(self) -> None:
        """Press once, or whenever Enter is pressed; returns when there is no more to see."""
        if self._is_interactive:
            await self._interact()
        else:
            self._timeline.say("you", "no keyboard here: the button is pressed once, by itself")
            self._press()
            await self._wait_for_phone()
        await self._end_phones()

    @property
    def result(self) -> str:
        """What came of it, in words."""
        outcomes = self._outcomes
        joined, tried = outcomes.count(Outcome.JOINED), len(outcomes) - outcomes.count(Outcome.NOT_PRESSED)
        if tried == 0:
            return "no phone asked to be let in"
        if tried == 1:
            return "the phone got onto the network" if joined else "the phone did not get onto the network"
        return f"{joined} of {tried} phones got onto the network"

    @property
    def exit_code(self) -> int:
        """0 if a phone joined; on a terminal also if none failed: leaving is no failure."""
        if Outcome.JOINED in self._outcomes:
            return 0
        return 0 if self._is_interactive and Outcome.FAILED not in self._outcomes else 1

    async def _wait_for_phone(self) -> None:
        """Until the one phone has joined or given up, the agent has left (a signal), or it takes too long."""
        left = asyncio.create_task(self._has_left.wait())
        await asyncio.wait((*self._phones, left), timeout=LONGEST_RUN, return_when=asyncio.FIRST_COMPLETED)
        left.cancel()

    async def _end_phones(self) -> None:
        for phone in self._phones:
            phone.cancel()
        await asyncio.gather(*self._phones, return_exceptions=True)

    # ---- the person

    def _press(self) -> None:
        """Press the board's button, and half a second later a phone's; two keys at once are one press, two phones."""
        self._button.press_for(0.1)
        self._outcomes.append(Outcome.LEFT)
        number = len(self._outcomes)
        self._phones.append(asyncio.create_task(self._phone(number), name=f"phone {number}"))

    async def _phone(self, number: int) -> None:
        await asyncio.sleep(PHONE_DELAY)
        name = "phone" if number == 1 else f"phone {number}"

        def progress(text: str) -> None:
            self._timeline.say(name, text)

        if self._daemon.reporting.state()["state"] != "active":
            progress("is not pressed: the network is not open")
            self._outcomes[number - 1] = Outcome.NOT_PRESSED
            return
        address = MacAddress(b"\x02\x00\x5e\x00\x53" + bytes([number & 0xFF]))
        phone = SimulatedPhone(self._air, address, os.urandom, progress, f"Simulated {name}")
        progress("its WPS button is pressed")
        try:
            await phone.join_by_push_button()
            seconds = await phone.ping()
        except AgentError as error:
            progress(f"gives up: {error}")
            phone.leave()
            self._outcomes[number - 1] = Outcome.FAILED
            return
        except asyncio.CancelledError:
            phone.leave()
            raise
        progress(f"is on the network: 3 pings answered, {seconds * 1000:.1f} ms each")
        self._outcomes[number - 1] = Outcome.JOINED
        await asyncio.sleep(0.3)  # what the agent says of it is on its way
        self._hint("the phone is in; Enter lets another one in, q ends")

    def _cancel(self) -> None:
        """Take the press back, on the board and on the phones that have not joined yet."""
        self._daemon.cancel(None)
        for phone in self._phones:
            phone.cancel()

    async def _interact(self) -> None:
        """Keys from the terminal until q, Ctrl-C or the end of input."""
        self._timeline.keys = KEYS
        loop = asyncio.get_running_loop()
        descriptor = sys.stdin.fileno()
        saved = termios.tcgetattr(descriptor)
        with ExitStack() as stack:
            stack.callback(_set_terminal, descriptor, saved)
            for number, handler in ((signal.SIGCONT, self._take_terminal), (signal.SIGWINCH, self._timeline.redraw)):
                loop.add_signal_handler(number, handler)
                stack.callback(loop.remove_signal_handler, number)
            self._take_terminal()
            loop.add_reader(descriptor, self._key)
            stack.callback(loop.remove_reader, descriptor)
            self._hint("press Enter: the board's button, and soon after it a phone's")
            clock = asyncio.create_task(self._count_down())
            stack.callback(clock.cancel)
            await self._has_left.wait()
        self._timeline.keys = ""

    def _take_terminal(self) -> None:
        """Every key at once, and not shown; again after a stop (Ctrl-Z), when the shell has had the terminal."""
        attributes = _terminal(sys.stdin.fileno())
        if attributes is not None:
            attributes[3] &= ~(termios.ECHO | termios.ICANON)
            _set_terminal(sys.stdin.fileno(), attributes)
        self._timeline.redraw()

    def _key(self) -> None:
        for key in _read_keys(sys.stdin.fileno()):
            match bytes([key]):
                case b"\r" | b"\n" | b" ":
                    self._press()
                case b"c":
                    self._cancel()
                case b"q" | b"\x04":
                    self._has_left.set()
                case _:
                    pass

    async def _count_down(self) -> None:
        while True:
            self._timeline.time_left(self._daemon.reporting.state()["seconds_left"])
            await asyncio.sleep(COUNT_DOWN_STEP)

    def _hint(self, text: str) -> None:
        """What to do next, for who can press keys."""
        if self._timeline.keys:
            self._timeline.say("you", text)

    # ---- what is shown

    def _agent_event(self, event: e.AgentEvent) -> None:
        if (line := agent_line(event)) is not None:
            self._timeline.say("agent", line)
        if isinstance(event, e.OverlapDetected) and not self._has_explained_overlap:
            self._has_explained_overlap = True
            self._hint("one phone at a time: wait two minutes, until both buttons are forgotten, then press again")
        elif isinstance(event, e.BrokerLost):
            self._hint("the agent goes on without a broker and tries again by itself")

    def _message(self, topic: str, payload: bytes) -> None:
        self._timeline.message(topic, payload)
        if topic.endswith("/availability") and payload == b"offline":
            self._is_offline.set()

    def _pattern(self, name: str) -> None:
        self._timeline.say("LED", pattern_words(DEFAULT_PATTERNS[name]))

    # ---- the board

    async def _open_radio(self, settings: AccessPointSettings) -> AccessPointRadio:
        address = MacAddress(b"\x02\x00\x5e\x00\x53\x00")
        return SimulatedAccessPointRadio(self._air, settings.interface, address)

    async def _stop(self, agent: asyncio.Task[Any]) -> None:
        """End the agent, and wait for its last word to have come round by the broker."""
        self._daemon.terminate()
        is_heard = self._daemon.mqtt is not None and self._daemon.mqtt.is_connected
        await asyncio.gather(agent, return_exceptions=True)
        if is_heard:
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORD_TIME):
                    await self._is_offline.wait()


def _terminal(descriptor: int) -> list[Any] | None:
    """A terminal's attributes; None when it has gone."""
    try:
        return termios.tcgetattr(descriptor)
    except termios.error:
        return None


def _set_terminal(descriptor: int, attributes: list[Any]) -> None:
    with suppress(termios.error):  # gone, or not ours while we are in the background
        termios.tcsetattr(descriptor, termios.TCSADRAIN, attributes)


def _read_keys(descriptor: int) -> bytes:
    """What was typed; q at the end of input, and when the terminal has gone."""
    try:
        return os.read(descriptor, 64) or b"q"
    except OSError:
        return b"q"
