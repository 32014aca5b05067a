# SPDX-License-Identifier: BSD-3-Clause
"""iwd: what is in its files, and how it is told to let go of an interface and to join.

It is a fake on a real bus that does what iwd 2.3 was seen to do.  iwd itself was tried by hand: the lab's kernel does
not have the crypto that it asks for (docs/hand-over.md).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.unit.dbus_world import PROPERTIES, Answer, Service, bus, service

from wpsagent.io.dbus_codec import Message, Variant
from wpsagent.io.hand_over.iwd import Iwd, file_name, file_text
from wpsagent.io.hand_over.manager import HandOverError, LearntNetwork
from wpsagent.octets import Ssid

IWD = "net.connman.iwd"
HOME = LearntNetwork(Ssid(b"home"), b"a secret passphrase")
OPEN = LearntNetwork(Ssid(b"cafe"))


@pytest.mark.parametrize(
    ("ssid", "name"),
    [(b"My Home-1_2", "My Home-1_2.psk"), (b"a/b", "=612f62.psk"), ("grün".encode(), "=6772c3bc6e.psk"), (b"", ".psk")],
)
def test_iwds_files_have_the_names_that_it_looks_for(ssid: bytes, name: str) -> None:
    assert file_name(Ssid(ssid), is_open=False) == name


def test_iwds_files_say_what_it_must_know() -> None:
    assert file_text(HOME) == "[Security]\nPassphrase=a secret passphrase\n[Settings]\nAutoConnect=true\n"
    assert "Passphrase=\\s\\\\ x12345\n" in file_text(LearntNetwork(Ssid(b"h"), b" \\ x12345"))
    assert f"PreSharedKey={'07' * 32}\n" in file_text(LearntNetwork(Ssid(b"h"), psk=b"\7" * 32))
    assert file_text(OPEN) == "[Settings]\nAutoConnect=true\n"
    assert "Hidden=true" in file_text(LearntNetwork(Ssid(b"h"), is_hidden=True))


FORMER = """# by hand
[Security]
PreSharedKey=0000000000000000000000000000000000000000000000000000000000000000
Passphrase=another passphrase

[IPv4]
Address=10.8.0.9
[Settings]
AutoConnect=false
 Hidden = true
AlwaysRandomizeAddress=true
[IPv6]
[@pem@certificate]
-----BEGIN CERTIFICATE-----
"""


def test_iwds_file_keeps_what_is_not_the_key() -> None:
    text = file_text(HOME, FORMER)
    assert text.splitlines() == [
        *("# by hand", "[Security]", "Passphrase=a secret passphrase"),
        *("[Settings]", "AutoConnect=true", " Hidden = true", "AlwaysRandomizeAddress=true"),
        *("[IPv4]", "Address=10.8.0.9"),
        *("[IPv6]", "[@pem@certificate]", "-----BEGIN CERTIFICATE-----"),
    ]
    assert file_text(HOME, text) == text
    hidden = file_text(LearntNetwork(HOME.ssid, HOME.passphrase, is_hidden=True), FORMER)
    assert [line for line in hidden.splitlines() if "Hidden" in line] == ["Hidden=true"]


def test_iwds_file_is_read_before_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "home.psk"
    ours = Iwd(tmp_path)
    path.write_text("[IPv4]\nAddress=10.8.0.9\n")
    path.chmod(0o640)
    asyncio.run(ours.store("wlan0", HOME))
    assert path.read_text() == f"{file_text(HOME)}[IPv4]\nAddress=10.8.0.9\n"
    assert path.stat().st_mode & 0o777 == 0o640
    path.write_bytes(b"[IPv4]\nAddress=\xff\n")  # nor could iwd read it
    asyncio.run(ours.store("wlan0", HOME))
    assert path.read_text() == file_text(HOME)
    path.unlink()
    path.mkdir()
    with pytest.raises(HandOverError, match=r"home\.psk: cannot be read: Is a directory"):
        asyncio.run(ours.store("wlan0", HOME))


@pytest.mark.parametrize("ssid", [b"\xff" * 32, b"a\0b"])
def test_a_name_that_iwd_does_not_see_is_refused(tmp_path: Path, ssid: bytes) -> None:
    with pytest.raises(HandOverError, match="iwd cannot have the name"):
        asyncio.run(Iwd(tmp_path).store("wlan0", LearntNetwork(Ssid(ssid), b"12345678")))
    assert not list(tmp_path.iterdir())


class FakeIwd:
    """One device, as iwd 2.3 has it: a station is there while the device is powered, and joins unless it was told not
    to; that it forgets with its station.  will_join: the network that it finds."""

    def __init__(self, bus_service: Service, will_join: str | None = "home") -> None:
        self.service = bus_service
        self.will_join = will_join
        self.device = {"Name": Variant("s", "wlan0"), "Powered": Variant("b", True)}
        self.objects: dict[str, dict[str, dict[str, Variant]]] = {
            "/0": {f"{IWD}.Adapter": {"Name": Variant("s", "phy0")}},
            "/0/1": {f"{IWD}.Device": self.device},
            "/0/1/home": {f"{IWD}.Network": {"Name": Variant("s", "home")}},
        }
        bus_service.methods |= {
            "GetManagedObjects": lambda _: ("a{oa{sa{sv}}}", (self.objects,)),
            "Disconnect": self._disconnect,
            "Set": self._set,
        }
        self._power(is_on=True)

    @property
    def state(self) -> str | None:
        """None while there is no station."""
        station = self.objects["/0/1"].get(f"{IWD}.Station")
        return None if station is None else str(station["State"].value)

    def join(self) -> None:
        properties = {"State": Variant("s", "connected"), "ConnectedNetwork": Variant("o", f"/0/1/{self.will_join}")}
        self.objects["/0/1"][f"{IWD}.Station"] = properties
        self.service.emit("/0/1", PROPERTIES, "PropertiesChanged", "sa{sv}as", f"{IWD}.Station", properties, [])

    def _disconnect(self, _call: Message) -> Answer:
        self.objects["/0/1"][f"{IWD}.Station"] = {"State": Variant("s", "disconnected")}
        return "", ()

    def _set(self, call: Message) -> Answer:
        assert call.body[:2] == (f"{IWD}.Device", "Powered")
        self._power(is_on=call.body[2].value)
        return "", ()

    def _power(self, *, is_on: bool) -> None:
        self.device["Powered"] = Variant("b", is_on)
        self.objects["/0/1"].pop(f"{IWD}.Station", None)
        if is_on:
            self.objects["/0/1"][f"{IWD}.Station"] = {"State": Variant("s", "disconnected")}
            if self.will_join is not None:
                asyncio.get_running_loop().call_later(0.05, self.join)


@asynccontextmanager
async def iwd(folder: Path, limit: float = 5.0) -> AsyncIterator[tuple[FakeIwd, Iwd]]:
    async with bus(folder) as address, service(address, IWD) as a_service:
        yield FakeIwd(a_service, None), Iwd(folder, address, limit)


def asked(fake: FakeIwd) -> list[str]:
    """What it was asked to do so far."""
    return [str(call.member) for call in fake.service.heard if call.member != "GetManagedObjects"]


def test_iwd_stays_out_of_networks_while_the_interface_is_taken_and_gets_it_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with iwd(tmp_path) as (fake, ours):
            assert await ours.holds("wlan0")
            await ours.take("wlan0")
            assert (asked(fake), fake.state) == (["Disconnect"], "disconnected")
            assert await ours.holds("wlan0")  # which is up, and still in its list
            await ours.give("wlan0")
            assert asked(fake) == ["Disconnect", "Set", "Set"]
            assert (fake.state, fake.device["Powered"].value) == ("disconnected", True)
            with pytest.raises(HandOverError, match="does not know an interface wlan9"):
                await ours.take("wlan9")
            with pytest.raises(HandOverError, match="does not know an interface wlan9"):
                await ours.give("wlan9")
            assert not await ours.holds("wlan9")

    asyncio.run(scene())


def test_iwd_without_a_station_has_nothing_to_stay_out_of(tmp_path: Path) -> None:
    async def scene() -> None:
        async with iwd(tmp_path) as (fake, ours):
            del fake.objects["/0/1"][f"{IWD}.Station"]
            fake.device["Powered"] = Variant("b", False)
            assert not await ours.holds("wlan0")
            await ours.take("wlan0")
            assert asked(fake) == []

    asyncio.run(scene())


def test_iwd_that_joins_already_is_left_to_it(tmp_path: Path) -> None:
    async def scene() -> None:
        async with iwd(tmp_path) as (fake, ours):
            fake.will_join = "home"
            fake.join()
            await ours.give("wlan0")
            await ours.give("wlan0", HOME)
            assert asked(fake) == []

    asyncio.run(scene())


def test_iwd_gets_a_file_and_is_waited_for(tmp_path: Path) -> None:
    async def scene() -> None:
        async with iwd(tmp_path) as (fake, ours):
            await ours.take("wlan0")
            await ours.store("wlan0", HOME)
            assert (tmp_path / "home.psk").stat().st_mode & 0o777 == 0o600
            fake.will_join = "home"
            await ours.give("wlan0", HOME)
            assert fake.state == "connected"

    asyncio.run(scene())


def test_iwd_that_joins_another_network_or_none_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with iwd(tmp_path, 0.3) as (fake, ours):
            for fake.will_join in (None, "home"):
                with pytest.raises(HandOverError, match=r"did not join cafe within 0\.3 s"):
                    await ours.give("wlan0", OPEN)

    asyncio.run(scene())


def test_iwd_that_ends_before_it_has_joined_is_told_at_once(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address:
            async with service(address, IWD) as a_service:
                fake = FakeIwd(a_service, None)
                joining = asyncio.create_task(Iwd(tmp_path, address, 60.0).give("wlan0", HOME))
                await a_service.until(lambda: asked(fake) == ["Set", "Set"])
                asked_before = len(a_service.heard)
                await a_service.until(lambda: len(a_service.heard) > asked_before)
            with pytest.raises(HandOverError, match="iwd is not running"):
                await joining

    asyncio.run(scene())


def test_iwd_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address:
            ours = Iwd(tmp_path / "none", address)
            assert not await ours.holds("wlan0")
            with pytest.raises(HandOverError, match="is not running"):
                await ours.give("wlan0")
            with pytest.raises(HandOverError, match="iwd has not run here"):
                await ours.store("wlan0", HOME)

    asyncio.run(scene())
