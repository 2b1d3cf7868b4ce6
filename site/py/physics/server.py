"""A running server with continuous batching: requests wait for a seat and for blocks, are computed, write and leave.

Each pass of the loop is one step of the engine, or, when every running request only writes tokens and nobody can join, a
stretch of equal steps that is jumped at once: the step time is affine in the cached tokens, so a stretch has a closed form.
`jump=False` walks each step by itself and is the jump's own check.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush

from physics.blocks import MOST_PHASES, Pages, Phases
from physics.prefix import PrefixCache
from physics.run import Record, Run
from physics.schedulers import POLICIES, ServerSettings
from physics.speculation import Drafts
from physics.steptime import PromptWork, StepCost, prompt_work
from physics.windows import windows_of
from physics.workload import Request

WATERMARK = 0.01  # share of the blocks that stays free when a request joins, as in vLLM: less churn by preemption


class Server:
    """The state of a running server. All of it is here; nothing else in the simulation remembers anything."""

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
        self.pages = pages or Pages()
        self.cost, self.settings, self.requests, self.blocks = cost, settings, requests, blocks
        self.draft, self.jump, self.policy = draft, jump, POLICIES[settings.policy]
        self.run = Run(requests, arrivals, [math.nan] * count, [math.nan] * count, [math.nan] * count)
        self.front_s = cost.front_s
        self.arrivals = [arrival + self.front_s for arrival in arrivals]  # at the scheduler, past the front end
        self.called = sum(arrival < math.inf for arrival in arrivals)  # requests whose arrival is known
        self.drafts = Drafts(settings) if draft else None
        self.clock, self.arrived, self.iteration = 0.0, 0, 0
        self.waiting: deque[int] = deque()
        self.prefilling: deque[int] = deque()  # joined, prompt not yet computed
        self.order: list[int] = []  # every running request, oldest first
        # request -> (cached tokens and iteration when it began to write, tokens an iteration)
        self.decoding: dict[int, tuple[float, int, float]] = {}
        self.pace = 0.0  # tokens an iteration of all decoding requests together
        self.finishing: list[
            tuple[int, int, int]
        ] = []  # heap of (iteration of the last token, request, iteration begun)
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
        self.prefixes = PrefixCache(requests, settings.block_size) if settings.prefix_cache else None
        self.polled = settings.poll_steps  # steps since the server looked for newcomers: it begins with a look
        self.waited = 0  # steps that newcomers have been kept waiting for a larger batch
        self.gathers = False  # whether they are kept waiting now
        self.saved = 0  # blocks that sharing spares: what the requests hold, less what is in use
        self.watched = False
        self.record: Record | None = None

    # --- the loop ---

    def serve(self) -> None:
        """Continuous batching: seats refill as soon as they are free."""
        done, count, arrivals = 0, len(self.requests), self.arrivals
        while done < count:
            if self.arrived < count and arrivals[self.arrived] <= self.clock and self.looks():
                self.arrive()
            if self.waiting and len(self.order) < self.settings.max_running:
                if not self.gathering():
                    self.admit()
            else:
                self.gathers = False
            if self.prefilling:
                done += self.prefill_step()
            elif self.decoding:
                done += self.decode_stretch()
            else:
                self.clock = max(self.clock, self.arrivals[self.arrived])
            if self.watched:
                self.run.timeline.append((self.clock, len(self.order), len(self.waiting), self.used_blocks()))
        self.account_writing()
        if self.prefixes:
            self.run.cached_blocks_dropped = self.prefixes.dropped

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
        return self.polled >= self.settings.poll_steps or not self.order

    def gathering(self) -> bool:
        """Whether newcomers are kept waiting, beside requests that write, for more of their kind."""
        settings = self.settings
        if not settings.wait_steps:
            return False
        self.gathers = False
        if self.waited < settings.wait_steps and self.decoding and not self.prefilling:
            tokens = len(self.decoding)
            for request in self.waiting:
                tokens += self.target(request)
                if tokens >= settings.wait_tokens:
                    break
            self.gathers = tokens < settings.wait_tokens
        return self.gathers

    def queue(self, request: int) -> None:
        """Wait behind everyone of the same priority who came before, and before everyone of a higher number."""
        insort(self.waiting, request, key=lambda waiting: (self.requests[waiting].priority, waiting))

    def admit(self) -> None:
        """The head of the queue joins while there is a seat and blocks for its prompt."""
        evicts, run = self.policy.evicts, self.run
        used, exact = (self.at_most(), False) if evicts else (self.promised - self.saved, True)
        spare = self.blocks - math.floor(self.blocks * WATERMARK)
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
        pages, size = self.pages, self.settings.block_size
        return pages.of(tokens, size) if pages.near else pages.full * -(-tokens // size)

    def finish(self, request: int, at_s: float) -> None:
        """A request has its last token. In a closed loop its user asks again at once."""
        self.run.last_s[request] = at_s
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

    def prefill_step(self) -> int:
        """Compute prompts, beside the decoding requests if the policy mixes them. Returns how many requests finished."""
        mixed = self.policy.mixed
        decodes, preemptions = len(self.decoding) if mixed else 0, self.run.preemptions
        if decodes:
            self.make_room(1)
            decodes = len(self.decoding)
        chunks = self.chunks(
            self.settings.token_budget - decodes if mixed else self.settings.prefill_budget, whole_prompts=not mixed
        )
        if not chunks:
            return self.decode_stretch(preemptions)
        work = prompt_work([chunk for _, chunk in chunks])
        seconds = self.cost.work_seconds(decodes, self.context if decodes else 0.0, work)
        if decodes and self.windows:
            seconds += self.windowed(decodes)
        self.account(decodes, work, seconds)
        if self.record:
            self.note_chunks(chunks, seconds)
        self.clock += seconds
        self.polled = self.settings.poll_steps
        self.note_gap(decodes, seconds)
        done = self.advance(1) if decodes else 0
        for request, (start, length) in chunks:
            self.computed[request] = start + length
            if self.computed[request] == self.target(request):
                done += self.begin_decoding(request)
        return done

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

    def begin_decoding(self, request: int) -> int:
        """The prompt is computed and the first token written. Returns 1 if it was also the last."""
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
            return 1
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
        return 0

    # --- steps that only write tokens ---

    def decode_stretch(self, preemptions: int | None = None) -> int:
        """As many equal steps as pass before anyone finishes, joins or runs out of blocks. Returns how many finished.

        preemptions: how many there were when the step began, if that isn't now.
        """
        run = self.run
        preemptions = run.preemptions if preemptions is None else preemptions
        count = self.until_finish() if self.jump and not self.ranked and not self.gathers else 1
        for window in self.windows:
            count = window.until_full(self.iteration, count)
        count = self.make_room(count)
        if run.preemptions > preemptions:
            count = 1  # the blocks given back may let someone join after this step
        size = len(self.decoding)
        base, slope = self.affine.get(size) or self.coefficients(size)
        if count > 1:
            count = self.until_arrival(count, base, slope, size)
        reads = count * self.context + self.pace * count * (count - 1) / 2
        first_s, seconds = base + slope * self.context, count * base + slope * reads
        for window in self.windows:
            first_s -= window.token_s * window.short
            seconds -= window.token_s * window.missing(count)
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
        self.waited += count if self.gathers else 0
        if self.settings.poll_steps > 1:
            since = (self.polled + count) % self.settings.poll_steps
            self.polled = since or self.settings.poll_steps
        return self.advance(count)

    def windowed(self, decodes: int) -> float:
        """What a step with prompts takes more than its cost says, in s: that knows all contexts together, not each window."""
        self.note_near(1, decodes)
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
        late = min(self.stalled, size)
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

    def until_arrival(self, count: int, base: float, slope: float, size: int) -> int:
        """At most `count`, but no more than end with the first arrival that could join."""
        polls = self.settings.poll_steps
        full = len(self.order) >= self.settings.max_running or self.waiting
        if self.arrived >= len(self.requests) or (full and polls == 1):
            return count
        gap = self.arrivals[self.arrived] - self.clock
        if gap == math.inf:
            return count
        if polls > 1:  # as many as end with the first look after the arrival
            return min(count, self.until_look(self.steps_in(gap, base, slope)))
        return max(1, min(count, self.steps_in(gap, base, slope)))

    def until_look(self, steps: int) -> int:
        """Steps until the server next looks for newcomers, at least `steps` from now."""
        polls, since = self.settings.poll_steps, self.polled % self.settings.poll_steps
        return -(-(since + max(1, steps)) // polls) * polls - since

    def steps_in(self, gap: float, base: float, slope: float) -> int:
        """Steps that end once `gap` s have passed: the root of a quadratic."""
        if gap <= 0:
            return 1
        half, first_s = slope * self.pace / 2, base + slope * self.context
        for window in self.windows:
            half += window.token_s * window.pace / 2
            first_s -= window.token_s * window.short
        linear = first_s - half
        guess = (math.sqrt(linear * linear + 4 * half * gap) - linear) / (2 * half) if half else gap / linear
        return math.ceil(guess)

    def advance(self, count: int) -> int:
        """Let every decoding request write for `count` iterations. Returns how many wrote their last token."""
        self.iteration += count
        self.context += self.pace * count
        for window in self.windows:
            window.advance(count, self.iteration)
        if self.prefixes:
            self.drop_kept()
        done = 0
        while self.finishing and self.finishing[0][0] <= self.iteration:
            _, request, begun = heappop(self.finishing)
            if request not in self.decoding or self.decoding[request][1] != begun:
                continue
            self.stop_writing(request)
            self.order.remove(request)
            self.run.outputs += self.requests[request].output_tokens - self.written[request] - 1
            self.finish(request, self.clock)
            done += 1
        if not self.decoding:
            self.context = self.pace = 0.0
        return done

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
        running, pages, size = len(self.decoding), self.pages, self.settings.block_size
        blocks = (self.context + self.pace * ahead) / size + running
        bound = self.held - self.saved + pages.full * blocks
        return bound + pages.near * min(blocks, running * pages.most_near(size)) if pages.near else bound

    def make_room(self, wanted: int) -> int:
        """How many of the `wanted` iterations fit into the blocks; when not even one does, the youngest is preempted."""
        while True:
            if self.at_most(wanted) <= min(self.blocks, self.run.peak_blocks):
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

    def account_writing(self) -> None:
        """Add the steps that only wrote to the sums, once for each size of batch: what such a step does depends on it alone."""
        run, each = self.run, self.settings.speculation_tokens + 1 if self.draft else 1
        for size, steps in self.only_wrote.items():
            run.steps += steps
            run.decode_steps += steps
            run.seat_steps += size * steps
            run.useful_seat_steps += size * steps
            run.computed_tokens += size * each * steps
            run.weight_reads_bytes += steps * self.cost.weights_read(size * each)
