"""What happens in Act I: the twist is flipped, a config.json is pasted; and how far its controls reach then."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import engine
from acts.wall import blocks
from acts.wall.actions import ConfigPasted, TwistFlipped
from acts.wall.controls import CONTEXT, FULL, ID, KV_HEADS, MODEL, PASTED, PATH, PUBLISHED
from content import wording
from content.control import Choice, Control, Range
from content.course import Course, Job
from state import store
from state.act import Reducer
from state.store import Action, State


@dataclass(frozen=True)
class Kept:
    """What the act keeps beside its controls. pasted: the model read from a pasted config.json."""

    pasted: engine.Model | None = None


def pasted(state: State) -> engine.Model | None:
    """The model that was pasted, None without one."""
    return state.kept(ID, Kept()).pasted


def models(course: Course, state: State) -> Mapping[str, engine.Model]:
    """The models on offer by id: the catalogue's, and the one that was pasted."""
    model = pasted(state)
    return course.models if model is None else {**course.models, PASTED: model}


def is_revealed(course: Course, state: State) -> bool:
    """Whether the act's instruments may be seen."""
    return store.is_revealed(course, state, ID)


def control(course: Course, state: State, made: Control) -> Control:
    """A control as it is now: the context reaches as far as a pasted model says, or as it was set with one; without a pasted
    model none can be chosen."""
    if made.id == MODEL and isinstance(made, Choice) and pasted(state) is None:
        return replace(made, unready={PASTED: course.at(f"{PATH}.paste.first")})
    if made.id != CONTEXT or not isinstance(made, Range):
        return made
    chosen = pasted(state) if state.value(MODEL) == PASTED else None
    return made.reaching(_longest(chosen), float(state.value(CONTEXT)))


def _longest(model: engine.Model | None) -> float:
    """The context that a model's makers name, 0 where none is known."""
    return model.max_context_tokens if model and model.max_context_tokens < engine.ANY_CONTEXT else 0


def needed(course: Course, state: State) -> list[Job]:
    """The memory that the replay shows, once the act is revealed."""
    return (
        [blocks.request_of(course, state.settings[state.context], state.context)] if is_revealed(course, state) else []
    )


# --- Reducers ------------------------------------------------------------------------------------------------------------


def _twist_flipped(course: Course, state: State, action: TwistFlipped) -> State:
    return store.with_settings(course, state, {KV_HEADS: PUBLISHED if action.published else FULL})


def _config_pasted(course: Course, state: State, action: ConfigPasted) -> State:
    try:
        text = engine.config_text(action.text)
        model = _model_of(text)
    except engine.ConfigError as mistake:
        return replace(state, problems={**state.problems, PASTED: course.told("config", [mistake])})
    problems = {key: text for key, text in state.problems.items() if key not in (PASTED, MODEL)}
    state = replace(state, problems=problems).keeping(ID, Kept(model))
    return store.with_settings(course, state, {MODEL: PASTED, KV_HEADS: PUBLISHED})


def _model_of(config: str) -> engine.Model:
    """The model of a config.json, under a name that is a name: it is shown, and comes from anyone. Raises ConfigError."""
    model = engine.model_from_config(config)
    return replace(model, name=wording.as_name(model.name) or PASTED)


REDUCERS: dict[type[Action], Reducer] = {TwistFlipped: _twist_flipped, ConfigPasted: _config_pasted}


# --- Between visits ------------------------------------------------------------------------------------------------------


def saved(state: State) -> Mapping[str, Any]:
    """What is kept between visits: the pasted model."""
    model = pasted(state)
    return {PASTED: None if model is None else engine.model_to_plain(model)}


def restored(state: State, saved: Mapping[str, Any]) -> State:
    """The state with the model that was pasted in the last visit. Earlier versions kept the text of its config.json."""
    try:
        if isinstance(saved.get("config"), str):
            return state.keeping(ID, Kept(_model_of(saved["config"])))
        return (
            state.keeping(ID, Kept(engine.model_from_plain(saved[PASTED]))) if saved.get(PASTED) is not None else state
        )
    except engine.PhysicsError:
        return state
