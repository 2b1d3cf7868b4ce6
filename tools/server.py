"""A small web server for localhost, with the MIME types that browsers insist on."""

from __future__ import annotations

import functools
import http.server
from pathlib import Path

TYPES = {
    ".css": "text/css",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript",
    ".json": "application/json",
    ".mjs": "text/javascript",
    ".py": "text/x-python",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
    ".whl": "application/octet-stream",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of one folder; nothing is cached without asking, so that a rebuilt page is seen at once."""

    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **TYPES}  # noqa: RUF012  the base class has it so

    def end_headers(self) -> None:
        """Every answer may be kept, but must be asked about again."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Only troubles are worth a line: log_error still prints."""

    def log_error(self, format: str, *args: object) -> None:
        """A request that failed, in one line."""
        print(f"{self.path}: {format % args}")


def server(folder: Path, port: int = 0) -> http.server.ThreadingHTTPServer:
    """A server for `folder` on localhost; port 0 takes any free one. Call serve_forever() on it."""
    return http.server.ThreadingHTTPServer(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))
