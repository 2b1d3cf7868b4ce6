"""Other languages: a folder of content files that hold only texts, laid over the English ones.

Numbers, sources and what names something stand in one place, the English files. What a translation lacks stays English; that,
and what doesn't fit the English text, is listed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

ENGLISH = "en"
LAB = "index"
# What a text asks to be filled in, and where its links lead: the same in every language.
PLACEHOLDER = re.compile(r"\{[a-z][a-z0-9_]*(?::[a-z]+)?\}|\[[a-z]+\](?!\()|\]\([^)]+\)")
WORD = re.compile("[a-z]{2}")
# Where a text names something and is never translated. An entry of a list may repeat its id, to say which one it is.
NAME = re.compile(
    r".*\.(?:id|model|gpu|draft_model|workload|workloads|policy|policies|policy_default|default|measure|date|draft"
    r"|address|hands|(?:serve|bench|draft)_address|chunked_policies|workload\.\w+|(?:prediction|reflection)\.oracle)"
)
# Files, tables and texts that no page shows, or whose words a contract fixes.
ENGLISH_ONLY = re.compile(r"models|hardware|calibration\.[^.]+\.(?!source$)\w+|grading\.columns|report\.headings")


def page(language: str, name: str = LAB) -> str:
    """The address of one of the site's pages in a language, by the name of its English file: "index", "size", "run", ..."""
    if language == ENGLISH:
        return f"{name}.html"
    return f"{language}.html" if name == LAB else f"{name}.{language}.html"


def content_file(language: str) -> str:
    """The name of the file with the content in a language."""
    return "content.json" if language == ENGLISH else f"content.{language}.json"


def spoken(script: str, every: Mapping[str, Mapping[str, Any]]) -> str:
    """The script of the element for other pages with its words, from the content in every language."""
    words = {language: tables["embed"]["element"] for language, tables in every.items()}
    return script.replace("const WORDS = {};", f"const WORDS = {json.dumps(words, ensure_ascii=False)};")


def overlaid(base: Any, over: Any) -> Any:
    """`base` with the texts of `over` in the place of its own: tables by key, lists entry by entry."""
    if isinstance(base, dict) and isinstance(over, Mapping):
        return {key: overlaid(value, over[key]) if key in over else value for key, value in base.items()}
    if isinstance(base, list) and isinstance(over, list):
        return [overlaid(*pair) for pair in zip(base, over, strict=False)] + base[len(over) :]
    return over if isinstance(base, str) and isinstance(over, str) else base


def missing(base: Any, over: Any, path: str = "") -> Iterator[str]:
    """The paths of the texts that a translation lacks."""
    if ENGLISH_ONLY.fullmatch(path):
        return
    if isinstance(base, Mapping):
        for key, value in base.items():
            yield from missing(value, over.get(key) if isinstance(over, Mapping) else None, _under(path, key))
    elif isinstance(base, list):
        for i, value in enumerate(base):
            known = isinstance(over, list) and i < len(over)
            yield from missing(value, over[i] if known else None, f"{path}[{i}]")
    elif isinstance(base, str) and not isinstance(over, str) and _says_something(base, path):
        yield path


def pairs(base: Any, over: Any, path: str = "") -> Iterator[tuple[str, tuple[str, str]]]:
    """Each text that says something in English and is translated: its path, then both texts."""
    if ENGLISH_ONLY.fullmatch(path):
        return
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        for key in (key for key in base if key in over):
            yield from pairs(base[key], over[key], _under(path, key))
    elif isinstance(base, list) and isinstance(over, list):
        for i, both in enumerate(zip(base, over, strict=False)):
            yield from pairs(*both, f"{path}[{i}]")
    elif isinstance(base, str) and isinstance(over, str) and _says_something(base, path):
        yield path, (base, over)


def mistakes(base: Any, over: Any, path: str = "") -> Iterator[str]:
    """A sentence for each text of a translation that has no English one, names something else, or asks for other numbers."""
    if isinstance(over, Mapping):
        for key, value in over.items():
            if isinstance(base, Mapping) and key in base:
                yield from mistakes(base[key], value, _under(path, key))
            else:
                yield f"{_under(path, key)}: the English text has no such key"
    elif isinstance(over, list):
        if isinstance(base, list) and len(over) <= len(base):
            for i, value in enumerate(over):
                if isinstance(base[i], Mapping) and base[i].get("id") != (
                    value.get("id") if isinstance(value, Mapping) else None
                ):
                    yield f"{path}[{i}]: expected the entry with the id {base[i].get('id')!r}"
                yield from mistakes(base[i], value, f"{path}[{i}]")
        else:
            yield f"{path}: the English list is shorter, or none"
    elif not isinstance(base, str) or not isinstance(over, str):
        yield f"{path}: expected a text in both languages"
    elif _is_name(path) and over != base:
        yield f"{path}: expected {base!r}, as in English"
    elif (wanted := _filled_in(base)) != _filled_in(over):
        yield f"{path}: expected the placeholders and links {', '.join(wanted) or 'of no kind'}"


def _under(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _says_something(text: str, path: str) -> bool:
    return WORD.search(PLACEHOLDER.sub("", text)) is not None and not _is_name(path)


def _is_name(path: str) -> bool:
    return NAME.fullmatch(re.sub(r"\[\d+\]", "", path)) is not None


def _filled_in(text: str) -> list[str]:
    return sorted(set(PLACEHOLDER.findall(text)))
