"""Content files become a course: read, checked, and every mistake named before anyone sees it.

The build parses the TOML. A mistake is a sentence "file: key: what was expected", all of them at once, in a ContentError.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import engine
from content import wording
from content.course import Course, Lesson, Table
from content.shapes import Shape

MOST_WEIGHT = 1000  # points of one part
CATALOGUES = ("models", "hardware", "workloads", "calibration")


class ContentError(ValueError):
    """The content can't be used. `problems` holds one sentence for each mistake: file, key, what was expected."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def from_tables(tables: Mapping[str, Table], acts: tuple[Lesson, ...]) -> Course:
    """The course from parsed content files, `{"words": {...}, ...}`. Raises ContentError with every mistake found."""
    from content import checking  # not in the page

    kinds = kinds_of(acts)
    found = [f"{name}.toml: this file is missing" for name in kinds if name not in tables]
    if not found:
        for name, table in tables.items():
            least = 0 if name in CATALOGUES else -checking.LARGEST
            found += checking.out_of_bounds(table, f"{name}.toml", least)
    if not found:  # else no sum with such numbers means anything
        contexts = _context_ids(tables)
        found = [
            p for name, kind in kinds.items() for p in checking.problems(tables[name], kind, f"{name}.toml", contexts)
        ]
    if found:
        raise ContentError(found)
    course = _made(tables, acts, found)
    found = found or list(_reference_problems(course))
    if found:
        raise ContentError(found)
    return course


def kinds_of(acts: tuple[Lesson, ...]) -> dict[str, Any]:
    """What each content file is. Of a file that several share each says its part: the file has the fields of all."""
    from content import shared  # not in the page

    parts: dict[str, tuple[type[Shape], ...]] = {name: (shape,) for name, shape in shared.FILES.items()}
    for act in acts:
        for name, shape in act.shapes.items():
            parts[name] = (shape, *parts.get(name, ()))
    catalogues = {name: Mapping[str, entry] for name, entry in shared.ENTRIES.items()}  # type: ignore[valid-type]
    return {name: type(name, shapes_, {}) for name, shapes_ in parts.items()} | catalogues


def from_proven(tables: Mapping[str, Table], acts: tuple[Lesson, ...]) -> Course:
    """The course from content that `from_tables` has taken before: looking through it all again takes the page a while."""
    return _made(tables, acts, [])


def _context_ids(tables: Mapping[str, Table]) -> tuple[str, ...]:
    named = tables["course"].get("contexts")
    return tuple(str(c.get("id")) for c in named if isinstance(c, dict)) if isinstance(named, list) else ()


def _made(tables: Mapping[str, Table], acts: tuple[Lesson, ...], found: list[str]) -> Course:
    """The course; what is wrong with an entry of a catalogue is added to `found`."""
    known = {name: _catalogue(name, read, tables[name], found) for name, read in READERS.items()}
    calibrations = tuple(known["calibration"].values())
    contexts = _context_ids(tables)
    return Course(tables, contexts, known["models"], known["hardware"], known["workloads"], calibrations, acts)


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


def _reference_problems(course: Course) -> Iterator[str]:
    """What the shapes can't see: a name that must exist elsewhere, two options with one id, a number out of its range."""
    yield from unknown(course, "course.context.default", course.contexts)
    weights = course.at("report.score.weights")
    yield from out_of(course, {f"report.score.weights.{part}": (0, MOST_WEIGHT) for part in weights})
    if not any(weights.values()):
        yield f"{place('report.score.weights')}: expected one part at least that counts, found 0 for all"
    for act in course.acts:
        yield from act.problems(course)
    for name, table in course.tables.items():
        yield from _step_problems(table, f"{name}.toml")
    for question in course.questions:
        ids = [option.id for option in course.question(question).options]
        if len(set(ids)) < len(ids):
            yield f"{question}: each option needs an id of its own, found {', '.join(ids)}"


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


# --- What an act's own check is written with ---------------------------------------------------------------------------


def unknown(course: Course, path: str, known: Collection[str]) -> Iterator[str]:
    """A sentence for a name under a path that isn't among those that are known."""
    if course.at(path) not in known:
        yield f"{place(path)}: expected one of {', '.join(known)}, found {course.at(path)!r}"


def out_of(course: Course, limits: Mapping[str, tuple[int, int]]) -> Iterator[str]:
    """A sentence for each whole number, by its path, that isn't from the least to the most."""
    for path, (least, most) in limits.items():
        if not least <= course.at(path) <= most:
            yield f"{place(path)}: expected a whole number from {least} to {most}, found {course.at(path)}"


def place(path: str) -> str:
    """A path as a person finds it: its file, then its key."""
    file, _, key = path.partition(".")
    return f"{file}.toml.{key}"


def unfilled(text: str, path: str, names: Collection[str]) -> Iterator[str]:
    """A sentence for each placeholder of a text that asks for a number or a format that it isn't given."""
    import difflib  # not in the page

    for name, form in wording.placeholders(text):
        if name not in names:
            near = difflib.get_close_matches(name, sorted(names), n=5, cutoff=0.3) or sorted(names)
            known = f"expected one of {', '.join(near)}, ..." if near else "this text is shown as it is written"
            yield f"{path}: {{{name}}} is no number that is known here; {known}"
        elif form is not None and form not in wording.FORMATS:
            yield f"{path}: {form!r} is no format; expected one of {', '.join(wording.FORMATS)}"
