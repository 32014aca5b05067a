# SPDX-License-Identifier: BSD-3-Clause
"""How `make` gets what is missing (.ci/need): with an apt of ours, which writes down what it is told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NEED = Path(__file__).resolve().parents[2] / ".ci" / "need"
APT = """#!/bin/bash
cd "$(dirname "$0")"
words=()
for word; do [[ $word == -o || $word == *=* || $word == -[qy] ]] || words+=("$word"); done
echo "${words[*]}" >>told
case ${words[0]} in
  update) touch lists; [ ! -e offline ] ;;
  *) [ -e lists ] && [ ! -e offline ] || { echo "E: cannot locate it"; exit 100; } ;;
esac
"""


class Place:
    """A folder with the script in it, and programs that it finds before those of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        (folder / ".ci").mkdir(parents=True)
        self.programs.mkdir()
        shutil.copy(NEED, folder / ".ci" / "need")
        self.program("apt-get", APT)
        self.is_user(0)

    def program(self, name: str, text: str) -> None:
        (self.programs / name).write_text(text)
        (self.programs / name).chmod(0o755)

    def is_user(self, number: int) -> None:
        self.program("id", f"#!/bin/sh\necho {number}\n")

    def has(self, name: str) -> None:
        (self.programs / name).touch()

    def need(self, *words: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.programs}:{os.environ['PATH']}"
        return subprocess.run(
            [self.folder / ".ci" / "need", *words],
            env={**os.environ, "PATH": path},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def told(self) -> list[str]:
        """What apt was asked for."""
        told = self.programs / "told"
        return told.read_text().splitlines() if told.exists() else []


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "a folder")


def test_what_is_there_is_not_asked_for(place: Place) -> None:
    assert place.need("bash=bash", "some-package=/bin/sh").returncode == 0
    assert not place.told()


def test_package_lists_are_fetched_only_where_those_that_are_there_will_not_do(place: Place) -> None:
    install = "install --no-install-recommends missing-package"
    download = install.replace("install", "install --download-only", 1)
    done = place.need("bash=bash", "missing-package=/nowhere/at-all")
    assert (done.returncode, place.told()) == (0, [download, "update", install])
    place.need("missing-package=/nowhere/at-all")
    assert place.told()[3:] == [download, install]


def test_a_package_file_is_installed_anew_with_what_it_recommends(place: Place) -> None:
    place.has("lists")
    assert place.need("./dist/ours_1_all.deb").returncode == 0
    assert place.told()[-1] == f"install --reinstall {place.folder}/dist/ours_1_all.deb"


def test_what_apt_says_is_shown_and_what_can_be_done_by_hand(place: Place) -> None:
    place.has("offline")
    done = place.need("missing-package=/nowhere/at-all")
    assert done.returncode == 1
    assert "E: cannot locate it" in done.stderr
    assert "\n  apt-get update; apt-get install --no-install-recommends missing-package\n" in done.stderr


def test_who_may_not_become_root_is_told_what_root_has_to_do(place: Place) -> None:
    place.is_user(1000)
    place.program("sudo", "#!/bin/sh\nexit 1\n")
    done = place.need("./dist/ours_1_all.deb")
    assert (done.returncode, place.told()) == (1, [])
    quoted = str(place.folder).replace(" ", "\\ ")
    assert f"As root:\n  apt-get update; apt-get install --reinstall {quoted}/dist/ours_1_all.deb\n" in done.stderr


def test_sudo_does_it_for_who_may(place: Place) -> None:
    place.is_user(1000)
    place.program("sudo", '#!/bin/sh\n[ "$1" != -n ] || shift\nexec "$@"\n')
    place.has("lists")
    assert place.need("missing-package=/nowhere/at-all").returncode == 0
    assert place.told()[-1] == "install --no-install-recommends missing-package"
