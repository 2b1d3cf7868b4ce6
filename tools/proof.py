"""Checks of the content that only running the lab can make, before anyone opens it.

Every text is tried with the numbers that it will be given; every question has exactly one option whose claims hold, in each
context; each option has the feedback that its verdict asks for. The simulations that Act II's questions rest on are run.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

# Names that a view adds for one sentence alone, beside the numbers of the act.
LOCAL = {
    "act1": """
        way_out needs_bytes has_bytes value changes family model model_source gpu gpu_source
        first_tokens first_users last_tokens last_users least_name least_bytes most_name most_bytes span
        here_name here_bytes here_users heads bits
    """,
    "act2": """
        side lead figure change value sign target low high share evicted requests prefill_share a_prefill_p99
        prompt_mean prompt_p99 output_mean source assumption
        cv gpus users prompt output bits batch measured model error date side
    """,
    "insight": "side tokens batch name time which share part whole low high value",
    "sweeps": """
        total done holds some queue unstable never no_start waiting slo requests days seed
        prompt lone limit load most mark ttft state low high
        known front least least_ttft most_ttft own own_ttft own_cost own_tokens policy batch gpus bits configuration side
        score own_score best change cost beyond count counts full
    """,
    "replay": """
        speed step steps blocks block_tokens block_bytes useful later never free running finished title policy said
        requests seconds load at batch idle seats waiting kv whole_s one two source address max_sequence
    """,
    "report": """
        track title course lab student at record links hash persona model question answer verdict
        scheduling max_batch max_sequence load gpus weight_bits state words most most_words numbers
        users prompt_tokens output_tokens date ttft_s tpot_s model_ttft model_tpot side failure needs has policy
        found wanted met limits characters context names basis engine version serve_address bench_address draft_address
        requests duration real_kv_heads max_context_tokens
    """,
}


def problems(course: Any) -> Iterator[str]:
    """A sentence for each text that can't be filled, and each question without exactly one right option."""
    import oracles
    import serving
    import store
    import views
    from course import QUESTIONS

    results: dict[Any, Any] = {}
    for context in course.contexts:
        for question in QUESTIONS:
            asked = oracles.scenario(course, question, context)
            for request in oracles.needs(course, question, asked):
                if request not in results:
                    results[request] = serving.run(course, request)
            yield from _question_problems(course, question, context, asked, results)
    known = views.known_numbers(course, store.initial(course), results)
    for file, local in LOCAL.items():
        names = known.get(file, set()) | set(local.split())
        yield from _text_problems(course.tables[file], f"{file}.toml", names)
    yield from _text_problems(course.tables["course"], "course.toml", known["act1"] | known["act2"])
    yield from _bug_problems(course)


def _question_problems(
    course: Any, question: str, context: str, asked: Any, results: Mapping[Any, Any]
) -> Iterator[str]:
    import oracles

    act, _, part = question.partition(".")
    right = []
    for option in course.at(question)["options"]:
        path = f"{act}.toml: {part}.options.{option['id']}"
        numbers = oracles.numbers(course, question, asked, option["id"], results) or {}
        missing = [claim["measure"] for claim in option["claims"] if claim["measure"] not in numbers]
        if missing:
            yield f"{path}.claims: the oracle has no measure called {missing[0]!r}; expected one of {', '.join(sorted(numbers))}"
            continue
        verdict = "right" if oracles.holds(option["claims"], numbers) else "wrong"
        right += [option["id"]] if verdict == "right" else []
        if verdict not in option:
            yield f"{path}.{verdict}: is missing; expected a feedback, for in the context {context!r} this option is {verdict}"
    if len(right) != 1:
        found = ", ".join(right) or "none"
        yield f"{act}.toml: {part}.options: expected exactly one option to hold in the context {context!r}, found {found}"


def _bug_problems(course: Any) -> Iterator[str]:
    """A bug's mistake must be one, exactly one option must hold, and its sentences can only ask for numbers that it has."""
    import bugs
    from controls import controls

    known = set(bugs.numbers(course))
    for id, bug in bugs.all_of(course).items():
        path, measures = f"bugs.toml: {id}", [claim["measure"] for o in bug.get("options", ()) for claim in o["claims"]]
        missing = [measure for measure in (*measures, bug.get("measure", "users")) if measure not in known]
        if missing:
            yield f"{path}: the engine has no measure called {missing[0]!r}; expected one of {', '.join(sorted(known))}"
            continue
        sentences = {key: bug[key] for key in ("claim", "hint", "right")}
        yield from _text_problems(sentences, path, set(bugs.said(course, id, bug["draft"])))
        control = controls(course)[bugs.control(id)]
        if control.read(bug["draft"], "") != (bug["draft"], None):
            yield f"{path}.draft: expected a value that its control offers, found {bug['draft']!r}"
        elif bugs.verdict(course, id, bug["draft"]) == bugs.RIGHT:
            yield f"{path}.draft: expected a mistake, but with this content {bug['draft']!r} is right"
        right = [o["id"] for o in bug.get("options", ()) if bugs.verdict(course, id, o["id"]) == bugs.RIGHT]
        if "options" in bug and len(right) != 1:
            yield f"{path}.options: expected exactly one option to hold, found {', '.join(right) or 'none'}"


def _text_problems(value: Any, path: str, names: set[str]) -> Iterator[str]:
    import wording

    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _text_problems(inner, f"{path}: {key}" if path.endswith(".toml") else f"{path}.{key}", names)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            name = inner.get("id", i) if isinstance(inner, Mapping) else i
            yield from _text_problems(inner, f"{path}[{name}]", names)
    elif isinstance(value, str):
        for name, form in wording.placeholders(value):
            if name not in names:
                near = difflib.get_close_matches(name, sorted(names), n=5, cutoff=0.3) or sorted(names)
                yield f"{path}: {{{name}}} is no number that is known here; expected one of {', '.join(near)}, ..."
            elif form is not None and form not in wording.FORMATS:
                yield f"{path}: {form!r} is no format; expected one of {', '.join(wording.FORMATS)}"
