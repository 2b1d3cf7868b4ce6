"""The course: the checked content, and what each act teaches with it.

Everything here is type and lookup; content/reading.py makes a course from files, acts/ has the acts.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import engine
from content import shapes, wording
from content.common import ContextWords, Option, Question
from content.control import Control
from content.shapes import Read, Shape
from content.wording import Number, Quantities

Table = dict[str, Any]
Scenario = dict[str, Any]  # what a question asks about, as plain data that is saved with its answer
Fact = Mapping[str, Any]
Result = Mapping[str, Any]  # figures by name, and lists of them where a distribution is described


class Job(Protocol):
    """A computation that takes longer than a frame: a frozen dataclass of plain values, which names its own result."""

    @property
    def requests(self) -> int:
        """How many requests it serves, which is how long it takes."""


class Results(Protocol):
    """Results at hand, by the job that names them."""

    def get(self, job: Any, /) -> Result | None:
        """The result of a job, None while it is missing."""

    def __getitem__(self, job: Any, /) -> Result: ...

    def __contains__(self, job: object, /) -> bool: ...


class Told(Protocol):
    """A sentence by its name, with what it tells: how the modules that know no words say why they refuse something."""

    @property
    def name(self) -> str:
        """Its key in refusals.toml."""

    @property
    def facts(self) -> Mapping[str, float | str]:
        """What its placeholders stand for."""


@dataclass(frozen=True, eq=False)
class Course:
    """The checked content. `tables` is as written; the catalogues are the engine's own objects.

    `at` finds what is written, `read` gives it the type that the build has checked it against.
    """

    tables: Mapping[str, Table]
    contexts: tuple[str, ...]
    models: Mapping[str, engine.Model]
    gpus: Mapping[str, engine.Gpu]
    workloads: Mapping[str, engine.Workload]
    calibrations: tuple[engine.Calibration, ...]
    acts: tuple["Lesson", ...] = ()
    _objects: dict[tuple[type[Shape], str], Any] = field(default_factory=dict, init=False, repr=False)

    def at(self, path: str, context: str | None = None) -> Any:
        """What stands under a dotted path, `words.boot.in_part`; with a context, its entry of a per-context table.

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
        return wording.sentences(self.say(f"refusals.{part}.{note.name}", None, note.facts) for note in notes)

    def read(self, shape: type[Read], path: str) -> Read:
        """The table under a dotted path as an object of its shape, the same one each time."""
        if (shape, path) not in self._objects:
            self._objects[shape, path] = shapes.read(shape, self.at(path))
        return self._objects[shape, path]  # type: ignore[no-any-return]

    def each(self, shape: type[Read], path: str) -> tuple[Read, ...]:
        """The tables of the list under a dotted path as objects of their shape, the same ones each time."""
        if (shape, path) not in self._objects:
            self._objects[shape, path] = tuple(shapes.read(shape, table) for table in self.at(path))
        return self._objects[shape, path]  # type: ignore[no-any-return]

    def about(self, context: str) -> ContextWords:
        """What is said of a context."""
        return next(words for words in self.each(ContextWords, "course.contexts") if words.id == context)

    def question(self, id: str) -> Question:
        """A question by its act and its part, as far as all questions are alike."""
        return self.read(Question, id)

    def option(self, question: str, option: str) -> Option | None:
        """One option of a question by id, None if the question no longer has it."""
        return next((o for o in self.question(question).options if o.id == option), None)

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions of all acts, each its act and its part (`ACT.prediction`), in their order."""
        return tuple(question for act in self.acts for question in act.questions)


@dataclass(frozen=True)
class Oracle:
    """How one kind of question is answered: its scenario, the jobs it needs, and its numbers for one option.

    could_ask says whether a saved scenario is one that the course could have asked, for a question and an option of it: what
    it names is offered, and its jobs are few and short.
    """

    scenario: Callable[[Course, str], Scenario]
    could_ask: Callable[[Course, str, Scenario, str], bool]
    numbers: Callable[[Course, Scenario, str, Results], Quantities]
    needs: Callable[[Course, Scenario], list[Any]] = lambda course, asked: []


@dataclass(frozen=True)
class Kind:
    """One kind of job: its type, how it is done, and what stands in for the result of one that the engine refuses."""

    job: type
    do: Callable[[Course, Any], Result]
    refused: Callable[[Course, Any], Result] = lambda course, job: {"runs": 0}


@dataclass(frozen=True)
class Door:
    """Depth behind a scene, by the question that it answers. Its address is `why/name`. minutes: that it takes, as measured."""

    name: str
    minutes: int


@dataclass(frozen=True)
class Scene:
    """One question, one instrument, one thing to do. Its address is its act's id and its name, `act/name`.

    minutes: that a learner takes, as measured. asks: the part of the act that is answered in it. open: it can be seen before the
    act's prediction is committed. doors: what stands behind it for those who want to know more.
    """

    name: str
    minutes: int
    asks: str = ""
    open: bool = False
    doors: tuple[Door, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What an act teaches, as far as no learner is needed for it: its content, controls, questions, jobs.

    id: its name in controls, questions and the page, and that of its own table in the content. shapes: of its tables, by content
    file; of a file that it shares with others, its part. asks: the parts of its stage machine that are questions. scenes: what
    a learner walks through, in order; their words stand in its table, [scenes] and [doors]. door: the exercise that it is at the
    end of the walk, where it has no scenes.
    answers: its controls hold what a learner found out, which is not for others. words: what texts that never change may say.
    facts: whether a saved fact of a kind that it adds to the record makes sense. problems are seen in the content alone; proof
    runs the lab for those that can't be, and own_texts are the slots (a pattern) whose numbers it looks at.
    """

    id: str
    controls: Callable[[Course], list[Control]]
    shapes: Mapping[str, type[Shape]] = field(default_factory=dict)
    problems: Callable[[Course], Iterable[str]] = lambda course: ()
    asks: tuple[str, ...] = ("prediction", "reflection")
    scenes: tuple[Scene, ...] = ()
    door: Door | None = None
    oracles: Mapping[str, Oracle] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    facts: Mapping[str, Callable[[Course, Fact], bool]] = field(default_factory=dict)
    words: Callable[[Course, str], Mapping[str, Number]] = lambda course, context: {}
    lists: Callable[[Course], Mapping[str, list[str]]] = lambda course: {}
    answers: bool = False
    proof: Callable[[Course], Iterable[str]] = lambda course: ()
    own_texts: str = ""

    @property
    def questions(self) -> tuple[str, ...]:
        """Its questions by their names in the content."""
        return tuple(f"{self.id}.{part}" for part in self.asks)


def short_name(gpu: str) -> str:
    """A GPU's name as people say it, without its form and its memory: "H100 SXM, 80 GB" is an H100."""
    return gpu.partition(",")[0].removesuffix(" SXM").removesuffix(" PCIe")
