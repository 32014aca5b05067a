# SPDX-License-Identifier: BSD-3-Clause
"""The octets of a file that people or other programs wrote: it may be missing, closed to us, or something else."""

import errno
import os
from pathlib import Path

from wpsagent.errors import ConfigError

_MAXIMUM_OCTETS = 1 << 20


def read_octets(path: Path) -> bytes:
    """A configuration file, which has to be there; raises ConfigError."""
    octets = read_if_there(path, "configuration")
    if octets is None:
        raise ConfigError([f"{path}: cannot be read: {os.strerror(errno.ENOENT)}"])
    return octets


def read_if_there(path: Path, what: str) -> bytes | None:
    """A file that holds what is said, None where there is none; raises ConfigError."""
    try:
        with path.open("rb") as file:
            octets = file.read(_MAXIMUM_OCTETS + 1)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}: be root (sudo), or its owner"]) from None
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError([f"{path}: cannot be read: {reason}"]) from None
    if len(octets) > _MAXIMUM_OCTETS:
        raise ConfigError([f"{path}: has more than {_MAXIMUM_OCTETS} octets: this is no {what}"])
    return octets
