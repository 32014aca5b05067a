# SPDX-License-Identifier: BSD-3-Clause
"""What hostapd says of an access point → the agent's events; what the agent wants → hostapd's commands; odd texts."""

import random

import pytest
from tests.unit.owned_bench import answered, events_of, heard

from wpsagent.daemon.attached.access_point import OwnedAccessPoint
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType

PHONE = MacAddress.parse("02:00:00:00:00:01")
UUID = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
UUID_E = bytes.fromhex(UUID.replace("-", ""))
STATUS = """state=ENABLED
phy=phy0
freq=2437
channel=6
bss[0]=wlan9
ssid[0]=another
bss[1]=wlan0
ssid[1]=caf\\xc3\\xa9 \\"x\\"\\\\\\t
"""
NEEDED = f"WPS-PIN-NEEDED {UUID} {PHONE} [Phone|Maker|Model|1|2|10-0050F204-5]"
SEEN = f"WPS-ENROLLEE-SEEN {PHONE} {UUID} 10-0050F204-5 0x188 4 1 [Phone]"
Reason = e.SessionEndReason


def begun(status: str = STATUS) -> OwnedAccessPoint:
    machine = OwnedAccessPoint("wlan0", "main")
    machine.begin(status, 0.0)
    machine.commands_to_send()
    events_of(machine)
    return machine


def test_what_it_is_is_told_and_the_rest_asked_for() -> None:
    machine = OwnedAccessPoint("wlan0", "main")
    machine.begin(STATUS, 0.0)
    assert events_of(machine) == [
        e.AccessPointStarted("wlan0", Ssid('café "x"\\\t'.encode()), 6, 2437),
    ]
    assert machine.is_enabled
    assert machine.commands_to_send() == ["WPS_GET_STATUS", "STA-FIRST"]
    assert machine.commands_to_send() == []


def test_somebody_else_is_refused() -> None:
    with pytest.raises(UsageError, match="wlan0 does not answer as hostapd does"):
        OwnedAccessPoint("wlan0", "main").begin("wpa_state=COMPLETED\n", 0.0)


def test_one_that_is_down_says_so_until_it_is_up() -> None:
    machine = OwnedAccessPoint("wlan0", "main")
    machine.begin(STATUS.replace("ENABLED", "DISABLED"), 0.0)
    assert events_of(machine) == [e.AccessPointStopped("wlan0")]
    assert not machine.is_enabled
    machine.commands_to_send()
    assert heard(machine, "AP-ENABLED ") == []
    assert machine.commands_to_send() == ["STATUS"]
    [started] = answered(machine, "STATUS", STATUS)
    assert isinstance(started, e.AccessPointStarted)


def test_a_status_without_sense_changes_nothing() -> None:
    machine = begun()
    for odd in ("state=ENABLED\nfreq=none\nssid[0]=x\n", "state=ENABLED\nfreq=2437\nssid[0]=" + "x" * 33, "FAIL\n"):
        assert answered(machine, "STATUS", odd) == []


def test_an_interface_that_status_does_not_name_is_its_first() -> None:
    machine = OwnedAccessPoint("wlan5", "main")
    machine.begin(STATUS, 0.0)
    [event] = events_of(machine)
    assert isinstance(event, e.AccessPointStarted)
    assert event.ssid == b"another"


def test_stations_that_are_there_are_known_one_after_the_other() -> None:
    machine = begun()
    other = MacAddress.parse("02:00:00:00:00:02")
    assert answered(machine, "STA-FIRST", f"{PHONE}\nflags=[AUTH][ASSOC][AUTHORIZED]\n") == [
        e.StationConnected("wlan0", PHONE)
    ]
    assert machine.commands_to_send() == [f"STA-NEXT {PHONE}"]
    assert answered(machine, f"STA-NEXT {PHONE}", f"{other}\nflags=[AUTH][ASSOC]\n") == []
    assert machine.commands_to_send() == [f"STA-NEXT {other}"]
    assert answered(machine, f"STA-NEXT {other}", f"{PHONE}\nflags=[AUTHORIZED]\n") == []  # again: the list is over
    for end in ("", "FAIL\n", "nonsense"):
        answered(machine, "STA-NEXT", end)
    assert machine.commands_to_send() == []


def test_a_session_that_is_open_is_taken_over() -> None:
    machine = begun()
    assert answered(machine, "WPS_GET_STATUS", "PBC Status: Active\n") == [e.PushButtonStarted("main", 130.0)]
    assert answered(machine, "WPS_GET_STATUS", "PBC Status: Active\n") == []


# ---- the button


def test_press_success_and_end() -> None:
    machine = begun()
    machine.press_button()
    assert machine.commands_to_send() == ["WPS_PBC"]
    assert heard(machine, "WPS-PBC-ACTIVE ") == [e.PushButtonStarted("main", 130.0)]
    assert answered(machine, "WPS_PBC", "OK\n") == []
    assert machine.deadline == 135.0
    heard(machine, SEEN)
    told = heard(machine, f"WPS-REG-SUCCESS {PHONE} {UUID}", "WPS-PBC-DISABLE ", "WPS-SUCCESS ")
    assert told == [
        e.EnrolmentSucceeded("main", PHONE, UUID_E, "Phone", "wlan0"),
        e.PushButtonEnded("main", Reason.SUCCEEDED),
    ]
    assert machine.deadline is None


@pytest.mark.parametrize(
    ("lines", "now", "reason"),
    [
        (("WPS-TIMEOUT ", "WPS-PBC-DISABLE "), 130.0, Reason.TIMED_OUT),
        (("WPS-TIMEOUT ", "WPS-CANCEL "), 30.0, Reason.CANCELLED),
        (("WPS-CANCEL ",), 129.5, Reason.CANCELLED),
        (("WPS-PBC-DISABLE ",), 30.0, Reason.REPLACED),
    ],
)
def test_how_a_press_ends(lines: tuple[str, ...], now: float, reason: e.SessionEndReason) -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    assert heard(machine, *lines, now=now) == [e.PushButtonEnded("main", reason)]


def test_a_press_that_we_take_back_in_its_last_moment_was_cancelled() -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    machine.cancel()
    assert machine.commands_to_send() == ["WPS_CANCEL"]
    assert heard(machine, "WPS-TIMEOUT ", now=129.9) == [e.PushButtonEnded("main", Reason.CANCELLED)]
    assert answered(machine, "WPS_CANCEL", "OK\n") == []


def test_an_end_that_is_never_told_comes_all_the_same() -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    machine.handle_timer(134.9)
    assert events_of(machine) == []
    machine.handle_timer(135.0)
    assert events_of(machine) == [e.PushButtonEnded("main", Reason.TIMED_OUT)]
    assert heard(machine, "WPS-TIMEOUT ", "WPS-PBC-DISABLE ", now=136.0) == []


def test_a_second_press_lasts_longer() -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    assert heard(machine, "WPS-PBC-ACTIVE ", now=50.0) == [e.PushButtonStarted("main", 170.0)]


def test_an_overlap_is_told_once_for_one_press_and_is_its_refusal() -> None:
    machine = begun()
    machine.press_button()
    assert heard(machine, "WPS-OVERLAP-DETECTED ", "WPS-OVERLAP-DETECTED ") == [e.OverlapDetected("main")]
    assert answered(machine, "WPS_PBC", "FAIL\n") == []
    machine.press_button()
    assert heard(machine, "WPS-OVERLAP-DETECTED ") == [e.OverlapDetected("main")]


def test_a_refused_press_says_what_may_be_wrong() -> None:
    [event] = answered(begun(), "WPS_PBC", "FAIL\n")
    assert isinstance(event, e.PushButtonRefused)
    assert event.reason == "hostapd refused it on wlan0: see that it has wps_state=2 and eap_server=1 there"


# ---- PINs


@pytest.mark.parametrize(
    ("uuid_e", "timeout", "address", "command"),
    [
        (None, 0.0, None, "WPS_PIN any 12345670"),
        (UUID_E, 30.0, None, f"WPS_PIN {UUID} 12345670 30"),
        (None, 0.0, PHONE, f"WPS_PIN any 12345670 0 {PHONE}"),
    ],
)
def test_a_pin_is_passed_on(uuid_e: bytes | None, timeout: float, address: MacAddress | None, command: str) -> None:
    machine = begun()
    machine.add_pin(b"12345670", uuid_e, timeout, address)
    assert machine.commands_to_send() == [command]


def test_a_pin_is_on_offer_as_long_as_hostapd_selects_its_registrar() -> None:
    machine = begun()
    assert answered(machine, "WPS_PIN any 12345670", "OK\n") == [e.PinStarted("main", 130.0)]
    assert answered(machine, "WPS_PIN any 12345670 30", "OK\n") == [e.PinStarted("main", 40.0)]
    assert answered(machine, "WPS_PIN any 12345670 500", "OK\n") == [e.PinStarted("main", 130.0)]
    assert machine.deadline == 130.0
    machine.handle_timer(129.0)
    assert events_of(machine) == []
    machine.handle_timer(130.0)
    assert events_of(machine) == [e.PinEnded("main", Reason.TIMED_OUT)]


def test_a_pin_that_succeeded_was_refused_or_was_taken_back() -> None:
    machine = begun()
    answered(machine, "WPS_PIN any 12345670", "OK\n")
    assert heard(machine, f"WPS-REG-SUCCESS {PHONE} {UUID}", "WPS-SUCCESS ") == [
        e.EnrolmentSucceeded("main", PHONE, UUID_E, "", "wlan0"),
        e.PinEnded("main", Reason.SUCCEEDED),
    ]
    assert answered(machine, "WPS_PIN any 12345670", "FAIL\n") == [e.PinEnded("main", Reason.FAILED)]
    answered(machine, "WPS_PIN any 12345670", "OK\n")
    assert answered(machine, "WPS_CANCEL", "FAIL\n") == []
    assert answered(machine, "WPS_CANCEL", "OK\n") == [e.PinEnded("main", Reason.CANCELLED)]


def test_the_button_replaces_a_pin_and_a_pin_the_button() -> None:
    machine = begun()
    answered(machine, "WPS_PIN any 12345670", "OK\n")
    assert heard(machine, "WPS-PBC-ACTIVE ")[0] == e.PinEnded("main", Reason.REPLACED)
    assert answered(machine, "WPS_PIN any 12345670", "OK\n") == [
        e.PushButtonEnded("main", Reason.REPLACED),
        e.PinStarted("main", 130.0),
    ]


def test_odd_arguments_of_somebodys_pin_change_nothing() -> None:
    machine = begun()
    assert answered(machine, "WPS_PIN any 12345670 soon", "OK\n") == []
    assert answered(machine, "WPS_PIN nobody 12345670", "OK\n") == []


def test_who_needs_a_pin_waits_until_it_is_entered_or_gives_up() -> None:
    machine = begun()
    [event] = heard(machine, NEEDED)
    kind = PrimaryDeviceType(10, 5)
    assert event == e.PinNeeded(UUID_E, PHONE, "Phone", "Maker", "Model", "1", "2", kind, "wlan0")
    [pending] = machine.pin_requests(11.0)
    assert (pending.enrollee.uuid_e, pending.needed_at) == (UUID_E, 10.0)
    assert machine.pin_requests(10_000.0) == []
    answered(machine, f"WPS_PIN {UUID} 12345670", "OK\n")
    assert machine.pin_requests(11.0) == []
    heard(machine, NEEDED, f"WPS-REG-SUCCESS {PHONE} {UUID}")
    assert machine.pin_requests(11.0) == []


def test_names_and_requests_are_kept_for_so_many_only() -> None:
    machine = begun()
    for index in range(100):
        uuid = f"2b7093f1-d6fb-5108-adbb-{index:012x}"
        heard(machine, NEEDED.replace(UUID, uuid), SEEN.replace(UUID, uuid))
    assert len(machine.pin_requests(11.0)) == 64
    [event] = heard(machine, f"WPS-REG-SUCCESS {PHONE} 2b7093f1-d6fb-5108-adbb-{0:012x}")
    assert isinstance(event, e.EnrolmentSucceeded)
    assert event.device_name == ""


# ---- everything else


def test_runs_stations_locks_and_channels_are_told() -> None:
    machine = begun()
    assert heard(
        machine,
        SEEN,
        "WPS-FAIL msg=8 config_error=18",
        "WPS-FAIL msg=5 config_error=15 reason=1 (TKIP Only Prohibited)",
        f"AP-STA-CONNECTED {PHONE} keyid=x",
        f"AP-STA-DISCONNECTED {PHONE}",
        "WPS-AP-SETUP-LOCKED ",
        "WPS-AP-SETUP-UNLOCKED ",
        "WPS-AP-PIN-DISABLED ",
        "CTRL-EVENT-CHANNEL-SWITCH freq=2462 ht_enabled=1",
        "AP-CSA-FINISHED freq=2462 dfs=0",
    ) == [
        e.EnrolleeSeen(PHONE, UUID_E, PrimaryDeviceType(10, 5), ConfigMethods(0x188), 4, 1, "Phone", "wlan0"),
        e.EnrolmentFailed("main", None, 8, 18, 0, "wlan0"),
        e.EnrolmentFailed("main", None, 5, 15, 1, "wlan0"),
        e.StationConnected("wlan0", PHONE),
        e.StationDisconnected("wlan0", PHONE),
        e.SetupLocked("wlan0"),
        e.SetupUnlocked("wlan0"),
        e.ApPinDisabled("wlan0"),
        e.ChannelChanged("wlan0", 11, 2462),
    ]


def credential() -> bytes:
    return Credential(
        Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a new passphrase", PHONE
    ).encode()


@pytest.mark.parametrize("head", [b"", b"\x10\x0e\x00\x40"])
def test_new_settings_name_the_network_and_keep_the_key_to_control_clients(head: bytes) -> None:
    told = (head + credential()).hex()
    [event] = heard(begun(), f"WPS-NEW-AP-SETTINGS {told}")
    assert event == e.NetworkChanged("wlan0", Ssid(b"new"), told)
    assert "passphrase" not in repr(event)


def test_going_down_ends_what_goes_on() -> None:
    machine = begun()
    heard(machine, "WPS-PBC-ACTIVE ")
    assert heard(machine, "AP-DISABLED ", "INTERFACE-DISABLED ") == [
        e.PushButtonEnded("main", Reason.FAILED),
        e.AccessPointStopped("wlan0"),
    ]
    assert not machine.is_enabled


def test_the_end_of_hostapd_ends_everything() -> None:
    machine = begun()
    answered(machine, "WPS_PIN any 12345670", "OK\n")
    machine.receive("<3>CTRL-EVENT-TERMINATING ", 11.0)
    assert machine.is_ending
    machine.lost("hostapd has ended", 11.0)
    assert events_of(machine) == [
        e.RadioLost("wlan0", "hostapd has ended"),
        e.PinEnded("main", Reason.FAILED),
    ]
    assert machine.deadline is None


# ---- odd texts


ODD = [
    "WPS-REG-SUCCESS ",
    "WPS-REG-SUCCESS nobody",
    f"WPS-REG-SUCCESS {PHONE} no-uuid",
    "WPS-FAIL ",
    "WPS-FAIL msg=99999 config_error=1",
    "WPS-FAIL msg=-1 config_error=x",
    SEEN[:-1],
    SEEN.replace("0x188", "188"),
    SEEN.replace("10-0050F204-5", "99999-0050F204-5"),
    NEEDED.replace("|2|", "|"),
    NEEDED.replace("|2|", "|2|3|"),
    NEEDED.replace("10-0050F204-5", "none"),
    "WPS-PIN-NEEDED ",
    "AP-STA-CONNECTED ",
    "AP-STA-DISCONNECTED zz:00:00:00:00:00",
    "CTRL-EVENT-CHANNEL-SWITCH freq=1 x",
    "CTRL-EVENT-CHANNEL-SWITCH freq=9999",
    "WPS-NEW-AP-SETTINGS xyz",
    "WPS-NEW-AP-SETTINGS 1045",
    "WPS-NEW-AP-SETTINGS ",
    "SOMETHING-NEW with words",
    "",
]


@pytest.mark.parametrize("text", ODD)
def test_what_is_not_as_it_should_be_goes_to_those_who_read_lines(text: str) -> None:
    machine = begun()
    assert heard(machine, text) == [s.StationSignal("wlan0", text)]
    assert machine.commands_to_send() == []


def test_nothing_ends_a_line_and_nothing_is_endless() -> None:
    machine = begun()
    machine.receive("<2>ODD one\n<3>WPS-SUCCESS \x1b[0m\u2028", 0.0)
    machine.receive("no level", 0.0)
    machine.receive("<3>" + "x" * 10_000 + "\n", 0.0)
    first, second, third = events_of(machine)
    assert first == s.StationSignal("wlan0", "ODD one_<3>WPS-SUCCESS _[0m_", 2)
    assert second == s.StationSignal("wlan0", "no level")
    assert isinstance(third, s.StationSignal)
    assert len(third.text) == 4000


def test_any_text_gives_events_and_raises_nothing() -> None:
    source = random.Random(1)
    seeds = [*ODD, SEEN, NEEDED, "WPS-PBC-ACTIVE ", "WPS-TIMEOUT ", f"AP-STA-CONNECTED {PHONE}", STATUS]
    machine = begun()
    for index in range(5000):
        letters = list(source.choice(seeds))
        for _ in range(source.randrange(4)):
            letters.insert(
                source.randrange(len(letters) + 1), chr(source.choice([0, 10, 32, 58, 91, 124, 255, 0x2028]))
            )
        text = "".join(letters)[: source.randrange(1, 400)]
        if index % 3:
            machine.receive(f"<3>{text}", float(index))
        else:
            machine.answered(source.choice(["STATUS", "STA-FIRST", "WPS_PBC", "WPS_CANCEL"]), text, float(index))
        machine.handle_timer(float(index))
        for event in events_of(machine):
            assert not isinstance(event, s.StationSignal) or event.text.isprintable()
    assert len(machine.commands_to_send()) <= 5000
