# SPDX-License-Identifier: BSD-3-Clause
"""The values of `wps-agent dashboard`'s options: where to listen, which broker, which topic; each for argparse."""

import argparse


def listen_address(text: str) -> tuple[str, int]:
    """Host and port of 127.0.0.1:8080, [::1]:8080 or localhost:8080."""
    host, separator, port = text.rpartition(":")
    if not separator or not (port.isascii() and port.isdecimal()) or int(port) > 0xFFFF:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, found {text!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def broker_url(text: str) -> str:
    """ws://host:9001/path or wss://…, without a user: everybody who opens the page can read it."""
    from urllib.parse import urlsplit  # rarely wanted

    try:
        parts = urlsplit(text)
        is_right = parts.scheme in ("ws", "wss") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_right = False
    if not is_right:
        raise argparse.ArgumentTypeError(
            f"expected the broker's WebSockets listener, such as ws://broker.lan:9001 or wss://broker.lan/mqtt,"
            f" found {text!r}"
        )
    if parts.username is not None:
        raise argparse.ArgumentTypeError("leave user and password out: whoever opens the page would see them; it asks")
    return text


def base_topic(text: str) -> str:
    """A topic of one level or more, without wildcards."""
    if not text or any(sign in text for sign in "+#\0") or text[0] == "/" or text[-1] == "/":
        raise argparse.ArgumentTypeError(f"expected a topic such as wps-agent or site/wps-agent, found {text!r}")
    return text
