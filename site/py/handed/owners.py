"""Whose file it is, by the names that course systems give to what was handed in.

Moodle: "Ada Lovelace_4711_assignsubmission_file_/…", a folder or the beginning of a file's name; the number is the participant's
(mod/assign). Canvas: "lovelaceada_LATE_4711_90210_work.json", the user's and the attachment's number, "…_4711_text.html" for what
was typed in, "anon_Ab3dE_90210_…" without names (lib/content_zipper.rb). Gradescope: "submission_4711/…", with a list of names,
submission_metadata.yml, beside it.
"""

import re
import unicodedata
from dataclasses import dataclass

MOODLE, CANVAS, GRADESCOPE = "Moodle", "Canvas", "Gradescope"
METADATA = "submission_metadata.yml"
# A name as Canvas writes it: a letter, digits before it at most, and on to a mark of ASCII's; \w would end at a vowel of Thai's.
WORD = r"(?=\d*[^\W\d_])[^\s!-/:-@\[-^`{-~]+?"
PARTS = (  # what one part of a path looks like
    (MOODLE, re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_[a-z]+(?:_.*)?")),
    (CANVAS, re.compile(r"(?:LATE_)?(?P<name>)anon_(?P<id>\w+?)_\d{4,}_.+")),
    (CANVAS, re.compile(rf"(?P<name>{WORD})_(?:LATE_)?(?P<id>\d+)_(?:\d{{4,}}_.+|text\.html|link\.html)")),
    (GRADESCOPE, re.compile(r"(?P<name>)submission_(?P<id>\d+)")),
)
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
    for part in unicodedata.normalize("NFC", path).split("/"):
        for system, pattern in PARTS:
            if found := pattern.fullmatch(part):
                return Owner(system, found["id"], found["name"])
    return None


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
