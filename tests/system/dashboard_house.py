# SPDX-License-Identifier: BSD-3-Clause
"""A board with the real agent, and phones, in a simulated air, for a browser in another process.

    python -m tests.system.dashboard_house FOLDER PORT

PORT is the broker's.  Lines on standard input: "press", the board's button; "phone NAME [PIN]", a phone that wants to
join by its button or its PIN; "quit".  On standard output: "ready"; "pressed <milliseconds of the epoch>"; "NAME in" or
"NAME out: why".
"""

import asyncio
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings
from wpsagent.daemon.board import bind_button
from wpsagent.daemon.daemon import Daemon
from wpsagent.errors import AgentError
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.roles.simulated_phone import SimulatedPhone
from wpsagent_board.simulated import SimulatedButton

CONFIGURATION = """
[agent]
node = "hallway"
control_socket = "{folder}/control"
hostapd_directory = ""
state_directory = "{folder}"

[[access_point]]
interface = "sim0"
ssid = "home"
passphrase = "correct horse battery"
channel = 6

[[button]]
backend = "simulated"
long_press = "none"

[mqtt]
host = "127.0.0.1"
port = {port}
commands = ["pbc", "cancel", "pin"]
"""


class House:
    """The agent, its button and the phones."""

    def __init__(self, folder: str, port: str) -> None:
        self._air = Air()
        configuration = parse(CONFIGURATION.format(folder=folder, port=port))
        self._daemon = Daemon(replace(configuration, buttons=()), self._open_radio)
        self._button = SimulatedButton(asyncio.get_running_loop())
        self._settings = configuration.buttons[0]
        self._phones: list[asyncio.Task[None]] = []

    async def _open_radio(self, settings: AccessPointSettings) -> AccessPointRadio:
        return SimulatedAccessPointRadio(self._air, settings.interface, MacAddress(b"\x02\x00\x5e\x00\x53\x00"))

    async def run(self) -> None:
        agent = asyncio.create_task(self._daemon.run())
        started = asyncio.create_task(self._daemon.started.wait())
        await asyncio.wait((agent, started), return_when=asyncio.FIRST_COMPLETED)
        button = bind_button(self._button, self._settings, self._daemon.button_pressed)
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
        _say("ready")
        await agent
        button.close()
        for phone in self._phones:
            phone.cancel()
        await asyncio.gather(*self._phones, return_exceptions=True)

    def _read(self) -> None:
        match sys.stdin.readline().split():
            case ["press"]:
                _say(f"pressed {round(time.time() * 1000)}")
                self._button.press_for(0.1)
            case ["phone", name, *pin]:
                self._phones.append(asyncio.create_task(self._phone(name, *pin)))
            case _:
                self._daemon.terminate()

    async def _phone(self, name: str, pin: str | None = None) -> None:
        address = MacAddress(b"\x02\x00\x5e\x00\x53" + bytes([len(self._phones)]))
        phone = SimulatedPhone(self._air, address, os.urandom, name=name)
        try:
            await (phone.join_by_push_button() if pin is None else phone.join_by_pin(pin.encode()))
        except AgentError as error:
            phone.leave()
            _say(f"{name} out: {error}")
        else:
            _say(f"{name} in")


def _say(text: str) -> None:
    print(text, flush=True)


async def _main(folder: str, port: str) -> None:
    await House(folder, port).run()


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(exist_ok=True)
    asyncio.run(_main(sys.argv[1], sys.argv[2]))
