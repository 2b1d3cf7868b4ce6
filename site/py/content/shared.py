"""What the files look like that no act has for itself alone: the course's words, and the catalogues. For the build's check."""

from collections.abc import Mapping

from content.common import ContextWords
from content.game import PlayFile
from content.shapes import Shape, Text

Words = Mapping[str, Text]


class Labelled(Shape):
    """A line with a name."""

    label: str
    """The line's name."""
    text: str
    """The line."""


class Masthead(Shape):
    """The head of the page."""

    course: str
    """The course."""
    lab: str
    """The number of the lab."""
    title: str
    """The lab's title."""
    question: str
    """The question that the lab answers."""
    badges: tuple[Labelled, ...]
    """What a learner wants to know before starting."""


class Briefing(Shape):
    """What a learner can do afterwards, and what the numbers mean."""

    title: str
    """The heading."""
    objectives_title: str
    """The heading of the objectives."""
    objectives: tuple[str, ...]
    """What a learner can do afterwards, a sentence each."""
    facts: tuple[Labelled, ...]
    """What the lab takes for granted."""
    units_note: str
    """How memory is counted."""


class ContextChoice(Shape):
    """The choice between the contexts."""

    title: str
    """The heading."""
    help: str
    """What the choice changes."""
    default: str
    """The id of the context at the start."""


class Ledger(Shape, others=str):
    """The record of what was committed, and its buttons."""

    table: tuple[str, ...]
    """The heads of the table's columns."""


class Synthesis(Shape):
    """The end of the walk."""

    title: str
    """The heading."""
    locked: str
    """What stands here until both acts are committed."""
    takeaways: tuple[str, ...]
    """What to take away, a sentence each."""
    next_title: str
    """The heading of what comes next."""
    next: str
    """What comes next in the course."""


class End(Shape):
    """The last scene."""

    title: str
    """The scene's question, its heading."""
    aim: str
    """What there is to do."""


class Term(Shape):
    """A word of the glossary."""

    term: str
    """The word."""
    text: str
    """What it means."""


class CourseFile(Shape):
    """What frames the acts."""

    masthead: Masthead
    """The head of the page."""
    briefing: Briefing
    """What a learner can do afterwards, and what the numbers mean."""
    context: ContextChoice
    """The choice between the contexts."""
    contexts: tuple[ContextWords, ...]
    """The contexts, in the order in which they are shown."""
    ledger: Ledger
    """The record of what was committed, and its buttons."""
    synthesis: Synthesis
    """What the last scene says."""
    end: End
    """The last scene's heading."""
    doors: Mapping[str, str]
    """The questions that the last scene's doors answer, by their names."""
    status: Words
    """The words of the status line."""
    glossary: tuple[Term, ...]
    """The words that the lab explains."""


class GradingFile(Shape):
    """What the grader says."""

    page: Words
    """The words of the grader's page."""
    flags: Words
    """What each flag means."""
    remarks: Words
    """What each remark means."""
    places: Words
    """What a part of a snapshot is called, by its key."""
    unread: Words
    """Why a file was not read."""
    results: Words
    """What Gradescope shows a learner."""
    command: Words
    """What the grader's command says when it can't do what was asked for."""
    columns: Words
    """The heads of the saved table's columns, in English alone: scripts read them."""
    report: Words
    """What is said of a class."""


class Player(Shape, others=str):
    """The buttons of a replay."""

    speeds: tuple[str, ...]
    """How many times faster a replay can be played."""


class ReplayFile(Shape):
    """The replays."""

    player: Player
    """The buttons of every replay."""


class Log(Shape, others=str):
    """The decision log of the report."""

    most_words: int
    """How many words it may have."""
    wanted_numbers: int
    """How many numbers a reader looks for in it."""


class Comparison(Shape, others=str):
    """What a link with settings brings, beside the learner's own."""

    columns: tuple[str, ...]
    """The heads of the table's columns."""


class Weights(Shape):
    """How many points each part of the work is worth; 0 for one that doesn't count."""

    predictions: int
    """All predictions committed; each gives its share."""
    met: int
    """A limit met: a configuration that failed."""
    mended: int
    """A limit mended: the failing side made to hold."""
    recorded: int
    """A design recorded."""
    holds: int
    """A design recorded in which both sides hold."""
    reflections: int
    """All reflections committed; each gives its share."""
    log: int
    """The decision log written."""


class Score(Shape, others=str):
    """Points for what was done, never for being right."""

    least_words: int
    """From how many words on the decision log counts as written."""
    columns: tuple[str, ...]
    """The heads of the table's columns."""
    weights: Weights
    """The points of each part."""
    parts: Words
    """What the parts are called."""
    next: Words
    """What to do for a part, when it comes next."""


class ReportFile(Shape, others=str):
    """The report, and what is sent to others."""

    contents_columns: tuple[str, ...]
    """The heads of the table of what is in the report."""
    lab_lines: tuple[str, ...]
    """The lines about the lab."""
    scenario_lines: tuple[str, ...]
    """The lines about the scenario."""
    log: Log
    """The decision log."""
    score: Score
    """Points for what was done."""
    shared: Comparison
    """What a link with settings brings, beside the learner's own."""
    headings: Words
    """The report's headings, which the course's labs agreed on: not to be changed."""
    verdicts: Words
    """What is said of an answer."""
    evidence: Words
    """The lines of the evidence."""
    parts: Words
    """What the report's parts are called."""
    alternative: Words
    """The field for the design that was rejected."""
    revision: Words
    """The field for what would make the learner decide anew."""
    takeaway: Words
    """The field for the learner's takeaway."""
    risk: Words
    """The field for the residual risk."""
    criteria: Words
    """What a reader looks for."""
    check: Words
    """The consistency check."""
    share: Words
    """The link to the settings."""


class RefusalsFile(Shape):
    """What was refused, and why."""

    ledger: Words
    """Why a record was not taken as it is."""
    config: Words
    """Why a pasted config.json was not taken."""
    observed: Words
    """Why a server's text says nothing, or not what was asked of it."""


class ServerFile(Shape):
    """What a server says of itself, beside what the engine says."""

    lines: Words
    """The names of the figures."""
    why: Words
    """Why a figure is what it is, and why the two differ."""
    notes: Words
    """What else is to be said of a text."""


class SizeFile(Shape):
    """The page for engineers."""

    page: Words
    """The words of the page that never change: its form, its headings."""
    answer: Words
    """What is said of a design and its promises."""
    server: Words
    """What is said of a server's own text."""
    refusals: Words
    """Why a question, a design or a file of requests was not taken."""
    trace: Words
    """Why a line of such a file was left out."""


class StartFile(Shape, others=str):
    """The way in: a door to each page."""

    description: str
    """What search engines show."""


class WordsFile(Shape, others=str):
    """The words of the page that belong to no act."""

    astray: Words
    """What is said at an address where there is no page."""
    boot: Words
    """What is said before Python has started."""
    numbers: Words
    """How numbers are written."""
    typed: Words
    """What is said of a typed value that can't be taken as it is."""


class EmbedFile(Shape):
    """The lab in other people's pages."""

    foot: Words
    """The line under the lab in a frame."""
    host: Words
    """What is said of a page around the lab that keeps the work and takes the points."""
    element: Words
    """What the element says before the lab is there."""
    figures: Mapping[str, Mapping[str, str]]
    """The words of the pictures that stand for the lab, by act."""


# --- Catalogues ---------------------------------------------------------------------------------------------------------


class ModelEntry(Shape):
    """A model, by its own config file and card. Widths are counts of values."""

    name: str
    """The model's name on the page."""
    layers: int
    """All layers."""
    width: int
    """The width of the vectors between layers (hidden_size)."""
    query_heads: int
    """Query heads of a layer."""
    kv_heads: int
    """KV heads of a layer that keeps every token."""
    head_dim: int
    """The width of a head's key."""
    ffn_width: int
    """The inner width of a dense feed-forward layer."""
    vocab: int
    """How many tokens the vocabulary has."""
    parameters: int
    """All parameters, as published."""
    active_parameters: int
    """The parameters that one token uses, tables of embeddings too."""
    max_context_tokens: int
    """The longest context that the model was trained for, in tokens."""
    attention: str
    """The family of its attention: mha, gqa, mqa or mla."""
    source: str | None = None
    """Where the figures are from."""
    latent_dim: int | None = None
    """What latent attention keeps per token and layer, in values."""
    local_layers: int | None = None
    """Layers that keep a window of tokens only."""
    window_tokens: int | None = None
    """The length of that window, in tokens."""
    experts: int | None = None
    """Routed experts of a layer."""
    experts_per_token: int | None = None
    """Routed experts that one token uses."""
    tied: bool | None = None
    """Whether input and output share one table of embeddings."""
    value_dim: int | None = None
    """The width of a head's value, where it isn't the key's."""
    local_kv_heads: int | None = None
    """KV heads of a layer with a window, where they are others."""
    local_head_dim: int | None = None
    """The width of a head in a layer with a window, where it is another."""
    state_layers: int | None = None
    """Layers with a state of fixed size in the place of a cache."""
    state_values: int | None = None
    """The values of one user's state, over all of those layers."""
    shared_layers: int | None = None
    """Layers that read another layer's cache."""
    bare_layers: int | None = None
    """Layers without attention."""
    precision: str | None = None
    """The precision in which the weights were published, as the model's config names it."""
    text_part: bool | None = None
    """Whether the figures are those of the part for text of a larger model."""
    expert_width: int | None = None
    """The inner width of a routed expert."""
    shared_expert_width: int | None = None
    """The inner width of the experts that every token uses, together."""
    dense_layers: int | None = None
    """Layers without experts in a mixture of experts."""
    dense_width: int | None = None
    """The inner width of those layers, where it isn't ffn_width."""
    query_rank: int | None = None
    """The rank of the queries of latent attention."""
    latent_rank: int | None = None
    """The rank of the keys and values of latent attention."""
    rope_dim: int | None = None
    """The part of a head with positions in latent attention, in values."""
    draft_layers: int | None = None
    """Layers that guess further tokens, which count as parameters and aren't run."""
    index_dim: int | None = None
    """What the index of a sparse attention keeps per token and layer, in values."""
    index_layers: int | None = None
    """Layers with such an index."""
    wide_part: str | None = None
    """What stays at 16 bits in quantised checkpoints besides embeddings: attention."""
    checkpoint: str = ""
    """Its name on the hub."""
    checkpoint_bits: int = 16
    """Bits of a weight in that checkpoint."""


class GpuEntry(Shape):
    """A GPU, by its maker's data sheet: dense figures, the link in one direction."""

    name: str
    """The GPU's name on the page, with form and memory behind it."""
    memory_gib: float | None = None
    """The memory that is built in, in GiB."""
    memory_bytes: int | None = None
    """The same in bytes, in the place of memory_gib."""
    visible_gib: float | None = None
    """What the driver shows to a program, in GiB, where it has been reported."""
    bandwidth_gb_per_s: float
    """The memory's bandwidth, in GB/s."""
    bf16_tflops: float
    """Dense peak in BF16, in TFLOP/s."""
    fp8_tflops: float | None = None
    """Dense peak in FP8, in TFLOP/s, where the GPU computes in it."""
    fp4_tflops: float | None = None
    """Dense peak in FP4, in TFLOP/s, where the GPU computes in it."""
    link: str | None = None
    """How the GPUs of a server reach one another: nvlink, xgmi or pcie."""
    link_gb_per_s: float
    """The bandwidth of that link in one direction, in GB/s."""
    power_watts: float
    """Rated power, in W."""
    source: str
    """Where the figures are from."""


Quantiles = tuple[tuple[float, float], ...]


class WorkloadEntry(Shape):
    """How long prompts and answers are."""

    name: str
    """The workload's name on the page."""
    source: str | None = None
    """Where the lengths were measured."""
    assumption: str | None = None
    """What is assumed, where nothing was measured."""
    prompt: Quantiles
    """Lengths of prompts: pairs [share of requests, tokens], rising from share 0 to share 1."""
    output: Quantiles
    """Lengths of answers: pairs [share of requests, tokens], rising from share 0 to share 1."""


class CalibrationEntry(Shape):
    """Measured constants of the step-time model (docs/physics.md)."""

    gpu: str
    """The GPU, by its id in hardware.toml."""
    engine: str | None = None
    """The engine that was measured."""
    weight_bits: int
    """Bits of a weight."""
    kv_bits: int | None = None
    """Bits of a cached value."""
    compute: float
    """The share of the peak that linear layers reach."""
    bandwidth: float
    """The share of the bandwidth with which weights are read."""
    element: float
    """Element-wise traffic, in activations a layer."""
    layer_us: float
    """Fixed time of a layer, in µs."""
    kv_bandwidth: float
    """The share of the bandwidth with which the cache is read."""
    attention_us: float
    """Fixed time of a layer's attention, in µs."""
    flash: float
    """The share of the peak that the attention of a prefill reaches."""
    prefill_io: float
    """Traffic of that attention, in readings of its inputs and writings of its output."""
    link: float
    """The share of the link's bandwidth that an all-reduce reaches."""
    reduce_us: tuple[tuple[int, float], ...]
    """The latency of an all-reduce: pairs [GPUs, µs]."""
    experts: bool | None = None
    """Whether the constants are those of a mixture of experts."""
    latent: bool | None = None
    """Whether they are those of attention with a latent cache."""
    counts: tuple[int, ...] | None = None
    """The numbers of GPUs that were measured."""
    step_us: float | None = None
    """The host's time for a step, in µs."""
    sequence_us: float | None = None
    """The host's time for a sequence of a step, in µs."""
    front_us: float | None = None
    """What a first token takes outside the model's steps, in µs."""
    expert_compute: float | None = None
    """The share of the peak that routed experts reach."""
    expert_bandwidth: float | None = None
    """The share of the bandwidth with which experts' weights are read."""
    expert_tile: float | None = None
    """The number of tokens to which an expert's share is rounded up."""
    expected: tuple[float, ...] | None = None
    """Mean errors on rows that weren't fitted, in %; 0 where none was measured."""
    source: str | None = None
    """Where the measurements are from."""
    fitted: str | None = None
    """How the constants were fitted."""
    error: str | None = None
    """The error on the rows that they were fitted on."""


FILES: Mapping[str, type[Shape]] = {
    "course": CourseFile,
    "grading": GradingFile,
    "replay": ReplayFile,
    "report": ReportFile,
    "refusals": RefusalsFile,
    "server": ServerFile,
    "play": PlayFile,
    "size": SizeFile,
    "start": StartFile,
    "words": WordsFile,
    "embed": EmbedFile,
}
ENTRIES: Mapping[str, type[Shape]] = {  # of the catalogues, by ids
    "models": ModelEntry,
    "hardware": GpuEntry,
    "workloads": WorkloadEntry,
    "calibration": CalibrationEntry,
}
