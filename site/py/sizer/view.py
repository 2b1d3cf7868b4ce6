"""An answer as the parts of the page, by their names: markup of the content's texts and the engine's figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import engine
from content import wording
from content.course import Course, short_name
from content.wording import Number, show
from sizer import plot
from sizer.markup import Html, marked, tag, together
from sizer.server import Measured
from sizing import commands, explain
from sizing.day import Hour
from sizing.judge import CLOSE, ILL_CONDITIONED, Kept, used
from sizing.question import Catalogue, Question, weight_bits
from sizing.search import Answer, Candidate, bound_of
from sizing.traffic import cut_share

Parts = dict[str, str]
MOST_CUT = 0.01  # of requests: fewer that are cut change no figure by what is told
# Carried over from: the expected error has these in, and no more needs to be said beside a design.
SLIGHT = {"cache", "count"}
WIDTH = 100.0  # of a bar, in its own units


class View:
    """What the page says of one question's answer. `chosen` is the design that is shown whole, the best at first."""

    def __init__(
        self,
        course: Course,
        catalogue: Catalogue,
        question: Question,
        asked: Mapping[str, Any] | None = None,
        told: str = "",
    ) -> None:
        """asked: the question as plain data, to be taken along. told: what a server said, as the form has it, with which the
        catalogue and the question are; empty where it isn't reckoned with."""
        self.course, self.catalogue, self.question, self.asked = course, catalogue, question, asked or {}
        self.told, self.measured = told, Measured.read(told, catalogue)

    def say(self, name: str, **numbers: Number) -> str:
        """A text of the answer with its numbers."""
        return self.course.say(f"size.answer.{name}", None, numbers)

    def parts(self, answer: Answer, chosen: int, days: Sequence[Mapping[str, float]] = ()) -> Parts:
        """Every part that an answer changes: before there is one, only how far the search is. What failed so far is no answer."""
        if answer.best is None and not answer.done:
            return {"progress": self.progress(answer)}
        listed, shown = self.listed(answer), self.shown(answer, chosen)
        found: Parts = {
            "progress": self.progress(answer),
            "headline": self.headline(answer, shown),
            "promises": self.promises(shown, days) if shown else "",
            "memory": self.memory(shown) if shown else self.memory_alone(answer),
            "cost": self.cost(shown) if shown else "",
            "designs": self.designs(listed, chosen),
            "chart": plot.drawn(self.question, answer, shown, self),
            "why": self.why(answer, shown) if shown else "",
            "known": self.known(answer, shown),
            "take": self.take(shown) if shown else "",
            "weights-given": together(self.weights_given()),
        }
        if self.measured:
            found["server-used"] = together(self.measured.offered(self.course, self.catalogue))
        return found

    def listed(self, answer: Answer) -> list[Candidate]:
        """The designs that one can choose between."""
        return [each for each in (answer.best, *answer.others) if each]

    def shown(self, answer: Answer, chosen: int) -> Candidate | None:
        """The design that is shown whole: the chosen one, or the nearest that fails where none keeps the promises."""
        listed = self.listed(answer)
        return listed[min(chosen, len(listed) - 1)] if listed else answer.failing

    def progress(self, answer: Answer) -> str:
        """How far the search is."""
        if answer.done:
            if not answer.seen:
                return ""  # why stands in the headline
            return self.say("done", seen=answer.seen, passed=answer.passed, runs=answer.runs)
        if answer.screened < 1:
            return self.say("screening", seen=answer.seen, share=answer.screened)
        return self.say("looking", seen=answer.seen, runs=answer.runs)

    def headline(self, answer: Answer, shown: Candidate | None) -> Html:
        """The answer in a line: the design, and what it is made of; or that there is none."""
        if shown is None or answer.best is None:
            return together(self.none(answer), self.server(shown), self.notes(answer))
        state = self.state(shown)
        untried = self.say("untried", count=answer.untried) if answer.untried else ""
        going = "" if answer.done else self.say("more_others" if answer.stands else "more_best", runs=answer.runs)
        return together(
            tag("h2", self.name(shown)),
            tag("p", self.say("for_model", model=self.question.model.name, setup=self.setup(shown)), class_="soft"),
            tag("p", going, class_="state", data_state="waiting") if going else "",
            tag("p", state, class_="state", data_state=_mark(shown)),
            tag("p", untried, class_="state", data_state="warn") if untried else "",
            self.server(shown),
            self.notes(answer, shown),
        )

    def server(self, shown: Candidate | None) -> Html | None:
        """What of a server's text is reckoned with in a design, for whoever asked for it or opens a link that does."""
        if not self.told:
            return None
        if not self.measured:
            return tag("p", self.say("server_lost"), class_="state", data_state="warn")
        deployment = shown.design.deployment if shown else None
        memory = deployment is None or deployment.gpu.id == self.measured.gpu
        times = deployment is None or self.measured.is_timing(deployment, self.catalogue)
        what = self.measured.what(self.course, memory, times)
        text = self.say("server", **self._ran(), what=what) if what else self.say("server_nothing", **self._ran())
        unlike = self.say("server_unlike") if what and self.measured.constants and not times else ""
        return tag("p", wording.sentences([text, unlike]), class_="state", data_state="info")

    def _ran(self) -> dict[str, str]:
        """What server it was that was told of."""
        if not self.measured:
            return {}
        gpu = short_name(self.catalogue.gpus[self.measured.gpu].name)
        return {"model": self.catalogue.models[self.measured.model].name, "gpu": gpu}

    def notes(self, answer: Answer, shown: Candidate | None = None) -> Html:
        """What makes an answer another than the one that was asked for: requests that were cut, GPUs
        without a price, a design that no measured server is like in more than the cache's precision."""
        traffic, lines = self.question.traffic, []
        if (share := cut_share(traffic)) > MOST_CUT:
            lines.append(self.say("cut", share=share, longest=traffic.longest_tokens))
        if given := self.weights_given():
            lines.append(given)
        if shown and engine.bits_unknown(self.question.model):
            bits = shown.design.deployment.weight_bits
            lines.append(self.say("bits_unknown", form=self.question.model.precision, bits=bits))
        if answer.left_out.get("price"):
            gpus = wording.listed(short_name(self.catalogue.gpus[id].name) for id in self._unpriced())
            lines.append(self.say("left_price", count=answer.left_out["price"], gpus=gpus))
        carried = self._carried(shown.design.deployment) if shown else ()
        if set(carried) - SLIGHT:
            lines.append(self.say("unmeasured", what=self._listed(carried)))
        return together(*(tag("p", line, class_="state", data_state="warn") for line in lines))

    def weights_given(self) -> str:
        """That a model is published narrower than all weights that were asked for, and sized so; empty where it isn't."""
        given = [bits for bits in weight_bits(self.question) if bits not in self.question.allowed.weight_bits]
        model = self.question.model
        return self.say("weights_given", model=model.name, bits=engine.told_bits(model, given[0])) if given else ""

    def _carried(self, deployment: engine.Deployment) -> tuple[str, ...]:
        return engine.how_known(deployment, engine.calibration_for(deployment, self.catalogue.calibrations))

    def _listed(self, carried: Sequence[str]) -> str:
        return wording.listed(self.say(f"other_{name}") for name in carried)

    def none(self, answer: Answer) -> Html:
        """Why there is no answer: all fail, some may do, or not all were simulated."""
        may = any(each.judgement.state == CLOSE for each in answer.tried)
        name = "none_tried" if answer.untried else "none_sure" if may else "none"
        most, model = self.question.allowed.most_gpus, self.question.model.name
        lines = [self.say(name, **{"runs": answer.runs} if answer.untried else {"most": most}, model=model)]
        if answer.failing:
            near = {"design": self.name(answer.failing), "setup": self.setup(answer.failing)}
            lines.append(self.say("none_near", **near, state=self.state(answer.failing)))
            if answer.untried:
                lines.append(self.say("none_untried", count=answer.untried))
        elif answer.lightest is not None and answer.lightest > ILL_CONDITIONED:
            lines.append(self.say("none_load", seen=answer.seen, share=answer.lightest, most=ILL_CONDITIONED))
        elif answer.seen and answer.least and self._tokens_alone(*answer.least):
            lines.append(self.say("none_tokens", seen=answer.seen))
        elif answer.seen and answer.least:
            ttft, tpot = answer.least
            lines.append(self.say("none_bounds", seen=answer.seen, ttft=ttft, tpot=tpot))
        elif answer.seen:
            lines.append(self.say("none_fits"))
        elif answer.left_out.get("known"):
            lines = [self.say("none_known")]  # nothing was judged
        elif self.question.spare:
            lines.append(self.say("none_spare", spare=self.question.spare))
        state = _mark(answer.failing) if answer.failing else "fail"
        return together(tag("h2", lines[0]), *(tag("p", line, class_="state", data_state=state) for line in lines[1:]))

    def _tokens_alone(self, ttft_s: float, tpot_s: float) -> bool:
        """Whether it is the tokens a second that no design's bounds reach: the fastest would keep the times."""
        promise = self.question.promise
        keeps = ttft_s <= (promise.ttft_s or ttft_s) and tpot_s <= (promise.tpot_s or tpot_s)
        return bool(promise.tokens_per_s and keeps and not promise.e2e_s)

    def name(self, candidate: Candidate) -> str:
        """A design by its GPUs: 8 × H100."""
        design = candidate.design
        return self.say("design", gpus=design.gpus, gpu=short_name(design.deployment.gpu.name))

    def apart(self, candidates: Sequence[Candidate]) -> list[str]:
        """The names of designs that stand together: of those of the same GPUs each with what tells it from the others."""
        names = [self.name(each) for each in candidates]
        features = [self._features(each) for each in candidates]
        alike: dict[str, list[tuple[str, ...]]] = {}
        for name, made in zip(names, features, strict=True):
            alike.setdefault(name, []).append(made)
        differs = {name: [len(set(each)) > 1 for each in zip(*made, strict=True)] for name, made in alike.items()}
        found = []
        for name, made in zip(names, features, strict=True):
            what = [text for text, tells in zip(made, differs[name], strict=True) if tells and text]
            found.append(self.say("apart", design=name, what=wording.listed(what)) if what else name)
        return found

    def setup(self, candidate: Candidate) -> str:
        """What else a design is made of."""
        return wording.listed(filter(None, self._features(candidate)))

    def _features(self, candidate: Candidate) -> tuple[str, ...]:
        """All that tells a design from another of as many of the same GPUs, "" for what it hasn't."""
        design, deployment = candidate.design, candidate.design.deployment
        replicas, groups = design.replicas, deployment.attention_dp
        return (
            self.say("replicas", replicas=replicas, each=deployment.gpus) if replicas > 1 else self.say("one_replica"),
            self.say("groups", groups=groups) if groups > 1 else "",
            self.course.at(f"size.page.{deployment.engine}"),
            self.say("weight_bits", weights=engine.told_bits(deployment.model, deployment.weight_bits)),
            self.say("cache_bits", cache=deployment.kv_bits),
            self.say("seats", seats=design.seats),
            self.say("budget", budget=max(design.token_budget, design.seats)),
        )

    def state(self, candidate: Candidate) -> str:
        """What became of a design's promises."""
        judgement = candidate.judgement
        if judgement.state == "close" and all(each.state == "kept" for each in judgement.promises):
            return self.say("near", share=judgement.share)
        if judgement.state == "kept" and not judgement.promises:
            return self.say("carries")
        return self.say(judgement.state)

    def promises(self, candidate: Candidate, days: Sequence[Mapping[str, float]] = ()) -> Html:
        """A row for each promise: the figure with its error, the limit, and how much of it is used up; and from how little to how
        much it came on several days, which chance alone makes differ."""
        spans = [_span(each, days) for each in candidate.judgement.promises]
        rows = [self._promise(each, days=span) for each, span in zip(candidate.judgement.promises, spans, strict=True)]
        legend = tag("p", self.say("bands", count=len(days)), class_="help") if any(spans) else ""
        return together(self._table(rows, "value_head"), legend)

    def at_least(self, candidate: Candidate) -> Html:
        """What a design would do at least, by its bounds: the promises and the load, while a control moves, under a headline of
        their own."""
        design = candidate.design
        bound = bound_of(self.question, self.catalogue, design)
        kept = []
        for name, limit in self.question.promise.limits():
            if name != "tokens_per_s":
                value = float(getattr(bound, name)[0])
                kept.append(Kept(name, value, limit, 0.0, "kept" if value <= limit else "broken"))
        rows = [self._promise(each, "at_least") for each in kept if each.value < float("inf")]
        share = float(bound.share[0])
        state = self.say("over" if share > 1 else "load", share=share)
        return together(
            tag("h2", self.say("glance", design=self.name(candidate))),
            self._table(rows, "bound_head"),
            tag("p", state, class_="soft"),
        )

    def _table(self, rows: list[Html], value: str) -> Html:
        head = tag(
            "tr", *(tag("th", self.say(name), scope="col") for name in ("promise_head", value, "limit_head")), tag("td")
        )
        return tag("table", tag("thead", head), tag("tbody", *rows), class_="promises") if rows else Html("")

    def _promise(self, kept: Kept, text: str = "", days: tuple[float, float] | None = None) -> Html:
        share, band, told = used(kept), None, ""
        if days:
            each = [used(replace(kept, value=value)) for value in days]
            band = min(each), max(each)
            told = tag(
                "small", self.say("rate_days" if kept.name == "tokens_per_s" else "days", low=days[0], high=days[1])
            )
        return tag(
            "tr",
            tag("th", self.promise(kept.name), scope="row"),
            tag("td", self.say(text, value=kept.value) if text else self.value(kept), told),
            tag("td", self.limit(kept)),
            tag("td", _gauge(share, kept.error, self.say("bar", used=share), band)),
            data_state={"kept": "good", "close": "warn"}.get(kept.state, "fail"),
        )

    def promise(self, name: str) -> str:
        """What is promised, in words."""
        return self.say(name, percent=self.question.promise.percent)

    def value(self, kept: Kept) -> str:
        """A figure with its expected error."""
        return self.say("rate" if kept.name == "tokens_per_s" else "value", value=kept.value, error=kept.error)

    def limit(self, kept: Kept) -> str:
        """A promise's limit."""
        return self.say("rate_limit" if kept.name == "tokens_per_s" else "limit", limit=kept.limit)

    def memory(self, candidate: Candidate) -> Html:
        """A replica's memory as a bar of four parts."""
        plan = explain.memory(self.question, candidate.design, candidate.judgement)
        reserve = plan["outside_utilization_bytes"] + plan["activation_bytes"]
        peak = min(plan["kv_peak_bytes"], max(0.0, plan["kv_budget_bytes"]))
        free = max(0.0, plan["kv_budget_bytes"] - peak)
        sizes = {"weights": plan["weights_bytes"], "reserve": reserve, "peak": peak, "free": free}
        line = self.say("memory_line", **sizes)
        bar = _stacked(list(sizes.items()), plan["total_bytes"], line)
        legend = [
            tag("li", tag("i", class_=f"key {name}"), self.say(name), " ", show(size, "gib"))
            for name, size in sizes.items()
        ]
        return together(tag("h3", self.say("memory_title")), bar, tag("ul", *legend, class_="parts"))

    def memory_alone(self, answer: Answer) -> Html:
        """The memory of a model of which nothing else is known."""
        if not answer.left_out.get("known") or answer.seen:
            return Html("")
        found = explain.memory_alone(self.question, self.catalogue)
        if "weights_bytes" not in found:
            return Html("")
        sizes = {"weights": found["weights_bytes"], "request": found["request_bytes"], "longest": found["longest"]}
        told = self.say("memory_alone", **sizes, bits=found["bits"], cache=found["kv_bits"])
        fits = [self.say("design", gpus=n, gpu=short_name(self.catalogue.gpus[id].name)) for id, n in found["fits"]]
        held = self.say("memory_fits", gpus=wording.listed(fits)) if fits else self.say("none_fits")
        return together(tag("h3", self.say("memory_title")), tag("p", told), tag("p", held))

    def cost(self, candidate: Candidate) -> Html:
        """What a design costs, in GPU-hours, money, energy."""
        found = explain.cost(self.question, candidate.design, candidate.judgement)
        lines = [self.say("load", share=candidate.judgement.share)]
        if found["gpu_hours_per_million_output_tokens"]:
            lines.append(self.say("cost", hours=found["gpu_hours_per_million_output_tokens"]))
            lines.append(self.say("power", kw=found["rated_kw"], kwh=found["kwh_per_million_output_tokens"]))
        if found["money_per_million_output_tokens"] is not None:
            money = {"money": found["money_per_hour"], "each": found["money_per_million_output_tokens"]}
            lines.insert(1, self.say("money", **money))
        if found["kg_co2_per_million_output_tokens"]:
            lines.append(self.say("carbon", kg=found["kg_co2_per_million_output_tokens"]))
        if (share := found["day_share"]) is None:
            lines.append(self.say("cost_busiest"))
        elif share < 1 and found["gpu_hours_per_million_output_tokens"]:
            lines.append(self.say("cost_day", share=share))
        return tag("ul", *(tag("li", line) for line in lines), class_="told")

    def designs(self, listed: list[Candidate], chosen: int) -> Html:
        """The best and the others, one of which is shown."""
        rows = []
        for i, each in enumerate(listed):
            worst = max(each.judgement.promises, key=used, default=None)
            line = f"{self.promise(worst.name)} {self.value(worst)}" if worst else ""
            button = tag("input", type="radio", name="chosen", value=i, checked=i == min(chosen, len(listed) - 1))
            text = tag(
                "span",
                tag("strong", self.name(each)),
                " ",
                tag("span", self.price(each), class_="soft"),
                tag("br"),
                self.setup(each),
                tag("br"),
                line,
            )
            rows.append(tag("label", button, text, class_="design"))
        return together(*rows)

    def price(self, candidate: Candidate) -> str:
        """What orders designs: money an hour, or rated power."""
        found = explain.cost(self.question, candidate.design, candidate.judgement)
        if found["money_per_hour"] is not None:
            return f"{show(found['money_per_hour'], 'sig')} / h"
        return f"{show(found['rated_kw'], 'sig')} kW"

    def why(self, answer: Answer, shown: Candidate) -> Html:
        """What binds, what fails for less, and what half the cost would mean."""
        found = explain.binds(self.question, self.catalogue, shown.design, shown.judgement)
        lines = []
        names = self.apart([each or shown for each in (answer.best, answer.failing, answer.half)])
        if found["promise"]:
            wall = {"weights": "weights_wall"}.get(found["wall"], found["wall"])
            told = {"promise": self.promise(found["promise"]), "wall": self.say(wall)}
            lines.append(self.say("binds", **told, used=found["used"]))
        if answer.best and answer.failing and answer.failing.hourly < answer.best.hourly:
            lines.append(self._failing(answer.failing, names[1]))
        if answer.best and answer.best.hourly and answer.best.judgement.promises and answer.done:
            lines.append(self._half(answer.half, answer.best, names[-1]))
        return tag("ul", *(tag("li", line) for line in lines), class_="told")

    def _failing(self, failing: Candidate, name: str) -> str:
        worst = max(failing.judgement.promises, key=used, default=None)
        broken = ""
        if worst:
            broken = self.say(
                "worst", promise=self.promise(worst.name), value=self.value(worst), limit=self.limit(worst)
            )
        return self.say("failing", state=self.state(failing), design=name, worst=broken)

    def _half(self, half: Candidate | None, best: Candidate, design: str) -> str:
        if half is None or not half.judgement.promises:
            return self.say("half_none")
        told = [f"{self.promise(each.name)} {self.value(each)}" for each in half.judgement.promises]
        name = "half_near" if half.judgement.share > ILL_CONDITIONED else "half"
        part, share = half.hourly / best.hourly, half.judgement.share
        return self.say(name, design=design, list=wording.listed(told), part=part, share=share)

    def take(self, shown: Candidate) -> Html:
        """What starts the design, tests it and asks the question again: texts to copy or to save."""
        parts = [tag("p", self.say("server_files"), class_="help")] if self.measured else []
        for name, text in commands.files(self.question, shown.design, self.asked).items():
            save = tag(
                "a", self.say("save", file=name), href=f"data:text/plain;charset=utf-8,{quote(text)}", download=name
            )
            parts.append(tag("details", tag("summary", name), tag("p", save), tag("pre", text, tabindex=0)))
        return together(*parts)

    def hours(self, hours: Sequence[Hour]) -> Html:
        """A design's day."""
        if not self.question.traffic.daily:
            return tag("p", self.say("hours_even"))
        most = max((hour.judgement.share for hour in hours), default=0.0)
        broken = sum(hour.judgement.state not in ("kept", "close") for hour in hours)
        line = self.say("hours_line", share=most, count=broken)
        return together(tag("p", line), plot.day(hours, self))

    def known(self, answer: Answer, shown: Candidate | None) -> Html:
        """How the figures are known, and what was left out."""
        lines = list(self._known(shown)) if shown else []
        lines.append(self.say("sure", most=ILL_CONDITIONED))
        for reason, count in answer.left_out.items():
            if count and reason != "price":  # that stands beside the design
                lines.append(self.say(f"left_{reason}", count=count))
        return together(*(tag("p", marked(line)) for line in lines))

    def _unpriced(self) -> list[str]:
        return [id for id in self.question.allowed.gpus if id not in dict(self.question.prices)]

    def _known(self, shown: Candidate) -> Iterator[str]:
        deployment = shown.design.deployment
        constants = engine.calibration_for(deployment, self.catalogue.calibrations)
        carried = self._carried(deployment)
        told = self._listed(carried)
        name = f"{constants.source}"
        if self.measured and self.measured.is_timing(deployment, self.catalogue):
            yield self.say("anchored", **self._ran())
        yield self.say("carried", constants=name, what=told) if carried else self.say("known", constants=name)


def _mark(candidate: Candidate) -> str:
    return {"kept": "good", "close": "warn"}.get(candidate.judgement.state, "fail")


def _span(kept: Kept, days: Sequence[Mapping[str, float]]) -> tuple[float, float] | None:
    """The least and the most that a figure was, in its own run and on several days."""
    values = [day[kept.name] for day in days if kept.name in day]
    return (min(*values, kept.value), max(*values, kept.value)) if values else None


def _gauge(share: float, error: float, label: str, days: tuple[float, float] | None = None) -> Html:
    """A bar up to its limit at two thirds of the width: what the error may make of it as a line, what days did as a band."""
    limit = WIDTH / 1.5
    width, reach = min(WIDTH, share * limit), min(WIDTH, share * (1 + error) * limit)
    low, high = (min(WIDTH, each * limit) for each in days or (0.0, 0.0))
    return tag(
        "svg",
        tag("rect", x=0, y=3, width=WIDTH, height=8, class_="ground"),
        tag("rect", x=0, y=3, width=width, height=8, class_="fill"),
        tag(
            "rect",
            x=max(0.0, min(WIDTH, share * (1 - error) * limit)),
            y=6,
            width=max(0.0, reach - max(0.0, share * (1 - error) * limit)),
            height=2,
            class_="error",
        ),
        tag("rect", x=low, y=3, width=max(0.8, high - low), height=8, class_="days") if days else "",
        tag("rect", x=limit - 0.5, y=0, width=1, height=14, class_="limit"),
        viewBox=f"0 0 {WIDTH:g} 14",
        preserveAspectRatio="none",
        class_="gauge",
        role="img",
        aria_label=label,
    )


def _stacked(sizes: list[tuple[str, float]], total: float, label: str) -> Html:
    """A bar of parts, each as wide as its share of the total."""
    at, parts = 0.0, []
    for name, size in sizes:
        width = max(0.0, size / total * WIDTH)
        parts.append(tag("rect", x=at, y=0, width=width, height=10, class_=f"key {name}"))
        at += width
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {WIDTH:g} 10",
        preserveAspectRatio="none",
        class_="stacked",
        role="img",
        aria_label=label,
    )
