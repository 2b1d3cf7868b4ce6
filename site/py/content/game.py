"""The game's content as types (run.html): levels, what one may touch in them, and the words."""

import math
from collections.abc import Mapping

from content.shapes import Shape

Words = Mapping[str, str]
FLOOD = 3.0  # times as much comes while the tap is held open
MOST_SEED = 999_999
SPREAD = 6  # standard deviations of a Poisson count: no traffic of a seed brings more


class Hand(Shape):
    """Something that a player sets while the server runs."""

    id: str
    """Its name in the code."""
    label: str
    """What it is called."""
    values: tuple[float, ...] | None = None
    """What it can be set to, from the least."""
    choices: Words | None = None
    """What its values are called, by value: then it is a choice, not a slider."""
    unit: str | None = None
    """What is written behind a value of a slider."""
    address: str
    """The address of its instrument in the lab."""
    lesson: str
    """What the instrument is about."""


class Stream(Shape):
    """Requests of one kind over the time of a level."""

    workload: str
    """Whose lengths they have, an id of workloads.toml."""
    curve: tuple[tuple[float, float], ...]
    """(s, requests a second): between two points in a straight line. With a tap, times what the tap gives."""
    system_tokens: int = 0
    """Tokens that all prompts begin with."""


class Surprise(Shape):
    """What nobody has planned."""

    at_s: float
    """When it happens."""
    text: str
    """What the player is told."""
    lost: bool = False
    """Whether a node fails; the others are streams."""


class Question(Shape):
    """What is asked after a level."""

    question: str
    """The question."""
    right: str
    """What is said of the right answer."""
    wrong: str
    """What is said of another one."""
    options: Words
    """The answers; which one is right the engine finds out."""


class Level(Shape):
    """A level: what comes, what was promised, what one may touch."""

    id: str
    """Its name in the address."""
    title: str
    """What it is called."""
    aim: str
    """One line: what to try."""
    seconds: float
    """How long requests come."""
    seed: int
    """The traffic, unless the link asks for other."""
    nodes: int
    """Servers at the start."""
    ttft_s: float
    """The promise: the first token within this."""
    tpot_s: float
    """The promise: each further token within this, on average over an answer."""
    hands: tuple[str, ...]
    """What one may touch, ids of hands."""
    start: Mapping[str, float]
    """What each hand is set to at the start, also of those that one may not touch."""
    streams: tuple[Stream, ...]
    """What comes."""
    surprise: Surprise | None = None
    """What nobody has planned."""
    sweep: Mapping[str, tuple[float, ...]] | None = None
    """The fixed settings that are tried afterwards: of each of these hands these values. Without it nothing is tried."""


class Server(Shape):
    """The node that is played."""

    model: str
    """The model, an id of models.toml."""
    gpu: str
    """The GPU, an id of hardware.toml."""
    gpus: int
    """GPUs of a node."""
    weight_bits: int
    """Bits of a weight."""
    utilization: float
    """The share of the memory that the engine may use."""
    longest_tokens: int
    """The longest sequence; longer prompts lose their beginning."""
    token_budget: int
    """Tokens that a step of the chunked scheduler may compute."""
    warm_s: float
    """How long a further node takes until it answers."""
    window_s: float
    """The dials look back so far."""


class PlayFile(Shape):
    """The game."""

    page: Words
    """The words of the page that never change."""
    scene: Words
    """What the lab's scene says beside the first level."""
    said: Words
    """What is said of a game."""
    server: Server
    """The node that is played."""
    hands: tuple[Hand, ...]
    """What a player can set."""
    levels: tuple[Level, ...]
    """The levels, in order."""
    questions: Mapping[str, Question]
    """What is asked after a level, by its id; nothing after one that isn't here."""


def most_points(game: PlayFile, level: Level) -> int:
    """More points than a level can bring: all who come at the highest rate, with the tap wide open, answered by the fewest nodes.

    Points are requests per 1,000 GPU-seconds. It says what is impossible, not what a person reaches.
    """
    come = level.seconds * sum(max(rate for _, rate in stream.curve) for stream in level.streams)
    if "tap" in level.hands:
        come *= FLOOD * max(hand.values[-1] for hand in game.hands if hand.id == "tap" and hand.values)
    nodes = max(1, level.nodes - bool(level.surprise and level.surprise.lost))
    return math.ceil(1000 * (come + SPREAD * math.sqrt(come)) / (nodes * game.server.gpus * level.seconds))
