# SPDX-License-Identifier: BSD-3-Clause
"""What wpa_supplicant says of a station → the agent's events; what the agent wants → its commands; odd texts."""

import random

import pytest
from tests.unit.owned_bench import answered, events_of, heard

from wpsagent.daemon.attached.station import OwnedStation
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import station_events as s

AP = MacAddress.parse("02:00:00:00:00:0a")
IDLE = "wpa_state=DISCONNECTED\naddress=02:00:00:00:00:01\n"
THERE = f"bssid={AP}\nfreq=2412\nssid=home\nid=2\nid_str=desk\nmode=station\nwpa_state=COMPLETED\n"
NETWORKS = "network id / ssid / bssid / flags\n0\thome\tany\t[CURRENT]\n1\tgarden\tany\t\n"
Result, Method = s.StationWpsResult, s.StationMethod


def begun(status: str = IDLE) -> OwnedStation:
    machine = OwnedStation("wlan1")
    machine.begin(status, 0.0)
    machine.commands_to_send()
    events_of(machine)
    return machine


def test_what_it_is_is_told_and_its_networks_asked_for() -> None:
    machine = OwnedStation("wlan1")
    machine.begin(THERE, 0.0)
    assert events_of(machine) == [
        s.StationStarted("wlan1", 0),
        s.Joined("wlan1", AP, Ssid(b"home"), 2, "desk"),
    ]
    assert machine.commands_to_send() == ["LIST_NETWORKS"]
    assert answered(machine, "LIST_NETWORKS", NETWORKS) == [s.NetworksKnown("wlan1", 2)]
    assert answered(machine, "LIST_NETWORKS", "") == [s.NetworksKnown("wlan1", 0)]


def test_somebody_else_is_refused() -> None:
    with pytest.raises(UsageError, match="wlan1 does not answer as wpa_supplicant does"):
        OwnedStation("wlan1").begin("state=ENABLED\nbss[0]=wlan1\n", 0.0)


def test_where_it_is_is_told_when_it_is_there() -> None:
    machine = begun()
    assert heard(machine, f"CTRL-EVENT-CONNECTED - Connection to {AP} completed [id=2 id_str=desk]") == []
    assert machine.commands_to_send() == ["STATUS"]
    assert answered(machine, "STATUS", IDLE) == []  # gone again meanwhile
    assert answered(machine, "STATUS", THERE) == [s.Joined("wlan1", AP, Ssid(b"home"), 2, "desk")]
    assert heard(machine, f"CTRL-EVENT-DISCONNECTED bssid={AP} reason=3 locally_generated=1") == [
        s.Left("wlan1", AP, 3, is_local=True)
    ]
    text = f"CTRL-EVENT-DISCONNECTED bssid={AP} reason=3"
    assert heard(machine, text) == [s.StationSignal("wlan1", text)]  # it was in none


def test_the_access_points_farewell_is_not_ours() -> None:
    machine = begun(THERE)
    assert heard(machine, f"CTRL-EVENT-DISCONNECTED bssid={AP} reason=7") == [s.Left("wlan1", AP, 7, is_local=False)]


def test_networks_are_counted_when_they_change() -> None:
    machine = begun()
    assert heard(machine, "CTRL-EVENT-NETWORK-ADDED 0", "CTRL-EVENT-NETWORK-REMOVED 0") == [
        s.StationSignal("wlan1", "CTRL-EVENT-NETWORK-ADDED 0"),
        s.StationSignal("wlan1", "CTRL-EVENT-NETWORK-REMOVED 0"),
    ]
    assert machine.commands_to_send() == ["LIST_NETWORKS"]


# ---- WPS


def test_wishes_become_commands() -> None:
    machine = begun()
    machine.press_button()
    machine.cancel()
    assert machine.commands_to_send() == ["WPS_PBC", "WPS_CANCEL"]


@pytest.mark.parametrize(
    ("start", "method"), [("WPS-PBC-ACTIVE ", Method.PUSH_BUTTON), ("WPS-PIN-ACTIVE ", Method.PIN)]
)
def test_a_run_is_told_from_its_beginning_to_its_success(start: str, method: s.StationMethod) -> None:
    machine = begun()
    assert heard(machine, start) == [s.StationWpsStarted("wlan1", method, 130.0)]
    deadlines = [machine.deadline]
    assert heard(machine, "WPS-SUCCESS ") == [
        s.StationSignal("wlan1", "WPS-SUCCESS "),
        s.StationWpsEnded("wlan1", method, Result.SUCCEEDED),
    ]
    deadlines.append(machine.deadline)
    assert deadlines == [135.0, None]
    assert heard(machine, "WPS-PBC-DISABLE ") == []


@pytest.mark.parametrize(
    ("line", "result", "cause"),
    [
        ("WPS-TIMEOUT Requested operation timed out", Result.TIMED_OUT, "no_access_point"),
        ("WPS-CANCEL ", Result.CANCELLED, "cancelled"),
        ("WPS-OVERLAP-DETECTED PBC session overlap", Result.OVERLAP, "overlap"),
    ],
)
def test_how_a_run_ends_without_success(line: str, result: s.StationWpsResult, cause: str) -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    [event] = heard(machine, line, "WPS-CANCEL ")
    assert isinstance(event, s.StationWpsEnded)
    assert (event.result, event.cause) == (result, cause)
    assert event.reason


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("WPS-FAIL msg=8 config_error=18", "first_half_wrong"),
        ("WPS-FAIL msg=10 config_error=18", "second_half_wrong"),
        ("WPS-FAIL msg=5 config_error=15", "locked"),
        ("WPS-FAIL msg=5 config_error=12", "overlap_at_access_point"),
        ("WPS-FAIL msg=12 config_error=0 reason=2 (WEP Prohibited)", "wep_prohibited"),
        ("WPS-FAIL msg=99 config_error=0 reason=77 (?)", "refused"),
        ("WPS-FAIL ", "refused"),
        ("WPS-FAIL msg=a lot", "refused"),
    ],
)
def test_why_a_run_failed(line: str, cause: str) -> None:
    machine = begun()
    heard(machine, "WPS-PIN-ACTIVE ")
    signal, event = heard(machine, line)
    assert signal == s.StationSignal("wlan1", line)
    assert isinstance(event, s.StationWpsEnded)
    assert (event.result, event.cause) == (Result.FAILED, cause)


def test_a_registrars_run_begins_with_the_command() -> None:
    machine = begun()
    assert answered(machine, f"WPS_REG {AP} 12345670", "FAIL\n") == []
    assert answered(machine, f"WPS_REG {AP} 12345670", "OK\n") == [s.StationWpsStarted("wlan1", Method.AP_PIN, 130.0)]


@pytest.mark.parametrize(("reply", "shown"), [("FAIL-PBC-OVERLAP\n", "FAIL-PBC-OVERLAP"), ("\x1b[\n", r"'\x1b['")])
def test_a_refused_press_is_told(reply: str, shown: str) -> None:
    machine = begun()
    assert answered(machine, "WPS_PBC", "OK\n") == []
    assert answered(machine, "WPS_PBC any", reply) == [
        s.StationWpsRefused("wlan1", f"wpa_supplicant refused it on wlan1 ({shown})")
    ]


def test_an_end_that_is_never_told_comes_all_the_same() -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    machine.handle_timer(134.0)
    assert events_of(machine) == []
    machine.handle_timer(135.0)
    [event] = events_of(machine)
    assert isinstance(event, s.StationWpsEnded)
    assert event.result is Result.TIMED_OUT
    machine.handle_timer(136.0)
    assert events_of(machine) == []


def test_the_end_of_wpa_supplicant_ends_the_run() -> None:
    machine = begun(THERE)
    heard(machine, "WPS-PBC-ACTIVE ")
    machine.lost("wpa_supplicant has ended", 20.0)
    ended, lost = events_of(machine)
    assert isinstance(ended, s.StationWpsEnded)
    assert (ended.cause, ended.reason) == ("radio_lost", "the radio is gone: wpa_supplicant has ended")
    assert lost == s.StationLost("wlan1", "wpa_supplicant has ended")


# ---- odd texts


@pytest.mark.parametrize(
    "status",
    [
        THERE.replace(f"bssid={AP}", "bssid=?"),
        THERE.replace("ssid=home", "ssid=" + "\\xff" * 33),
        THERE.replace("id=2", "id=two"),
        THERE.replace("id=2", "id=99999999999"),
    ],
)
def test_a_status_without_sense_is_no_network(status: str) -> None:
    assert answered(begun(), "STATUS", status) == []


@pytest.mark.parametrize(
    "text", ["CTRL-EVENT-DISCONNECTED ", f"CTRL-EVENT-DISCONNECTED bssid={AP}", "CTRL-EVENT-DISCONNECTED bssid= x=1 y"]
)
def test_an_odd_farewell_is_for_those_who_read_lines(text: str) -> None:
    assert heard(begun(THERE), text) == [s.StationSignal("wlan1", text)]


def test_credentials_reach_control_clients_and_no_log() -> None:
    [event] = heard(begun(), "WPS-CRED-RECEIVED 100e0012")
    assert event == s.StationSignal("wlan1", "WPS-CRED-RECEIVED 100e0012")
    assert "100e0012" not in repr(event)


def test_any_text_gives_events_and_raises_nothing() -> None:
    source = random.Random(2)
    seeds = [THERE, NETWORKS, "WPS-FAIL msg=8 config_error=18", "WPS-PBC-ACTIVE ", "WPS-SUCCESS ", IDLE]
    seeds += [f"CTRL-EVENT-DISCONNECTED bssid={AP} reason=3", "CTRL-EVENT-NETWORK-ADDED 1", ""]
    machine = begun()
    for index in range(5000):
        letters = list(source.choice(seeds))
        for _ in range(source.randrange(4)):
            letters.insert(source.randrange(len(letters) + 1), chr(source.choice([0, 10, 32, 61, 92, 255, 0x2028])))
        text = "".join(letters)
        if index % 2:
            machine.receive(f"<3>{text}", float(index))
        else:
            machine.answered(source.choice(["STATUS", "LIST_NETWORKS", "WPS_PBC", "WPS_REG x"]), text, float(index))
        machine.handle_timer(float(index))
        machine.commands_to_send()
        events_of(machine)
