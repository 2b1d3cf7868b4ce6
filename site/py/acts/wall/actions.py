"""What can happen in Act I alone."""

from dataclasses import dataclass

from state.actions import Action


@dataclass(frozen=True)
class TwistFlipped(Action):
    """The one switch of the twist: the model's published KV heads, or one per query head."""

    published: bool


@dataclass(frozen=True)
class ConfigPasted(Action):
    """A model's config.json was pasted as text, or chosen as a file's bytes."""

    text: str | bytes
