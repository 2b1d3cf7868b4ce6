"""A running server with continuous batching: requests wait for a seat and for blocks, are computed, write and leave.

Each pass of the loop is one step of the engine, or, when every running request only writes tokens and nobody can join, a
stretch of equal steps that is jumped at once: the step time is affine in the cached tokens, so a stretch has a closed form.
`jump=False` walks each step by itself and is the jump's own check.

A server serves a list of requests at once (`serve`), or it is taken from moment to moment (`advance`) and is sent requests
as they come (`submit`). Both do the same: a step that has not ended by the moment is put off, with nothing of it done.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from heapq import heappop, heappush

from physics.blocks import MOST_PHASES, Pages, Phases
from physics.checks import check
from physics.memory import WATERMARK
from physics.prefix import PrefixCache
from physics.quantities import PhysicsError
from physics.run import Record, Run
from physics.schedulers import POLICIES, ServerSettings
from physics.speculation import Drafts
from physics.steptime import PromptWork, StepCost, prompt_work
from physics.windows import windows_of
from physics.workload import Request

# Chunks of prompts, requests that write beside them, work, s.
Step = tuple[list[tuple[int, tuple[int, int]]], int, PromptWork, float]
# Steps, requests that write, tokens that they read, s of the first step, s of all.
Stretch = tuple[int, int, float, float, float]
CHANGEABLE = ("policy", "max_running", "token_budget", "prefill_budget")  # while a server runs


class Server:
    """The state of a running server. All of it is here; nothing else in the simulation remembers anything."""

    record: Record | None
    until_s, whole = 0.0, False  # see `advance`
    begun = False  # a step or a stretch is put off, and whoever could join for it has joined
    put_off_s = 0.0  # when it would end, or what of it can be done would; 0 if there is none
    step: Step | None = None
    stretch: Stretch | None = None
    ordered: tuple[ServerSettings, StepCost, int] | None = None  # what the operator has changed, from the next step on

    def __init__(
        self,
        cost: StepCost,
        settings: ServerSettings,
        requests: Sequence[Request],
        arrivals: list[float],
        blocks: int,
        draft: StepCost | None,
        jump: bool,
        pages: Pages | None = None,
    ) -> None:
        count = len(requests)
        self.pages, self.requests = pages or Pages(), list(requests)
        self.cost, self.settings, self.blocks, self.block_size = cost, settings, blocks, settings.block_size
        self.spare = blocks - math.floor(blocks * WATERMARK)
        self.draft, self.jump, self.policy = draft, jump, POLICIES[settings.policy]
        self.run = Run(self.requests, arrivals, [math.nan] * count, [math.nan] * count, [math.nan] * count)
        self.run.pages_a_block = self.pages.full + self.pages.near
        self.front_s = cost.front_s
        self.arrivals = [arrival + self.front_s for arrival in arrivals]  # at the scheduler, past the front end
        self.called = sum(arrival < math.inf for arrival in arrivals)  # requests whose arrival is known
        self.drafts = Drafts(settings) if draft else None
        self.clock, self.arrived, self.iteration = 0.0, 0, 0
        self.outstanding = count  # requests that don't have their last token
        self.waiting: deque[int] = deque()
        self.prefilling: deque[int] = deque()  # joined, prompt not yet computed
        self.order: list[int] = []  # every running request, oldest first
        # request -> (cached tokens and iteration when it began to write, tokens an iteration)
        self.decoding: dict[int, tuple[float, int, float]] = {}
        self.pace = 0.0  # tokens an iteration of all decoding requests together
        # heap of (iteration of the last token, request, iteration begun)
        self.finishing: list[tuple[int, int, int]] = []
        self.computed = [0] * count  # prompt tokens computed since the request last joined
        self.written = [0] * count  # output tokens written before the last preemption
        self.context = 0.0  # cached tokens of all decoding requests together
        self.held = 0  # blocks held by requests that are still prefilling
        self.windows = windows_of(cost, draft, settings.speculation_tokens)
        # A prefix cache fills the memory, so that the blocks in use are asked for at every step.
        countable = settings.prefix_cache and not draft and not self.pages.near and settings.block_size <= MOST_PHASES
        self.ranked = any(request.priority for request in requests)
        self.phases = Phases(settings.block_size) if countable else None
        self.affine: dict[int, tuple[float, float]] = {}
        self.only_wrote: dict[int, int] = {}  # steps without prompts, by how many requests wrote in them
        self.promised = 0  # blocks that the running requests may grow to, for a policy that never evicts
        self.stall_s, self.stalled = 0.0, 0  # time since the decoding requests last wrote, and how many they were
        self.prefixes = PrefixCache(self.requests, settings.block_size) if settings.prefix_cache else None
        self.polls = self.polled = settings.poll_steps  # steps since it looked for newcomers: it begins with a look
        self.waited, self.gathers = 0, False  # steps that newcomers wait for a larger batch, and whether they do now
        self.delays = settings.poll_steps > 1 or settings.wait_steps > 0
        self.saved = 0  # blocks that sharing spares: what the requests hold, less what is in use
        self.watched, self.record = False, None

    # --- the loop ---

    def serve(self) -> None:
        """Continuous batching: seats refill as soon as they are free."""
        self.advance(math.inf)
        self.settle()

    def advance(self, until_s: float, *, whole: bool = False) -> None:
        """Do what has ended by `until_s`, knowing all requests that come before it. Steps end then at the latest.

        whole: a stretch that would end later isn't begun, since a request may come in the middle of it. Otherwise those of its
        steps are done that end by then. Which of the two, and at how many moments, changes no count, and times by rounding.
        Raises PhysicsError for a time before the last one.
        """
        if not until_s >= self.until_s:
            raise PhysicsError(f"A server that is at {self.until_s} s can't go to {until_s} s.")
        self.until_s = until_s
        if self.put_off_s > until_s and whole is self.whole:
            return
        self.whole = whole
        count, arrivals, seats = len(self.requests), self.arrivals, self.settings.max_running
        delays = self.delays
        while self.clock < until_s:
            if self.begun:
                self.resume()
            else:
                if self.ordered:
                    self.obey(*self.ordered)
                    seats = self.settings.max_running
                if self.arrived < count and arrivals[self.arrived] <= self.clock and (not delays or self.looks()):
                    self.arrive()
                if delays:
                    self.gathers = self.gathering()
                if self.waiting and len(self.order) < seats and not (delays and self.gathers):
                    self.admit()
                if self.prefilling:
                    self.prefill_step()
                elif self.decoding:
                    self.decode_stretch()
                elif self.arrived < count:
                    self.clock = max(self.clock, arrivals[self.arrived])
                else:
                    return
            if self.begun:
                return
            if self.watched:
                self.run.timeline.append((self.clock, len(self.order), len(self.waiting), self.used_blocks()))

    def put_off(self, end_s: float, step: Step | None, stretch: Stretch | None) -> None:
        """The step or stretch at hand would end too late: it waits until time has gone on."""
        self.begun, self.put_off_s, self.step, self.stretch = True, end_s, step, stretch

    def cut(self, stretch: Stretch) -> None:
        """The stretch that was put off ends, now that a request has come, where that could join."""
        count, size, *_ = stretch
        if count > 1:
            count = 1 if self.ranked else self.until_arrival(count, size)
        self.stretch = stretch if count == stretch[0] else self.measured(count, size)
        self.put_off_s = self.clock + self.stretch[4 if self.whole else 3]

    def resume(self) -> None:
        """Take up what was put off."""
        step, stretch = self.step, self.stretch
        self.begun, self.put_off_s, self.step, self.stretch = False, 0.0, None, None
        if stretch:
            self.decode_stretch(stretch)
        else:
            self.prefill_step(step)

    def submit(self, request: Request, at_s: float) -> None:
        """A request is sent at `at_s`. Raises PhysicsError if it can't be served, or comes before what is done or known."""
        check((request,), self.settings, self.blocks, self.pages)
        latest = max(self.until_s, self.run.arrival_s[-1]) if self.requests else self.until_s
        if not latest <= at_s < math.inf:
            raise PhysicsError(f"A request can't be sent at {at_s} s to a server that is at {latest} s.")
        self.receive(request, at_s)

    def receive(self, request: Request, at_s: float) -> None:
        """A request that is known to be one that can be served is sent at `at_s`."""
        run = self.run
        self.requests.append(request)
        self.arrivals.append(at_s + self.front_s)
        run.arrival_s.append(at_s)
        run.start_s.append(math.nan)
        run.first_s.append(math.nan)
        run.last_s.append(math.nan)
        self.computed.append(0)
        self.written.append(0)
        self.called += 1
        self.outstanding += 1
        if request.priority:
            self.ranked = True
        if self.stretch:
            self.cut(self.stretch)

    def change(self, settings: ServerSettings, cost: StepCost, blocks: int) -> None:
        """The operator changes at `until_s` what may be changed while a server runs: CHANGEABLE, the step's cost, the blocks.

        The step under way ends as it was begun; the next is put together anew. Whoever has a seat keeps it, unless the memory
        gets too small. Raises PhysicsError for what can't be changed, or blocks into which a request doesn't fit that is there.
        """
        same = {name: getattr(settings, name) for name in CHANGEABLE}
        if replace(self.settings, **same) != settings or cost.front_s != self.front_s or self.draft or self.windows:
            raise PhysicsError(f"Of a server that runs only {', '.join(CHANGEABLE)} can be changed.")
        if POLICIES[settings.policy] not in (POLICIES["continuous"], POLICIES["chunked"]) or not self.policy.evicts:
            raise PhysicsError(f"A server that runs can't be changed from {self.settings.policy} to {settings.policy}.")
        left = [self.requests[i] for i, last_s in enumerate(self.run.last_s) if math.isnan(last_s)]
        check([request._replace(arrival_s=0.0) for request in left], settings, blocks, self.pages)
        self.ordered = settings, cost, blocks
        if self.stretch:
            self.stretch = self.measured(1, self.stretch[1])
            self.put_off_s = self.clock + self.stretch[4]

    def obey(self, settings: ServerSettings, cost: StepCost, blocks: int) -> None:
        """What was ordered holds from now on. Where the blocks in use are too many, the youngest give theirs back."""
        self.settle()
        self.ordered = None
        self.settings, self.policy, self.cost, self.blocks = settings, POLICIES[settings.policy], cost, blocks
        self.spare = blocks - math.floor(blocks * WATERMARK)
        self.affine.clear()
        while len(self.order) > 1 and self.used_blocks() > blocks:
            self.preempt()
        if self.prefixes:
            self.drop_kept()

    def lose(self) -> dict[int, int]:
        """The server dies. Returns the requests that it leaves unanswered, and the tokens written for each, which are lost."""
        lost = {}
        for request in [i for i, last_s in enumerate(self.run.last_s) if math.isnan(last_s)]:
            lost[request] = self.written[request]
            if request in self.decoding:
                lost[request] = math.floor(self.cached(request)) - self.requests[request].prompt_tokens
                self.run.outputs += lost[request] - self.written[request] - 1
        return lost

    def arrive(self) -> None:
        """Everyone who has come by now waits."""
        while self.arrived < len(self.requests) and self.arrivals[self.arrived] <= self.clock:
            if self.ranked:
                self.queue(self.arrived)
            else:
                self.waiting.append(self.arrived)
            self.arrived += 1

    def looks(self) -> bool:
        """Whether the server sees now who has come: between two looks are poll_steps, if all of them only wrote."""
        return self.polled >= self.polls or not self.order

    def gathering(self) -> bool:
        """Whether newcomers are kept waiting, beside requests that write, for more of their kind."""
        settings = self.settings
        if not self.waiting or len(self.order) >= settings.max_running or self.waited >= settings.wait_steps:
            return False
        if self.prefilling or not self.decoding:
            return False
        tokens = len(self.decoding)
        for request in self.waiting:
            tokens += self.target(request)
            if tokens >= settings.wait_tokens:
                return False
        return True

    def queue(self, request: int) -> None:
        """Wait behind everyone of the same priority who came before, and before everyone of a higher number."""
        insort(self.waiting, request, key=lambda waiting: (self.requests[waiting].priority, waiting))

    def admit(self) -> None:
        """The head of the queue joins while there is a seat and blocks for its prompt."""
        evicts, run = self.policy.evicts, self.run
        used, exact = (self.at_most(), False) if evicts else (self.promised - self.saved, True)
        spare = self.spare
        while self.waiting and len(self.order) < self.settings.max_running:
            head = self.waiting[0]
            needed = self.blocks_of(self.target(head) + 1)
            claim = needed if evicts else self.whole_blocks(head)
            if self.prefixes:
                claim -= self.pages.full * self.prefixes.shared(head, self.target(head))
            if not exact and used + claim > min(spare, run.peak_blocks):
                used, exact = self.used_blocks(), True
            if self.order and used + claim > spare:  # alone it always fits: simulate() has checked
                break
            self.waiting.popleft()
            self.order.append(head)
            self.prefilling.append(head)
            self.computed[head] = self.waited = 0
            self.held += needed
            if self.prefixes:
                self.take_prefix(head)
            used += claim
            if not evicts:
                self.promised += self.whole_blocks(head)
            if self.record:
                self.record.joined.append((self.clock, head))
            if math.isnan(run.start_s[head]):
                run.start_s[head] = self.clock
        if self.at_most() > run.peak_blocks:
            run.peak_blocks = max(run.peak_blocks, self.used_blocks())

    def take_prefix(self, request: int) -> None:
        """A request that joins takes the blocks that hold the beginning of its prompt, and begins to compute after them."""
        assert self.prefixes
        target = self.target(request)
        self.computed[request] = hit = self.prefixes.join(request, target)
        self.saved = self.pages.full * self.prefixes.saved
        self.run.looked_up_tokens += target
        self.run.hit_tokens += hit
        self.drop_kept()

    def leave_prefix(self, request: int, computed: int) -> None:
        """A request that goes leaves the blocks of its first `computed` tokens to those who come later."""
        assert self.prefixes
        self.prefixes.leave(request, computed)
        self.saved = self.pages.full * self.prefixes.saved

    def drop_kept(self) -> None:
        """Give up kept blocks, if the blocks in use need their room."""
        assert self.prefixes
        if self.prefixes.free:
            self.prefixes.evict_to(max(0, self.blocks - self.used_blocks()) // self.pages.full)

    def whole_blocks(self, request: int) -> int:
        """Blocks of a request at its full length."""
        lengths = self.requests[request]
        return self.blocks_of(lengths.prompt_tokens + lengths.output_tokens)

    def blocks_of(self, tokens: int) -> int:
        """Blocks (pages, where a block is several) that so many tokens of one request take."""
        pages, size = self.pages, self.block_size
        return pages.of(tokens, size) if pages.near else pages.full * -(-tokens // size)

    def finish(self, request: int, at_s: float) -> None:
        """A request has its last token. In a closed loop its user asks again at once."""
        self.run.last_s[request] = at_s
        self.outstanding -= 1
        if not self.policy.evicts:
            self.promised -= self.whole_blocks(request)
        if self.prefixes:
            lengths = self.requests[request]
            self.leave_prefix(request, lengths.prompt_tokens + lengths.output_tokens - 1)
        if self.called < len(self.arrivals):
            self.run.arrival_s[self.called] = at_s
            self.arrivals[self.called] = at_s + self.front_s
            self.called += 1

    def target(self, request: int) -> int:
        """Tokens to compute before the next one can be written: the prompt, and after a preemption what was written."""
        return self.requests[request].prompt_tokens + self.written[request]

    # --- one step with prompts in it ---

    def prefill_step(self, planned: Step | None = None) -> None:
        """Compute prompts, beside the decoding requests if the policy mixes them."""
        preemptions = self.run.preemptions
        chunks, decodes, work, seconds = step = planned or self.next_step()
        if not chunks:
            return self.decode_stretch(self.next_stretch(preemptions))
        if self.clock + seconds > self.until_s:
            return self.put_off(self.clock + seconds, step, None)
        if decodes and self.windows:
            self.note_near(1, decodes)
        self.account(decodes, work, seconds)
        if self.record:
            self.note_chunks(chunks, seconds)
        self.clock += seconds
        if self.delays:
            self.polled = self.polls
        self.note_gap(decodes, seconds)
        if decodes:
            self.write(1)
        for request, (start, length) in chunks:
            self.computed[request] = start + length
            if self.computed[request] == self.target(request):
                self.begin_decoding(request)

    def next_step(self) -> Step:
        """What the next step with prompts holds, room for it made; no chunks where the others leave nothing of the budget."""
        mixed = self.policy.mixed
        decodes = len(self.decoding) if mixed else 0
        if decodes:
            self.make_room(1)
            decodes = len(self.decoding)
        chunks = self.chunks(
            self.settings.token_budget - decodes if mixed else self.settings.prefill_budget, whole_prompts=not mixed
        )
        if not chunks:
            return chunks, 0, (0, 0, 0.0), 0.0
        work = prompt_work([chunk for _, chunk in chunks])
        seconds = self.cost.work_seconds(decodes, self.context if decodes else 0.0, work)
        if decodes and self.windows:
            seconds += self.windowed(decodes)
        return chunks, decodes, work, seconds

    def chunks(self, budget: int, whole_prompts: bool) -> list[tuple[int, tuple[int, int]]]:
        """Prompts or parts of them, oldest first, until the budget is used up; one whole prompt always fits."""
        found: list[tuple[int, tuple[int, int]]] = []
        for request in self.prefilling:
            left = self.target(request) - self.computed[request]
            length = left if whole_prompts else min(left, budget)
            if length <= 0 or (found and length > budget):
                break
            found.append((request, (self.computed[request], length)))
            budget -= length
        return found

    def begin_decoding(self, request: int) -> None:
        """The prompt is computed and the first token written, which may be the last."""
        self.prefilling.remove(request)
        tokens = self.target(request)
        self.held -= self.blocks_of(tokens + 1)
        if self.record:
            self.record.wrote.append((self.clock, request))
        if math.isnan(self.run.first_s[request]):
            self.run.first_s[request] = self.clock
        self.run.outputs += 1
        left = self.requests[request].output_tokens - self.written[request] - 1
        if left <= 0:
            self.finish(request, self.clock)
            self.order.remove(request)
            return
        steps = self.drafts.steps(request, self.written[request], left) if self.drafts else left
        stride = left / steps
        self.decoding[request] = (float(tokens + 1), self.iteration, stride)
        self.pace += stride
        if self.phases:
            self.phases.add(tokens + 1 - self.iteration)
        for window in self.windows:
            window.begin(request, tokens + 1.0, self.iteration, stride)
        self.context += tokens + 1
        heappush(self.finishing, (self.iteration + steps, request, self.iteration))

    # --- steps that only write tokens ---

    def decode_stretch(self, planned: Stretch | None = None) -> None:
        """As many equal steps as pass before anyone finishes, joins or runs out of blocks."""
        count, size, reads, first_s, seconds = stretch = planned or self.next_stretch()
        if self.clock + seconds > self.until_s:
            now = 0 if self.whole else self.by_now(count, size)
            if not now:
                return self.put_off(self.clock + (seconds if self.whole else first_s), None, stretch)
            count, size, reads, first_s, seconds = self.measured(now, size)
        run = self.run
        if self.windows:
            self.note_near(count, size)
        self.only_wrote[size] = self.only_wrote.get(size, 0) + count
        run.busy_s += seconds
        run.decode_s += seconds
        run.context_reads += reads
        self.note_stretch(size, count, first_s, seconds)
        if self.record:
            stride = (self.clock, self.clock + seconds, count, len(self.order), self.used_blocks(count))
            self.record.strides.append(stride)
        self.clock += seconds
        if self.delays:
            self.polled = (self.polled + count) % self.polls or self.polls
            self.waited += count if self.gathers else 0
        self.write(count)

    def next_stretch(self, preemptions: int | None = None) -> Stretch:
        """The next stretch of steps that only write, room for it made.

        preemptions: how many there were when its first step began, if that isn't now.
        """
        preemptions = self.run.preemptions if preemptions is None else preemptions
        count = self.until_finish() if self.jump and not self.ranked and not self.gathers else 1
        for window in self.windows:
            count = window.until_full(self.iteration, count)
        count = self.make_room(count)
        if self.run.preemptions > preemptions:
            count = 1  # the blocks given back may let someone join after this step
        size = len(self.decoding)
        if count > 1:
            count = self.until_arrival(count, size)
        return self.measured(count, size)

    def measured(self, count: int, size: int) -> Stretch:
        """A stretch of so many steps in which `size` requests write."""
        base, slope = self.affine.get(size) or self.coefficients(size)
        reads = count * self.context + self.pace * count * (count - 1) / 2
        first_s, seconds = base + slope * self.context, count * base + slope * reads
        for window in self.windows:
            first_s -= window.token_s * window.short
            seconds -= window.token_s * window.missing(count)
        return count, size, reads, first_s, seconds

    def by_now(self, count: int, size: int) -> int:
        """How many of `count` steps, all of which end too late, end in time."""
        low, high = 0, count
        while high - low > 1:
            middle = (low + high) // 2
            in_time = self.clock + self.measured(middle, size)[4] <= self.until_s
            low, high = (middle, high) if in_time else (low, middle)
        return low

    def windowed(self, decodes: int) -> float:
        """What a step with prompts takes more than its cost says, in s: that knows all contexts together, not each window."""
        window = self.windows[0]
        full = decodes * window.tokens
        return window.token_s * (full - window.short - min(self.context, full))

    def note_near(self, count: int, size: int) -> None:
        """Add what the model's own windows read in `count` steps to the sums."""
        if getattr(self.cost, "window_tokens", 0):
            window = self.windows[0]
            self.run.near_reads += count * size * window.tokens - window.missing(count)

    def note_chunks(self, chunks: list[tuple[int, tuple[int, int]]], seconds: float) -> None:
        """Record a step with prompts that begins now."""
        assert self.record
        begin, end = self.clock, self.clock + seconds
        self.record.chunks += [(begin, end, request, length) for request, (_, length) in chunks]
        self.record.strides.append((begin, end, 1, len(self.order), self.used_blocks()))

    def note_gap(self, decodes: int, seconds: float) -> None:
        """A step with prompts: the gap of those that wrote beside them, or a stall of those that had to wait."""
        if decodes:
            self.note_first(decodes, seconds)
        elif self.decoding:
            self.note_stall(seconds)

    def note_stall(self, seconds: float) -> None:
        """The decoding requests have waited for a step that computed others' prompts."""
        self.stall_s += seconds
        self.stalled = len(self.decoding)

    def note_first(self, size: int, seconds: float) -> None:
        """The gaps of a step in which `size` requests write: those who waited before it have longer ones."""
        late = min(self.stalled, size) if self.stalled else 0
        if late:
            self.run.gaps.append((self.stall_s + seconds, late))
        if size > late:
            self.run.gaps.append((seconds, size - late))
        self.stall_s, self.stalled = 0.0, 0

    def note_stretch(self, size: int, count: int, first_s: float, seconds: float) -> None:
        """The gaps of a stretch: its first step after the stall before it, the others at their mean."""
        self.note_first(size, first_s)
        if count > 1:
            self.run.gaps.append(((seconds - first_s) / (count - 1), size * (count - 1)))

    def coefficients(self, size: int) -> tuple[float, float]:
        """(base, slope) of a decode-only step with so many requests, the draft's steps included."""
        base, slope = self.cost.decode_affine(size)
        if self.draft:
            proposed = self.settings.speculation_tokens
            base, slope = self.cost.decode_affine(size, proposed + 1)
            draft_base, draft_slope = self.draft.decode_affine(size)
            base, slope = base + proposed * draft_base, slope + proposed * draft_slope
        self.affine[size] = base, slope
        return base, slope

    def until_finish(self) -> int:
        """Iterations until the next request writes its last token."""
        while self.finishing:
            last, request, begun = self.finishing[0]
            if request in self.decoding and self.decoding[request][1] == begun:
                return last - self.iteration
            heappop(self.finishing)
        raise AssertionError("a decoding request is always in the heap")

    def until_arrival(self, count: int, size: int) -> int:
        """At most `count`, but no more than end with the first arrival that could join: the root of a quadratic.

        Where the server looks for newcomers now and then, no more than end with the look that sees it, though it can't join.
        """
        full = self.waiting or len(self.order) >= self.settings.max_running
        if self.arrived >= len(self.requests) or (full and self.polls == 1):
            return count
        gap = self.arrivals[self.arrived] - self.clock
        if gap == math.inf:
            return count
        if gap < 0:  # it is there, and nobody has looked
            return min(count, self.until_look(1))
        base, slope = self.affine.get(size) or self.coefficients(size)
        half, first_s = slope * self.pace / 2, base + slope * self.context
        for window in self.windows:
            half += window.token_s * window.pace / 2
            first_s -= window.token_s * window.short
        linear = first_s - half
        guess = (math.sqrt(linear * linear + 4 * half * gap) - linear) / (2 * half) if half else gap / linear
        steps = max(1, math.ceil(guess)) if guess < count else count
        return min(count, self.until_look(steps)) if self.delays else steps

    def until_look(self, steps: int) -> int:
        """Steps until the server next looks for newcomers, at least `steps` from now."""
        since = self.polled % self.polls
        return -(-(since + steps) // self.polls) * self.polls - since

    def write(self, count: int) -> None:
        """Let every decoding request write for `count` iterations."""
        self.iteration += count
        self.context += self.pace * count
        for window in self.windows:
            window.advance(count, self.iteration)
        if self.prefixes:
            self.drop_kept()
        while self.finishing and self.finishing[0][0] <= self.iteration:
            _, request, begun = heappop(self.finishing)
            if request not in self.decoding or self.decoding[request][1] != begun:
                continue
            self.stop_writing(request)
            self.order.remove(request)
            self.run.outputs += self.requests[request].output_tokens - self.written[request] - 1
            self.finish(request, self.clock)
        if not self.decoding:
            self.context = self.pace = 0.0

    def stop_writing(self, request: int) -> None:
        """A request is done, or evicted."""
        tokens, begun, stride = self.decoding.pop(request)
        self.context -= tokens + (self.iteration - begun) * stride
        self.pace -= stride
        if self.phases:
            self.phases.remove(int(tokens) - begun)
        for window in self.windows:
            window.stop(request, self.iteration)

    # --- blocks ---

    def cached(self, request: int) -> float:
        """Tokens that a decoding request has in the cache now."""
        tokens, begun, stride = self.decoding[request]
        return tokens + (self.iteration - begun) * stride

    def used_blocks(self, ahead: int = 0) -> int:
        """Blocks in use once every decoding request has written for `ahead` more iterations."""
        base, pages, now = self.held - self.saved, self.pages, self.iteration + ahead
        if self.phases:
            return base + pages.full * self.phases.used(now)
        size, ceil = self.settings.block_size, math.ceil
        each = [ceil((tokens + (now - begun) * stride) / size) for tokens, begun, stride in self.decoding.values()]
        if not pages.near:
            return base + pages.full * sum(each)
        most = pages.most_near(size)
        return base + pages.full * sum(each) + pages.near * sum([min(blocks, most) for blocks in each])

    def at_most(self, ahead: int = 0) -> float:
        """A bound on `used_blocks`, without asking every request: each fills its last block at worst by a token."""
        running, pages, size = len(self.decoding), self.pages, self.block_size
        blocks = (self.context + self.pace * ahead) / size + running
        bound = self.held - self.saved + pages.full * blocks
        return bound + pages.near * min(blocks, running * pages.most_near(size)) if pages.near else bound

    def make_room(self, wanted: int) -> int:
        """How many of the `wanted` iterations fit into the blocks; when not even one does, the youngest is preempted."""
        while True:
            most = self.at_most(wanted)
            if most <= self.run.peak_blocks and most <= self.blocks:
                return wanted
            if self.fits(wanted):
                return wanted
            if self.fits(1):
                return self.largest_fitting(wanted)
            if len(self.order) == 1:
                return 1  # alone it fits; only what a draft guesses past the answer's end does not, and is dropped
            self.preempt()

    def fits(self, ahead: int) -> bool:
        """Whether so many iterations fit; remembers the most blocks seen in use."""
        used = self.used_blocks(ahead)
        if used > self.blocks:
            return False
        self.run.peak_blocks = max(self.run.peak_blocks, used)
        return True

    def largest_fitting(self, wanted: int) -> int:
        """The largest number of iterations that fits, knowing that 1 does and `wanted` doesn't."""
        low, high = 1, wanted
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.fits(middle) else (low, middle)
        return low

    def preempt(self) -> None:
        """The youngest request gives its blocks back and will be computed again (vLLM's recompute)."""
        youngest = self.order.pop()
        if youngest in self.decoding:
            # What it wrote is kept as text: it is computed again with the prompt, and not written again.
            whole_tokens = math.floor(self.cached(youngest)) - self.requests[youngest].prompt_tokens
            self.stop_writing(youngest)
            self.run.outputs += whole_tokens - self.written[youngest] - 1
            self.written[youngest] = whole_tokens
            self.computed[youngest] = self.target(youngest) - 1
        else:
            self.prefilling.remove(youngest)
            self.held -= self.blocks_of(self.target(youngest) + 1)
        if self.prefixes:
            self.leave_prefix(youngest, self.computed[youngest])
        if self.ranked:
            self.queue(youngest)
        else:
            self.waiting.appendleft(youngest)
        self.run.preemptions += 1
        self.run.evicted.add(youngest)
        if self.record:
            self.record.evicted.append((self.clock, youngest))

    # --- sums ---

    def account(self, decodes: int, work: PromptWork, seconds: float) -> None:
        """Add one step with prompts to the sums."""
        run = self.run
        _, prompt_tokens, pairs = work
        tokens = decodes + prompt_tokens
        run.steps += 1
        run.busy_s += seconds
        run.computed_tokens += tokens
        run.context_reads += self.context if decodes else 0.0
        run.prefill_pairs += pairs
        run.weight_reads_bytes += self.cost.weights_read(tokens)
        if decodes:
            run.decode_steps += 1
            run.decode_s += seconds
            run.seat_steps += decodes
            run.useful_seat_steps += decodes

    def settle(self) -> None:
        """Bring the sums up to date: steps that only wrote, for each size of batch at once, since what one does depends on it."""
        run, each = self.run, self.settings.speculation_tokens + 1 if self.draft else 1
        for size, steps in self.only_wrote.items():
            run.steps += steps
            run.decode_steps += steps
            run.seat_steps += size * steps
            run.useful_seat_steps += size * steps
            run.computed_tokens += size * each * steps
            run.weight_reads_bytes += steps * self.cost.weights_read(size * each)
        self.only_wrote.clear()
        if self.prefixes:
            run.cached_blocks_dropped = self.prefixes.dropped
