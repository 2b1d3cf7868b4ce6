"""A version of the page: everything it loads lies in one folder that is named by its content, `v/<hash>/`.

So a page never mixes two versions, however long a browser or a server keeps what: another version has other addresses. Only
the pages themselves keep their names, and they are small. They carry their style sheets and their first scripts inside: the
first painting waits for nothing but the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from tools import policy

HASH_LENGTH = 12
SHEETS = re.compile(r'(?:<link rel="stylesheet" href="css/[^"]+">\s*)+')
# For the checker; the page that is read needs none of them.
TYPES = re.compile(r"^ */\*\* @type [^*]*\*/\n|/\*\* @type [^*]*\*/ ?", re.M)
SCRIPTS = re.compile(r'<script src="([\w-]+\.js)"></script>')  # a browser reads nothing more of a page before these
# Hardly anybody needs these, and nobody without a network.
NOT_KEPT = ("LICENSES.txt", "stock.wasm", "poster.png", "sitemap.xml", "instructors.html", "rubric.html")
FIGURES = "figures"  # for other people's pages
# Kept for those who have opened a page that needs it: the page for engineers, the game, the grader, the lab in another language,
# or both.
KEPT_LATER = {
    "size": re.compile(r"size(?:-\w+)?\.(?:html|mjs|zip)|sizer\.mjs|numpy\.whl"),
    r"size.\1": re.compile(r"size\.([a-z]{2})\.html"),
    "run": re.compile(r"run\.(?:html|mjs)|(?:player|score|stage|strip)\.mjs|play\.zip"),
    "grade": re.compile(r"grade\.(?:html|mjs)|grader\.mjs|handed\.zip"),
    r"grade.\1": re.compile(r"grade\.([a-z]{2})\.html"),
    r"run.\1": re.compile(r"run\.([a-z]{2})\.html"),
    r"\1": re.compile(r"(?:content\.|manifest\.|start\.)?([a-z]{2})\.(?:html|json|webmanifest)"),
}


def seal(made: Path, parts: Path, site: Path, page: str, documents: Mapping[str, str]) -> str:
    """Name the folder `parts` by its content, and write the pages that lead into it, with what they ask for first from `site`.

    Returns the folder's address, "v/<hash>/".
    """
    entries = sorted(entry.name for entry in parts.iterdir())
    address = f"v/{digest(parts)}/"
    (made / "v").mkdir()
    parts.rename(made / address)
    for name, text in {"index.html": page, **documents}.items():
        html = addressed(filled(starred(text, made / address), site, made / address), entries, address)
        (made / name).write_text(policy.guarded(html), encoding="utf-8")
    return address


def keep(made: Path, worker: str) -> None:
    """Write the service worker: its text behind the lists of files with their hashes, those that it keeps for everyone and, by
    what they are for, those that it keeps later."""
    files = {
        file.relative_to(made).as_posix(): integrity(file)
        for file in sorted(made.rglob("*"))
        if file.is_file() and file.name not in NOT_KEPT and FIGURES not in file.relative_to(made).parts
    }
    everyones: dict[str, str] = {}
    later: dict[str, dict[str, str]] = {}
    for path, hashed in files.items():
        (later.setdefault(use, {}) if (use := _use(Path(path).name)) else everyones)[path] = hashed
    site = {"version": digest(made), "files": everyones, "later": later}
    (made / "sw.js").write_text(f"const SITE = {json.dumps(site, indent=1)};\n\n{worker}", encoding="utf-8")


def _use(name: str) -> str | None:
    """What a file is kept later for; None for a file that everyone keeps."""
    found = ((pattern.fullmatch(name), use) for use, pattern in KEPT_LATER.items())
    return next((match.expand(use) for match, use in found if match), None)


def integrity(file: Path) -> str:
    """A file's SHA-256 as browsers write it in an integrity attribute."""
    return hashed(file.read_bytes())


def hashed(data: bytes) -> str:
    """The SHA-256 of some bytes in the same way."""
    return f"sha256-{base64.b64encode(hashlib.sha256(data).digest()).decode()}"


def digest(folder: Path) -> str:
    """A short hash of a folder's files, their names and bytes."""
    seen = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        seen.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        seen.update(hashlib.sha256(file.read_bytes()).digest())
    return seen.hexdigest()[:HASH_LENGTH]


def filled(html: str, site: Path, parts: Path) -> str:
    """The page with what its first painting waits for inside it: the style sheets, one after the other, and plain scripts.

    What the style sheets name lies beside the page in `site`; the scripts lie in `parts`.
    """

    def sheets(links: re.Match[str]) -> str:
        names = re.findall(r'href="(css/[^"]+)"', links[0])
        text = "\n".join((site / name).read_text(encoding="utf-8") for name in names)
        return "<style>\n{}</style>\n    ".format(text.replace('url("../', 'url("'))

    def script(link: re.Match[str]) -> str:
        return f"<script>\n{TYPES.sub('', (parts / link[1]).read_text(encoding='utf-8'))}</script>"

    return SCRIPTS.sub(script, SHEETS.sub(sheets, html))


def starred(html: str, parts: Path) -> str:
    """The page with each * in the address of a part replaced by what the part's name has there in this version."""

    def found(link: re.Match[str]) -> str:
        (file,) = parts.glob(link[1])
        return f'href="{file.relative_to(parts).as_posix()}"'

    return re.sub(r'href="([^"]*\*[^"]*)"', found, html)


def addressed(html: str, entries: list[str], address: str) -> str:
    """The page with all that names one of the folder's entries leading into it: attributes, styles, PyScript's settings.

    Its scripts find the folder in `data-parts`.
    """
    names = "|".join(re.escape(name) for name in entries)
    html = html.replace(' data-parts="."', f' data-parts="{address}"')
    html = re.sub(rf'((?:\s(?:href|src)=|url\()")(?=(?:{names})["/])', rf"\g<1>{address}", html)
    return re.sub(rf'("\./)(?=(?:{names})["/])', rf"\g<1>{address}", html)
