"""`python3 build.py validate --data FILE.csv`: anybody's measurements beside the engine's figures.

Prints n, mean absolute error, median, worst and bias for each figure, all together and by GPU, engine, model and load; each
row that can't be expressed with its reason. `--json` prints the same as data, row by row. `--anchor kv|host|front[@LINE]` fits
that one number from one row and reports the others.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import engine
from tools.validation import columns, predicting
from tools.validation.columns import Case, Known, Refused, Unexpressed

CONTENT = Path(__file__).parents[2] / "site" / "content"
OPTIONS = (
    "model",
    "gpu",
    "engine",
    "tp",
    "weight_dtype",
    "kv_bits",
    "kv_tokens",
    "token_budget",
    "max_num_seqs",
    "util",
)


@dataclass(frozen=True)
class Compared:
    """One figure of one row: measured and predicted, in its own unit, and where it belongs."""

    line: int
    figure: str
    measured: float
    predicted: float
    groups: dict[str, str]

    @property
    def error(self) -> float:
        """The relative error, with its sign."""
        return self.predicted / self.measured - 1


def shipped() -> Known:
    """The catalogues of the lab as it ships."""
    tables = {
        name: tomllib.loads((CONTENT / f"{name}.toml").read_text("utf-8"))
        for name in ("models", "hardware", "calibration", "workloads")
    }
    return Known(
        engine.read_models(tables["models"]),
        engine.read_gpus(tables["hardware"]),
        tuple(engine.read_calibrations(tables["calibration"]).values()),
        engine.read_workloads(tables["workloads"]),
    )


def compare(
    cases: Iterable[Case], predicted: Callable[[Case], dict[str, float]]
) -> tuple[list[Compared], list[Refused]]:
    """Every figure of every case beside the engine's, and the rows for which it has none."""
    found: list[Compared] = []
    refused: list[Refused] = []
    for case in cases:
        deployment = case.deployment
        groups = {
            "gpu": deployment.gpu.id,
            "engine": deployment.engine,
            "model": deployment.model.id,
        }
        try:
            groups["load"] = predicting.load_of(case)
            figures = predicted(case)
        except (Unexpressed, engine.PhysicsError) as reason:
            refused.append(Refused(case.line, str(reason)))
            continue
        if case.apart:
            refused.append(Refused(case.line, case.apart))
        found += [Compared(case.line, name, value, figures[name], groups) for name, value in case.measured.items()]
    return found, refused


def errors(rows: Sequence[Compared]) -> dict[str, float]:
    """n, mean absolute error, median, worst and bias of these rows, as shares of the measurement."""
    signed = [row.error for row in rows]
    sizes = [abs(error) for error in signed]
    return {
        "n": len(rows),
        "mape": statistics.fmean(sizes),
        "median": statistics.median(sizes),
        "worst": max(sizes),
        "bias": statistics.fmean(signed),
    }


def summaries(rows: Sequence[Compared]) -> list[tuple[str, str, dict[str, float]]]:
    """Errors of each figure: all, then by each group that divides them."""
    found = []
    for figure in dict.fromkeys(row.figure for row in rows):
        own = [row for row in rows if row.figure == figure]
        found.append((figure, "all", errors(own)))
        for group in ("gpu", "engine", "model", "load"):
            values = dict.fromkeys(row.groups[group] for row in own)
            if len(values) > 1:
                found += [
                    (figure, f"{group} {value}", errors([row for row in own if row.groups[group] == value]))
                    for value in values
                    if value
                ]
    return found


def printed(rows: Sequence[Compared], refused: Sequence[Refused], anchor: str) -> str:
    """The whole answer as a table for a person."""
    lines = [anchor] if anchor else []
    if rows:
        lines.append(f"{'figure':18} {'of':26} {'n':>5} {'MAPE':>7} {'median':>7} {'worst':>8} {'bias':>8}")
    for figure, group, found in summaries(rows):
        mape, median, worst, bias = (100 * found[name] for name in ("mape", "median", "worst", "bias"))
        shares = f"{mape:6.1f}% {median:6.1f}% {worst:7.1f}% {bias:+7.1f}%"
        lines.append(f"{figure:18} {group:26} {found['n']:5.0f} {shares}")
    reasons: dict[str, list[int]] = {}
    for row in refused:
        reasons.setdefault(row.reason, []).append(row.line)
    for reason, at in reasons.items():
        lines.append(
            f"not compared: line{'s' * (len(at) > 1)} {', '.join(map(str, at[:8]))}{' …' * (len(at) > 8)}: {reason}"
        )
    return "\n".join(lines)


def as_data(rows: Sequence[Compared], refused: Sequence[Refused], anchor: str) -> str:
    """The whole answer as JSON."""
    plain = {
        "anchor": anchor,
        "errors": [{"figure": figure, "of": group, **found} for figure, group, found in summaries(rows)],
        "rows": [
            {
                "line": r.line,
                "figure": r.figure,
                "measured": r.measured,
                "predicted": r.predicted,
                "error": r.error,
                **r.groups,
            }
            for r in rows
        ],
        "refused": [{"line": r.line, "reason": r.reason} for r in refused],
    }
    return json.dumps(plain, indent=1)


def assumptions(cases: Iterable[Case]) -> list[str]:
    """What the rows don't say, and what is taken for it: a sentence for each."""
    found: dict[str, list[int]] = {}
    for case in cases:
        if case.assumed:
            found.setdefault(case.assumed, []).append(case.line)
    return [f"line {lines[0]} and {len(lines) - 1} more: {what}" for what, lines in found.items()]


def validate(path: Path, options: dict[str, str], anchor: str = "") -> tuple[list[Compared], list[Refused], str]:
    """Read a file, predict its rows, and compare. Raises Unexpressed for a file that can't be read at all."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as mistake:
        raise Unexpressed("The file is not UTF-8 text: save it as CSV in UTF-8.") from mistake
    except OSError as mistake:
        raise Unexpressed(f"The file can't be read: {mistake.strerror}.") from mistake
    known = shipped()
    cases, refused = columns.read(known, path.name, text, options)
    predicted: Callable[[Case], dict[str, float]] = lambda case: predicting.predict(known, case)  # noqa: E731
    said = ""
    if anchor:
        what, _, line = anchor.partition("@")
        what = {"frontend": "front"}.get(what, what)
        if what not in predicting.ANCHORS or (line and not line.isdigit()):
            raise Unexpressed(
                f"--anchor is one of {', '.join(predicting.ANCHORS)}, with @LINE if you like, not {anchor!r}."
            )
        row, number, predicted = predicting.anchored(known, cases, what, int(line) if line else None)
        unit = {
            "kv": f"{number:,.0f} KV tokens",
            "host": f"host times {number:.3g} ×",
            "front": f"front end {1000 * number:.1f} ms",
        }[what]
        said = f"fitted from line {row.line}, which is left out below: {unit}"
        cases = [case for case in cases if case is not row]
    said = "\n".join([said] * bool(said) + assumptions(cases))
    compared, more = compare(cases, predicted)
    return compared, sorted([*refused, *more], key=lambda row: row.line), said


def main(words: Sequence[str]) -> int:
    """Run the command. Returns the exit status: 1 when nothing could be compared."""
    parser = argparse.ArgumentParser(
        prog="build.py validate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, nargs="+", type=Path, help="CSV files")
    parser.add_argument("--json", action="store_true", help="print data instead of a table")
    parser.add_argument("--anchor", default="", help="kv, host or front, with @LINE if you like")
    for name in OPTIONS:
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, help=f"what rows without {name} have")
    options = parser.parse_args(words)
    given = {name: value for name in OPTIONS if (value := getattr(options, name)) is not None}
    worked = True
    for path in options.data:
        try:
            rows, refused, anchor = validate(path, given, options.anchor)
        except Unexpressed as reason:
            print(f"{path.name}: {reason}", file=sys.stderr)
            worked = False
            continue
        if not options.json:
            print(f"== {path.name}")
        print(as_data(rows, refused, anchor) if options.json else printed(rows, refused, anchor))
        worked = worked and bool(rows)
    return 0 if worked else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
