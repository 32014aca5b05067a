# SPDX-License-Identifier: BSD-3-Clause
"""A station of ours and the access point of the neighbours in a simulated air, for a front end in another process.

    python -m tests.system.gui_house FOLDER

The station's control socket is FOLDER/control/sta0.  Lines on standard input: "press", the access point's button, and
"pin <PIN>", which is entered there; its AP PIN is 12345670.  "ready" on standard output says that all is up, "pin
<PIN>" what the station has made up, which a person would read on the screen.
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.pairs.station_world import AP, DEVICE, STATION, PinnedAccessPoint, protected
from tests.unit.simulated_station_radio import SimulatedStationRadio

from wpsagent.config.loader import parse
from wpsagent.config.model import StationSettings
from wpsagent.daemon.daemon import Daemon
from wpsagent.io.simulated_radio import Air
from wpsagent.ports import StationRadio
from wpsagent.wsc.device import uuid_from_mac
from wpsagent.wsc.internal_registrar import InternalRegistrar

CONFIG = """
[agent]
node = "house"
control_socket = "{folder}/agent"
supplicant_directory = "{folder}/control"
state_directory = "{folder}"
error_display_s = 0.0

[[station]]
interface = "sta0"
networks_file = "{folder}/networks.conf"
"""


class House:
    """The agent and the neighbours."""

    def __init__(self, folder: Path) -> None:
        self.air = Air()
        configuration = parse(CONFIG.format(folder=folder), host_name="house")
        self.daemon = Daemon(configuration, open_station=self._open)
        registrar = InternalRegistrar(DEVICE, uuid_from_mac(AP), os.urandom)
        self.access_point = PinnedAccessPoint(self.air, AP, protected(), 2437, registrar)

    async def _open(self, settings: StationSettings) -> StationRadio:
        return SimulatedStationRadio(self.air, settings.interface, STATION)

    async def run(self) -> None:
        await self.access_point.start()
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
        agent = asyncio.create_task(self.daemon.run())
        await self.daemon.started.wait()
        station = self.daemon.stations()[0]
        make = station.new_pin
        vars(station)["new_pin"] = lambda: self._told(make())
        print("ready", flush=True)
        await agent

    @staticmethod
    def _told(pin: bytes) -> bytes:
        print(f"pin {pin.decode('ascii')}", flush=True)
        return pin

    def _read(self) -> None:
        words = sys.stdin.readline().split()
        match words:
            case []:
                self.daemon.terminate()
            case ["press"]:
                self.access_point.group.press_button()
            case ["pin", pin]:
                self.access_point.group.add_pin(pin.encode())
            case _:
                raise ValueError(f"no such line: {words}")


if __name__ == "__main__":
    asyncio.run(House(Path(sys.argv[1])).run())
