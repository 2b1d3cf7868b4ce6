"""Act I as a frame: the prediction, its reality, the calculator, the twist, the reflection."""

from typing import Any

import numpy

import charts
import engine
import oracles
import serving
import store
import wording
from controls import FULL, NAIVE, controls
from course import Course
from page import Frame
from views import parts
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
        **_calculator(course, state),
        **_twist(course, state, asked, numbers),
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
        "act1.reality.physics": {"text": f"{wording.show(numbers['users'], 'n')} {unit}"},
        "act1.reality.ratio": {"text": wording.show(ratio, "x")},
        "act1.reality.basis": {"text": course.say("act1.reality.basis", state.context, numbers)},
        "act1.reality.reserve": {"text": course.say("act1.reality.reserve", state.context, numbers)},
        **parts.feedback(course, state, "act1.prediction"),
    }


# --- The calculator ----------------------------------------------------------------------------------------------------


def calculator_deployment(course: Course, state: store.State) -> engine.Deployment:
    """What the calculator's controls describe."""
    model = course.models[str(state.value("act1.model"))]
    if state.value("act1.kv_heads") == FULL:
        model = model.with_kv_heads(model.query_heads)
    bits = (int(state.value("act1.weight_bits")), int(state.value("act1.kv_bits")))
    return engine.Deployment(model, course.gpus[str(state.value("act1.gpu"))], int(state.value("act1.gpus")), *bits)


def calculator_reserve(course: Course, state: store.State) -> engine.Reserve:
    """The reserve that the calculator's last control asks for."""
    return engine.NAIVE if state.value("act1.reserve") == NAIVE else serving.reserve_of(course)


def calculator_numbers(course: Course, state: store.State) -> Numbers:
    """The calculator's numbers for its current controls: bytes, tokens, whole users."""
    deployment, reserve = calculator_deployment(course, state), calculator_reserve(course, state)
    tokens = int(state.value("act1.context"))
    plan = engine.memory_plan(deployment, reserve)
    model, users = deployment.model, engine.max_users(deployment, tokens, reserve)
    kv_user = engine.kv_bytes(model, tokens, deployment.kv_bits)
    copies = max(1, deployment.gpus // model.kv_heads)
    return {
        **engine.worked(deployment, tokens),
        "gpus": deployment.gpus,
        "gpu_bytes": deployment.gpu.memory_bytes,
        "context_tokens": tokens,
        "parameters": model.parameters,
        "bytes_per_weight": deployment.weight_bits / 8,
        "latent_dim": model.latent_dim,
        "local_layers": model.local_layers,
        "window_tokens": model.window_tokens,
        "copies": copies,
        "model": model.name,
        "max_context_tokens": model.max_context_tokens,
        "outside": 1 - reserve.utilization,
        "activation_bytes": reserve.activation_bytes_per_gpu,
        "kept_bytes": plan["outside_utilization_bytes"] + plan["activation_bytes"],
        "left_bytes": plan["kv_budget_bytes"],
        "users": users,
        "kv_user_bytes": kv_user,
        "kv_bytes": users * kv_user,
        "free_bytes": plan["total_bytes"] - plan["weights_bytes"] - users * kv_user,
        "viable_users": course.at("act1.calculator.viable_users"),
    }


def _calculator(course: Course, state: store.State) -> Frame:
    numbers = calculator_numbers(course, state)
    text, mark = _state(course, numbers)
    return {
        "act1.state": {"text": text, "state": mark},
        "act1.card.users": {"text": wording.show(numbers["users"], "n"), "state": mark},
        "act1.card.kv_user": {"text": wording.show(numbers["kv_user_bytes"], "bytes")},
        "act1.card.left": {"text": wording.show(numbers["left_bytes"], "gib")},
        **_split(course, numbers),
        "act1.derivation": {"rows": _derivation(course, state, numbers)},
        **_users_chart(course, state, numbers),
    }


def _state(course: Course, numbers: Numbers) -> tuple[str, str]:
    """The state of the calculator as a sentence and a mark; a state that fails says what is needed, there, and a way out."""
    path = "act1.calculator.states"
    left, kv_user, users = (float(numbers[key]) for key in ("left_bytes", "kv_user_bytes", "users"))
    has = float(numbers["cluster_bytes"]) - float(numbers["kept_bytes"])
    if left <= 0:
        way = course.at(f"{path}.way_bits")
        per_gpu = has / float(numbers["gpus"])
        enough = [n for n in (1, 2, 4, 8) if per_gpu * n > float(numbers["weights_bytes"])]
        way = (
            course.say(f"{path}.way_more_gpus", None, {"gpus": enough[0]}) + way if enough else way[0].upper() + way[1:]
        )
        shown = {"needs_bytes": numbers["weights_bytes"], "has_bytes": has, "way_out": way}
        return course.say(f"{path}.too_small", None, shown), "fail"
    step = course.at("act1.calculator.context.step")
    tokens = int(left / (kv_user / float(numbers["context_tokens"])) / max(1, _wished(course, users)) // step * step)
    way = course.say(f"{path}.way_kv", None, {"tokens": max(tokens, step)})
    shown = {**numbers, "needs_bytes": kv_user, "has_bytes": left, "way_out": way}
    beyond = float(numbers["context_tokens"]) > float(numbers["max_context_tokens"])
    name, mark = (
        ("no_user", "fail") if users == 0 else ("tight", "warn") if _is_tight(course, users) else ("viable", "good")
    )
    text = course.say(f"{path}.{name}", None, shown)
    return (f"{text} {course.say(f'{path}.beyond', None, numbers)}" if beyond else text), mark


def _is_tight(course: Course, users: float) -> bool:
    return users < course.at("act1.calculator.viable_users")


def _wished(course: Course, users: float) -> int:
    """How many users the way out aims at: one where none fits, else as many as make a node viable."""
    return 1 if users == 0 else course.at("act1.calculator.viable_users")


def _split(course: Course, numbers: Numbers) -> Frame:
    total = float(numbers["cluster_bytes"])
    weights = min(1.0, float(numbers["weights_bytes"]) / total)
    kv = min(1.0 - weights, float(numbers["kv_bytes"]) / total)
    legend = [course.say(f"act1.calculator.split.{part}", None, numbers) for part in ("weights", "kv", "free")]
    return {
        "act1.card.split": {"text": f"{wording.show(weights, 'pct')} · {wording.show(kv, 'pct')}"},
        "act1.split": {"label": ", ".join(legend)},
        "act1.split.weights": {"width": _percent(weights)},
        "act1.split.kv": {"x": _percent(weights), "width": _percent(kv)},
        "act1.split.legend": {"items": legend},
    }


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _derivation(course: Course, state: store.State, numbers: Numbers) -> list[list[str]]:
    lines = ["kv_token_latent" if numbers["latent_dim"] else "kv_token"]
    lines += ["kv_user_window" if numbers["local_layers"] else "kv_user"]
    lines += ["copies"] if numbers["copies"] != 1 else []
    lines += ["total"]
    lines += [] if state.value("act1.reserve") == NAIVE else ["kept"]
    lines += ["weights", "left", "users"]
    return [parts.filled(course.at(f"act1.calculator.derivation.{line}"), numbers) for line in lines]


def _users_chart(course: Course, state: store.State, numbers: Numbers) -> Frame:
    control = controls(course)["act1.context"]
    contexts = numpy.arange(control.minimum, control.maximum + control.step, control.step, dtype=numpy.float64)
    deployment, reserve = calculator_deployment(course, state), calculator_reserve(course, state)
    users = engine.users_over_context(deployment, contexts, reserve)
    words = course.at("act1.calculator.chart")
    here = (float(numbers["context_tokens"]), float(numbers["users"]))
    viable = course.at("act1.calculator.viable_users")
    named = {"first_tokens": contexts[0], "first_users": users[0], "last_tokens": contexts[-1], "last_users": users[-1]}
    said: Numbers = {**numbers, **{key: float(value) for key, value in named.items()}}
    figure = charts.users_chart(contexts.tolist(), users.tolist(), here, viable, words, state.theme)
    rows = [
        [
            f"{wording.show(tokens, 'n')}",
            wording.show(engine.kv_bytes(deployment.model, tokens, deployment.kv_bits), "bytes"),
            wording.show(engine.max_users(deployment, tokens, reserve), "n"),
        ]
        for tokens in (int(control.minimum) * 2**i for i in range(20))
        if tokens <= control.maximum
    ]
    caption, describe = (wording.fill(words[key], said) for key in ("caption", "describe"))
    return parts.chart("act1.chart", words["title"], caption, describe, figure, words["columns"], rows)


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
