"""A small web server for localhost, with the MIME types that browsers insist on."""

from __future__ import annotations

import functools
import http.server
import sys
from pathlib import Path
from typing import Any

TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".toml": "application/toml",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".whl": "application/octet-stream",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder; nothing is cached without asking, so that a rebuilt page is seen at once."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **TYPES}  # noqa: RUF012  the base class has it so

    def end_headers(self) -> None:
        """Every answer may be kept, but must be asked about again; any page may read it, as on GitHub Pages.

        A frame with `sandbox` and without `allow-same-origin` has no origin: it reads even its own files as a stranger.
        """
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Only troubles are worth a line: log_error still prints."""

    def log_error(self, format: str, *args: object) -> None:
        """A request that failed, in one line."""
        print(f"{getattr(self, 'path', 'a request')}: {format % args}")  # a garbled request has no path yet


class Server(http.server.ThreadingHTTPServer):
    """A thread per request; a browser that goes away before all has arrived is no trouble."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show what went wrong, unless it was only the other end hanging up."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server for `folder` on localhost; port 0 takes any free one. Call serve_forever() on it."""
    return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))
