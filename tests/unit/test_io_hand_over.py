# SPDX-License-Identifier: BSD-3-Clause
"""Managers of networks: what each is told, and every fault in words.

NetworkManager is a fake on a real bus that answers as it does (itself: tests/lab); uci and wifi are fakes on PATH, as
there is no OpenWrt here; wpa_supplicant is a fake control socket.  iwd: test_io_hand_over_iwd.py.
"""

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.unit.dbus_world import Answer, RefusalError, Service, bus, service

from wpsagent.io.dbus_codec import Message, Variant
from wpsagent.io.hand_over import choice, manager
from wpsagent.io.hand_over.choice import Choice, Place, choose
from wpsagent.io.hand_over.iwd import Iwd
from wpsagent.io.hand_over.manager import HandOverError, LearntNetwork, run_program
from wpsagent.io.hand_over.network_manager import NetworkManager, is_profile_of, profile_settings
from wpsagent.io.hand_over.supplicant import Supplicant
from wpsagent.io.hand_over.uci import Uci, batch, stations_of
from wpsagent.octets import Ssid

HOME = LearntNetwork(Ssid(b"home"), b"a secret passphrase")
OPEN = LearntNetwork(Ssid(b"cafe"))
NM = "org.freedesktop.NetworkManager"
NM_PATH = "/org/freedesktop/NetworkManager"
DEVICE = f"{NM_PATH}/Devices/2"
PROFILE = f"{NM_PATH}/Settings/1"
ACTIVE = f"{NM_PATH}/ActiveConnection/1"

# ---- networks


def test_a_key_is_told_as_it_is_or_as_what_it_makes() -> None:
    psk = hashlib.pbkdf2_hmac("sha1", "grüße sind es".encode(), b"home", 4096, 32)
    assert HOME.key_text == "a secret passphrase"
    assert LearntNetwork(Ssid(b"home"), "grüße sind es".encode()).key_text == psk.hex()
    assert LearntNetwork(Ssid(b"home"), psk=psk).key_text == psk.hex()
    assert (OPEN.key_text, OPEN.is_open) == (None, True)
    assert "secret" not in repr(HOME)


# ---- NetworkManager


class FakeNetworkManager:
    """One device, and profiles; refusals: member → the error's name."""

    def __init__(self, bus_service: Service) -> None:
        self.service = bus_service
        self.profiles: dict[str, Any] = {}
        self.refusals: dict[str, str] = {}
        self.device_state = 30
        self.on_activate = [(70, 0)]
        bus_service.methods |= {
            "GetAllDevices": lambda _: self._answer("GetAllDevices", "ao", [f"{NM_PATH}/Devices/1", DEVICE]),
            "ListConnections": lambda _: self._answer("ListConnections", "ao", list(self.profiles)),
            "GetSettings": lambda call: ("a{sa{sv}}", (self.profiles[call.path],)),
            "AddConnection2": self._add,
            "Update2": self._update,
            "ActivateConnection": self._activate,
            "Set": self._set,
        }
        bus_service.properties |= {
            (f"{NM_PATH}/Devices/1", "Interface"): Variant("s", "lo"),
            (DEVICE, "Interface"): Variant("s", "wlan0"),
            (DEVICE, "ActiveConnection"): Variant("o", "/"),
            (ACTIVE, "Connection"): Variant("o", PROFILE),
        }
        self.turn(30)

    def _answer(self, member: str, signature: str, *values: Any) -> Answer:
        if member in self.refusals:
            raise RefusalError(self.refusals[member], f"{member} is refused")
        return signature, values

    def turn(self, state: int, reason: int = 0) -> None:
        before, self.device_state = self.device_state, state
        self.service.properties[DEVICE, "State"] = Variant("u", state)
        self.service.emit(DEVICE, f"{NM}.Device", "StateChanged", "uuu", state, before, reason)

    def _set(self, call: Message) -> Answer:
        self.turn(30 if call.body[2].value else 10)
        return self._answer("Set", "")

    def _add(self, call: Message) -> Answer:
        self.profiles[PROFILE] = call.body[0]
        return self._answer("AddConnection2", "oa{sv}", PROFILE, {})

    def _update(self, call: Message) -> Answer:
        self.profiles[call.path] = call.body[0]
        return self._answer("Update2", "a{sv}", {})

    def _activate(self, call: Message) -> Answer:
        answer = self._answer("ActivateConnection", "o", ACTIVE)
        self.service.properties[DEVICE, "ActiveConnection"] = Variant("o", ACTIVE)
        for state, reason in self.on_activate:
            self.turn(state, reason)
        return answer


@asynccontextmanager
async def network_manager(folder: Path, limit: float = 5.0) -> AsyncIterator[tuple[FakeNetworkManager, NetworkManager]]:
    async with bus(folder) as address, service(address, NM) as a_service:
        yield FakeNetworkManager(a_service), NetworkManager(address, limit)


def test_network_manager_gets_a_profile_and_is_waited_for(tmp_path: Path) -> None:
    async def scene() -> None:
        async with network_manager(tmp_path) as (fake, ours):
            assert await ours.is_there()
            assert await ours.holds("wlan0")
            assert not await ours.holds("wlan9")
            await ours.take("wlan0")
            assert not await ours.holds("wlan0")
            await ours.store("wlan0", HOME)
            settings = fake.profiles[PROFILE]
            assert settings["802-11-wireless"]["ssid"] == Variant("ay", b"home")
            assert settings["802-11-wireless-security"] == {
                "key-mgmt": Variant("s", "wpa-psk"),
                "psk": Variant("s", "a secret passphrase"),
            }
            assert settings["connection"]["autoconnect"] == Variant("b", True)
            await ours.give("wlan0", HOME)
            assert fake.device_state == 70
            await ours.give("wlan0")

    asyncio.run(scene())


def test_a_network_that_has_not_been_heard_is_asked_for_again_with_every_signal(tmp_path: Path) -> None:
    async def scene() -> None:
        async with network_manager(tmp_path) as (fake, ours):
            await ours.store("wlan0", HOME)
            fake.refusals["ActivateConnection"] = f"{NM}.UnknownConnection"
            joining = asyncio.create_task(ours.give("wlan0", HOME))
            await fake.service.until(lambda: any(call.member == "ActivateConnection" for call in fake.service.heard))
            del fake.refusals["ActivateConnection"]
            fake.service.emit(DEVICE, f"{NM}.Device.Wireless", "AccessPointAdded", "o", f"{NM_PATH}/AccessPoint/1")
            await joining

    asyncio.run(scene())


@pytest.mark.parametrize(("reason", "words"), [(7, "the passphrase is wrong"), (99, "reason is number 99")])
def test_a_network_that_cannot_be_joined_is_told_with_its_reason(tmp_path: Path, reason: int, words: str) -> None:
    async def scene() -> None:
        async with network_manager(tmp_path) as (fake, ours):
            fake.on_activate = [(40, 0), (120, reason)]
            await ours.store("wlan0", HOME)
            with pytest.raises(HandOverError, match=f"failed to join home: .*{words}"):
                await ours.give("wlan0", HOME)

    asyncio.run(scene())


def test_a_network_that_is_never_joined_is_told_after_the_limit(tmp_path: Path) -> None:
    async def scene() -> None:
        async with network_manager(tmp_path, 0.2) as (fake, ours):
            fake.on_activate = [(50, 0)]
            await ours.store("wlan0", HOME)
            with pytest.raises(HandOverError, match=r"did not join home within 0\.2 s"):
                await ours.give("wlan0", HOME)

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"{NM}.Settings.PermissionDenied", "does not let us"),
        (f"{NM}.Settings.InvalidConnection", "does not take the network"),
        (f"{NM}.Strange", "AddConnection2 is refused"),
    ],
)
def test_what_network_manager_refuses_is_told_in_words(tmp_path: Path, name: str, words: str) -> None:
    async def scene() -> None:
        async with network_manager(tmp_path) as (fake, ours):
            fake.refusals["AddConnection2"] = name
            with pytest.raises(HandOverError, match=words):
                await ours.store("wlan0", HOME)
            with pytest.raises(HandOverError, match="does not know an interface wlan9"):
                await ours.take("wlan9")

    asyncio.run(scene())


def test_a_network_manager_that_ends_meanwhile_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address:
            ours = NetworkManager(address, 5.0)
            async with service(address, NM) as a_service:
                fake = FakeNetworkManager(a_service)
                fake.on_activate = [(50, 0)]
                await ours.store("wlan0", HOME)
                joining = asyncio.create_task(ours.give("wlan0", HOME))
                await a_service.until(lambda: fake.device_state == 50)
            with pytest.raises(HandOverError, match="has ended"):
                await joining
            assert not await ours.is_there()
            with pytest.raises(HandOverError, match="is not running: start it"):
                await ours.store("wlan0", HOME)

    asyncio.run(scene())


def test_without_a_bus_network_manager_is_not_there(tmp_path: Path) -> None:
    async def scene() -> None:
        address = f"unix:path={tmp_path}/nowhere"
        assert not await NetworkManager(address).holds("wlan0")
        assert not await Iwd(tmp_path, address).holds("wlan0")
        with pytest.raises(HandOverError, match="cannot be reached"):
            await NetworkManager(address).store("wlan0", HOME)

    asyncio.run(scene())


def test_a_profile_that_is_there_keeps_what_is_not_about_the_key() -> None:
    before = {
        "connection": {"id": Variant("s", "mine"), "autoconnect": Variant("b", False)},
        "802-11-wireless": {"ssid": Variant("ay", b"home"), "security": Variant("s", "802-11-wireless-security")},
        "802-11-wireless-security": {"key-mgmt": Variant("s", "wpa-psk"), "psk-flags": Variant("u", 1)},
        "ipv4": {"method": Variant("s", "manual")},
    }
    assert is_profile_of(before, "wlan0", HOME)
    after = profile_settings(HOME, before)
    assert after["connection"] == {"id": Variant("s", "mine"), "autoconnect": Variant("b", True)}
    assert after["ipv4"] == before["ipv4"]
    assert set(after["802-11-wireless-security"]) == {"key-mgmt", "psk"}
    assert "security" not in after["802-11-wireless"]
    assert "802-11-wireless-security" not in profile_settings(LearntNetwork(Ssid(b"home")), before)
    assert profile_settings(LearntNetwork(Ssid(b"h"), is_hidden=True))["802-11-wireless"]["hidden"].value is True


@pytest.mark.parametrize(
    "other",
    [
        {"802-1x": {}},
        {"802-11-wireless": {"mode": Variant("s", "ap")}},
        {"connection": {"interface-name": Variant("s", "wlan1")}},
    ],
)
def test_profiles_that_are_no_station_with_a_passphrase_here_are_left_alone(other: dict[str, Any]) -> None:
    profile = {"802-11-wireless": {"ssid": Variant("ay", b"home")}, "connection": {"interface-name": Variant("s", "")}}
    assert is_profile_of(profile, "wlan0", HOME)
    assert is_profile_of({**profile, "connection": {"interface-name": Variant("s", "wlan0")}}, "wlan0", HOME)
    assert not is_profile_of(profile | {n: profile.get(n, {}) | values for n, values in other.items()}, "wlan0", HOME)


# ---- UCI

SHOWN = """wireless.radio0=wifi-device
wireless.radio0.type='mac80211'
wireless.default_radio0=wifi-iface
wireless.default_radio0.mode='ap'
wireless.wwan=wifi-iface
wireless.wwan.device='radio0'
wireless.wwan.mode='sta'
wireless.wwan.encryption='wps'
wireless.other=wifi-iface
wireless.other.device='radio1'
wireless.other.mode='sta'
wireless.other.ssid='it'\\''s'
wireless.odd='
"""


@pytest.fixture
def openwrt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Programs that stand for OpenWrt's: each says so, and keeps what it was given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (tmp_path / "shown").write_text(SHOWN)
    script = f"""#!/bin/sh
echo "this is a fake of $0" >&2
echo "${{0##*/}} $*" >>{tmp_path}/heard
[ "$1" = batch ] && cat >{tmp_path}/batch
[ "$*" = "-q show wireless" ] && cat {tmp_path}/shown
[ ! -e {tmp_path}/fails ] || {{ echo "Parse error: key a secret passphrase" >&2; exit 3; }}
"""
    for name in ("uci", "wifi"):
        (folder / name).write_text(script)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


def test_openwrt_gets_the_network_by_standard_input(openwrt: Path) -> None:
    async def scene() -> None:
        ours = Uci()
        assert not await ours.holds("wlan0")
        await ours.store("wlan0", HOME)
        await ours.give("wlan0", HOME)
        await ours.take("wlan0")
        await ours.give("wlan0")

    asyncio.run(scene())
    heard = (openwrt / "heard").read_text()
    words = [line for line in heard.splitlines() if "show" not in line]
    assert words == ["uci batch", "wifi reload", "wifi down radio0", "wifi up radio0"]
    assert (openwrt / "batch").read_text().splitlines() == [
        "set wireless.wwan.ssid='home'",
        "set wireless.wwan.encryption='psk2'",
        "set wireless.wwan.disabled='0'",
        "set wireless.wwan.key='a secret passphrase'",
        "set wireless.wwan.bssid=''",
        "commit wireless",
    ]


def test_what_uci_complains_of_is_told_without_the_key(openwrt: Path) -> None:
    (openwrt / "shown").write_text(SHOWN)

    async def scene() -> str:
        ours = Uci()
        section = await ours._find("wlan0")
        (openwrt / "fails").touch()
        with pytest.raises(HandOverError) as caught:
            await run_program(("uci", "batch"), batch(section.section, HOME), HOME.key_text)
        return str(caught.value)

    text = asyncio.run(scene())
    assert text.startswith("uci batch ended with 3: this is a fake")
    assert "secret" not in text


@pytest.mark.parametrize(
    ("interface", "shown", "section"),
    [
        ("wlan0", SHOWN, "wwan"),
        ("wlan0", SHOWN + "wireless.other.ifname='wlan0'\n", "other"),
        ("wlan0", "wireless.a=wifi-iface\nwireless.a.mode='sta'\n", "a"),
        ("wlan0", SHOWN.replace("'wps'", "'psk2'"), None),
        ("wlan0", "", None),
    ],
)
def test_the_station_of_openwrt_is_found(openwrt: Path, interface: str, shown: str, section: str | None) -> None:
    (openwrt / "shown").write_text(shown)

    async def scene() -> None:
        if section is None:
            with pytest.raises(HandOverError, match="set option ifname 'wlan0'"):
                await Uci()._find(interface)
        else:
            assert (await Uci()._find(interface)).section == section

    asyncio.run(scene())


def test_quotes_and_odd_names_are_as_uci_has_them() -> None:
    text = batch("w", LearntNetwork(Ssid(b"it's; x=1"), b"o'neill $(x)", has_sae=True))
    assert "set wireless.w.ssid='it'\\''s; x=1'\n" in text
    assert "set wireless.w.key='o'\\''neill $(x)'\n" in text
    assert "encryption='sae-mixed'" in text
    assert "encryption='none'" in batch("w", OPEN)
    assert "set wireless.w.key=''" in batch("w", OPEN)
    for ssid in (b"\xff", b"a\nb"):
        with pytest.raises(HandOverError, match="UCI cannot have the name"):
            batch("w", LearntNetwork(Ssid(ssid)))
    assert [station.options.get("ssid") for station in stations_of(SHOWN)] == ["it's", None]


# ---- programs


def test_a_program_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "PROGRAM_LIMIT", 0.2)
    with pytest.raises(HandOverError, match=r"sleep 1000 was not done after 0\.2 s"):
        asyncio.run(run_program(("sleep", "1000")))
    with pytest.raises(HandOverError, match="no-such-program cannot be run"):
        asyncio.run(run_program(("no-such-program",)))


# ---- wpa_supplicant


class FakeSupplicant:
    """Control sockets that know what we ask; it joins when it has been asked for its state once."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.ssid = "home"
        self.events: list[bytes] = [b"<3>CTRL-EVENT-CONNECTED - Connection to"]
        self.is_connected = False

    def answer(self, command: str, transport: asyncio.DatagramTransport, addr: Any) -> None:
        self.heard.append(command)
        state = f"wpa_state={'COMPLETED' if self.is_connected else 'SCANNING'}\nssid={self.ssid}\n"
        transport.sendto({"PING": b"PONG\n", "STATUS": state.encode()}.get(command, b"OK\n"), addr)
        if command == "STATUS" and not self.is_connected:
            self.is_connected = True
            for event in self.events:
                transport.sendto(event, addr)


class Door(asyncio.DatagramProtocol):
    """One of its sockets."""

    def __init__(self, fake: FakeSupplicant) -> None:
        self._fake = fake

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._fake.answer(data.decode(), self._transport, addr)


@asynccontextmanager
async def supplicant(folder: Path, limit: float = 5.0) -> AsyncIterator[tuple[FakeSupplicant, Supplicant]]:
    fake = FakeSupplicant()
    transports = []
    for name in ("wlan0", "global"):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        server.bind(str(folder / name))
        loop = asyncio.get_running_loop()
        transports.append((await loop.create_datagram_endpoint(lambda: Door(fake), sock=server))[0])
    try:
        yield fake, Supplicant(str(folder), "/etc/networks.conf", limit)
    finally:
        for transport in transports:
            transport.close()
        for name in ("wlan0", "global"):
            (folder / name).unlink(missing_ok=True)


def test_wpa_supplicant_lends_the_interface_reads_the_file_and_joins(tmp_path: Path) -> None:
    async def scene() -> None:
        async with supplicant(tmp_path) as (fake, ours):
            assert await ours.holds("wlan0")
            await ours.take("wlan0")
            assert fake.heard == ["PING", "INTERFACE_REMOVE wlan0"]
            await ours.store("wlan0", HOME)
            fake.heard.clear()
            await ours.give("wlan0", HOME)
            assert fake.heard == ["PING", "ATTACH", "STATUS", "STATUS"]
            fake.heard.clear()
            (tmp_path / "wlan0").unlink()
            await ours.give("wlan0")
            assert fake.heard == [f"INTERFACE_ADD wlan0\t/etc/networks.conf\tnl80211\t{tmp_path}"]

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (b"<3>CTRL-EVENT-TERMINATING ", "has ended before it joined"),
        (b"<3>CTRL-EVENT-SSID-TEMP-DISABLED id=0 reason=WRONG_KEY", "the passphrase is wrong"),
        (b"<3>CTRL-EVENT-SCAN-STARTED ", "did not join home within 0[.]3 s: does it read /etc/networks.conf"),
    ],
)
def test_what_wpa_supplicant_fails_at_is_told(tmp_path: Path, event: bytes, words: str) -> None:
    async def scene() -> None:
        async with supplicant(tmp_path, 0.3) as (fake, ours):
            fake.events = [event]
            with pytest.raises(HandOverError, match=words):
                await ours.give("wlan0", HOME)

    asyncio.run(scene())


def test_a_wpa_supplicant_that_is_not_there_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        ours = Supplicant(str(tmp_path), "/etc/networks.conf")
        assert not await ours.holds("wlan0")
        with pytest.raises(HandOverError, match=r"start one with -g .*-global"):
            await ours.store("wlan0", HOME)

    asyncio.run(scene())


# ---- who is there


@pytest.mark.parametrize(
    ("who", "title"),
    [
        ("networkmanager", "NetworkManager"),
        ("iwd", "iwd"),
        ("uci", "UCI"),
        ("wpa_supplicant", "wpa_supplicant"),
        ("networkd", None),
        ("none", None),
    ],
)
def test_who_is_named_is_taken(who: str, title: str | None) -> None:
    found = asyncio.run(choose(who, Place("wlan0", "/run/none", "/etc/none")))
    assert (None if found.manager is None else found.manager.title) == title


def test_who_is_there_is_taken_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = Place("wlan0", str(tmp_path), "/etc/none")

    async def found() -> tuple[str | None, str]:
        a_choice: Choice = await choose("auto", place)
        return (None if a_choice.manager is None else a_choice.manager.title), a_choice.reason

    async def scene() -> None:
        async with bus(tmp_path) as address:
            monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
            monkeypatch.setattr(choice, "has_networkd", lambda: False)
            assert (await found())[1].startswith("nobody manages networks here")
            monkeypatch.setattr(choice, "has_networkd", lambda: True)
            assert (await found())[1].startswith("systemd-networkd joins no Wi-Fi networks itself")
            async with supplicant(tmp_path):
                assert await found() == ("wpa_supplicant", f"it answers in {tmp_path}")
                async with service(address, "net.connman.iwd"):
                    assert (await found())[0] == "iwd"
                    monkeypatch.setattr(choice, "has_uci", lambda: True)
                    assert (await found())[0] == "UCI"
                    async with service(address, NM):
                        assert await found() == ("NetworkManager", "it has its name on D-Bus")

    asyncio.run(scene())


def test_openwrt_is_where_netifd_and_uci_are(openwrt: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "_NETIFD", openwrt / "netifd")
    assert not choice.has_uci()
    (openwrt / "netifd").touch()
    assert choice.has_uci()
    monkeypatch.setattr(choice, "_NETWORKD", openwrt)
    assert choice.has_networkd()
