"""The thread of size.html: forms come in, parts of the page go out. One search at a time; a new question ends the one before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import engine
from acts import shipped
from content import wording
from content.course import Course
from content.wording import Number
from sizer.form import question_of
from sizer.markup import tag
from sizer.server import Measured, Server
from sizer.view import View
from sizing import trace
from sizing.day import Hour, days, hours
from sizing.plain import AskError, model_from, question_from
from sizing.question import Catalogue, Question
from sizing.search import Answer, Candidate, search

IN_MS = ("ttft_s", "tpot_s")  # of the question, in s; the form asks for ms
NAMING = ("key", "rate", "users")  # facts of a refusal that name a part of the question
# The labels of the form by keys of a question (sizing.plain) and names of fields.
LABELS = {
    "model": "of_model",
    "workload": "of_lengths",
    "trace": "trace_file",
    "rate": "open",
    "rate_per_s": "open",
    "users": "closed",
    "longest": "longest",
    "longest_tokens": "longest",
    "cv": "cv",
    "ttft": "ttft",
    "ttft_s": "ttft",
    "tpot": "tpot",
    "tpot_s": "tpot",
    "e2e": "e2e",
    "e2e_s": "e2e",
    "tokens": "tokens",
    "tokens_per_s": "tokens",
    "gpus": "gpus",
    "weight_bits": "weights",
    "kv_bits": "cache",
    "engines": "engine",
    "most_gpus": "most_gpus",
    "spare": "spare",
    "kg": "kg",
    "kg_per_kwh": "kg",
    "prompt_mean": "prompt_mean",
    "prompt_p99": "prompt_p99",
    "output_mean": "output_mean",
    "output_p99": "output_p99",
    "traffic.prompt": "prompt_p99",
    "traffic.output": "output_p99",
    "traffic.prompt.mean": "prompt_mean",
    "traffic.output.mean": "output_mean",
    "traffic.prompt.p99": "prompt_p99",
    "traffic.output.p99": "output_p99",
}
FIELDS = {"of_model": "model", "of_lengths": "workload", "trace_file": "trace", "open": "rate", "closed": "users"}
"""The form's fields that are called otherwise than their labels."""
PRICES = ("price", "prices")  # of GPUs by id: the form's fields, and the question's table
MEASURED = "measured"  # the form's field that says: reckon with the server


def in_the_form_s_unit(mistake: AskError) -> AskError:
    """A refusal with its numbers as the form has them: milliseconds where it asks for those, and none as 1e-06."""
    if mistake.name != "out_of_range":
        return mistake
    factor = 1e3 if str(mistake.facts["key"]).endswith(IN_MS) else 1.0
    least, most, found = (
        f"{float(mistake.facts[name]) * factor:.6f}".rstrip("0").rstrip(".") for name in ("least", "most", "found")
    )
    return AskError("out_of_range", key=mistake.facts["key"], least=least, most=most, found=found)


class Sizer:
    """The page's other half. Its methods take and give JSON, so that nothing of Python's gets into the page."""

    def __init__(self, course: Course) -> None:
        wording.use(course.at("words.numbers"))
        self.course = course
        self.catalogue = Catalogue(course.models, course.gpus, course.workloads, course.calibrations)
        self.view: View | None = None
        self.answers: Iterator[Answer] | None = None
        self.answer: Answer | None = None
        self.after: Iterator[None] | None = None  # what follows the search, for the design that is shown
        self.days: list[Mapping[str, float]] = []
        self.hours: list[Hour] = []
        self.chosen = 0
        self.server = Server(course, self.catalogue)
        self.trace = trace.Reader()
        self.recorded: tuple[engine.Request, ...] = ()
        self.field = ""  # the form's, that was refused last
        self.spoilt = ""  # why the file isn't one of requests

    def ask(self, form: str) -> str:
        """Begin with a question: {"parts": ...}, or {"refusal": a sentence}."""
        self.answers, self.answer, self.view, self.after, self.chosen = None, None, None, None, 0
        question, fields = self.read(form), json.loads(form)
        if isinstance(question, str):
            return json.dumps({"refusal": question, "field": self.field, "config": self.own_model(fields)})
        known = self.known(form)
        self.view = View(self.course, known, question, question_of(fields), _told(fields))
        self.answers = search(question, known)
        return json.dumps({"parts": {}, "more": True, "config": self.own_model(fields)})

    def own_model(self, fields: Mapping[str, Sequence[str]]) -> str:
        """What the list calls a config.json of one's own, by its model where one can be read; empty where there is none."""
        if not "".join(fields.get("config", ())).strip():
            return ""
        try:
            model = model_from(engine.config_table(fields["config"][0]), self.catalogue)
        except engine.PhysicsError:
            return str(self.course.at("size.page.your_config"))
        return self.course.say("size.answer.your_config", None, {"model": model.name})

    def known(self, form: str) -> Catalogue:
        """The catalogue, with what a server was found to take where the form says so."""
        measured = self.measured(form)
        return measured.catalogue(self.catalogue) if measured else self.catalogue

    def measured(self, form: str) -> Measured | None:
        """What a server said, where the form says to reckon with it: all of it stands in the form, so that a link has it."""
        return Measured.read(_told(json.loads(form)), self.catalogue)

    def read(self, form: str) -> Question | str:
        """The question of a form, or a sentence that says why there is none."""
        self.field = ""
        try:
            asked = question_of(json.loads(form))
            recorded = self.recorded if "trace" in asked["traffic"] else ()
            if "trace" in asked["traffic"] and not recorded:  # no browser keeps a file from one visit to the next
                raise AskError("trace_refused", key="trace") if self.spoilt else AskError("trace_missing", key="trace")
            question = question_from(asked, self.catalogue, recorded)
            if measured := self.measured(form):
                question = replace(question, held_back=((measured.gpu, measured.too_many_bytes),))
            return question
        except engine.ConfigError as mistake:
            self.field = "config"
            return self.course.told("config", [mistake])
        except AskError as mistake:
            return self.refusal(mistake)
        except engine.PhysicsError as mistake:
            return str(mistake)

    def refusal(self, mistake: AskError) -> str:
        """Why something can't be read, in words."""
        mistake = in_the_form_s_unit(mistake)
        self.field = self.field_of(mistake.facts.get("key") or mistake.facts.get("rate", ""))
        named = {fact: self.label(value) if fact in NAMING else value for fact, value in mistake.facts.items()}
        if reason := mistake.facts.get("reason"):
            named["reason"] = self.course.at(f"size.trace.{reason}")
        return self.course.say(f"size.refusals.{mistake.name}", None, named)

    def label(self, key: str) -> str:
        """What the page calls the field that a question's key comes from; the key itself where it has none."""
        kind, _, id = key.partition(".")
        if kind in PRICES and id in self.catalogue.gpus:
            return f"“{self.course.at('size.page.price')}: {self.catalogue.gpus[id].name}”"
        label = LABELS.get(key) or LABELS.get(key.rpartition(".")[2])
        return f"“{self.course.at(f'size.page.{label}')}”" if label else key

    def field_of(self, key: str) -> str:
        """The form's field that a question's key comes from; empty where it has none."""
        kind, _, id = key.partition(".")
        if kind in PRICES:
            return f"price.{id}"
        label = LABELS.get(key) or LABELS.get(key.rpartition(".")[2], "")
        return FIELDS.get(label, label)

    def begin_trace(self) -> None:
        """A file of requests follows, in pieces."""
        self.trace, self.recorded, self.spoilt = trace.Reader(), (), ""

    def feed_trace(self, piece: str) -> None:
        """A piece of it; what comes after one that can't be read is passed over."""
        if self.spoilt:
            return
        try:
            self.trace.feed(piece)
        except AskError as mistake:
            self.spoilt = self.refusal(mistake)

    def end_trace(self) -> str:
        """What the file holds, and from now on its requests are those of a question that asks for them."""
        found = None
        try:
            found = None if self.spoilt else self.trace.close()
        except AskError as mistake:
            self.spoilt = self.refusal(mistake)
        if found is None:
            return json.dumps({"parts": {"trace-said": tag("span", self.spoilt, class_="fail")}, "read": True})
        self.recorded = found.requests
        rate = len(found.requests) / found.span_s if found.span_s else 0.0
        skipped = sum(skip.times for skip in found.skipped)
        numbers: dict[str, Number] = {
            "count": len(found.requests),
            "span": found.span_s,
            "rate": rate,
            "skipped": skipped,
            "unit": "ISO 8601" if found.unit == "iso" else found.unit,
        }
        reasons = wording.listed(self.course.at(f"size.trace.{skip.reason}") for skip in found.skipped)
        said = self.course.say("size.server.trace", None, numbers)
        more = self.course.say("size.server.trace_skipped", None, {**numbers, "reasons": reasons}) if skipped else ""
        return json.dumps(
            {"parts": {"trace-said": tag("span", wording.sentences([said, more]))}, "read": True, "rate": rate}
        )

    def glance(self, form: str) -> str:
        """What the design that is shown would do at least, were the question this one: at once, by bounds alone."""
        question, shown = (
            self.read(form),
            self.view.shown(self.answer, self.chosen) if self.view and self.answer else None,
        )
        if shown is None or isinstance(question, str) or question.model != shown.design.deployment.model:
            return json.dumps({"parts": {}})
        view = View(self.course, self.known(form), question)
        return json.dumps({"parts": {"glance": view.at_least(shown)}})

    def begin_server(self) -> None:
        """A text of a server's follows, in pieces."""
        self.server = Server(self.course, self.catalogue)

    def feed_server(self, piece: str) -> None:
        """A piece of it."""
        self.server.feed(piece)

    def end_server(self, given: str) -> str:
        """What it says. given: the model, the GPU and how many of them share it, each "" where the text shall tell."""
        model, gpu, count = json.loads(given)
        markup, measured = self.server.told(model, gpu, int(count) if str(count).isdecimal() else None)
        used = measured.offered(self.course, self.catalogue) if measured else ""
        return json.dumps({"parts": {"server": markup, "server-used": used}, "measured": str(measured or "")})

    def step(self) -> str:
        """A step further: {"parts": ..., "more": whether there is another}. First the search, then the days of what is shown."""
        if self.answers is not None:
            self.answer = next(self.answers)
            if self.answer.done:
                self.answers = None
                self.begin_days()
        elif self.after and next(self.after, self.after) is self.after:
            self.after = None
        return self._shown()

    def begin_days(self) -> None:
        """Begin with the days of the design that is shown: some by chance, then the hours of one."""
        shown = self.view.shown(self.answer, self.chosen) if self.view and self.answer else None
        self.days, self.hours = [], []
        self.after = self._days(self.view, shown) if self.view and shown else None

    def _days(self, view: View, shown: Candidate) -> Iterator[None]:
        for figures in days(view.question, view.catalogue, shown):
            self.days.append(figures)
            yield
        for hour in hours(view.question, view.catalogue, shown):
            self.hours.append(hour)
            yield

    def choose(self, place: int) -> str:
        """Show another of the designs."""
        self.chosen = place
        if self.answers is None:
            self.begin_days()
        return self._shown()

    def _shown(self) -> str:
        parts: dict[str, Any] = {}
        if self.view and self.answer:
            parts = self.view.parts(self.answer, self.chosen, self.days if self.answers is None else ())
            if "headline" in parts:  # those of the question before go
                parts["hours"] = self.view.hours(self.hours) if self.answers is None else ""
        return json.dumps({"parts": parts, "more": self.answers is not None or self.after is not None})


def _told(fields: Mapping[str, Sequence[str]]) -> str:
    """What a server said, as the form has it; empty where it shall not be reckoned with."""
    return (fields.get(MEASURED) or ("",))[0]


def begin(language: str) -> Sizer:
    """The thread's start."""
    return Sizer(shipped.lessons(language))
