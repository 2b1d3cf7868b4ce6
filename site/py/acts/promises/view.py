"""Act II as a frame: the prediction, the four simulated pairs, two configurations that can break and be mended."""

from collections.abc import Mapping
from dataclasses import replace

import charts
import engine
from acts.promises import (
    figures,
    floor_view,
    now,
    prefix_view,
    receipts_view,
    roofline_view,
    serving,
    sweep_view,
    tail_view,
)
from acts.promises.controls import ID
from acts.promises.live import known_results, numbers_of, recorded_numbers, target_numbers
from acts.promises.now import Design, Hand
from acts.promises.serving import CUT, KV, NO_WEIGHTS, OK, TTFT, RunRequest
from content import wording
from content.common import Claim
from content.controls import controls
from content.course import Course, Result, Results, Scenario
from content.shapes import of_context
from content.wording import Number, Quantities, Quantity
from page.page import Frame
from page.remembered import remembered
from record import progress
from runs import oracles
from state import store
from state.questions import Answer
from views import parts

PREDICTION, REFLECTION = f"{ID}.prediction", f"{ID}.reflection"
MID_BATCH, MANY_BATCH = 32, 128  # where the speed-up of speculation is shown


def frame(course: Course, state: store.State) -> Frame:
    """Everything in Act II. It is empty until Act I is done, its instruments until its prediction is committed."""
    opened, revealed = store.is_open(course, state, ID), now.is_revealed(course, state)
    found: Frame = {
        "act2.gate": {"hidden": opened},
        "act2.open": {"hidden": not opened},
        "act2.revealed": {"hidden": not revealed},
    }
    if not opened:
        return found
    found |= _question(course, state)
    return {**found, **_instruments(course, state)} if revealed else found


def _question(course: Course, state: store.State) -> Frame:
    numbers = target_numbers(course, state)
    message = course.at(f"act2.message.{state.context}")
    return {
        "act2.message.from": {"text": message["from"]},
        "act2.message.text": {"text": wording.fill(message["text"], numbers)},
        **parts.question(course, state, "act2.prediction", numbers),
    }


def _instruments(course: Course, state: store.State) -> Frame:
    return {
        **parts.control_frames(course, state, ID),
        **_outcomes(course, state),
        **_design(course, state),
        **floor_view.frame(course, state),
        **roofline_view.frame(course, state),
        **tail_view.frame(course, state),
        **prefix_view.frame(course, state),
        **receipts_view.frame(course, state),
        **sweep_view.frame(course, state),
    }


def _outcomes(course: Course, state: store.State) -> Frame:
    """What became of the answers, whatever the controls say."""
    return {
        **parts.feedback(course, state, "act2.prediction"),
        **_pairs(course, store.answer(state, PREDICTION), store.asked(course, state, PREDICTION), state.results),
        **_recorded(course, now.design(state)),
        **parts.feedback(course, state, "act2.reflection"),
    }


def _design(course: Course, state: store.State) -> Frame:
    """The two configurations, and what is said of their numbers."""
    at = now.hand(course, state)
    return {**_shown(course, at), **parts.question(course, state, REFLECTION, numbers_of(course, at))}


@remembered
def _shown(course: Course, at: Hand) -> Frame:
    numbers = numbers_of(course, at)
    return {
        **_sides(course, at, numbers),
        **_results(course, at, numbers),
        **parts.mathematics(course, ID, numbers | equation_numbers(course, at)),
    }


# --- The numbers -------------------------------------------------------------------------------------------------------


def equation_numbers(course: Course, at: Hand) -> Quantities:
    """The live numbers behind the four equations: step times in s from the step-time model, FLOP, bytes."""
    requests = at.requests
    b, table = requests["b"], course.at("act2.simulation")
    cost, deployment = serving.step_cost(course, b), serving.deployment_of(course, b)
    draft = serving.step_cost(course, replace(b, **serving.draft_of(course)))
    live = figures.sides_numbers(course.at("act2.targets"), requests, known_results(course, at))
    tokens = float(live["b_prompt_mean"] or 0)
    batch = b.max_batch
    alone, full = cost.seconds(1, round(tokens), []), cost.seconds(batch, round(tokens * batch), [])

    def speedup(size: int) -> float:
        return engine.speculation_speedup(
            cost, draft, size, round(tokens * size), table["speculation_tokens"], table["acceptance"]
        )

    return {
        "parameters": deployment.model.parameters,
        "flops_per_s": deployment.gpu.flops_per_s(deployment.weight_bits),
        "bandwidth_per_s": deployment.gpu.bandwidth_bytes_per_s,
        "flop_per_token": 2 * deployment.model.active_parameters,
        "a_prefill_mean": _prefill(cost, live["a_prompt_mean"]),
        "a_prefill_p99": _prefill(cost, live["a_prompt_p99"]),
        "b_step_kv": tokens * batch * engine.kv_bytes_per_token(deployment.model, deployment.kv_bits),
        "b_step": full,
        "step_alone": alone,
        "step_growth": full / alone,
        "b_decode_rate": batch / full,
        "acceptance": table["acceptance"],
        "speculation_tokens": table["speculation_tokens"],
        "speculation_yield": engine.speculation_yield(table["acceptance"], table["speculation_tokens"]),
        "speedup_one": speedup(1),
        "speedup_mid": speedup(MID_BATCH),
        "speedup_mid_batch": MID_BATCH,
        "speedup_many": speedup(MANY_BATCH),
        "speedup_many_batch": MANY_BATCH,
    }


def _prefill(cost: engine.StepCost, tokens: Quantity) -> float:
    return cost.seconds(0, 0, [(0, max(1, round(float(tokens or 0))))])


# --- Prediction against reality: the four pairs ------------------------------------------------------------------------


@remembered
def _pairs(course: Course, locked: Answer | None, asked: Scenario, results: Results) -> Frame:
    words = course.at("act2.reality")
    first = next(iter(asked["pairs"].values()))["a"]
    basis = {"requests": first["requests"], "seed": first["seed"]}
    found: Frame = {"act2.reality.basis": {"text": wording.fill(words["basis"], basis)}}
    for option in course.question("act2.prediction").options:
        key, is_asked = f"act2.pairs.{option.id}", option.id in asked["pairs"]
        found[key] = {"hidden": not is_asked}
        if is_asked:
            numbers = oracles.numbers(course, "act2.prediction", asked, option.id, results)
            text = option.text
            if locked is not None and locked.option == option.id:
                text = wording.fill(words["yours"], {"text": of_context(text, locked.context)})
            found |= {f"{key}.text": {"text": text}, **_pair(words, key, numbers)}
    return found


def _pair(words: Mapping[str, str], key: str, numbers: Quantities | None) -> Frame:
    """One pair: each side's figure, a bar of it against its limit, and whether both hold."""
    if numbers is None:
        empty: Frame = {f"{key}.{side}.bar": {"width": "0%"} for side in serving.SIDES}
        shown = {f"{key}.{side}": {"text": wording.NOT_YET} for side in serving.SIDES}
        return {**empty, **shown, f"{key}.holds": {"text": words["waiting"], "state": "waiting"}}
    a = oracles.holds([Claim(measure="a_ttft_share", at_most=1)], numbers)
    b = oracles.holds([Claim(measure="b_throughput_share", at_least=1)], numbers)
    verdict = "holds" if a and b else "fails_b" if a else "fails_a" if b else "fails_both"
    return {
        f"{key}.a": {"text": wording.show(numbers["a_ttft"], "time"), "state": "good" if a else "fail"},
        f"{key}.b": {"text": wording.show(numbers["b_throughput"], "tps"), "state": "good" if b else "fail"},
        f"{key}.a.bar": {"width": _against_limit(numbers["a_ttft_share"])},
        f"{key}.b.bar": {"width": _against_limit(numbers["b_throughput_share"])},
        f"{key}.holds": {"text": words[verdict], "state": "good" if a and b else "fail"},
    }


def _against_limit(share: Quantity) -> str:
    """The width of a bar whose limit stands in the middle of its room; what is twice the limit or more fills it."""
    return f"{50 * min(float(share or 0), 2):.4g}%"


# --- One side: its state, its way out, its cards -----------------------------------------------------------------------


def _sides(course: Course, at: Hand, numbers: Quantities) -> Frame:
    """Both sides, and what a screen reader says once both have come to rest: each verdict with its figure, once."""
    found = {key: value for side in serving.SIDES for key, value in _side(course, at, side, numbers).items()}
    said = []
    for side, figure, form in (("a", "ttft", "time"), ("b", "throughput", "tps")):
        shown = found[f"act2.{side}.state"]
        if not at.settled or shown["state"] == "waiting":
            return {**found, "act2.said": {"text": ""}}
        lead = next((words for tag, words, _ in wording.runs(shown["text"]) if tag == "strong"), shown["text"])
        value = numbers[f"{side}_{figure}"]
        known = "" if value is None else wording.show(value, form)
        said.append(
            course.say("act2.design.said", None, {"side": side.upper(), "lead": lead.rstrip(".。"), "figure": known})
        )
    return {**found, "act2.said": {"text": wording.listed(said, "semicolon")}}


def _side(course: Course, at: Hand, side: str, numbers: Quantities) -> Frame:
    request, result = at.requests[side], at.result(side)
    verdict, cause, mark = _side_state(course, side, request, result, numbers)
    cause = wording.sentences([cause, _near_capacity(course, side, numbers)])
    return {
        f"act2.{side}.text": {"text": _traffic(course, request)},
        f"act2.{side}.state": {"text": verdict, "state": mark},
        f"act2.{side}.cause": {"text": cause, "hidden": not cause},
        **_way_out(course, at, side, request, result),
    }


def _near_capacity(course: Course, side: str, numbers: Quantities) -> str:
    """A warning, when a side's load is more than it can do, or so near to it that a promise about the tail can't be trusted."""
    share = numbers[f"{side}_capacity_share"]
    limit = course.at("act2.simulation.ill_conditioned") if side == "a" else 1  # B promises no tail
    if share is None:
        return ""
    if share <= limit:
        return course.say("act2.failures.close", None, numbers) if side == "a" and _is_close(numbers) else ""
    return course.say(f"act2.failures.{'over' if share > 1 else 'near'}", None, {**numbers, "share": share})


def _is_close(numbers: Quantities) -> bool:
    """Whether A's P99 may as well stand on the other side of its limit, by the model's own expected error."""
    ratio, error = numbers["a_ttft_share"], float(numbers["a_ttft_error"] or 0)
    return ratio is not None and abs(float(ratio) - 1) < error * float(ratio)


def _traffic(course: Course, request: RunRequest) -> str:
    """The uncut traffic of a side in one sentence, and where it is from."""
    workload = course.workloads[request.workload]
    named = {"source": workload.source, "assumption": workload.assumption}
    origin = course.say(f"act2.design.{'assumed' if workload.assumption else 'traced'}", None, named)
    return course.say("act2.design.lengths", None, {**engine.lengths(workload, None), "source": origin})


def _side_state(
    course: Course, side: str, request: RunRequest, result: Result | None, numbers: Quantities
) -> tuple[str, str, str | None]:
    """The state of a side: what is needed and what is there, in one sentence; what caused it; and a mark."""
    path = "act2.failures"
    if result is None:
        return course.at("act2.design.simulating"), "", "waiting"
    failure = serving.judge(course, side, result)
    said = {**numbers, **_cause_numbers(course, side, request, numbers)}

    def say(key: str) -> str:
        return course.say(f"{path}.{key}", None, said)

    if failure == OK:
        cut = serving.told_cut(result)
        told = course.say(f"{path}.cut", None, {"cut": cut}) if cut else ""
        return wording.sentences([say(f"ok_{side}"), told]), "", "good"
    if failure == NO_WEIGHTS:
        return say("no_weights"), "", "fail"
    if failure == KV:
        stuck = "kv_static" if request.policy == "static" else "kv_one"
        after = "kv_paged" if result["runs"] else stuck
        return say(f"kv_{side}"), say(after), "fail"
    if failure == CUT:
        said |= {"cut": numbers[f"{side}_cut"], "most": progress.MOST_CUT}
        return say("cut_most"), say("cut_why"), "fail"
    if failure == TTFT:
        prompts = said["prefill_share"] is not None and said["prefill_share"] > 0.5
        return say("ttft_a"), say("ttft_prompt" if prompts else "ttft_queue"), "fail"
    short = (numbers["b_offered"] or 0) < (numbers["target"] or 0)
    return say("low_b"), say("low_load" if short else "low_capacity"), "fail"


def _cause_numbers(course: Course, side: str, request: RunRequest, numbers: Quantities) -> Quantities:
    """What decides which cause is named: the share of the P99 that its own prompt's prefill explains, the evictions."""
    if not numbers["kv_has"]:
        return {"prefill_share": None, "evicted": None, "a_prefill_p99": None}
    prefill = _prefill(serving.step_cost(course, request), numbers["a_prompt_p99"])
    ttft = numbers["a_ttft"]
    return {
        "prefill_share": prefill / ttft if ttft else None,
        "a_prefill_p99": prefill,
        "evicted": numbers[f"{side}_evicted"],
        "requests": request.requests,
    }


def _way_out(course: Course, at: Hand, side: str, request: RunRequest, result: Result | None) -> Frame:
    """The smallest single change that mends a failing side, found by simulating it, and a button that makes it."""
    key = f"act2.{side}.way"
    hidden: Frame = {key: {"hidden": True}, f"{key}.text": {"text": ""}, f"{key}.apply": {"hidden": True}}
    if result is None or not at.settled or serving.judge(course, side, result) == OK:
        return hidden
    change, missing = serving.way_out(course, side, request, at.results)
    path = "act2.failures"
    if change is not None:
        text, cut = _change_text(course, change), serving.told_cut(at.results[change.request])
        if change.setting.endswith("max_sequence") and cut:
            text = course.say(f"{path}.change_cuts", None, {"change": text, "cut": cut})
    else:
        text = course.at(f"{path}.way_searching" if missing else f"{path}.way_none")
    return {key: {"hidden": False}, f"{key}.text": {"text": text}, f"{key}.apply": {"hidden": change is None}}


def _change_text(course: Course, change: serving.Change) -> str:
    name = change.setting.rpartition(".")[2]
    value: Number = change.value
    if name == "policy":
        value = controls(course)[change.setting].show(change.value)
    return course.say(f"act2.failures.change_{name}", None, {"value": value})


# --- Results side by side ----------------------------------------------------------------------------------------------

ROWS = (
    ("ttft", "time", "slo", None),
    ("ttft_p50", "time", None, None),
    ("tpot", "time", None, None),
    ("itl", "time", None, None),
    ("throughput", "tps", None, "target"),
    ("batch", "d", None, None),
    ("mfu", "pct", None, None),
    ("mbu", "pct", None, None),
    ("kv_needs", "gib", "kv_has", "kv_has"),
    ("kv_peak", "gib", "kv_has", "kv_has"),
    ("preemptions", "n", None, None),
    ("cut", "pct", None, None),
    ("job", "time", None, None),
    ("gpu_time", "sig", None, None),
    ("energy", "joule", None, None),
)


def _results(course: Course, at: Hand, numbers: Quantities) -> Frame:
    words, three = course.at("act2.design"), three_rows(course, numbers)
    with_error = any("±" in str(cell) for row in three for cell in row)
    return {
        "act2.runs": {"text": wording.fill(words["full" if at.settled else "quick"], numbers)},
        **_record(course, at),
        "act2.results.head": {"head": words["rows"]["columns"]},
        "act2.results.body": {"rows": result_rows(course, numbers)},
        "act2.three.head": {"head": words["three"]},
        "act2.three.body": {"rows": three},
        "act2.known": {"text": _known(course, at.requests["a"]) if with_error else ""},
        **_chart(course, at, numbers),
    }


def _record(course: Course, at: Hand) -> Frame:
    """Whether the pair can be recorded: not while a side is simulated, nor where a server doesn't start and has no figures."""
    known = {side: at.result(side) for side in serving.SIDES}
    still = [side.upper() for side, result in known.items() if result is not None and not serving.runs(result)]
    said = {"sides": wording.listed(still)}
    return {
        "act2.record": {"disabled": not all(map(serving.runs, known.values()))},
        "act2.record_next": {"text": course.say(f"act2.design.record_{'not' if still else 'next'}", None, said)},
    }


def result_rows(course: Course, numbers: Quantities) -> list[list[str]]:
    """The table of results: a row per measure, each side's value, its limit or target in brackets."""
    words = course.at("act2.design.rows")
    found = []
    for name, form, limit_a, target_b in ROWS:
        key = "evicted" if name == "preemptions" else name
        cells = []
        for side, limit in zip(serving.SIDES, (limit_a, target_b), strict=True):
            value = wording.show(None if (name == "job" and side == "a") else numbers[f"{side}_{key}"], form)
            sign = "≥" if limit == "target" else "≤"
            named = {"value": value, "sign": sign, "target": wording.show(numbers[limit], form) if limit else ""}
            told = limit and numbers[limit] != 0  # no room beside the weights is no limit to be held
            cells.append(wording.fill(words["against"], named) if told else value)
        found.append([wording.fill(words[name], numbers), *cells])
    found.insert(
        1, [wording.fill(words["band"], numbers), *(_band_cell(words, numbers, side) for side in serving.SIDES)]
    )
    shares = (wording.show(numbers[f"{side}_capacity_share"], "pct") for side in serving.SIDES)
    return [*found, [words["capacity"], *shares]]


def three_rows(course: Course, numbers: Quantities) -> list[list[str]]:
    """What is promised, and what each side does now: first token, tokens per second, memory of the cache."""
    words = course.at("act2.design")
    limits = (("at_most", "slo", "time"), ("at_least", "target", "tps"), ("at_most", "kv_has", "gib"))
    promised = [wording.fill(words[sign], {"value": wording.show(numbers[key], form)}) for sign, key, form in limits]
    if numbers["kv_has"] == 0:
        promised[-1] = words["no_room"]
    forms = (("ttft", "time"), ("throughput", "tps"), ("kv_needs", "gib"))

    def cell(side: str, key: str, form: str) -> str:
        """A figure, with its expected error where one is claimed."""
        shown, errors = wording.show(numbers[f"{side}_{key}"], form), {"ttft": "ttft", "throughput": "tpot"}
        error = numbers.get(f"{side}_{errors.get(key)}_error")
        return shown if error is None else wording.fill(words["about"], {"value": shown, "error": error})

    sides = [
        [wording.fill(words["three_side"], {"side": side.upper()}), *(cell(side, key, form) for key, form in forms)]
        for side in serving.SIDES
    ]
    return [[words["promise"], *promised], *sides]


@remembered
def _known(course: Course, request: RunRequest) -> str:
    """What stands behind each ±: the case that its error was measured on, and whether that is this very case."""
    deployment = serving.deployment_of(course, request)
    said: dict[str, Number] = {}
    for name, claim in (("ttft", "ttft_p99"), ("tpot", "tpot")):
        error, case = engine.expected_error(deployment, course.calibrations, claim)
        way = "carried" if engine.how_known(deployment, case) else "measured"
        of: dict[str, Number] = {"gpu": course.gpus[case.gpu].name, "bits": case.weight_bits}
        said |= {f"{name}_error": error, f"{name}_how": course.say(f"act2.design.{way}", None, of)}
    return course.say("act2.design.known", None, said)


def _band_cell(words: Mapping[str, str], numbers: Quantities, side: str) -> str:
    low, high = numbers[f"{side}_ttft_low"], numbers[f"{side}_ttft_high"]
    return wording.NOT_YET if low is None else wording.fill(words["band_cell"], {"low": low, "high": high})


BARS = ("ttft_share", "throughput_share", "kv_share")
OWN_BARS = (BARS[::2], BARS[1:])  # A is held to its TTFT, B to its throughput, both to their memory


def _chart(course: Course, at: Hand, numbers: Quantities) -> Frame:
    words = course.at("act2.design")
    shares = [
        [numbers[f"{side}_{key}"] if key in own else None for key in BARS]
        for side, own in zip(serving.SIDES, OWN_BARS, strict=True)
    ]
    names = {side.upper(): course.at(f"act2.sides.{side}.title") for side in serving.SIDES}
    spreads = [
        _spread(course, numbers, side) if BARS[0] in own else None
        for side, own in zip(serving.SIDES, OWN_BARS, strict=True)
    ]
    figure = charts.sides_chart(names, words["chart_bars"], shares, spreads, words["chart_y"], at.theme)
    rows = [
        [bar, *(wording.show(share, "pct") for share in both)]
        for bar, both in zip(words["chart_bars"], zip(*shares, strict=True), strict=True)
    ]
    caption, describe = (wording.fill(words[f"chart_{key}"], numbers) for key in ("caption", "describe"))
    result = at.result("a")
    if result is not None and serving.judge(course, "a", result) == NO_WEIGHTS:  # no bar stands there: this is why
        caption = course.say("act2.failures.no_weights", None, numbers)
        describe = "".join(words for _, words, _ in wording.runs(caption))
    return parts.chart(
        "act2.chart", words["chart_title"], caption, describe, figure, [words["chart_y"], *names.values()], rows
    )


def _spread(course: Course, numbers: Quantities, side: str) -> tuple[float, float] | None:
    """The lowest and highest P99 TTFT over the days, widened by the error where one is claimed, as shares of the objective."""
    low, high = numbers[f"{side}_ttft_low"], numbers[f"{side}_ttft_high"]
    error = float(numbers[f"{side}_ttft_error"] or 0)
    slo = course.at("act2.targets.ttft_p99_s")
    return None if low is None or high is None else (low * (1 - error) / slo, high * (1 + error) / slo)


def _recorded(course: Course, design: Design | None) -> Frame:
    if design is None:
        return {"act2.recorded": {"text": "", "state": None}}
    numbers = recorded_numbers(course, design)
    return {"act2.recorded": {"text": course.say("act2.design.recorded", None, numbers), "state": "info"}}
