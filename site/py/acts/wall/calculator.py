"""The KV-cache calculator of Act I as a frame: derivation, cards, split, chart, and a state with a way out that holds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property, lru_cache
from typing import Any

import charts
import engine
from acts.promises import serving
from acts.wall import happens
from acts.wall.controls import CONTEXT, FULL, ID, KV_BITS, NAIVE, PASTED, PATH, PUBLISHED
from content import wording
from content.control import Choice, Control, Range, Value
from content.controls import controls
from content.course import Course
from content.wording import Numbers
from page.page import Frame
from page.remembered import remembered
from state import store
from views import parts

Sums = dict[str, float]
Settings = Mapping[str, Value]

BUFFERS = (
    "activations",
    "context",
    "sampler",
    "experts",
)  # what an engine keeps for itself, in the order of the derivation


@dataclass(frozen=True)
class Desk:
    """What the calculator works with: the course, the models on offer (a pasted one included), the controls' values."""

    course: Course
    models: Mapping[str, engine.Model]
    settings: Settings

    @cached_property
    def deployment(self) -> engine.Deployment:
        """What the controls describe."""
        settings, model = self.settings, self.models[str(self.settings["act1.model"])]
        if settings["act1.kv_heads"] == FULL:
            model = model.with_kv_heads(model.query_heads)
        bits = (int(settings["act1.weight_bits"]), int(settings["act1.kv_bits"]))
        return engine.Deployment(model, self.course.gpus[str(settings["act1.gpu"])], int(settings["act1.gpus"]), *bits)

    def with_settings(self, changed: Settings) -> "Desk":
        """The same desk with some controls at other values."""
        return replace(self, settings={**self.settings, **changed})


def desk(course: Course, state: store.State) -> Desk:
    """The desk of a state."""
    here = state.settings[state.context]
    own = {id: value for id, value in here.items() if id.startswith(f"{ID}.")}
    return Desk(course, happens.models(course, state), own)


def frame(course: Course, state: store.State) -> Frame:
    """Everything that the calculator shows for its controls."""
    problem = state.problems.get(PASTED)
    length = store.control(course, state, CONTEXT)
    return {**_shown(desk(course, state), length, state.theme), **_paste(course, problem, happens.pasted(state))}


@remembered
def _shown(here: Desk, length: Control, theme: str) -> Frame:
    course, found = here.course, numbers(here)
    text, mark = _state(here, found)
    return {
        "act1.sources": {"text": _sources(here)},
        "act1.state": {"text": text, "state": mark},
        "act1.card.users": {"text": wording.show(found["users"], "n"), "state": mark},
        "act1.card.kv_user": {"text": wording.show(found["kv_user_bytes"], "bytes")},
        "act1.card.left": {"text": wording.show(found["left_bytes"], "gib")},
        **_split(course, found),
        "act1.derivation": {"rows": _derivation(course, found)},
        **_chart(here, length, found, theme),
    }


# --- The numbers -------------------------------------------------------------------------------------------------------


def reserve(at: Desk) -> engine.Reserve:
    """The reserve that the last control asks for."""
    return engine.NAIVE if at.settings["act1.reserve"] == NAIVE else serving.reserve_of(at.course, at.deployment)


def users(at: Desk) -> int:
    """How many users fit."""
    return engine.max_users(at.deployment, int(at.settings["act1.context"]), reserve(at))


OF_MODEL = (
    "parameters", "latent_dim", "full_layers", "local_layers", "window_tokens", "index_layers", "max_context_tokens",
)  # fmt: skip


def numbers(at: Desk) -> Sums:
    """The calculator's numbers: bytes, tokens, whole users."""
    described, kept = at.deployment, reserve(at)
    model, tokens = described.model, int(at.settings["act1.context"])
    plan, fit = engine.memory_plan(described, kept), users(at)
    copies = engine.kv_copies(described)
    each = engine.request_bytes(described, tokens)
    held = each * fit
    return {
        **engine.worked(described, tokens),
        **{name: getattr(model, name) for name in OF_MODEL},
        "gpus": described.gpus,
        "gpu_bytes": described.gpu.memory_bytes,
        "context_tokens": tokens,
        "bytes_per_weight": described.weight_bits / 8,
        "cache_layers": model.full_layers + model.local_layers,
        "full_values": engine.layer_values(model)[0],
        "local_values": engine.layer_values(model)[1],
        "copies": copies,
        "window_copies": engine.window_copies(described),
        "state_bytes": engine.state_bytes(model),
        "sparse_bytes": engine.sparse_bytes(model, described.kv_bits),
        "request_bytes": each,
        "utilization": kept.utilization,
        "visible_bytes": described.gpu.usable_bytes,
        "outside_bytes": plan["outside_utilization_bytes"],
        "weights_bytes": plan["weights_bytes"],
        "weight_bits": described.weight_bits,
        **{f"{name}_bytes": size * described.gpus for name, size in kept.buffers},
        "kept_bytes": plan["outside_utilization_bytes"] + plan["activation_bytes"],
        "usable_bytes": plan["total_bytes"] - plan["outside_utilization_bytes"] - plan["activation_bytes"],
        "left_bytes": plan["kv_budget_bytes"],
        "users": fit,
        "kv_bytes": held,
        "free_bytes": max(0, plan["total_bytes"] - plan["weights_bytes"] - held),
        "viable_users": at.course.at(f"{PATH}.viable_users"),
    }


def _sources(at: Desk) -> str:
    """Where the chosen model's and GPU's figures come from."""
    described = at.deployment
    named = {"model": described.model.name, "model_source": described.model.source}
    named |= {"gpu": described.gpu.name, "gpu_source": described.gpu.source}
    return at.course.say(f"{PATH}.sources", None, named)


# --- The state and the way out -----------------------------------------------------------------------------------------


def _state(at: Desk, sums: Sums) -> tuple[str, str]:
    """A sentence and a mark. What fails says what is needed, what is there, and changes that were tried and help."""
    needs, has = (sums["weights_bytes"], sums["usable_bytes"])
    if sums["left_bytes"] > 0:
        needs, has = (sums["request_bytes"], sums["left_bytes"])
    if sums["left_bytes"] <= 0:
        name, mark, wished = "too_small", "fail", 1.0
    elif sums["users"] == 0:
        name, mark, wished = "no_user", "fail", 1.0
    elif sums["users"] < sums["viable_users"]:
        name, mark, wished = "tight", "warn", sums["viable_users"]
    else:
        name, mark, wished = "viable", "good", 0.0
    way = way_out(at, int(wished)) if wished else ""
    said: Numbers = {**sums, "needs_bytes": needs, "has_bytes": has, "way_out": way}
    text = at.course.say(f"{PATH}.states.{name}", None, said)
    if sums["context_tokens"] > sums["max_context_tokens"]:
        beyond = at.course.say(f"{PATH}.states.beyond", None, {**sums, "model": at.deployment.model.name})
        text = wording.sentences([text, beyond])
    return text, mark


def way_out(at: Desk, wished: int) -> str:
    """The single changes after which `wished` users fit, as a sentence; each was computed, none is a guess."""
    helping: dict[str, str] = {}
    for kind, words, changed in _changes(at):
        if kind not in helping and users(at.with_settings(changed)) >= wished:
            helping[kind] = words
    states: Mapping[str, str] = at.course.at(f"{PATH}.states")
    if not helping:
        return states["way_none"]
    first, *rest = helping.values()
    joined = states["way_or"].join([wording.listed([first, *rest[:-1]]), rest[-1]]) if rest else first
    return wording.fill(states["way_title" if rest else "way_one"], {"changes": joined})


def _changes(at: Desk) -> Iterator[tuple[str, str, Settings]]:
    """Single changes worth trying, (kind, words, settings), within a kind the smallest step first."""
    table, states = controls(at.course), at.course.at(f"{PATH}.states")
    context, counts = table["act1.context"], table["act1.gpus"]
    now = {key: int(at.settings[f"act1.{key}"]) for key in ("context", "gpus", "weight_bits", "kv_bits")}
    shorter = now["context"] // 2
    while isinstance(context, Range) and shorter >= context.minimum:
        yield "context", wording.fill(states["way_context"], {"value": shorter}), {"act1.context": shorter}
        shorter //= 2
    offered = [int(gpus) for gpus, _ in counts.options] if isinstance(counts, Choice) else []
    for gpus in offered:
        if gpus > now["gpus"]:
            yield "gpus", wording.fill(states["way_gpus"], {"value": gpus}), {"act1.gpus": gpus}
    if at.settings["act1.kv_heads"] == FULL:
        yield "kv_heads", states["way_kv_heads"], {"act1.kv_heads": PUBLISHED}
    for name in ("kv_bits", "weight_bits"):
        if now[name] > 8:
            yield name, states[f"way_{name}"], {f"act1.{name}": 8}


# --- Cards, derivation, chart ------------------------------------------------------------------------------------------


def _split(course: Course, sums: Sums) -> Frame:
    total = sums["cluster_bytes"]
    weights = min(1.0, sums["weights_bytes"] / total)
    kv = min(1.0 - weights, sums["kv_bytes"] / total)
    legend = [course.say(f"{PATH}.split.{part}", None, sums) for part in ("weights", "kv", "free")]
    return {
        "act1.card.split": {"text": f"{wording.show(weights, 'pct')} · {wording.show(kv, 'pct')}"},
        "act1.split": {"label": wording.listed(legend)},
        "act1.split.weights": {"width": _percent(weights)},
        "act1.split.kv": {"x": _percent(weights), "width": _percent(kv)},
        "act1.split.legend": {"items": legend},
    }


def _percent(share: float) -> str:
    return f"{share * 100:.2f}%"


def _derivation(course: Course, sums: Sums) -> list[list[str]]:
    mixed = sums["full_values"] not in (sums["local_values"], 2 * sums["kv_heads"] * sums["head_dim"])
    mixed |= bool(sums["local_layers"]) and sums["full_values"] != sums["local_values"]
    lines = ["kv_token_latent" if sums["latent_dim"] else "kv_token_mixed" if mixed else "kv_token"]
    lines += ["kv_user_window" if sums["local_layers"] else "kv_user"]
    alike = sums["copies"] == sums["window_copies"]
    lines += [] if alike and sums["copies"] == 1 else ["copies" if alike else "copies_mixed"]
    lines += ["state"] if sums["state_bytes"] else []
    lines += ["total"]
    lines += ["outside", *(name for name in BUFFERS if f"{name}_bytes" in sums)] if sums["kept_bytes"] else []
    lines += ["checkpoint" if sums["kept_bytes"] and sums["weight_bits"] < 16 else "weights", "left"]
    lines += ["users"] if sums["request_bytes"] == sums["kv_user_bytes"] else ["whole", "users_whole"]
    told = [parts.filled(course.at(f"{PATH}.derivation.{line}"), sums) for line in lines]
    if sums["sparse_bytes"]:  # the first line multiplies what attention keeps
        alone = {**sums, "kv_token_bytes": sums["kv_token_bytes"] - sums["sparse_bytes"]}
        told[:1] = [parts.filled(course.at(f"{PATH}.derivation.{line}"), alone) for line in (lines[0], "index")]
    return told


_users_over_context = lru_cache(maxsize=1)(
    engine.users_over_context
)  # nothing of it changes while the context is dragged


@lru_cache(maxsize=4)
def _lengths(course: Course, most: int) -> tuple[int, ...]:
    """The lengths of the chart in tokens: the slider's own, and beyond them by a fifth up to what a pasted model allows."""
    control: Any = controls(course)[CONTEXT]
    found = list(range(int(control.minimum), int(min(most, control.maximum)) + 1, int(control.step)))
    while found[-1] < most:
        found.append(min(most, found[-1] * 6 // 5))
    return tuple(found)


def _chart(at: Desk, length: Control, sums: Sums, theme: str) -> Frame:
    assert isinstance(length, Range)
    described, kept = at.deployment, reserve(at)
    least, most = int(length.minimum), int(length.maximum)
    contexts = _lengths(at.course, most)
    fit = _users_over_context(described, contexts, kept)
    words = at.course.at(f"{PATH}.chart")
    ends = {"first_tokens": contexts[0], "first_users": fit[0], "last_tokens": contexts[-1], "last_users": fit[-1]}
    said: Numbers = {**sums, **{key: float(value) for key, value in ends.items()}}
    here = (sums["context_tokens"], sums["users"])
    precisions = (replace(described, kv_bits=bits) for bits in KV_BITS)
    span = [engine.max_users(other, tokens, kept) for other in precisions for tokens in (least, most)]
    figure = charts.users_chart(contexts, fit, here, sums["viable_users"], span, words, theme)
    rows = [
        [
            wording.show(tokens, "n"),
            wording.show(engine.kv_bytes(described.model, tokens, described.kv_bits), "bytes"),
            wording.show(engine.max_users(described, tokens, kept), "n"),
        ]
        for tokens in (least << i for i in range(20))
        if tokens <= most
    ]
    shown = "caption" if fit[0] else "nobody"  # the shortest length is the one that most users fit at
    caption, describe = (wording.fill(words[key], said) for key in (shown, "describe"))
    return parts.chart("act1.chart", words["title"], caption, describe, figure, words["columns"], rows)


# --- Another model, from its config.json -------------------------------------------------------------------------------


@remembered
def _paste(course: Course, problem: str | None, model: engine.Model | None) -> Frame:
    """What became of a pasted config.json: the model that was read, or a sentence that names what could not be."""
    if problem:
        return {"act1.paste.note": {"text": problem, "state": "warn"}}
    if model is None:
        return {"act1.paste.note": {"text": "", "state": None}}
    understood = {
        "read": True,
        "read_experts": model.experts,
        "read_windows": model.local_layers,
        "read_state": model.state_layers,
        "read_both": model.state_values and not model.state_layers,
        "read_shared": model.shared_layers,
        "read_bare": model.bare_layers,
        "read_precision": model.precision,
        "read_bits_unknown": engine.bits_unknown(model),
        "read_part": model.text_part,
        "read_limit": model.max_context_tokens >= engine.ANY_CONTEXT,
    }
    named = read_numbers(model)
    said = [course.say(f"{PATH}.paste.{line}", None, named) for line, holds in understood.items() if holds]
    return {"act1.paste.note": {"text": wording.sentences(said), "state": "good"}}


def read_numbers(model: engine.Model) -> Numbers:
    """What the note about a model that was read may say: its fields, and bytes a token at 16 bits."""
    return {
        **{field.name: getattr(model, field.name) for field in fields(model)},
        "model": model.name,
        "family": model.attention.upper(),
        "full_layers": model.full_layers,
        "kv_token_bytes": engine.kv_bytes_per_token(model, 16),
        "late_token_bytes": engine.kv_bytes_per_late_token(model, 16),
        "state_bytes": engine.state_bytes(model),
    }
