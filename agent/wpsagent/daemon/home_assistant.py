# SPDX-License-Identifier: BSD-3-Clause
"""Announces this device to Home Assistant, again whenever that has started, and takes the announcement back.

`<state_directory>/home-assistant` holds the topic of the announcement that a broker may still keep: when it is turned
off, or made elsewhere, the old one is removed from there.
"""

import asyncio
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from wpsagent.io.atomic_file import SaveError, make_folder_of, write_atomically
from wpsagent.ports import Entropy
from wpsagent.status.home_assistant import BIRTH, Announced, discovery, discovery_topic

logger = logging.getLogger(__name__)

MAX_DELAY = 2.0
"""Seconds within which a birth is answered: many devices hear it at once."""

_FILE = "home-assistant"
_MAX_TOPIC = 1024


class Announcer(Protocol):
    """What announces: the MQTT reporter."""

    def announce(self, topic: str, payload: bytes, on_announced: Callable[[], None] | None = None) -> None: ...
    def subscribe(self, topic: str, on_message: Callable[[bytes, bool], None]) -> None: ...
    def renew(self) -> None: ...


class HomeAssistant:
    """The announcement, from `start` to `close`; device None: there shall be none."""

    def __init__(
        self, announcer: Announcer, entropy: Entropy, state_directory: str, prefix: str, device: Announced | None
    ) -> None:
        self._announcer = announcer
        self._entropy = entropy
        self._file = Path(state_directory) / _FILE
        self._prefix = prefix
        self._topic = None if device is None else discovery_topic(prefix, device.topic)
        self._payload = b"" if device is None else json.dumps(discovery(device), separators=(",", ":")).encode()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Before the reporter's start."""
        old = self._remembered()
        if old not in (None, self._topic):
            assert old is not None
            self._announcer.announce(old, b"", None if self._topic else self._forget)
        if self._topic is not None:
            if old != self._topic:
                self._remember(self._topic)
            self._announcer.announce(self._topic, self._payload)
            self._announcer.subscribe(f"{self._prefix}/status", self._heard)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _heard(self, payload: bytes, is_retained: bool) -> None:
        """Home Assistant has started; some are told to say it retained, so it may have been long ago."""
        del is_retained
        if payload == BIRTH:
            self.close()
            delay = MAX_DELAY * int.from_bytes(self._entropy(2)) / 0x10000
            self._timer = asyncio.get_running_loop().call_later(delay, self._announce_again)

    def _announce_again(self) -> None:
        assert self._topic is not None
        self._announcer.announce(self._topic, self._payload)
        self._announcer.renew()

    # ---- what a broker may still keep

    def _remembered(self) -> str | None:
        try:
            topic = self._file.read_bytes()[:_MAX_TOPIC].decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        is_ours = (
            "/device/" in topic and topic.endswith("/config") and topic.isprintable() and not set("+#") & set(topic)
        )
        return topic if is_ours else None

    def _remember(self, topic: str) -> None:
        try:
            make_folder_of(self._file)
            write_atomically(self._file, f"{topic}\n".encode())
        except SaveError as error:
            logger.warning("if Home Assistant is turned off here it will not be told: %s", error)

    def _forget(self) -> None:
        """The broker has taken the announcement back."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", self._file, error.strerror)
