"""The figures that stand where the lab can't run: before it is opened, on paper, in an e-book. Every number in them is the
engine's, every word stands in content/embed.toml, and each is drawn for light and dark screens and for print."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tools.drawing import Drawing, Line, Rectangle, Words

WIDTH = 640.0
LEFT, TOP, RIGHT, BOTTOM = 64.0, 84.0, 616.0, 262.0
BATCHES = (1, 2, 4, 8, 16, 32, 64)
MADE = {"light": ("svg",), "dark": ("svg",), "print": ("svg", "pdf")}

# The lab's own colours (css/tokens.css): the weights blue, the cache green; on paper they stand on white.
INKS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "paper": "#f8fafc",
        "text": "#0f172a",
        "soft": "#475569",
        "grid": "#dfe6ee",
        "blue": "#006395",
        "green": "#a6dcbd",
        "grey": "#8090a6",
        "mark": "#00713a",
    },
    "dark": {
        "paper": "#162136",
        "text": "#f1f5f9",
        "soft": "#c3cfde",
        "grid": "#2c3a52",
        "blue": "#3f9ccf",
        "green": "#22634a",
        "grey": "#71829c",
        "mark": "#63d39b",
    },
}
INKS = {**INKS, "print": {**INKS["light"], "paper": "#ffffff"}}

Ink = Mapping[str, str]
Texts = Mapping[str, str]
Numbers = Mapping[str, Any]


def files(course: Any) -> dict[str, bytes]:
    """Every figure by file name, `act1-light.svg` and so on. Raises WordingError for a word that asks for no number."""
    made: dict[str, bytes] = {}
    for name in DRAWN:
        for look, kinds in MADE.items():
            drawing = draw(course, name, look)
            made |= {f"{name}-{look}.{kind}": getattr(drawing, kind)() for kind in kinds}
    return made


def words(course: Any) -> dict[str, dict[str, str]]:
    """Title, caption and alternative text of each choice of acts, "1", "2" and "all", numbers filled in."""
    found = {}
    for act, name in (("1", "act1"), ("2", "act2"), ("all", "act1")):
        texts = _texts(course, name, DRAWN[name][0](course))
        if act == "all":
            texts |= course.at("embed.figures.all")
        found[act] = {"figure": name, **{key: texts[key] for key in ("title", "caption", "alt")}}
    return found


def draw(course: Any, name: str, look: str) -> Drawing:
    """One figure in one look."""
    count, fill = DRAWN[name]
    numbers, ink = count(course), INKS[look]
    texts = _texts(course, name, numbers)
    drawing = Drawing(WIDTH, 0, texts["heading"], texts["alt"])
    drawing.items.append(Words(24, 42, texts["heading"], 20, ink["text"], strong=True))
    fill(drawing, texts, numbers, ink)
    drawing.items.insert(0, Rectangle(0, 0, drawing.width, drawing.height, ink["paper"], 12))
    return drawing


def _texts(course: Any, name: str, numbers: Numbers) -> dict[str, str]:
    from content import wording

    known = {**numbers, "number": "{number}"}  # filled in for each column
    return {key: wording.fill(text, known) for key, text in course.at(f"embed.figures.{name}").items()}


# --- Act I: eight GPUs, the weights in them, and the question -----------------------------------------------------------


def _memory(course: Any) -> Numbers:
    """What Act I's message tells: GPUs, their memory and the weights, in bytes. Not the answer."""
    import engine
    from content.course import short_name

    told = course.at("act1.deployment")
    model, gpu = course.models[told["model"]], course.gpus[told["gpu"]]
    weights = engine.weight_bytes(model, told["weight_bits"])
    sizes = {"gpu_bytes": gpu.memory_bytes, "weights_gpu_bytes": weights / told["gpus"]}
    return {"gpus": told["gpus"], "gpu_short": short_name(gpu.name), "model": model.name, **sizes}


def _draw_memory(drawing: Drawing, texts: Texts, numbers: Numbers, ink: Ink) -> None:
    gib = 2**30
    full, weights = numbers["gpu_bytes"] / gib, numbers["weights_gpu_bytes"] / gib
    _scale(drawing, full, 20, texts["axis"], ink)
    for number in range(1, numbers["gpus"] + 1):
        x, width = _column(number - 1, numbers["gpus"])
        ceiling, floor = _height(full, full), _height(weights, full)
        drawing.items += [
            Rectangle(x, ceiling, width, floor - ceiling, ink["green"]),
            Rectangle(x, floor, width, BOTTOM - floor, ink["blue"]),
            Words(x + width / 2, (ceiling + floor) / 2 + 14, texts["mark"], 40, ink["mark"], "middle", strong=True),
            Words(x + width / 2, BOTTOM + 18, _numbered(texts["column"], number), 12, ink["soft"], "middle"),
        ]
    _key(drawing, BOTTOM + 48, ((ink["green"], texts["room"]), (ink["blue"], texts["weights"])), ink)


# --- Act II: what a step takes, by the batch ----------------------------------------------------------------------------


def _steps(course: Any) -> Numbers:
    """The time of one decoding step by batch size, in s, as three parts; Act II's replica, the model as published."""
    import engine

    told, shared = course.at("act2.deployment"), course.at("act2.shared")
    tokens = course.at("act2.targets.document_tokens")
    bits = (shared["weight_bits_default"], told["kv_bits"])
    model, gpu = course.models[told["model"]], course.gpus[told["gpu"]]
    deployment = engine.Deployment(model, gpu, shared["gpus_default"], *bits)
    cost = engine.StepCost(deployment, engine.calibration_for(deployment, course.calibrations))
    steps = {}
    for batch in BATCHES:
        terms = cost.step(batch, batch * tokens)
        named = {"linear": terms["linear_s"], "attention": terms["decode_attention_s"]}
        steps[batch] = {**named, "rest": terms["total_s"] - sum(named.values()), "total": terms["total_s"]}
    ends = {"first": BATCHES[0], "first_s": steps[BATCHES[0]]["total"]}
    ends |= {"last": BATCHES[-1], "last_s": steps[BATCHES[-1]]["total"]}
    return {"tokens": tokens, "model": model.name, "steps": steps, **ends}


def _draw_steps(drawing: Drawing, texts: Texts, numbers: Numbers, ink: Ink) -> None:
    steps = numbers["steps"]
    unit_ms = 5
    full = unit_ms * -(-numbers["last_s"] * 1e3 // unit_ms)
    parts = (("linear", ink["blue"]), ("attention", ink["mark"]), ("rest", ink["grey"]))
    _scale(drawing, full, unit_ms, texts["axis"], ink)
    for position, batch in enumerate(BATCHES):
        x, width = _column(position, len(BATCHES))
        below = 0.0
        for part, colour in parts:
            above = below + steps[batch][part] * 1e3
            top, bottom = _height(above, full), _height(below, full)
            drawing.items.append(Rectangle(x, top, width, bottom - top, colour))
            below = above
        drawing.items.append(
            Words(x + width / 2, BOTTOM + 18, _numbered(texts["column"], batch), 12, ink["soft"], "middle")
        )
    drawing.items.append(Words((LEFT + RIGHT) / 2, BOTTOM + 36, texts["below"], 12, ink["soft"], "middle"))
    _key(drawing, BOTTOM + 66, [(colour, texts[part]) for part, colour in reversed(parts)], ink)


DRAWN: Mapping[str, tuple[Callable[[Any], Numbers], Callable[[Drawing, Texts, Numbers, Ink], None]]] = {
    "act1": (_memory, _draw_memory),
    "act2": (_steps, _draw_steps),
}


# --- What both are made of ----------------------------------------------------------------------------------------------


def _height(value: float, full: float) -> float:
    """Where a value stands on the upright scale whose top is `full`."""
    return BOTTOM - (BOTTOM - TOP) * value / full


def _column(position: int, count: int) -> tuple[float, float]:
    """Left edge and width of one of `count` columns."""
    room = (RIGHT - LEFT) / count
    return LEFT + room * (position + 0.16), room * 0.68


def _numbered(text: str, number: int) -> str:
    return text.replace("{number}", str(number))


def _scale(drawing: Drawing, full: float, step: float, name: str, ink: Ink) -> None:
    """Lines across at every `step`, numbered, and the name of the scale above them."""
    drawing.items.append(Words(24, TOP - 14, name, 12, ink["soft"]))
    for i in range(int(full // step) + 1):
        y = _height(i * step, full)
        drawing.items.append(Line(LEFT, y, RIGHT, y, ink["grid"]))
        drawing.items.append(Words(LEFT - 8, y + 4, f"{i * step:g}", 12, ink["soft"], "end"))


def _key(drawing: Drawing, y: float, entries: Sequence[tuple[str, str]], ink: Ink) -> None:
    """What each colour means, in the order of the stack, and the end of the drawing below it."""
    for colour, text in entries:
        drawing.items += [Rectangle(LEFT, y - 10, 11, 11, colour, 2), Words(LEFT + 18, y, text, 12, ink["text"])]
        y += 21
    drawing.height = y
