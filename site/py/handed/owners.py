"""Whose file it is, by the names that course systems give to what was handed in.

Moodle: "Ada Lovelace_4711_assignsubmission_file_/…", a folder or the beginning of a file's name; the number is the participant's
(mod/assign). Canvas: "lovelaceada_LATE_4711_90210_work.json", the user's and the attachment's number, "…_4711_text.html" for what
was typed in, "anon_Ab3dE_90210_…" without names (lib/content_zipper.rb). Gradescope: "submission_4711/…", with a list of names,
submission_metadata.yml, beside it. Blackboard: "Lab 10_lovelace_attempt_2026-11-29-14-03-22_work.json": a "_" may be the
assignment's or the login's, so both stand for who it is. Brightspace: "4711-90210 - Ada Lovelace - Nov 29, 2026 203 PM/…",
numbers that several may share. Teams: "Submitted files/Ada Lovelace/Lab 10/Version 1/…". Google Classroom, into whose folder in
Drive each file comes as "Ada Lovelace - v2_10_snapshot.json". Of both the name is all that there is.

People, too, write names of Canvas's form: "lab_10_2026_ada.json". `doubted` says which are not believed.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

MOODLE, CANVAS, GRADESCOPE = "Moodle", "Canvas", "Gradescope"
BLACKBOARD, BRIGHTSPACE = "Blackboard", "Brightspace"
TEAMS, CLASSROOM = "Teams", "Google Classroom"
METADATA = "submission_metadata.yml"
# A name as Canvas writes it: a letter, digits before it at most, and on to a mark of ASCII's; \w would end at a vowel of Thai's.
WORD = r"(?=\d*[^\W\d_])[^\s!-/:-@\[-^`{-~]+?"
PARTS = (  # what one part of a path looks like
    (MOODLE, re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?")),
    (CANVAS, re.compile(r"(?:LATE_)?(?P<name>)anon_(?P<id>\w+?)_\d{4,}_.+")),
    (
        CANVAS,
        re.compile(
            rf"(?P<name>{WORD})_(?:LATE_)?(?P<id>[1-9]\d*)_(?:(?P<file>[1-9]\d{{3,}})_.+|text\.html|link\.html)"
        ),
    ),
    (GRADESCOPE, re.compile(r"(?P<name>)submission_(?P<id>\d+)")),
    (BLACKBOARD, re.compile(r"(?P<name>)(?P<id>.+_.+?)_attempt_\d{4}(?:-\d\d){5}(?:[_.].*)?")),
    (BRIGHTSPACE, re.compile(r"(?P<id>\d+-\d+ ?- ?(?P<name>.+?)) ?- ?[^-]*\b\d{4},? \d{1,4}(?: ?[AP]M)?")),
    (CLASSROOM, re.compile(r"(?P<id>(?P<name>[^\W\d_][^\d/]*? [^\d/]*?)) - v2_10_snapshot.*")),
)
IN_TEAMS = "Submitted files"
# A number that people give to files: of a lab or a week, a year, a day.
HOMELY = re.compile(r"\d{1,3}|(?:19|20)\d\d(?:(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))?")
NAMESAKES = 2  # whom a course may well have
LONG = 3  # letters of a word that is no other's by chance
# Letters that are no others with an accent.
PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})
# In Gradescope's list: "submission_4711:", and below it "- :name: Ada Lovelace" for each who handed it in.
SUBMISSION, NAME = re.compile(r"submission_(\d+):\s*"), re.compile(r"\s+(?:- )?:name: *(.+?)\s*")


@dataclass(frozen=True)
class Owner:
    """Who handed a file in: the course system, the number that it knows them by, in whichever download, and the name that it
    writes."""

    system: str
    id: str
    name: str

    @property
    def key(self) -> tuple[str, str]:
        """What tells this owner from every other, whatever the name is written like."""
        return self.system, self.id


def of(path: str) -> Owner | None:
    """Who handed in the file at a path; None where no course system has named it. The outermost name counts."""
    found = _found(path)
    return Owner(found[0], found[1]["id"], found[1]["name"]) if found else None


def download(path: str) -> str:
    """In which download a file lies: the folder or zip that what the course system named lies in."""
    found = _found(path)
    return found[2].rpartition("/")[0] if found else ""


def _found(path: str) -> tuple[str, re.Match[str], str] | None:
    """The course system, what it says, and the path up to there."""
    parts = unicodedata.normalize("NFC", path).split("/")
    if (at := next((i for i, part in enumerate(parts[:-2]) if part == IN_TEAMS), None)) is not None:
        found = re.fullmatch("(?P<id>(?P<name>.+))", parts[at + 1])
        assert found
        return TEAMS, found, "/".join(parts[: at + 2])
    for i, part in enumerate(parts, start=1):
        for system, pattern in PARTS:
            # Canvas writes every name in small letters.
            if (found := pattern.fullmatch(part)) and not (system == CANVAS and any(map(str.isupper, found["name"]))):
                return system, found, "/".join(parts[:i])
    return None


def is_another(name: str, signed: str) -> bool:
    """Whether a learner signed with a name that has no word in common with the one that a course system writes, nor its
    initials. A number, and a name in another script, tell nothing."""
    one, other = words(name), words(signed)
    if not one or not other or any(map(str.isdigit, signed)) or _is_latin(one) != _is_latin(other):
        return False
    initials = "".join(word[0] for word in one)
    return not (set(one) & set(other) or "".join(other) == initials or _is_like(name, signed) or _is_like(signed, name))


def words(name: str) -> list[str]:
    """The words of a name in small letters without accents: "Østergård" is "ostergard"."""
    apart = unicodedata.normalize("NFKD", name.casefold()).translate(PLAIN)
    return re.findall(r"[^\W\d_]+", "".join(char for char in apart if not unicodedata.category(char).startswith("M")))


def _is_latin(words: Iterable[str]) -> bool:
    return any(map(str.isascii, words))


def letters(name: str) -> list[str]:
    """The letters and digits of a name, in an order of their own: however it is written, it has the same."""
    return sorted(filter(str.isalnum, unicodedata.normalize("NFC", name).casefold()))


# --- Names that only look like Canvas's --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inside:
    """What is in a file: the name that its learner signed with, and what tells it from other files; "" where there is none."""

    signed: str = ""
    work: str = ""


@dataclass(frozen=True)
class _Claim:
    """A path of Canvas's form, with what is in the file."""

    path: str
    owner: Owner
    file: str  # Canvas's number of the file
    place: str  # the path as far as Canvas wrote it
    inside: Inside

    @property
    def agrees(self) -> bool:
        """Whether who signed the file has the name that its own name bears."""
        return _is_like(self.owner.name, self.inside.signed)


def doubted(files: Mapping[str, Inside], listed: Collection[str] = ()) -> set[str]:
    """Which of a class's paths have Canvas's form and were not named by Canvas.

    In its downloads a number has one name, and a number of a file one content. A name under which several sign, and none
    with it, is no person's; two may be called alike and sign otherwise. A number that is `listed`, in the gradebook that lies
    beside the files, is Canvas's. And a number such as people give is believed if the signature agrees, or of the others with
    such numbers in the same folder more agree than don't; where none speaks, if the file's number is no such one.
    """
    found = [claim for path, inside in files.items() if (claim := _claim(path, inside))]
    claims = [claim for claim in found if claim.owner.id not in listed]
    named: dict[str, set[str]] = defaultdict(set)
    works: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    called: dict[str, list[_Claim]] = defaultdict(list)
    for claim in claims:
        named[claim.owner.id].add(claim.owner.name)
        called[claim.owner.name].append(claim)
        if claim.file and claim.inside.work:
            works[claim.file][claim.place].add(claim.inside.work)
    false = [
        claim
        for claim in claims
        if len(named[claim.owner.id]) > 1
        or len(set(map(frozenset, works[claim.file].values()))) > 1
        or _is_nobody(called[claim.owner.name])
    ]
    homely = [claim for claim in claims if HOMELY.fullmatch(claim.owner.id)]
    votes: Counter[str] = Counter()
    for claim in homely:
        votes[_folder(claim)] += (1 if claim.agrees else -1) if claim.inside.signed else 0
    false += [
        claim
        for claim in homely
        if not claim.agrees and votes[_folder(claim)] < (1 if HOMELY.fullmatch(claim.file) else 0)
    ]
    return {claim.path for claim in false}


def _claim(path: str, inside: Inside) -> _Claim | None:
    found = _found(path)
    if not found or found[0] != CANVAS or not found[1]["name"]:
        return None
    system, said, place = found
    return _Claim(path, Owner(system, said["id"], said["name"]), said["file"] or "", place, inside)


def _folder(claim: _Claim) -> str:
    return claim.place.rpartition("/")[0]


def _is_nobody(claims: Iterable[_Claim]) -> bool:
    """Whether more people sign under a name than may have it, and none of them with it."""
    signed = {tuple(letters(claim.inside.signed)): claim for claim in claims if letters(claim.inside.signed)}
    is_homely = any(HOMELY.fullmatch(each) for claim in signed.values() for each in (claim.owner.id, claim.file))
    return len(signed) > (1 if is_homely else NAMESAKES) and not any(claim.agrees for claim in signed.values())


def _is_like(name: str, signed: str) -> bool:
    """Whether a name as Canvas writes it, "lovelaceada", is the one that a learner signed with, or has a word of it."""
    told = (word for word in words(signed) if len(word) >= LONG or not word.isascii())
    written = "".join(words(name))
    return bool(signed) and (letters(name) == letters(signed) or any(word in written for word in told))


def named(metadata: str) -> dict[str, str]:
    """Names by number, from the text of Gradescope's list; of a group all names in one."""
    names: dict[str, list[str]] = {}
    number = ""
    for line in metadata.splitlines():
        if found := SUBMISSION.fullmatch(line):
            number = found[1]
        elif number and (found := NAME.fullmatch(line)):
            names.setdefault(number, []).append(found[1].strip("'\""))
    return {number: ", ".join(each) for number, each in names.items()}
