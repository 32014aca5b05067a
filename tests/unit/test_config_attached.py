# SPDX-License-Identifier: BSD-3-Clause
"""Tables whose interface hostapd or wpa_supplicant has: defaults, what they may not say, auto, who may follow."""

import pytest

from wpsagent.config.loader import parse
from wpsagent.config.model import AttachedSettings, Backend, Configuration
from wpsagent.errors import ConfigError

OURS = '[[access_point]]\ninterface = "wlan9"\nssid = "home"\npassphrase = "correct horse"\n'


def parsed(text: str) -> Configuration:
    return parse(text, host_name="node")


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parsed(text)
    return [problem.removeprefix("wps-agent.toml: ") for problem in caught.value.problems]


def test_an_interface_of_hostapds_needs_no_more_than_its_name() -> None:
    configuration = parsed('[[access_point]]\ninterface = "wlan0"\nbackend = "hostapd"\n')
    assert configuration.access_points == ()
    [attached] = configuration.attached
    assert attached == AttachedSettings("wlan0", Backend.HOSTAPD, "/run/hostapd", "main")
    assert attached.is_access_point


def test_folder_and_button_group_are_taken_over() -> None:
    configuration = parsed(
        '[[access_point]]\ninterface = "wlan0"\nbackend = "hostapd"\ncontrol = "/run/h"\nbutton_group = "guest"\n'
        '[[station]]\ninterface = "wlan1"\nbackend = "wpa_supplicant"\ncontrol = "/run/w"\n'
    )
    assert configuration.attached == (
        AttachedSettings("wlan0", Backend.HOSTAPD, "/run/h", "guest"),
        AttachedSettings("wlan1", Backend.WPA_SUPPLICANT, "/run/w", is_first_station=True),
    )
    assert not configuration.attached[1].is_access_point


def test_only_the_first_station_of_the_file_has_the_stations_button() -> None:
    ours = '[[station]]\ninterface = "wlan1"\n'
    theirs = '[[station]]\ninterface = "wlan2"\nbackend = "wpa_supplicant"\n'
    assert not parsed(ours + theirs).attached[0].is_first_station
    assert parsed(theirs + ours).attached[0].is_first_station


def test_what_the_owner_is_told_elsewhere_is_refused_here() -> None:
    assert problems('[[access_point]]\ninterface = "wlan0"\nbackend = "hostapd"\nssid = "home"\nchannel = 6\n') == [
        'access_point[0].channel: found with backend = "hostapd", expected in the configuration of hostapd only',
        'access_point[0].ssid: found with backend = "hostapd", expected in the configuration of hostapd only',
    ]
    assert problems('[[station]]\ninterface = "wlan0"\nbackend = "wpa_supplicant"\npmf = "off"\n') == [
        'station[0].pmf: found with backend = "wpa_supplicant", expected in the configuration of wpa_supplicant only'
    ]


def test_a_role_takes_no_owner_of_the_other_role() -> None:
    [problem] = problems('[[station]]\ninterface = "wlan0"\nbackend = "hostapd"\n')
    assert problem.startswith('station[0].backend: found "hostapd", expected ')


def test_auto_needs_what_our_own_network_needs_and_says_where_to_look() -> None:
    assert problems('[[access_point]]\ninterface = "wlan0"\nbackend = "auto"\n')
    auto = 'backend = "auto"\ncontrol = "/run/h"\n'
    assert parsed(OURS + auto).access_points[0].owner_directory == "/run/h"
    assert parsed(OURS).access_points[0].owner_directory is None
    station = parsed('[[station]]\ninterface = "wlan0"\nbackend = "auto"\n').stations[0]
    assert station.owner_directory == "/run/wpa_supplicant"


def test_one_interface_has_one_table_whoever_owns_it() -> None:
    text = OURS + '[[access_point]]\ninterface = "wlan9"\nbackend = "hostapd"\n'
    assert problems(text) == ['access_point[1].interface: found "wlan9", which access_point[0] has already']


@pytest.mark.parametrize("backend", ["wpa_supplicant", "auto"])
def test_a_station_that_may_be_theirs_cannot_be_followed(backend: str) -> None:
    text = f'{OURS}follow = "wlan1"\n[[station]]\ninterface = "wlan1"\nbackend = "{backend}"\n'
    assert problems(text) == [
        'access_point[0].follow: found "wlan1", expected a station with backend = "nl80211"',
    ]


def test_buttons_may_name_the_group_of_an_interface_that_is_hostapds() -> None:
    text = (
        '[[access_point]]\ninterface = "wlan0"\nbackend = "hostapd"\nbutton_group = "guest"\n'
        '[[button]]\nbackend = "simulated"\ngroups = ["guest"]\n'
    )
    assert parsed(text).buttons[0].groups == ("guest",)
