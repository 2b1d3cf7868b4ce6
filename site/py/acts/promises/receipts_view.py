"""Receipts as a frame: measured beside predicted, how far away the case is, and the ladder of the model's parts."""

from collections.abc import Mapping

from acts.promises import now, receipts, serving, tails
from acts.promises.now import Hand
from acts.promises.receipts import Measured
from content import wording
from content.course import Course, Result
from page.page import Frame
from page.remembered import remembered
from state import store

PATH = "act2.receipts"


def frame(course: Course, state: store.State) -> Frame:
    """The receipts of both sides, the ladder of side A's, and the figures that are only cited."""
    return _shown(course, now.hand(course, state))


@remembered
def _shown(course: Course, at: Hand) -> Frame:
    table = course.at("measurements")
    found = {side: now.receipt(course, at, side) for side in serving.SIDES}
    rows = [_row(course, at, side, row) for side, row in found.items() if row]
    published = [
        [entry["what"], entry["figure"], f"[{entry['source']}]({entry['address']})"] for entry in table["published"]
    ]
    return {
        "act2.receipts.head": {"head": course.at(f"{PATH}.columns")},
        "act2.receipts.body": {"rows": rows},
        "act2.receipts.source": {"text": course.say(f"{PATH}.source", None, table["served"])},
        **_tails(course, at),
        "act2.published.head": {"head": course.at(f"{PATH}.published_columns")},
        "act2.published.body": {"rows": published},
        **_ladder(course, at, found["a"]),
    }


def _row(course: Course, at: Hand, side: str, row: Measured) -> list[str]:
    request, predicted = at.requests[side], at.results.get(receipts.request_of(course, row))
    mine = at.results[request]
    case = {"gpus": row.gpus, "users": row.users, "prompt": row.prompt_tokens, "output": row.output_tokens}
    yours = {
        "gpus": request.gpus,
        "bits": request.weight_bits,
        "batch": mine["mean_batch"],
        "prompt": mine["prompt_mean"],
    }
    title = course.at(f"act2.sides.{side}.title")
    return [
        f"**{title}** {course.say(f'{PATH}.distance', None, yours)}",
        course.say(f"{PATH}.case", None, case),
        _cell(course, row.ttft_s, predicted, "ttft_mean_s"),
        _cell(course, row.tpot_s, predicted, "tpot_mean_s"),
    ]


def _cell(course: Course, measured: float, predicted: Result | None, key: str, form: str = "cell") -> str:
    model = predicted.get(key) if predicted else None
    error = wording.NOT_YET if model is None else _signed(float(model) / measured - 1)
    return course.say(f"{PATH}.{form}", None, {"measured": measured, "model": model, "error": error})


def _tails(course: Course, at: Hand) -> Frame:
    """The tail of a measured server at several loads."""
    result = at.results.get(tails.request_of(course))
    rows = []
    for i, tail in enumerate(tails.rows(course)):
        predicted = {name: result[name][i] for name in tails.FIGURES} if result and result["runs"] else None
        cells = (
            _cell(course, measured, predicted, name, "tail_cell")
            for measured, name in zip((tail.ttft_s, tail.tpot_s), tails.FIGURES, strict=True)
        )
        rows.append([wording.show(tail.rate, "sig"), *cells])
    return {
        "act2.tails.head": {"head": course.at(f"{PATH}.tail_columns")},
        "act2.tails.body": {"rows": rows},
        "act2.tails.source": {"text": course.say(f"{PATH}.tails_source", None, course.at("measurements.tails"))},
    }


def _signed(share: float) -> str:
    return ("+" if share > 0 else "") + wording.show(share, "pct")


def _ladder(course: Course, at: Hand, row: Measured | None) -> Frame:
    words: Mapping[str, str] = course.at(f"{PATH}.ladder")
    if row is None:
        return {"act2.ladder.intro": {"text": ""}, "act2.ladder.head": {"head": []}, "act2.ladder.body": {"rows": []}}
    rungs = receipts.ladder(course, row, at.results.get(receipts.request_of(course, row)))
    rows = [
        [words[rung], wording.show(value, "ms"), wording.NOT_YET if value is None else _signed(value / row.tpot_s - 1)]
        for rung, value in rungs.items()
    ]
    return {
        "act2.ladder.intro": {"text": wording.fill(words["intro"], {"side": "A", "measured": row.tpot_s})},
        "act2.ladder.head": {"head": list(words["columns"])},
        "act2.ladder.body": {"rows": rows},
    }
