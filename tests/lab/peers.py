# SPDX-License-Identifier: BSD-3-Clause
"""The agent's peers in the lab: hostapd, wpa_supplicant, mosquitto and the agent itself, as processes of one guest.

Every peer is a context manager that starts at once, waits until it is ready and stops at the end; its log is `log`.
Starting a process costs 50 ms in a guest, so everything here talks to the peers' sockets and files from Python.
Waiting is always for something, with a time limit in the guest's seconds, and a limit passed is an AssertionError that
shows what did happen.
"""

import contextlib
import functools
import itertools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from tests.lab.network import NetNamespace
from tests.unit.mqtt_schemas import wrong_with

Value = TypeVar("Value")

_counter = itertools.count()


def wait_until(
    condition: Callable[[], Value], timeout: float, what: str | Callable[[], str], interval: float = 0.02
) -> Value:
    """Ask until the answer is true, and return it.  what: named in the AssertionError after timeout seconds."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout} s: {what if isinstance(what, str) else what()}")
        pause.wait(interval)
    return answer


class PeerProcess:
    """A process of the guest with a folder of its own; output and log go to one file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        namespace: NetNamespace | None = None,
        **environment: str,
    ) -> None:
        self.folder = folder
        self.log_path = folder / f"{name}.log"
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*(namespace.prefix if namespace else ()), *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **environment},
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- {self.log_path.name} ---\n{self.log}")  # pytest shows it below the failure
        self.stop()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_log(self, text: str, timeout: float = 10.0) -> str:
        """Wait for a line of the log that contains text, and return that line."""

        def find() -> str | None:
            return next((line for line in self.log.splitlines() if text in line), None)

        found = wait_until(find, timeout, lambda: f"no {text!r} in {self.log_path.name}:\n{self.log}")
        assert found is not None
        return found

    def wait_alive(self, condition: Callable[[], bool], timeout: float, what: str) -> None:
        """Wait for a condition; the process must live until then."""

        def check() -> bool:
            assert self.is_running, f"{what}: ended with {self.process.returncode}:\n{self.log}"
            return condition()

        wait_until(check, timeout, lambda: f"{what}:\n{self.log}")

    def kill(self) -> None:
        """End it without a warning, as kill -9 does."""
        self.process.kill()
        self.process.wait()

    def stop(self, timeout: float = 10.0) -> int:
        """Ask it to end, and return its exit status; one that does not end in time is killed."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout)
        self.kill()
        return self.process.returncode


def new_folder(name: str) -> Path:
    """A folder for one peer, in memory, gone with the guest."""
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir="/run"))


@dataclass(frozen=True, slots=True)
class Event:
    """One unsolicited message of a control interface, without its priority, and when it was read (monotonic).

    interface: whose it is, where one socket speaks for several interfaces.
    """

    text: str
    time: float
    interface: str | None = None


_EVENT = re.compile(r"(?:IFNAME=(\S+) )?(?:<\d>)?(.*)", re.DOTALL)


class ControlInterface:
    """A client of the control interface of hostapd or wpa_supplicant (or of whoever speaks like them).

    Requests and events use two sockets, so that an answer is never taken for an event.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._requests = self._connect()
        self._monitor = self._connect()
        self.events: list[Event] = []
        self._next = 0
        self._monitor.send(b"ATTACH")
        assert self._monitor.recv(64) == b"OK\n"

    def _connect(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        client.bind(f"/run/control-{os.getpid()}-{next(_counter)}")
        client.connect(str(self._path))
        client.settimeout(10)
        return client

    def request(self, command: str) -> str:
        """Send a command; its answer without the last newline."""
        return self.raw_request(command).rstrip("\n")

    def raw_request(self, command: str) -> str:
        """Send a command; its answer as it comes."""
        self._requests.send(command.encode())
        return self._requests.recv(65536).decode()

    def expect_ok(self, command: str) -> None:
        """Send a command that is to be answered with OK."""
        answer = self.request(command)
        assert answer == "OK", f"{command}: {answer}"

    def values(self, command: str) -> dict[str, str]:
        """Send a command that is answered in lines name=value."""
        return dict(line.split("=", 1) for line in self.request(command).splitlines() if "=" in line)

    def read_events(self, timeout: float = 0.0) -> None:
        """Take over what has arrived into `events`, waiting for the first at most timeout seconds."""
        while select.select([self._monitor], [], [], timeout)[0]:
            found = _EVENT.fullmatch(self._monitor.recv(8192).decode(errors="replace").rstrip("\n"))
            assert found is not None
            self.events.append(Event(found[2], time.monotonic(), found[1]))
            timeout = 0.0

    def wait_event(self, prefix: str, timeout: float = 10.0) -> Event:
        """The next event that begins with prefix, after the one returned last; those between stay in `events`."""
        deadline = time.monotonic() + timeout
        while True:
            for index in range(self._next, len(self.events)):
                if self.events[index].text.startswith(prefix):
                    self._next = index + 1
                    return self.events[index]
            remaining = deadline - time.monotonic()
            assert remaining > 0, f"no {prefix} within {timeout} s; events: {[event.text for event in self.events]}"
            self.read_events(remaining)

    def has_event(self, prefix: str) -> bool:
        """Whether an event that begins with prefix has arrived so far."""
        self.read_events()
        return any(event.text.startswith(prefix) for event in self.events)

    def watch(self, duration: float) -> list[Event]:
        """Whatever happens within duration seconds from now; it is in `events` as well."""
        self.read_events()
        deadline, before = time.monotonic() + duration, len(self.events)
        while (remaining := deadline - time.monotonic()) > 0:
            self.read_events(remaining)
        return self.events[before:]

    def forget_events(self) -> None:
        """Whatever has happened so far is no longer in `events`, and nobody waits for it."""
        self.read_events()
        self.events.clear()
        self._next = 0

    def close(self) -> None:
        for client in (self._requests, self._monitor):
            Path(client.getsockname()).unlink(missing_ok=True)
            client.close()


class _ControlledProcess(PeerProcess):
    """A process with a control interface named `control`."""

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, interface: str, namespace: NetNamespace | None
    ) -> None:
        super().__init__(name, command, folder, namespace=namespace)
        self.interface = interface
        path = folder / "control" / interface
        self.wait_alive(path.is_socket, 20.0, f"{name} has no control interface")
        self.control = ControlInterface(path)

    def stop(self, timeout: float = 10.0) -> int:
        self.control.close()
        return super().stop(timeout)


class WpaSupplicant(_ControlledProcess):
    """Debian's wpa_supplicant on one interface; config: further lines of its configuration file."""

    def __init__(
        self, interface: str, *, config: str = "", namespace: NetNamespace | None = None, arguments: Sequence[str] = ()
    ) -> None:
        """Start it.  namespace: where the interface is.  arguments: for example ("-dd",); the log has time stamps."""
        folder = new_folder(f"wpa_supplicant-{interface}")
        self.config_path = folder / "wpa_supplicant.conf"
        self.config_path.write_text(f"ctrl_interface={folder}/control\nupdate_config=1\n{config}\n")
        command = ["wpa_supplicant", "-t", "-D", "nl80211", "-i", interface, "-c", str(self.config_path), *arguments]
        super().__init__("wpa_supplicant", command, folder, interface, namespace)

    def press_button(self, bssid: str = "any") -> None:
        """wps_pbc: look for an access point whose button has been pressed."""
        self.control.expect_ok("WPS_PBC" if bssid == "any" else f"WPS_PBC {bssid}")

    def status(self) -> dict[str, str]:
        return self.control.values("STATUS")

    @property
    def is_connected(self) -> bool:
        return self.status().get("wpa_state") == "COMPLETED"

    @property
    def saved_config(self) -> str:
        """Its configuration file, with the networks it has learnt."""
        return self.config_path.read_text()

    def wait_connected(self, timeout: float = 30.0) -> Event:
        return self.control.wait_event("CTRL-EVENT-CONNECTED", timeout)


HOSTAPD_WPS = """
hw_mode=g
channel=1
ieee80211n=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
eap_server=1
wps_state=2
ap_setup_locked=1
device_name=lab AP
config_methods=push_button virtual_push_button
wps_cred_processing=0
"""


class Hostapd(_ControlledProcess):
    """Debian's hostapd on one interface: WPA2-PSK with WPS on channel 1, unless the lines of config say otherwise."""

    def __init__(
        self,
        interface: str,
        *,
        ssid: str = "reference",
        passphrase: str = "a secret passphrase",
        config: str = "",
        namespace: NetNamespace | None = None,
    ) -> None:
        folder = new_folder(f"hostapd-{interface}")
        names = f"interface={interface}\ndriver=nl80211\nctrl_interface={folder}/control\nssid={ssid}\n"
        text = f"{names}wpa_passphrase={passphrase}\n{HOSTAPD_WPS}{config}\n"
        (folder / "hostapd.conf").write_text(text)
        super().__init__("hostapd", ["hostapd", "-t", str(folder / "hostapd.conf")], folder, interface, namespace)
        self.wait_log("AP-ENABLED")

    def press_button(self) -> None:
        self.control.expect_ok("WPS_PBC")


class Mosquitto(PeerProcess):
    """The MQTT broker, for anyone, on one port of the loopback; extra: further lines of its configuration."""

    def __init__(self, port: int = 1883, *, extra: str = "") -> None:
        self.port = port
        folder = new_folder(f"mosquitto-{port}")
        listener = f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\nlog_dest stderr\n"
        (folder / "mosquitto.conf").write_text(f"{listener}{extra}\n")
        super().__init__("mosquitto", ["mosquitto", "-c", str(folder / "mosquitto.conf")], folder)
        self.wait_alive(self._accepts, 10.0, "mosquitto does not listen")

    def _accepts(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0


@dataclass(frozen=True, slots=True)
class MqttMessage:
    topic: str
    payload: str
    is_retained: bool
    qos: int


class MqttRecorder(PeerProcess):
    """mosquitto_sub, subscribed with QoS 1 to a topic filter; `messages` is what it has received so far, in order."""

    def __init__(self, port: int = 1883, topic: str = "#", *, arguments: Sequence[str] = ()) -> None:
        line = ["-F", "message %q %r %x %t", "-q", "1", "-d"]  # -d also makes it say when it is subscribed
        # stdbuf: mosquitto_sub does not flush what -d prints
        command = ["stdbuf", "-oL", "mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-t", topic, *line, *arguments]
        super().__init__("mosquitto_sub", command, new_folder("mosquitto_sub"))
        self.wait_log("Subscribed")

    @property
    def messages(self) -> list[MqttMessage]:
        complete = self.log.rpartition("\n")[0]
        return [_parse_message(line) for line in complete.splitlines() if line.startswith("message ")]

    def payloads(self, topic: str) -> list[str]:
        """The payloads that came on one topic, in order."""
        return [message.payload for message in self.messages if message.topic == topic]

    def complaints(self) -> list[str]:
        """What docs/mqtt has against what was received."""
        return [fault for message in self.messages for fault in wrong_with(message.topic, message.payload)]

    def wait_message(self, topic: str, contains: str = "", timeout: float = 10.0) -> MqttMessage:
        """The first message so far, or to come, on a topic whose payload contains a text."""

        def find() -> MqttMessage | None:
            return next((m for m in self.messages if m.topic == topic and contains in m.payload), None)

        found = wait_until(find, timeout, lambda: f"no {contains!r} on {topic}; received: {self.messages}")
        assert found is not None
        return found


def _parse_message(line: str) -> MqttMessage:
    _, qos, retained, payload, topic = line.split(" ", 4)
    return MqttMessage(topic, bytes.fromhex(payload).decode(), retained == "1", int(qos))


class NotifySocket:
    """The service manager's half of sd_notify: collects what a daemon says of itself."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.received: list[str] = []

    def has(self, line: str) -> bool:
        """Whether a line such as READY=1 has been received."""
        with contextlib.suppress(BlockingIOError):
            while True:
                self.received += self._socket.recv(4096).decode().splitlines()
        return line in self.received

    def close(self) -> None:
        self._socket.close()
        self.path.unlink(missing_ok=True)


DEFAULT_CONTROL_SOCKET = "/run/wps-agent/control"


class Agent(PeerProcess):
    """wps-agent run --config FILE, from the virtual environment that runs the tests."""

    def __init__(
        self,
        config: str,
        *,
        namespace: NetNamespace | None = None,
        arguments: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        is_awaited: bool = True,
    ) -> None:
        """Start it with a TOML text and wait for READY=1, unless is_awaited is false."""
        folder = new_folder("wps-agent")
        self.config_path = folder / "wps-agent.toml"
        self.config_path.write_text(config)
        self.notify = NotifySocket(folder / "notify")
        command = [*self._command(), "run", "--config", str(self.config_path), *arguments]
        variables = {"NOTIFY_SOCKET": str(self.notify.path), "PYTHONUNBUFFERED": "1", **(environment or {})}
        super().__init__("wps-agent", command, folder, namespace=namespace, **variables)
        if is_awaited:
            self.wait_ready()

    @staticmethod
    def _command() -> list[str]:
        return [str(Path(sys.executable).with_name("wps-agent"))]

    def wait_ready(self, timeout: float = 30.0) -> None:
        self.wait_alive(lambda: self.notify.has("READY=1"), timeout, "wps-agent is not ready")

    @functools.cached_property
    def control(self) -> ControlInterface:
        """Its control socket, which takes hostapd's commands; connected when first asked for."""
        settings = tomllib.loads(self.config_path.read_text()).get("agent", {})
        return ControlInterface(Path(settings.get("control_socket", DEFAULT_CONTROL_SOCKET)))

    def command(self, *words: str, timeout: float = 30.0) -> subprocess.CompletedProcess[str]:
        """Run one command of the CLI against this agent, for example command("pbc")."""
        return subprocess.run(
            [*self._command(), *words, "--config", str(self.config_path)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def stop(self, timeout: float = 10.0) -> int:
        if "control" in self.__dict__:
            self.control.close()
            del self.control
        status = super().stop(timeout)
        self.notify.close()
        return status
