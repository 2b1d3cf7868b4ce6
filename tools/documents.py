"""The documents that the page links to, from Markdown to pages in the lab's own style. The rendering is npm's `marked`."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Collection
from html import escape, unescape
from pathlib import Path

from tools.trouble import BuildError

SHELL = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{title}</title>
    <link rel="icon" href="icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="css/tokens.css">
    <link rel="stylesheet" href="css/layout.css">
    <link rel="stylesheet" href="css/acts.css">
    <link rel="stylesheet" href="css/everyone.css">
    <link rel="stylesheet" href="css/touch.css">
    <script src="reach.js" defer></script>
    <script src="standing.js" defer></script>
  </head>
  <body>
    <main class="column document">
      <p class="kicker"><a href="index.html">The KV-Cache Memory Wall</a></p>
{body}
    </main>
  </body>
</html>
"""


LINK = re.compile(r'<a href="([\w-]+)\.md(#[^"]*)?">(.*?)</a>', re.S)
RELEASES = re.compile(r'<a href="\.\./\.\./\.\./releases">(.*?)</a>', re.S)
OF_THE_REPOSITORY = re.compile(r'<a href="\.\./[^"]*">(.*?)</a>', re.S)
HEADING = re.compile(r"<(h[1-6])>(.*?)</\1>", re.S)
TAG = re.compile(r"<[^>]*>")
NOT_IN_AN_ID = re.compile(r"[^\w\- ]")
NAMED_PAGE = re.compile(r"<code>([a-z]+(?:\.[a-z]{2})?\.html)</code>")
NAMED_SCENE = re.compile(r"<code>(#[a-z]\w*(?:/\w+)*)</code>")


def page(markdown: Path, modules: Path, names: tuple[str, ...] = (), beside: Collection[str] = ()) -> str:
    """One document as a page. `names`: the documents that are pages; of links to others, and to what stands in the repository
    alone, the words stay. `beside`: the site's other pages, which lead there where they are named.

    Raises BuildError when it can't be rendered.
    """
    command = ["node", str(modules / "marked/bin/marked.js"), "--gfm", "-i", str(markdown)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True)
    except (OSError, subprocess.CalledProcessError) as mistake:
        raise BuildError(
            f"{markdown.name} could not be rendered: {mistake}. Node.js comes with npm; check it."
        ) from mistake
    title = markdown.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
    body = done.stdout.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")
    body = RELEASES.sub(r"<span data-releases>\1</span>", body)  # standing.js finds out where they are
    body = OF_THE_REPOSITORY.sub(r"\1", LINK.sub(lambda link: _leading(link, names), identified(body)))
    body = NAMED_PAGE.sub(lambda named: _to(named[1], named[0]) if named[1] in beside else named[0], body)
    return SHELL.format(
        title=escape(title), body=NAMED_SCENE.sub(lambda named: _to(f"index.html{named[1]}", named[0]), body)
    )


def identified(html: str) -> str:
    """The headings with an id each, named as GitHub names them, so that one link serves there and here."""
    met: Counter[str] = Counter()

    def named(heading: re.Match[str]) -> str:
        level, words = heading.groups()
        name = NOT_IN_AN_ID.sub("", unescape(TAG.sub("", words)).strip().lower()).replace(" ", "-")
        again = f"-{met[name]}" if met[name] else ""
        met[name] += 1
        return f'<{level} id="{name}{again}">{words}</{level}>'

    return HEADING.sub(named, html)


def _leading(link: re.Match[str], names: tuple[str, ...]) -> str:
    name, place, words = link.groups(default="")
    return _to(f"{name}.html{place}", words) if name in names else words


def _to(address: str, words: str) -> str:
    return f'<a href="{address}">{words}</a>'


def pages(folder: Path, names: tuple[str, ...], modules: Path, beside: Collection[str] = ()) -> dict[str, str]:
    """The named documents of a folder, those that are there, as pages by the names of their files. `beside`: as for `page`."""
    files = {f"{name}.html": folder / f"{name}.md" for name in names}
    return {name: page(file, modules, names, beside) for name, file in files.items() if file.exists()}
