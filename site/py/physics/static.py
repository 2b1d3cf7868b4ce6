"""A server with static batching: a batch is filled, computed and written to its end before the next one begins."""

from __future__ import annotations

import math

from physics.quantities import PhysicsError
from physics.server import Server
from physics.steptime import prompt_work
from physics.windows import missing_from
from physics.workload import Request


class StaticServer(Server):
    """Static batching: fill a batch or time out, pad to its longest prompt, run until its longest answer is done."""

    def serve(self) -> None:
        """Batch after batch, in order of arrival."""
        count, limit = len(self.requests), self.settings.max_running
        first = 0
        while first < count:
            last = min(first + limit, count) - 1
            full = self.arrivals[last] if last - first + 1 == limit else math.inf
            patience = max(self.clock, self.arrivals[first] + self.settings.form_timeout_s)
            begin = max(self.clock, min(full, patience))
            batch = [i for i in range(first, last + 1) if self.arrivals[i] <= begin]
            self.clock = begin
            self.static_batch(batch)
            first += len(batch)

    def advance(self, until_s: float, *, whole: bool = False) -> None:
        """Refused: who is in a batch, and how long it takes, is settled for the whole of it at once."""
        raise PhysicsError("A static batch is computed whole: its server can't be taken from moment to moment.")

    def receive(self, request: Request, at_s: float) -> None:
        """Refused, as nobody could ask how far it is."""
        raise PhysicsError("A static batch is computed whole: its server is given all requests at once.")

    def static_batch(self, batch: list[int]) -> None:
        """One batch from its first prompt token to its longest answer's last."""
        run, size = self.run, len(batch)
        prompt = max(self.requests[i].prompt_tokens for i in batch)
        outputs = [self.requests[i].output_tokens for i in batch]
        work = prompt_work([(0, prompt)] * size)
        seconds = self.cost.work_seconds(0, 0.0, work)
        for i in batch:
            run.start_s[i] = self.clock
        self.account(0, work, seconds)
        begun = self.clock + seconds
        base, slope = self.coefficients(size)

        def after(steps: int) -> float:
            full_s = steps * base + slope * size * (steps * (prompt + 1) + steps * (steps - 1) / 2)
            return full_s - self.spared_s(size, prompt, steps)

        for i in batch:
            run.first_s[i] = begun
        for output, i in sorted(zip(outputs, batch, strict=True)):
            self.finish(i, begun + after(output - 1))
        steps = max(outputs) - 1
        run.steps += steps
        run.decode_steps += steps
        run.busy_s += after(steps)
        run.decode_s += after(steps)
        run.seat_steps += size * steps
        run.useful_seat_steps += sum(outputs) - size
        run.context_reads += size * (steps * (prompt + 1) + steps * (steps - 1) / 2)
        self.note_windows(size, prompt, steps)
        run.computed_tokens += size * steps
        run.weight_reads_bytes += steps * self.cost.weights_read(size)
        run.outputs += sum(outputs)
        if steps:
            run.gaps.append((after(steps) / steps, sum(outputs) - size))
        self.note_batch(batch, prompt, begun, begun + after(steps), steps)
        self.clock = begun + after(steps)

    def spared_s(self, size: int, prompt: int, steps: int) -> float:
        """What `size` requests spare in so many steps, in s, as long as they don't fill a window."""
        missing = [window.token_s * missing_from(window.tokens, prompt + 1, steps) for window in self.windows]
        return size * math.fsum(missing)

    def note_windows(self, size: int, prompt: int, steps: int) -> None:
        """Add what the windows read in so many steps to the sums."""
        for window in self.windows:
            self.run.near_reads += size * (steps * window.tokens - missing_from(window.tokens, prompt + 1, steps))

    def note_batch(self, batch: list[int], prompt: int, begun: float, end: float, steps: int) -> None:
        """Hold the batch's memory, and record it: all join now and begin to write when the longest prompt is computed."""
        reserved = self.settings.max_running * self.blocks_of(self.settings.max_sequence_tokens)
        held = min(reserved, self.blocks)
        self.run.peak_blocks = max(self.run.peak_blocks, held)
        if not self.record:
            return
        self.record.joined += [(self.clock, i) for i in batch]
        self.record.chunks += [(self.clock, begun, i, prompt) for i in batch]
        self.record.wrote += [(begun, i) for i in batch]
        self.record.strides += [(self.clock, begun, 1, len(batch), held), (begun, end, steps, len(batch), held)]
