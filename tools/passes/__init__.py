"""What makes the site faster than its makers' files. Each pass can be left out; a site without any (`--plain`) does the same."""

from __future__ import annotations

from collections.abc import Collection

from tools.passes import compiled, machine_code, methods, pieces, pyscript, trampolines, trimmed, turns
from tools.passes.shape import NotHere, Parts, Pass
from tools.passes.workshop import Workshop

PASSES: tuple[Pass, ...] = (  # in the order in which they are applied
    methods.PASS,
    pyscript.PASS,
    trimmed.PASS,
    compiled.PASS,
    turns.PASS,
    trampolines.PASS,
    pieces.PASS,
    machine_code.PASS,
)
NAMES = tuple(each.name for each in PASSES)


def applied(parts: Parts, workshop: Workshop, without: Collection[str] = ()) -> tuple[Parts, dict[str, list[str]]]:
    """The parts after every pass but those `without`, and which passes applied, each with the parts that it made.

    One that doesn't fit these runtimes prints a sentence and changes nothing. Raises BuildError where one fails.
    """
    made: dict[str, list[str]] = {}
    for each in PASSES:
        if each.name in without:
            continue
        try:
            changed = each.apply(parts, workshop)
        except NotHere as reason:
            print(f"Without the pass {each.name!r}: {reason}. {each.without}")
        else:
            parts, made[each.name] = {**parts, **changed}, sorted(changed)
    return parts, made
