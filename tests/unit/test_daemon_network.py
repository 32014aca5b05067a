# SPDX-License-Identifier: BSD-3-Clause
"""An access point as its commands see it: other settings on the same radio, up and down, its AP PIN, SET and GET."""

import asyncio
from pathlib import Path

import pytest
from tests.unit.jumping_loop import run
from tests.unit.network_house import (
    NEW,
    NEW_OPEN,
    NEW_PSK,
    NO_WPS,
    ONE,
    OTHER,
    TKIP,
    TWIN,
    House,
    play,
    ssids_of,
)
from tests.unit.roles_bench import LAPTOP, PHONE, association, authentication, entropy_of, only
from tests.unit.roles_fake_radio import settle

from wpsagent.config.hostapd_file import load as load_hostapd
from wpsagent.control.agent import AccessPoint
from wpsagent.daemon.networks import Networks
from wpsagent.errors import RadioError, UsageError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    FrameReceived,
    RadioLost,
    RemoveStation,
    SendFrame,
    StartAccessPoint,
    StopAccessPoint,
)
from wpsagent.roles import events as ap
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState

# ---- other settings


@pytest.mark.parametrize("settings", [NEW, NEW_PSK, NEW_OPEN])
def test_new_settings_are_kept_told_and_on_the_air_of_the_same_radio(settings: NetworkSettings, tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        (radio,) = house.radios
        radio.take()
        house.networks.reconfigure("wlan0", settings)
        assert house.first.network_settings == settings
        assert (tmp_path / "wlan0.access-point.json").exists()
        await settle()
        assert [type(event) for event in house.take()] == [e.NetworkChanged, e.AccessPointStarted]
        commands = radio.take()
        assert StopAccessPoint() in commands
        (start,) = only(commands, StartAccessPoint)
        assert (start.ssid, start.is_protected) == (b"new", settings is not NEW_OPEN)
        assert radio.closed == 0
        assert len(house.radios) == 1
        house.networks.reconfigure("wlan0", settings)  # nothing new
        await settle()
        assert house.take() == []
        assert radio.take() == []

    house = play(ONE, tmp_path, scene)
    assert house.radios[0].closed == 1

    async def after(house: House) -> None:
        assert ssids_of(house.radios[0]) == [b"new"]
        assert house.first.network_settings == settings

    play(ONE, tmp_path, after)


def test_who_edits_the_configuration_is_told_that_his_word_counts(tmp_path: Path) -> None:
    async def change(house: House) -> None:
        house.networks.reconfigure("wlan0", NEW)

    play(ONE, tmp_path, change)

    async def whole() -> None:
        house = House(ONE.replace("home", "by hand"), tmp_path)
        await house.networks.start()
        (dropped,) = house.take(e.SettingsDropped)
        assert isinstance(dropped, e.SettingsDropped)
        assert "has been changed since" in dropped.reason
        assert ssids_of(house.radios[0]) == [b"by hand"]
        await house.networks.stop()

    run(whole())


def test_a_network_that_is_down_has_its_new_settings_when_it_comes_up(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.radios[0].emit(RadioLost("gone"))
        await settle()
        house.networks.reconfigure("wlan0", NEW)
        await settle()
        assert ssids_of(house.radios[-1]) == [b"new"]

    play(ONE, tmp_path, scene)


def test_a_radio_that_refuses_the_new_settings_is_given_back_and_opened_again(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        (radio,) = house.radios
        radio.refuse = lambda command: RadioError("busy") if isinstance(command, StartAccessPoint) else None
        house.networks.reconfigure("wlan0", NEW)
        await settle()
        assert radio.closed == 1
        assert e.AccessPointFailed("wlan0", "busy") in house.take()
        await asyncio.sleep(2.5)
        assert house.take() == [e.AccessPointStarted("wlan0", Ssid(b"new"), 6, 2437)]
        assert ssids_of(house.radios[1]) == [b"new"]

    play(ONE, tmp_path, scene)


def test_stop_in_the_middle_of_a_change_leaves_no_radio_open(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.radios[0].go.clear()  # the radio hangs over our goodbye
        house.networks.reconfigure("wlan0", NEW)
        await settle()

    assert play(ONE, tmp_path, scene).radios[0].closed == 1


def test_settings_that_cannot_be_kept_hold_all_the_same_and_it_is_told(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        (tmp_path / "wlan0.access-point.json").mkdir()
        house.networks.reconfigure("wlan0", NEW)
        await settle()
        kinds = [type(event) for event in house.take()]
        assert kinds == [e.SettingsNotSaved, e.NetworkChanged, e.AccessPointStarted]

    play(ONE, tmp_path, scene)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        (TKIP, "WEP and TKIP are broken"),
        (NetworkSettings(Ssid(b""), AuthenticationType.OPEN, EncryptionType.NONE), "needs a name"),
        (NetworkSettings(Ssid(b"a"), AuthenticationType.SHARED, EncryptionType.WEP), "open or WPA2-PSK"),
        (NetworkSettings(Ssid(b"a"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES), "a key is a passphrase"),
        (
            NetworkSettings(
                Ssid(b"a"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=b"line\nbreak"
            ),
            "a key is a passphrase",
        ),
        (
            NetworkSettings(Ssid(b"a"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, psk=b"short"),
            "a key is a passphrase",
        ),
    ],
)
def test_what_cannot_be_run_is_refused_and_nothing_changes(
    settings: NetworkSettings, complaint: str, tmp_path: Path
) -> None:
    async def scene(house: House) -> None:
        before = house.first.settings
        with pytest.raises(UsageError, match=complaint):
            house.networks.reconfigure("wlan0", settings)
        with pytest.raises(UsageError, match=complaint):
            house.first.configure(settings)
        assert house.first.settings == before
        assert house.take() == []

    play(ONE, tmp_path, scene)


def test_a_registrar_s_settings_are_for_all_bands_of_one_network_and_for_no_other(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.change(is_from_registrar=True)
        told = [type(event) for event in house.take()]
        assert told == [e.NetworkChanged, e.NetworkChanged, e.RegistrarSucceeded]
        await settle()
        assert [network.settings.ssid for network in house.networks.networks] == [b"new", b"new", b"garden"]

    play(ONE + TWIN + OTHER, tmp_path, scene)


def test_settings_for_another_program_are_told_and_not_taken_over(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.first._ap_events([ap.ApSettingsChanged(PHONE, NEW, b"\x10\x0e", is_to_be_applied=False)])
        assert house.take() == [e.NetworkChanged("wlan0", Ssid(b"new"), "100e")]
        house.first.configure(NEW)
        (told,) = house.take()
        assert isinstance(told, e.NetworkChanged)
        assert b"staple of a horse".hex() in told.told
        assert house.first.settings.ssid == b"home"

    play(f'{ONE}cred_processing = "external"\n', tmp_path, scene)


def test_wps_config_is_taken_over_and_told_without_the_key(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.first.configure(NEW)
        assert house.take() == [e.NetworkChanged("wlan0", Ssid(b"new"), "")]
        assert house.first.network_settings == NEW

    play(ONE, tmp_path, scene)


def test_an_unconfigured_network_is_configured_by_what_it_was_given(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        states = [house.first.wps_state]
        house.change()
        states.append(house.first.wps_state)
        house.networks.reconfigure("wlan0", NEW, is_configured=False)
        states.append(house.first.wps_state)
        assert states == [WpsState.NOT_CONFIGURED, WpsState.CONFIGURED, WpsState.NOT_CONFIGURED]

    play(f'{ONE}wps_state = "unconfigured"\n', tmp_path, scene)


def test_only_access_points_of_ours_are_reconfigured(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        with pytest.raises(UsageError, match="there is no access point on wlan9"):
            house.networks.reconfigure("wlan9", NEW)
        with pytest.raises(UsageError, match="WPS is off on guest0"):
            house.first.configure(NEW)

    play(NO_WPS, tmp_path, scene)


# ---- keys of single devices


def test_a_key_that_wps_made_is_kept_where_there_is_a_file(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text(f"{LAPTOP} passphrase of one\n00:00:00:00:00:00 {'0a' * 32}\n")

    async def scene(house: House) -> None:
        house.first._ap_events([ap.PskAdded(PHONE, b"\x05" * 32)])
        assert house.take() == []
        assert keys.read_text().endswith(f"wps=1 {PHONE} {'05' * 32}\n")
        keys.unlink()
        keys.mkdir()
        house.first._ap_events([ap.PskAdded(PHONE, b"\x06" * 32)])
        (told,) = house.take()
        assert isinstance(told, e.SettingsNotSaved)

    play(f'{ONE}psk_file = "{keys}"\n', tmp_path, scene)


def test_a_key_without_a_file_is_told_to_be_forgotten(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.first._ap_events([ap.PskAdded(PHONE, b"\x05" * 32)])
        (told,) = house.take()
        assert isinstance(told, e.SettingsNotSaved)
        assert "set psk_file to keep it" in told.reason

    play(ONE, tmp_path, scene)


def test_a_file_of_keys_that_has_become_unreadable_is_told(tmp_path: Path) -> None:
    keys = tmp_path / "keys"

    async def scene(house: House) -> None:
        keys.write_text("nonsense\n")
        house.first.reload()
        (dropped,) = house.take()
        assert isinstance(dropped, e.SettingsDropped)
        assert "line 1" in dropped.reason
        assert "nonsense" not in dropped.reason

    play(f'{ONE}psk_file = "{keys}"\n', tmp_path, scene)


# ---- up and down


def test_it_is_taken_down_and_brought_up_by_wish(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        network = house.first
        with pytest.raises(UsageError, match="enabled already"):
            network.enable()
        network.disable()
        with pytest.raises(UsageError, match="disabled already"):
            network.disable()
        await settle()
        assert house.take() == [e.AccessPointStopped("wlan0")]
        assert house.radios[0].closed == 1
        assert (network.status.is_enabled, network.status.on_air) == (False, None)
        await asyncio.sleep(100)
        assert house.take() == []
        network.enable()
        await settle()
        assert [type(event) for event in house.take()] == [e.AccessPointStarted]
        assert network.status.is_enabled
        on_air = network.status.on_air
        assert on_air is not None
        assert (on_air.rates[:2], on_air.max_power_dbm) == ((2, 4), 20.0)

    play(ONE, tmp_path, scene)


def test_a_network_that_is_disabled_while_its_radio_is_gone_stays_down(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.radios[0].emit(RadioLost("gone"))
        await settle()
        house.first.disable()
        await asyncio.sleep(100)
        assert len(house.radios) == 1
        house.first.enable()
        await settle()
        assert house.first.is_up

    play(ONE, tmp_path, scene)


# ---- stations


def join(house: House, *addresses: MacAddress) -> None:
    for address in addresses:
        house.radios[0].emit(FrameReceived(authentication(address).encode()))
        house.radios[0].emit(FrameReceived(association(address, b"").encode()))


OPEN = ONE.replace('passphrase = "correct horse"', 'security = "open"')


def test_stations_are_listed_with_what_they_said_of_themselves(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        assert list(house.first.clients()) == []
        join(house, PHONE, LAPTOP)
        house.radios[0].emit(FrameReceived(authentication(MacAddress.parse("02:00:00:00:03:00")).encode()))
        laptop, phone = house.first.clients()
        assert (laptop.address, phone.address, phone.aid, laptop.aid) == (LAPTOP, PHONE, 1, 2)
        assert (phone.listen_interval, phone.has_wmm, phone.is_wps, phone.is_wps2) == (10, True, False, False)
        assert phone.supported_rates[:2] == b"\x02\x04"
        assert not phone.is_associated
        await asyncio.sleep(1.5)
        assert house.first.clients()[0].connected_seconds == 1
        assert house.first.clients()[0].inactive_seconds == pytest.approx(1.5)

    play(OPEN, tmp_path, scene)


@pytest.mark.parametrize(("is_for_good", "frame_type"), [(True, 0xC0), (False, 0xA0)])
def test_stations_are_sent_away_one_by_one_or_all(is_for_good: bool, frame_type: int, tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        network = house.first
        assert not network.send_away(PHONE, 5, is_deauthentication=is_for_good)
        join(house, PHONE, LAPTOP)
        await settle()
        house.radios[0].take()
        assert network.send_away(PHONE, 5, is_deauthentication=is_for_good)
        await settle()
        commands = house.radios[0].take()
        assert RemoveStation(PHONE) in commands
        (sent,) = only(commands, SendFrame)
        assert (sent.frame[0], sent.frame[-2:]) == (frame_type, b"\x05\x00")
        assert network.send_away(BROADCAST, 1, is_deauthentication=True)
        assert list(network.clients()) == []

    play(OPEN, tmp_path, scene)


def test_a_network_that_is_down_has_no_stations(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        house.first.disable()
        await settle()
        assert list(house.first.clients()) == []
        assert not house.first.send_away(BROADCAST, 1, is_deauthentication=True)

    play(ONE, tmp_path, scene)


# ---- the AP PIN


def test_an_ap_pin_is_set_made_taken_back_and_expires(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        door: AccessPoint = house.first
        pins = [door.ap_pin]
        for pin in (b"12345670", None):
            door.set_ap_pin(pin, 0)
            pins.append(door.ap_pin)
        assert pins == [None, b"12345670", None]
        assert house.take() == [e.ApPinDisabled("wlan0"), e.ApPinDisabled("wlan1")]
        made = door.new_ap_pin(30)
        pins = [door.ap_pin, house.networks.networks[1].ap_pin]
        await asyncio.sleep(31)
        assert [*pins, door.ap_pin] == [made, made, None]
        assert house.take() == [e.ApPinDisabled("wlan0"), e.ApPinDisabled("wlan1")]
        with pytest.raises(UsageError, match="4 or 8 digits"):
            door.set_ap_pin(b"12", 0)

    play(ONE + TWIN, tmp_path, scene)


def test_without_wps_there_is_no_ap_pin(tmp_path: Path) -> None:
    async def scene(house: House) -> None:
        assert house.first.ap_pin is None
        assert house.first.wps_state is None
        for call in (lambda: house.first.set_ap_pin(None, 0), lambda: house.first.new_ap_pin(0)):
            with pytest.raises(UsageError, match="WPS is off on guest0"):
                call()

    play(NO_WPS, tmp_path, scene)


def test_wrong_pins_are_remembered_over_a_restart_and_told_again(tmp_path: Path) -> None:
    async def guess(house: House) -> None:
        for _ in range(3):
            house.first.enrolment.authentication_failed(asyncio.get_running_loop().time())
        house.networks.pump("main")
        assert house.take() == [e.SetupLocked("wlan0", asyncio.get_running_loop().time() + 60)]

    play(f'{ONE}ap_pin = "12345670"\n', tmp_path, guess)
    assert (tmp_path / "main.lock-out").stat().st_mode & 0o777 == 0o600

    async def whole() -> None:
        house = House(f'{ONE}ap_pin = "12345670"\n', tmp_path)
        await house.networks.start()
        now = asyncio.get_running_loop().time()
        assert house.take(e.SetupLocked) == [e.SetupLocked("wlan0", now + 60)]
        (start,) = only(house.radios[0].take(), StartAccessPoint)
        assert bytes.fromhex("1057000101") in start.beacon.tail  # AP Setup Locked
        await asyncio.sleep(61)
        assert house.take() == [e.SetupUnlocked("wlan0")]
        await house.networks.stop()

    run(whole())


# ---- from a hostapd.conf


HOSTAPD_CONF = """# my own words
interface=wlan0
ssid=home
channel=6
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase=correct horse
eap_server=1
wps_state=1
"""


def test_a_network_from_hostapd_conf_is_kept_in_that_file(tmp_path: Path) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_text(HOSTAPD_CONF)

    async def whole() -> None:
        house = House(ONE, tmp_path)
        house.networks = Networks(load_hostapd(path), house.open_radio, entropy_of("house"), house.told.append)
        await house.networks.start()
        house.change(NEW)
        await settle()
        await house.networks.stop()

    run(whole())
    text = path.read_text()
    assert "# my own words\n" in text
    assert "ssid=new\n" in text
    assert "#WPS# wpa_passphrase=correct horse" in text
    (settings,) = load_hostapd(path).access_points
    assert (settings.ssid, settings.passphrase, settings.wps_state) == (b"new", b"staple of a horse", 2)
    assert list(tmp_path.iterdir()) == [path]


def test_a_hostapd_conf_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_text(HOSTAPD_CONF)

    async def whole() -> None:
        house = House(ONE, tmp_path)
        house.networks = Networks(load_hostapd(path), house.open_radio, entropy_of("house"), house.told.append)
        await house.networks.start()
        path.unlink()
        house.take()
        house.change(NEW)
        assert [type(event) for event in house.take()] == [e.SettingsNotSaved, e.NetworkChanged]
        await house.networks.stop()

    run(whole())
