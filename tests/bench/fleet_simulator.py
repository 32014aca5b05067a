# SPDX-License-Identifier: BSD-3-Clause
"""Many agents that are only said to exist, on one connection: what they publish is what the agent's own board says.

    python -m tests.bench.fleet_simulator PORT COUNT

On standard input "press NUMBER", "end NUMBER", "load PER_SECOND SECONDS", "quit"; on standard output "ready", "pressed
<milliseconds of the epoch>", "loaded <messages>".
"""

import itertools
import json
import sys
import threading
import time
from typing import Any

from wpsagent.io.mqtt_connection import MQTT_3_1_1, new_paho_client
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import Network, SessionEndReason, StatusBoard, Update
from wpsagent.status import events as e

VERSION = "0.1.0"
WINDOW = 120.0
PATIENCE = 60.0


class SimulatedAgent:
    """An agent with two networks and a few devices."""

    def __init__(self, number: int) -> None:
        self.node = f"board-{number:04}"
        self.networks = (
            Network("wlan0", "main", Ssid(b"home"), 6),
            Network("wlan1", "main", Ssid(b"home"), 36),
        )
        self._board = StatusBoard(self.node, VERSION, self.networks, commands=("pbc", "cancel"))
        for network in self.networks:
            self.apply(e.AccessPointStarted(network.interface, network.ssid, network.channel, 2437))
        for device in range(number % 5):
            self.apply(e.StationConnected("wlan0", MacAddress(b"\x02\x00\x5e\x00\x00" + bytes([device]))))
        self.apply(e.AgentStarted())

    def apply(self, event: e.AgentEvent) -> Update:
        return self._board.apply(event, time.monotonic(), time.time())

    @property
    def state(self) -> dict[str, Any]:
        return self._board.state(time.monotonic(), time.time())

    def press(self) -> list[Update]:
        return [
            self.apply(e.ButtonPressed("short", "button", ("main",))),
            self.apply(e.PushButtonStarted("main", time.monotonic() + WINDOW)),
        ]

    def end(self) -> list[Update]:
        """Nobody came."""
        return [self.apply(e.PushButtonEnded("main", SessionEndReason.TIMED_OUT))]


class SimulatedFleet:
    """Publishes for all of them, as io.mqtt does: retained availability and state, events, QoS 1."""

    def __init__(self, port: int, count: int, base: str = "wps-agent") -> None:
        self._base = base
        self.agents = [SimulatedAgent(number) for number in range(count)]
        self._client = new_paho_client("simulated-fleet", MQTT_3_1_1)
        self._client.max_inflight_messages_set(500)
        self._client.max_queued_messages_set(0)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def begin(self) -> None:
        """All are online and have told their state, when this returns."""
        told = []
        for agent in self.agents:
            told.append(self._publish(agent, "availability", b"online", is_retained=True))
            told.append(self._publish(agent, "state", _json(agent.state), is_retained=True))
        for one in told:
            one.wait_for_publish(PATIENCE)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def tell(self, agent: SimulatedAgent, updates: list[Update]) -> int:
        """Publish what an agent has to say; the number of messages."""
        count = 0
        for update in updates:
            if update.state is not None:
                self._publish(agent, "state", _json(update.state), is_retained=True)
                count += 1
            if update.event is not None:
                self._publish(agent, "event", _json(update.event), is_retained=False)
                count += 1
        return count

    def load(self, per_second: float, seconds: float) -> int:
        """So many presses and ends a second, one agent after the other; the number of messages."""
        count, began, idle = 0, time.monotonic(), threading.Event()
        for turn in itertools.count():
            due = began + turn / per_second
            if due > began + seconds:
                return count
            idle.wait(max(0.0, due - time.monotonic()))
            agent = self.agents[turn % len(self.agents)]
            is_open = agent.state["state"] == "active"
            count += self.tell(agent, agent.end() if is_open else agent.press())
        raise AssertionError("the count goes on for ever")

    def _publish(self, agent: SimulatedAgent, name: str, payload: bytes, *, is_retained: bool) -> Any:
        return self._client.publish(f"{self._base}/{agent.node}/{name}", payload, 1, is_retained)


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _say(text: str) -> None:
    print(text, flush=True)


def main(port: str, count: str) -> None:
    fleet = SimulatedFleet(int(port), int(count))
    fleet.begin()
    _say("ready")
    for line in sys.stdin:
        match line.split():
            case ["press", number]:
                agent = fleet.agents[int(number)]
                pressed = time.time() * 1000
                fleet.tell(agent, agent.press())
                _say(f"pressed {pressed:.3f}")
            case ["end", number]:
                agent = fleet.agents[int(number)]
                fleet.tell(agent, agent.end())
            case ["load", per_second, seconds]:
                _say(f"loaded {fleet.load(float(per_second), float(seconds))}")
            case _:
                break
    fleet.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
