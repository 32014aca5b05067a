# SPDX-License-Identifier: BSD-3-Clause
"""What no package can bring: whether the kernel lets us have namespaces of our own.

Programs are no such thing: `make test` installs those that are missing, and a test without its program fails.
"""

import os
import subprocess
from collections.abc import Sequence

import pytest


def needs(*commands: Sequence[str]) -> pytest.MarkDecorator:
    """Skips tests where one of these fails, as in a container; WPS_LAB_REQUIRED=1 wants them run all the same."""
    is_possible = os.environ.get("WPS_LAB_REQUIRED") == "1" or not any(
        subprocess.run(command, capture_output=True, check=False).returncode for command in commands
    )
    return pytest.mark.skipif(not is_possible, reason="the kernel gives us no namespaces here")
