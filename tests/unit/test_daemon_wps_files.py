# SPDX-License-Identifier: BSD-3-Clause
"""Wrong AP PINs outlast a restart; whoever needs a PIN is written down, harmlessly and not without end."""

import errno
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from wpsagent.daemon.wps_files import MAXIMUM_REQUESTS, LockOutFile, PinRequests
from wpsagent.io.atomic_file import SYSTEM_CALLS
from wpsagent.octets import MacAddress
from wpsagent.status.events import PinNeeded
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.lock_out import LockOutState

PHONE = MacAddress.parse("02:00:00:00:01:00")
STATE = LockOutState(4, 4, 60.0, True, 12.5)
UUID = bytes.fromhex("2b7093f1d6fb5108adbbbea66bb87333")


def lock_out(folder: Path, complaints: list[str], group: str = "main") -> LockOutFile:
    return LockOutFile(folder, group, complaints.append)


def test_what_was_saved_is_loaded_by_nobody_else(tmp_path: Path) -> None:
    complaints: list[str] = []
    folder = tmp_path / "made for it"
    assert lock_out(folder, complaints).load() is None
    lock_out(folder, complaints).save(STATE.encode())
    assert lock_out(folder, complaints).load() == STATE
    assert lock_out(folder, complaints, "garden").load() is None
    assert (folder / "main.lock-out").stat().st_mode & 0o777 == 0o600
    assert complaints == []


@pytest.mark.parametrize("group", ["../main", "a/b", "Gäste & co", "."])
def test_a_group_of_any_name_has_a_file_in_the_folder(group: str, tmp_path: Path) -> None:
    file = lock_out(tmp_path, [], group)
    assert file.path.parent == tmp_path
    file.save(STATE.encode())
    assert file.load() == STATE


@pytest.mark.parametrize("octets", [b"", b"\xff", b"{}", b"[" * 5000, STATE.encode() * 100])
def test_what_nobody_can_have_saved_is_told_and_begun_anew(octets: bytes, tmp_path: Path) -> None:
    complaints: list[str] = []
    (tmp_path / "main.lock-out").write_bytes(octets)
    assert lock_out(tmp_path, complaints).load() is None
    (complaint,) = complaints
    assert "wrong AP PINs are counted anew" in complaint


def test_a_file_that_cannot_be_read_or_written_is_told_and_never_raises(tmp_path: Path) -> None:
    complaints: list[str] = []
    (tmp_path / "main.lock-out").mkdir()
    file = lock_out(tmp_path, complaints)
    assert file.load() is None
    file.save(STATE.encode())
    (tmp_path / "file").write_text("")
    lock_out(tmp_path / "file" / "folder", complaints).save(STATE.encode())
    assert len(complaints) == 3
    assert all(str(tmp_path) in complaint for complaint in complaints)


def test_a_full_disk_leaves_the_state_of_before(tmp_path: Path) -> None:
    complaints: list[str] = []
    lock_out(tmp_path, complaints).save(STATE.encode())

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    LockOutFile(tmp_path, "main", complaints.append, replace(SYSTEM_CALLS, write=full)).save(b"{}")
    assert lock_out(tmp_path, complaints).load() == STATE
    (complaint,) = complaints
    assert "a restart forgets wrong AP PINs" in complaint


# ---- pin_requests


def needed(name: str = "phone", address: MacAddress = PHONE) -> PinNeeded:
    return PinNeeded(UUID, address, name, "Maker", "Model", "42", "0815", COMPUTER)


def test_a_request_is_a_line_with_tabs(tmp_path: Path) -> None:
    path = tmp_path / "pins"
    PinRequests(str(path)).note(needed(), 1795336200.7)
    assert path.read_text() == (
        "1795336200\t2b7093f1-d6fb-5108-adbb-bea66bb87333\t02:00:00:00:01:00\tphone\tMaker\tModel\t42\t0815"
        "\t1-0050F204-1\n"
    )
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_is_there_stays_and_names_cannot_break_a_line(tmp_path: Path) -> None:
    path = tmp_path / "pins"
    path.write_text("before\n")
    PinRequests(str(path)).note(needed("a\tb\nc\x1b[31m"), 1.0)
    before, line = path.read_text().splitlines()
    assert before == "before"
    assert line.split("\t")[3] == "a_b_c_[31m"
    assert len(line.split("\t")) == 9


def test_a_device_gets_one_line_in_a_while_and_others_theirs(tmp_path: Path) -> None:
    path = tmp_path / "pins"
    requests = PinRequests(str(path))
    other = MacAddress.parse("02:00:00:00:02:00")
    for wall, address in ((100.0, PHONE), (101.0, PHONE), (101.0, other), (109.9, PHONE), (110.0, PHONE)):
        requests.note(needed(address=address), wall)
    assert [line.split("\t")[0] for line in path.read_text().splitlines()] == ["100", "101", "110"]


def test_strangers_cannot_fill_the_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "pins"
    path.write_bytes(b"#" * (MAXIMUM_REQUESTS - 10))
    requests = PinRequests(str(path))
    for count in range(200):
        requests.note(needed(address=MacAddress(count.to_bytes(6))), 1.0)
    assert path.stat().st_size == MAXIMUM_REQUESTS - 10
    assert caplog.text.count("remove it to go on") == 1
    path.unlink()
    requests.note(needed(), 2.0)
    assert path.read_text().count("\n") == 1


def test_a_link_is_not_followed_and_a_folder_no_reason_to_stop(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "target").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    with caplog.at_level(logging.WARNING):
        PinRequests(str(tmp_path / "link")).note(needed(), 1.0)
        PinRequests(str(tmp_path)).note(needed(), 1.0)
    assert (tmp_path / "target").read_text() == ""
    assert caplog.text.count("cannot be written") == 2
