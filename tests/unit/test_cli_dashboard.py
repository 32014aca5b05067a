# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent dashboard`: what it serves, what it refuses, and with which headers."""

import argparse
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib import resources

import pytest

from wpsagent import __version__
from wpsagent.cli import main
from wpsagent.cli.dashboard import Page, Server, dashboard, pages
from wpsagent.cli.dashboard_options import base_topic, broker_url, listen_address
from wpsagent.errors import UsageError

FOLDER = resources.files("wpsagent") / "dashboard"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("127.0.0.1", 0, pages("wss://broker.example/mqtt", "site/wps-agent")) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield serving
        serving.shutdown()
        thread.join()


def ask(server: Server, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return response, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/index.html?a=b", "text/html; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/js/main.js", "text/javascript; charset=utf-8"),
        ("/mqtt/mqtt.esm.js", "text/javascript; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ],
)
def test_the_pages_files_are_served_as_what_they_are(server: Server, path: str, content_type: str) -> None:
    response, content = ask(server, path)
    assert (response.status, response.getheader("Content-Type")) == (200, content_type)
    assert len(content) > 100


def test_the_page_is_told_which_broker_to_suggest(server: Server) -> None:
    response, content = ask(server, "/settings.json")
    assert response.getheader("Content-Type") == "application/json"
    assert json.loads(content) == {
        "broker": "wss://broker.example/mqtt",
        "base_topic": "site/wps-agent",
        "version": __version__,
    }


@pytest.mark.parametrize("path", ["/", "/nothing-here", "/settings.json"])
def test_every_answer_keeps_foreign_things_out(server: Server, path: str) -> None:
    response, _ = ask(server, path)
    policy = str(response.getheader("Content-Security-Policy"))
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "unsafe" not in policy
    assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert response.getheader("X-Content-Type-Options") == "nosniff"
    assert response.getheader("Referrer-Policy") == "no-referrer"
    assert response.getheader("Server") == "wps-agent"


@pytest.mark.parametrize(
    "path",
    ["/../cli/dashboard.py", "/js/../../__init__.py", "/js", "/%2e%2e/__init__.py", "//etc/passwd", "/etc/passwd"],
)
def test_nothing_else_can_be_had(server: Server, path: str) -> None:
    assert ask(server, path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_written(server: Server, method: str) -> None:
    assert ask(server, "/", method)[0].status == 501


def test_head_has_no_content(server: Server) -> None:
    response, content = ask(server, "/style.css", "HEAD")
    assert (response.status, content) == (200, b"")
    assert int(response.getheader("Content-Length") or 0) > 1000


def test_what_a_browser_has_is_not_sent_again(server: Server) -> None:
    tag = ask(server, "/mqtt/mqtt.esm.js")[0].getheader("ETag")
    assert tag
    response, content = ask(server, "/mqtt/mqtt.esm.js", If_None_Match=tag)
    assert (response.status, content, response.getheader("Cache-Control")) == (304, b"", "no-cache")
    assert ask(server, "/mqtt/mqtt.esm.js", If_None_Match=f'"older", W/{tag}')[0].status == 304
    assert ask(server, "/mqtt/mqtt.esm.js", If_None_Match='"another"')[0].status == 200


def test_a_range_is_answered_with_all_of_it(server: Server) -> None:
    response, content = ask(server, "/style.css", Range="bytes=0-9")
    assert (response.status, len(content)) == (200, int(response.getheader("Content-Length") or 0))
    assert len(content) > 1000


def test_a_browser_that_goes_away_leaves_no_trace(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", server.server_port)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset instead of an end
        sock.sendall(b"GET /mqtt/mqtt.esm.js HTTP/1.1\r\n")
    assert ask(server, "/")[0].status == 200
    assert capsys.readouterr().err == ""


def test_a_bug_of_ours_shows_its_traceback(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        server.handle_error(None, ("127.0.0.1", 1))
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_taken_port_is_told_with_what_to_do(server: Server) -> None:
    with pytest.raises(UsageError, match=r"cannot listen on 127\.0\.0\.1:\d+: Address already in use; name another"):
        Server("127.0.0.1", server.server_port, {})


def test_ipv6_is_listened_on() -> None:
    with Server("::1", 0, {"/": Page("text/plain", b"")}) as serving:
        assert serving.socket.family is socket.AF_INET6


# ---- the options


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:8080", "127.0.0.1", 8080), ("[::1]:80", "::1", 80), ("localhost:0", "localhost", 0), (":80", "", 80)],
)
def test_where_to_listen(text: str, host: str, port: int) -> None:
    assert listen_address(text) == (host, port)


@pytest.mark.parametrize("text", ["8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "::1:²"])
def test_where_nobody_can_listen(text: str) -> None:
    with pytest.raises(
        argparse.ArgumentTypeError, match=re.escape(f"HOST:PORT such as 127.0.0.1:8080 or [::1]:8080, found {text!r}")
    ):
        listen_address(text)


@pytest.mark.parametrize("text", ["ws://broker.lan:9001", "wss://broker.lan/mqtt", "ws://[::1]:9001/"])
def test_addresses_of_brokers(text: str) -> None:
    assert broker_url(text) == text


@pytest.mark.parametrize(
    "text", ["broker.lan", "mqtt://broker.lan", "ws://", "ws://broker:0", "ws://broker:x", "ws://[::1", "http://a"]
)
def test_what_is_no_address_of_a_broker(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=r"WebSockets listener, such as ws://broker\.lan:9001"):
        broker_url(text)


def test_a_password_does_not_go_into_a_page_that_everybody_can_read() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="leave user and password out") as caught:
        broker_url("wss://anna:secret@broker.lan")
    assert "secret" not in str(caught.value)


def test_base_topics() -> None:
    assert base_topic("site/wps-agent") == "site/wps-agent"


@pytest.mark.parametrize("text", ["", "a/#", "+", "/a", "a/"])
def test_what_is_no_base_topic(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a topic such as wps-agent"):
        base_topic(text)


# ---- the command


def _options(host: str) -> argparse.Namespace:
    return argparse.Namespace(listen=(host, 0), broker=None, base_topic="wps-agent")


@pytest.mark.parametrize(
    ("host", "is_warned", "shown"),
    [
        ("127.0.0.1", False, "127.0.0.1"),
        ("localhost", False, "localhost"),
        ("0.0.0.0", True, socket.gethostname()),
        ("", True, socket.gethostname()),
    ],
)
def test_who_lets_others_in_is_told_where_they_find_it(
    host: str, is_warned: bool, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Server, "serve_forever", lambda _self: None)
    assert dashboard(_options(host)) == 0
    out, err = capsys.readouterr()
    assert re.fullmatch(rf"the dashboard is at http://{re.escape(shown)}:\d+/\n", out)
    assert ("plain HTTP: put a proxy with TLS before it" in err) is is_warned


def test_it_serves_until_ctrl_c() -> None:
    command = [sys.executable, "-m", "wpsagent.cli", "dashboard", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().removeprefix("the dashboard is at http://").removesuffix("/\n")
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", "/")
        assert connection.getresponse().status == 200
        connection.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert process.stderr.read() == ""


def test_wrong_use_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["dashboard", "--broker", "broker.lan"])
    assert caught.value.code == 2
    assert "expected the broker's WebSockets listener" in capsys.readouterr().err


# ---- the files


def _texts(*suffixes: str) -> Iterator[tuple[str, str]]:
    for folder in (FOLDER, FOLDER / "js"):
        for file in folder.iterdir():
            if file.is_file() and file.name.endswith(suffixes):
                yield file.name, file.read_text()


def test_the_mqtt_client_is_the_one_that_its_notes_name() -> None:
    notes = (FOLDER / "mqtt" / "README.md").read_text()
    content = (FOLDER / "mqtt" / "mqtt.esm.js").read_bytes()
    assert f"`{sha256(content).hexdigest()}`" in notes
    version = re.search(r"# mqtt\.js (\S+)", notes)
    assert version is not None
    assert f'"{version[1]}"'.encode() in content
    assert "The MIT License" in (FOLDER / "mqtt" / "LICENSE.md").read_text()


@pytest.mark.parametrize(
    "is_wrong",
    [
        lambda text: re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text),
        lambda text: re.search(r"""(?:src|href|from|url\()\s*=?\s*["']?(?:https?:)?//""", text),
        lambda text: re.search(r"<[^>]+\s(?:on\w+|style)=", text),
    ],
    ids=["text as HTML", "something from elsewhere", "inline code"],
)
def test_our_sources_are_without(is_wrong: Callable[[str], object]) -> None:
    assert [name for name, text in _texts(".js", ".html", ".css") if is_wrong(text)] == []


def test_our_sources_say_their_licence() -> None:
    names = [name for name, text in _texts(".js", ".html", ".css") if "SPDX-License-Identifier: BSD-3-Clause" in text]
    assert len(names) == len(list(_texts(".js", ".html", ".css"))) > 10
