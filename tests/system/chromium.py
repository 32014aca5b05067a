# SPDX-License-Identifier: BSD-3-Clause
"""Debian's Chromium without a screen, driven by its DevTools protocol over two pipes (--remote-debugging-pipe).

Messages are JSON, each ended by a zero octet.  Whatever a page complains of (errors, exceptions, its security policy)
is collected in `complaints`.
"""

import base64
import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WITHIN = 20.0

_KEYS: Mapping[str, tuple[str, int, str]] = {
    "Tab": ("Tab", 9, ""),
    "Enter": ("Enter", 13, "\r"),
    "Escape": ("Escape", 27, ""),
    "Space": ("Space", 32, " "),
    "ArrowDown": ("ArrowDown", 40, ""),
    "ArrowRight": ("ArrowRight", 39, ""),
}
SHIFT = 8

_OPTIONS = (
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--hide-scrollbars",
    "--mute-audio",
    "--no-proxy-server",
)


class Chromium:
    """One browser; use as a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ids = itertools.count(1)
        self._received = b""
        self._events: list[dict[str, Any]] = []

    def __enter__(self) -> Self:
        from_us, self._commands = os.pipe()
        self._answers, to_us = os.pipe()
        # The browser wants them as 3 and 4; it runs as root here, where it has no sandbox of its own.
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        command = ("chromium", *_OPTIONS, *sandbox, f"--user-data-dir={self._folder}", "about:blank")
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{from_us} 4>&{to_us}', "bash", *command],
            pass_fds=(from_us, to_us),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(self._folder)},
        )
        os.close(from_us)
        os.close(to_us)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._commands)  # it ends when nobody can command it any more
        try:
            self._process.wait(WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._answers)

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """One command, and its result."""
        number = next(self._ids)
        message = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return dict(answer["result"])
            self._events.append(answer)

    def _next(self) -> dict[str, Any]:
        deadline = time.monotonic() + 3 * WITHIN
        while b"\0" not in self._received:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "the browser does not answer"
            octets = os.read(self._answers, 1 << 16)
            assert octets, "the browser has ended"
            self._received += octets
        message, _, self._received = self._received.partition(b"\0")
        return dict(json.loads(message))

    def events(self, session: str) -> list[dict[str, Any]]:
        """What a page has told so far."""
        return [event for event in self._events if event.get("sessionId") == session]

    def has_downloaded(self) -> bool:
        """Whether a file has come whole."""
        ended = [event for event in self._events if event["method"] == "Browser.downloadProgress"]
        return any(event["params"]["state"] == "completed" for event in ended)

    def page(self, url: str, width: int = 1280, height: int = 900, **features: str) -> "Page":
        """A page of its own, with nothing remembered; features: media features such as prefers_color_scheme."""
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(self, session, context)
        for domain in ("Page", "Runtime", "Log", "Accessibility", "DOM"):
            page.call(f"{domain}.enable")
        page.resize(width, height)
        media = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        page.call("Emulation.setEmulatedMedia", features=media)
        page.open(url)
        return page


@dataclass
class Page:
    """What a person sees and does."""

    browser: Chromium
    session: str
    context: str
    allowed: tuple[str, ...] = field(default=())

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self.browser.call(method, self.session, **parameters)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def close(self) -> None:
        self.browser.call("Target.disposeBrowserContext", browserContextId=self.context)

    def resize(self, width: int, height: int) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )

    def ask(self, expression: str) -> Any:
        """The value of an expression, waited for."""
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def wait_for(self, condition: str, within: float = WITHIN) -> None:
        """Until an expression is true; says what the page shows if it never is."""
        is_true = self.ask(
            f"""new Promise((tell) => {{
              const end = Date.now() + {within * 1000};
              const look = () => {{
                let found = false;
                try {{ found = Boolean({condition}); }} catch {{ found = false; }}
                if (found || Date.now() > end) tell(found); else setTimeout(look, 10);
              }};
              look();
            }})"""
        )
        assert is_true, f"never true: {condition}\n{self.text()}\n{self.complaints()}"

    def text(self, selector: str = "body") -> str:
        """The text as it is shown, without what is hidden."""
        return str(self.ask(f"document.querySelector({json.dumps(selector)})?.innerText ?? ''"))

    def wait_for_text(self, text: str, selector: str = "body") -> None:
        self.wait_for(f"document.querySelector({json.dumps(selector)})?.innerText.includes({json.dumps(text)})")

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of what is shown."""
        self.wait_for(f"document.querySelector({json.dumps(selector)})?.checkVisibility()")
        self.ask(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center'}})")
        box = self.ask(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)

    def click_button(self, text: str, within: str = "body") -> None:
        """The button that is called so."""
        find = (
            f"[...document.querySelectorAll({json.dumps(within + ' button')})].find("
            f"(b) => b.checkVisibility() && !b.disabled && b.innerText === {json.dumps(text)})"
        )
        self.wait_for(find)
        self.ask(f"void {find}.setAttribute('data-test', 'it')")
        self.click("[data-test]")
        self.ask("void document.querySelector('[data-test]')?.removeAttribute('data-test')")

    def download(self, selector: str, folder: Path) -> Path:
        """The file that a click brings."""
        self.browser.call(
            "Browser.setDownloadBehavior",
            behavior="allow",
            downloadPath=str(folder),
            browserContextId=self.context,
            eventsEnabled=True,
        )
        self.click(selector)
        deadline = time.monotonic() + WITHIN
        while not self.browser.has_downloaded():
            assert time.monotonic() < deadline, "nothing was downloaded"
            self.ask("new Promise((tell) => setTimeout(tell, 10))")
        [file] = folder.iterdir()
        return file

    def key(self, name: str, *, modifiers: int = 0) -> None:
        code, number, text = _KEYS[name]
        key = " " if name == "Space" else name
        common: dict[str, Any] = {"key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers}
        self.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text: str) -> None:
        for letter in text:
            self.call("Input.dispatchKeyEvent", type="char", text=letter)

    def focused(self) -> str:
        """What has the focus, by its words."""
        return str(
            self.ask(
                "(() => { const e = document.activeElement; return e.getAttribute('aria-label') || e.innerText"
                " || e.labels?.[0]?.innerText || e.tagName; })()"
            )
        ).strip()

    def tab_to(self, words: str, limit: int = 60) -> None:
        """Press Tab until something with these words has the focus."""
        seen = []
        for _ in range(limit):
            if words in (now := self.focused()):
                return
            seen.append(now)
            self.key("Tab")
        raise AssertionError(f"{words!r} was never focused: {seen}")

    def nodes(self) -> list[dict[str, Any]]:
        """What a screen reader is told: role, name, and whether it can take the focus."""
        found = []
        for node in self.call("Accessibility.getFullAXTree")["nodes"]:
            if node.get("ignored"):
                continue
            properties = {entry["name"]: entry["value"].get("value") for entry in node.get("properties", ())}
            found.append(
                {
                    "role": node["role"]["value"],
                    "name": node.get("name", {}).get("value", ""),
                    "focusable": properties.get("focusable", False),
                }
            )
        return found

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def complaints(self) -> list[str]:
        """Errors, exceptions and what the security policy has kept out."""
        found = []
        for event in self.browser.events(self.session):
            parameters = event["params"]
            match event["method"]:
                case "Runtime.exceptionThrown":
                    found.append(str(parameters["exceptionDetails"]))
                case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                    found.append(str(parameters["args"]))
                case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                    found.append(f"{parameters['entry']['text']} {parameters['entry'].get('url', '')}")
                case _:
                    pass
        return [text for text in found if not any(allowed in text for allowed in self.allowed)]
