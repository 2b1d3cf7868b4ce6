"""The course: everything an instructor may edit, read from the content files and checked before anyone sees it.

`load(folder)` reads TOML (at build time and in tests), `from_tables` takes the same tables already parsed (in the page).
A mistake is a sentence "file: key: what was expected", all of them at once, in a ContentError.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import engine
from content import shapes, wording
from content.shapes import COUNT, NUMBER, NUMBER_PER_CONTEXT, PER_CONTEXT, TEXT

Table = dict[str, Any]
Say = Callable[..., str]

CLAIM = {"measure": TEXT, "at_least?": NUMBER, "at_most?": NUMBER}
CONFIGURATION = {"policy": TEXT, "max_batch": COUNT, "max_sequence": COUNT}
OPTION = {
    "id": TEXT,
    "text": PER_CONTEXT,
    "claims": [CLAIM],
    "right?": PER_CONTEXT,
    "wrong?": PER_CONTEXT,
    "stands_for?": NUMBER,
    "a?": CONFIGURATION,
    "b?": CONFIGURATION,
}
QUESTION = {
    "oracle": TEXT,
    "title": TEXT,
    "commit": TEXT,
    "prompt": PER_CONTEXT,
    "next": PER_CONTEXT,
    "options": [OPTION],
    "formula?": TEXT,
}
WORDS = {"*": PER_CONTEXT}
RANGE = {"label": TEXT, "unit": TEXT, "min": NUMBER, "max": NUMBER, "step": NUMBER, "default?": NUMBER_PER_CONTEXT}
MATH = {"title": TEXT, "intro": TEXT, "items": [{"title": TEXT, "formula": TEXT, "terms": [[TEXT]], "live": TEXT}]}
BUG = {"id": TEXT, "claim": TEXT, "hint": TEXT, "right": TEXT}
MESSAGE = {"*": {"from": TEXT, "text": TEXT}}
ACT = {"id": TEXT, "kicker": TEXT, "title": TEXT, "duration": TEXT, "scenario": [PER_CONTEXT], "message": MESSAGE}
SIDE = {
    "title": TEXT,
    "workload": TEXT,
    "policy_default": TEXT,
    "max_batch": RANGE,
    "max_sequence": RANGE,
    "load": RANGE,
}
NAMED = [{"id": TEXT, "text": TEXT}]
CHOICE = {"label": TEXT, "default": TEXT, "options": NAMED}
REPORT_PARTS = ("headings", "verdicts", "engine", "evidence", "parts", "takeaway", "risk", "criteria", "check", "share")

SHAPES: Mapping[str, shapes.Shape] = {
    "course": {
        "masthead": {
            "course": TEXT,
            "lab": TEXT,
            "title": TEXT,
            "question": TEXT,
            "badges": [{"label": TEXT, "text": TEXT}],
        },
        "briefing": {
            "title": TEXT,
            "objectives_title": TEXT,
            "objectives": [TEXT],
            "facts": [{"label": TEXT, "text": TEXT}],
            "units_note": TEXT,
        },
        "context": {"title": TEXT, "help": TEXT, "default": TEXT},
        "contexts": [{"id": TEXT, "label": TEXT, "text": TEXT, "persona": TEXT, "unit": TEXT}],
        "ledger": {"table": [TEXT], "*": TEXT},
        "synthesis": {"title": TEXT, "locked": TEXT, "takeaways": [TEXT], "next_title": TEXT, "next": TEXT},
        "status": WORDS,
        "glossary": [{"term": TEXT, "text": TEXT}],
    },
    "act1": ACT
    | {
        "deployment": {
            "model": TEXT,
            "gpu": TEXT,
            "gpus": COUNT,
            "weight_bits": COUNT,
            "kv_bits": COUNT,
            "kv_heads": COUNT,
            "context_tokens": NUMBER_PER_CONTEXT,
        },
        "prediction": QUESTION,
        "reality": WORDS,
        "calculator": {
            "viable_users": COUNT,
            "context": RANGE,
            "cards": WORDS,
            "states": WORDS,
            "derivation": {"*": [TEXT]},
            "split": WORDS,
            "paste": WORDS,
            "chart": {"columns": [TEXT], "*": PER_CONTEXT},
            "*": PER_CONTEXT,
        },
        "twist": {"families_columns": [TEXT], "families_kinds": WORDS, "*": PER_CONTEXT},
        "reflection": QUESTION,
        "math": MATH,
    },
    "act2": ACT
    | {
        "locked": TEXT,
        "deployment": {
            "model": TEXT,
            "gpu": TEXT,
            "kv_bits": COUNT,
            "utilization": NUMBER,
            "activation_gib_per_gpu": NUMBER,
        },
        "targets": {"ttft_p99_s": NUMBER, "output_tokens_per_s": NUMBER, "documents": COUNT, "document_tokens": COUNT},
        "simulation": {
            "seed": COUNT,
            "requests": COUNT,
            "quick_requests": COUNT,
            "token_budget": COUNT,
            "days": COUNT,
            "flood_load": NUMBER,
            "flood_requests": COUNT,
            "ill_conditioned": NUMBER,
            "form_timeout_s": NUMBER,
            "speculation_tokens": COUNT,
            "acceptance": NUMBER,
            "draft_model": TEXT,
        },
        "policies": NAMED,
        "shared": {
            "arrivals": [{"cv": COUNT, "text": TEXT}],
            "gpus": [COUNT],
            "gpus_default": COUNT,
            "weight_bits_default": COUNT,
            "*": PER_CONTEXT,
        },
        "sides": {"a": SIDE, "b": SIDE},
        "prediction": QUESTION,
        "reality": {"columns": [TEXT], "*": PER_CONTEXT},
        "design": {"rows": {"columns": [TEXT], "*": TEXT}, "chart_bars": [TEXT], "workloads": [TEXT], "*": PER_CONTEXT},
        "failures": WORDS,
        "receipts": {
            "columns": [TEXT],
            "published_columns": [TEXT],
            "ladder": {"columns": [TEXT], "*": TEXT},
            "*": TEXT,
        },
        "reflection": QUESTION,
        "math": MATH,
    },
    "insight": {
        "roofline": {
            "batch": RANGE,
            "context": RANGE,
            "columns": [TEXT],
            "walls": WORDS,
            "terms": WORDS,
            "*": TEXT,
        },
        "tail": {"columns": [TEXT], "*": TEXT},
    },
    "bugs": {
        "queue": {"rate_per_s": NUMBER, "fixed_s": NUMBER, "each_s": NUMBER, "largest_batch": COUNT},
        "numbers": [
            BUG
            | {"measure": TEXT, "within": NUMBER, "draft": NUMBER, "label": TEXT, "unit": TEXT}
            | {"min": NUMBER, "max": NUMBER, "step": NUMBER}
        ],
        "choices": [BUG | {"draft": TEXT, "options": [{"id": TEXT, "text": TEXT, "claims": [CLAIM]}]}],
        "*": TEXT,
    },
    "grading": dict.fromkeys(("page", "flags", "remarks", "unread", "columns", "report"), WORDS),
    "sweeps": {
        "bar": TEXT,
        "said": WORDS,
        "map": {
            "loads": [NUMBER],
            "limits": [COUNT],
            "requests": COUNT,
            "capacity_requests": COUNT,
            "days": COUNT,
            "marks": {"*": TEXT},
            "states": {"*": TEXT},
            "*": TEXT,
        },
        "frontier": {
            "requests": COUNT,
            "policies": [TEXT],
            "weight_bits": [COUNT],
            "key": [TEXT],
            "columns": [TEXT],
            "sides": {"*": {"max_batch": [COUNT], "max_sequence": [COUNT]}},
            "*": TEXT,
        },
    },
    "replay": {
        "player": {"speeds": [TEXT], "*": TEXT},
        "blocks": {
            "steps": COUNT,
            "steps_published": COUNT,
            "requests": COUNT,
            "workload": PER_CONTEXT,
            "reservation": CHOICE,
            "layouts": {"*": TEXT},
            "now": [TEXT],
            "table": [TEXT],
            "*": TEXT,
        },
        "published": {
            "columns": [TEXT],
            "shares": {"*": NUMBER},
            "max_sequence": COUNT,
            "*": TEXT,
        },
        "floor": {
            "requests": COUNT,
            "legend": [TEXT],
            "shown": CHOICE,
            "why": {"table": [TEXT], "*": TEXT},
            "causes": {"*": TEXT},
            "moments": {"columns": [TEXT], "*": TEXT},
            "*": TEXT,
        },
    },
    "report": {
        "contents_columns": [TEXT],
        "lab_lines": [TEXT],
        "scenario_lines": [TEXT],
        "log": {"most_words": COUNT, "wanted_numbers": COUNT, "*": TEXT},
        "shared": {"columns": [TEXT], "*": TEXT},
        "cluster": {
            "chunked_policies": [TEXT],
            "expect_columns": [TEXT],
            "checkpoints": WORDS,
            "gaps": WORDS,
            "plan": {"columns": [TEXT], "load_a": RANGE, "load_b": RANGE, "hours": RANGE, "*": TEXT},
            "*": TEXT,
        },
        **dict.fromkeys(REPORT_PARTS, WORDS),
        "*": TEXT,
    },
    "refusals": {"ledger": WORDS, "config": WORDS},
    "words": {"boot": WORDS, "numbers": WORDS, "typed": WORDS, "*": TEXT},
    "embed": {"foot": WORDS, "element": WORDS, "figures": {"*": {"*": TEXT}}},
    "measurements": {
        "served": {
            "source": TEXT,
            "address": TEXT,
            "date": TEXT,
            "model": TEXT,
            "gpu": TEXT,
            "weight_bits": COUNT,
            "kv_bits": COUNT,
            "policy": TEXT,
            "token_budget": COUNT,
            "requests_per_user": COUNT,
            "rows": [[NUMBER]],
        },
        "published": [{"what": TEXT, "figure": TEXT, "source": TEXT, "address": TEXT}],
    },
}
CATALOGUES = ("models", "hardware", "workloads", "calibration")
QUESTIONS = ("act1.prediction", "act1.reflection", "act2.prediction", "act2.reflection")


class ContentError(ValueError):
    """The content can't be used. `problems` holds one sentence for each mistake: file, key, what was expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Told(Protocol):
    """A sentence by its name, with what it tells: how the modules that know no words say why they refuse something."""

    @property
    def name(self) -> str:
        """Its key in refusals.toml."""

    @property
    def facts(self) -> Mapping[str, int | str]:
        """What its placeholders stand for."""


@dataclass(frozen=True, eq=False)
class Course:
    """The checked content. `tables` is as written; the catalogues are the engine's own objects."""

    tables: Mapping[str, Table]
    contexts: tuple[str, ...]
    models: Mapping[str, engine.Model]
    gpus: Mapping[str, engine.Gpu]
    workloads: Mapping[str, engine.Workload]
    calibrations: tuple[engine.Calibration, ...]

    def at(self, path: str, context: str | None = None) -> Any:
        """What stands under a dotted path, `act1.prediction.next`; with a context, its entry of a per-context table.

        Raises KeyError when nothing stands there: a view asks for a word that the content lacks.
        """
        found: Any = self.tables
        for step in path.split("."):
            found = found[step]
        if context is not None and isinstance(found, dict) and set(found) == set(self.contexts):
            return found[context]
        return found

    def say(self, path: str, context: str | None = None, numbers: Mapping[str, wording.Number] | None = None) -> str:
        """The text under `path`, with its placeholders filled from `numbers`."""
        return wording.fill(self.at(path, context), numbers or {})

    def told(self, part: str, notes: Iterable[Told]) -> str:
        """What a refusal tells, its sentences one after the other; `part` is a table of refusals.toml."""
        return " ".join(self.say(f"refusals.{part}.{note.name}", None, note.facts) for note in notes)

    def option(self, question: str, option: str) -> Table | None:
        """One option of a question by id, None if the question no longer has it."""
        return next((o for o in self.at(question)["options"] if o["id"] == option), None)


def short_name(gpu: str) -> str:
    """A GPU's name as people say it, without its form and its memory: "H100 SXM, 80 GB" is an H100."""
    return gpu.partition(",")[0].removesuffix(" SXM").removesuffix(" PCIe")


def from_tables(tables: Mapping[str, Table]) -> Course:
    """The course from parsed content files, `{"act1": {...}, ...}`. Raises ContentError with every mistake found."""
    missing = [name for name in (*SHAPES, *CATALOGUES) if name not in tables]
    if missing:
        raise ContentError([f"{name}.toml: this file is missing" for name in missing])
    contexts = _context_ids(tables)
    found = []
    for name, table in tables.items():
        least = 0 if name in CATALOGUES else -shapes.LARGEST
        found += shapes.out_of_bounds(table, f"{name}.toml", least)
    if found:  # no sum with such numbers means anything
        raise ContentError(found)
    found = [
        p for name, shape in SHAPES.items() for p in shapes.problems(tables[name], shape, f"{name}.toml", contexts)
    ]
    course = _made(tables, found)
    found = found or list(_reference_problems(course))
    if found:
        raise ContentError(found)
    return course


def from_proven(tables: Mapping[str, Table]) -> Course:
    """The course from content that `from_tables` has taken before: looking through it all again takes the page a while."""
    return _made(tables, [])


def _context_ids(tables: Mapping[str, Table]) -> tuple[str, ...]:
    named = tables["course"].get("contexts")
    return tuple(str(c.get("id")) for c in named if isinstance(c, dict)) if isinstance(named, list) else ()


def _made(tables: Mapping[str, Table], found: list[str]) -> Course:
    """The course; what is wrong with an entry of a catalogue is added to `found`."""
    known = {name: _catalogue(name, read, tables[name], found) for name, read in READERS.items()}
    calibrations = tuple(known["calibration"].values())
    return Course(tables, _context_ids(tables), known["models"], known["hardware"], known["workloads"], calibrations)


READERS: Mapping[str, Callable[[Any], Mapping[str, Any]]] = {
    "models": engine.read_models,
    "hardware": engine.read_gpus,
    "workloads": engine.read_workloads,
    "calibration": engine.read_calibrations,
}


def _catalogue(name: str, read: Callable[[Any], Mapping[str, Any]], table: Table, found: list[str]) -> dict[str, Any]:
    """The entries of a catalogue as the engine's objects; what is wrong with one is added to `found`."""
    entries: dict[str, Any] = {}
    for id, fields in table.items():
        try:
            entries |= read({id: fields})
        except engine.PhysicsError as mistake:
            found.append(str(mistake))
        except (AttributeError, LookupError, TypeError, ValueError, ArithmeticError) as mistake:
            found.append(f"{name}.toml: {id}: expected the values of the entries beside it; {mistake}")
    return entries


def read_folder(folder: Path) -> dict[str, Table]:
    """Every TOML file of a folder, parsed, under its name without the ending. Raises ContentError for broken TOML."""
    import tomllib  # not in the page, which gets its tables parsed

    tables: dict[str, Table] = {}
    for file in sorted(folder.glob("*.toml")):
        try:
            tables[file.stem] = tomllib.loads(file.read_text(encoding="utf-8-sig"))
        except (ValueError, RecursionError) as mistake:  # no TOML, no UTF-8, a number of too many digits
            raise ContentError([f"{file.name}: not valid TOML: {mistake}"]) from mistake
    return tables


def load(folder: Path) -> Course:
    """The course from a folder of content files. Raises ContentError."""
    return from_tables(read_folder(folder))


# What a simulation may be asked for: more would keep a phone busy for minutes, or bring no figures.
COUNTS = {
    "act2.simulation.requests": (100, 20_000),
    "act2.simulation.quick_requests": (10, 5_000),
    "act2.simulation.flood_requests": (100, 20_000),
    "act2.simulation.token_budget": (256, 65_536),
    "act2.simulation.days": (1, 20),
    "act2.simulation.speculation_tokens": (1, 64),
    "sweeps.map.requests": (10, 5_000),
    "sweeps.map.capacity_requests": (10, 5_000),
    "sweeps.map.days": (1, 20),
    "sweeps.frontier.requests": (10, 5_000),
    "replay.blocks.requests": (10, 20_000),
    "replay.blocks.steps": (10, 5_000),
    "replay.blocks.steps_published": (10, 5_000),
    "replay.floor.requests": (10, 2_000),
    "measurements.served.requests_per_user": (1, 100),
}


def _reference_problems(course: Course) -> Iterator[str]:
    """What the shapes can't see: a name that must exist elsewhere, two options with one id, a number out of its range."""
    for path, (least, most) in COUNTS.items():
        if not least <= course.at(path) <= most:
            yield f"{path.replace('.', '.toml.', 1)}: expected a whole number from {least} to {most}, found {course.at(path)}"
    for path in ("act2.targets.ttft_p99_s", "act2.targets.output_tokens_per_s", "act2.simulation.flood_load"):
        if not 0 < course.at(path) <= 1e6:
            yield f"{path.replace('.', '.toml.', 1)}: expected a number above 0 and up to 1000000, found {course.at(path)}"
    for path, known in (
        ("act1.deployment.model", course.models),
        ("act1.deployment.gpu", course.gpus),
        ("act2.deployment.model", course.models),
        ("act2.deployment.gpu", course.gpus),
        ("act2.simulation.draft_model", course.models),
        ("act2.deployment.model", course.at("report.cluster.checkpoints")),
        ("act2.simulation.draft_model", course.at("report.cluster.checkpoints")),
        ("act2.sides.a.workload", course.workloads),
        ("act2.sides.b.workload", course.workloads),
        ("course.context.default", course.contexts),
    ):
        if course.at(path) not in known:
            file, _, key = path.partition(".")
            yield f"{file}.toml.{key}: expected one of {', '.join(known)}, found {course.at(path)!r}"
    for name, table in course.tables.items():
        yield from _step_problems(table, f"{name}.toml")
    for workload in course.at("act2.design.workloads"):
        if workload not in course.workloads:
            yield f"act2.toml.design.workloads: expected names from {', '.join(course.workloads)}, found {workload!r}"
    for question in QUESTIONS:
        ids = [option["id"] for option in course.at(question)["options"]]
        if len(set(ids)) < len(ids):
            yield f"{question}: each option needs an id of its own, found {', '.join(ids)}"
    for side in ("a", "b"):
        yield from _range_problems(course, side)


def _step_problems(value: object, path: str) -> Iterator[str]:
    """What is wrong with the limits and steps of every slider and number field."""
    if isinstance(value, dict):
        limits = [value.get(name) for name in ("min", "max", "step")]
        numbers = [number for number in limits if isinstance(number, int | float)]
        if len(numbers) == len(limits):
            low, high, step = numbers
            if not (low < high and 0 < step <= high - low <= 1e6 * step):
                yield f"{path}: expected min below max and up to a million steps between them, found {low}, {high}, {step}"
        for key, item in value.items():
            yield from _step_problems(item, f"{path}.{key}")
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _step_problems(item, f"{path}[{i}]")


def _range_problems(course: Course, side: str) -> Iterator[str]:
    for control in ("max_batch", "max_sequence", "load"):
        limits = course.at(f"act2.sides.{side}.{control}")
        for context in course.contexts:
            default = course.at(f"act2.sides.{side}.{control}.default", context)
            if not limits["min"] <= default <= limits["max"]:
                yield (
                    f"act2.toml.sides.{side}.{control}.default: expected a number from {limits['min']} to"
                    f" {limits['max']}, found {default}"
                )
