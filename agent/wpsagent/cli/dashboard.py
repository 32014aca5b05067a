# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent dashboard`: hands a browser the page that talks to the broker itself, by MQTT over WebSockets.

Serves the files of wpsagent/dashboard and one answer of its own, settings.json (which broker to suggest), from memory:
whatever is not in that table does not exist, nothing can be written, and no secret passes through here.  The headers
keep everything foreign out of the page: scripts and styles of this server only, no text ever taken for HTML, no frame.
"""

import argparse
import json
import mimetypes
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from importlib.resources.abc import Traversable
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from wpsagent import __version__
from wpsagent.cli.exit_codes import DONE
from wpsagent.errors import UsageError

REQUEST_TIME = 10.0
"""Seconds that a browser has for a request, or between two."""

SECURITY_HEADERS: Mapping[str, str] = {
    # connect-src: the broker is wherever the person says it is.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
    " connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Page:
    """One answer."""

    content_type: str
    content: bytes

    @property
    def tag(self) -> str:
        """Changes with the content, so that a browser asks before it uses what it has kept."""
        return f'"{sha256(self.content).hexdigest()[:32]}"'


def pages(broker: str | None, base_topic: str) -> Mapping[str, Page]:
    """All that there is, by path."""
    root = resources.files("wpsagent") / "dashboard"
    found = {path: Page(_content_type(path), file.read_bytes()) for path, file in _files(root, "/")}
    settings = {"broker": broker, "base_topic": base_topic, "version": __version__}
    found["/settings.json"] = Page("application/json", json.dumps(settings).encode())
    found["/"] = found["/index.html"]
    return found


def _files(folder: Traversable, path: str) -> list[tuple[str, Traversable]]:
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _files(entry, f"{path}{entry.name}/")
        else:
            found.append((path + entry.name, entry))
    return found


def _content_type(path: str) -> str:
    suffix = path[path.rfind(".") :]
    kind = _TYPES.get(suffix) or mimetypes.guess_type(path)[0] or "text/plain"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


class _Handler(BaseHTTPRequestHandler):
    """GET and HEAD of what is in the table."""

    protocol_version = "HTTP/1.1"
    timeout = REQUEST_TIME
    server: "Server"

    def version_string(self) -> str:
        return "wps-agent"

    def log_message(self, format: str, *args: Any) -> None:  # the base class's name
        """Who looks at the page is nobody's business."""

    def do_GET(self) -> None:
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        self._answer(with_content=False)

    def _answer(self, *, with_content: bool) -> None:
        page = self.server.pages.get(urlsplit(self.path).path)
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        is_known = page.tag in self.headers.get("If-None-Match", "")  # one of several, or made weak by a proxy
        self.send_response(HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK)
        self.send_header("Content-Type", page.content_type)
        self.send_header("ETag", page.tag)
        if not is_known:
            self.send_header("Content-Length", str(len(page.content)))
        self.end_headers()
        if with_content and not is_known:
            self.wfile.write(page.content)

    def end_headers(self) -> None:
        """Refusals get them too."""
        for name, value in SECURITY_HEADERS.items():
            self.send_header(name, value)
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()


class Server(ThreadingHTTPServer):
    """The pages at an address; port 0: any free one, see server_port."""

    daemon_threads = True

    def __init__(self, host: str, port: int, content: Mapping[str, Page]) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.pages = content
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UsageError(
                f"cannot listen on {_address(host, port)}: {error.strerror or error}; name another place with --listen"
            ) from error

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away in the middle is no event; anything else is a bug and shows its traceback."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _is_everywhere(host: str) -> bool:
    try:
        return not host or ip_address(host).is_unspecified
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def dashboard(options: argparse.Namespace) -> int:
    """Serve until interrupted."""
    host, port = options.listen
    with Server(host, port, pages(options.broker, options.base_topic)) as server:
        # A phone cannot open 0.0.0.0; by its name it may find us.
        address = _address(socket.gethostname() if _is_everywhere(host) else host, server.server_port)
        print(f"the dashboard is at http://{address}/", flush=True)
        if not _is_local(host):
            print(
                "wps-agent: others can reach it, over plain HTTP: put a proxy with TLS before it (docs/dashboard.md)",
                file=sys.stderr,
            )
        server.serve_forever()
    return DONE
