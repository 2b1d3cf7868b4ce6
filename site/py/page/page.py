"""Frames onto nodes: what differs between two frames is written into the document, and nothing else is touched.

A frame is a flat dict, key -> properties; a node carries the key in `data-key`. The same code writes into the browser's
document and into the plain tree that the build prerenders, so it uses only what both have: a handful of DOM methods.
Text never becomes markup: words go in as text nodes, and the few marks of wording.runs as elements made here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from content import wording

Properties = Mapping[str, Any]
Frame = dict[str, Properties]
Node = Any
Document = Any
Writer = Callable[[Document, Node, Any, Any], None]  # a node's new value, and the one before, None at the first


def changes(before: Mapping[str, Properties], after: Mapping[str, Properties]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The keys whose properties differ, each with only the properties that do."""
    for key, properties in after.items():
        old = before.get(key)
        if old is properties or old == properties:
            continue
        if old is None:
            yield key, dict(properties)
        else:
            yield key, {name: value for name, value in properties.items() if name not in old or old[name] != value}


def index(document: Document) -> dict[str, Node]:
    """Every node that has a key, by key."""
    return {node.getAttribute("data-key"): node for node in document.querySelectorAll("[data-key]")}


def patch(document: Document, nodes: Mapping[str, Node], before: Frame, after: Frame) -> dict[str, dict[str, Any]]:
    """Write the difference of two frames into the nodes. Returns what was written, by key."""
    written = dict(changes(before, after))
    write(document, nodes, before, written)
    return written


def write(
    document: Document, nodes: Mapping[str, Node], before: Frame, written: Mapping[str, Mapping[str, Any]]
) -> None:
    """Write properties, by key, into the nodes that show the frame `before`.

    Raises KeyError for a key that no node carries or a property that can't be written: the page and the views disagree,
    which a test finds before a learner does.
    """
    for key, properties in written.items():
        node, old = nodes[key], before.get(key, {})
        for name, value in properties.items():
            WRITERS[name](document, node, value, old.get(name))


def set_text(document: Document, node: Node, text: str, old: str | None = None) -> None:
    """Put `text` into a node, its marks as elements."""
    found = wording.runs(text)
    if old is not None and _reworded(node, found, wording.runs(old)):
        return
    if all(tag == "" for tag, _, _ in found):
        node.textContent = text
        return
    node.replaceChildren(*(_run(document, *run) for run in found))


def _reworded(node: Node, found: Sequence[wording.Run], before: Sequence[wording.Run]) -> bool:
    """Change only the words that differ, if the marks are those of before: a child that stays needs no new layout around it."""
    if [run[::2] for run in found] != [run[::2] for run in before] or len(node.childNodes) != len(found):
        return False
    for child, (_, words, _), (_, was, _) in zip(node.childNodes, found, before, strict=True):
        if words != was:
            child.textContent = words
    return True


def _run(document: Document, tag: str, words: str, address: str) -> Node:
    if tag == "":
        return document.createTextNode(words)
    element = document.createElement(tag)
    element.textContent = words
    if address:
        element.setAttribute("href", address)
    return element


def _set_cells(tag: str) -> Writer:
    def write(document: Document, node: Node, cells: Sequence[str], old: Sequence[str] | None) -> None:
        node.replaceChildren(*(_cell(document, tag, "col", cell) for cell in cells))

    return write


def _cell(document: Document, tag: str, scope: str, text: str) -> Node:
    cell = document.createElement(tag)
    if tag == "th":
        cell.setAttribute("scope", scope)
    set_text(document, cell, text)
    return cell


def _set_rows(
    document: Document, node: Node, rows: Sequence[Sequence[Any]], old: Sequence[Sequence[Any]] | None
) -> None:
    """Table rows: the first cell of each heads its row. A row may end with its state, `{"state": "fail"}`.

    Where no row came, went or changed its state, only the cells that differ are written; a node that isn't as it was left,
    because a writing before this failed, is written whole.
    """
    if old is not None and _shape(rows) == _shape(old) and len(node.children) == len(rows):
        for i, (row, was) in enumerate(zip(rows, old, strict=True)):
            for j, text in enumerate(row):
                if text != was[j]:
                    set_text(document, node.children[i].children[j], text, was[j])
        return
    made = []
    for row in rows:
        line = document.createElement("tr")
        cells = [cell for cell in row if isinstance(cell, str)]
        for mark in (cell for cell in row if not isinstance(cell, str)):
            line.setAttribute("data-state", mark["state"])
        line.append(*(_cell(document, "td" if i else "th", "row", cell) for i, cell in enumerate(cells)))
        made.append(line)
    node.replaceChildren(*made)


def _shape(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """What isn't a cell's text: how many cells each row has, and the states."""
    return [[None if isinstance(cell, str) else cell for cell in row] for row in rows]


def _set_items(document: Document, node: Node, items: Sequence[str], old: Sequence[str] | None) -> None:
    if old is not None and len(node.children) == len(old) == len(items):
        for i, text in enumerate(items):
            if text != old[i]:
                set_text(document, node.children[i], text, old[i])
        return
    made = []
    for text in items:
        item = document.createElement("li")
        set_text(document, item, text)
        made.append(item)
    node.replaceChildren(*made)


def _attribute(name: str) -> Writer:
    def write(document: Document, node: Node, value: Any, old: Any) -> None:
        if value is None:
            node.removeAttribute(name)
        else:
            node.setAttribute(name, str(value))

    return write


def _property(name: str) -> Writer:
    def write(document: Document, node: Node, value: Any, old: Any) -> None:
        setattr(node, name, value)

    return write


def _elsewhere(document: Document, node: Node, value: Any, old: Any) -> None:
    """Nothing: the screen draws a figure, since it alone knows a plotting library, and the stage paints a scene."""


WRITERS: Mapping[str, Writer] = {
    "text": set_text,
    "verbatim": _property("textContent"),
    "head": _set_cells("th"),
    "rows": _set_rows,
    "items": _set_items,
    "hidden": _property("hidden"),
    "disabled": _property("disabled"),
    "checked": _property("checked"),
    "value": _property("value"),
    "state": _attribute("data-state"),
    "label": _attribute("aria-label"),
    "spoken": _attribute("aria-valuetext"),
    "invalid": _attribute("aria-invalid"),
    "live": _attribute("aria-live"),
    "min": _attribute("min"),
    "max": _attribute("max"),
    "step": _attribute("step"),
    "x": _attribute("x"),
    "width": _attribute("width"),
    "height": _attribute("height"),
    "figure": _elsewhere,
    "scene": _elsewhere,
    "picked": _attribute("data-picked"),
}
