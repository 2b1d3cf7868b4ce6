"""The command `kvwall`: JSON in, a table or JSON out. docs/sizing.md has the fields, the examples and the exit statuses."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import engine
from kvwall import api, tables

HOLDS, FAILS, MISTAKE, CLOSE = 0, 1, 2, 3
STATUS = {"kept": HOLDS, "broken": FAILS, "memory": FAILS, "close": CLOSE}


class Mistake(Exception):
    """What the person who typed the command has to mend, as a sentence."""


class Parser(argparse.ArgumentParser):
    """One that says one sentence."""

    def error(self, message: str) -> NoReturn:
        """Leave with the sentence."""
        raise Mistake(f"{message[:1].upper()}{message[1:]}. {self.prog} --help says more.")


def main(words: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0; 1 where a design doesn't hold or none was found; 2 for a mistake, with a
    sentence on stderr; 3 where it is too close to say."""
    try:
        chosen = parser().parse_args(words)
        return int(chosen.run(chosen))
    except Mistake as mistake:
        said = str(mistake)
    except engine.PhysicsError as mistake:
        said = api.sentence(mistake)
    except BrokenPipeError:  # whoever reads has enough
        sys.stderr.close()
        return HOLDS
    except OSError as mistake:
        said = f"{mistake.filename or 'A file'}: {mistake.strerror or mistake}."
    print(said, file=sys.stderr)
    return MISTAKE


def parser() -> Parser:
    """The words that the command takes."""
    made = Parser(
        prog="kvwall", description="Size LLM serving: which GPUs, how many, at what cost, and how sure that is."
    )
    parts = made.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)

    def part(name: str, run: Callable[[argparse.Namespace], int], help: str) -> argparse.ArgumentParser:
        found = parts.add_parser(name, help=help, description=help)
        found.set_defaults(run=run)
        found.add_argument("--json", action="store_true", help="print data instead of a table")
        return found

    asking = [
        part("plan", _plan, "Find the cheapest design that keeps a question's promises."),
        part("check", _check, "Say whether a design holds: exit status 0 yes, 1 no, 3 too close to say."),
        part("commands", _commands, "Write the commands and files that start a design's servers."),
    ]
    for found in asking:
        found.add_argument("request", help="the question, a JSON file, - for stdin")
        found.add_argument("--trace", help="real requests, CSV or JSON by the line")
        found.add_argument(
            "--trace-unit", default="", help="the unit of their times, where it isn't seen: s, ms, us, ns"
        )
    for found in asking[1:]:
        found.add_argument("design", help="the design, or a plan's answer, a JSON file")
    asking[2].add_argument("--to", type=Path, help="the folder to write to, without it everything is printed")
    fits = part("fit", _fit, "Say what fits into the memory of one replica.")
    fits.add_argument("model", help="a config.json, or the name of a model")
    fits.add_argument("--gpu", required=True)
    fits.add_argument("--gpus", type=int, default=1)
    for name, most, help in (("context", 8192, "tokens of a request"), ("weights", 16, "bits"), ("cache", 16, "bits")):
        fits.add_argument(f"--{name}", type=int, default=most, help=help)
    log = part("read", _read, "Say what a server's start-up log or a benchmark's result tells, beside the engine.")
    log.add_argument("file", type=Path)
    log.add_argument("--model", help="a config.json, or the name of a model, where the text doesn't say it")
    log.add_argument("--gpu")
    log.add_argument("--gpus", type=int, help="of one tensor-parallel group")
    reads = part("trace", _trace, "Say how a file of real requests is read.")
    reads.add_argument("file")
    reads.add_argument("--trace-unit", default="")
    part("validate", _validate, "Compare measurements with the engine (docs/validating.md).").add_argument(
        "file", type=Path
    )
    for name, listed in (("models", _models), ("gpus", _gpus), ("workloads", _workloads)):
        part(name, _listing(listed), f"List the {name} that are known.")
    return made


# --- in and out ---


def _object(path: str) -> Any:
    """What a JSON file holds. Raises Mistake."""
    name = "stdin" if path == "-" else path
    try:
        text = sys.stdin.read() if path == "-" else Path(path).read_text(encoding="utf-8-sig")
        return json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except UnicodeDecodeError as mistake:
        raise Mistake(f"{name}: this is no text in UTF-8.") from mistake
    except json.JSONDecodeError as mistake:
        raise Mistake(f"{name}: this is no JSON from line {mistake.lineno}, column {mistake.colno} on.") from mistake
    except RecursionError as mistake:
        raise Mistake(f"{name}: this is nested too deeply.") from mistake
    except ValueError as mistake:
        raise Mistake(f"{name}: {str(mistake).partition(';')[0]}.") from mistake


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"{engine.shown(twice)} stands twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")


def _printed(chosen: argparse.Namespace, found: Any, text: Callable[[Any], str]) -> None:
    print(json.dumps(_finite(found), indent=1, ensure_ascii=False) if chosen.json else text(found))


def _finite(value: Any) -> Any:
    """Plain data as JSON has it: what is infinite is null."""
    if isinstance(value, Mapping):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _asked(chosen: argparse.Namespace) -> tuple[Any, Any]:
    """The question, and the trace that is named beside it or in it, whose path is seen from the question's folder."""
    asked = _object(chosen.request)
    path = chosen.trace
    named = asked.get("traffic") if isinstance(asked, dict) else None
    if path is None and isinstance(named, dict) and isinstance(named.get("trace"), str):
        path = (Path(chosen.request).parent if chosen.request != "-" else Path()) / named["trace"]
    return asked, None if path is None else api.read_trace(path, unit=chosen.trace_unit)


# --- the commands ---


def _plan(chosen: argparse.Namespace) -> int:
    asked, trace = _asked(chosen)
    told = sys.stderr.isatty()
    found = api.plan(asked, trace=trace, progress=_progress if told else None)
    if told:
        print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    _printed(chosen, found, tables.table)
    return HOLDS if found["best"] else FAILS


def _progress(runs: int) -> None:
    print(f"\r{runs} designs simulated", end="", file=sys.stderr, flush=True)


def _check(chosen: argparse.Namespace) -> int:
    asked, trace = _asked(chosen)
    found = api.check(asked, _object(chosen.design), trace=trace)
    _printed(chosen, found, tables.table)
    return STATUS[found["state"]]


def _commands(chosen: argparse.Namespace) -> int:
    asked, trace = _asked(chosen)
    found = api.commands(asked, _object(chosen.design), trace=trace)
    if chosen.to is None:
        _printed(chosen, found, lambda files: "\n".join(f"== {name}\n{text}" for name, text in files.items()))
        return HOLDS
    chosen.to.mkdir(parents=True, exist_ok=True)
    for name, text in found.items():
        (chosen.to / name).write_text(text, encoding="utf-8")
    _printed(chosen, sorted(found), lambda names: "\n".join(str(chosen.to / name) for name in names))
    return HOLDS


def _named(word: str) -> str | Path:
    """A model's name, or the path of its config.json."""
    path = Path(word)
    return word if word in api.catalogue().models or (not path.exists() and path.suffix != ".json") else path


def _read(chosen: argparse.Namespace) -> int:
    name = _named(chosen.model) if chosen.model else None
    found = api.read_log(chosen.file.read_bytes(), name=name, gpu=chosen.gpu, gpus=chosen.gpus)
    _printed(chosen, found, tables.log_table)
    return HOLDS


def _fit(chosen: argparse.Namespace) -> int:
    name = _named(chosen.model)
    bits = {"weight_bits": chosen.weights, "kv_bits": chosen.cache}
    found = api.fit(name, chosen.gpu, chosen.gpus, context_tokens=chosen.context, **bits)
    _printed(chosen, found, tables.plain_rows)
    return HOLDS if found["users"] else FAILS


def _trace(chosen: argparse.Namespace) -> int:
    read = api.read_trace(chosen.file, unit=chosen.trace_unit)
    found = {
        "requests": len(read.requests),
        "span_s": read.span_s,
        "unit": read.unit,
        "rate_per_s": 0.0,
        "skipped": [skip._asdict() for skip in read.skipped],
        "cut": 0,
        "columns": dict(read.columns),
    }
    _printed(chosen, found, lambda trace: "\n".join(tables.trace_notes(trace)))
    return HOLDS


def _validate(chosen: argparse.Namespace) -> int:
    try:
        text = chosen.file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as mistake:
        raise Mistake(f"{chosen.file}: this is no text in UTF-8.") from mistake
    found = api.validate(text, chosen.file.name)
    _printed(chosen, found, _compared)
    return HOLDS if found["rows"] else FAILS


def _compared(found: Mapping[str, Any]) -> str:
    rows = [["figure", "of", "n", "mean error", "worst", "bias"]]
    for each in found["errors"]:
        shares = [f"{100 * each[name]:.1f} %" for name in ("mape", "worst", "bias")]
        rows.append([each["figure"], each["of"], str(each["n"]), *shares])
    refused = [f"Line {each['line']}: {each['reason']}." for each in found["refused"]]
    return "\n".join([tables.aligned(rows), *refused])


def _listing(rows: Callable[[], list[dict[str, Any]]]) -> Callable[[argparse.Namespace], int]:
    """A command that lists rows of a catalogue."""

    def shown(found: list[dict[str, Any]]) -> str:
        cells = [
            [f"{value:,.4g}" if isinstance(value, float) else str(value) for value in row.values()] for row in found
        ]
        return tables.aligned([[*found[0]], *cells])

    def run(chosen: argparse.Namespace) -> int:
        _printed(chosen, rows(), shown)
        return HOLDS

    return run


def _models() -> list[dict[str, Any]]:
    return [
        {
            "id": id,
            "parameters_billions": each.parameters / 1e9,
            "active_billions": each.active_parameters / 1e9,
            "kv_bytes_per_token": engine.kv_bytes_per_token(each, 16),
            "context_tokens": each.max_context_tokens,
        }
        for id, each in api.catalogue().models.items()
    ]


def _gpus() -> list[dict[str, Any]]:
    return [
        {
            "id": id,
            "memory_gib": each.memory_bytes / engine.GIB,
            "gb_per_s": each.bandwidth_bytes_per_s / engine.GB,
            "bf16_tflops": each.bf16_flops_per_s / engine.TFLOP,
            "rated_watts": each.power_watts,
        }
        for id, each in api.catalogue().gpus.items()
    ]


def _workloads() -> list[dict[str, Any]]:
    names = ("prompt_mean", "prompt_p99", "output_mean", "output_p99")
    return [
        {"id": id, **{name: float(engine.lengths(each)[name]) for name in names}}
        for id, each in api.catalogue().workloads.items()
    ]
