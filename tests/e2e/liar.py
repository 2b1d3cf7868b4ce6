"""A web server that lies: the site as it is, but for the answers that a test has it give. They can be changed at any time.

    site = Liar(folder)                       # serves at once, at site.origin
    site.tell("*.wasm", portal())             # from now on, for addresses whose path fits the pattern
    site.tell("*", portal(max_age=3600))      # a browser may keep it: a poisoned cache
    site.truth()                              # an honest server again; answers that were held back are let go
    site.asked("app.zip")                     # how often that was asked for
    site.lied, site.held                      # the paths that got a lie, the paths that are being held back
    site.stop()

A browser's own switches (Playwright's routes, DevTools' offline) don't reach what a service worker asks for; a server does.
"""

from __future__ import annotations

import contextlib
import fnmatch
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tools import server

PORTAL = b"<!doctype html><html><head><title>Welcome to Free Wi-Fi</title></head><body>Please log in.</body></html>"


@dataclass
class Answer:
    """What is sent: the honest answer until a lie has changed it."""

    status: int
    headers: dict[str, str]
    body: bytes
    ends_after: int | None = None  # the connection ends after so many bytes, whatever length was declared
    halts_after: int | None = (
        None  # nothing comes after so many bytes, until the truth is told; -1: not even the headers
    )


Lie = Callable[[Answer], None]


def portal(max_age: int = 0) -> Lie:
    """A captive portal: its page, status 200, whatever was asked for."""

    def lie(answer: Answer) -> None:
        answer.status, answer.body = 200, PORTAL
        answer.headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": f"max-age={max_age}"}

    return lie


def redirected(address: str) -> Lie:
    """A captive portal that leads to its page at another address."""

    def lie(answer: Answer) -> None:
        answer.status, answer.body, answer.headers = 302, b"", {"Location": address}

    return lie


def truncated(declared: bool = True, max_age: int = 0) -> Lie:
    """The first half. declared: the length of the whole stands in the head, so that a browser can know."""

    def lie(answer: Answer) -> None:
        half = len(answer.body) // 2
        if declared:
            answer.ends_after = half
        else:
            answer.body = answer.body[:half]
        answer.headers["Cache-Control"] = f"max-age={max_age}"

    return lie


def stalled(after: int = -1) -> Lie:
    """Nothing comes after so many bytes; -1: not even the head of the answer."""

    def lie(answer: Answer) -> None:
        answer.halts_after = after

    return lie


def typed(kind: str) -> Lie:
    """The right bytes under another Content-Type."""

    def lie(answer: Answer) -> None:
        answer.headers["Content-Type"] = kind

    return lie


def refused(status: int = 404) -> Lie:
    """An error of the server, with a page that says so."""

    def lie(answer: Answer) -> None:
        answer.status, answer.body = status, b"<!doctype html><title>Error</title>"
        answer.headers = {"Content-Type": "text/html"}

    return lie


def spoilt(max_age: int = 0) -> Lie:
    """As many bytes as there should be, but others."""

    def lie(answer: Answer) -> None:
        half = len(answer.body) // 2
        answer.body = answer.body[:half] + bytes(len(answer.body) - half)
        answer.headers["Cache-Control"] = f"max-age={max_age}"

    return lie


def gone() -> Lie:
    """The connection ends without an answer."""

    def lie(answer: Answer) -> None:
        answer.ends_after = -1

    return lie


def with_headers(**headers: str) -> Lie:
    """Further headers: with_headers(Content_Security_Policy="default-src 'self'")."""

    def lie(answer: Answer) -> None:
        answer.headers |= {name.replace("_", "-"): value for name, value in headers.items()}

    return lie


class Liar:
    """Serves a folder on localhost, truly until told otherwise."""

    def __init__(self, folder: Path) -> None:
        self.lies: list[tuple[str, Lie]] = []
        self.requests: list[str] = []
        self.lied: list[str] = []
        self.held: list[str] = []
        self.resumed = threading.Event()
        self.serving = server.Server(("127.0.0.1", 0), functools.partial(_Handler, self, directory=str(folder)))
        threading.Thread(target=self.serving.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.serving.server_port}"

    def tell(self, pattern: str, lie: Lie) -> None:
        """From now on lie about every path that fits the pattern (as in a shell). Several lies about one path add up."""
        self.lies = [*self.lies, (pattern, lie)]

    def truth(self) -> None:
        """No more lies. What was held back goes on."""
        self.lies = []
        self.resumed.set()
        self.resumed = threading.Event()

    def asked(self, ending: str) -> int:
        """How often a path with this ending has been asked for."""
        return sum(path.endswith(ending) for path in self.requests)

    def stop(self) -> None:
        """The network is gone."""
        self.truth()
        self.serving.shutdown()
        self.serving.server_close()


class _Handler(server.Handler):
    def __init__(self, liar: Liar, *given: object, **named: object) -> None:
        self.liar = liar
        super().__init__(*given, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """The honest answer, changed by each lie about its path."""
        path = urlsplit(self.path).path
        self.liar.requests.append(path)
        lies = [lie for pattern, lie in self.liar.lies if fnmatch.fnmatch(path, pattern)]
        if not lies:
            super().do_GET()
            return
        self.liar.lied.append(path)
        resumed, file = self.liar.resumed, Path(self.translate_path(self.path))
        if file.is_dir():
            file = file / "index.html"
        if file.is_file():
            kind = self.guess_type(str(file))
            answer = Answer(200, {"Content-Type": kind, "Cache-Control": "no-cache"}, file.read_bytes())
        else:
            answer = Answer(404, {"Content-Type": "text/html"}, b"<!doctype html><title>Not found</title>")
        for lie in lies:
            lie(answer)
        with contextlib.suppress(ConnectionError):  # the browser went away
            self._send(answer, resumed)

    def _send(self, answer: Answer, resumed: threading.Event) -> None:
        self.close_connection = True
        if answer.ends_after == -1:
            return
        if answer.halts_after == -1:
            self._hold(resumed)
        self.log_request(answer.status)
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            self.send_header(name, value)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.wfile.write(b"".join(self._headers_buffer) + b"\r\n")  # type: ignore[attr-defined]  # ours end here
        self._headers_buffer: list[bytes] = []
        if answer.halts_after is not None and answer.halts_after >= 0:
            self.wfile.write(answer.body[: answer.halts_after])
            self.wfile.flush()
            self._hold(resumed)
            self.wfile.write(answer.body[answer.halts_after :])
        else:
            self.wfile.write(answer.body[: answer.ends_after])

    def _hold(self, resumed: threading.Event) -> None:
        path = urlsplit(self.path).path
        self.liar.held.append(path)
        resumed.wait()
        self.liar.held.remove(path)
