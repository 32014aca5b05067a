# SPDX-License-Identifier: BSD-3-Clause
"""Owners of radios: Debian's hostapd and wpa_supplicant with their control sockets where everybody looks for them."""

from collections.abc import Sequence
from pathlib import Path

from tests.lab.peers import HOSTAPD_WPS, ControlInterface, PeerProcess, new_folder

HOSTAPD_SOCKETS, SUPPLICANT_SOCKETS = Path("/run/hostapd"), Path("/run/wpa_supplicant")


class _Owner(PeerProcess):
    """One program on one interface; `control` is a client of its socket, without events."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, socket: Path, ready: str) -> None:
        super().__init__(name, command, folder)
        self.wait_log(ready, 20.0)
        self.wait_alive(socket.is_socket, 5.0, "it has no control socket")
        self.control = ControlInterface(socket)

    def stop(self, timeout: float = 10.0) -> int:
        """Safe to call twice."""
        if self.is_running:
            self.control.close()
        return super().stop(timeout)

    def kill(self) -> None:
        self.control.close()
        super().kill()


class HostapdOwner(_Owner):
    """hostapd -t on one interface: WPA2-PSK with WPS on channel 1, unless the lines of config say otherwise."""

    def __init__(self, interface: str, *, ssid: str = "theirs", config: str = "") -> None:
        folder = new_folder(f"owner-{interface}")
        names = f"interface={interface}\ndriver=nl80211\nctrl_interface={HOSTAPD_SOCKETS}\nssid={ssid}\n"
        text = f"{names}wpa_passphrase=a secret passphrase\n{HOSTAPD_WPS}{config}\n"
        path = folder / "hostapd.conf"
        path.write_text(text)
        super().__init__("hostapd", ["hostapd", "-t", str(path)], folder, HOSTAPD_SOCKETS / interface, "AP-ENABLED")

    @property
    def push_button_status(self) -> str:
        """Disabled, Active, Timed-out or Overlap."""
        return self.control.request("WPS_GET_STATUS").partition("PBC Status: ")[2].partition("\n")[0]


class SupplicantOwner(_Owner):
    """wpa_supplicant -t on one interface, without networks."""

    def __init__(self, interface: str) -> None:
        folder = new_folder(f"owner-{interface}")
        self.config_path = folder / "wpa_supplicant.conf"
        self.config_path.write_text(f"ctrl_interface={SUPPLICANT_SOCKETS}\nupdate_config=1\n")
        command = ["wpa_supplicant", "-t", "-D", "nl80211", "-i", interface, "-c", str(self.config_path)]
        super().__init__(
            "wpa_supplicant", command, folder, SUPPLICANT_SOCKETS / interface, "Successfully initialized wpa_supplicant"
        )
