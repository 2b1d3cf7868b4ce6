"""The Content-Security-Policy of each page, in a meta tag: its own files, what WebAssembly needs, and nothing else.

A page that is served from anywhere, by a server that sends no headers of ours, still runs no script and asks no host but
its own, whatever text gets into it.
"""

from __future__ import annotations

import base64
import hashlib
import re

EMPTY = b""  # plotly.js makes a style sheet without a word in it and fills it rule by rule
POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # Pyodide compiles Python's WebAssembly
    "style-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self'",
    "img-src": "'self' data:",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "frame-src": "'self'",  # the game, in its scene
    "base-uri": "'none'",
    "form-action": "'none'",
}
INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)


def guarded(html: str) -> str:
    """The page with its policy, in force before anything else is read. What stands inline in it is allowed by its hash."""
    hashes = {"script": "", "style": f" {_hash(EMPTY)}"}
    for tag, text in INLINE.findall(html):
        hashes[tag] += f" {_hash(text.encode())}"
    policy = "; ".join(f"{name} {value}{hashes.get(name.removesuffix('-src'), '')}" for name, value in POLICY.items())
    head = '<meta charset="utf-8">'
    return html.replace(head, f'{head}\n    <meta http-equiv="Content-Security-Policy" content="{policy}">', 1)


def unguarded(html: str) -> str:
    """The page without its policy: the lab as a single file, which is one inline script and has no server."""
    return re.sub(r'\s*<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)


def _hash(text: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text).digest()).decode()}'"
