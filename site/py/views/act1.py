"""Act I as a frame: the prediction, its reality, the twist, the reflection; the calculator has its own file."""

from typing import Any

import charts
import engine
import oracles
import store
import wording
from controls import FULL
from course import Course
from page import Frame
from views import blocks_view, calculator, parts
from wording import Number

Numbers = dict[str, Number]


def frame(course: Course, state: store.State) -> Frame:
    """Everything in Act I. What lies behind the prediction is empty until it is committed, not only hidden."""
    asked = store.asked(course, state, "act1.prediction")
    numbers = oracles.users_numbers(course, asked)
    revealed = store.answer(state, "act1.prediction") is not None
    message = course.at(f"act1.message.{state.context}")
    found: Frame = {
        "act1.message.from": {"text": message["from"]},
        "act1.message.text": {"text": wording.fill(message["text"], numbers)},
        **parts.question(course, state, "act1.prediction", numbers),
        "act1.revealed": {"hidden": not revealed},
    }
    if not revealed:
        return found
    return {
        **found,
        **_reality(course, state, numbers),
        **parts.control_frames(course, state, "act1"),
        **calculator.frame(course, state),
        **_twist(course, state, asked, numbers),
        **blocks_view.frame(course, state),
        **parts.question(course, state, "act1.reflection", numbers),
        **parts.feedback(course, state, "act1.reflection"),
        **parts.mathematics(course, "act1", numbers),
    }


def _reality(course: Course, state: store.State, numbers: Numbers) -> Frame:
    locked = store.answer(state, "act1.prediction")
    option = course.option("act1.prediction", locked["option"]) if locked else None
    guess = option.get("stands_for") if option else None
    ratio = guess / numbers["users"] if guess and numbers["users"] else None
    unit = next(c["unit"] for c in course.at("course.contexts") if c["id"] == state.context)
    return {
        "act1.reality.said": {"text": f"{option['text']} {unit}" if option else wording.NOT_YET},
        "act1.reality.physics": {"text": wording.united(wording.show(numbers["users"], "n"), unit)},
        "act1.reality.ratio": {"text": wording.show(ratio, "x")},
        "act1.reality.basis": {"text": course.say("act1.reality.basis", state.context, numbers)},
        "act1.reality.reserve": {"text": course.say("act1.reality.reserve", state.context, numbers)},
        **parts.feedback(course, state, "act1.prediction"),
    }


# --- The twist ---------------------------------------------------------------------------------------------------------


def _twist(course: Course, state: store.State, asked: oracles.Scenario, numbers: Numbers) -> Frame:
    published = state.value("act1.kv_heads") != FULL
    return {
        "act1.twist.text": {"text": course.say("act1.twist.text", None, numbers)},
        "act1.twist.label": {"text": course.say("act1.twist.switch", None, numbers)},
        "act1.twist.switch": {"checked": published},
        "act1.twist.outcome": {
            "text": course.say("act1.twist.on" if published else "act1.twist.off", None, numbers),
            "state": "good" if published else "info",
        },
        **_families_chart(course, state, asked, numbers),
    }


def family_points(course: Course, asked: oracles.Scenario, numbers: Numbers) -> list[dict[str, Any]]:
    """Every model of the catalogue as a point: KV bytes a token leaves at this length, and the users that then fit."""
    tokens, left = asked["context_tokens"], float(numbers["left_bytes"])
    bits = course.at("act1.deployment.kv_bits")
    scenario_model = course.models[asked["model"]].with_kv_heads(asked["kv_heads"])
    found = []
    for model in (scenario_model, *course.models.values()):
        user = engine.kv_bytes(model, tokens, bits)
        name = f"{model.name}, {model.kv_heads} KV heads" if model is scenario_model else model.name
        found.append({"name": name, "family": model.attention, "x": user / tokens, "user": user, "y": left // user})
    return sorted(found, key=lambda point: point["x"])


def _families_chart(course: Course, state: store.State, asked: oracles.Scenario, numbers: Numbers) -> Frame:
    points, words = family_points(course, asked, numbers), course.at("act1.twist")
    least, most = points[0], points[-1]
    ends = {"least_name": least["name"], "least_bytes": least["x"], "most_name": most["name"], "most_bytes": most["x"]}
    said: Numbers = {**numbers, **ends, "span": most["x"] / least["x"]}
    names = {"line": words["families_line"], "x": words["families_x"], "y": words["families_y"]}
    rows = [
        [
            p["name"],
            p["family"].upper(),
            wording.show(p["x"], "bytes"),
            wording.show(p["user"], "bytes"),
            wording.show(p["y"], "n"),
        ]
        for p in points
    ]
    caption, describe = (wording.fill(words[f"families_{key}"], said) for key in ("caption", "describe"))
    figure = charts.families_chart(points, names, state.theme)
    return parts.chart(
        "act1.families", words["families_title"], caption, describe, figure, words["families_columns"], rows
    )
