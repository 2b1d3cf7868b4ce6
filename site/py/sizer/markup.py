"""Markup made of elements: what isn't markup already is escaped, so that no text can become any."""

from __future__ import annotations

from html import escape

from content import wording


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


VOID = ("input", "br", "rect", "circle", "line")  # written with a slash: the last three stand in SVG, where it counts


def tag(kind: str, /, *children: object, **attributes: object) -> Html:
    """An element. Children that aren't markup are text; None is left out. An attribute's `_` stands for a hyphen, a trailing one
    for none; True writes the name alone, False and None nothing."""
    written = []
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        key = key.rstrip("_").replace("_", "-")
        written.append(f" {key}" if value is True else f' {key}="{escape(_number(value))}"')
    head = f"<{kind}{''.join(written)}"
    return Html(f"{head}/>" if kind in VOID else f"{head}>{together(*children)}</{kind}>")


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def together(*children: object) -> Html:
    """Elements and texts one after the other."""
    parts = [child for child in children if child is not None]
    return Html("".join(child if isinstance(child, Html) else escape(str(child)) for child in parts))


def marked(text: str) -> Html:
    """A text of the content, its marks as elements (content.wording.runs)."""
    made = []
    for name, words, address in wording.runs(text):
        made.append(tag(name, words, href=address or None) if name else Html(escape(words)))
    return together(*made)
