"""A line between server and browser: so many bits a second for all connections together, and a wait before each answer.

The line is the server's, not the browser's: what DevTools emulates holds for a page alone, while pages, workers and service
workers all come through here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

CHUNK_BYTES = 16384


class Link:
    """`bits_per_s` shared first come, first served; `latency_s` from a request to the first byte of its answer."""

    def __init__(
        self,
        bits_per_s: float = float("inf"),
        latency_s: float = 0.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.bits_per_s, self.latency_s = bits_per_s, latency_s
        self.now, self.sleep = now, sleep
        self.free_at = 0.0
        self.lock = threading.Lock()

    def delay(self) -> None:
        """Wait as long as a question takes to come and its answer to begin."""
        self.wait_until(self.now() + self.latency_s)

    def carry(self, content: bytes) -> Iterator[bytes]:
        """The content in chunks, each one when the line has carried it."""
        for begin in range(0, len(content), CHUNK_BYTES):
            chunk = content[begin : begin + CHUNK_BYTES]
            with self.lock:
                self.free_at = max(self.now(), self.free_at) + 8 * len(chunk) / self.bits_per_s
                arrives = self.free_at
            self.wait_until(arrives)
            yield chunk

    def wait_until(self, moment: float) -> None:
        """Sleep until a moment of this line's clock; not at all if it has passed."""
        if (rest := moment - self.now()) > 0:
            self.sleep(rest)
