"""What Act II's content looks like."""

from collections.abc import Mapping

from content.common import ActWords, Limits, Mathematics, Named, Option, Picks, Question
from content.shapes import Shape, Text

Words = Mapping[str, Text]


class Deployment(Shape):
    """What both servers have in common."""

    model: str
    """The model, by its id in models.toml."""
    gpu: str
    """The GPU, by its id in hardware.toml."""
    kv_bits: int
    """Bits of a cached value: 4, 8 or 16."""
    utilization: float
    """The share of the visible memory that the engine uses."""


class Targets(Shape):
    """What is promised."""

    ttft_p99_s: float
    """Side A's promise: the P99 of the time to first token, in s."""
    output_tokens_per_s: float
    """Side B's promise: output tokens a second."""
    documents: int
    """The documents of side B's night."""
    document_tokens: int
    """The length of one of them, in tokens."""


class Simulation(Shape):
    """How runs are simulated."""

    seed: int
    """The day of traffic at the start."""
    requests: int
    """Requests of a full run."""
    quick_requests: int
    """Requests of a run while a slider is held."""
    days: int
    """Days of traffic from which a P99's spread is said."""
    token_budget: int
    """Tokens that a step may compute with chunked prefill."""
    flood_load: float
    """The load with which a server's capacity is found, in requests/s."""
    flood_requests: int
    """Requests of the run that finds it."""
    ill_conditioned: float
    """The share of its capacity from which on no error of a server's P99 is claimed."""
    form_timeout_s: float
    """How long a static batch waits for requests, in s."""
    speculation_tokens: int
    """Tokens that a draft model proposes at a time."""
    acceptance: float
    """The chance that a proposed token is kept."""
    draft_model: str
    """The draft model, by its id in models.toml."""


class Arrivals(Shape):
    """How evenly requests arrive."""

    cv: int
    """The coefficient of variation of the gaps between arrivals."""
    text: str
    """What it is called."""


class Cluster(Shape, others=Text):
    """What both sides share, as controls."""

    arrivals: tuple[Arrivals, ...]
    """How evenly requests arrive, to choose from."""
    gpus: tuple[int, ...]
    """GPUs of a replica, to choose from."""
    gpus_default: int
    """GPUs of a replica at the start."""
    weight_bits_default: int
    """Bits of a weight at the start."""


class Side(Shape):
    """One of the two servers."""

    title: str
    """What it is called."""
    workload: str
    """Its traffic, by the workload's id in workloads.toml."""
    policy_default: str
    """Its scheduling at the start, by the policy's id."""
    max_batch: Limits
    """The slider of its batch, in requests."""
    max_sequence: Limits
    """The slider of its longest sequence, in tokens."""
    load: Limits
    """The slider of its load, in requests a second."""


class Sides(Shape):
    """The two servers."""

    a: Side
    """The assistant."""
    b: Side
    """The documents."""


class Configuration(Shape):
    """One server of a pair."""

    policy: str
    """Its scheduling, by the policy's id."""
    max_batch: int
    """Its batch, in requests."""
    max_sequence: int
    """Its longest sequence, in tokens."""


class Pair(Option):
    """Two servers to choose."""

    a: Configuration | None = None
    """The assistant's server."""
    b: Configuration | None = None
    """The documents' server."""

    @property
    def sides(self) -> dict[str, Configuration]:
        """The servers by side."""
        return {side: own for side, own in (("a", self.a), ("b", self.b)) if own}


class Prediction(Question):
    """Which pair keeps both promises?"""

    options: tuple[Pair, ...]
    """The pairs to choose from."""


class Rows(Shape, others=str):
    """The table of both sides' figures."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Design(Shape, others=Text):
    """The learner's own two servers."""

    rows: Rows
    """The table of both sides' figures."""
    three: tuple[str, ...]
    """The three things that a design settles."""
    chart_bars: tuple[str, ...]
    """What the chart's bars stand for."""
    workloads: tuple[str, ...]
    """The traffic that can be chosen, by ids of workloads.toml."""


class Ladder(Shape, others=str):
    """Measured servers from few users to many, beside the engine."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Receipts(Shape, others=str):
    """Measurements beside the predictions."""

    columns: tuple[str, ...]
    """The heads of the table of measured servers."""
    published_columns: tuple[str, ...]
    """The heads of the table of what others published."""
    tail_columns: tuple[str, ...]
    """The heads of the table of measured tails."""
    ladder: Ladder
    """Measured servers from few users to many, beside the engine."""


class Act(ActWords):
    """Act II."""

    locked: str
    """What stands here until Act I is committed."""
    deployment: Deployment
    """What both servers have in common."""
    targets: Targets
    """What is promised."""
    simulation: Simulation
    """How runs are simulated."""
    policies: tuple[Named, ...]
    """The schedulers, by their names in the engine."""
    shared: Cluster
    """What both sides share, as controls."""
    sides: Sides
    """The two servers."""
    prediction: Prediction
    """The first question."""
    reality: Words
    """The prediction against what the engine computes."""
    design: Design
    """The learner's own two servers."""
    failures: Words
    """What is said of a server that fails, and what would help."""
    receipts: Receipts
    """Measurements beside the predictions."""
    reflection: Question
    """The last question."""
    math: Mathematics
    """The mathematics, behind a door."""
    figure: Mapping[str, str]
    """The picture that stands for the act where the lab can't run."""


class Roofline(Shape, others=str):
    """The roofline of both servers."""

    batch: Limits
    """The slider of the batch, in requests."""
    context: Limits
    """The slider of the context, in tokens."""
    columns: tuple[str, ...]
    """The heads of the table's columns."""
    walls: Words
    """What limits a step."""
    terms: Words
    """The parts of a step's time."""


class Tail(Shape, others=str):
    """The distribution of the time to first token."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Chat(Shape, others=str):
    """Conversations on a server with a prefix cache."""

    workload: str
    """The length of turns, by the workload's id in workloads.toml."""
    conversations: int
    """Conversations of the run."""
    turns: int
    """Turns of the longest conversation."""
    think_s: float
    """The mean time from one turn to the next, in s."""
    system_tokens: int
    """The instructions before every conversation, in tokens."""


class Prefix(Shape, others=str):
    """The prefix cache, step by step."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""
    cards: Words
    """What the large numbers are."""
    states: Words
    """What a block of the cache can be."""
    titles: Words
    """What happens in a step, in short."""
    events: Words
    """What happens in a step, in sentences."""
    chat: Chat
    """Conversations on a server with a prefix cache."""


class Insight(Shape):
    """What explains Act II's numbers."""

    roofline: Roofline
    """The roofline of both servers."""
    tail: Tail
    """The distribution of the time to first token."""
    prefix: Prefix
    """The prefix cache, step by step."""


class Map(Shape, others=str):
    """The map of where side A's promise can be kept."""

    loads: tuple[float, ...]
    """The rows: loads, in requests/s."""
    limits: tuple[int, ...]
    """The columns: longest sequences, in tokens."""
    requests: int
    """Requests of one run of a field."""
    capacity_requests: int
    """Requests of the run that finds what a column's server can do."""
    days: int
    """Days of traffic for fields near the edge."""
    marks: Mapping[str, str]
    """A mark for each state of a field."""
    states: Mapping[str, str]
    """What each state of a field means."""


class Swept(Shape):
    """What is tried on one side."""

    max_batch: tuple[int, ...]
    """Batches to try, in requests."""
    max_sequence: tuple[int, ...]
    """Longest sequences to try, in tokens."""


class Frontier(Shape, others=str):
    """All combinations of settings, and those that nothing beats."""

    requests: int
    """Requests of one run."""
    policies: tuple[str, ...]
    """Schedulers to try, by their ids."""
    weight_bits: tuple[int, ...]
    """Bits of a weight to try."""
    key: tuple[str, ...]
    """What the chart's marks mean."""
    columns: tuple[str, ...]
    """The heads of the table's columns."""
    sides: Mapping[str, Swept]
    """What is tried on each side."""


class Sweeps(Shape):
    """The two sweeps."""

    bar: str
    """The name of the bar that shows how far a sweep is."""
    said: Words
    """What a screen reader says when a sweep begins, stops or ends."""
    map: Map
    """The map of where side A's promise can be kept."""
    frontier: Frontier
    """All combinations of settings, and those that nothing beats."""


class Why(Shape, others=str):
    """Why one request waited."""

    table: tuple[str, ...]
    """The heads of the table's columns."""


class Moments(Shape, others=str):
    """The moments of a request, as a server keeps them."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Floor(Shape, others=str):
    """The serving floor: each seat of a batch as a row."""

    requests: int
    """Requests of the run that are shown, from its first."""
    legend: tuple[str, ...]
    """What the colours mean."""
    shown: Picks
    """Which servers are shown."""
    why: Why
    """Why one request waited."""
    causes: Mapping[str, str]
    """What a request can wait for."""
    moments: Moments
    """The moments of a request, as a server keeps them."""


class Replay(Shape):
    """Act II's part of the replays."""

    floor: Floor
    """The serving floor."""


class Plan(Shape, others=str):
    """A plan for a load."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""
    load_a: Limits
    """The field for side A's load, in requests a second."""
    load_b: Limits
    """The field for side B's load, in documents a second."""
    hours: Limits
    """The field for the hours a day."""


class RealCluster(Shape, others=str):
    """The design as commands for a real engine."""

    chunked_policies: tuple[str, ...]
    """The schedulers that the engine has itself."""
    expect_columns: tuple[str, ...]
    """The heads of the table of what its benchmark should say."""
    gaps: Words
    """What the commands can't say."""
    plan: Plan
    """A plan for a load."""


class Report(Shape):
    """Act II's part of the report."""

    cluster: RealCluster
    """The design as commands for a real engine."""


class Served(Shape):
    """Measured servers from few users to many."""

    source: str
    """Where the measurements are from."""
    address: str
    """Its address."""
    date: str
    """When they were made."""
    model: str
    """The model, by its id in models.toml."""
    gpu: str
    """The GPU, by its id in hardware.toml."""
    weight_bits: int
    """Bits of a weight."""
    kv_bits: int
    """Bits of a cached value."""
    policy: str
    """The scheduling, by the policy's id."""
    token_budget: int
    """Tokens that a step may compute."""
    requests_per_user: int
    """Requests that each user sends, one after the other."""
    rows: tuple[tuple[int, int, int, int, float, float], ...]
    """Prompt tokens, output tokens, GPUs, users, mean time to first token in ms, mean time per output token in ms."""


class Tails(Shape):
    """A server's measured P99 at several loads."""

    source: str
    """Where the measurements are from."""
    address: str
    """Its address."""
    model: str
    """The model, by its id in models.toml."""
    gpu: str
    """The GPU, by its id in hardware.toml."""
    gpus: int
    """GPUs of the server."""
    weight_bits: int
    """Bits of a weight."""
    kv_bits: int
    """Bits of a cached value."""
    seats: int
    """Requests of the largest batch."""
    kv_tokens: int
    """Tokens that the cache holds."""
    prompts: tuple[int, ...]
    """The prompts in their order, in tokens."""
    outputs: tuple[int, ...]
    """The answers in their order, in tokens."""
    rows: tuple[tuple[float, float, float], ...]
    """Requests a second, P99 time to first token in ms, P99 time per output token in ms."""


class PublishedFigure(Shape):
    """A figure that others published."""

    what: str
    """What was measured."""
    figure: str
    """The figure, with its unit."""
    source: str
    """Where it is from."""
    address: str
    """Its address."""


class Measurements(Shape):
    """What was measured, beside what the engine says."""

    served: Served
    """Measured servers from few users to many."""
    tails: Tails
    """A server's measured P99 at several loads."""
    published: tuple[PublishedFigure, ...]
    """Figures that others published."""


FILES: Mapping[str, type[Shape]] = {
    "act2": Act,
    "insight": Insight,
    "sweeps": Sweeps,
    "replay": Replay,
    "report": Report,
    "measurements": Measurements,
}
