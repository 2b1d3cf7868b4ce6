"""A web server that behaves as GitHub Pages does towards a learner who returns another day, and notes what it is asked for.

It compresses what GitHub Pages compresses, once, before anything is measured. Every file may be kept by the browser but is
asked about again (GitHub Pages allows ten minutes without asking), and 304 answers that.
"""

from __future__ import annotations

import hashlib
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import cast

from bench.link import Link
from bench.sizes import zipped
from tools.server import TYPES, Server

QUIET_S = 1.5
QUIET_AT_MOST_S = 60.0


@dataclass(frozen=True)
class Stored:
    """A file ready to be sent."""

    kind: str
    body: bytes
    zipped: bool
    tag: str


@dataclass(frozen=True)
class Asked:
    """A request that was answered: when it came (seconds since 1970, as browsers count), for what, with which status."""

    at_s: float
    name: str
    status: int


class Host(Server):
    """One folder, served on a free port of localhost over a `Link`. Use it as a context manager."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.files = {path.relative_to(folder).as_posix(): stored(path) for path in folder.rglob("*") if path.is_file()}
        self.link = Link()
        self.asked: list[Asked] = []
        self.isolated = False  # whether pages are kept apart from others, as some measures want it
        self.busy_at = 0.0  # monotonic seconds: when something was last on its way
        self.address = f"http://127.0.0.1:{self.server_port}/"

    def __enter__(self) -> Host:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def begin(self, link: Link) -> None:
        """A new visit over this line: what was asked for before is forgotten."""
        self.link, self.asked = link, []

    def wait_until_quiet(self) -> None:
        """Wait until nothing has been on its way for a while: a service worker may still fetch after the page is up."""
        latest = time.monotonic() + QUIET_AT_MOST_S
        while (now := time.monotonic()) < latest and now - self.busy_at < QUIET_S:
            time.sleep(QUIET_S / 10)

    def names(self, until_s: float = float("inf")) -> set[str]:
        """The files that had been asked for at a time, and were there."""
        return {asked.name for asked in self.asked if asked.status == 200 and asked.at_s <= until_s}


def stored(path: Path) -> Stored:
    """A file of the folder, compressed if that is how it is sent."""
    content = path.read_bytes()
    small = zipped(path.name, content)
    kind = TYPES.get(path.suffix, "application/octet-stream")
    tag = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    return Stored(kind, content if small is None else small, small is not None, tag)


class Handler(BaseHTTPRequestHandler):
    """One connection: files from memory, kept alive between requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer, and note it."""
        host, at_s = cast(Host, self.server), time.time()
        name = self.path.partition("?")[0].lstrip("/") or "index.html"
        file = host.files.get(name)
        status = 404 if file is None else 304 if self.headers.get("If-None-Match") == file.tag else 200
        host.asked.append(Asked(at_s, name, status))
        body = file.body if file is not None and status == 200 else b""
        host.busy_at = time.monotonic()
        host.link.delay()
        self.head(status, file, len(body))
        for chunk in host.link.carry(body):
            self.wfile.write(chunk)
            host.busy_at = time.monotonic()

    def head(self, status: int, file: Stored | None, length: int) -> None:
        """The status line and the headers."""
        self.send_response(status)
        if file is not None:
            self.send_header("Content-Type", file.kind)
            self.send_header("ETag", file.tag)
            self.send_header("Cache-Control", "no-cache")
            if file.zipped:
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Vary", "Accept-Encoding")
        if cast(Host, self.server).isolated:
            self.send_header("Cross-Origin-Opener-Policy", "same-origin")
            self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        if status != 304:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        """What is asked for is noted in `asked`."""
