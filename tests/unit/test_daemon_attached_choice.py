# SPDX-License-Identifier: BSD-3-Clause
"""backend = "auto": who has the radio, and why; how an owner is asked."""

import logging
import os
import socket
import threading
from pathlib import Path

import pytest

from wpsagent.config.loader import parse
from wpsagent.config.model import AttachedSettings, Backend
from wpsagent.daemon.attached import choice as module
from wpsagent.daemon.attached.choice import ANSWERS, FORBIDDEN, SILENT, Choice, choose, log_choices, probe, undecided

TEXT = """
[[access_point]]
interface = "wlan0"
backend = "auto"
ssid = "home"
passphrase = "correct horse"
button_group = "guest"
[[access_point]]
interface = "wlan1"
ssid = "home"
passphrase = "correct horse"
[[access_point]]
interface = "wlan2"
backend = "hostapd"
[[station]]
interface = "wlan3"
backend = "auto"
[[station]]
interface = "wlan4"
"""


def test_nobody_there_means_that_it_is_ours() -> None:
    configuration, choices = choose(parse(TEXT), lambda _path: None)
    assert [ap.interface for ap in configuration.access_points] == ["wlan0", "wlan1"]
    assert [one.interface for one in configuration.attached] == ["wlan2"]
    assert choices == (
        Choice("wlan2", Backend.HOSTAPD, "the configuration says so"),
        Choice("wlan0", Backend.NL80211, "auto: no hostapd is on /run/hostapd/wlan0, so the radio is ours"),
        Choice("wlan1", Backend.NL80211, "the configuration says so"),
        Choice(
            "wlan3", Backend.NL80211, "auto: no wpa_supplicant is on /run/wpa_supplicant/wlan3, so the radio is ours"
        ),
        Choice("wlan4", Backend.NL80211, "the configuration says so"),
    )


@pytest.mark.parametrize("word", [ANSWERS, SILENT, FORBIDDEN])
def test_an_owner_keeps_its_radio_even_if_it_may_not_be_asked(word: str) -> None:
    configuration, _ = choose(parse(TEXT), lambda _path: word)
    assert [ap.interface for ap in configuration.access_points] == ["wlan1"]
    assert [station.interface for station in configuration.stations] == ["wlan4"]
    reason = f"auto: hostapd {word} on /run/hostapd/wlan0"
    assert configuration.attached[1] == AttachedSettings(
        "wlan0", Backend.HOSTAPD, "/run/hostapd", "guest", reason=reason
    )
    assert configuration.attached[2].is_first_station


def test_the_first_station_stays_the_first() -> None:
    text = '[[station]]\ninterface = "a"\nbackend = "wpa_supplicant"\n[[station]]\ninterface = "b"\nbackend = "auto"\n'
    configuration, _ = choose(parse(text), lambda _path: ANSWERS)
    assert [one.is_first_station for one in configuration.attached] == [True, False]


def test_what_is_undecided() -> None:
    assert undecided(parse(TEXT)) == {
        "wlan0": Path("/run/hostapd/wlan0"),
        "wlan3": Path("/run/wpa_supplicant/wlan3"),
    }


@pytest.mark.parametrize("line", ['hand_over = "auto"', "take_interface = true"])
def test_who_has_an_interface_that_is_borrowed_does_not_matter(line: str) -> None:
    """NetworkManager's wpa_supplicant has a socket there, too."""
    wanted = parse(f'[[station]]\ninterface = "wlan0"\nbackend = "auto"\n{line}\n')
    configuration, choices = choose(wanted, lambda _path: ANSWERS)
    assert [station.interface for station in configuration.stations] == ["wlan0"]
    assert choices[0].reason == "auto: it is borrowed from whoever manages networks here"
    assert undecided(wanted) == {}


def test_what_is_not_as_always_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log_choices(choose(parse(TEXT), lambda _path: None)[1])
    assert [record.getMessage().partition(" ")[0] for record in caplog.records] == ["wlan2:", "wlan0:", "wlan3:"]


# ---- asking


def test_nobody_and_somebody_who_has_gone(tmp_path: Path) -> None:
    assert probe(tmp_path / "wlan0") is None
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "wlan0"))
    assert probe(tmp_path / "wlan0") is None


def test_somebody_who_answers_and_somebody_who_does_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_TIME", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(str(tmp_path / "wlan0"))
        assert probe(tmp_path / "wlan0") == SILENT
        server.recv(100)

        def answer() -> None:
            request, address = server.recvfrom(100)
            server.sendto(b"PONG\n" if request == b"PING" else b"FAIL\n", address)

        thread = threading.Thread(target=answer)
        thread.start()
        monkeypatch.setattr(module, "ANSWER_TIME", 10.0)
        assert probe(tmp_path / "wlan0") == ANSWERS
        thread.join()


def test_somebody_who_may_not_be_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: str) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert probe(tmp_path / "wlan0") == FORBIDDEN
