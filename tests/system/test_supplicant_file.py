# SPDX-License-Identifier: BSD-3-Clause
"""The network store's file and Debian's wpa_supplicant: each reads what the other writes.  No radio is needed.

wpa_supplicant runs with the driver "none" on the loopback interface of a network namespace of its own.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.system.surroundings import needs

from wpsagent.config.network_store import NetworkStore
from wpsagent.config.supplicant_file import SupplicantFile
from wpsagent.errors import ConfigError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

_USER = [] if os.geteuid() == 0 else ["--map-root-user"]
NETWORK_NAMESPACE = ["unshare", "--net", *_USER]
MOUNT_NAMESPACE = ["unshare", "--mount", *_USER]


pytestmark = needs([*NETWORK_NAMESPACE, "true"], [*MOUNT_NAMESPACE, "true"])

Ask = Callable[..., str]


def start(path: Path) -> subprocess.CompletedProcess[str]:
    """Returns when wpa_supplicant answers on its control socket, or has given up."""
    command = [*NETWORK_NAMESPACE, "wpa_supplicant", "-B", "-D", "none", "-i", "lo", "-c", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def ask(control: Path, *words: str) -> str:
    command = ["wpa_cli", "-p", str(control), "-i", "lo", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout.rstrip("\n")


@contextmanager
def supplicant(path: Path) -> Iterator[Ask]:
    """wpa_supplicant with a file that has ctrl_interface beside it; yields how to ask it."""
    control = path.parent / "control"
    done = start(path)
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        yield lambda *words: ask(control, *words)
    finally:
        ask(control, "terminate")


def rows(listing: str) -> list[list[str]]:
    """LIST_NETWORKS without its header: id, ssid, bssid, flags."""
    return [row.split("\t")[:3] for row in listing.split("\n")[1:]]


def header(folder: Path) -> bytes:
    return f"ctrl_interface={folder}/control\nupdate_config=1\n".encode()


def as_supplicant_saves(network: Network) -> Network:
    """wpa_supplicant adds this to every network."""
    return replace(network, other=(*network.other, ("mesh_fwding", "1")))


NAMES = [
    b"home",
    b'a"b',
    b"#",
    b"a b ",
    b'"',
    b"}",
    b"\\x41",
    b"\nupdate_config=0\n",
    b"\x00\xff",
    "Zürich".encode(),
    b"x" * 32,
]
PASSPHRASES = [
    b"12345678",
    b'1234"5678',
    b"# # # #",
    b" 12345 #",
    b"\\n\\n\\n\\n",
    "schöner".encode(),
    b'P"aaaaaa"',
    b"x" * 63,
]


def various_networks() -> list[Network]:
    networks = [
        Network(ssid=Ssid(name), passphrase=PASSPHRASES[index % len(PASSPHRASES)].ljust(8, b"-"))
        for index, name in enumerate(NAMES)
    ]
    return [
        *networks,
        Network(ssid=Ssid(b"psk"), psk=bytes(range(32)), scan_ssid=True, id_str='x "y" #', priority=-2),
        Network(ssid=Ssid(b"open"), key_management=frozenset({"NONE"}), bssid=MacAddress.parse("02:00:00:00:01:00")),
        Network(
            ssid=Ssid(b"all"),
            passphrase=b"12345678",
            key_management=frozenset({"WPA-PSK", "SAE"}),
            protocols=frozenset({"RSN"}),
            pairwise_ciphers=frozenset({"CCMP"}),
            group_ciphers=frozenset({"CCMP"}),
            authentication_algorithms=frozenset({"OPEN"}),
            protected_frames=1,
            priority=7,
            is_disabled=True,
            id_str="über",
            other=(("bgscan", '"simple:30:-45:300"'),),
        ),
    ]


def test_wpa_supplicant_reads_what_we_write_and_we_read_what_it_saves(tmp_path: Path) -> None:
    path = tmp_path / "networks.conf"
    path.write_bytes(header(tmp_path))
    store = NetworkStore(path)
    networks = NetworkList(store.load())
    for network in various_networks():
        networks.add(network)
    store.save(networks)

    with supplicant(path) as ask:
        expected = [[str(n.id), str(n.ssid), "any" if n.bssid is None else str(n.bssid)] for n in networks]
        assert rows(ask("list_networks")) == expected
        assert ask("save_config") == "OK"

    assert NetworkStore(path).load() == tuple(as_supplicant_saves(network) for network in networks)


@pytest.mark.parametrize("ssid", [b'a"#b', b'"#"', b'a"b"c#d"e'])
def test_names_and_passphrases_that_look_like_comments_are_read_as_meant(tmp_path: Path, ssid: bytes) -> None:
    network = Network(id=0, ssid=Ssid(ssid), passphrase=b'12345"#678', id_str='"#')
    path = tmp_path / "networks.conf"
    path.write_bytes(SupplicantFile.decode(header(tmp_path)).with_networks([network]).encode())
    with supplicant(path) as ask:
        assert rows(ask("list_networks")) == [["0", str(network.ssid), "any"]]


def test_learning_keeps_what_wpa_supplicant_has_and_it_reads_it_again(tmp_path: Path) -> None:
    path = tmp_path / "networks.conf"
    path.write_bytes(
        header(tmp_path)
        + b"""country=DE
# the radius server is in the cellar
network={
	ssid="work"
	key_mgmt=WPA-EAP
	eap=PEAP
	identity="me"
	password="hunter2" # do not tell
	phase2="auth=MSCHAPV2"
}

cred={
	realm="example.com"
	username="me"
}

blob-base64-ca={
aGVsbG8=
}
"""
    )
    before = path.read_bytes()
    credential = Credential(
        Ssid(b"home"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"12345678", MacAddress(bytes(6))
    )
    with supplicant(path) as ask:
        store = NetworkStore(path)
        networks = NetworkList(store.load())
        networks.learn([Network.from_credential(credential, priority=3)])
        store.save(networks)
        cut = before.index(b"\ncred={")
        assert path.read_bytes().startswith(before[:cut])
        assert path.read_bytes().endswith(before[cut:])
        assert ask("reconfigure") == "OK"
        assert rows(ask("list_networks")) == [["0", "work", "any"], ["1", "home", "any"]]
        assert ask("get_network", "1", "proto") == "RSN"
        assert ask("get_network", "1", "priority") == "3"
        assert ask("get_network", "1", "pairwise") == "CCMP"
        assert ask("get_network", "1", "auth_alg") == "OPEN"
        assert ask("save_config") == "OK"
    work, home = NetworkStore(path).load()
    assert home == replace(as_supplicant_saves(Network.from_credential(credential, priority=3)), id=1)
    assert ("password", '"hunter2"') in work.other


LINES = [
    'ssid="home"',
    'ssid="a"b"',
    "ssid=686f6d65",
    'ssid=P"a\\x20\\"b"',
    'ssid=""',
    "ssid=home",
    'ssid="home',
    'ssid="a"b',
    'ssid= "home"',
    "ssid=abc",
    'ssid="' + "x" * 33 + '"',
    'psk="12345678"',
    'psk="1234567"',
    'psk="' + "x" * 64 + '"',
    'psk="1234\t5678"',
    'psk=""',
    "psk=" + "0a" * 32,
    "psk=" + "0a" * 31,
    "psk=" + "0g" * 32,
    "psk=12345678",
    "key_mgmt=WPA-PSK SAE",
    "key_mgmt= WPA-PSK\tNONE ",
    "key_mgmt=WPAPSK",
    "key_mgmt=",
    "proto=WPA2",
    "proto=WPA3",
    "pairwise=CCMP",
    "pairwise=NONE",
    "pairwise=AES",
    "group=GCMP WEP40 GTK_NOT_USED",
    "group=NONE",
    "auth_alg=OPEN SHARED LEAP",
    "auth_alg=SAE",
    "priority=010",
    "priority=-0x10",
    "priority= 1",
    "priority=high",
    "priority=1x",
    "disabled=2",
    "disabled=3",
    "scan_ssid=+0x1",
    "scan_ssid=2",
    "mode=4",
    "mode=6",
    "ieee80211w=3",
    "ieee80211w=4",
    "bssid=any",
    "bssid=",
    "bssid=02:00:00:00:01:00",
    "bssid=02:00",
    'id_str="x"',
    "id_str=6162",
    "id_str=x",
    "priority = 1",
    "priority",
    'identity="me',
    "network={",
]

OPTIONS = [
    "update_config=1 # yes",
    "update_config= 1",
    "wps_cred_processing=2",
    "wps_cred_add_sae=1",
    "wps_priority=3",
    "device_name=Kitchen sink",
    "device_name=" + "x" * 33,
    "manufacturer=" + "x" * 65,
    "model_name=" + "x" * 33,
    "model_number=" + "x" * 33,
    "serial_number=" + "x" * 33,
    "uuid=12345678-9abc-def0-1234-56789abcdef0",
    "uuid=12345678",
    "device_type=1-0050F204-1",
    "device_type=1",
    "os_version=01020300",
    "os_version=1",
    "nonsense",
    "network={",
    "cred={",
]


def is_ours(text: bytes) -> bool:
    try:
        SupplicantFile.decode(text)
    except ConfigError:
        return False
    return True


@pytest.mark.parametrize("line", LINES)
def test_we_and_wpa_supplicant_agree_what_is_a_good_line(tmp_path: Path, line: str) -> None:
    agree(tmp_path, header(tmp_path) + f"network={{\n\t{line}\n}}\n".encode())


@pytest.mark.parametrize("line", OPTIONS)
def test_we_and_wpa_supplicant_agree_what_is_a_good_option(tmp_path: Path, line: str) -> None:
    agree(tmp_path, header(tmp_path) + line.encode() + b"\n")


def agree(folder: Path, text: bytes) -> None:
    path = folder / "networks.conf"
    path.write_bytes(text)
    is_theirs = start(path).returncode == 0
    if is_theirs:
        ask(folder / "control", "terminate")
    assert is_ours(text) == is_theirs


FULL_DISK = """
import sys
from pathlib import Path
from wpsagent.config.network_store import NetworkStore
from wpsagent.io.atomic_file import SaveError
from wpsagent.octets import Ssid
from wpsagent.roles.sta.network import Network

path = Path(sys.argv[1]) / "networks.conf"
store = NetworkStore(path)
networks = [Network(id=i, ssid=Ssid(b"%d" % i), passphrase=b"x" * 63) for i in range(400)]
store.save(networks[:1])
before = path.read_bytes()
try:
    store.save(networks)
except SaveError as error:
    print(error)
assert path.read_bytes() == before, "the old file is not whole"
assert [entry.name for entry in path.parent.iterdir()] == ["networks.conf"]
"""


def in_file_system(folder: Path, mount: str, script: str) -> str:
    """What a script says that runs with a file system of its own mounted on a folder."""
    command = f'{mount} && exec "$0" -c "$1" "$2"'
    done = subprocess.run(
        [*MOUNT_NAMESPACE, "sh", "-c", command, sys.executable, script, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def test_a_disk_that_is_full_leaves_the_old_file(tmp_path: Path) -> None:
    said = in_file_system(tmp_path, 'mount -t tmpfs -o size=16k none "$2"', FULL_DISK)
    assert said == f"{tmp_path}/networks.conf: cannot be saved: No space left on device; the file is as it was"


def test_a_read_only_file_system_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "networks.conf").write_bytes(b"update_config=1\n")
    script = FULL_DISK.replace("store.save(networks[:1])", "store.load()")
    said = in_file_system(tmp_path, 'mount --bind "$2" "$2" && mount -o remount,bind,ro "$2"', script)
    assert said == f"{tmp_path}/networks.conf: cannot be saved: Read-only file system; the file is as it was"
