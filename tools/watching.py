"""`build.py serve`: what changes under site/ is built again, and the pages that are open load themselves anew."""

from __future__ import annotations

import functools
import http.server
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tools import server
from tools.trouble import BuildError

LOOK_S = 0.4  # between two looks at the files
WAIT_S = 25.0  # a page that asks gets no answer for so long, unless something is new
SCRIPT, ASK = "/live.js", "/live"
LIVE = f"""// Loads the page anew when the build has something new: `build.py serve`.
let known = null;
for (;;) {{
  try {{
    const now = await (await fetch("{ASK}?known=" + known, {{ cache: "no-store" }})).text();
    if (known !== null && now !== known) location.reload();
    known = now;
  }} catch {{
    await new Promise((done) => setTimeout(done, 1000)); // the server is away
  }}
}}
"""
# A copy kept for visits without a network would be in the way of what is new.
NO_WORKER = """// While the lab is being worked on nothing is kept for visits without a network; what was kept goes.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.registration.unregister();
})()));
"""


class Builds:
    """How often the site has been built, for whoever waits for the next time."""

    def __init__(self) -> None:
        self.count = 0
        self.news = threading.Condition()

    def built(self) -> None:
        """Something new is there."""
        with self.news:
            self.count += 1
            self.news.notify_all()

    def after(self, known: str, wait_s: float = WAIT_S) -> str:
        """The number of the latest build: at once if the caller knows another, else as soon as there is one."""
        with self.news:
            if known == str(self.count):
                self.news.wait(wait_s)
            return str(self.count)


class Handler(server.Handler):
    """The built site, with a script in each page that loads it anew when there is something new."""

    def __init__(self, builds: Builds, *given: object, **named: object) -> None:
        self.builds = builds
        super().__init__(*given, **named)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """A page with the script in it, our own two addresses, or a file as it is."""
        address, _, question = self.path.partition("?")
        place = Path(self.translate_path(address))
        page = place / "index.html" if place.is_dir() else place
        if address == SCRIPT:
            self._send(LIVE, "text/javascript")
        elif address == ASK:
            self._send(self.builds.after(question.removeprefix("known=")), "text/plain")
        elif address == "/sw.js":
            self._send(NO_WORKER, "text/javascript")
        elif page.suffix == ".html" and page.is_file():
            text = page.read_text(encoding="utf-8")
            self._send(
                text.replace("</head>", f'<script type="module" src="{SCRIPT}"></script></head>', 1), "text/html"
            )
        else:
            super().do_GET()

    def _send(self, text: str, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        body = text.encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def live(folder: Path, builds: Builds, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server for a site that is being worked on, on localhost; port 0 takes any free one."""
    return server.Server(("127.0.0.1", port), functools.partial(Handler, builds, directory=str(folder)))


def seen(folders: Iterable[Path]) -> dict[Path, tuple[int, int]]:
    """Every file with its time and its size."""
    files = (file for folder in folders for file in sorted(folder.rglob("*")) if "__pycache__" not in file.parts)
    found = {}
    for file in files:
        try:
            status = file.stat()
        except OSError:  # gone meanwhile: an editor's own file
            continue
        found[file] = (status.st_mtime_ns, status.st_size)
    return found


def watch(folders: list[Path], build: Callable[[], None], builds: Builds, ended: threading.Event) -> None:
    """Build again whenever a file of the folders has changed, until `ended`. What a build refuses is printed."""
    before = seen(folders)
    while not ended.wait(LOOK_S):
        now = seen(folders)
        if now == before:
            continue
        before, begun = now, time.monotonic()
        try:
            build()
        except BuildError as mistake:
            print(mistake, flush=True)
        else:
            print(f"Built again in {time.monotonic() - begun:.1f} s.", flush=True)
            builds.built()
