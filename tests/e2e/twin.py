"""One learner twice: every deed is done on the page and in Python alone, and both must then say the same."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from playwright.sync_api import Error

import views
from acts.promises import actions as design_actions
from acts.wall import actions as wall_actions
from record import ledger
from state import store
from tests import lab as native
from tests.e2e.conftest import ANSWER_MS, Lab

# What differs between the expected properties of keyed nodes and the page, as sentences. The page's clock is its own, so
# times are masked on both sides, and the hash of the consistency check, which follows from times.
DIFFERENCES = """expected => {
  const masked = text => text.replace(/\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC/g, 'TIME')
    .replace(/^[0-9a-f]{64}$/, 'HASH');
  const words = node => masked(node.textContent).split(/\\s+/).filter(word => word).join(' ');
  const attribute = name => node => node.getAttribute(name);
  const read = {
    text: words, verbatim: node => node.textContent,
    items: node => [...node.children].map(words),
    head: node => [...node.children].map(words),
    rows: node => [...node.rows].map(row => [...row.cells].map(words)),
    marks: node => [...node.rows].map(row => row.dataset.state ?? null),
    figure: node => [(node.data ?? []).map(trace => [trace.x, trace.y]), (node.layout?.shapes ?? [])
      .map(shape => [shape.xanchor ?? shape.x0 ?? shape.path, shape.yanchor ?? shape.y0])],
    hidden: node => node.hidden, disabled: node => node.disabled, checked: node => node.checked,
    value: node => node.value, state: attribute('data-state'), label: attribute('aria-label'),
    spoken: attribute('aria-valuetext'), invalid: attribute('aria-invalid'),
    live: attribute('aria-live'), min: attribute('min'), max: attribute('max'),
    step: attribute('step'), x: attribute('x'), width: attribute('width'), height: attribute('height'),
    scene: attribute('data-scene'), picked: attribute('data-picked'),
  };
  const found = [];
  let sought = false;
  for (const [key, properties] of Object.entries(expected)) {
    const node = document.querySelector(`[data-key="${key}"]`);
    for (const [name, wanted] of Object.entries(properties)) {
      const shown = JSON.stringify(read[name](node));
      if (shown === JSON.stringify(wanted)) continue;
      if (name === 'figure' && !sought) { // a plot is drawn when it comes into sight
        const door = node.closest('.door:not([data-open])');
        if (door) location.hash = door.id;
        node.scrollIntoView();
      }
      sought ||= name === 'figure';
      found.push(`${key} ${name}: shown ${shown}, expected ${JSON.stringify(wanted)}`);
    }
  }
  return found;
}"""


# What else to know when the page says otherwise: whether plotly came, whether frames are painted, where the page stands.
AROUND = """() => new Promise(done => {
  const facts = () => `plotly ${typeof Plotly} ${document.documentElement.dataset.plotly ?? ''}, at ${scrollY} px of ` +
    `${document.documentElement.scrollHeight}, ${document.visibilityState}`;
  requestAnimationFrame(() => done(`${facts()}, painting`));
  setTimeout(() => done(`${facts()}, not painting`), 2000);
})"""
LOOK_MS = 300  # to compare a whole page takes it 40 ms, in which it computes nothing


class Twin:
    """A lab in the browser and the state that it should be in."""

    def __init__(self, lab: Lab, state: store.State | None = None) -> None:
        self.lab = lab
        self.state = native.start() if state is None else state
        self.seconds = 0

    def at(self) -> str:
        """A later time than any before."""
        self.seconds += 1
        return f"2026-01-02T{self.seconds // 3600:02}:{self.seconds // 60 % 60:02}:{self.seconds % 60:02}.000Z"

    def native(self, *actions: store.Action) -> None:
        """Some actions and every run that they want, on the native side only."""
        self.state = native.after(self.state, *actions)
        while (request := store.next_run(native.shipped(), self.state)) is not None:
            self.state = native.after(self.state, store.RunFinished(request, native.ran(request), self.at()))

    def look(self, context: str) -> None:
        """Choose a side of the wall."""
        self.lab.node(f"context.{context}.input").check()
        self.native(store.ContextChosen(context))

    def choose(self, question: str, option: str) -> None:
        """Pick an option of a question."""
        self.lab.choose(question, option)
        self.native(store.OptionChosen(question, option))

    def answer(self, question: str, option: str) -> None:
        """Pick an option and commit it."""
        self.lab.answer(question, option)
        self.native(store.OptionChosen(question, option), store.AnswerCommitted(question, self.at()))

    def set(self, settings: Mapping[str, object]) -> None:
        """Give controls their values, by typing or from a list."""
        for control, value in settings.items():
            self.lab.set(control, value)
        self.native(*(store.ControlMoved(control, value) for control, value in settings.items()))

    def reset(self, act: str) -> None:
        """Go back to the numbers that an act starts with."""
        path = {"act1": "act1.calculator.reset", "act2": "act2.failures.reset"}[act]
        self.lab.press(native.shipped().at(path))
        self.native(store.ControlsReset(act))

    def flip(self, published: bool) -> None:
        """Set the twist's switch."""
        self.lab.page.get_by_role("switch").set_checked(published)
        self.native(wall_actions.TwistFlipped(published))

    def record(self) -> None:
        """Record the pair of configurations."""
        self.lab.press(native.shipped().at("act2.design.record"))
        self.native(design_actions.DesignRecorded(self.at()))

    def agrees(self, only: str = "", but: tuple[str, ...] = ()) -> None:
        """Wait until every keyed node says what it should; of those that begin like `only`, and like none in `but`."""
        frame = _frame(self.state).items()
        expected = {key: wanted for key, wanted in frame if key.startswith(only) and not key.startswith(but)}
        page = self.lab.page
        try:
            page.wait_for_function(
                f"expected => ({DIFFERENCES})(expected).length === 0", arg=expected, timeout=ANSWER_MS, polling=LOOK_MS
            )
        except Error as late:
            differences = page.evaluate(DIFFERENCES, expected)
            short = [difference[:300] for difference in differences]
            around = page.evaluate(AROUND)
            raise AssertionError("\n".join(["The page says otherwise:", *short, around, *self.lab.errors])) from late


def _frame(state: store.State) -> dict[str, dict[str, Any]]:
    """The native frame in the form in which DIFFERENCES reads the page."""
    frame = views.frame(native.shipped(), replace(state, saved=store.DEVICE))
    return {key: _properties(properties) for key, properties in frame.items()}


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in properties.items():
        if name == "text":
            found[name] = _words(value)
        elif name in ("items", "head"):
            found[name] = [_words(text) for text in value]
        elif name == "rows":
            found[name] = [[_words(cell) for cell in row if isinstance(cell, str)] for row in value]
            found["marks"] = [next((c["state"] for c in row if not isinstance(c, str)), None) for row in value]
        elif name == "figure":
            traces = value.get("data", [])
            shapes = value.get("layout", {}).get("shapes", [])
            places = [[s.get("xanchor", s.get("x0", s.get("path"))), s.get("yanchor", s.get("y0"))] for s in shapes]
            drawn = [[[trace.get("x"), trace.get("y")] for trace in traces], places]
            found["figure"] = json.loads(json.dumps(drawn))
        elif name == "scene":
            found[name] = value and value["name"]  # what is painted in it, test_replay.py reads
        else:
            found[name] = value
    return found


def _words(text: str) -> str:
    timeless = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", native.plain(text))
    return re.sub(r"^[0-9a-f]{64}$", "HASH", timeless)


def document(state: store.State) -> str:
    """The text that a visit which came to this state leaves in storage."""
    text, _ = ledger.write(None, state.record, store.fields(native.shipped(), state), native.AT)
    return text


def returned(text: str) -> store.State:
    """The state of a later visit that finds this text in storage, every run there."""
    course = native.shipped()
    first = store.initial(course)
    return native.settled(native.after(first, store.LedgerRead(ledger.read(text), store.DEVICE, restore=True)))
