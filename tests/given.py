"""What each text is given to fill it with, found by walking the lab: `python -m tests.given` writes site/content/given.json.

The build lets a text ask for no other number than these. Where a text was filled more than once, it is what all fillings gave it.
A text that the walks don't reach may ask for what it asks for now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import acts
import views
from acts.bugs import bugs
from acts.bugs.controls import name as bug_control
from acts.bugs.shape import Statement
from acts.promises import actions as design_actions
from acts.promises import prefix, sweeps
from acts.promises.controls import PREFIX_STEP
from acts.wall import actions as wall_actions
from acts.wall.controls import FULL, PUBLISHED
from content import shapes, wording
from content.control import Value
from content.controls import controls
from engine import PhysicsError
from links import share
from page import page, remembered
from play.game import Action, Tally
from play.judge import Best, Cost, Decision
from play.thread import Player
from record import ledger
from report import report
from runs import jobs
from sizer.form import question_of
from sizer.view import View
from sizing.day import hours
from sizing.plain import question_from
from sizing.question import Catalogue
from sizing.search import search
from state import saved, store
from tests import lab as native
from tools import bundle, prerender, proof
from tools.htmldom import Document

FILE = proof.GIVEN
CONFIG = (
    '{"architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,'
    ' "num_key_value_heads": 2, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192}'
)
SMALL = {
    "model": ["llama-3.1-8b"],
    "workload": ["azure-2023-conversation"],
    "load": ["rate"],
    "rate": ["4"],
    "longest": ["8192"],
    "percent": ["99"],
    "ttft": ["800"],
    "tpot": ["50"],
    "gpus": ["h100-sxm", "a100-sxm"],
    "weights": ["16", "8"],
    "cache": ["16"],
    "engine": ["vllm"],
    "most_gpus": ["4"],
    "day": ["office"],
}
LLAMA_8B = {"model_type": "llama", "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8}
LLAMA_8B |= {"hidden_size": 4096, "intermediate_size": 14336, "vocab_size": 128256, "max_position_embeddings": 8192}
SIZING_FORMS: tuple[dict[str, list[str]], ...] = (
    SMALL,
    {**SMALL, "price.h100-sxm": ["2"], "kg": ["0.4"], "e2e": ["30"], "rate": ["30"], "day": [""]},
    {**SMALL, "ttft": ["1"]},
    {**SMALL, "tokens": ["1000000"], "load": ["users"], "users": ["10"]},
    {**SMALL, "ttft": [""], "tpot": [""], "tokens": ["500"], "load": ["users"], "users": ["40"]},
    {**SMALL, "rate": ["900"]},
    {**SMALL, "model": ["llama-3.1-405b"], "most_gpus": ["1"]},
    {**SMALL, "config": [json.dumps({**LLAMA_8B, "quantization_config": {"quant_method": "a form of tomorrow"}})]},
    {**SMALL, "model": ["nemotron-3-nano"]},
    {**SMALL, "model": ["gpt-oss-120b"], "gpus": ["h200-sxm", "l40s"], "weights": ["4"], "most_gpus": ["8"]},
    {**SMALL, "model": ["deepseek-v3"], "gpus": ["h200-sxm"], "weights": ["8"], "rate": ["1"], "most_gpus": ["16"]},
)
CASES = Path(__file__).with_name("unit") / "data/config_cases.json"
BRISK = native.CONTENT.parents[1] / "tests/e2e/brisk.toml"  # shorter runs: what is said of them is the same
LATER = "2026-01-02T03:05:00.000Z"


class Named(str):
    """A text that knows where it stands."""

    slot: str


def named(value: Any, contexts: tuple[str, ...], slot: str = "") -> Any:
    """Content with each of its texts knowing its slot."""
    if isinstance(value, str):
        text = Named(value)
        text.slot = slot
        return text
    if isinstance(value, dict | list):
        parts = {key: named(inner, contexts, below) for key, inner, below in proof.below(value, contexts, slot)}
        return parts if isinstance(value, dict) else list(parts.values())
    return value


class Table(dict[str, Any]):
    """A table of the content that notes which of its entries are read."""

    def __init__(self, entries: dict[str, Any], slots: dict[str, str], read: set[str]) -> None:
        super().__init__(entries)
        self.slots, self.read = slots, read

    def __getitem__(self, key: str) -> Any:
        if key in self.slots:
            self.read.add(self.slots[key])
        return super().__getitem__(key)

    def get(self, key: str, other: Any = None) -> Any:
        """An entry, which is then read."""
        return self[key] if key in self.slots else other

    def __iter__(self) -> Iterator[str]:  # has Python read the entries one by one where a table is unpacked
        return super().__iter__()

    def items(self) -> Any:
        """All entries, which are then read."""
        self.read.update(self.slots.values())
        return super().items()

    def values(self) -> Any:
        """All entries, which are then read."""
        self.read.update(self.slots.values())
        return super().values()


def noting(value: Any, contexts: tuple[str, ...], read: set[str], slot: str = "") -> Any:
    """Content whose tables note in `read` the slots that are read."""
    if not isinstance(value, dict | list):
        return value
    entries = list(proof.below(value, contexts, slot))
    parts = {key: noting(inner, contexts, read, under) for key, inner, under in entries}
    return (
        Table(parts, {key: under for key, _, under in entries}, read)
        if isinstance(value, dict)
        else list(parts.values())
    )


def unnoted(value: Any) -> Any:
    """Content whose tables note nothing: of what becomes an object all is read, whether anybody wants it or not."""
    if isinstance(value, dict):
        return {key: unnoted(inner) for key, inner in dict.items(value)}
    return [unnoted(inner) for inner in value] if isinstance(value, list) else value


Given = dict[str, frozenset[str]]


@contextmanager
def recording() -> Iterator[Given]:
    """What is given to each slot while this is open: the names that every filling gave it."""
    found: Given = {}
    fill, make = wording.fill, shapes.read

    def noted(text: str, numbers: Any) -> str:
        if isinstance(text, Named):
            found[text.slot] = found.get(text.slot, frozenset(numbers)) & frozenset(numbers)
        return fill(text, numbers)

    wording.fill = noted
    shapes.read = lambda shape, table: make(shape, unnoted(table))
    try:
        yield found
    finally:
        wording.fill, shapes.read = fill, make


class Walk:
    """The lab with texts that know where they stand, walked and looked at."""

    def __init__(self) -> None:
        tables = bundle.read_content(native.CONTENT, BRISK)
        made = acts.course(named(tables, native.shipped().contexts))
        self.read: set[str] = set()  # the slots that were looked up
        self.course = replace(made, tables=noting(dict(made.tables), made.contexts, self.read))

    def after(self, state: store.State, *actions: store.Action) -> store.State:
        """The state after some actions."""
        for action in actions:
            state = store.reduce(self.course, state, action)
        return state

    def settled(self, state: store.State) -> store.State:
        """The state once every run that it wants is there; what the engine refuses is refused."""
        while (request := store.next_run(self.course, state)) is not None:
            try:
                result = native.ran(request)
            except PhysicsError:
                result = jobs.refused(self.course, request)
            state = self.after(state, store.RunFinished(request, result, native.AT))
        return state

    def begun(self, context: str, until: int) -> store.State:
        """The state with the first `until` questions answered and every run there."""
        state = self.after(store.initial(self.course), store.ContextChosen(context))
        for question in native.QUESTIONS[:until]:
            state = self.after(state, store.OptionChosen(question, native.option_ids(question)[0]))
            state = self.settled(self.after(state, store.AnswerCommitted(question, native.AT)))
        return state

    def look(self, state: store.State) -> None:
        """Everything that the page shows, and the files that it saves."""
        remembered.forget()
        views.frame(self.course, state)
        if "act1.blocks" in native.replays() and state.results:
            for key in native.replays():
                views.moment(self.course, state, key, 0)
                views.moment(self.course, state, key, 1)
        report.markdown(self.course, state, LATER)

    def questions(self, context: str) -> Iterator[store.State]:
        """Each option of each question, the questions before it answered rightly."""
        for count, question in enumerate(native.QUESTIONS):
            for option in native.option_ids(question):
                state = self.begun(context, count)
                chosen = self.after(state, store.OptionChosen(question, option))
                yield self.settled(self.after(chosen, store.AnswerCommitted(question, native.AT)))

    def calculators(self, context: str) -> Iterator[store.State]:
        """Act I's instruments where they differ in what they say."""
        start = self.begun(context, 1)
        yield self.after(start, wall_actions.ConfigPasted("{}"))
        pasted = self.after(start, wall_actions.ConfigPasted(CONFIG))
        for case in json.loads(CASES.read_text(encoding="utf-8")):
            yield self.after(start, wall_actions.ConfigPasted(json.dumps(case["config"])))
        for state in (start, pasted):
            for moves in (
                {"act1.gpus": 1, "act1.context": 131072},
                {"act1.kv_heads": PUBLISHED, "act1.reserve": "real"},
                {"act1.kv_heads": FULL, "act1.context": 131072},
                {"act1.context": 131072, "act1.gpus": 2},
                *({"act1.model": model} for model in self.course.models),
                {"act1.context": "abc"},
                {"act1.context": "1e9"},
                {"act1.context": "1025"},
                {"act1.gpu": "none"},
            ):
                yield self.after(state, *(store.ControlMoved(control, value) for control, value in moves.items()))
        yield self.after(start, wall_actions.TwistFlipped(True))

    def designs(self, context: str) -> Iterator[store.State]:
        """Act II's two sides, holding and failing, recorded and not, held and at rest."""
        start = self.begun(context, 3)
        for step in range(1, len(prefix.EVENTS) + 1):
            yield self.after(start, store.ControlMoved(PREFIX_STEP, str(step)))
        for moves in (
            {},
            {"act2.a.load": 8},
            {"act2.a.max_batch": 1},
            {"act2.b.max_batch": 512, "act2.b.max_sequence": 8192},
            {"act2.a.max_batch": 512, "act2.a.max_sequence": 8192, "act2.a.policy": "static"},
            {"act2.b.max_batch": 2},
            {"act2.b.load": 1},
            {"act2.gpus": 1},
            {"act2.gpus": 2, "act2.kv_heads": 64},
            {"act2.b.policy": "static", "act2.a.policy": "static", "act2.floor": "both"},
            {"act2.a.policy": "speculative", "act2.b.policy": "continuous", "act2.floor": "b", "act2.roof.batch": 512},
        ):
            state = self.after(start, *(store.ControlMoved(control, value) for control, value in moves.items()))
            yield self.after(state, store.ControlMoved("act2.a.load", "3", settled=False))
            yield state
            state = self.settled(state)
            yield state
            yield self.after(state, design_actions.DesignRecorded(native.AT))

    def linked(self, context: str) -> Iterator[store.State]:
        """A link opened, copies made, texts written, a record offered."""
        start = self.begun(context, 4)
        link = share.link(self.course, context, {**start.settings[context], "act1.context": 2048})
        state = self.settled(self.after(start, store.LinkOpened(link)))
        yield state
        yield self.after(state, store.LinkOpened(link[:-3]))
        yield self.after(state, store.Copied(link, True))
        yield self.after(
            state,
            store.Copied(link, False),
            store.RecordOffered(ledger.Offer(ledger.Record(), 3, 1, True)),
            store.RecordNumbered("n", native.AT),
        )
        for host in (ledger.Record(), None):
            asked = self.after(state, store.HostAnswered(host, fresh=False))
            yield from (asked, self.after(asked, store.HostAllowed(True)), self.after(asked, store.HostAllowed(False)))
        for place in (store.COURSE, store.PART):
            yield self.after(state, store.HostChanged(place), store.Saved(store.COURSE))
        texts = [store.TextWritten(field, "word 1 " * 400, native.AT) for field in saved.WRITTEN]
        yield self.after(state, design_actions.DesignRecorded(native.AT), *texts)

    def corrected(self, context: str) -> Iterator[store.State]:
        """Every bug with each value of a choice, and with numbers too low, too high and right."""
        start = self.begun(context, 4)
        for id, bug in bugs.all_of(self.course).items():
            values: list[Value] = []
            if isinstance(bug, Statement):
                values += [option.id for option in bug.options]
            else:
                values += [bug.min, bug.max, round(float(bugs.numbers(self.course)[bug.measure] or 0), 2)]
            for value in values:
                yield self.after(start, store.ControlMoved(bug_control(id), value))

    def swept(self, context: str) -> Iterator[store.State]:
        """The two sweeps: begun, under way, and left."""
        for kind, most in ((sweeps.MAP, 90), (sweeps.FRONTIER, 170)):
            state = self.after(self.begun(context, 3), design_actions.SweepStarted(kind))
            for count in range(most):
                request = store.next_run(self.course, state)
                if request is None:
                    break
                state = self.after(state, store.RunFinished(request, native.ran(request), native.AT))
                if count % 24 == 1:
                    yield state
                    yield self.after(state, design_actions.SweepCancelled(kind))
            yield state
            yield self.after(state, design_actions.ChangeTaken())

    def size(self) -> None:
        """The page for engineers: questions with an answer, without one, with prices, and what can't be read."""
        catalogue = Catalogue(self.course.models, self.course.gpus, self.course.workloads, self.course.calibrations)
        for form in SIZING_FORMS:
            question = question_from(question_of(form), catalogue)
            view = View(self.course, catalogue, question)
            for answer in search(question, catalogue):
                view.parts(answer, 1)
            if shown := view.shown(answer, 0):
                view.hours(list(hours(question, catalogue, shown)))

    def play(self) -> None:
        """The game: each level with a bad move and without any, every answer, and a score above all fixed settings."""
        player = Player(self.course)
        for level in player.file.levels:
            for moves in ((), *([hand] for hand in level.hands)):
                player.open(json.dumps({"level": level.id}))
                player.describe()
                for hand in moves:
                    for value in (*player.offered(hand)[-2:], player.offered(hand)[0]):
                        player.act(json.dumps({"hand": hand, "value": value}))
                        player.go(40)
                if "tap" in level.hands:
                    player.act(json.dumps({"hand": "flood", "value": 1}))
                while not json.loads(player.go(100))["over"]:
                    player.describe()
                player.end()
                while json.loads(player.judge())["more"]:
                    pass
            for option in player.file.questions[level.id].options if level.id in player.file.questions else ():
                player.answer(option)
        beaten = Best({}, Tally(0, 0, 0, 1.0), 1, False)
        player.best_said(beaten)
        player.cost = Cost(Decision((Action(0, "flood", 1.0),)), None, 1, 0)
        player.cost_said()
        player.cost = Cost(Decision((Action(0, "tap", 1.0),)), None, 1, 0, instead=2.0)
        player.cost_said()

    def states(self) -> Iterator[store.State]:
        """Every state that is looked at; what says the same on both sides of the wall, on one of them."""
        ways: tuple[Callable[[str], Iterator[store.State]], ...] = (
            self.questions,
            self.calculators,
            self.designs,
            self.linked,
            self.corrected,
            self.swept,
        )
        for context in self.course.contexts:
            yield self.begun(context, 0)
            for way in ways[: None if context == self.course.contexts[0] else 4]:
                yield from way(context)


def walked() -> tuple[Given, set[str]]:
    """What each slot that the walks reach is given, and the slots that they look up at all."""
    with recording() as found:
        walk = Walk()
        for page_file in sorted(native.CONTENT.parent.glob("*.html")):
            words, document = views.static_words(walk.course), Document(page_file.read_text(encoding="utf-8"))
            if page_file.name == "index.html":
                document = prerender.written(page_file.parent, walk.course)
            lists = views.lists(walk.course)
            if page_file.stem == "size":
                lists, words = prerender.choices(walk.course, words)
            if page_file.stem == "run":
                lists, words = prerender.moves(walk.course, words)
            prerender._Assembly(document, lists, words, page.set_text, []).assemble()
        walk.size()
        walk.play()
        for state in walk.states():
            walk.look(state)
        for control in controls(walk.course).values():
            for typed in ("abc", "1e12", "1.5"):
                control.read(typed, control.defaults[walk.course.contexts[0]])
    return found, walk.read


def names_in(text: str) -> set[str]:
    """The names that a text asks for."""
    return {name for name, _ in wording.placeholders(text)}


def read() -> dict[str, Any]:
    """The file as it is."""
    made: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return made


def main() -> int:
    """Write the file anew, and say how many texts the walks don't reach."""
    found, _ = walked()
    asked: dict[str, set[str]] = {}
    for slot, _, text in proof.texts(native.shipped()):
        if names_in(text) and slot not in found:
            asked.setdefault(slot, set()).update(names_in(text))
    unreached = {slot: frozenset(names) for slot, names in asked.items()}
    FILE.write_text(json.dumps(packed(found, unreached), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{len(found)} texts are filled; {len(unreached)} that ask for numbers were not reached.")
    return 0


def packed(found: Given, unreached: Given) -> dict[str, Any]:
    """The file's content: names that go together once, with the slots that get them; then the slots that no walk reached."""
    groups: dict[str, list[str]] = {}
    for slot in sorted(found):
        if found[slot]:
            groups.setdefault(" ".join(sorted(found[slot])), []).append(slot)
    return {
        "reached": [{"names": names, "texts": slots} for names, slots in sorted(groups.items())],
        "unreached": {slot: " ".join(sorted(names)) for slot, names in sorted(unreached.items())},
    }


if __name__ == "__main__":
    sys.exit(main())
