"""The whole lab as one HTML file that runs from a stick: a built site, folded into its own page."""

from __future__ import annotations

import base64
import gzip
import re
from pathlib import Path

from tools import policy

RUNTIME = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
DROPPED = r"<link rel=\"(?:preload|modulepreload|manifest|apple-touch-icon)\"[^>]*>\n?\s*"


def fold(dist: Path, bootstrap: Path) -> str:
    """The page of a built site with everything it loads inside. `bootstrap` is the script that starts Python from there."""
    page = policy.unguarded((dist / "index.html").read_text(encoding="utf-8"))
    (parts,) = (dist / "v").iterdir()
    page = page.replace(f"v/{parts.name}/", "")
    page = re.sub(DROPPED, "", page)
    page = re.sub(r'<link rel="stylesheet" href="([^"]+)">', lambda m: f"<style>{_sheet(parts / m[1])}</style>", page)
    page = page.replace('href="icon.svg"', f'href="{_data(dist / "icon.svg", "image/svg+xml")}"')
    head, body = page.split("</head>")
    head = re.sub(r"<script[^>]*></script>\n?\s*", "", head)
    head += "".join(f"<script>{_script(parts / name)}</script>\n" for name in ("trouble.js", "boot.js"))
    body = re.sub(
        r"\s*(?:<!-- PyScript .*?-->|<(?:m?py-config|script)[^>]*>.*?</(?:m?py-config|script)>)", "", body, flags=re.S
    )
    scripts = [f"<script>{_script(parts / 'runtime/plotly-basic.min.js')}</script>"]
    scripts += [_embedded(parts / "runtime/pyodide" / name) for name in RUNTIME]
    scripts += [
        _embedded(parts / "app.zip"),
        *(_embedded(file) for file in sorted(dist.glob("*.html")) if file.stem not in ("index", "grade")),
    ]
    scripts += [f'<script type="module">{_script(bootstrap)}</script>']
    return f"{head}</head>{body.replace('</body>', chr(10).join([*scripts, '</body>']))}"


def _data(file: Path, kind: str) -> str:
    """A file as the address of itself."""
    return f"data:{kind};base64,{base64.b64encode(file.read_bytes()).decode()}"


def _sheet(file: Path) -> str:
    """A style sheet with its fonts inside."""
    text = file.read_text(encoding="utf-8")
    return re.sub(r'url\("([^"]+)"\)', lambda m: f'url("{_data((file.parent / m[1]).resolve(), "font/woff2")}")', text)


def _script(file: Path) -> str:
    """A script that can stand inside a page."""
    return file.read_text(encoding="utf-8").replace("</script", "<\\/script")


def _embedded(file: Path) -> str:
    """Any file as a block of data that the page's own script reads."""
    packed = base64.b64encode(gzip.compress(file.read_bytes(), 9, mtime=0)).decode()
    return f'<script type="application/octet-stream" data-file="{file.name}">{packed}</script>'
