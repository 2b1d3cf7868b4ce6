"""What content files of several kinds are made of: questions, controls, mathematics, and what every act's file has."""

from collections.abc import Mapping

from content.shapes import Number, Shape, Text


class Claim(Shape):
    """What an option of a question says about the engine's numbers."""

    measure: str
    """The number that the claim is about: one of those that the question's oracle computes."""
    at_least: float | None = None
    """The least value with which the claim holds."""
    at_most: float | None = None
    """The greatest value with which the claim holds."""


class Named(Shape):
    """One of a few things to choose from."""

    id: str
    """The name under which a choice is kept; it never changes."""
    text: str
    """What the learner reads."""


class Picks(Shape):
    """A choice among a few named things."""

    label: str
    """What is chosen here."""
    default: Text
    """The id of what is chosen at the start."""
    options: tuple[Named, ...]
    """What there is to choose from."""


class Limits(Shape):
    """A number that a learner can move."""

    label: str
    """What the number is."""
    unit: str
    """The number's unit; empty if it has none."""
    min: float
    """The least that can be chosen, in the unit."""
    max: float
    """The most that can be chosen, in the unit."""
    step: float
    """The distance from one number to the next, in the unit."""
    default: Number | None = None
    """The number at the start, in the unit."""


class Formula(Shape):
    """One formula of an act's mathematics."""

    title: str
    """What the formula gives."""
    formula: str
    """The formula in letters."""
    terms: tuple[tuple[str, ...], ...]
    """Each letter, what it means, and its value now."""
    live: str
    """The formula once more with the numbers as they are now."""


class Mathematics(Shape):
    """The mathematics of an act, behind a door."""

    title: str
    """The heading."""
    intro: str
    """What the formulas have in common."""
    items: tuple[Formula, ...]
    """The formulas, in the order in which they are shown."""


class Option(Shape):
    """One of the answers to a question."""

    id: str
    """The name under which the answer is kept; it never changes."""
    text: Text
    """The answer as the learner reads it."""
    claims: tuple[Claim, ...]
    """What the answer says about the engine's numbers; it is right if all of it holds."""
    right: Text | None = None
    """What is said when the answer is right; needed where it can be."""
    wrong: Text | None = None
    """What is said when the answer is wrong; needed where it can be."""


class Question(Shape):
    """A question that is answered once. In each context exactly one option must hold."""

    oracle: str
    """The name of what computes the question's numbers: one of the act's oracles."""
    engine: str
    """A line for the report: the numbers that decide."""
    title: str
    """The heading."""
    commit: str
    """The words on the button that locks the answer."""
    prompt: Text
    """The question."""
    next: Text
    """What there is to do, and what opens then."""
    options: tuple[Option, ...]
    """The answers to choose from."""
    formula: str | None = None
    """A formula that helps to estimate."""


class ContextWords(Shape):
    """One of the contexts: the same lab with other numbers, and somebody else who asks."""

    id: str
    """The name under which a context is kept, and of its entries in other tables."""
    label: str
    """What it is called."""
    text: str
    """What it is about."""
    persona: str
    """Who asks."""
    unit: str
    """What is counted in it: users, documents."""


class Message(Shape):
    """What somebody asks for."""

    from_: str
    """Who writes: name and role."""
    text: str
    """What they write."""


class SceneWords(Shape):
    """What a scene is called."""

    title: Text
    """The scene's question, its heading."""
    aim: Text
    """What there is to do, in a line under the heading."""


class ActWords(Shape):
    """What the file of every act has that is walked through in scenes."""

    id: str
    """The act's id, as in its folder."""
    kicker: str
    """The line above the title."""
    name: str
    """What the act is called in other sentences."""
    title: str
    """The act's title."""
    duration: str
    """How long it takes."""
    opening: str | None = None
    """What a learner has to know before the first question."""
    scenario: tuple[Text, ...]
    """What the act is about, a paragraph each."""
    message: Mapping[str, Message]
    """Who asks for something, by context."""
    scenes: Mapping[str, SceneWords] | None = None
    """The words of the act's scenes, by their names."""
    doors: Mapping[str, str] | None = None
    """The questions that the act's doors answer, by their names."""
