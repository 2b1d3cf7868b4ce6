"""The documents that the page links to, from Markdown to pages in the lab's own style. The rendering is npm's `marked`."""

from __future__ import annotations

import re
import subprocess
from html import escape
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
    <script src="reach.js" defer></script>
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


def page(markdown: Path, modules: Path, names: tuple[str, ...] = ()) -> str:
    """One document as a page. `names`: the documents that are pages; of links to others the words stay.

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
    body = LINK.sub(lambda link: _leading(link, names), body)
    return SHELL.format(title=escape(title), body=body)


def _leading(link: re.Match[str], names: tuple[str, ...]) -> str:
    name, place, words = link.groups(default="")
    return f'<a href="{name}.html{place}">{words}</a>' if name in names else words


def pages(folder: Path, names: tuple[str, ...], modules: Path) -> dict[str, str]:
    """The named documents of a folder, those that are there, as pages by the names of their files."""
    files = {f"{name}.html": folder / f"{name}.md" for name in names}
    return {name: page(file, modules, names) for name, file in files.items() if file.exists()}
