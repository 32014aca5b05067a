# SPDX-License-Identifier: BSD-3-Clause
"""Debian's NetworkManager in a guest, with a system bus and a wpa_supplicant of its own; its systemd-networkd."""

import subprocess
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from tests.lab.network import NetNamespace, run
from tests.lab.peers import PeerProcess, new_folder, wait_until

BUS_SOCKET = Path("/run/dbus/system_bus_socket")
CONFIG = """
[main]
plugins=keyfile
dhcp=internal
no-auto-default=*
[connectivity]
enabled=false
"""
# Where /sys cannot be written they ask no udev, of which there is none here.
WITHOUT_UDEV = "mount --bind /sys /sys && mount -o remount,bind,ro /sys && exec"


class SystemBus(PeerProcess):
    """D-Bus, with the policies of what is installed."""

    def __init__(self) -> None:
        BUS_SOCKET.parent.mkdir(exist_ok=True)
        BUS_SOCKET.unlink(missing_ok=True)
        super().__init__("dbus-daemon", ["dbus-daemon", "--system", "--nofork", "--nopidfile"], new_folder("dbus"))
        self.wait_alive(BUS_SOCKET.is_socket, 10.0, "there is no system bus")


class NetworkManager(PeerProcess):
    """NetworkManager and its wpa_supplicant, of whom it makes one when it needs it; the system bus must be there."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        folder = new_folder("NetworkManager")
        config = folder / "NetworkManager.conf"
        config.write_text(CONFIG)
        self._stack.enter_context(PeerProcess("wpa_supplicant", ["wpa_supplicant", "-u", "-t"], folder))
        words = f"NetworkManager --no-daemon --config {config}"
        super().__init__("NetworkManager", ["unshare", "-m", "sh", "-c", f"{WITHOUT_UDEV} {words}"], folder)
        self.wait_alive(lambda: "running" in nmcli("-t", "-f", "RUNNING", "general"), 20.0, "NetworkManager")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self._stack.close()


class Networkd(PeerProcess):
    """systemd-networkd, which asks for an address on one interface; the system bus must be there."""

    def __init__(self, interface: str) -> None:
        run_folder, networks = Path("/run/systemd/netif"), Path("/run/systemd/network")
        networks.mkdir(parents=True, exist_ok=True)
        (networks / "25-lab.network").write_text(f"[Match]\nName={interface}\n[Network]\nDHCP=ipv4\n")
        for name in ("links", "leases", "lldp"):
            (run_folder / name).mkdir(parents=True, exist_ok=True)
        run("chown", "-R", "systemd-network:", str(run_folder))
        words = ["unshare", "-m", "sh", "-c", f"{WITHOUT_UDEV} /lib/systemd/systemd-networkd"]
        super().__init__("systemd-networkd", words, new_folder("networkd"))
        self.wait_alive(lambda: "configuring" in self.of(interface), 20.0, f"it does not care for {interface}")

    def of(self, interface: str) -> str:
        """What it says of an interface; nothing while it does not answer."""
        words = ["networkctl", "--no-pager", "--no-legend", "list", interface]
        return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60).stdout


class DhcpServer(PeerProcess):
    """dnsmasq, which gives addresses 10.8.0.50 and up on an interface in a namespace."""

    def __init__(self, interface: str, namespace: NetNamespace) -> None:
        folder = new_folder("dnsmasq")
        words = ["--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", f"--interface={interface}"]
        words += ["--dhcp-range=10.8.0.50,10.8.0.99", f"--dhcp-leasefile={folder}/leases", "--dhcp-authoritative"]
        super().__init__("dnsmasq", ["dnsmasq", "--log-facility=-", "--no-ping", *words], folder, namespace=namespace)
        self.wait_log("started")


def nmcli(*words: str) -> str:
    """What it prints; nothing where it fails."""
    done = subprocess.run(["nmcli", *words], capture_output=True, text=True, check=False, timeout=60)
    return done.stdout if done.returncode == 0 else ""


def device_state(interface: str) -> str:
    """As `nmcli device` shows it: unmanaged, disconnected, connected …"""
    for line in nmcli("-t", "-f", "DEVICE,STATE", "device").splitlines():
        name, _, state = line.partition(":")
        if name == interface:
            return state
    return ""


def wait_device(interface: str, *states: str, timeout: float = 30.0) -> None:
    wait_until(lambda: device_state(interface) in states, timeout, lambda: f"{interface}: {run('nmcli')}", 0.5)


def profiles(ssid: str) -> list[str]:
    """The names of the profiles of wireless networks of that SSID."""
    found = []
    for line in nmcli("-t", "-f", "UUID,TYPE", "connection").splitlines():
        uuid, _, kind = line.partition(":")
        if kind == "802-11-wireless":
            shown = nmcli("-s", "-g", "802-11-wireless.ssid", "connection", "show", uuid).strip()
            if shown == ssid:
                found.append(uuid)
    return found
