# SPDX-License-Identifier: BSD-3-Clause
"""What is made once for several files of tests: our Debian package, and a Debian to install it in."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.debian import Debian

BUILD = Path(__file__).resolve().parents[2] / "init" / "build-deb.sh"


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    command = [str(BUILD), sys.executable, str(tmp_path_factory.mktemp("package"))]
    made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    return Path(made.stdout.strip())


@pytest.fixture(scope="session")
def debian() -> Iterator[Debian]:
    # Not in /tmp: Debian 13 has it in memory, and without device nodes.
    made = Debian(Path(tempfile.mkdtemp(prefix="wps-agent-debian-", dir="/var/tmp")))
    try:
        yield made
    finally:
        made.remove()
