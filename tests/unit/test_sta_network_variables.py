# SPDX-License-Identifier: BSD-3-Clause
"""The variables of a network block: text to field and back, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.network_variables import (
    VARIABLES,
    decode_number,
    decode_string,
    decode_variable,
    encode_string,
    encode_variables,
    get_variable,
    has_control_characters,
    set_variable,
    to_octets,
    to_text,
    without_comment,
)

EMPTY = Network()
PSK = "00112233445566778899aabbccddeeff" * 2


@pytest.mark.parametrize(
    ("raw", "octets"),
    [
        ('"home"', b"home"),
        ('""', b""),
        ('"a"b"', b'a"b'),
        ('"back\\slash"', b"back\\slash"),
        ('"für"', "für".encode()),
        ('P"plain"', b"plain"),
        (r'P"a\"b\\c\n\r\t\e"', b'a"b\\c\n\r\t\x1b'),
        (r'P"\x00\xff\x1g\0\377\1012\q"', b"\x00\xff\x01g\x00\xffA2q"),
        (r'P"\x\8"', b"x8"),
        ("c3bc", b"\xc3\xbc"),
        ("C3BC", b"\xc3\xbc"),
        ("", b""),
    ],
)
def test_strings_are_read_in_all_three_forms(raw: str, octets: bytes) -> None:
    assert decode_string(raw) == octets


@pytest.mark.parametrize("raw", ['"', '"a', '"a"b', 'P"', 'P"a', 'P"a"b', "home", "abc", "c3 bc", "c3b", "P"])
def test_other_strings_are_refused(raw: str) -> None:
    with pytest.raises(DecodeError):
        decode_string(raw)


@pytest.mark.parametrize(
    ("octets", "raw"),
    [
        (b"home", '"home"'),
        (b'a"b\\', '"a"b\\"'),
        (b"a # b", '"a # b"'),
        (b'a"#b', "61222362"),
        (b"", '""'),
        (b"a\nb", "610a62"),
        (b"\x7f", "7f"),
        (b"\xff", "ff"),
    ],
)
def test_strings_are_written_so_that_wpa_supplicant_reads_them(octets: bytes, raw: str) -> None:
    assert encode_string(octets) == raw
    assert decode_string(raw) == octets


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  x=1 \t\r", "x=1"),
        ("# x", ""),
        ("", ""),
        ("x=1#2", "x=1"),
        ('x="a # b" # c', 'x="a # b"'),
        # As wpa_supplicant 2.10 was seen to read them:
        ('x="a"#b"', 'x="a"'),
        ('x="a""#b"', 'x="a""#b"'),
        ('x="a" b#"', 'x="a" b'),
        ('x="a"b"#', 'x="a"b"'),
        ('x="a"b"#c"', 'x="a"b"#c"'),
        ('x=P"a\\"#b"', 'x=P"a\\"'),
        ('x="#"#"', 'x="#"'),
        ('x=6162 #"', "x=6162"),
        ('x="12#"45678" #', 'x="12#"45678"'),
    ],
)
def test_comments_are_cut_as_wpa_supplicant_cuts_them(line: str, said: str) -> None:
    assert without_comment(line) == said


def test_octets_that_are_no_text_survive() -> None:
    octets = bytes(range(256))
    assert to_octets(to_text(octets)) == octets


@pytest.mark.parametrize(
    ("raw", "number"), [("0", 0), ("7", 7), ("-3", -3), ("+3", 3), ("0x1F", 31), ("-0x2", -2), ("010", 8), ("00", 0)]
)
def test_numbers_are_those_of_c(raw: str, number: int) -> None:
    assert decode_number(raw) == number


@pytest.mark.parametrize("raw", ["", "x", "1x", "1 ", "1_0", "0o7", "09", "2147483648", "-2147483649", "٣"])
def test_other_numbers_are_refused(raw: str) -> None:
    with pytest.raises(DecodeError, match="expected a number"):
        decode_number(raw)


@pytest.mark.parametrize(
    ("name", "raw", "fields"),
    [
        ("ssid", '"home"', {"ssid": Ssid(b"home")}),
        ("scan_ssid", "1", {"scan_ssid": True}),
        ("bssid", "02:00:00:00:01:00", {"bssid": MacAddress.parse("02:00:00:00:01:00")}),
        ("psk", '"correct "horse"', {"passphrase": b'correct "horse'}),
        ("psk", PSK, {"psk": bytes.fromhex(PSK)}),
        ("proto", "RSN", {"protocols": frozenset({"RSN"})}),
        ("key_mgmt", "WPA-PSK SAE", {"key_management": frozenset({"WPA-PSK", "SAE"})}),
        ("key_mgmt", "NONE", {"key_management": frozenset({"NONE"})}),
        ("pairwise", "CCMP", {"pairwise_ciphers": frozenset({"CCMP"})}),
        ("group", "CCMP TKIP WEP104", {"group_ciphers": frozenset({"CCMP", "TKIP", "WEP104"})}),
        ("auth_alg", "OPEN", {"authentication_algorithms": frozenset({"OPEN"})}),
        ("priority", "-5", {"priority": -5}),
        ("mode", "2", {"mode": 2}),
        ("disabled", "1", {"is_disabled": True}),
        ("ieee80211w", "1", {"protected_frames": 1}),
        ("ieee80211w", "0", {"protected_frames": 0}),
        ("id_str", '"at home"', {"id_str": "at home"}),
        ("id_str", "66c3bc72", {"id_str": "für"}),
    ],
)
def test_variables_both_ways(name: str, raw: str, fields: dict[str, Any]) -> None:
    network = decode_variable(EMPTY, name, raw)
    assert network == replace(EMPTY, **fields)
    assert get_variable(network, name) == raw
    assert list(encode_variables(network)) == [(name, raw)]


@pytest.mark.parametrize(
    ("name", "raw", "fields", "written"),
    [
        ("bssid", "any", {}, "any"),
        ("bssid", '""', {}, "any"),
        ("bssid", "", {}, "any"),
        ("proto", "WPA2", {"protocols": frozenset({"RSN"})}, "RSN"),
        ("proto", "RSN  WPA", {}, "WPA RSN"),
        ("disabled", "2", {"is_disabled": True}, "1"),
        ("ieee80211w", "3", {}, "3"),
        ("priority", " 010", {"priority": 8}, "8"),
        ("proto", " RSN", {"protocols": frozenset({"RSN"})}, "RSN"),
        ("ssid", 'P"a\\tb"', {"ssid": Ssid(b"a\tb")}, "610962"),
        ("pairwise", "TKIP CCMP", {}, "CCMP TKIP"),
    ],
)
def test_values_with_several_spellings(name: str, raw: str, fields: dict[str, Any], written: str) -> None:
    network = decode_variable(EMPTY, name, raw)
    assert network == replace(EMPTY, **fields)
    assert get_variable(network, name) == written


def test_defaults_are_not_written_but_can_be_asked_for() -> None:
    assert list(encode_variables(EMPTY)) == []
    assert get_variable(EMPTY, "key_mgmt") == "WPA-PSK WPA-EAP"
    assert get_variable(EMPTY, "priority") == "0"
    assert get_variable(EMPTY, "psk") is None
    assert get_variable(EMPTY, "id_str") is None
    assert get_variable(EMPTY, "bgscan") is None


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("ssid", '"' + "x" * 33 + '"', "at most 32 octets"),
        ("ssid", "home", 'expected "text"'),
        ("scan_ssid", "2", "a number from 0 to 1"),
        ("bssid", "02:00", "not a MAC address"),
        ("psk", '"1234567"', "8 to 63 characters, not 7"),
        ("psk", '"' + "x" * 64 + '"', "8 to 63 characters, not 64"),
        ("psk", '"1234\t5678"', "no control characters"),
        ("psk", PSK[1:], "64 hexadecimal digits"),
        ("psk", "correct horse", "64 hexadecimal digits"),
        ("psk", '"correct horse', "closing quotation mark"),
        ("proto", "WPA3", "not 'WPA3'"),
        ("key_mgmt", "", "expected some of WPA-PSK"),
        ("key_mgmt", "WPAPSK NONE X", "not 'WPAPSK', not 'X'"),
        ("priority", "high", "expected a number"),
        ("mode", "6", "a number from 0 to 5"),
        ("ieee80211w", "4", "a number from 0 to 3"),
        ("id_str", "home", 'expected "text"'),
        ("identity", '"anonymous', "closing quotation mark"),
        ("bgscan", "a\nb", "control characters"),
        ("bgscan", "a\x7f", "control characters"),
        ("ssid", ' "home"', 'expected "text"'),
        ("auth_alg", "SAE", "not 'SAE'"),
        ("bgscan", "{", "not a block"),
        ("bg scan", "a", "without a space around the '='"),
        ("", "a", "expected name=value"),
        ("psk\n", "a", "expected name=value"),
    ],
)
def test_wrong_values_are_refused_with_what_was_expected(name: str, raw: str, problem: str) -> None:
    with pytest.raises(DecodeError, match=problem) as refusal:
        decode_variable(EMPTY, name, raw)
    assert name != "psk" or raw.strip('"') not in str(refusal.value)


def test_a_known_variable_given_again_replaces_the_former_value() -> None:
    network = decode_variable(decode_variable(EMPTY, "psk", PSK), "psk", '"correct horse"')
    assert (network.passphrase, network.psk) == (b"correct horse", None)
    network = decode_variable(network, "psk", PSK)
    assert (network.passphrase, network.psk) == (None, bytes.fromhex(PSK))


def test_the_name_of_a_key_kept_elsewhere_is_kept() -> None:
    external = decode_variable(decode_variable(EMPTY, "psk", PSK), "psk", "ext:home")
    assert (external.psk, external.other) == (None, (("psk", "ext:home"),))
    assert get_variable(external, "psk") == "ext:home"
    assert list(encode_variables(external)) == [("psk", "ext:home")]
    assert set_variable(external, "psk", PSK) == replace(EMPTY, psk=bytes.fromhex(PSK))


def test_unknown_variables_are_kept_as_they_are_and_in_order() -> None:
    network = EMPTY
    for name, raw in (("bgscan", '"simple:30"'), ("freq_list", "2412 2437"), ("bgscan", '""')):
        network = decode_variable(network, name, raw)
    assert network.other == (("bgscan", '"simple:30"'), ("freq_list", "2412 2437"), ("bgscan", '""'))
    assert get_variable(network, "bgscan") == '""'
    assert set_variable(network, "bgscan", "x").other == (("freq_list", "2412 2437"), ("bgscan", "x"))


@pytest.mark.parametrize("raw", ["a # b", '"a"#', " a", "a ", "a\r", "#"])
def test_a_value_that_a_file_would_cut_is_refused_from_a_person(raw: str) -> None:
    with pytest.raises(DecodeError, match="would be lost"):
        set_variable(EMPTY, "bgscan", raw)


@pytest.mark.parametrize("passphrase", [b"short", b"x" * 64, b"correct\nhorse", b"correct\x00horse"])
def test_a_passphrase_that_could_not_be_read_again_is_not_written(passphrase: bytes) -> None:
    with pytest.raises(DecodeError, match="a passphrase has"):
        list(encode_variables(replace(EMPTY, passphrase=passphrase)))


def test_no_known_variable_can_write_a_control_character() -> None:
    hostile = replace(
        EMPTY,
        ssid=Ssid(b'x"\n}\nnetwork={\n'),
        id_str='x"\nupdate_config=1',
        passphrase='pässwörd "'.encode(),
        bssid=MacAddress(b"\n" * 6),
        key_management=frozenset({"WPA-PSK", "NONE\n}"}),
    )
    said = list(encode_variables(hostile))
    assert not any(has_control_characters(raw) for _, raw in said)
    again = EMPTY
    for name, raw in said:
        again = decode_variable(again, name, raw)
    assert again == replace(hostile, key_management=frozenset({"WPA-PSK"}))


def test_every_variable_is_under_its_own_name() -> None:
    assert all(name == variable.name for name, variable in VARIABLES.items())
