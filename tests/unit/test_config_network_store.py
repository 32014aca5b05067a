# SPDX-License-Identifier: BSD-3-Clause
"""The network store: what is learnt survives, what others wrote is not lost, a failure costs nothing."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from wpsagent.config.network_store import NetworkStore
from wpsagent.errors import ConfigError, UsageError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError
from wpsagent.octets import Ssid
from wpsagent.roles.sta.network import Network, NetworkList

HOME = Network(id=0, ssid=Ssid(b"home"), passphrase=b"12345678")
GUEST = Network(id=1, ssid=Ssid(b"guest"), passphrase=b"87654321")
FILE = b'# ours\nupdate_config=1\n\nnetwork={\n\tssid="home"\n\tpsk="12345678"\n}\n'
ADDED = b'\nnetwork={\n\tssid="guest"\n\tpsk="87654321"\n}\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "networks.conf"
    path.write_bytes(FILE)
    return path


def loaded(path: Path) -> NetworkStore:
    store = NetworkStore(path)
    store.load()
    return store


def test_what_is_saved_is_there_the_next_time(path: Path) -> None:
    store = NetworkStore(path)
    networks = NetworkList(store.load())
    assert list(networks) == [HOME]
    networks.add(GUEST)
    assert store.save(networks)
    assert path.read_bytes() == FILE + ADDED
    assert NetworkStore(path).load() == (HOME, GUEST)
    assert store.file.networks == (HOME, GUEST)


def test_a_file_that_does_not_exist_is_begun_when_there_is_something_to_keep(tmp_path: Path) -> None:
    path = tmp_path / "new.conf"
    store = NetworkStore(path)
    assert store.load() == ()
    assert not store.save([])
    assert not path.exists()
    assert store.save([HOME])
    assert path.read_bytes() == b'update_config=1\n\nnetwork={\n\tssid="home"\n\tpsk="12345678"\n}\n'
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert store.save([]), "the last network can go"
    assert NetworkStore(path).load() == ()


def test_nothing_is_written_when_nothing_has_changed(path: Path) -> None:
    store = loaded(path)
    before = path.stat()
    assert not store.save([HOME, replace(GUEST, is_temporary=True)])
    assert path.stat() == before


@pytest.mark.parametrize("end", [b"\r\n# x\n", b"# no newline", b"\n\n"])
def test_a_file_of_unusual_looks_is_left_alone(path: Path, end: bytes) -> None:
    path.write_bytes(FILE + end)
    assert not loaded(path).save([HOME])
    assert path.read_bytes() == FILE + end


@pytest.mark.parametrize("option", [b"", b"update_config=0\n"])
def test_without_update_config_nothing_is_written(path: Path, option: bytes) -> None:
    text = FILE.replace(b"update_config=1\n", option)
    path.write_bytes(text)
    store = loaded(path)
    with pytest.raises(SaveError, match=r"networks.conf: not saved: the file does not have update_config=1"):
        store.save([HOME, GUEST])
    assert path.read_bytes() == text
    assert not store.save([HOME]), "nothing to write, nothing to complain of"


# ---- failures


def test_a_failure_leaves_the_file_and_the_next_save_makes_up_for_it(path: Path) -> None:
    failures = [OSError(errno.ENOSPC, "No space left on device")]

    def write(descriptor: int, octets: memoryview) -> int:
        if failures:
            raise failures.pop()
        return os.write(descriptor, octets)

    store = NetworkStore(path, replace(SYSTEM_CALLS, write=write))
    store.load()
    with pytest.raises(SaveError, match="No space left on device; the file is as it was"):
        store.save([HOME, GUEST])
    assert path.read_bytes() == FILE
    assert store.save([HOME, GUEST])
    assert path.read_bytes() == FILE + ADDED


def test_a_save_that_a_power_cut_may_undo_is_known_to_be_ours(path: Path) -> None:
    failures = [OSError(errno.EIO, "Input/output error")]

    def fsync(descriptor: int) -> None:
        if failures and stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise failures.pop()

    store = NetworkStore(path, replace(SYSTEM_CALLS, fsync=fsync))
    store.load()
    with pytest.raises(SaveError, match="a power cut now may undo it"):
        store.save([HOME, GUEST])
    assert path.read_bytes() == FILE + ADDED
    assert store.save([GUEST])
    assert NetworkStore(path).load() == (replace(GUEST, id=0),)


def test_a_value_that_cannot_be_in_a_file_is_refused_and_the_file_left(path: Path) -> None:
    with pytest.raises(UsageError, match="network 0 cannot be written: a passphrase has no control characters"):
        loaded(path).save([replace(HOME, passphrase=b"1234567\n")])
    assert path.read_bytes() == FILE


# ---- others write, too


def test_options_and_comments_of_others_are_taken_over(path: Path) -> None:
    store = loaded(path)
    path.write_bytes(b"country=DE\n" + FILE + b"# theirs\n")
    assert store.save([HOME, GUEST])
    assert path.read_bytes() == b"country=DE\n" + FILE + ADDED + b"# theirs\n"
    assert store.file.option("country") == "DE"


def test_ids_stay_ours_when_others_have_written(path: Path) -> None:
    store = loaded(path)
    seventh = replace(GUEST, id=7)
    store.save([HOME, seventh])
    path.write_bytes(b"# theirs\n" + path.read_bytes())
    assert store.save([seventh])
    assert store.file.networks == (seventh,)


@pytest.mark.parametrize("theirs", [FILE.replace(b"home", b"house"), b"update_config=1\n", None])
def test_networks_of_others_are_not_overwritten_until_they_have_been_read(path: Path, theirs: bytes | None) -> None:
    store = loaded(path)
    path.unlink()
    if theirs is not None:
        path.write_bytes(theirs)
    with pytest.raises(SaveError, match="not saved: others have changed the networks in it; read it again first"):
        store.save([HOME, GUEST])
    assert not path.exists() if theirs is None else path.read_bytes() == theirs
    networks = store.load()
    assert store.save([*networks, replace(GUEST, id=len(networks))])


def test_a_file_that_others_have_broken_is_not_overwritten(path: Path) -> None:
    store = loaded(path)
    path.write_bytes(FILE + b"oops\n")
    with pytest.raises(
        SaveError, match=r"others have changed the file, and now: .*networks.conf: line 8: expected name"
    ):
        store.save([HOME, GUEST])
    assert path.read_bytes() == FILE + b"oops\n"


def test_a_store_that_was_never_loaded_overwrites_nothing(path: Path) -> None:
    with pytest.raises(SaveError, match="others have changed the networks"):
        NetworkStore(path).save([GUEST])
    assert path.read_bytes() == FILE


# ---- files that cannot be read


def test_a_wrong_file_is_refused_with_its_name_and_line(path: Path) -> None:
    path.write_bytes(FILE + b"network={\n\tpriority=high\n}\n")
    with pytest.raises(ConfigError) as refusal:
        NetworkStore(path).load()
    assert refusal.value.problems == [f"{path}: line 9: priority: expected a number"]


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        NetworkStore(tmp_path).load()


def test_a_huge_file_is_not_read(path: Path) -> None:
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="more than 1048576 octets"):
        NetworkStore(path).load()
