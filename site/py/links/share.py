"""A link that carries a scenario and its settings, and nothing of the learner: no name, no answers.

`#s=1.<text>`: the version, a dot, and base64url of the JSON list [context, mark of the defaults, {control: value}]. Only what
differs from the defaults is carried, so a link stays short; the mark tells a later version of the lab whether its defaults
are still those that the link leaves unsaid. Reading never raises: what can't be understood is named and left out.
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from content.control import Choice, Control, Value
from content.controls import controls, defaults
from content.course import Course
from links import handoff

PREFIX, VERSION = "#s=", "1"
MAX_CHARACTERS = 4_000
MARK_CHARACTERS = 6
QUOTED = "3D"  # of `=3D`, as a mail's source has the = of a link
LOST = "lost"

Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Shared:
    """What a link says: the context, the settings that differ from the defaults, and what was not understood.

    problem: the name of the sentence that says why nothing could be read, None when something could; strange: the names of
    the settings that this version doesn't know or can't take; other_defaults: the lab's defaults are not those of the link's lab.
    """

    context: str | None = None
    values: Settings = field(default_factory=dict)
    problem: str | None = None
    strange: tuple[str, ...] = ()
    other_defaults: bool = False


def carried(course: Course, context: str) -> dict[str, Value]:
    """The controls that a link speaks of, with their defaults in a context."""
    own = tuple(f"{act.id}." for act in course.acts if act.answers)  # what a learner found out is not for others
    return {id: value for id, value in defaults(course)[context].items() if not id.startswith(own)}


def link(course: Course, context: str, settings: Settings) -> str:
    """The fragment of a link, `#s=1....`, for the settings of a context. A pasted model can't be carried and is left out."""
    start = carried(course, context)
    values = {id: value for id, value in settings.items() if id in start and value != start[id]}
    values = {id: value for id, value in values.items() if not _is_private(controls(course)[id], value)}
    text = json.dumps([context, mark(course, context), values], separators=(",", ":"))
    return f"{PREFIX}{VERSION}.{base64.urlsafe_b64encode(text.encode()).decode().rstrip('=')}"


def mark(course: Course, context: str) -> str:
    """A few characters that change when the defaults of a context do."""
    text = json.dumps(carried(course, context), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:MARK_CHARACTERS]


def read(course: Course, fragment: str) -> Shared | None:
    """What the fragment of an address says; None when it is no link of this kind at all."""
    carried = handoff.carried(fragment, PREFIX)
    if carried is None:
        return None
    version, dot, rest = carried.removeprefix(QUOTED).partition(".")
    packed = handoff.LETTERS.match(rest)[0]  # type: ignore[index]  # what follows the letters isn't the link's
    if dot and version.isascii() and version.isdigit() and int(version[:4]) > int(VERSION):
        return Shared(problem="newer")
    known = dot and version == VERSION and len(packed) <= MAX_CHARACTERS
    parts = (_unpacked(packed) or _unpacked(packed.rstrip("_-"))) if known else None
    if parts is None:
        return Shared(problem="broken")
    context, marked, settings = parts
    if context not in course.contexts:
        return Shared(problem="other_context")
    values, strange = _taken(course, context, settings)
    return Shared(context, values, None, strange, marked != mark(course, context))


def _is_private(control: Control, value: Value) -> bool:
    return isinstance(control, Choice) and value in control.private


def _unpacked(packed: str) -> tuple[str, str, dict[str, object]] | None:
    """The three parts of a packed link, None for anything else. Brackets are counted first: a deep text could end the page."""
    try:
        text = base64.b64decode(packed + "=" * (-len(packed) % 4), altchars=b"-_", validate=True).decode("utf-8")
        parts = json.loads(text, parse_constant=_refused) if text.count("[") + text.count("{") == 2 else None
    except ValueError:  # not base64, not UTF-8, not JSON, a number with too many digits
        return None
    if not isinstance(parts, list) or [type(part) for part in parts] != [str, str, dict]:
        return None
    context, marked, values = parts
    return context, marked, values


def _refused(constant: str) -> None:
    raise ValueError(constant)


def _taken(course: Course, context: str, settings: Mapping[str, object]) -> tuple[dict[str, Value], tuple[str, ...]]:
    """The values that a control takes exactly as they are, and the names of the others."""
    table, start = controls(course), carried(course, context)
    values: dict[str, Value] = {}
    strange = []
    for id, typed in settings.items():
        read, problem = table[id].read(typed, start[id]) if id in start else (None, LOST)
        if read is None or problem is not None or _is_private(table[id], read):
            strange.append(id[:60])
        else:
            values[id] = read
    return values, tuple(strange)
