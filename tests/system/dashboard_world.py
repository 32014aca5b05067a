# SPDX-License-Identifier: BSD-3-Clause
"""What the dashboard's tests need around a browser: mosquitto with WebSockets, boards that are only said to exist."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wpsagent.cli.dashboard import Server, pages
from wpsagent.io.mqtt_connection import new_paho_client

WITHIN = 20.0
BASE = "wps-agent"
MQTT_3_1_1 = 4


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


class Broker:
    """mosquitto: MQTT on one port, WebSockets on another; can be ended and started again in the same places."""

    def __init__(self, folder: Path, *lines: str) -> None:
        folder.mkdir()
        self.port, self.web_port = free_port(), free_port()
        self._file = folder / "mosquitto.conf"
        self._lines = lines or ("allow_anonymous true",)
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def url(self) -> str:
        has_tls = any(line.startswith("certfile") for line in self._lines)
        return f"{'wss' if has_tls else 'ws'}://127.0.0.1:{self.web_port}"

    def start(self) -> None:
        user = ("user root",) if os.geteuid() == 0 else ()
        lines = (
            f"listener {self.port} 127.0.0.1",
            f"listener {self.web_port} 127.0.0.1",
            "protocol websockets",
            "persistence false",
            *user,
            *self._lines,
        )
        self._file.write_text("".join(f"{line}\n" for line in lines))
        self._process = subprocess.Popen(["mosquitto", "-c", str(self._file), "-v"], stderr=subprocess.PIPE)
        assert self._process.stderr is not None
        while b"running" not in (line := self._process.stderr.readline()):
            assert line, "mosquitto does not start"
        self._log = threading.Thread(target=self._process.stderr.read)
        self._log.start()

    def fall_silent(self) -> None:
        """As seen by somebody who has slept: no answer, and no word that the connection is over."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def speak_again(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._log.join()
            self._process.communicate()
            self._process = None


@contextmanager
def served(broker: str | None, base_topic: str = BASE) -> Iterator[str]:
    """The address of a page that suggests a broker."""
    with Server("127.0.0.1", 0, pages(broker, base_topic)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def iso_time(after: float = 0) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + after))


def state(node: str, **changes: Any) -> dict[str, Any]:
    """A board's state as the agent tells it, idle if nothing else is said."""
    return {
        "node": node,
        "version": "0.1.0",
        "agent": "running",
        "state": "idle",
        "method": None,
        "group": None,
        "ends_at": None,
        "seconds_left": None,
        "last_result": None,
        "access_points": [access_point()],
        "stations": [],
        "commands": [],
        "pin_requests": [],
        **changes,
    }


def access_point(**changes: Any) -> dict[str, Any]:
    return {
        "interface": "wlan0",
        "group": "main",
        "ssid": "home",
        "channel": 6,
        "follow": None,
        "state": "enabled",
        "reason": None,
        "setup_locked": False,
        "stations": [],
        **changes,
    }


def opened(seconds: int = 120, method: str = "push_button") -> dict[str, Any]:
    """The part of a state that says that the network is open."""
    return {
        "state": "active",
        "method": method,
        "group": "main",
        "ends_at": iso_time(seconds),
        "seconds_left": seconds,
    }


class Boards:
    """Publishes as boards do, and hears the commands for them: (node, command, values)."""

    def __init__(self, broker: Broker) -> None:
        self.commands: queue.Queue[tuple[str, str, dict[str, Any]]] = queue.Queue()
        self._client = new_paho_client("boards", MQTT_3_1_1)
        subscribed = threading.Event()
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.on_message = self._received
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        self._client.subscribe(f"{BASE}/+/cmd/+", 1)
        assert subscribed.wait(WITHIN)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def _received(self, _client: Any, _userdata: Any, message: Any) -> None:
        _, node, _, command = message.topic.split("/")
        self.commands.put((node, command, json.loads(message.payload)))

    def publish(self, topic: str, payload: bytes | str, *, is_retained: bool) -> None:
        self._client.publish(f"{BASE}/{topic}", payload, qos=1, retain=is_retained).wait_for_publish(WITHIN)

    def online(self, node: str, **changes: Any) -> None:
        self.publish(f"{node}/availability", "online", is_retained=True)
        self.state(node, **changes)

    def state(self, node: str, **changes: Any) -> None:
        self.publish(f"{node}/state", json.dumps(state(node, **changes)), is_retained=True)

    def event(self, node: str, event_type: str, **fields: Any) -> None:
        payload = {"event_type": event_type, "at": iso_time(), **fields}
        self.publish(f"{node}/event", json.dumps(payload), is_retained=False)

    def next_command(self) -> tuple[str, str, dict[str, Any]]:
        return self.commands.get(timeout=WITHIN)

    def reply(self, node: str, values: Mapping[str, Any], error: str | None = None) -> None:
        payload = {"id": values["id"], "command": "pbc", "ok": error is None, "error": error, "at": iso_time()}
        self.publish(f"{node}/response", json.dumps(payload), is_retained=False)


class House:
    """tests.system.dashboard_house in a process: the real agent on a board called hallway."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.dashboard_house", str(folder), str(broker.port)],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            self.expect("ready")
        except BaseException:
            self.close()
            raise

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def expect(self, start: str) -> str:
        """The next line, which begins so; its rest."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline().rstrip("\n")
        assert line.startswith(start), f"expected {start!r}, not {line!r}"
        return line[len(start) :].strip()

    def kill(self) -> None:
        """Without a goodbye."""
        self._process.kill()
        self._process.communicate(timeout=WITHIN)

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.communicate(timeout=WITHIN)
