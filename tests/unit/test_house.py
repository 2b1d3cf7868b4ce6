"""The rules of the house, read from the code itself."""

import ast
import re
from pathlib import Path

import pytest

import views
from tests import lab as native

SITE = Path(__file__).parents[2] / "site"
PYTHON = SITE / "py"
FILES = sorted(PYTHON.rglob("*.py"))
BROWSER = {"js", "pyscript", "pyodide"}
FLOORS = [
    {"methods", "physics", "ledger", "wording", "shapes"},
    {"engine", "page", "charts", "handoff", "focus"},
    {"course"},
    {"controls"},
    {"serving"},
    {"oracles", "receipts", "replays", "sweeps", "share", "cluster"},
    {"jobs"},
    {"actions", "bugs"},
    {"store"},
    {"report"},
    {"keeper", "grading", "handins", "views", "plots", "simulator", "shipped", "stage", "outlet"},
    {"gradebook", "screen"},
    {"ui"},
    {"main", "marker", "worker"},
]
OURS = {name: floor for floor, names in enumerate(FLOORS) for name in names}


def room(file):
    """The name under which a file is imported: its package, or itself."""
    return file.relative_to(PYTHON).parts[0].removesuffix(".py")


def imported(file):
    """The first part of every name that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_every_room_has_a_floor():
    assert {room(file) for file in FILES} == set(OURS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PYTHON)))
def test_dependencies_run_one_way_and_only_the_screen_knows_a_browser(file):
    names, mine = set(imported(file)), room(file)
    assert not names & BROWSER or mine == "ui"
    assert all(OURS[name] < OURS[mine] for name in names & set(OURS) - {mine})


@pytest.mark.parametrize("name", ["physics", "ledger.py"])
def test_the_ground_floor_knows_no_clock_chance_or_storage(name):
    forbidden = {"time", "os", "socket", "urllib", "asyncio", "threading"}
    for file in [PYTHON / name] if name.endswith(".py") else sorted((PYTHON / name).rglob("*.py")):
        assert not set(imported(file)) & forbidden
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"\brandom\.(random|randint|choice|seed)\(", text) or "random: Random" in text
        assert "datetime.now" not in text


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PYTHON)))
def test_functions_are_short_and_public_ones_are_documented(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    nested = {inner for outer in functions for inner in ast.walk(outer) if inner is not outer}
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in (n for n in ast.walk(tree) if isinstance(n, kinds)):
        if not isinstance(node, ast.ClassDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert lines <= 40, f"{node.name} has {lines} lines"
        nested = any(
            node in ast.walk(other) and other is not node
            for other in ast.walk(tree)
            if isinstance(other, ast.FunctionDef)
        )
        if not node.name.startswith("_") and not nested:
            assert ast.get_docstring(node), f"{node.name} says nothing about itself"


def keys_of_the_page():
    from tools import bundle, prerender

    html = prerender.render(SITE, bundle.read_content(SITE / "content"))
    return set(re.findall(r'data-key="([^"]+)"', html)), set(re.findall(r'data-action="([^"]+)"', html))


def test_the_page_and_the_views_name_the_same_nodes():
    keys, _ = keys_of_the_page()
    framed = set(views.frame(native.shipped(), native.walked(until=4)))
    assert framed - keys == set()
    unwritten = keys - framed
    handled_by_the_screen = {
        "ledger.import",
        "ledger.text",
        "embed.text",
        "report.text",
        "share.field",
        "act1.reality.cards",
        "act2.pairs",
    }
    for replay in views.MOMENTS:
        handled_by_the_screen |= set(views.moment(native.shipped(), native.walked(until=4), replay, 0))
    rows = {key for key in unwritten if f"{key}.label" in framed or f"{key}.plot" in framed or key.endswith(".math")}
    assert unwritten - rows - handled_by_the_screen == set()


def test_the_screen_handles_every_action_of_the_page():
    _, actions = keys_of_the_page()
    handled = set(re.findall(r'"([a-z-]+)"', (PYTHON / "ui.py").read_text(encoding="utf-8")))
    assert actions <= handled


ALLOWED = re.compile(
    r"Llama-3-70B|H100s?|P50|P99|TTFT|A100|2³⁰|10⁹|≥|BF16|FP8|v[45]\.0|"
    r"[Aa]bout \d+(–\d+)?|99th|16-bit|^2$|from 1 to|99 of 100|Ninety-nine|\d+–\d+ min(utes)?|"
    r"80 GB|80 GiB|1 GiB|Lab 10|Ainslie and others, 2023|"
    r"arxiv\.org/\S+|mlsysbook\.ai/\S+|2023|eight H100s|8 bits?|16 bits?|batch of \d+|batches of \d+|\d,\d{3} tokens|200 ms|"
    r"SHA-256|docs\.vllm\.ai/\S+|0\.25\.0|meta-llama/\S+|"
    r"1 \+ |aᵍ⁺¹|t₀|t₁|t\(1\)|2 · |\b2 ×|\(1 − |2 bytes|=\s*2|4 · width²|/\(2B|\(2λ\)"
)


def numbers_typed_in(value, path=""):
    """(path, text) of every text that holds a digit outside placeholders and the names that are allowed."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers_typed_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from numbers_typed_in(inner, f"{path}[{i}]")
    elif isinstance(value, str):
        rest = ALLOWED.sub("", re.sub(r"\{[^}]*\}", "", value))
        if re.search(r"\d", rest):
            yield path, value


@pytest.mark.parametrize("name", ["act1", "act2", "course", "insight", "replay", "report", "sweeps"])
def test_no_number_of_the_physics_is_typed_in_prose(name):
    table = {key: part for key, part in native.shipped().tables[name].items() if key not in ("deployment", "masthead")}
    plain_values = (
        ".id",
        ".model",
        ".workload",
        ".workloads",
        "text_id",
        ".oracle",
        ".draft_model",
        ".address",
        ".policy",
        ".speeds",
        ".source",
        ".workload.latency",
        ".workload.throughput",
    )
    found = [(p, t) for p, t in numbers_typed_in(table) if not re.sub(r"\[\d+\]$", "", p).endswith(plain_values)]
    assert found == []
