"""The page's form, as the browser has it, becomes a question as plain data: a name and the texts that stand under it."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from content import wording
from sizing.plain import AskError

Fields = Mapping[str, Sequence[str]]
# 1.000,5 and 1,000.5; 1.000.000 and 1,000,000
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:(?:([.,])\d{3})(?:\1\d{3})*(?!\1)[.,]\d+|([.,])\d{3}(?:\2\d{3})+)")
OWN_LENGTHS, OWN_FILE = "own", "file"
DAYS: Mapping[str, tuple[float, ...]] = {
    "office": (8, 6, 5, 5, 6, 9, 18, 38, 66, 90, 98, 97, 88, 92, 100, 98, 91, 76, 55, 40, 31, 24, 17, 11),
    "evening": (48, 30, 19, 13, 10, 10, 13, 21, 31, 39, 45, 50, 54, 56, 57, 59, 63, 70, 80, 91, 99, 100, 88, 68),
}
"""Load of each hour, the busiest 100: the lab's own shapes, of no one trace; a question as JSON can have any other."""


def question_of(fields: Fields) -> dict[str, Any]:
    """The question that a filled form asks, as sizing.plain reads it. Raises AskError for a text that is no number, and
    engine.ConfigError for one that is no config.json."""
    promise = {
        "percent": _whole(fields, "percent"),
        "ttft_s": _scaled(fields, "ttft", 1e-3),
        "tpot_s": _scaled(fields, "tpot", 1e-3),
        "e2e_s": _scaled(fields, "e2e", 1.0),
        "tokens_per_s": _number(fields, "tokens"),
    }
    prices = {name.removeprefix("price."): _number(fields, name) for name in fields if name.startswith("price.")}
    used = fields.get("gpus", ())
    asked = {
        "model": _model(fields),
        "traffic": _traffic(fields),
        "promise": {name: value for name, value in promise.items() if value is not None},
        "allowed": {
            "gpus": list(used),
            "weight_bits": _bits(fields, "weights"),
            "kv_bits": _bits(fields, "cache"),
            "engines": list(fields.get("engine", ())),
            "most_gpus": _whole(fields, "most_gpus"),
        },
        "prices": {gpu: price for gpu, price in prices.items() if price is not None and gpu in used},
        "spare": _whole(fields, "spare") or 0,
        "kg_per_kwh": _number(fields, "kg") or 0.0,
    }
    if asked["allowed"]["most_gpus"] is None:
        del asked["allowed"]["most_gpus"]
    return asked


def _model(fields: Fields) -> Any:
    config = _text(fields, "config")
    if not config:
        return _text(fields, "model")
    from engine import config_table

    return config_table(config)


def _traffic(fields: Fields) -> dict[str, Any]:
    found: dict[str, Any] = {}
    shape = _text(fields, "workload")
    if shape == OWN_LENGTHS:
        for name in ("prompt", "output"):
            mean, tail = _number(fields, f"{name}_mean"), _number(fields, f"{name}_p99")
            found[name] = {"mean": mean, "p99": mean if tail is None else tail}
    else:
        found["trace" if shape == OWN_FILE else "workload"] = shape
    closed = _text(fields, "load") == "users"
    found |= {"users": _whole(fields, "users") or 0} if closed else {"rate_per_s": _number(fields, "rate") or 0.0}
    longest, cv = _whole(fields, "longest"), _number(fields, "cv")
    if longest is not None:
        found["longest_tokens"] = longest
    if cv is not None:
        found["cv"] = cv
    if (day := _text(fields, "day")) in DAYS:
        found["daily"] = list(DAYS[day])
    return found


def _bits(fields: Fields, name: str) -> list[int]:
    return [int(value) for value in fields.get(name, ()) if value.isdecimal()]


def _text(fields: Fields, name: str) -> str:
    return (fields.get(name) or ("",))[0].strip()


def _number(fields: Fields, name: str) -> float | None:
    """A number as a person writes it, with a comma or a point; None for an empty field. Refused is one whose mark may part
    thousands in the page's language: 1,000 in English, 1.000 in German, and both where a space parts them, as in Spanish: some
    of its countries write the one and some the other. Where both marks stand, or one stands twice, there is no doubt."""
    text = "".join(_text(fields, name).split())
    if not text:
        return None
    parting = wording.separators()[1].strip() or ".,"
    if again := re.fullmatch(rf"([+-]?[1-9]\d{{0,2}})[{parting}](\d{{3}})", text):
        raise AskError("thousands", key=name, found=text, whole="".join(again.groups()))
    if parted := GROUPED.fullmatch(text):
        text = text.replace(parted[1] or parted[2], "")
    try:
        value = float(text.replace(",", "."))
    except ValueError as mistake:
        raise AskError("no_number", key=name, found=text) from mistake
    if not math.isfinite(value):
        raise AskError("no_number", key=name, found=text)
    return value


def _whole(fields: Fields, name: str) -> int | None:
    value = _number(fields, name)
    if value is not None and value != int(value):
        raise AskError("not_whole", key=name, found=value)
    return None if value is None else int(value)


def _scaled(fields: Fields, name: str, factor: float) -> float | None:
    value = _number(fields, name)
    return None if value is None else value * factor
