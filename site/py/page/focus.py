"""Where the focus goes when what has it is hidden or disabled: to what follows from the press, never to the page's beginning."""

from collections.abc import Mapping, Sequence
from typing import Any

HEADINGS = "h1, h2, h3, h4"
FOLLOWING = 4  # Node.DOCUMENT_POSITION_FOLLOWING
AIR = 24  # pixels above what is scrolled into sight


def may_go(written: Mapping[str, Any]) -> bool:
    """Whether a node that was written so can't have the focus any more."""
    return bool(written.get("hidden") or written.get("disabled"))


def losing(document: Any, going: Sequence[Any]) -> Any:
    """What has the focus and is about to go with one of these nodes; None if the focus is safe or on nothing."""
    held = document.activeElement if going else None
    if not held or held.isSameNode(document.body):
        return None
    return held if any(node.contains(held) for node in going) else None


def keep(window: Any, held: Any) -> None:
    """The node that had the focus is gone: find the focus another place."""
    if not _is_there(held):
        _land(window, _next(window.document, held))


def _next(document: Any, held: Any) -> Any:
    """What the node names itself, else the heading of the part it stands in, else the first heading after it."""
    named = held.getAttribute("data-then")
    then = document.getElementById(named) if named else None
    if then and _is_there(then):
        return then
    room = held.parentElement
    while room:
        heading = room.querySelector(HEADINGS) if room.matches("section, form") else None
        if heading and _is_there(heading):
            return heading
        room = room.parentElement
    there = [heading for heading in document.querySelectorAll(HEADINGS) if _is_there(heading)]
    after = (heading for heading in there if held.compareDocumentPosition(heading) & FOLLOWING)
    return next(after, there[-1])


def _is_there(node: Any) -> bool:
    """Whether a node can be seen and used."""
    return node.getClientRects().length > 0 and not node.matches(":disabled")


def _land(window: Any, node: Any) -> None:
    """Give a node the focus. The lab's own window follows if it must; a page around it doesn't move."""
    if not node.matches("button"):
        node.setAttribute("tabindex", "-1")
    node.focus(window.JSON.parse('{"preventScroll": true}'))
    box, status = node.getBoundingClientRect(), window.document.querySelector(".status").getBoundingClientRect()
    foot = window.innerHeight - (max(status.height, _kept_clear(window)) if status.height else 0)
    if node.matches(HEADINGS):
        foot /= 2  # a heading low in the window would hide what stands below it
    head = _covered(window.document, node)
    if box.top < head or box.bottom > foot:
        window.scrollBy(0, box.top - head - AIR)


def _covered(document: Any, node: Any) -> float:
    """Pixels at the top that lie under what sticks there: the folded rail, and a scene's bench that stands above the node."""
    rail = document.querySelector(".rail-toggle").getBoundingClientRect().height
    scene = node.closest(".scene")
    bench = scene.querySelector(".seen") if scene else None
    if not bench or bench.contains(node) or not bench.compareDocumentPosition(node) & FOLLOWING:
        return float(rail)
    box, own = bench.getBoundingClientRect(), node.getBoundingClientRect()
    beside = box.right <= own.left or own.right <= box.left
    return float(rail if beside else rail + box.height)


def _kept_clear(window: Any) -> float:
    """Pixels at the foot that the style sheet keeps clear for the status line: what that says next may take a second row."""
    said = window.getComputedStyle(window.document.documentElement).scrollPaddingBottom
    return float(said.removesuffix("px")) if said.endswith("px") else 0.0
