# SPDX-License-Identifier: BSD-3-Clause
"""wpa_supplicant.conf: what is not changed stays octet by octet; nothing is written that reads as something else."""

import random
from dataclasses import replace

import pytest

from wpsagent.config.supplicant_file import Line, SupplicantFile
from wpsagent.errors import ConfigError, UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

FILE = rb"""# of this house
ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev
update_config=1
device_name=Kitchen # not "Bath"
  some_new_option=17 apples

network={
	ssid="home" # ours
	# the key is on the fridge
	psk="correct # horse"
	proto=RSN
	priority=2
	bgscan="simple:30:-45:300"
}

	network={   # indented with care
    ssid=c3bc
  key_mgmt=NONE
    disabled=2
 }

cred={
	realm="example.com"
	network={
}

blob-base64-ca={
aGVsbG8=
}
# the end"""

HOME = Network(
    id=0,
    ssid=Ssid(b"home"),
    passphrase=b"correct # horse",
    protocols=frozenset({"RSN"}),
    priority=2,
    other=(("bgscan", '"simple:30:-45:300"'),),
)
FREE = Network(id=1, ssid=Ssid("ü".encode()), key_management=frozenset({"NONE"}), is_disabled=True)


def file() -> SupplicantFile:
    return SupplicantFile.decode(FILE)


def problems_of(text: bytes) -> list[str]:
    with pytest.raises(ConfigError) as refusal:
        SupplicantFile.decode(text, "a.conf")
    return refusal.value.problems


def written(text: bytes, *networks: Network) -> bytes:
    return SupplicantFile.decode(text).with_networks(networks).encode()


def block(*lines: str) -> bytes:
    return b"network={\n" + b"".join(f"\t{line}\n".encode() for line in lines) + b"}\n"


# ---- reading


def test_networks_are_read_with_ids_in_their_order() -> None:
    assert file().networks == (HOME, FREE)


def test_options_are_read() -> None:
    assert file().option("device_name") == "Kitchen"
    assert file().option("ctrl_interface") == "DIR=/run/wpa_supplicant GROUP=netdev"
    assert file().option("some_new_option") == "17 apples"
    assert file().option("realm") is None
    assert file().option("ssid") is None
    assert file().may_be_written
    assert file().number("wps_priority") == 0
    assert file().number("wps_priority", 3) == 3


def test_the_last_of_an_option_given_twice_counts() -> None:
    twice = SupplicantFile.decode(b"wps_cred_processing=1\nwps_cred_processing=0x2\n")
    assert twice.number("wps_cred_processing") == 2


def test_what_is_not_changed_stays_octet_by_octet() -> None:
    assert file().encode() == FILE + b"\n"
    assert file().with_networks(file().networks).encode() == FILE + b"\n"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\n",
        b"\n\n\n",
        b'update_config=1\r\n\r\nnetwork={\r\n\tssid="a"\r\n}\r\n',
        b"# \xff\xfe \x00 not text\ndevice_name=\xff\n",
        b'network={\n\tssid="\xff"\n\tpsk="p\xe4ssword"\n}\n',
        b'network={\n\tssid="a" #b\n\tidentity=\n\tpassword="x#y"#z\n}\n',
        b'network={\n\tssid="a"\n\tssid="b"\n\tkey_mgmt=WPA-PSK\tSAE\n}\n',
    ],
)
def test_any_good_file_comes_back_as_it_was(text: bytes) -> None:
    decoded = SupplicantFile.decode(text)
    assert decoded.encode() == text
    assert decoded.with_networks(decoded.networks).encode() == text


def test_octets_that_are_not_utf_8_are_read_as_they_are() -> None:
    (network,) = SupplicantFile.decode(b'network={\nssid="\xff"\npsk="p\xe4ssword"\n}').networks
    assert (network.ssid, network.passphrase) == (b"\xff", b"p\xe4ssword")


def test_a_comment_is_none_inside_of_quotation_marks() -> None:
    text = b'network={\n\tssid="a#b" # "c" #\n\tid_str="a#"b" # c\n}\nnetwork={\n\tid_str=61 #"\n}\n'
    one, two = SupplicantFile.decode(text).networks
    assert (one.ssid, one.id_str, two.id_str) == (b"a#b", 'a#"b', "a")


# ---- wrong files


def test_every_problem_is_named_with_its_line() -> None:
    text = b"""update_config=2
nonsense
network={
	ssid=home
	psk="short"
	key_mgmt=WPAPSK
	foo
	password="secretsecret
	disabled = 1
	priority= x
}
 = x
uuid=1
device_name=%s
manufacturer=\x1b[0m
network={
	ssid="a"
network={
	ssid="b"
""" % (b"x" * 33)
    assert problems_of(text) == [
        "a.conf: line 1: update_config: expected a number from 0 to 1",
        "a.conf: line 2: expected name=value, or a block such as network={",
        'a.conf: line 4: ssid: expected "text", P"text" or hexadecimal digits',
        "a.conf: line 5: psk: a passphrase has 8 to 63 characters, not 5",
        "a.conf: line 6: key_mgmt: expected some of WPA-PSK WPA-EAP IEEE8021X NONE WPA-NONE FT-PSK FT-EAP "
        "FT-EAP-SHA384 WPA-PSK-SHA256 WPA-EAP-SHA256 WPS SAE SAE-EXT-KEY FT-SAE FT-SAE-EXT-KEY WPA-EAP-SUITE-B "
        "WPA-EAP-SUITE-B-192 WPA-EAP-SHA384 OSEN FILS-SHA256 FILS-SHA384 FT-FILS-SHA256 FT-FILS-SHA384 OWE DPP "
        "WAPI-PSK WAPI-CERT, not 'WPAPSK'",
        "a.conf: line 7: expected name=value or }",
        "a.conf: line 8: password: the closing quotation mark is missing",
        "a.conf: line 9: this line: expected name=value, without a space around the '='",
        "a.conf: line 10: priority: expected a number",
        "a.conf: line 12: this line: expected name=value, without a space around the '='",
        "a.conf: line 13: uuid: not a UUID: '1' (expected such as 2b7093f1-d6fb-5108-adbb-bea66bb87333)",
        "a.conf: line 14: device_name: expected at most 32 octets",
        "a.conf: line 15: manufacturer: control characters cannot be in a value",
        "a.conf: line 18: network: a block within a block; is a line with } missing before it?",
        "a.conf: line 16: the block that begins here has no end: a line with } is missing",
    ]


def test_a_foreign_block_needs_its_end_too() -> None:
    assert problems_of(b"# x\ncred={\nrealm=x") == [
        "a.conf: line 2: the block that begins here has no end: a line with } is missing"
    ]


def test_no_key_is_in_a_problem_or_a_repr() -> None:
    text = b'network={\n\tssid="a"\n\tpsk="hunter2hunter2\n\tpsk=hunter2hunter2\n\tpsk: hunter2hunter2=\n}\nhunter2\n'
    assert "hunter2" not in "".join(problems_of(text))
    good = SupplicantFile.decode(b'network={\npsk="hunter2hunter2"\npassword="hunter2"\n}\nfoo=hunter2\n')
    assert "hunter2" not in repr(good)


@pytest.mark.parametrize(
    "line",
    [
        b"auto_uuid=2",
        b"uuid=x",
        b"manufacturer=" + b"x" * 65,
        b"model_name=" + b"x" * 33,
        b"model_number=" + b"x" * 33,
        b"serial_number=" + b"x" * 33,
        b"device_type=1-2",
        b"os_version=123",
        b"wps_cred_processing=3",
        b"wps_cred_add_sae=yes",
        b"wps_priority=-1",
        b"foo bar=1",
    ],
)
def test_options_that_we_know_are_checked(line: bytes) -> None:
    (problem,) = problems_of(b"\n" + line)
    assert problem.startswith("a.conf: line 2: ")


def test_good_options_pass() -> None:
    text = (
        b"uuid=12345678-9abc-def0-1234-56789abcdef0\nmanufacturer=" + b"x" * 64 + b"\nos_version=01020300\n"
        b"device_type=1-0050F204-1\nwps_priority=5\nwps_cred_add_sae=1\nauto_uuid=0\ncountry=DE\nap_scan=1\n"
    )
    assert SupplicantFile.decode(text).encode() == text


# ---- networks changed


def test_only_the_changed_lines_of_a_network_are_written_anew() -> None:
    changed = replace(HOME, passphrase=b"battery staple", priority=0, is_disabled=True, id_str="kitchen")
    expected = (
        FILE.replace(b'\tpsk="correct # horse"\n', b'\tpsk="battery staple"\n')
        .replace(b"\tpriority=2\n", b"")
        .replace(b'-45:300"\n', b'-45:300"\n\tdisabled=1\n\tid_str="kitchen"\n')
    )
    assert written(FILE, changed, FREE) == expected + b"\n"


def test_a_psk_takes_the_place_of_a_passphrase() -> None:
    changed = replace(HOME, passphrase=None, psk=bytes(32))
    assert written(FILE, changed, FREE) == FILE.replace(b'"correct # horse"', b"0" * 64) + b"\n"


def test_a_variable_given_twice_is_written_once_when_it_changes() -> None:
    text = b'network={\n\tssid="a"\n\tpriority=1\n\tssid="b"\n\tpriority=2\n}\n'
    (network,) = SupplicantFile.decode(text).networks
    assert (network.ssid, network.priority) == (b"b", 2)
    assert written(text, replace(network, ssid=Ssid(b"c"), priority=0)) == block('ssid="c"')


def test_unknown_variables_can_be_changed_added_and_removed() -> None:
    text = block('ssid="a"', "x=1", "y=2", "x=1", "z=3")
    (network,) = SupplicantFile.decode(text).networks
    changed = replace(network, other=(("z", "3"), ("x", "1"), ("y", "4"), ("new", '"5"')))
    assert written(text, changed) == block('ssid="a"', "x=1", "z=3", "y=4", 'new="5"')


def test_the_name_of_a_key_kept_elsewhere_goes_when_a_key_comes() -> None:
    text = block('ssid="a"', "psk=ext:a")
    (network,) = SupplicantFile.decode(text).networks
    assert written(text, replace(network, priority=1)) == block('ssid="a"', "psk=ext:a", "priority=1")
    assert written(text, replace(network, other=())) == block('ssid="a"')
    assert written(text, replace(network, other=(), psk=bytes(32))) == block('ssid="a"', "psk=" + "00" * 32)


def test_removed_networks_go_and_all_else_stays() -> None:
    start, end = FILE.index(b"\nnetwork={"), FILE.index(b"\ncred={")
    assert written(FILE) == FILE[:start] + FILE[end:] + b"\n"
    assert written(FILE, HOME) == FILE[: FILE.index(b"\n\tnetwork={")] + FILE[end:] + b"\n"


def test_no_other_line_goes_with_a_removed_network() -> None:
    assert written(block('ssid="a"')) == b""
    assert written(b"# x\n" + block('ssid="a"') + b"# y\n") == b"# x\n# y\n"


def test_new_networks_follow_the_last_one() -> None:
    guest = Network(id=7, ssid=Ssid(b"guest"), passphrase=b"12345678", bssid=MacAddress(bytes(5) + b"\x01"))
    new = b"\n" + block('ssid="guest"', "bssid=00:00:00:00:00:01", 'psk="12345678"')
    end = FILE.index(b"\ncred={")
    assert written(FILE, HOME, FREE, guest) == FILE[:end] + new + FILE[end:] + b"\n"


def test_the_first_networks_of_a_file_end_it() -> None:
    one, two = Network(id=0, ssid=Ssid(b"one")), Network(id=1, ssid=Ssid(b"two"))
    blocks = block('ssid="one"') + b"\n" + block('ssid="two"')
    assert written(b"", one, two) == blocks
    assert written(b"update_config=1\n", one, two) == b"update_config=1\n\n" + blocks
    assert written(b"update_config=1\n\n", one, two) == b"update_config=1\n\n" + blocks


def test_enrolling_again_and_again_does_not_let_the_file_grow() -> None:
    credential = Credential(
        Ssid(b"home"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"12345678", MacAddress(bytes(6))
    )
    current = file()
    networks = NetworkList(current.networks)
    sizes = set()
    for _ in range(3):
        networks.learn([Network.from_credential(credential)])
        current = current.with_networks(networks)
        sizes.add(len(current.encode()))
    assert len(sizes) == 1
    assert SupplicantFile.decode(current.encode()).networks[2:] == (replace(Network.from_credential(credential), id=2),)


def test_networks_of_wps_runs_are_never_written() -> None:
    temporary = Network(id=2, ssid=Ssid(b"x"), is_temporary=True)
    wps = Network(id=3, key_management=frozenset({"WPS"}), other=(("phase1", '"pin=12345670"'),))
    assert written(FILE, HOME, FREE, temporary, wps) == FILE + b"\n"


def test_a_block_for_wps_that_its_owner_wrote_stays() -> None:
    text = block("key_mgmt=WPS", "eap=WSC", 'phase1="pbc=1"')
    (network,) = SupplicantFile.decode(text).networks
    assert network.is_for_wps
    assert written(text, network) == text


# ---- nothing gets in


@pytest.mark.parametrize(
    ("hostile", "problem"),
    [
        (Network(id=9, passphrase=b"correct\nupdate_config=0"), "a passphrase has no control characters"),
        (Network(id=9, passphrase=b"short"), "8 to 63"),
        (Network(id=9, other=(("x", "1\n}\nload_dynamic_eap=/tmp/x.so"),)), "control characters"),
        (Network(id=9, other=(("x\ny", "1"),)), "expected name=value"),
        (Network(id=9, other=(("x", "1 # 2"),)), "would be lost"),
        (Network(id=9, other=(("x", 'a"b"#c"'),)), "would be lost"),
        (Network(id=9, other=(("x", "{"),)), "not a block"),
    ],
)
def test_what_would_be_read_as_something_else_is_refused_whole(hostile: Network, problem: str) -> None:
    with pytest.raises(UsageError, match=f"network 9 cannot be written: .*{problem}"):
        file().with_networks([HOME, hostile])
    changed = replace(hostile, id=1)
    with pytest.raises(UsageError, match=f"network 1 cannot be written: .*{problem}"):
        file().with_networks([HOME, changed])


@pytest.mark.parametrize(
    "ssid",
    [b"\nupdate_config=0\n", b'a"b', b"#", b'a"#b', b'"#"', b"}", bytes(32), "Zürich".encode(), b" ", b'P"x', b"\\x41"],
)
@pytest.mark.parametrize(
    "passphrase", [b"12345678", b'a#"b"c#d', b"        ", b'P"\\n\\n"xx', "schöner".encode(), b"\xff" * 63]
)
def test_any_name_and_any_passphrase_come_back(ssid: bytes, passphrase: bytes) -> None:
    network = Network(id=0, ssid=Ssid(ssid), passphrase=passphrase, id_str=ssid.decode("latin-1"))
    encoded = SupplicantFile().with_networks([network]).encode()
    assert SupplicantFile.decode(encoded).networks == (network,)
    assert not any(octet < 0x20 and octet not in b"\n\t" for octet in encoded)


def test_a_passphrase_that_would_be_cut_as_a_comment_is_told_as_its_psk() -> None:
    network = Network(id=0, ssid=Ssid(b"home"), passphrase=b'12345"#678')
    encoded = SupplicantFile().with_networks([network]).encode()
    assert encoded == block('ssid="home"', f"psk={network.pmk().hex()}")


# ---- options changed


def test_an_option_is_set_in_its_place() -> None:
    changed = file().with_option("device_name", "Bath").encode()
    assert changed == FILE.replace(b'device_name=Kitchen # not "Bath"', b"device_name=Bath") + b"\n"


def test_a_new_option_follows_the_last_one() -> None:
    changed = file().with_option("wps_priority", "5").encode()
    assert changed == FILE.replace(b"17 apples\n", b"17 apples\nwps_priority=5\n") + b"\n"


def test_the_first_option_stands_before_the_first_network() -> None:
    one, two = block('ssid="a"'), block('ssid="b"')
    assert SupplicantFile.decode(b"# x\n" + one + two).with_option("a", "1").encode() == b"# x\na=1\n" + one + two
    assert SupplicantFile.decode(b"# x\n").with_option("a", "1").encode() == b"# x\na=1\n"


def test_an_option_given_twice_is_left_once_or_removed() -> None:
    twice = SupplicantFile.decode(b"a=1\nb=2\na=3\nc=4\n")
    assert twice.with_option("a", "5").encode() == b"b=2\na=5\nc=4\n"
    assert not twice.may_be_written
    assert twice.with_option("a", None).encode() == b"b=2\nc=4\n"
    assert twice.with_option("d", None) == twice


@pytest.mark.parametrize(
    ("name", "raw", "problem"),
    [
        ("device_name", "a\nupdate_config=0", "device_name: control characters"),
        ("device_name", "x" * 33, "device_name: expected at most 32"),
        ("device_name", "my #1", "device_name: a # outside"),
        ("device\nname", "x", "this line: expected name=value"),
        ("network", "{", "network: expected a value, not a block"),
        ("update_config", "yes", "update_config: expected a number"),
    ],
)
def test_an_option_that_cannot_be_is_refused(name: str, raw: str, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        file().with_option(name, raw)


# ---- another reading of the same file


def test_ids_are_taken_over_from_another_reading_of_the_same_networks() -> None:
    ours = SupplicantFile.decode(FILE).with_networks([replace(HOME, id=4), replace(FREE, id=9)])
    assert [network.id for network in ours.networks] == [4, 9]
    theirs = SupplicantFile.decode(b"# new\n" + FILE)
    adopted = theirs.with_ids_of(ours)
    assert adopted is not None
    assert [network.id for network in adopted.networks] == [4, 9]
    assert adopted.encode() == b"# new\n" + FILE + b"\n"
    assert SupplicantFile.decode(FILE.replace(b"horse", b"hares")).with_ids_of(ours) is None


def test_a_line_shows_its_name_only() -> None:
    assert repr(Line.saying("psk", '"hunter2hunter2"')) == "Line(name='psk')"


def test_any_octets_are_a_file_that_comes_back_as_it_was_or_a_wrong_file() -> None:
    dice = random.Random(3)
    good = 0
    for _ in range(1000):
        octets = bytearray(FILE)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(octets))
            octets[at : at + dice.choice((0, 1, 1, 9))] = dice.choice(
                (b'"', b"#", b"\n", b"}", b"{", b"\\", b"\x00", b"\xff", b"")
            )
        try:
            decoded = SupplicantFile.decode(bytes(octets))
        except ConfigError:
            continue
        good += 1
        assert decoded.encode() == bytes(octets) + (b"" if octets.endswith(b"\n") else b"\n")
        again = SupplicantFile.decode(
            decoded.with_networks([replace(n, priority=77) for n in decoded.networks]).encode()
        )
        assert [replace(n, priority=0) for n in again.networks] == [replace(n, priority=0) for n in decoded.networks]
    assert good > 150
