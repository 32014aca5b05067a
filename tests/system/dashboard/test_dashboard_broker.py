# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard's way to the broker: address, user, TLS, and what the broker keeps to itself."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.chromium import Chromium, Page
from tests.system.dashboard_world import (
    Broker,
    served,
)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker that wants a user: anna, secret."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "secret"], check=True)
    broker = Broker(tmp_path / "guarded", "allow_anonymous false", f"password_file {passwords}")
    yield broker
    broker.end()


def fill_in(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.ask(
            f"document.querySelector('#settings-{name}').focus(); document.querySelector('#settings-{name}').select()"
        )
        page.type(value)


def test_user_and_password_are_asked_for_and_kept_only_if_ticked(browser: Chromium, guarded: Broker) -> None:
    kept = "localStorage.length"
    with served(guarded.url) as address:
        page = browser.page(address)
        page.wait_for_text("it wants a user and a password", "#settings-problem")
        fill_in(page, user="anna", password="wrong")
        page.click_button("Connect", "#settings")
        page.wait_for_text("is the password right?", "#settings-problem")
        assert page.focused().startswith("Password")
        fill_in(page, password="secret")
        page.key("Enter")
        page.wait_for_text(f"Connected to 127.0.0.1:{guarded.web_port}", "#connection")
        assert page.ask(kept) == 0
        page.open(address)
        page.wait_for_text("it wants a user and a password", "#settings-problem")
        assert page.ask("document.querySelector('#settings-password').value") == ""
        fill_in(page, user="anna", password="secret")
        page.click("#settings-keep")
        page.click_button("Connect", "#settings")
        page.wait_for_text("Connected to", "#connection")
        assert page.ask(kept) == 1
        page.open(address)
        page.wait_for_text("Connected to", "#connection")
        page.click_button("Broker …")
        page.click("#settings-keep")
        page.click_button("Connect", "#settings")
        page.wait_for_text("Connected to", "#connection")
        assert page.ask(kept) == 0
        assert page.complaints() == []
        page.close()


def test_who_may_not_read_is_told(browser: Chromium, tmp_path: Path) -> None:
    plugin = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
    rules = tmp_path / "rules.json"
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    rules.write_text(json.dumps({"defaultACLAccess": access, "clients": [], "groups": [], "roles": []}))
    lines = ("allow_anonymous true", f"plugin {plugin}", f"plugin_opt_config_file {rules}")
    broker = Broker(tmp_path / "closed", *lines)
    with served(broker.url) as address:
        page = browser.page(address)
        page.wait_for_text("does not let this user read wps-agent/#", "#settings-problem")
        page.wait_for("document.querySelector('#connection-sign').dataset.kind === 'refused'")
        page.close()
    broker.end()


def test_tls_is_the_browsers(browser: Chromium, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    lines = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    broker = Broker(tmp_path / "tls", *lines)
    with served(broker.url) as address:
        page = browser.page(address)
        page.wait_for_text("does this browser trust its certificate?", "#connection")
        page.call("Security.setIgnoreCertificateErrors", ignore=True)
        page.wait_for_text("Connected to", "#connection")
        page.close()
    broker.end()


def test_who_hears_nothing_is_told_what_to_look_at(page: Page) -> None:
    page.wait_for_text("is the base topic right, and may this user read", "#no-boards")


def test_without_a_suggestion_the_page_asks(browser: Chromium, broker: Broker) -> None:
    with served(None, "site/wps-agent") as address:
        page = browser.page(address)
        page.wait_for("document.querySelector('#settings').open")
        assert page.ask("document.querySelector('#settings-topic').value") == "site/wps-agent"
        for url, problem in (
            ("broker", "This is no address"),
            ("http://broker", "begins with ws:// or wss://"),
            ("ws://anna:secret@broker", "their own fields"),
        ):
            fill_in(page, url=url)
            page.click_button("Connect", "#settings")
            page.wait_for_text(problem, "#settings-problem")
        fill_in(page, url=broker.url, topic="a/#")
        page.click_button("Connect", "#settings")
        page.wait_for_text("without + and #", "#settings-problem")
        fill_in(page, url="ws://broker.lan", password="secret")
        page.wait_for_text("travels unprotected", "#settings")
        fill_in(page, url=broker.url, topic="wps-agent")
        page.key("Enter")
        page.wait_for_text("Connected to", "#connection")
        page.close()
