"""What the engine says of a measured case, in the names that the case was measured by, and the one number that may be fitted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random

import engine
from tools.validation.columns import Case, Known, Unexpressed

SEED = 2026
LEAST_SHARE_CLAIMED = (
    0.85  # residents of a closed loop over KV tokens: past it a small error in memory moves everything
)


def cost_of(known: Known, case: Case, anchor: engine.Anchor | None = None) -> engine.StepCost:
    """The step times of a case, with the constants measured nearest to it and what an anchor puts in their place."""
    constants = engine.calibration_for(case.deployment, known.calibrations)
    return engine.StepCost(case.deployment, anchor.constants(constants) if anchor else constants)


def kv_tokens(case: Case) -> int:
    """Tokens that the case's cache holds: as the row says, or as the engine's memory plan has it."""
    if case.kv_tokens:
        return case.kv_tokens
    return engine.kv_blocks(case.deployment, reserve_of(case)) * engine.BLOCK_TOKENS


def reserve_of(case: Case) -> engine.Reserve:
    """What the case's server keeps back."""
    return engine.engine_reserve(case.deployment, case.utilization, case.token_budget, case.seats)


def load_of(case: Case) -> str:
    """How full the server is: "below" or "above" for a closed loop by its residents, the rate for an open one."""
    if case.kind == "closed":
        resident = (
            case.asked["users"] * (case.asked["prompt"] + case.asked["output"] / 2) * (1 + case.asked["least"]) / 2
        )
        return "below" if resident <= LEAST_SHARE_CLAIMED * kv_tokens(case) else "above"
    if case.kind == "rate":
        return f"{case.asked['rate']:g}/s"
    return case.label if case.kind == "trace" else ""


def predict(known: Known, case: Case, cost: engine.StepCost | None = None) -> dict[str, float]:
    """The engine's figures for a case. Raises Unexpressed or PhysicsError when it has none."""
    if case.kind == "startup":
        return _start(case)
    cost = cost or cost_of(known, case)
    if case.kind == "step":
        asked = case.asked
        n, tokens = int(asked["prompts"]), int(asked["prompt_tokens"])
        pairs = tokens * (asked["prompt_cached"] / n + tokens / (2 * n)) if n else 0.0
        seconds = cost.work_seconds(int(asked["decodes"]), asked["context"], (n, tokens, pairs))
        return dict.fromkeys(case.measured, seconds)
    return _served(known, case, cost)


def _start(case: Case) -> dict[str, float]:
    """Bytes a GPU and tokens, as a server's start-up lines give them."""
    found = engine.startup_figures(case.deployment, reserve_of(case), case.format)
    return {"weights": found["weights_bytes"], "kv_bytes": found["kv_bytes"], "kv_tokens": found["kv_tokens"]}


def traffic(known: Known, case: Case) -> tuple[list[engine.Request], int | None]:
    """The requests of a case, and its users if it is a closed loop."""
    asked, random = case.asked, Random(SEED)
    if case.kind == "closed":
        least, count = asked["least"], int(asked["users"] * asked["each"])

        def length(nominal: float) -> int:
            return max(1, round(nominal * (least + (1 - least) * random.random())))

        requests = [engine.Request(0.0, length(asked["prompt"]), length(asked["output"])) for _ in range(count)]
        return requests, int(asked["users"])
    if case.kind == "trace":
        return list(case.trace), None
    if case.kind == "rate":
        return _open(known, case), None
    count = int(asked["n"]) if case.kind == "burst" else max(200, min(2000, int(2e6 // sum(asked.values()))))
    return [engine.Request(0.0, max(1, round(asked["prompt"])), max(1, round(asked["output"])))] * count, None


CHAT = "sharegpt-vicuna"  # how lengths of chats spread; stretched to the means that a row gives
CHATS = ("multiturn", "chat")
# A conversation: turns, and what each adds by the mean prompt; chosen on one run of Llama-70B on an H200.
TURNS, TURN_SHARE = 12, 0.06


def is_chat(case: Case) -> bool:
    """Whether a case's prompts are conversations, each the whole history so far."""
    return case.kind == "rate" and case.label.startswith(CHATS)


def _open(known: Known, case: Case) -> list[engine.Request]:
    """Poisson arrivals, lengths as people's chats spread, stretched to the measured means."""
    asked, shape = case.asked, engine.lengths(known.workloads[CHAT])
    drawn = engine.sample_requests(known.workloads[CHAT], asked["rate"], int(asked["n"]), SEED)
    by = asked["prompt"] / shape["prompt_mean"], asked["output"] / shape["output_mean"]
    if is_chat(case):
        return _chats(asked, drawn, by[1])
    return [
        engine.Request(at, max(1, round(prompt * by[0])), max(1, round(output * by[1])))
        for at, prompt, output, *_ in drawn
    ]


def _chats(asked: Mapping[str, float], drawn: Sequence[engine.Request], longer: float) -> list[engine.Request]:
    """Conversations about a text of their own, one after the other, each turn adding as much; mean prompts as measured.

    longer: by how much the answers drawn are stretched. How the measured conversations were made isn't published with the
    figures: this shape is an assumption, and the share of tokens that hit the cache follows from it. Their histories are
    written beforehand, as benchmarks do: an answer that is generated isn't part of the next prompt.
    """
    random, found = Random(SEED), []
    added = max(1, round(TURN_SHARE * asked["prompt"]))
    text = max(1.0, asked["prompt"] - (TURNS - 1) / 2 * added)
    history: tuple[tuple[int, int], ...] = ()
    for contents, request in enumerate(drawn):
        if len(history) % TURNS == 0:
            history = ((contents, max(1, round(text * (0.85 + 0.3 * random.random())))),)
        else:
            history = (*history, (contents, added))
        tokens = sum(length for _, length in history)
        found.append(engine.Request(request.arrival_s, tokens, max(1, round(request.output_tokens * longer)), history))
    return found


QUICKER = 0.75  # measured constants err by less than a quarter in the time of a lone prompt


def refuse_unread(known: Known, case: Case, cost: engine.StepCost) -> None:
    """Raise Unexpressed for a rate whose P99 first token came before an empty server could have read the P99 prompt.

    Its prompts were in the prefix cache, and the row doesn't say so. Only where the lengths' spread is known, ShareGPT's, and
    the constants are the server's own: elsewhere a quick server may be a better one than ours.
    """
    if case.kind != "rate" or case.cached or not case.label.startswith("sharegpt") or set(cost.carried) - {"cache"}:
        return
    measured = case.measured.get("ttft_p99_s")
    prompt = engine.percentile([request.prompt_tokens for request in _open(known, case)], 99)
    if measured and prompt and measured < QUICKER * (cost.front_s + cost.seconds(0, 0, [(0, int(prompt))])):
        raise Unexpressed(
            "its first tokens came before its prompts could be read: an earlier run had sent them, and the prefix cache had"
            " them; say so in a column repeats or prefix_cached_share"
        )


LONG_AFTER_S = 3600.0  # when the same prompts come again: the first run is over by then


def after_themselves(requests: Sequence[engine.Request], share: float) -> list[engine.Request]:
    """The same requests twice, an idle hour between: of each prompt the second run finds this share, as far as it was kept."""

    def known(at: int, request: engine.Request) -> engine.Request:
        held = math.floor(share * request.prompt_tokens)
        return request._replace(prefix=((at, held),) if held else ())

    first = [known(at, request) for at, request in enumerate(requests)]
    longest_s = sum(request.output_tokens for request in requests)  # at a token a second, which every server beats
    hour_s = requests[-1].arrival_s + longest_s + LONG_AFTER_S
    return [*first, *(request._replace(arrival_s=request.arrival_s + hour_s) for request in first)]


def later(run: engine.Run, before: int) -> engine.Run:
    """A run without its first requests; its sums over steps stay those of the whole."""
    return replace(
        run,
        requests=run.requests[before:],
        arrival_s=run.arrival_s[before:],
        start_s=run.start_s[before:],
        first_s=run.first_s[before:],
        last_s=run.last_s[before:],
    )


def _served(known: Known, case: Case, cost: engine.StepCost) -> dict[str, float]:
    """The figures of a simulated server: as it was started, with the case's budget and seats."""
    requests, users = traffic(known, case)
    refuse_unread(known, case, cost)
    before = 0
    if case.cached and not is_chat(case) and users is None:
        before, requests = len(requests), after_themselves(requests, case.cached)
    longest = max(request.prompt_tokens + request.output_tokens for request in requests)
    settings = engine.ServerSettings(
        case.start.policy,
        case.seats,
        longest,
        token_budget=case.start.token_budget or case.token_budget,
        prefill_budget=case.start.token_budget or case.token_budget,
        prefix_cache=any(request.prefix for request in requests),
        poll_steps=case.start.poll_steps,
        wait_steps=case.start.wait_steps,
        wait_tokens=case.start.wait_tokens,
    )
    blocks, pages = kv_tokens(case) // engine.BLOCK_TOKENS, engine.Pages()
    if not case.kv_tokens:
        blocks, pages = engine.kv_pages(case.deployment, reserve_of(case))
    run = engine.simulate(cost, settings, requests, blocks, users=users, pages=pages)
    if before:
        run = later(run, before)
    figures = engine.summary(run, case.deployment)
    names = {"throughput": "throughput_output_tokens_per_s"}
    return {name: float(figures[names.get(name, name)] or 0) for name in case.measured}


# --- one number from one row ---

ANCHORS = engine.ANCHORS
WAITING = 3  # times the quickest row's first token: it waits for memory


def anchored(
    known: Known, cases: Sequence[Case], what: str, line: int | None
) -> tuple[Case, float, Callable[[Case], dict[str, float]]]:
    """Fit one number from one row: KV tokens ("kv"), the host's times as a factor ("host") or the front end in s ("front").

    Returns the row, the number, and what predicts the others with it. Without a line the row is chosen that tells the number
    best: the first that waits for memory for "kv", the quickest first token for "front", the quickest token for "host".
    """
    name = {"host": "tpot_mean_s", "front": "ttft_mean_s", "kv": "ttft_mean_s"}[what]
    if what == "kv" and any("ttft_p99_s" in case.measured for case in cases):
        name = "ttft_p99_s"
    usable = [case for case in cases if name in case.measured and line in (None, case.line)]
    if not usable:
        raise Unexpressed(f"No row to fit {what!r} from: it needs {name}.")
    usable.sort(key=lambda case: case.measured[name])
    row = usable[0]
    if what == "kv":  # where waiting begins; deep in overload a row tells of throughput more than of memory
        row = next((case for case in usable if case.measured[name] > WAITING * row.measured[name]), usable[-1])

    def with_anchor(anchor: engine.Anchor) -> Callable[[Case], dict[str, float]]:
        def predicted(case: Case) -> dict[str, float]:
            if anchor.kind == "kv":
                return predict(known, replace(case, kv_tokens=anchor.kv_tokens(0)))
            return predict(known, case, cost_of(known, case, anchor))

        return predicted

    requests, _ = traffic(known, row)
    longest = max(request.prompt_tokens + request.output_tokens for request in requests)
    limits = (longest + 2.0 * engine.BLOCK_TOKENS, 64.0 * kv_tokens(row)) if what == "kv" else None
    found = engine.fitted(what, row.measured[name], lambda anchor: with_anchor(anchor)(row)[name], limits)
    return row, found.value, with_anchor(found)
