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
    """This machine doesn't have the browser, or it doesn't start here; the text says what to do or what happened."""


def started(engine: type, failed: dict[type, str]) -> Any:
    """A browser of this kind. Raises MissingBrowser with the reason, at once if it has `failed` to start before."""
    if engine in failed:
        raise MissingBrowser(failed[engine])
    try:
        return engine()
    except MissingBrowser as missing:
        failed[engine] = str(missing)
    except Exception as trouble:  # whatever a machine makes of a browser: it is no fault of the lab
        failed[engine] = f"{engine.__name__} is on this machine and does not start: {type(trouble).__name__}: {trouble}"
    raise MissingBrowser(failed[engine])


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(deed: Any, seconds: float, what: str, by: subprocess.Popen[bytes] | None = None) -> Any:
    """The first answer of `deed` that is not empty; asked again until then. Raises TimeoutError, or OSError when the
    process that it comes from, `by`, has ended."""
    end = time.monotonic() + seconds
    trouble: Any = None
    while time.monotonic() < end:
        if by is not None and by.poll() is not None:
            raise OSError(f"it ended at once, with status {by.returncode}")
        try:
            if found := deed():
                return found
        except (OSError, ConnectionError) as refusal:
            trouble = refusal
        time.sleep(0.1)  # between two questions; what is waited for is the answer
    raise TimeoutError(f"{what} did not come in {seconds} s. {trouble or ''}")


def ended(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait until it is gone."""
    process.kill()
    process.wait()


class Firefox:
    """A headless Firefox, driven by Marionette: each message is its length, a colon, and JSON."""

    def __init__(self) -> None:
        program = shutil.which("firefox-esr") or shutil.which("firefox")
        if program is None:
            raise MissingBrowser("Firefox is not on this machine. On Debian install firefox-esr.")
        with contextlib.ExitStack() as begun:  # what is begun, to be ended in reverse; here if the rest fails
            self._start(program, begun)
            self.open = begun.pop_all()

    def _start(self, program: str, begun: contextlib.ExitStack) -> None:
        port = free_port()
        profile = begun.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        settings = {
            "marionette.port": port,
            "app.update.enabled": False,
            "datareporting.policy.dataSubmissionEnabled": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in settings.items()]
        Path(profile, "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--marionette", "--profile", profile, "--no-remote"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, **quiet)  # type: ignore[call-overload]
        begun.callback(ended, process)
        self.socket = until(lambda: socket.create_connection(("127.0.0.1", port), 5), START_S, "Firefox", process)
        begun.callback(self.socket.close)
        self.socket.settimeout(START_S)
        self.number = 0
        self._read()
        self._ask("WebDriver:NewSession", {})
        self.socket.settimeout(ANSWER_S)

    def _read(self) -> Any:
        length = b""
        while (byte := self.socket.recv(1)) != b":":
            if not byte:
                raise ConnectionError("Firefox has ended")
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
        self.open.close()


class WebKit:
    """WebKitGTK's small browser, driven by WebKitWebDriver on a screen that isn't there."""

    def __init__(self) -> None:
        driver, screen = shutil.which("WebKitWebDriver"), shutil.which("Xvfb")
        if driver is None or screen is None:
            raise MissingBrowser("WebKitGTK is not on this machine. On Debian install webkit2gtk-driver and xvfb.")
        with contextlib.ExitStack() as begun:  # what is begun, to be ended in reverse; here if the rest fails
            self._start(driver, screen, begun)
            self.open = begun.pop_all()

    def _start(self, driver: str, screen: str, begun: contextlib.ExitStack) -> None:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        display, port = f":{free_port() % 10000 + 100}", free_port()
        begun.callback(ended, subprocess.Popen([screen, display, "-screen", "0", "1280x900x24"], **quiet))  # type: ignore[call-overload]
        around = {**os.environ, "DISPLAY": display, "WEBKIT_DISABLE_COMPOSITING_MODE": "1", "GDK_BACKEND": "x11"}
        process = subprocess.Popen([driver, f"--port={port}"], env=around, **quiet)  # type: ignore[call-overload]
        begun.callback(ended, process)
        self.base = f"http://127.0.0.1:{port}/session"
        browser = {"webkitgtk:browserOptions": {"args": ["--automation"]}}
        wishes = {"capabilities": {"alwaysMatch": browser}}
        made = until(lambda: self._ask("", wishes), START_S, "WebKit", process)
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
        self.open.close()
