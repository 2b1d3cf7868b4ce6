"""The rules of the house, read from the code itself."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

import views
from state import store
from tests import lab as native
from tools import bundle

SITE = Path(__file__).parents[2] / "site"
PYTHON = SITE / "py"
FILES = sorted(PYTHON.rglob("*.py"))
BROWSER = {"js", "pyscript", "pyodide"}
# From the ground up: a folder knows those below it, never one beside or above. The doors engine.py and ui.py are floors too.
FLOORS = [
    {"physics"},
    {"engine", "launch"},
    {"sizing", "observed"},
    {"content"},
    {"record"},
    {"runs", "charts", "page"},
    {"links"},
    {"state"},
    {"report"},
    {"views"},
    {"acts"},
    {"handed", "threads", "sizer", "play"},
    {"loop"},
    {"ui"},
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


@pytest.mark.parametrize("rooms", ["SIZING_ROOMS", "PLAYING_ROOMS", "GRADING_ROOMS"])
def test_the_lab_needs_nothing_of_what_the_pages_beside_it_bring_along(rooms):
    """Its archive holds neither those rooms nor numpy."""
    apart = getattr(bundle, rooms)
    theirs = {*apart, "numpy"}
    assert {room(file) for file in FILES} > set(apart)
    mine = {*apart, *bundle.SIZING_ROOMS}
    assert [file for file in FILES if room(file) not in mine and theirs & set(imported(file))] == []


def test_every_room_has_a_floor():
    assert {room(file) for file in FILES} == set(OURS)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PYTHON)))
def test_dependencies_run_one_way_and_only_the_screen_knows_a_browser(file):
    names, mine = set(imported(file)), room(file)
    assert not names & BROWSER or mine == "ui"
    assert all(OURS[name] < OURS[mine] for name in names & set(OURS) - {mine})


def within(file):
    """The files of its own folder that a file imports."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == room(file):
            names = [node.module] if "." in node.module else [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (file.parent / f"{name.rpartition('.')[2]}.py" for name in names)


def test_no_two_files_of_a_folder_know_one_another():
    ways = {file: {other for other in within(file) if other != file} for file in FILES}
    while leaves := {file for file in ways if not ways[file] & ways.keys()}:
        ways = {file: others for file, others in ways.items() if file not in leaves}
    assert not ways, "these go round in a circle"


@pytest.mark.parametrize("name", ["physics", "record"])
def test_the_ground_floor_knows_no_clock_chance_or_storage(name):
    forbidden = {"time", "os", "socket", "urllib", "asyncio", "threading"}
    for file in sorted((PYTHON / name).rglob("*.py")):
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
        if not node.name.startswith("_") and node not in nested:
            assert ast.get_docstring(node), f"{node.name} says nothing about itself"


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PYTHON)))
def test_what_is_remembered_is_given_what_it_shows_and_no_state(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(d) == "remembered" for d in node.decorator_list):
            given = [*node.args.args, *node.args.kwonlyargs]
            assert not any("State" in ast.unparse(each.annotation) for each in given if each.annotation), node.name
            assert not node.args.kwonlyargs and not node.args.defaults, f"{node.name} is called by position"


@cache
def keys_of_the_page():
    from tools import bundle, prerender

    html = prerender.render(SITE, bundle.read_content(SITE / "content"))
    keys = set(re.findall(r'data-key="([^"]+)"', html))
    return keys, {(tag == "button", name) for tag, name in re.findall(r'<(\w+)\b[^>]*\bdata-action="([^"]+)"', html)}


def test_the_page_and_the_views_name_the_same_nodes():
    keys, _ = keys_of_the_page()
    framed = set(views.frame(native.shipped(), native.walked(until=4)))
    assert framed - keys == set()
    unwritten = keys - framed
    handled_by_the_screen = {
        "ledger.import",
        "ledger.text",
        "embed.text",
        "report.saved",
        "report.text",
        "share.field",
        "act1.reality.cards",
        "act2.pairs",
    }
    for replay in native.replays():
        handled_by_the_screen |= set(views.moment(native.shipped(), native.walked(until=4), replay, 0))
    rows = {key for key in unwritten if f"{key}.label" in framed or f"{key}.plot" in framed or key.endswith(".math")}
    assert unwritten - rows - handled_by_the_screen == set()


def handled(function):
    """The actions that a handler of ui.py answers: the keys of its tables, and what its chain of ifs compares the name with."""
    dicts = [node for node in ast.walk(function) if isinstance(node, ast.Dict)]
    found = {key.value for table in dicts for key in table.keys if isinstance(key, ast.Constant)}
    branch = next(node for node in function.body if isinstance(node, ast.If))
    while branch:
        test, branch = branch.test, next((node for node in branch.orelse if isinstance(node, ast.If)), None)
        if (
            isinstance(test, ast.Compare)
            and isinstance(test.ops[0], ast.Eq | ast.In)
            and getattr(test.left, "id", "") == "name"
        ):
            found |= {node.value for node in ast.walk(test.comparators[0]) if isinstance(node, ast.Constant)}
    return found


def answered(source):
    """Every action that ui.py answers itself."""
    functions = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)}
    return handled(functions["on_click"]) | handled(functions["on_change"])


def known_to_acts():
    return {name for act in store.acts(native.shipped()) for name in act.presses}


def test_the_screen_and_the_acts_answer_every_action_of_the_page_and_no_other():
    _, actions = keys_of_the_page()
    own = answered((PYTHON / "ui.py").read_text(encoding="utf-8"))
    assert own | known_to_acts() == {name for _, name in actions}
    assert not own & known_to_acts()


def test_a_handler_that_is_gone_is_missed():
    lines = (PYTHON / "ui.py").read_text(encoding="utf-8").splitlines()
    without = "\n".join(line for line in lines if '"clear-no": lambda' not in line)
    _, actions = keys_of_the_page()
    assert {name for _, name in actions} - answered(without) - known_to_acts() == {"clear-no"}


# Of math only what IEEE 754 rounds exactly, or asks about a number; the same digits come out in CPython and in the page.
EXACT = {"ceil", "floor", "fsum", "inf", "isfinite", "isnan", "nan", "sqrt"}


def inexact(tree):
    """What a file of the physics must not do: a call whose last digit depends on the machine's library, or on how sums are made.

    Of math: EXACT. Powers: of whole-number literals. Chance: `random()` alone, the other distributions take logarithms. Sums: of
    whole numbers, so nothing that is divided, ends in _s (seconds) or has a decimal point; floats are added by math.fsum.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            yield from (f"import {name}" for name in names if name in ("cmath", "numpy", "statistics", "decimal"))
            if isinstance(node, ast.ImportFrom) and node.module == "math":
                yield "from math import"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "math" and node.attr not in EXACT:
                yield f"math.{node.attr}"
            if node.value.id == "random" and node.attr != "random":
                yield f"random.{node.attr}"
        elif isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.Pow):
            sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
            if not all(isinstance(side, ast.Constant) and isinstance(side.value, int) for side in sides):
                yield "**"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id == "pow":
                yield "pow"
            if node.func.id == "sum" and any(is_fraction(inner) for inner in summed(node.args[0])):
                yield f"sum of {ast.unparse(node.args[0])}"


def summed(argument):
    """The nodes of what a sum adds up: the element of a comprehension, else the argument. What is counted or rounded is whole."""
    element = argument.elt if isinstance(argument, ast.GeneratorExp | ast.ListComp) else argument
    called = element.func.attr if isinstance(element, ast.Call) and isinstance(element.func, ast.Attribute) else None
    named = element.func.id if isinstance(element, ast.Call) and isinstance(element.func, ast.Name) else called
    whole = isinstance(element, ast.Compare) or named in ("ceil", "floor", "round", "len", "int")
    return () if whole else ast.walk(element)


def is_fraction(node):
    """Whether this makes or names something that need not be whole."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.Div)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name.endswith("_s")


@pytest.mark.parametrize(
    "file", [*sorted((PYTHON / "physics").glob("*.py")), PYTHON / "engine.py"], ids=lambda f: f.name
)
def test_the_engine_gives_the_same_digits_everywhere(file):
    assert list(inexact(ast.parse(file.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    [
        "math.exp(x)",
        "math.log2(x)",
        "math.pow(x, 2)",
        "math.hypot(x, y)",
        "x ** 0.5",
        "x **= 2",
        "2 ** x",
        "pow(x, y)",
        "sum(x / 2 for x in xs)",
        "sum([wait_s for wait_s in waits])",
        "sum(run.first_s)",
        "from math import exp",
        "import numpy as np",
        "random.expovariate(1)",
    ],
)
def test_what_would_change_a_digit_is_found(line):
    assert len(list(inexact(ast.parse(line)))) == 1


# Names, sources and symbols that are written with digits.
NAMES = re.compile(
    r"Llama-3-70B|H100s?|P50|P99|99th|FP8|SHA-256|2³⁰|10⁹|Lab 10|t₀|t₁|t\(1\)|aᵍ⁺¹|https://\S+|docs\.vllm\.ai/\S+|meta-llama/\S+|"
    r"arXiv:\d+\.\d+|\b2023\b|“80 GB”|1 GiB =|99 of 100|"
    r"^2$|2 · |2 × |2 bytes each|\(1 − |Going from 1 to "
)
# Everything else, each in its one place: what an option is, how long an act takes, the widths that are offered.
TYPED = {
    ".duration": ("11–15 min", "20–25 min"),
    ".message.latency.text": ("16 bits",),
    ".message.throughput.text": ("16 bits",),
    ".prediction.options[about_200].text": ("about 200",),
    ".prediction.options[about_200].wrong": ("About 200",),
    ".prediction.options[about_50].text": ("about 50",),
    ".prediction.options[about_50].wrong": ("About 50",),
    ".prediction.options[about_20].text": ("about 20–25",),
    ".prediction.options[about_20].wrong": ("About 20–25",),
    ".prediction.options[about_5].text": ("about 5",),
    ".prediction.options[about_5].wrong": ("about 5",),
    ".calculator.states.way_kv_bits": ("8 bits",),
    ".calculator.states.way_weight_bits": ("8 bits",),
    ".calculator.paste.read": ("16 bits",),
    ".twist.families_describe": ("16 bits",),
    ".prediction.options[one_for_both].text": ("batch of 32",),
    ".prediction.options[small_and_large].text": ("batch of 16", "2,048 tokens", "batch of 128"),
    ".prediction.options[one_and_static].text": ("batches of 128",),
    ".prediction.options[same_small].text": ("batch of 4",),
    ".briefing.facts[1].text": ("40–50 minutes",),
    ".briefing.units_note": ("80 GiB",),
    ".published.source": ("figure 2",),
    ".cluster.version": ("0.25.0",),
}


def numbers_typed_in(value, path=""):
    """(path, text) of every text that holds a digit outside placeholders and the names that are allowed."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers_typed_in(inner, f"{path}.{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            name = inner.get("id", i) if isinstance(inner, dict) else i
            yield from numbers_typed_in(inner, f"{path}[{name}]")
    elif isinstance(value, str):
        rest = NAMES.sub("", re.sub(r"\{[^}]*\}", "", value))
        for phrase in TYPED.get(path, ()):
            rest = rest.replace(phrase, "", 1)
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


@pytest.mark.parametrize("text", ["a batch of 64", "About 30 users", "4,096 tokens", "in 4 bits", "1 + 1", "200 ms"])
def test_a_number_typed_in_prose_is_found(text):
    assert list(numbers_typed_in({"prediction": {"prompt": text}})) == [(".prediction.prompt", text)]


def test_what_an_option_says_is_what_it_is():
    for option in native.shipped().at("act2.prediction.options"):
        said = {int(digits.replace(",", "")) for digits in re.findall(r"\d[\d,]*", option["text"])}
        assert said <= {option[side][limit] for side in "ab" for limit in ("max_batch", "max_sequence")}
    for option in native.shipped().at("act1.prediction.options"):
        said = [int(digits) for digits in re.findall(r"\d+", option["text"])]
        assert sum(said) / len(said) == option["stands_for"]


def test_everything_that_is_defined_is_used():
    code = [
        SITE.parent / "build.py",
        *(file for name in ("site", "kvwall", "tools", "bench") for file in (SITE.parent / name).rglob("*")),
    ]
    texts = {
        file: file.read_text(encoding="utf-8")
        for file in code
        if file.suffix in (".py", ".js", ".mjs", ".html", ".toml")
    }
    door = PYTHON / "record/ledger.py"  # to lead to something isn't to use it
    times = Counter(word for file, text in texts.items() if file != door for word in re.findall(r"\w+", text))
    defined = Counter()
    for file in (file for file in texts if file.suffix == ".py"):
        tree = ast.parse(texts[file])
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        defined.update(node.name for node in ast.walk(tree) if isinstance(node, kinds))
        single = (node.targets for node in tree.body if isinstance(node, ast.Assign))
        defined.update(name.id for (name, *_) in single if isinstance(name, ast.Name))
    elsewhere = re.compile(
        r"__\w+__|handle_\w+|do_GET|log_message|verify"
    )  # by Python's library, by a reader of a report
    assert [name for name, count in defined.items() if times[name] <= count and not elsewhere.fullmatch(name)] == []


def test_no_coding_is_named_that_the_pages_python_lacks():
    """Of Python's codings the site ships those that need no table, and of the wide ones those that begin with a mark."""
    shipped = {"utf-8", "utf-16", "ascii", "latin-1"}
    named = {
        (file.name, part.value)
        for file in FILES
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("encode", "decode")
        for coding in call.args[:1]
        if not isinstance(coding, ast.Call)  # handins.py makes its own of what it has recognised
        for part in ast.walk(coding)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    }
    assert len(named) > 5 and {(file, coding) for file, coding in named if coding not in shipped} == set()
