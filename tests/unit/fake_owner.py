# SPDX-License-Identifier: BSD-3-Clause
"""hostapd or wpa_supplicant as their control sockets show them, in the test's own loop: replies from a table."""

from pathlib import Path

from wpsagent.io.control_socket import ControlSocket

HOSTAPD = {
    "PING": "PONG\n",
    "STATUS": "state=ENABLED\nphy=phy0\nfreq=2437\nchannel=6\nbss[0]={name}\nssid[0]=theirs\n",
    "WPS_GET_STATUS": "PBC Status: Disabled\nLast WPS result: None\n",
    "STA-FIRST": "",
    "WPS_PBC": "OK\n",
    "WPS_CANCEL": "OK\n",
    "WPS_PIN": "OK\n",
}
SUPPLICANT = {
    "PING": "PONG\n",
    "STATUS": "wpa_state=DISCONNECTED\n",
    "LIST_NETWORKS": "network id / ssid / bssid / flags\n",
    "WPS_PBC": "OK\n",
    "WPS_CANCEL": "OK\n",
}


class FakeOwner:
    """replies: by the first word of a request; None: no answer.  events: what a command causes, before its reply."""

    def __init__(self, folder: Path, interface: str, replies: dict[str, str]) -> None:
        self.replies: dict[str, str | None] = {
            name: reply.replace("{name}", interface) for name, reply in replies.items()
        }
        self.events: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self._socket = ControlSocket(folder / interface, self._answer)
        self._socket.open()

    def _answer(self, request: str) -> str | None:
        self.requests.append(request)
        name = request.partition(" ")[0]
        for text in self.events.get(name, ()):
            self.tell(text)
        return self.replies.get(name, "UNKNOWN COMMAND\n")

    def tell(self, text: str) -> None:
        self._socket.send_event(text)

    def close(self) -> None:
        self._socket.close()

    def forget(self) -> None:
        """What has been asked so far."""
        self.requests.clear()
