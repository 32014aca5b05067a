# SPDX-License-Identifier: BSD-3-Clause
"""The configuration of stations: beside access points and without any, and what the buttons mean then."""

import pytest
from tests.unit.test_config_loader import ACCESS_POINT, problems_of

from wpsagent.config import (
    ButtonAction,
    CredentialProcessing,
    EapolTransport,
    PushButtonScan,
    StationSettings,
    describe,
    parse,
)
from wpsagent.rsn.rsne import FrameProtection

STATION = '[[station]]\ninterface = "wlan1"\n'
BUTTON = '[[button]]\nbackend = "simulated"\n'
NO_WPS = ACCESS_POINT + "wps = false\n"


def test_the_smallest_station_gets_every_default() -> None:
    configuration = parse(STATION, host_name="hall")
    assert configuration.access_points == ()
    assert configuration.stations == (
        StationSettings(
            interface="wlan1",
            networks_file="/var/lib/wps-agent/wlan1.conf",
            cred_processing=CredentialProcessing.INTERNAL,
            wps_priority=0,
            add_sae=False,
            pbc_scan=PushButtonScan.FULL,
            eapol=EapolTransport.AUTO,
            pmf=FrameProtection.OPTIONAL,
        ),
    )


@pytest.mark.parametrize(("said", "meant"), [("off", 0), ("optional", 1), ("required", 2)])
def test_protected_management_frames_are_off_optional_or_required(said: str, meant: int) -> None:
    assert parse(f'{STATION}pmf = "{said}"\n').stations[0].pmf is FrameProtection(meant)


def test_a_station_with_everything_said() -> None:
    text = (
        f'{STATION}networks_file = "/etc/networks.conf"\ncred_processing = "both"\n'
        'wps_priority = 5\nadd_sae = true\npbc_scan = "fast"\n'
        'eapol = "packet"\n'
    )
    assert parse(text).stations == (
        StationSettings(
            "wlan1",
            "/etc/networks.conf",
            CredentialProcessing.BOTH,
            5,
            True,
            PushButtonScan.FAST,
            EapolTransport.PACKET,
        ),
    )


def test_the_networks_lie_in_the_state_directory_of_the_agent() -> None:
    stations = parse(f'[agent]\nstate_directory = "/srv/state"\n{STATION}[[station]]\ninterface = "wlan2"\n').stations
    assert [station.networks_file for station in stations] == ["/srv/state/wlan1.conf", "/srv/state/wlan2.conf"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[station]]\n", "station[0].interface: missing, expected an interface name"),
        (STATION + "wps_priority = -1\n", "station[0].wps_priority: found -1, expected a whole number from 0 to 65535"),
        (STATION + 'pmf = "sometimes"\n', 'station[0].pmf: found "sometimes", expected'),
        (STATION + 'pbc_scan = "quick"\n', 'station[0].pbc_scan: found "quick", expected'),
        (STATION + "networks_file = 5\n", "station[0].networks_file: found 5, expected a text"),
        (STATION + STATION, 'station[1].interface: found "wlan1", which station[0] has already'),
        (
            ACCESS_POINT + STATION.replace("wlan1", "wlan0"),
            'station[0].interface: found "wlan0", which access_point[0] has already',
        ),
        (
            ACCESS_POINT + BUTTON + 'long_press = "station_pbc"\n',
            'button[0].long_press: found "station_pbc", expected with a table headed [[station]] only',
        ),
        (
            STATION + BUTTON + 'groups = ["main"]\n',
            "button[0].groups: found without access points, expected with them only",
        ),
    ],
)
def test_what_is_wrong_with_a_station_is_named(text: str, problem: str) -> None:
    (found,) = problems_of(text)
    assert found.startswith(problem)


def test_what_is_no_list_of_stations_is_one_problem() -> None:
    assert problems_of("station = 1") == ["station: found 1, expected tables headed [[station]]"]


@pytest.mark.parametrize(
    ("roles", "long_press"),
    [
        (ACCESS_POINT, ButtonAction.CANCEL),
        (STATION, ButtonAction.CANCEL),
        (ACCESS_POINT + STATION, ButtonAction.STATION_PBC),
    ],
)
def test_a_button_means_what_its_owner_expects(roles: str, long_press: ButtonAction) -> None:
    (button,) = parse(roles + BUTTON).buttons
    assert (button.short_press, button.long_press) == (ButtonAction.PBC, long_press)
    (button,) = parse(f'{roles}{BUTTON}long_press = "none"\n').buttons
    assert button.long_press is ButtonAction.NONE


def test_a_button_for_the_station_alone_needs_no_group_with_wps() -> None:
    (button,) = parse(f'{NO_WPS}{STATION}{BUTTON}short_press = "station_pbc"\nlong_press = "cancel"\n').buttons
    assert button.short_press is ButtonAction.STATION_PBC
    assert problems_of(NO_WPS + STATION + BUTTON) == [
        'button[0].groups: found "main", expected a group with wps = true in it'
    ]


def test_the_example_shows_a_station_that_works_when_its_marks_are_removed() -> None:
    block = describe().split("#[[station]]\n", 1)[1].split("\n\n")[0]
    text = "[[station]]\n" + "\n".join(line.removeprefix("#") for line in block.splitlines())
    assert parse(text) == parse(f'{STATION}create_on = "phy0"\n')
