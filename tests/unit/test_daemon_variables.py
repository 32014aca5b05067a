# SPDX-License-Identifier: BSD-3-Clause
"""hostapd's variables of an access point while it runs: SET and GET."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.network_house import (
    ONE,
    House,
    play,
    ssids_of,
)
from tests.unit.roles_fake_radio import nth, settle

from wpsagent.errors import UsageError
from wpsagent.wsc.enumerations import WpsState
from wpsagent.wsc.lock_out import SetupLockMode

# ---- SET and GET


def test_variables_are_on_the_air_from_reload_on_all_together(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        network, (radio,) = house.first, house.radios
        radio.take()
        for name, value in (
            ("ssid", "renamed"),
            ("wpa_passphrase", "another passphrase"),
            ("device_name", "Hall"),
            ("uuid", "2b7093f1-d6fb-5108-adbb-bea66bb87333"),
        ):
            network.set_variable(name, value)
        assert network.get_variable("ssid") == "renamed"
        assert network.settings.ssid == b"home"
        assert house.networks.device.name == "WPS Agent"
        network.reload()
        await settle()
        assert ssids_of(radio) == [b"renamed"]
        assert network.settings.passphrase == b"another passphrase"
        registrar = house.networks.groups["main"].registrar
        assert (registrar.device.device_name, registrar.uuid[:4]) == ("Hall", bytes.fromhex("2b7093f1"))
        assert not (tmp_path / "wlan0.access-point.json").exists()
        network.reload()
        await settle()
        assert radio.take() == []

    play(ONE, tmp_path, scene)


def test_wps_is_turned_off_and_on_again(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        network = house.first
        network.set_variable("wps_state", "0")
        network.reload()
        await settle()
        states = [network.wps_state]
        assert house.networks.groups["main"].runners == []
        network.set_variable("wps_state", "1")
        assert network.get_variable("wps_state") == "1"
        network.reload()
        await settle()
        assert [*states, network.wps_state] == [None, WpsState.NOT_CONFIGURED]
        assert len(house.networks.groups["main"].runners) == 1

    play(ONE, tmp_path, scene)


def test_what_concerns_the_ap_pin_counts_at_once(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        network = house.first
        network.set_variable("ap_pin", "12345670")
        pins = [network.ap_pin]
        network.set_variable("ap_setup_locked", "1")
        assert network.setup_lock is SetupLockMode.LOCKED
        assert network.get_variable("ap_setup_locked") == "1"
        network.set_variable("ap_pin", "")
        assert [*pins, network.ap_pin] == [b"12345670", None]
        network.set_variable("wps_pin_requests", str(tmp_path / "pins"))
        assert network.get_variable("wps_pin_requests") == str(tmp_path / "pins")

    play(ONE, tmp_path, scene)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("wps_state", "2"),
        ("ap_setup_locked", "0"),
        ("device_name", "Hall light"),
        ("manufacturer", "Maker"),
        ("model_name", "Model"),
        ("model_number", "42"),
        ("serial_number", "0815"),
        ("device_type", "1-0050F204-1"),
        ("os_version", "01020300"),
        ("config_methods", "display physical_push_button keypad"),
        ("uuid", "2b7093f1-d6fb-5108-adbb-bea66bb87333"),
        ("ssid", "a name"),
        ("ssid2", "61206e616d65"),
    ],
)
def test_what_was_set_can_be_read(name: str, value: str, tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.first.set_variable(name, value)
        shown = house.first.get_variable(name)
        assert set(value.split()) <= {*shown.split(), "display"}

    play(ONE, tmp_path, scene)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("nonsense", "1"),
        ("channel", "11"),
        ("wep_key0", "12345"),
        ("wps_state", "3"),
        ("wps_state", ""),
        ("ap_setup_locked", "yes"),
        ("ap_pin", "12345671"),
        ("ap_pin", "pin"),
        ("device_name", "x" * 33),
        ("device_name", "two\nlines"),
        ("manufacturer", "\x1b[31m"),
        ("os_version", "1"),
        ("uuid", "nonsense"),
        ("device_type", "6"),
        ("config_methods", "magic"),
        ("ssid", ""),
        ("ssid", "x" * 33),
        ("wpa_passphrase", "short"),
        ("wpa_passphrase", "line\nbreak"),
        ("wpa_psk", "0a"),
    ],
)
def test_what_cannot_be_set_is_refused_without_its_value(name: str, value: str, tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        before = house.first.variables.settings, house.first.variables.device
        with pytest.raises(UsageError) as caught:
            house.first.set_variable(name, value)
        assert value not in str(caught.value) or len(value) < 6
        assert (house.first.variables.settings, house.first.variables.device) == before

    play(ONE, tmp_path, scene)


@pytest.mark.parametrize("name", ["wpa_passphrase", "wpa_psk", "ap_pin", "nonsense", "channel"])
def test_secrets_and_unknown_names_are_not_told(name: str, tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        with pytest.raises(UsageError, match=r"secret|no variable"):
            house.first.get_variable(name)

    play(ONE, tmp_path, scene)


def test_no_uuid_is_no_text(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        assert house.first.get_variable("uuid") == ""

    play(ONE, tmp_path, scene)


def test_a_hidden_network_has_no_wps(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        with pytest.raises(UsageError, match="forbidden on hidden networks"):
            house.first.set_variable("wps_state", "2")

    play(f"{ONE}hidden = true\nwps = false\n", tmp_path, scene)


def test_a_start_that_fails_on_a_radio_that_was_handed_on_is_tried_on_a_new_one(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.radios[0].refuse = nth(4)
        house.first.begin_anew()
        await asyncio.sleep(3)
        assert house.first.is_up
        assert [radio.closed for radio in house.radios] == [1, 0]

    play(ONE, tmp_path, scene)
