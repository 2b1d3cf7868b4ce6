"""The whole lab as one HTML file that runs from a stick: a built site, folded into its own page."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

from tools import languages, policy

BOOTSTRAP = "scripts/single-file/single.mjs"
RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
# What a file needs no more, and the ways to other languages, which are pages of their own.
NEEDLESS = "preload|modulepreload|manifest|apple-touch-icon"
# What a stick lacks: other languages, the page for engineers, the game.
PAGES_APART = r'(?:<p class="play">)?<a href="(?:size|run)\.[^>]*>[^<]*</a>(?:</p>|\.)'
DROPPED = rf'(?:<link rel="(?:{NEEDLESS})"[^>]*>|<p class="languages">.*?</p>|{PAGES_APART})\n?\s*'


def fold(dist: Path, site: Path, language: str = languages.ENGLISH) -> str:
    """The page of a built site with everything it loads inside, and the script of `site` that starts Python from there."""
    page = policy.unguarded((dist / languages.page(language)).read_text(encoding="utf-8"))
    (parts,) = (dist / "v").iterdir()
    page = page.replace(f"v/{parts.name}/", "")
    page = re.sub(DROPPED, "", page)
    linked = sorted(set(re.findall(r'<a href="(\w+\.html)"', page)))
    page = re.sub(r'url\("([^"]+)"\)', lambda m: f'url("{_data(parts / m[1], "font/woff2")}")', page)
    page = page.replace('href="icon.svg"', f'href="{_data(dist / "icon.svg", "image/svg+xml")}"')
    head, body = page.split("</head>")
    head = re.sub(r"<script[^>]*></script>\n?\s*", "", head)
    body = re.sub(
        r"\s*(?:<!-- PyScript .*?-->|<(?:m?py-config|script)[^>]*>.*?</(?:m?py-config|script)>)", "", body, flags=re.S
    )
    scripts = [f"<script>{_script(parts / name)}</script>" for name in ("mirror.js", "runtime/plotly-basic.min.js")]
    scripts += [_embedded(parts / "runtime/pyodide" / name) for name in RUNTIME]
    read = ["app.zip", *([languages.content_file(language)] if language != languages.ENGLISH else [])]
    scripts += [_embedded(parts / name, " data-root") for name in read]
    scripts += [_embedded(dist / name) for name in linked]
    scripts += [f'<script type="module">{_script(site / BOOTSTRAP)}</script>']
    return f"{head}</head>{body.replace('</body>', chr(10).join([*scripts, '</body>']))}"


def _data(file: Path, kind: str) -> str:
    """A file as the address of itself."""
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _script(file: Path) -> str:
    """A script that can stand inside a page."""
    return file.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _embedded(file: Path, mark: str = "") -> str:
    """Any file as a block of data that the page's own script reads; `data-root` marks what Python finds in its root."""
    packed = base64.b64encode(gzip.compress(file.read_bytes(), 9, mtime=0)).decode()
    return f'<script type="application/octet-stream" data-file="{file.name}"{mark}>{packed}</script>'
