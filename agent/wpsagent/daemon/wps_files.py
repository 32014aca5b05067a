# SPDX-License-Identifier: BSD-3-Clause
"""What the access points' side of Wi-Fi Protected Setup keeps in files, beside the networks' settings.

- `<state_directory>/<group>.lock-out`: how often the AP PIN was wrong.  A guesser who makes the device restart must
  not be given new tries, so it is written before he hears that he was wrong.
- pin_requests: a line for each device that needs a PIN, for whoever watches that file (hostapd's wps_pin_requests):
  time, UUID, address, name, manufacturer, model name and number, serial number, device type, with tabs between.
"""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from wpsagent.errors import DecodeError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError, SystemCalls, make_folder_of, write_atomically
from wpsagent.octets import MacAddress
from wpsagent.status.events import PinNeeded
from wpsagent.status.texts import cleaned
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.lock_out import LockOutState

logger = logging.getLogger(__name__)

_MAXIMUM_STATE = 4096
_REQUESTS_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_REQUESTS_MODE = 0o600
MAXIMUM_REQUESTS = 1 << 20
"""Octets of pin_requests: strangers can have lines written, so there is an end to it."""
REQUEST_INTERVAL = 10.0
"""Seconds in which one device gets one line."""
_MAXIMUM_REMEMBERED = 64


class LockOutFile:
    """The lock-out state of one button group.  complain(reason): it could not be kept."""

    def __init__(
        self,
        state_directory: str | Path,
        group: str,
        complain: Callable[[str], None],
        calls: SystemCalls = SYSTEM_CALLS,
    ) -> None:
        self.path = Path(state_directory) / f"{quote(group, safe='')}.lock-out"
        self._complain = complain
        self._calls = calls

    def load(self) -> LockOutState | None:
        """What was saved; None where nothing was, or nothing that can be read."""
        try:
            with self.path.open("rb") as file:
                return LockOutState.decode(file.read(_MAXIMUM_STATE))
        except FileNotFoundError:
            return None
        except OSError as error:
            self._complain(f"{self.path}: cannot be read: {error.strerror}; wrong AP PINs are counted anew")
        except DecodeError as error:
            self._complain(f"{self.path}: {error}; wrong AP PINs are counted anew")
        return None

    def save(self, octets: bytes) -> None:
        """Never raises: the lock holds, saved or not."""
        try:
            make_folder_of(self.path)
            write_atomically(self.path, octets, self._calls)
        except SaveError as error:
            self._complain(f"{error}: a restart forgets wrong AP PINs")


class PinRequests:
    """One file of requests."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._noted: dict[tuple[bytes, MacAddress], float] = {}
        self._is_failing = False

    def note(self, event: PinNeeded, wall: float) -> None:
        """A line, unless the device had one a moment ago.  Never raises: that a file is full is no affair of WPS."""
        device = (event.uuid_e, event.address)
        if wall < self._noted.get(device, wall - REQUEST_INTERVAL) + REQUEST_INTERVAL:
            return
        self._noted.pop(device, None)
        self._noted = dict(list(self._noted.items())[-_MAXIMUM_REMEMBERED + 1 :]) | {device: wall}
        try:
            self._append(_line(event, wall))
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                logger.warning("%s: cannot be written: %s", self.path, error.strerror)
            self._is_failing = True

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, _REQUESTS_FLAGS, _REQUESTS_MODE)
        try:
            if os.fstat(descriptor).st_size + len(line) > MAXIMUM_REQUESTS:
                raise OSError(0, f"it has {MAXIMUM_REQUESTS} octets; remove it to go on")
            os.write(descriptor, line)
        finally:
            os.close(descriptor)


def _line(event: PinNeeded, wall: float) -> bytes:
    names = (event.device_name, event.manufacturer, event.model_name, event.model_number, event.serial_number)
    fields = (
        str(int(wall)),
        format_uuid(event.uuid_e),
        str(event.address),
        *map(cleaned, names),
        str(event.primary_device_type),
    )
    return ("\t".join(fields) + "\n").encode()
