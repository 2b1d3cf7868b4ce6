"""A class of snapshots: each checked, all compared with each other, one row for each and histograms for all.

`Grader` takes what was handed in, file by file, and gives the rows; `csv_text` and `summary` write them. Whatever a file holds,
it becomes a row or is named. What comes out of a file is shown with its control characters spelt out. Words: grading.toml.
"""

import csv
import io
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import chain, islice, pairwise
from typing import Any

from acts.bugs import bugs
from acts.bugs.controls import name as bug_control
from acts.bugs.shape import Statement
from acts.promises import serving
from acts.promises.controls import ID as DESIGN
from content import wording
from content.common import ContextWords, Named
from content.course import Course
from content.shapes import of_context
from handed import difficulty, handins, owners, people, rosters, scores
from handed.grading import (
    ANOTHERS,
    CHAIN,
    CHANGED,
    FAILED,
    IMPOSSIBLE,
    NOTHING,
    NUMBERS,
    SAME_RECORD,
    SAME_WORK,
    SECTIONS,
    TIMES,
    TWO_NAMES,
    UNREADABLE,
    Checked,
    Fact,
    Flag,
    Runs,
    check,
)
from handed.handins import Listing, Text, Unread
from record import ledger
from record.progress import Score, score
from report import report
from runs import oracles

HURRIED = timedelta(minutes=2)  # between the first answer and the last, nobody has done the lab
WIDEST_BAR = 40  # characters
# A cell that begins so is a formula to a spreadsheet, and so is what follows a mark at which a spreadsheet may part cells.
FORMULA = re.compile(r"""(^\s*|[;,"|])(?=[=+\-@\uff1d\uff0b\uff0d\uff20])""")
JOINERS = "\u200c\u200d"  # parts of names in some scripts
FACT = re.compile(r"\b(broke|mended|recorded)(?: ([ab]))?\b")  # a fact as a flag names it, see grading.py
MOST_NAMED = 5  # files or places that one sentence names
MOST_SAID = 200  # characters that are shown of what a file says


class Grader:
    """Takes a class file by file, in any order. `now` is the time of grading, ISO 8601 in UTC; `spoken` the course in other
    languages, in which a learner may have had it."""

    def __init__(self, course: Course, now: str, spoken: Sequence[Course] = ()) -> None:
        self.course, self.now, self.spoken = course, now, spoken
        self.runs = Runs(course)
        self.checked: list[Checked] = []
        self.unread: list[Unread] = []
        self.names: dict[str, str] = {}  # of Gradescope's numbers, where its list is among the files
        self.rosters: list[rosters.Roster] = []

    def take(self, name: str, data: bytes) -> None:
        """A file by its path. `data`: its bytes, as many as handins.most says. Never raises for what is in them."""
        for _ in self.taking(name, data):
            pass

    def taking(self, name: str, data: bytes) -> Iterator[int]:
        """The same step by step: after each file that lies in it, as in a zip, how many there were so far."""
        try:
            for inside, found in enumerate(handins.opened(name, data), start=1):
                if isinstance(found, Text):
                    self.checked.append(self.row(found))
                elif isinstance(found, Listing):
                    self._list(found)
                else:
                    self.leave_out(found)
                yield inside
        except Exception as mistake:
            self.checked.append(_failed(name, mistake))

    def leave_out(self, file: Unread) -> None:
        """A file that can't be read: a row all the same where its name says that it is a snapshot, else named."""
        if file.is_claimed:
            why = wording.fill(self.course.at("grading.unread")[file.why], {"detail": file.detail})
            self.checked.append(Checked(file.name, flags=(Flag(UNREADABLE, why),)))
        else:
            self.unread.append(file)

    def row(self, file: Text) -> Checked:
        """A snapshot's row, whatever is in it."""
        return row(self.course, self.runs, file, self.now, self.spoken)

    def _list(self, file: Listing) -> None:
        if names := owners.named(file.text):
            self.names |= names
        elif roster := rosters.read(file.name, file.text):
            self.rosters.append(roster)
        else:
            self.leave_out(Unread(file.name, "strange_list" if rosters.is_strange(file.text) else "no_snapshot"))

    def rows(self) -> list[Checked]:
        """Every row, by name, with flags for those that are the same as another's. Whoever a course system names and who
        handed in nothing that a row came of has a row that says so."""
        # Of macOS's notes only the folder tells whose they are.
        places = [f"{f.name.rpartition('/')[0]}/" if f.why == "companion" else f.name for f in self.unread]
        inside = dict.fromkeys(places, owners.Inside()) | {row.file: _inside(row) for row in self.checked}
        listed = {id for one in self.rosters if one.system == owners.CANVAS for id in one.students.values()}
        doubted = owners.doubted(inside, listed)
        rows = [
            replace(row, is_doubted=True) if row.file in doubted else replace(row, owner=self._owner(row.file))
            for row in self.checked
        ]
        seen = {row.owner.key for row in rows if row.owner}
        left: dict[Any, list[Unread]] = defaultdict(list)
        for file, place in zip(self.unread, places, strict=True):
            if place not in doubted and (owner := owners.of(place)) and owner.key not in seen:
                left[owner.key].append(file)
        for everything in left.values():
            files = [file for file in everything if file.why != "companion"] or everything
            why = "; ".join(unread(self.course, files[:MOST_NAMED]))
            rows.append(Checked(files[0].name, flags=(Flag(NOTHING, why),), owner=self._owner(files[0].name)))
        return _compared(sorted(_signed(rows), key=lambda row: row.file))

    def _owner(self, file: str) -> owners.Owner | None:
        owner = owners.of(file)
        return replace(owner, name=self.names.get(owner.id, owner.name)) if owner and not owner.name else owner


def _inside(row: Checked) -> owners.Inside:
    """What tells whether a file's name is to be believed."""
    if not row.snapshot:
        return owners.Inside()
    about = row.snapshot["metadata"]
    work = f"{about['record']} {row.snapshot['track']} {about['exported_at']}"
    return owners.Inside(str(row.snapshot["student_id"]), work)


def row(course: Course, runs: Runs, file: Text, now: str, spoken: Sequence[Course]) -> Checked:
    """A snapshot checked. See grading.check."""
    try:
        return check(course, runs, file.name, file.text, now, spoken)
    except Exception as mistake:  # a mistake of the grader's own must not cost the class its other rows
        return _failed(file.name, mistake)


def _failed(file: str, mistake: Exception) -> Checked:
    return Checked(file, flags=(Flag(FAILED, f"{type(mistake).__name__}: {mistake}"),))


# --- Whose name is on it? -----------------------------------------------------------------------------------------------


def _signed(rows: list[Checked]) -> list[Checked]:
    """The rows, with a mark for each that somebody else signed than handed it in. A name that a course system gives to several
    is none: so does Moodle where it keeps them from who grades."""
    given = Counter((owner.system, owner.name) for owner in {row.owner for row in rows if row.owner})
    named = {key for key, count in given.items() if count == 1}
    return [replace(row, is_anothers=_is_anothers(row, named)) for row in rows]


def _is_anothers(row: Checked, named: set[tuple[str, str]]) -> bool:
    if not row.owner or not row.snapshot or (row.owner.system, row.owner.name) not in named:
        return False
    return owners.is_another(row.owner.name, str(row.snapshot["student_id"]))


# --- The same work under two names -------------------------------------------------------------------------------------


def _compared(rows: list[Checked]) -> list[Checked]:
    """The rows with flags for one record under two names, and for the same presses in the same rhythm in another record."""
    rows = people.joined(rows)
    readable = [row for row in rows if row.snapshot]
    by_file = {row.file: row for row in readable}
    records = _shared([row for row in readable if people.has_name(row)], lambda row: [people.record(row)])
    works = _shared(readable, rhythm)
    twins: dict[Any, list[str]] = defaultdict(list)
    mine: dict[object, dict[str, list[Checked]]] = defaultdict(lambda: defaultdict(list))
    for row in readable:
        twins[_handed_in(row)].append(row.file)
        mine[people.whose(row)][people.record(row)].append(row)
    compared = []
    for row in rows:
        others: dict[str, list[str]] = {SAME_RECORD: [], TWO_NAMES: [], SAME_WORK: []}
        for file in records.get(row.file, ()):
            others[TWO_NAMES if _may_be_one(row, by_file[file]) else SAME_RECORD].append(file)
        for file in works.get(row.file, ()):
            if not people.record(row) or people.record(by_file[file]) != people.record(row):
                others[SAME_WORK].append(file)
        besides = list(islice(_besides(row, mine[people.whose(row)]), MOST_NAMED + 1)) if row.snapshot else []
        others[ANOTHERS] = [other.file for other in besides if _signed_otherwise(row, other)]
        flags = [Flag(kind, _listed(names)) for kind, names in others.items() if names]
        again = [file for file in twins[_handed_in(row)][: MOST_NAMED + 2] if file != row.file] if row.snapshot else []
        named = tuple(other.file for other in besides if other.file not in others[ANOTHERS])
        compared.append(replace(row, flags=(*row.flags, *flags), again=tuple(again), besides=named))
    return compared


def _besides(row: Checked, theirs: Mapping[str, list[Checked]]) -> Iterator[Checked]:
    """What the same learner handed in of another record: from another device, of a namesake, or of somebody else."""
    mine = people.record(row)
    return chain.from_iterable(rows for record, rows in theirs.items() if mine and record not in ("", mine))


def _signed_otherwise(row: Checked, other: Checked) -> bool:
    """Whether two files bear two names. "Lovelace, Ada" is Ada Lovelace."""
    names = [owners.letters(each.snapshot["student_id"]) for each in (row, other)]
    return all(names) and names[0] != names[1]


def _may_be_one(row: Checked, other: Checked) -> bool:
    """Whether two names over one record may be one learner's, who corrected the name in between: no course system says that
    two handed them in, and one file goes on where the other ends, or tells of the other context."""
    if row.owner and other.owner:
        return False
    if row.snapshot["track"] != other.snapshot["track"]:
        return True
    one, longer = sorted(([fact["id"] for fact in each.facts] for each in (row, other)), key=len)
    return longer[: len(one)] == one


def _handed_in(row: Checked) -> Any:
    return people.whose(row), row.snapshot.get("track"), row.snapshot.get("metadata", {}).get("record")


def rhythm(row: Checked) -> list[Any]:
    """What tells a learner's work from everybody else's, whatever hour and words it was given later: each three presses in a
    row with the milliseconds between them, or the only two. Chance gives two learners the same in one class of ten thousand."""
    pressed = [fact for fact in row.facts if fact["kind"] in ("answered", "recorded")]
    if len(pressed) == 2:
        return [tuple(fact["id"] for fact in pressed)]
    at = [datetime.fromisoformat(fact["at"]) for fact in pressed]
    gaps = [(later - earlier) // timedelta(milliseconds=1) for earlier, later in pairwise(at)]
    return list(pairwise(gaps))


def _shared(rows: list[Checked], keys: Callable[[Checked], Iterable[Any]]) -> dict[str, list[str]]:
    """By file: the first few other files with a key of its own under another name. A key of nothing is shared by nobody.

    Two files are two learners' if others handed them in, or one has no name and both the same context, which nobody needs twice.
    The time goes with the number of files, however many share a key: whoever looks steps over one name, its own.
    """
    groups: dict[Any, dict[object, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        for place in _places(row, keys, own=True):
            groups[place][people.whose(row)].append(row.file)
    shared: dict[str, list[str]] = {}
    for row in rows:
        found = (
            file
            for place in _places(row, keys, own=False)
            if place in groups
            for other, files in groups[place].items()
            if other != people.whose(row)
            for file in files
        )
        shared[row.file] = list(dict.fromkeys(islice(found, 4 * MOST_NAMED)))[: MOST_NAMED + 1]
    return shared


def _places(row: Checked, keys: Callable[[Checked], Iterable[Any]], own: bool) -> Iterator[Any]:
    """Under which key, context and having of a name a row is found (`own`), or looks for others."""
    track, named = row.snapshot["track"], people.has_name(row)
    for key in filter(None, keys(row)):
        if own:
            yield from ((key, track, named), (key, None, named)) if named else [(key, track, named)]
        else:
            yield from ((key, None, True), (key, track, False)) if named else ((key, track, True), (key, track, False))


def _listed(names: Sequence[str]) -> str:
    """A few names, and whether there are more."""
    return ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")


# --- What is said of a row ---------------------------------------------------------------------------------------------


def shown(text: object) -> str:
    """A text as it may stand on a terminal, in a cell or on a page: what would move the cursor, turn the line round or can't be
    seen is spelt out, as \\x1b."""
    return "".join(map(_visible, str(text)))


def _visible(char: str) -> str:
    if char.isprintable() or char in JOINERS:
        return char
    if char.isspace() and char not in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    number = ord(char)
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def remarks(course: Course, row: Checked) -> list[str]:
    """What is worth knowing and no reason to doubt: handed in again, another's name or system, incomplete parts."""
    words, missing = course.at("grading.remarks"), row.snapshot.get("incomplete_fields")
    others = {"again": row.again, "besides": row.besides}
    found = [wording.fill(words[name], {"detail": _cut(_listed(files))}) for name, files in others.items() if files]
    named = ", ".join(report.part_name(course, part) for part in missing or ())
    found += [words["doubted"]] if row.is_doubted else []
    found += [words["nameless"]] if row.snapshot and people.is_nobodys(row) else []
    if (hurried := _hurried(course, row)) is not None:
        found.append(wording.fill(words["hurried"], {"seconds": hurried}))
    if row.is_anothers and row.owner:
        signed = {"owner": _cut(row.owner.name), "name": _cut(row.snapshot["student_id"])}
        found.append(wording.fill(words["signed"], signed))
    return found + ([wording.fill(words["incomplete"], {"detail": named})] if missing else [])


def _hurried(course: Course, row: Checked) -> int | None:
    """Within how many seconds every question was answered, if nobody can have done the lab between them."""
    at = {fact["question"]: datetime.fromisoformat(fact["at"]) for fact in row.facts if fact["kind"] == "answered"}
    took = max(at.values()) - min(at.values()) if len(at) == len(course.questions) else HURRIED
    return round(took.total_seconds()) if took < HURRIED else None


ALTERED, COPIED, RENAMED, UNREAD, REMARKED, INCOMPLETE, CLEAN = range(7)  # what to look at first


def first(rows: Iterable[Checked]) -> list[Checked]:
    """The rows, those to look at first in front: altered, copied, under two names, unreadable, remarked on, incomplete, clean;
    within, by name."""
    return sorted(rows, key=lambda row: (_weight(row), row.file))


def _weight(row: Checked) -> int:
    kinds = {flag.kind for flag in row.flags}
    if kinds & {UNREADABLE, FAILED, NOTHING}:
        return UNREAD
    if kinds:
        return (
            RENAMED
            if kinds == {TWO_NAMES}
            else COPIED
            if kinds <= {SAME_RECORD, TWO_NAMES, SAME_WORK, ANOTHERS}
            else ALTERED
        )
    if row.again or row.besides or row.is_doubted or row.is_anothers:
        return REMARKED
    return INCOMPLETE if row.snapshot.get("incomplete_fields") else CLEAN


def flagged(course: Course, row: Checked) -> list[str]:
    """The flags of a row as sentences, one for each kind."""
    details: dict[str, list[str]] = defaultdict(list)
    for flag in row.flags:
        details[flag.kind].append(_cut(_told(course, flag)))
    words = course.at("grading.flags")
    return [
        wording.fill(words[kind], {"detail": _listed(list(dict.fromkeys(found)))}) for kind, found in details.items()
    ]


def _told(course: Course, flag: Flag) -> str:
    """What a flag found, in words: for a key of the snapshot the part's name, for a fact what the ledger calls it."""
    if flag.kind not in (CHAIN, CHANGED, SECTIONS, NUMBERS, IMPOSSIBLE, TIMES):
        return flag.detail
    places: Mapping[str, str] = course.at("grading.places")
    if place := places.get(flag.detail.partition(".")[0]):
        return place
    told = flag.detail
    for question in course.questions:
        told = told.replace(question, report.question_name(course, question))
    return FACT.sub(lambda found: _fact_name(course, *found.groups()), told)


def _fact_name(course: Course, kind: str, side: str | None) -> str:
    return course.say(f"words.record_{kind}", None, {"side": (side or "").upper()})


def counted(course: Course, rows: Sequence[Checked], left_out: Sequence[Unread]) -> str:
    """How many hand-ins there are, how many of them were checked, flagged and can't be read; how many handed in none, and how
    many other files there are."""
    read = [row for row in rows if _weight(row) != UNREAD]
    # A row that only says that nothing was handed in is no file.
    files = sum(all(flag.kind != NOTHING for flag in row.flags) for row in rows)
    said: dict[str, wording.Number] = {"files": files, "read": len(read), "unread": files - len(read)}
    said |= {"flagged": sum(bool(row.flags) for row in read), "none": len(rows) - files, "others": len(left_out)}
    return course.say("grading.report.files", None, said)


def unread(course: Course, files: Iterable[Unread]) -> list[str]:
    """A sentence for each file that was not read."""
    words = course.at("grading.unread")
    said = (wording.fill(words[file.why], {"detail": _cut(file.detail)}) for file in files)
    return [
        f"{shown(file.name)}: {why}"
        for file, why in sorted(zip(files, said, strict=True), key=lambda pair: pair[0].name)
    ]


def unread_title(course: Course, files: Sequence[Unread]) -> str:
    """What stands above them: how many there are."""
    return course.say("grading.report.unread", None, {"unread": len(files)})


def _cut(text: str) -> str:
    return shown(text if len(text) <= MOST_SAID else f"{text[:MOST_SAID]} …")


# --- One row for each --------------------------------------------------------------------------------------------------


def cells(course: Course, row: Checked) -> dict[str, Any]:
    """A row of the table by column, None for what isn't there. Numbers are the engine's, for the facts that could be; the flags
    say which of the file's are others."""
    words, mine = course.at("grading.columns"), row.snapshot
    about, result = mine.get("metadata", {}), mine.get("result_snapshot", {})
    found: dict[str, Any] = {
        words["file"]: row.file,
        words["owner"]: row.owner.name if row.owner else None,
        words["number"]: row.owner.id if row.owner else None,
        words["student"]: mine.get("student_id"),
        words["track"]: mine.get("track"),
        words["exported"]: about.get("exported_at"),
        words["minutes"]: _minutes(row.facts),
    }
    for question in course.questions:
        act, _, part = question.partition(".")
        column, fact = wording.fill(words[part], {"act": act}), answer(row, question)
        found[column] = fact["option"] if fact else None
        found[wording.fill(words["right"], {"question": column})] = _right(mine, question)
    found |= _design_cells(words, design(row))
    kinds = Counter(fact["kind"] for fact in row.facts)
    texts = _texts(mine)
    log, progress = texts.get("log", {}), points(course, row)
    return found | {
        wording.fill(words["points"], {"most": progress.most}): progress.points if mine else None,
        words["ttft_ms"]: result.get("ttft_ms"),
        words["throughput"]: result.get("throughput_tps"),
        words["broke"]: kinds["broke"],
        words["mended"]: kinds["mended"],
        words["log_words"]: log.get("words"),
        words["log_numbers"]: log.get("numbers"),
        **{
            words[f"{kind}_words"]: report.words(texts[kind]["text"]) if kind in texts else None
            for kind in report.REASONS
        },
        words["bugs"]: _bugs(course, mine.get("knob_settings", {})),
        words["remarks"]: "; ".join(remarks(course, row)),
        words["flags"]: "; ".join(flagged(course, row)),
    }


def points(course: Course, row: Checked) -> Score:
    """What a row's learner has done, in points, as the page counted it."""
    rule, text = course.at("report.score"), str(_texts(row.snapshot).get("log", {}).get("text", ""))
    context = str(row.snapshot.get("track"))
    return score(row.facts, context, course.questions, text, rule["weights"], rule["least_words"])


def _texts(snapshot: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The decision log, with its words and numbers counted, and the texts beside it, by their kinds."""
    return {entry["kind"]: entry for entry in snapshot.get("decisions", ())}


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
    lab = [fact for fact in facts if fact["kind"] != ledger.PLAYED]  # a game may be played any day
    if not lab:
        return None
    first, last = (datetime.fromisoformat(lab[i]["at"]) for i in (0, -1))
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


def _bugs(course: Course, settings: Mapping[str, Any]) -> int | None:
    """How many of the draft's bugs are corrected; None where there are no settings."""
    tried = {id: settings[bug_control(id)] for id in bugs.all_of(course) if bug_control(id) in settings}
    return sum(bugs.judge(course, id, value) == bugs.RIGHT for id, value in tried.items()) if tried else None


def csv_text(course: Course, rows: list[Checked], separator: str = ",") -> str:
    """The rows as CSV, every text in quotes. A text that a spreadsheet would take for a formula gets an apostrophe before it.
    Where the separator is a semicolon, numbers have the decimal comma that goes with it."""
    made = io.StringIO()
    writer = csv.writer(made, delimiter=separator, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(cells(course, Checked("")))
    writer.writerows([_cell(value, separator) for value in cells(course, row).values()] for row in rows)
    return made.getvalue()


def _cell(value: Any, separator: str) -> Any:
    if isinstance(value, float) and separator == ";":
        return str(value).replace(".", ",")
    return protected(value) if isinstance(value, str) else "" if value is None else value


def protected(text: str) -> str:
    """A text for a cell: an apostrophe before what a spreadsheet would take for a formula, and what can't be seen spelt out."""
    return FORMULA.sub(r"\1'", shown(text))


# --- Histograms for all ------------------------------------------------------------------------------------------------


def summary(course: Course, rows: list[Checked], left_out: Sequence[Unread] = ()) -> str:
    """The class in words: what is flagged, remarked and not read, and histograms of predictions and designs, as text."""
    words = course.at("grading.report")
    doubtful = {shown(row.file): flagged(course, row) for row in first(rows) if row.flags}
    remarked = {shown(row.file): found for row in rows if (found := remarks(course, row))}
    lines = [counted(course, rows, left_out)]
    for title, remarked_on in ((words["flagged"], doubtful), (words["remarks"], remarked)):
        lines += (
            ["", title, *(f"  {file}: {'; '.join(said)}" for file, said in remarked_on.items())] if remarked_on else []
        )
    lines += [] if doubtful else ["", words["none"]]
    lines += (
        ["", unread_title(course, left_out), *(f"  {said}" for said in unread(course, left_out))] if left_out else []
    )
    for title, bars in histograms(course, rows):
        lines += ["", title, *_bars(bars)]
    return "\n".join([*lines, "", words["note"], ""])


def histograms(course: Course, rows: list[Checked]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """A title and (label, count) pairs: for each context that somebody took its questions, designs, and what was hard; and for
    each level of the game that somebody played the best scores."""
    words = course.at("grading.report")
    for context in course.each(ContextWords, "course.contexts"):
        mine = [row for row in rows if row.snapshot.get("track") == context.id]
        if not mine:
            continue
        for question in course.questions:
            title = report.question_name(course, question)
            given = Counter(fact["option"] for row in mine if (fact := answer(row, question)))
            said: dict[str, wording.Number] = {"question": title, "context": context.label, "answers": given.total()}
            yield wording.fill(words["question"], said), list(_options(course, question, context.id, given))
        recorded = [fact for row in mine if (fact := design(row))]
        said = {"context": context.label, "answers": len(recorded)}
        yield wording.fill(words["designs"], said), _most(_design_words(course, fact) for fact in recorded)
        yield wording.fill(words["states"], said), _most(_state_words(course, fact) for fact in recorded)
        said = {"context": context.label, "files": len(mine)}
        yield wording.fill(words["hard"], said), difficulty.hard(course, mine)
    everybody: dict[object, list[Fact]] = defaultdict(list)
    for row in rows:
        everybody[people.whose(row)] += row.facts
    yield from scores.histograms(course, everybody.values())


def _options(course: Course, question: str, context: str, given: Counter[str]) -> Iterator[tuple[str, int]]:
    """Every option with how often it was given; options that the course doesn't have come last."""
    for option in course.question(question).options:
        yield of_context(option.text, context), given.pop(option.id, 0)
    yield from sorted(given.items())


def _most(labels: Iterable[Iterable[str]]) -> list[tuple[str, int]]:
    """How often each label was met, the most frequent first."""
    counts = Counter(label for group in labels for label in group)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _design_words(course: Course, fact: Fact) -> Iterator[str]:
    policies = {policy.id: policy.text for policy in course.each(Named, f"{DESIGN}.policies")}
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
    for context in course.each(ContextWords, "course.contexts"):
        lines += [f"# {context.label}", ""]
        for question in course.questions:
            asked = oracles.scenario(course, question, context.id)
            known = {run: runs[run] for run in oracles.needs(course, question, asked)}
            lines.append(report.question_name(course, question))
            for option in course.question(question).options:
                right = oracles.is_right(course, question, asked, option.id, known)
                numbers = oracles.numbers(course, question, asked, option.id, known) or {}
                lines.append(f"  {'[x]' if right else '[ ]'} {of_context(option.text, context.id)}")
                if right and option.right:
                    lines.append(f"      {report.plain(wording.fill(of_context(option.right, context.id), numbers))}")
            lines.append("")
    return "\n".join([*lines, *_bug_key(course), ""])


def _bug_key(course: Course) -> Iterator[str]:
    yield f"# {course.at('bugs.title')}"
    numbers = bugs.numbers(course)
    for id, bug in bugs.all_of(course).items():
        if isinstance(bug, Statement):
            right = next(o.text for o in bug.options if bugs.verdict(course, id, o.id) == bugs.RIGHT)
        else:
            right = f"{wording.show(numbers[bug.measure])} {bug.unit}"
        yield ""
        yield report.plain(wording.fill(bug.claim, bugs.said(course, id, bug.draft)))
        yield f"  [x] {right}"
