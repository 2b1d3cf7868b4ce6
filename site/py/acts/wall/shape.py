"""What Act I's content looks like."""

from collections.abc import Mapping

from content.common import ActWords, Limits, Mathematics, Option, Picks, Question
from content.shapes import Number, Shape, Text

Words = Mapping[str, Text]


class Deployment(Shape):
    """The node that the first question is about."""

    model: str
    """The model, by its id in models.toml."""
    gpu: str
    """The GPU, by its id in hardware.toml."""
    gpus: int
    """GPUs in the node."""
    weight_bits: int
    """Bits of a weight: 4, 8 or 16."""
    kv_bits: int
    """Bits of a cached value: 4, 8 or 16."""
    kv_heads: int
    """KV heads that the first question assumes."""
    context_tokens: Number
    """The length of each user's context, in tokens."""


class UsersOption(Option):
    """A number of users to guess."""

    stands_for: float | None = None
    """The users that the guess stands for, where it is drawn."""


class Prediction(Question):
    """How many users fit?"""

    options: tuple[UsersOption, ...]
    """The answers to choose from."""


class Wall(Shape, others=str):
    """The memory of the node as it fills, beside the prediction."""

    painted: Words
    """What is written into the picture."""
    says: Words
    """What the picture shows, in sentences."""
    before: Words
    """What stands under the node of the question, before anybody has a place."""


class UsersChart(Shape, others=Text):
    """The chart of users against context length."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Calculator(Shape, others=Text):
    """The calculator of KV-cache memory."""

    viable_users: int
    """The number of users below which a node is called tight."""
    context: Limits
    """The slider of the context length, in tokens."""
    cards: Words
    """What the large numbers are."""
    states: Words
    """What is said of a node that holds too few users, and what would help."""
    derivation: Mapping[str, tuple[str, ...]]
    """The lines of the derivation: what, how, how much."""
    split: Words
    """The parts of the memory."""
    paste: Words
    """The field for a model's own config.json."""
    chart: UsersChart
    """The chart of users against context length."""


class Twist(Shape, others=Text):
    """Eight KV heads in the place of sixty-four."""

    families_columns: tuple[str, ...]
    """The heads of the table's columns."""
    families_kinds: Words
    """The families of attention, in short."""


class Act(ActWords):
    """Act I."""

    deployment: Deployment
    """The node that the first question is about."""
    prediction: Prediction
    """The first question."""
    reality: Words
    """The prediction against what the engine computes."""
    wall: Wall
    """The memory of the node as it fills."""
    calculator: Calculator
    """The calculator of KV-cache memory."""
    twist: Twist
    """Eight KV heads in the place of sixty-four."""
    reflection: Question
    """The last question."""
    math: Mathematics
    """The mathematics, behind a door."""
    figure: Mapping[str, str]
    """The picture that stands for the act where the lab can't run."""


class Blocks(Shape, others=str):
    """The replay of one memory handed out in two ways."""

    steps: int
    """Token steps of the replay."""
    steps_published: int
    """The same with the published number of KV heads, which has more blocks to record."""
    requests: int
    """Requests in the queue."""
    workload: Text
    """How long prompts and answers are, by the workload's id in workloads.toml."""
    reservation: Picks
    """How much a request reserves where it gets one stretch of memory."""
    layouts: Mapping[str, str]
    """The ways of handing memory out, by their names in the engine."""
    now: tuple[str, ...]
    """What the memory holds now, a line each."""
    table: tuple[str, ...]
    """The heads of the table's columns."""


class Published(Shape, others=str):
    """What others measured of the same."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""
    shares: Mapping[str, float]
    """The share of memory that held tokens, by layout, as published."""
    max_sequence: int
    """The longest sequence there, in tokens."""
    workload: str
    """The traffic there, by the workload's id in workloads.toml."""


class Replay(Shape):
    """Act I's part of the replays."""

    blocks: Blocks
    """The same memory, handed out in two ways."""
    published: Published
    """What others measured of the same."""


FILES: Mapping[str, type[Shape]] = {"act1": Act, "replay": Replay}
