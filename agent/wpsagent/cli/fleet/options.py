# SPDX-License-Identifier: BSD-3-Clause
"""The values of `wps-agent fleet`'s options, each for argparse: the broker as a URL, the states to show."""

import argparse
from dataclasses import dataclass

STATES = (
    "idle",
    "active",
    "success",
    "error",
    "overlap",
    "timeout",
    "cancelled",
    "starting",
    "stopping",
    "offline",
    "unreadable",
    "unknown",
)
"""What an agent may be in: a session's state while it runs, or why there is none."""

EXPECTED_BROKER = "expected the broker as mqtt://broker.lan, mqtts://broker.lan:8883 or mqtt://user:-@broker.lan"


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Of a URL.  asks_password: the password is asked for, or read from standard input."""

    host: str
    port: int
    is_encrypted: bool = False
    username: str | None = None
    asks_password: bool = False


def broker(text: str) -> BrokerPlace:
    """mqtt://[user[:-]@]host[:port] or mqtts://…; the text is never repeated: somebody may have put a password in."""
    from urllib.parse import unquote, urlsplit  # rarely wanted

    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise argparse.ArgumentTypeError(EXPECTED_BROKER) from None
    if parts.scheme not in ("mqtt", "mqtts") or not host or port == 0 or parts.path.strip("/") or parts.query:
        raise argparse.ArgumentTypeError(EXPECTED_BROKER)
    if parts.password not in (None, "-") or (parts.password is not None and not parts.username):
        raise argparse.ArgumentTypeError(
            "no password in the URL, where others can read it: mqtt://user:-@broker.lan asks for it,"
            " --password-file reads it"
        )
    is_encrypted = parts.scheme == "mqtts"
    username = unquote(parts.username) if parts.username else None
    return BrokerPlace(
        host, port or (8883 if is_encrypted else 1883), is_encrypted, username, parts.password is not None
    )


def states(text: str) -> frozenset[str]:
    """One state, or several with commas."""
    found = frozenset(text.split(","))
    if not found <= set(STATES):
        raise argparse.ArgumentTypeError(f"expected states of {', '.join(STATES)}, found {text!r}")
    return found
