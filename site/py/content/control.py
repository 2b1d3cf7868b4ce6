"""A control that a learner can move: its limits, its default in each context, and how a typed value is read.

A value is an int, a float or a str. `read` never raises: it returns the value to keep and, where the typed one can't be
taken as it is, a sentence that says what was done instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from content import wording

Value = int | float | str
Settings = Mapping[str, Value]


@dataclass(frozen=True)
class Range:
    """A number between two limits, in steps from the lower one."""

    id: str
    label: str
    unit: str
    minimum: float
    maximum: float
    step: float
    defaults: Mapping[str, float]
    said: Mapping[str, str]  # the sentences of `read`, words.toml, [typed]
    slider: bool = True  # beside the number field
    side: str = ""  # which of several controls with this label it is

    def read(self, typed: object, kept: Value) -> tuple[Value, str | None]:
        """The nearest value on the grid for what was typed, or `kept` with a sentence when it is not in the range."""
        number = _decimal(typed)
        if number is None:
            return kept, self._say("no_number", kept=kept)
        if not Decimal(str(self.minimum)) <= number <= Decimal(str(self.maximum)):
            return kept, self._say("outside", low=self.minimum, high=self.maximum, kept=kept)
        step = Decimal(str(self.step))
        low = Decimal(str(self.minimum))
        # The grid starts at a multiple of the step for every range we have, except ranges that start at 1.
        origin = low if low % step else Decimal(0)
        snapped = origin + ((number - origin) / step).to_integral_value(ROUND_HALF_EVEN) * step
        snapped = min(max(snapped, low), Decimal(str(self.maximum)))
        value: Value = int(snapped) if snapped == snapped.to_integral_value() else float(snapped)
        if snapped != number:
            return value, self._say("between", step=self.step, taken=value)
        return value, None

    def reaching(self, *values: float) -> "Range":
        """The same control up to the greatest of `values`, where that lies above its own limit."""
        return replace(self, maximum=max(self.maximum, *values))

    def _say(self, name: str, **values: Value) -> str:
        shown = {key: self.show(value) for key, value in values.items()}
        return wording.fill(self.said[name], {"label": self.label, **shown})

    def show(self, value: Value) -> str:
        """A value with the control's unit."""
        return wording.united(wording.show(value), self.unit) if self.unit else wording.show(value)


@dataclass(frozen=True)
class Choice:
    """One of a few named values."""

    id: str
    label: str
    options: tuple[tuple[Value, str], ...]
    defaults: Mapping[str, Value]
    said: Mapping[str, str]
    side: str = ""  # which of several controls with this label it is
    unready: Mapping[Value, str] = field(default_factory=dict)  # options that can't be taken yet, and why
    private: frozenset[Value] = frozenset()  # options that mean something on this page alone

    def read(self, typed: object, kept: Value) -> tuple[Value, str | None]:
        """The option whose value reads like `typed`, or `kept` with a sentence when there is none."""
        for value, _ in self.options:
            if str(value) == str(typed):
                return (kept, self.unready[value]) if value in self.unready else (value, None)
        return kept, wording.fill(self.said["not_offered"], {"label": self.label, "kept": self.show(kept)})

    def show(self, value: Value) -> str:
        """The words for a value."""
        return next((words for option, words in self.options if option == value), str(value))


Control = Range | Choice


def _decimal(typed: object) -> Decimal | None:
    """What a person typed as an exact number, None if it is none. A comma or space between thousands is accepted."""
    try:
        number = Decimal("".join(str(typed).split()).replace(",", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
