"""Ten thousand hostile files of each kind: each is taken, or refused in a sentence; nothing of the learner's is lost."""

import json
import random

import pytest

import acts
import engine
import views
from acts.promises import actions as design_actions
from acts.promises import serving
from acts.wall import actions as wall_actions
from acts.wall import happens
from content import checking, reading, wording
from links import handoff
from page import page
from record import ledger
from report import report
from runs import oracles
from state import store
from tests import lab as native
from tests.unit.test_hub_config import LLAMA
from tools.htmldom import Document

TIMES = 10_000
NOW = "2026-01-02T03:04:06.000Z"
LATER = "2026-01-02T03:05:00.000Z"
STRANGE = [
    None, True, -1, 0, 1e308, -0.5, 2**70, "", "act1.prediction", "<script>hit()</script>", "\ud800", "é\u202e", "{users:n}",
    "__proto__", [], [[]], {}, {"id": {}}, ["latency"] * 3, "x" * 3000, "2026-13-41T99:00:00Z",
]  # fmt: skip


def mangled(chance, value, depth=0):
    """A value like `value`, with something in it changed, dropped, doubled or moved."""
    if chance.random() < 0.15 or depth > 8:
        return chance.choice(STRANGE)
    if isinstance(value, dict) and value:
        found, key = dict(value), chance.choice(sorted(value))
        deed = chance.randrange(4)
        if deed == 0:
            del found[key]
        elif deed == 1:
            found[str(chance.choice(STRANGE))[:20]] = found[key]
        else:
            found[key] = mangled(chance, found[key], depth + 1)
        return found
    if isinstance(value, list) and value:
        found, place = list(value), chance.randrange(len(value))
        found[place : place + 1] = chance.choice([[], [found[place]] * 2, [mangled(chance, found[place], depth + 1)]])
        return found
    return chance.choice(STRANGE)


def text_of(chance, value):
    """A value as JSON, now and then cut short or with a byte changed."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5)
    place = chance.randrange(len(text) + 1)
    return chance.choice([text] * 6 + [text[:place], text[:place] + chance.choice('"{}[],:0e\\') + text[place + 1 :]])


@pytest.fixture(scope="module")
def work():
    """The record of somebody who has answered, and the document that holds it."""
    state = native.after(
        native.answered(native.start(), "act1.prediction", "about_50"), wall_actions.TwistFlipped(True)
    )
    text, _ = ledger.write(None, state.record, store.fields(native.shipped(), state), native.AT)
    return state, text


def test_hostile_ledgers(work):
    state, text = work
    chance, document, mine = random.Random(1), json.loads(text), {fact["id"] for fact in state.record.facts}
    taken = refused = 0
    for count in range(TIMES):
        file = text_of(chance, mangled(chance, document))
        try:
            made, reading = ledger.import_(text, file, NOW)
        except ledger.LedgerError as refusal:
            refused += 1
            assert native.shipped().told("ledger", refusal.notes).endswith(".")
            continue
        taken += 1
        assert mine <= {fact["id"] for fact in reading.record.facts}
        if count % 100 == 0:  # and the page shows what came of it
            read = native.after(state, store.LedgerRead(ledger.read(made), store.DEVICE, restore=True))
            for question in native.QUESTIONS:
                assert store.answer(read, question, "latency") == store.answer(state, question, "latency")
            assert views.frame(native.shipped(), read)["act1.revealed"] == {"hidden": False}
    assert taken > TIMES // 10 and refused > TIMES // 10


@pytest.fixture(scope="module")
def deeds():
    """A record with every kind of fact in both contexts, and all the jobs that the lab itself asks for meanwhile."""
    state = native.walked("latency")
    for action in (design_actions.DesignRecorded(LATER), *(store.ControlMoved("act2.gpus", gpus) for gpus in (2, 8))):
        state = native.settled(native.after(state, action), LATER)
    other = native.settled(native.walked("throughput"), LATER)
    facts = {kind: [f for s in (state, other) for f in s.record.facts if f["kind"] == kind] for kind in ledger.SHAPES}
    facts[ledger.PLAYED] = [
        {"kind": ledger.PLAYED, "level": level, "seed": seed, "points": 700, "at": LATER}
        for level, seed in (("queue", 1), ("wall", 7))
    ]
    assert all(facts.values())
    assert all(oracles.understands(native.shipped(), fact) for some in facts.values() for fact in some)
    return facts


ABSURD = [
    10**6,
    4001,
    10**24,
    -1,
    0,
    0.5,
    1e-9,
    1e23,
    True,
    None,
    "4000",
    [],
    {},
    "x" * 60,
    "no_eviction",
    "gpt-9",
    7,
    2,
    64,
]


def absurd(chance, value):
    """A fact with one value somewhere in it replaced by one that the course doesn't ask for, or happens to."""
    found = {**value} if isinstance(value, dict) else [*value]
    key = chance.choice(sorted(found) if isinstance(found, dict) else range(len(found)))
    inner = found[key]
    if isinstance(inner, dict | list) and inner and chance.random() < 0.9:
        found[key] = absurd(chance, inner)
    else:
        found[key] = chance.choice(ABSURD)
    return found


def test_hostile_scenarios_are_kept_and_never_run(deeds):
    chance, course_, kinds, asked = random.Random(6), native.shipped(), {True: 0, False: 0}, 0
    table, most = course_.at("act2.simulation"), 0
    longest = max(table["requests"], table["flood_requests"], serving.SHIPPED_REQUESTS)
    for count in range(TIMES):
        fact = absurd(chance, chance.choice(deeds[chance.choice(sorted(deeds) * 3 + ["answered"] * 8)]))
        try:
            record = ledger.add(ledger.Record(), fact)
        except ledger.LedgerError:
            continue
        fact = record.facts[0]
        sound = oracles.understands(course_, fact)
        kinds[sound] += 1
        if not sound and count % 50:
            continue
        reading = ledger.Reading({}, record)
        start = native.start(fact["context"] if fact.get("context") in course_.contexts else "latency")
        state = native.after(start, store.LedgerRead(reading, store.DEVICE, restore=True))
        assert state.record.facts == record.facts  # kept, and shown only if understood
        assert store.facts(state) == [fact] * sound
        wanted = store.wanted(course_, state)
        asked, most = asked + bool(wanted), max(most, len(wanted))
        assert all(job.requests <= longest for job in wanted)
        if count % 20 == 0:
            views.frame(course_, state)
            report.markdown(course_, state, NOW)
    assert min(kinds.values()) > 100 and asked > 100 and most <= 2 * 2 * serving_pairs(course_)


def serving_pairs(course_):
    """How many options the question with the most runs has."""
    return len(course_.at("act2.prediction")["options"])


def test_hostile_addresses(work):
    _, text = work
    chance = random.Random(2)
    good = handoff.address("https://lab.example/", text).partition("#")[2]
    for _ in range(TIMES):
        letters = list(good)
        for _ in range(chance.randrange(1, 4)):
            letters[chance.randrange(len(handoff.MARK), len(letters))] = chance.choice("Aa0-_.%<é\0")
        whole = chance.random() < 0.5
        try:
            read = handoff.document("#" + "".join(letters if whole else letters[: chance.randrange(8, len(letters))]))
        except ledger.LedgerError as refusal:
            assert refusal.notes == (handoff.NOT_WHOLE,)
        else:
            assert isinstance(read, str) or read is None


def test_hostile_configs():
    chance, kinds = random.Random(3), {engine.Model: 0, engine.ConfigError: 0}
    for _ in range(TIMES):
        config = LLAMA
        for _ in range(chance.randrange(1, 4)):
            config = mangled(chance, config)
        try:
            model = engine.model_from_config(text_of(chance, config))
        except engine.ConfigError as refusal:
            kinds[engine.ConfigError] += 1
            assert native.shipped().told("config", [refusal]).endswith(".")
        else:
            kinds[engine.Model] += 1
            assert model.parameters > 0 and engine.kv_bytes(model, 512, 16) > 0
    assert min(kinds.values()) > TIMES // 100


NAMES = [
    "[a](https://evil.example)",
    "**b** `c`",
    "x/<img src=x onerror=hit()>",
    "a\u202eb\u2066c\x00\x1b[31md",
    "$(rm -rf ~);'\"|&",
    "\u200b",
    "n" * 500,
]


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_of_a_model_is_only_a_name(name):
    state = native.after(
        native.walked(until=1), wall_actions.ConfigPasted(json.dumps({**LLAMA, "_name_or_path": name}))
    )
    shown = happens.pasted(state).name
    assert wording.runs(shown) == [("", shown, "")] and 0 < len(shown) <= 60 and shown.isprintable()
    assert not set(shown) & set("[](){}<>*`$;'\"|&\\") and shown == shown.strip()
    document = Document("<p data-key='x'></p>")
    page.set_text(document, node := document.createElement("p"), f"**{shown}** was read.")
    assert {element.tag for element in node.walk()} <= {"p", "strong"}
    again = native.after(native.start(), store.LedgerRead(ledger.Reading({}, state.record), store.DEVICE, restore=True))
    assert happens.pasted(again) is None or happens.pasted(again).name == shown


def test_hostile_content():
    chance, tables, contexts = random.Random(4), native.shipped().tables, native.shipped().contexts
    kinds = reading.kinds_of(acts.lessons())
    times = TIMES // 10  # its writers are the project's own, and each look at a whole course takes a tenth of a second
    refused, told = 0, {}  # chance draws a third of the files twice: what was said of one is said again
    for _ in range(times):
        name = chance.choice(sorted(tables))
        file = mangled(chance, tables[name])
        file = file if isinstance(file, dict) else {}  # as every TOML file is
        drawn = name, repr(file)
        if drawn in told:
            refused += told[drawn]
            continue
        problems = checking.problems(file, kinds[name], f"{name}.toml", contexts)
        if not problems:  # what one file alone can't show
            try:
                acts.course({**tables, name: file})
            except reading.ContentError as refusal:
                problems = refusal.problems
        told[drawn] = bool(problems)
        refused += told[drawn]
        assert all(isinstance(problem, str) and ": " in problem for problem in problems)
    assert refused > times // 2 and len(told) > times // 2


def test_hostile_words_never_become_markup():
    chance, document = random.Random(5), Document("<p data-key='x'></p>")
    pieces = [
        "<script>",
        "<img src onerror=hit()>",
        "**",
        "*",
        "`",
        "[a](javascript:hit())",
        "[b](https://x.example)",
        "&lt;",
        '"',
        "{n}",
        "x",
    ]
    for _ in range(TIMES):
        node = document.createElement("p")
        words = "".join(chance.choice(pieces) for _ in range(6))
        page.set_text(document, node, words)
        assert node.html().count("&lt;script&gt;") == words.count("<script>")  # it is there to be read
        tags = {element.tag for element in node.walk()} - {"p"}
        assert tags <= {"strong", "em", "code", "a"}
        links = [element.getAttribute("href") for element in node.walk() if element.tag == "a"]
        assert all(link.startswith("https://") for link in links)
