# SPDX-License-Identifier: BSD-3-Clause
"""The keys of a repeater: whom a network follows, and stations on interfaces that are made for them."""

import pytest

from wpsagent.config.loader import parse
from wpsagent.errors import ConfigError

AP = '[[access_point]]\ninterface = "wlan1"\nssid = "mine"\npassphrase = "correct horse"\n'
STATION = '[[station]]\ninterface = "wlan0"\n'


def problem(text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    (line,) = caught.value.problems
    return line.partition(": ")[2]


def test_nobody_follows_and_nothing_is_created_unless_it_is_said() -> None:
    configuration = parse(AP + STATION)
    assert configuration.access_points[0].follow is None
    assert configuration.stations[0].create_on is None


def test_a_network_follows_a_station_on_an_interface_made_for_it() -> None:
    configuration = parse(f'{AP}follow = "wlan0"\n{STATION}create_on = "phy0"\ncred_processing = "both"\n')
    assert configuration.access_points[0].follow == "wlan0"
    assert configuration.stations[0].create_on == "phy0"


def test_only_a_station_can_be_followed() -> None:
    text = 'access_point[0].follow: found "wlan1", expected the interface of a table headed [[station]]'
    assert problem(f'{AP}follow = "wlan1"\n{STATION}') == text


def test_a_station_that_gives_away_what_it_learns_cannot_be_followed() -> None:
    text = problem(f'{AP}follow = "wlan0"\n{STATION}cred_processing = "external"\n')
    assert text.startswith('access_point[0].follow: found "wlan0", expected a station that keeps what it learns')


def test_a_value_that_is_no_name_is_told_once() -> None:
    assert problem(f"{AP}follow = 3\n{STATION}").startswith("access_point[0].follow: found 3")


def test_an_interface_is_not_created_on_itself() -> None:
    text = "station[0].create_on: found the same name as interface, expected the phy or interface to build on"
    assert problem(f'{STATION}create_on = "wlan0"\n') == text
