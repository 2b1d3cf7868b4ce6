"""Firefox and WebKit, each by its own plain protocol, so that a machine needs only the browser: Marionette over a socket for
Firefox, W3C WebDriver over HTTP for WebKitGTK. What Playwright drives is its own build of either, not the one people have."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

START_S, ANSWER_S = 60, 150


class MissingBrowser(Exception):
    """This machine doesn't have the browser; the text says what to install."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(deed: Any, seconds: float, what: str) -> Any:
    """The first answer of `deed` that is not empty; asked again until then. Raises TimeoutError."""
    end = time.monotonic() + seconds
    trouble: Any = None
    while time.monotonic() < end:
        try:
            if found := deed():
                return found
        except (OSError, ConnectionError) as refusal:
            trouble = refusal
        time.sleep(0.1)  # between two questions; what is waited for is the answer
    raise TimeoutError(f"{what} did not come in {seconds} s. {trouble or ''}")


class Firefox:
    """A headless Firefox, driven by Marionette: each message is its length, a colon, and JSON."""

    def __init__(self) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise MissingBrowser("Firefox is not on this machine. On Debian install firefox-esr.")
        port = free_port()
        self.profile = tempfile.mkdtemp()
        settings = {
            "marionette.port": port,
            "app.update.enabled": False,
            "datareporting.policy.dataSubmissionEnabled": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        Path(self.profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--marionette", "--profile", self.profile, "--no-remote"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        self.socket = until(lambda: socket.create_connection(("127.0.0.1", port), 5), START_S, "Firefox")
        self.socket.settimeout(ANSWER_S)
        self.number = 0
        self._read()
        self._ask("WebDriver:NewSession", {})

    def _read(self) -> Any:
        length = b""
        while (byte := self.socket.recv(1)) != b":":
            length += byte
        body = b""
        while len(body) < int(length):
            body += self.socket.recv(int(length) - len(body))
        return json.loads(body)

    def _ask(self, name: str, parameters: dict[str, Any]) -> Any:
        self.number += 1
        message = json.dumps([0, self.number, name, parameters]).encode()
        self.socket.sendall(str(len(message)).encode() + b":" + message)
        _, _, error, result = self._read()
        assert error is None, error
        return result

    def goto(self, address: str) -> None:
        """Open a page."""
        self._ask("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body gives in the page, for plain arguments."""
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def close(self) -> None:
        """End the browser and its profile."""
        self.socket.close()
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class WebKit:
    """WebKitGTK's small browser, driven by WebKitWebDriver on a screen that isn't there."""

    def __init__(self) -> None:
        driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
        if driver is None or screen is None:
            raise MissingBrowser("WebKitGTK is not on this machine. On Debian install webkit2gtk-driver and xvfb.")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        display, port = f":{free_port() % 10000 + 100}", free_port()
        self.screen = subprocess.Popen([screen, display, "-screen", "0", "1280x900x24"], **quiet)  # type: ignore[call-overload]
        around = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "GDK_BACKEND": "x11"}
        self.driver = subprocess.Popen([driver, f"--port={port}"], env=around, **quiet)  # type: ignore[call-overload]
        self.base = f"http://127.0.0.1:{port}/session"
        browser = {"webkitgtk:browserOptions": {"args": ["--automation"]}}
        wishes = {"capabilities": {"alwaysMatch": browser}}
        made = until(lambda: self._ask("", wishes), START_S, "WebKit")
        self.base += f"/{made['sessionId']}"

    def _ask(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(
            self.base + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=ANSWER_S) as answer:
            return json.load(answer)["value"]

    def goto(self, address: str) -> None:
        """Open a page."""
        self._ask("/url", {"url": address})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a function body gives in the page, for plain arguments."""
        return self._ask("/execute/sync", {"script": script, "args": list(arguments)})

    def close(self) -> None:
        """End the browser, its driver and the screen."""
        request = urllib.request.Request(self.base, method="DELETE")
        with contextlib.suppress(OSError):  # it may be gone already
            urllib.request.urlopen(request, timeout=10).close()
        for process in (self.driver, self.screen):
            process.kill()
            process.wait()
