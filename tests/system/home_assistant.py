# SPDX-License-Identifier: BSD-3-Clause
"""The agent on a radio in memory, mosquitto, and a real Home Assistant: what does it make of us?

    python -m tests.system.home_assistant HASS

HASS: the program of a virtual environment with Home Assistant, which needs a newer Python than we do; it installs more
there when it starts.  Prints what it sees; whatever is wrong ends it with an AssertionError.
"""

import asyncio
import contextlib
import json
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from tests.system.test_mqtt_mosquitto import free_port
from tests.system.test_mqtt_operator import ALL_COMMANDS, House

PATIENCE = 300.0
"""Seconds that Home Assistant has to start for the first time: it installs a hundred megabytes."""

WITHIN = 20.0
STEP = 0.25

CONFIGURATION = """
homeassistant: {{name: Home, time_zone: UTC, country: DE, latitude: 0, longitude: 0, elevation: 0}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
api:
config:
onboarding:
logger: {{default: warning}}
"""


class HomeAssistant:
    """One of our own, new, and its REST API."""

    def __init__(self, program: str, folder: Path) -> None:
        self.log = folder / "home-assistant.log"
        self._program = program
        self._folder = folder
        self._base = f"http://127.0.0.1:{(port := free_port())}"
        self._token: str | None = None
        folder.mkdir()
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=port))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        process = await asyncio.create_subprocess_exec(
            *(self._program, "--config", str(self._folder)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            await self._until_it_answers()
            yield
        finally:
            process.terminate()
            await process.wait()

    async def _until_it_answers(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                with contextlib.suppress(OSError):
                    await self.ask("/api/onboarding")
                    return
                await asyncio.sleep(STEP)

    async def ask(self, path: str, body: Any = None, *, is_form: bool = False) -> Any:
        """GET, or POST where there is a body."""
        data = None if body is None else (urllib.parse.urlencode(body) if is_form else json.dumps(body)).encode()
        kind = "application/x-www-form-urlencoded" if is_form else "application/json"
        request = urllib.request.Request(self._base + path, data, {"Content-Type": kind})
        if self._token is not None:
            request.add_header("Authorization", f"Bearer {self._token}")

        def read() -> Any:
            with urllib.request.urlopen(request, timeout=WITHIN) as answer:
                return json.loads(answer.read())

        return await asyncio.to_thread(read)

    async def set_up(self, broker_port: int) -> None:
        """As a person does who has just installed it: an account, and the integration MQTT."""
        client = f"{self._base}/"
        person = {"client_id": client, "name": "A", "username": "a", "password": "secret", "language": "en"}
        code = (await self.ask("/api/onboarding/users", person))["auth_code"]
        grant = {"grant_type": "authorization_code", "code": code, "client_id": client}
        self._token = (await self.ask("/auth/token", grant, is_form=True))["access_token"]
        flows = "/api/config/config_entries/flow"
        flow = (await self.ask(flows, {"handler": "mqtt"}))["flow_id"]
        made = await self.ask(f"{flows}/{flow}", {"broker": "127.0.0.1", "port": broker_port})
        assert made["type"] == "create_entry", made

    async def wait_for(self, entity: str, state: str) -> dict[str, Any]:
        """Until an entity has a state; its attributes."""
        found: dict[str, Any] = {}
        try:
            async with asyncio.timeout(WITHIN):
                while found.get("state") != state:
                    await asyncio.sleep(STEP)
                    with contextlib.suppress(urllib.error.HTTPError):  # there is none yet
                        found = await self.ask(f"/api/states/{entity}")
        except TimeoutError:
            raise AssertionError(f"{entity}: expected {state!r}, found {found}") from None
        print(f"{entity} = {state}")
        return dict(found["attributes"])

    async def act(self, action: str, entity: str, **data: str) -> None:
        await self.ask(f"/api/services/{action}", {"entity_id": entity, **data})


async def check(program: str, folder: Path) -> None:
    house = House(folder, f"{ALL_COMMANDS}\nhome_assistant = true")
    home = HomeAssistant(program, folder / "home-assistant")
    async with house.heard(), home.running():
        await home.set_up(house.port)
        async with house.running():
            await home.wait_for("sensor.hall_state", "idle")
            await home.wait_for("binary_sensor.hall_online", "on")
            await home.wait_for("sensor.hall_connected_devices", "0")
            await home.act("button/press", "button.hall_start_wi_fi_setup")
            await home.wait_for("binary_sensor.hall_wi_fi_setup", "on")
            await home.wait_for("sensor.hall_last_command", "done")
            await home.act("button/press", "button.hall_cancel_wi_fi_setup")
            await home.wait_for("binary_sensor.hall_wi_fi_setup", "off")
            await home.wait_for("sensor.hall_last_result", "cancelled")
            await home.act("text/set_value", "text.hall_pin_of_a_device", value="12345671")
            await home.wait_for(
                "sensor.hall_last_command", "pin: the last digit does not fit the others: a typing error?"
            )
            event = await home.ask("/api/states/event.hall_setup")
            assert event["attributes"]["event_type"] == "cancelled", event
        await home.wait_for("sensor.hall_state", "unavailable")
        await home.wait_for("binary_sensor.hall_online", "off")
    lines = home.log.read_text().splitlines()
    complaints = [line for line in lines if "components.mqtt" in line and (" WARNING " in line or " ERROR " in line)]
    assert complaints == []


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(sys.argv[1], Path(folder)))


if __name__ == "__main__":
    main()
