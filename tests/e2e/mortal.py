"""A browser whose process can end at any moment, unasked; its profile outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.e2e.conftest import BOOT_MS, BROWSER, CHROMIUM


class Mortal:
    """A browser with a profile that outlives it."""

    def __init__(self, playwright: Any, profile: Path) -> None:
        port = profile / "DevToolsActivePort"
        port.unlink(missing_ok=True)
        command = [BROWSER, *CHROMIUM, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [*command, "about:blank"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True
        )
        patience = time.monotonic() + BOOT_MS / 1000
        while not (port.exists() and "\n" in port.read_text()):
            assert self.process.poll() is None and time.monotonic() < patience, "the browser did not start"
            time.sleep(0.05)
        self.browser = playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port.read_text().split()[0]}")
        self.page: Page = self.browser.contexts[0].pages[0]

    def kill(self) -> None:
        """End it and all its processes, unasked."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
