"""A class of snapshots: each checked, all compared with each other, one row for each and histograms for all.

`grade` takes file names and texts and gives the rows; `csv_text` and `summary` write them. Words: content/grading.toml.
"""

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import bugs
import ledger
import oracles
import serving
import wording
from course import QUESTIONS, Course
from grading import SAME_RECORD, SAME_WORK, Checked, Fact, Flag, Runs, check

WIDEST_BAR = 40  # characters
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is a formula to a spreadsheet


def grade(
    course: Course, files: Mapping[str, str], now: str, tell: Callable[[int], None] = lambda done: None
) -> list[Checked]:
    """Every file checked, by name, and those flagged that are the same as another's. `tell` hears how many are done.

    `now` is the time of grading, ISO 8601 in UTC.
    """
    runs, found = Runs(course), []
    for done, name in enumerate(sorted(files), start=1):
        found.append(check(course, runs, name, files[name], now))
        tell(done)
    return _compared(found)


# --- The same work under two names -------------------------------------------------------------------------------------


def _compared(found: list[Checked]) -> list[Checked]:
    """The rows with flags for the same record, or the same deeds at the same times, under two names."""
    readable = [row for row in found if row.snapshot]
    records = _shared(readable, lambda row: row.snapshot["metadata"]["record"])
    works = _shared(readable, lambda row: tuple(fact["id"] for fact in row.facts))
    compared = []
    for row in found:
        others = {SAME_RECORD: records.get(row.file, []), SAME_WORK: works.get(row.file, [])}
        flags = [Flag(kind, ", ".join(names)) for kind, names in others.items() if names]
        compared.append(replace(row, flags=(*row.flags, *flags)))
    return compared


def _shared(rows: Iterable[Checked], key: Callable[[Checked], Any]) -> dict[str, list[str]]:
    """By file: the other files with the same key under another name. A key of nothing is shared by nobody."""
    groups = defaultdict(list)
    for row in rows:
        if key(row):
            groups[key(row)].append(row)
    return {
        row.file: [other.file for other in group if _is_another(row, other)]
        for group in groups.values()
        for row in group
    }


def _is_another(one: Checked, other: Checked) -> bool:
    """Whether two files are two learners': other names, or no name and the same context, which nobody needs twice."""
    named = bool(one.snapshot["student_id"] and other.snapshot["student_id"])
    return name(one) != name(other) and (named or one.snapshot["track"] == other.snapshot["track"])


def name(row: Checked) -> str:
    """Whose file it is: the name in it, or the file's own name where it has none."""
    return " ".join(str(row.snapshot.get("student_id") or row.file).split()).casefold()


def remarks(course: Course, row: Checked, rows: Iterable[Checked]) -> list[str]:
    """What is worth knowing and no reason to doubt: handed in again, incomplete parts."""
    if not row.snapshot:
        return []
    words, mine = course.at("grading.remarks"), row.snapshot
    same = [
        other.file
        for other in rows
        if other.file != row.file
        and other.snapshot
        and (name(other), other.snapshot["track"]) == (name(row), mine["track"])
        and other.snapshot["metadata"]["record"] == mine["metadata"]["record"]
    ]
    found = [wording.fill(words["again"], {"detail": ", ".join(same)})] if same else []
    missing = mine["incomplete_fields"]
    return found + ([wording.fill(words["incomplete"], {"detail": ", ".join(map(str, missing))})] if missing else [])


def flagged(course: Course, row: Checked) -> list[str]:
    """The flags of a row as sentences, one for each kind."""
    details: dict[str, list[str]] = defaultdict(list)
    for flag in row.flags:
        details[flag.kind].append(flag.detail)
    words = course.at("grading.flags")
    return [wording.fill(words[kind], {"detail": ", ".join(found)}) for kind, found in details.items()]


# --- One row for each --------------------------------------------------------------------------------------------------


def cells(course: Course, row: Checked, rows: Iterable[Checked]) -> dict[str, Any]:
    """A row of the table by column, None for what isn't there. Numbers are the file's; the flags say which don't hold."""
    words, mine = course.at("grading.columns"), row.snapshot
    about, result = mine.get("metadata", {}), mine.get("result_snapshot", {})
    found: dict[str, Any] = {
        words["file"]: row.file,
        words["student"]: mine.get("student_id"),
        words["track"]: mine.get("track"),
        words["exported"]: about.get("exported_at"),
        words["minutes"]: _minutes(row.facts),
    }
    for question in QUESTIONS:
        act, _, part = question.partition(".")
        column, fact = wording.fill(words[part], {"act": act}), answer(row, question)
        found[column] = fact["option"] if fact else None
        found[wording.fill(words["right"], {"question": column})] = _right(mine, question)
    found |= _design_cells(words, design(row))
    kinds = Counter(fact["kind"] for fact in row.facts)
    logs = [entry for entry in mine.get("decisions", []) if isinstance(entry, Mapping) and entry.get("kind") == "log"]
    log = logs[0] if logs else {}
    return found | {
        words["ttft_ms"]: result.get("ttft_ms"),
        words["throughput"]: result.get("throughput_tps"),
        words["broke"]: kinds["broke"],
        words["mended"]: kinds["mended"],
        words["log_words"]: log.get("words"),
        words["log_numbers"]: log.get("numbers"),
        words["bugs"]: _bugs(course, mine.get("knob_settings", {})),
        words["remarks"]: "; ".join(remarks(course, row, rows)),
        words["flags"]: "; ".join(flagged(course, row)),
    }


def answer(row: Checked, question: str) -> Fact | None:
    """The fact that answers a question: the first."""
    return next((fact for fact in ledger.of_kind(row.facts, "answered") if fact["question"] == question), None)


def design(row: Checked) -> Fact | None:
    """The design recorded last."""
    return next(reversed(ledger.of_kind(row.facts, "recorded")), None)


def _right(snapshot: Mapping[str, Any], question: str) -> Any:
    entries = (*snapshot.get("predictions", ()), *snapshot.get("reflections", ()))
    return next((entry["right"] for entry in entries if entry["question"] == question), None)


def _minutes(facts: tuple[Fact, ...]) -> float | None:
    if not facts:
        return None
    first, last = (datetime.fromisoformat(facts[i]["at"]) for i in (0, -1))
    return round((last - first).total_seconds() / 60, 1)


def _design_cells(words: Mapping[str, str], recorded: Fact | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for side in serving.SIDES:
        run = recorded["settings"].get(side, {}) if recorded else {}
        short = ("policy", "max_batch", "max_sequence", "load")
        text = " · ".join(str(run.get(key)) for key in short) if run else None
        state = recorded["result"].get(side, {}).get("state") if recorded else None
        found |= {
            wording.fill(words["design"], {"side": side}): text,
            wording.fill(words["state"], {"side": side}): state,
        }
    return found


def _bugs(course: Course, settings: object) -> int | None:
    """How many of the draft's bugs are corrected; None where the settings hold nothing of the exercise."""
    known = settings if isinstance(settings, Mapping) else {}
    tried = {id: known[bugs.control(id)] for id in bugs.all_of(course) if bugs.control(id) in known}
    if not tried:
        return None
    return sum(_is_corrected(course, id, value) for id, value in tried.items())


def _is_corrected(course: Course, id: str, value: object) -> bool:
    try:
        return bugs.judge(course, id, value) == bugs.RIGHT
    except (TypeError, ValueError, OverflowError, StopIteration):  # a value that no control gives
        return False


def csv_text(course: Course, rows: list[Checked]) -> str:
    """The rows as CSV. A cell that a spreadsheet would take for a formula gets an apostrophe before it."""
    table = [cells(course, row, rows) for row in rows]
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(cells(course, Checked(""), []))
    writer.writerows([_cell(value) for value in row.values()] for row in table)
    return made.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return "" if value is None else value


# --- Histograms for all ------------------------------------------------------------------------------------------------


def summary(course: Course, rows: list[Checked]) -> str:
    """The class in words: what is flagged and remarked, and histograms of predictions and designs, as text."""
    words = course.at("grading.report")
    doubtful = {row.file: flagged(course, row) for row in rows if row.flags}
    remarked = {row.file: found for row in rows if (found := remarks(course, row, rows))}
    lines = [wording.fill(words["files"], {"files": len(rows), "flagged": len(doubtful)})]
    for title, told in ((words["flagged"], doubtful), (words["remarks"], remarked)):
        lines += ["", title, *(f"  {file}: {'; '.join(said)}" for file, said in told.items())] if told else []
    lines += [] if doubtful else ["", words["none"]]
    for title, bars in histograms(course, rows):
        lines += ["", title, *_bars(bars)]
    return "\n".join([*lines, "", words["note"], ""])


def histograms(course: Course, rows: list[Checked]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """A title and (label, count) pairs: for each context its questions, the designs recorded, and how those held."""
    words = course.at("grading.report")
    for context in course.at("course.contexts"):
        mine = [row for row in rows if row.snapshot.get("track") == context["id"]]
        for question in QUESTIONS:
            title = course.at("words")[f"question_{question.replace('.', '_')}"]
            given = Counter(fact["option"] for row in mine if (fact := answer(row, question)))
            said = {"question": title, "context": context["label"], "answers": given.total()}
            yield wording.fill(words["question"], said), list(_options(course, question, context["id"], given))
        recorded = [fact for row in mine if (fact := design(row))]
        said = {"context": context["label"], "answers": len(recorded)}
        yield wording.fill(words["designs"], said), _most(_design_words(course, fact) for fact in recorded)
        yield wording.fill(words["states"], said), _most(_state_words(course, fact) for fact in recorded)


def _options(course: Course, question: str, context: str, given: Counter[str]) -> Iterator[tuple[str, int]]:
    """Every option with how often it was given; options that the course doesn't have come last."""
    for option in course.at(question)["options"]:
        text = option["text"] if isinstance(option["text"], str) else option["text"][context]
        yield text, given.pop(option["id"], 0)
    yield from sorted(given.items())


def _most(labels: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
    """How often each label was met, the most frequent first."""
    counts = Counter(label for group in labels for label in group)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _design_words(course: Course, fact: Fact) -> Iterator[str]:
    policies = {policy["id"]: policy["text"] for policy in course.at("act2.policies")}
    for side, run in sorted(fact["settings"].items()):
        said = {"side": side.upper(), "policy": policies.get(run.get("policy"), "?"), "max_batch": run.get("max_batch")}
        yield course.say("grading.report.design", None, said)


def _state_words(course: Course, fact: Fact) -> Iterator[str]:
    for side, result in sorted(fact["result"].items()):
        state = course.at("words").get(f"state_{result.get('state')}", str(result.get("state")))
        yield course.say("grading.report.state", None, {"side": side.upper(), "state": state})


def _bars(bars: list[tuple[str, int]]) -> Iterator[str]:
    most = max((count for _, count in bars), default=0)
    for label, count in bars:
        yield f"  {count:>4}  {'█' * round(WIDEST_BAR * count / most) if most else '':<{WIDEST_BAR}}  {label}"


# --- The answer key ----------------------------------------------------------------------------------------------------


def key(course: Course) -> str:
    """The right option of every question in every context, with the engine's own feedback, and the draft's bugs corrected."""
    runs, lines = Runs(course), []
    for context in course.at("course.contexts"):
        lines += [f"# {context['label']}", ""]
        for question in QUESTIONS:
            asked = oracles.scenario(course, question, context["id"])
            known = {run: runs[run] for run in oracles.needs(course, question, asked)}
            lines.append(course.at("words")[f"question_{question.replace('.', '_')}"])
            for option in course.at(question)["options"]:
                right = oracles.is_right(course, question, asked, option["id"], known)
                numbers = oracles.numbers(course, question, asked, option["id"], known) or {}
                said = _in(option["text"], context["id"])
                lines.append(f"  {'[x]' if right else '[ ]'} {said}")
                lines += (
                    [f"      {_plain(wording.fill(_in(option['right'], context['id']), numbers))}"] if right else []
                )
            lines.append("")
    return "\n".join([*lines, *_bug_key(course), ""])


def _in(text: Any, context: str) -> str:
    return str(text if isinstance(text, str) else text[context])


def _plain(text: str) -> str:
    return "".join(words for _, words, _ in wording.runs(text)).replace(wording.NO_BREAK, " ")


def _bug_key(course: Course) -> Iterator[str]:
    yield f"# {course.at('bugs.title')}"
    numbers = bugs.numbers(course)
    for id, bug in bugs.all_of(course).items():
        if "options" in bug:
            right = next(o["text"] for o in bug["options"] if bugs.verdict(course, id, o["id"]) == bugs.RIGHT)
        else:
            right = f"{wording.show(numbers[bug['measure']])} {bug['unit']}"
        yield ""
        yield _plain(wording.fill(bug["claim"], bugs.said(course, id, bug["draft"])))
        yield f"  [x] {right}"
