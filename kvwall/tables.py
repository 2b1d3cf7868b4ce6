"""Answers as aligned tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine import GIB
from kvwall import content

STATES = {
    "kept": "holds",
    "close": "too close to say",
    "broken": "does not hold",
    "memory": "does not fit into memory",
}
PROMISES = {"ttft_s": "first token", "tpot_s": "per token", "e2e_s": "whole answer", "tokens_per_s": "tokens a second"}


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in columns: the first to the left, the others to the right, no blanks at the ends."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(lines)


def table(answer: Mapping[str, Any]) -> str:
    """A plan, or one judged design, as a table.

    >>> print(table({"best": None, "others": [], "failing": None, "half": None, "designs_seen": 8, "designs_passed": 0,
    ...              "designs_simulated": 0, "left_out": {}}))
    No design of those allowed keeps the promise.
    8 designs were looked at, 0 of them simulated.
    """
    if "best" not in answer:
        return _designs({"design": answer})
    columns = {"best": answer["best"]}
    columns |= {f"other {number}": other for number, other in enumerate(answer["others"], 1)}
    columns |= {"cheaper": answer["failing"], "half the price": answer["half"]}
    shown = {name: design for name, design in columns.items() if design}
    untried = answer.get("cheaper_not_simulated", 0)
    simulated = "the designs that were simulated" if untried else "those allowed"
    parts = [] if answer["best"] else [f"No design of {simulated} keeps the promise."]
    parts += [_designs(shown)] if shown else []
    parts.append(f"{answer['designs_seen']:,} designs were looked at, {answer['designs_simulated']} of them simulated.")
    parts += [f"Cheaper ones that may do by their bounds and were not simulated: {untried:,}."] if untried else []
    return "\n".join([*parts, *_notes(answer)])


def _notes(answer: Mapping[str, Any]) -> list[str]:
    """What was left out of the search, and of a file of requests."""
    why = {"known": "their step time is not known", "price": "no price was given", "heads": "the heads don't divide"}
    found = [f"Left out: {n} kinds of replica, since {why[name]}." for name, n in answer["left_out"].items() if n]
    if answer.get("cut_share", 0.0) > 0.01 and "trace" not in answer:
        found.append(f"Cut to the longest sequence: {100 * answer['cut_share']:.0f} % of the requests.")
    if form := answer.get("unknown_form"):
        found.append(
            f"How many bits a weight of the form “{form}” takes isn't known: each design is for weights of its bits."
        )
    if trace := answer.get("trace"):
        found += trace_notes(trace)
    return found


def trace_notes(trace: Mapping[str, Any]) -> list[str]:
    """How a file of requests was read."""
    rate = f", served at {trace['rate_per_s']:.3g} a second" if trace["rate_per_s"] else ""
    found = [f"{trace['requests']:,} requests over {trace['span_s']:,.0f} s (times read as {trace['unit']}){rate}."]
    reasons = content.tables("size")["trace"]
    for skip in trace["skipped"]:
        lines = ", ".join(map(str, skip["lines"]))
        found.append(f"Left out: {skip['times']:,} lines ({reasons[skip['reason']]}), the first {lines}.")
    return found + ([f"Cut to the longest sequence: {trace['cut']:,} requests."] if trace["cut"] else [])


def _designs(designs: Mapping[str, Mapping[str, Any]]) -> str:
    """Designs side by side, a row for each thing that is said of them."""
    rows = [["", *designs]]
    every = list(designs.values())

    def row(name: str, texts: Sequence[str]) -> None:
        if any(texts):
            rows.append([name, *texts])

    row("GPUs", [f"{each['gpus']} x {each['gpu']}" for each in every])
    row("replicas", [f"{each['replicas']} of {each['gpus_per_replica']}" for each in every])
    row("attention groups", [str(n) if (n := each["attention_groups"]) > 1 else "" for each in every])
    row("engine", [each["engine"] for each in every])
    row("weights, cache", [f"{each['weight_bits']}, {each['kv_bits']} bits" for each in every])
    row("seats", [f"{each['seats']:,}" for each in every])
    row("tokens of a step", [f"{each['token_budget']:,}" for each in every])
    row("state", [_state(each) for each in every])
    for name, title in PROMISES.items():
        row(title, [_promise(each, name) for each in every])
    row("share of capacity", [f"{100 * each['capacity_share']:.0f} %" for each in every])
    row("cache left free", [f"{100 * each['memory']['kv_spare_share']:.0f} %" for each in every])
    row("a step meets", [each["binds"]["wall"] for each in every])
    row("rated power", [f"{each['cost']['rated_kw']:.2f} kW" for each in every])
    row("money an hour", [_money(each["cost"]["money_per_hour"]) for each in every])
    row(
        f"money a million output tokens{_when(every)}",
        [_money(each["cost"]["money_per_million_output_tokens"]) for each in every],
    )
    row("constants from", [each["known_from"] for each in every])
    row("not measured with", [", ".join(each["carried_over"]) for each in every])
    return aligned(rows)


def _when(designs: Sequence[Mapping[str, Any]]) -> str:
    """Which tokens of a day that isn't even are meant."""
    share = designs[0]["cost"]["day_share"] if designs else 1.0
    return ", busiest hour" if share is None else ", day's mean" if share < 1 else ""


def _state(design: Mapping[str, Any]) -> str:
    return STATES[design["state"]] if design["promises"] or design["state"] != "kept" else "carries the load"


def _promise(design: Mapping[str, Any], name: str) -> str:
    for each in design["promises"]:
        if each["name"] == name:
            unit = "" if name == "tokens_per_s" else " s"
            return f"{each['value']:.3g} of {each['limit']:g}{unit} ± {100 * each['error']:.0f} %"
    return ""


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}"


def plain_rows(values: Mapping[str, Any]) -> str:
    """Names and values, tables within them by longer names."""
    rows: list[list[str]] = []

    def add(path: str, value: Any) -> None:
        if isinstance(value, Mapping):
            for key, inner in value.items():
                add(f"{path} {key}".strip(), inner)
        else:
            rows.append([path, _value(path, value)])

    add("", values)
    return aligned(rows)


def _value(name: str, value: Any) -> str:
    sized = "bytes" in name and not isinstance(value, str)
    if sized and abs(value) >= GIB // 10:
        return f"{value / GIB:,.2f} GiB"
    if name.endswith(" times"):
        return f"{value:,.2f}"
    return f"{value:,.0f}" + (" bytes" if sized else "") if isinstance(value, int | float) else str(value)


def log_table(found: Mapping[str, Any]) -> str:
    """What a server said, each figure of its memory beside the engine's."""
    titles = content.tables("server")["lines"]
    rows = [["", "server", "engine", "off by"]]
    for line in found["lines"]:
        name = f"{line['name']} {line['unit']}"
        ours = "" if line["ours"] is None else _value(name, line["ours"])
        error = "" if line["error"] is None else f"{100 * line['error']:+.1f} %"
        rows.append([titles[line["name"]], _value(name, line["said"]), ours, error])
    for run in found["said"]["benches"]:
        rows += [
            [f"{key} of a run", f"{run[key]['mean_s']:.4g} s", "", ""] for key in ("ttft", "tpot") if run[key]["mean_s"]
        ]
    return "\n".join([aligned(rows), *([found["lacking"]] if found["lacking"] else [])])
