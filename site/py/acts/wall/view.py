"""Act I as a frame: the prediction, its reality, the twist, the reflection; the calculator has its own file."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import charts
import engine
from acts.wall import blocks_view, calculator, happens, wall_view
from acts.wall.calculator import Desk
from acts.wall.controls import FULL, ID, KV_HEADS
from acts.wall.shape import Prediction
from acts.wall.users import sizes, users_numbers
from content import wording
from content.course import Course
from content.shapes import of_context
from content.wording import Number, Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from state.questions import Answer
from views import parts

Sums = Mapping[str, float]
PREDICTION, REFLECTION = f"{ID}.prediction", f"{ID}.reflection"


def frame(course: Course, state: store.State) -> Frame:
    """Everything in Act I. What lies behind the prediction is empty until it is committed, not only hidden."""
    found = _scenario(course, state)
    if store.answer(state, PREDICTION) is None:
        return found
    rest = store.at_rest(state)
    numbers = _numbers(course, state)
    return {
        **found,
        **parts.control_frames(course, state, ID),
        **calculator.frame(course, state),
        **wall_view.frame(course, state),
        **wall_view.twist(course, state, store.asked(course, state, PREDICTION)),
        **_twist(course, numbers, state.value(KV_HEADS) != FULL),
        **_families_chart(course, calculator.desk(course, rest), happens.pasted(state), state.theme),
        **blocks_view.frame(course, rest),
    }


def _numbers(course: Course, state: store.State) -> Numbers:
    return users_numbers(course, store.asked(course, state, PREDICTION))


def _scenario(course: Course, state: store.State) -> Frame:
    """What the act says of its scenario, whatever the controls say."""
    numbers, locked = _numbers(course, state), store.answer(state, PREDICTION)
    found = {
        **_message(course, state.context, numbers),
        **wall_view.before(course, state.context, store.asked(course, state, PREDICTION)),
        **parts.question(course, state, PREDICTION, numbers),
        "act1.revealed": {"hidden": locked is None},
    }
    if locked is None:
        return found
    return {
        **found,
        **_reality(course, locked, numbers, sizes(course, store.asked(course, state, PREDICTION))["users"]),
        **wall_view.reveal(course, state, store.asked(course, state, PREDICTION)),
        **parts.feedback(course, state, PREDICTION),
        **parts.question(course, state, REFLECTION, numbers),
        **parts.feedback(course, state, REFLECTION),
        **_mathematics(course, numbers),
    }


@remembered
def _message(course: Course, context: str, numbers: Numbers) -> Frame:
    message = course.at(f"act1.message.{context}")
    return {
        "act1.message.from": {"text": message["from"]},
        "act1.message.text": {"text": wording.fill(message["text"], numbers)},
    }


@remembered
def _mathematics(course: Course, numbers: Numbers) -> Frame:
    return parts.mathematics(course, ID, numbers)


@remembered
def _reality(course: Course, locked: Answer, numbers: Numbers, users: float) -> Frame:
    option, context = course.option(PREDICTION, locked.option), locked.context
    guess = next((g.stands_for for g in course.read(Prediction, PREDICTION).options if g.id == locked.option), None)
    ratio = guess / users if guess and users else None
    unit = course.about(context).unit
    return {
        "act1.reality.said": {"text": f"{of_context(option.text, context)} {unit}" if option else wording.NOT_YET},
        "act1.reality.physics": {"text": wording.united(wording.show(users, "n"), unit)},
        "act1.reality.ratio": {"text": wording.show(ratio, "x")},
        "act1.reality.basis": {"text": course.say("act1.reality.basis", context, numbers)},
        "act1.reality.reserve": {"text": course.say("act1.reality.reserve", context, numbers)},
    }


# --- The twist ---------------------------------------------------------------------------------------------------------


@remembered
def _twist(course: Course, numbers: Numbers, published: bool) -> Frame:
    return {
        "act1.twist.text": {"text": course.say("act1.twist.text", None, numbers)},
        "act1.twist.label": {"text": course.say("act1.twist.switch", None, numbers)},
        "act1.twist.switch": {"checked": published},
        "act1.twist.outcome": {
            "text": course.say("act1.twist.on" if published else "act1.twist.off", None, numbers),
            "state": "good" if published else "info",
        },
    }


# --- Attention families ------------------------------------------------------------------------------------------------

PRECISIONS = (16, 8, 4)  # bits a cached value


def family_rows(desk: Desk, pasted: engine.Model | None, sums: Sums) -> list[dict[str, Any]]:
    """Every model on offer at every precision of the cache: {name, family, here, sizes}, the leanest first.

    `sizes` holds, for each of PRECISIONS, (bytes that a token costs at this length, users that then fit); `here` is the
    place of the calculator's precision in it, None for other models than the calculator's. `found` are its numbers. The
    memory is the same for all, what the calculator has left, so that only what a token leaves behind makes a difference,
    and how often it is kept: the bytes are of one copy, the users count the copies that the calculator's GPUs hold,
    and a state where the model keeps one.
    """
    chosen = desk.deployment
    tokens, left = int(sums["context_tokens"]), max(0, int(sums["left_bytes"]))
    rows = []
    for model, name in family_names(desk.course, pasted, chosen.model).items():
        each = [engine.kv_bytes(model, tokens, bits) for bits in PRECISIONS]
        whole = [engine.request_bytes(replace(chosen, model=model, kv_bits=bits), tokens) for bits in PRECISIONS]
        rows.append(
            {
                "name": name,
                "family": "window" if model.local_layers else model.attention,
                "here": PRECISIONS.index(chosen.kv_bits) if model == chosen.model else None,
                "sizes": [(size / tokens, left // user) for size, user in zip(each, whole, strict=True)],
            }
        )
    return sorted(rows, key=lambda row: row["sizes"][0][0])


@remembered
def family_names(course: Course, pasted: engine.Model | None, chosen: engine.Model) -> dict[engine.Model, str]:
    """The models to compare, each with a name of its own: the catalogue, the textbook's shape, a pasted one, the chosen one."""
    words, start = course.at("act1.twist"), course.at("act1.deployment")
    textbook = course.models[start["model"]].with_kv_heads(start["kv_heads"])
    names = {model: model.name for model in course.models.values()}
    for model in (pasted, textbook, chosen):
        if model is not None and model not in names:
            key = "families_pasted" if model == pasted else "families_heads"
            names[model] = wording.fill(words[key], {"model": model.name, "heads": model.kv_heads})
    return names


@remembered
def _families_chart(course: Course, desk: Desk, pasted: engine.Model | None, theme: str) -> Frame:
    words, found = course.at("act1.twist"), calculator.numbers(desk)
    rows = family_rows(desk, pasted, found)
    least, most = rows[0], rows[-1]
    ends = {"least_name": least["name"], "least_bytes": least["sizes"][0][0]}
    ends |= {"most_name": most["name"], "most_bytes": most["sizes"][0][0]}
    mine = next(row for row in rows if row["here"] is not None)
    bytes_here, users_here = mine["sizes"][mine["here"]]
    said: dict[str, Number] = {**found, **ends, "span": most["sizes"][0][0] / least["sizes"][0][0]}
    said |= dict(zip(("most_bits", "middle_bits", "least_bits"), PRECISIONS, strict=True))
    said |= {"left_bytes": max(0, int(found["left_bytes"] or 0))}
    said |= {"here_name": mine["name"], "here_bytes": bytes_here, "here_users": users_here}
    bits = [wording.fill(words["families_bits"], {"bits": bits}) for bits in PRECISIONS]
    figure = charts.families_chart(rows, words["families_kinds"], words, theme)
    table = [[_marked(row), words["families_kinds"][row["family"]], *map(_size_cell, row["sizes"])] for row in rows]
    caption, describe = (wording.fill(words[f"families_{key}"], said) for key in ("caption", "describe"))
    head = [*words["families_columns"], *bits]
    key = [f"{sign} {words['families_kinds'][family]}" for family, sign in charts.memory.KEY.items()]
    chart = parts.chart("act1.families", words["families_title"], caption, describe, figure, head, table)
    return {"act1.families.key": {"items": key}, **chart}


def _marked(row: dict[str, Any]) -> str:
    return row["name"] if row["here"] is None else f"**{row['name']}**"


def _size_cell(size: tuple[float, float]) -> str:
    return f"{wording.show(size[0], 'bytes')} · {wording.show(size[1], 'n')}"
