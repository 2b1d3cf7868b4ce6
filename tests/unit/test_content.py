"""Content, words and figures: a mistake is named, hostile text stays text, a figure is what plotly takes."""

import copy
import json

import plotly.graph_objects
import pytest
from hypothesis import given
from hypothesis import strategies as st

import acts
import charts
import views
from acts.promises.shape import Targets
from content import checking, reading, shapes, shared, wording
from content.controls import controls
from page import page
from tests import lab as native
from tools import keys, prerender, proof
from tools.htmldom import Document


def broken(path, value):
    """The shipped content with one thing changed; a value of None takes the key away."""
    tables = copy.deepcopy(dict(native.shipped().tables))
    *way, last = path.split(".")
    place = tables
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return tables


MISTAKES = [
    ("act1.title", None, "act1.toml.title", "is missing"),
    ("act1.titel", "x", "act1.toml.titel", "not known"),
    ("act1.title", 7, "act1.toml.title", "a text"),
    ("act1.calculator.viable_users", "ten", "viable_users", "a whole number"),
    ("act1.prediction.prompt", {"latency": "?"}, "prompt", "throughput"),
    ("act1.deployment.model", "gpt-9", "act1.toml.deployment.model", "gpt-9"),
    ("act2.sides.a.load.default", 99, "load.default", "from 0.5 to 12"),
    ("act1.prediction.options.0.id", "about_50", "act1.prediction", "an id of its own"),
    ("hardware.h100-sxm.colour", "red", "hardware.toml", "colour"),
    ("models.llama-3-70b.layers", None, "models.toml", "layers"),
    ("workloads.documents-4096.prompt", [[0, 5]], "documents-4096", "quantile"),
]


@pytest.mark.parametrize(("path", "value", "where", "what"), MISTAKES)
def test_a_mistake_names_its_file_its_key_and_what_was_expected(path, value, where, what):
    with pytest.raises(reading.ContentError) as found:
        acts.course(broken(path, value))
    sentence = "\n".join(found.value.problems)
    assert where in sentence and what in sentence


def test_what_a_key_is_is_said_where_it_is_wrong():
    for path, value, found in (
        ("act2.targets.ttft_p99_s", "soon", "found 'soon'"),
        ("models.phi-4.layers", None, "is missing"),
    ):
        file, _, key = path.partition(".")
        sentence = {**checking.sentences(Targets), **checking.sentences(shared.ModelEntry)}[key.rpartition(".")[2]]
        with pytest.raises(reading.ContentError) as refusal:
            acts.course(broken(path, value))
        (problem,) = refusal.value.problems
        assert problem.startswith(f"{file}.toml.{key}: ") and found in problem and problem.endswith(f". {sentence}")


def test_every_key_has_a_sentence_and_the_documentation_lists_them_all():
    rows = [line for line in keys.FILE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert len(rows) > 300 and all(row.rstrip("| ").endswith(".") for row in rows)
    assert keys.FILE.read_text(encoding="utf-8") == keys.page(), "python -m tools.keys writes docs/content.md anew"


def test_all_that_is_wrong_is_said_at_once():
    tables = broken("act2.targets.ttft_p99_s", "soon")
    tables["act1"]["deployment"]["gpus"] = 0.5
    tables["hardware"]["l4"]["link_gb_per_s"] = True
    with pytest.raises(reading.ContentError) as refusal:
        acts.course(tables)
    assert {problem.partition(":")[0] for problem in refusal.value.problems} == {
        "act1.toml.deployment.gpus",
        "act2.toml.targets.ttft_p99_s",
        "hardware.toml.l4.link_gb_per_s",
    }


class Sample(shapes.Shape, others=str):
    """A table with everything that a type can say."""

    from_: str
    """Who."""
    pair: tuple[int, float]
    """Two."""
    list_of: tuple[bool, ...]
    """Some."""
    each: shapes.Number | None = None
    """For each."""


FITS = {"from": "x", "pair": [1, 2.5], "list_of": [True], "each": {"a": 1, "b": 2}, "further": "y"}


@pytest.mark.parametrize(
    ("change", "place", "what"),
    [
        ({"from": None}, "t.from", "a text in quotes, found None. Who."),
        ({"pair": [1]}, "t.pair", "a list of 2 entries, found a list of 1"),
        ({"pair": [1.5, 2]}, "t.pair[0]", "a whole number, found 1.5"),
        ({"pair": [True, 2]}, "t.pair[0]", "a whole number, found True"),
        ({"list_of": []}, "t.list_of", "at least one entry, found an empty list"),
        ({"list_of": [1]}, "t.list_of[0]", "true or false, found 1"),
        ({"each": {"a": 1}}, "t.each", "one entry for each of a, b, found a"),
        ({"each": {"a": 1, "b": "2"}}, "t.each.b", "a number, found '2'"),
        ({"further": 3}, "t.further", "a text in quotes, found 3"),
    ],
)
def test_a_table_is_what_its_type_says(change, place, what):
    assert checking.problems(FITS, Sample, "t", ("a", "b")) == []
    (problem,) = checking.problems({**FITS, **change}, Sample, "t", ("a", "b"))
    assert problem.startswith(f"{place}: expected ") and what in problem


def test_a_table_becomes_an_object_that_nobody_changes():
    made = shapes.read(Sample, FITS)
    assert (made.from_, made.pair, made.list_of, made.each) == ("x", (1, 2.5), (True,), {"a": 1, "b": 2})
    assert shapes.read(Sample, {key: value for key, value in FITS.items() if key != "each"}).each is None
    with pytest.raises(AttributeError, match="from_"):
        made.from_ = "y"


PROVEN = [
    ("act1.twist.why", "costs {kv_user_byte:gib}", "{kv_user_byte}"),
    ("act1.twist.on", "costs {kv_user_bytes:furlongs}", "furlongs"),
    ("act1.reality.basis", {"latency": "{way_out}", "throughput": "{way_out}"}, "{way_out}"),
    ("act1.reality.basis", {"latency": "{bytes_per_weight}", "throughput": ""}, "{bytes_per_weight}"),
    ("act1.calculator.states.way_title", "{needs_bytes}", "{needs_bytes}"),
    ("act2.reality.waiting", "{requests}", "{requests}"),
    ("replay.player.speed_text", "{useful}", "{useful}"),
    ("words.typed.outside", "{most}", "{most}"),
    ("words.went_wrong", "{label}", "{label}"),
    ("refusals.config.missing", "{file}", "{file}"),
    ("course.contexts.0.label", "{users}", "{users}"),
    ("act1.prediction.options.1.claims", [{"measure": "users", "at_least": 1000}], "exactly one option"),
    ("act1.prediction.options.0.claims", [{"measure": "people", "at_least": 1}], "people"),
    ("act1.prediction.options.0.wrong", None, "about_200"),
]


@pytest.mark.parametrize(("path", "value", "what"), PROVEN)
def test_what_only_running_the_lab_can_find_is_found_at_build_time(path, value, what):
    with pytest.raises(reading.ContentError, match=what.replace("{", r"\{")):
        prerender.render(native.CONTENT.parent, broken(path, value))


def test_a_scene_and_a_door_have_a_row_words_and_a_section():
    sections = prerender.scenes(prerender.written(native.CONTENT.parent, native.shipped()))
    assert list(proof.walk(native.shipped(), sections)) == []
    for wrong in (sections - {"why/cache"}, sections | {"why/dark"}, sections - {"act1/wall"}):
        (problem,) = proof.walk(native.shipped(), wrong)
        assert f'section "{min(wrong ^ sections)}"' in problem
    for path, value in (("act1.doors.cache", None), ("act1.doors.dark", "Why?"), ("act1.scenes.wall", None)):
        (problem,) = proof.walk(acts.course(broken(path, value)), sections)
        assert problem.startswith(path.replace(".", ".toml.", 1))


@given(st.text(alphabet=st.sampled_from("<>*`[]()&\"'/ ahrefjsitp:x{}#\n"), max_size=60))
def test_hostile_text_never_becomes_markup(text):
    document = Document('<p data-key="p"></p>')
    page.set_text(document, page.index(document)["p"], text)
    for element in document.root.walk():
        assert element.tag in ("", "p", "strong", "em", "code", "a")
        assert not element.attributes.get("href", "#").lower().startswith(("javascript", "data"))
    letters = iter(text)
    assert all(letter in letters for letter in "".join(words for _, words, _ in wording.runs(text)))  # none is invented


def test_text_goes_into_the_page_escaped():
    document = Document('<p data-key="p"></p>')
    page.patch(document, page.index(document), {}, {"p": {"text": "<script>alert(1)</script> **bold**"}})
    assert "&lt;script&gt;" in document.html() and "<strong>bold</strong>" in document.html()


def test_a_key_that_no_node_carries_is_an_error():
    document = Document('<p data-key="p"></p>')
    with pytest.raises(KeyError):
        page.patch(document, page.index(document), {}, {"q": {"text": ""}})


def test_only_what_differs_is_written():
    before = {"a": {"text": "1", "state": "x"}, "b": {"text": "2"}}
    after = {"a": {"text": "1", "state": "y"}, "b": {"text": "2"}, "c": {"text": "3"}}
    assert dict(page.changes(before, after)) == {"a": {"state": "y"}, "c": {"text": "3"}}


CELLS = st.sampled_from(["1", "2", "**3**"])
ROWS = st.lists(st.tuples(CELLS, CELLS, st.sampled_from([{"state": "fail"}, {"state": "good"}])), max_size=3)


@given(ROWS, ROWS, st.lists(CELLS, max_size=3), st.lists(CELLS, max_size=3))
def test_a_table_and_a_list_written_over_read_as_if_written_anew(rows, next_rows, items, next_items):
    source = '<table><tbody data-key="t"></tbody></table><ul data-key="l"></ul>'
    before, after = (
        {"t": {"rows": [list(row) for row in r]}, "l": {"items": i}}
        for r, i in ((rows, items), (next_rows, next_items))
    )
    over, anew = Document(source), Document(source)
    page.patch(over, page.index(over), {}, before)
    page.patch(over, page.index(over), before, after)
    page.patch(anew, page.index(anew), {}, after)
    assert over.html() == anew.html()


def test_a_table_that_a_failure_left_empty_is_written_whole():
    document = Document('<table><tbody data-key="t"></tbody></table><ul data-key="l"></ul>')
    before = {"t": {"rows": [["a", "1"]]}, "l": {"items": ["1"]}}
    after = {"t": {"rows": [["a", "2"]]}, "l": {"items": ["2"]}}
    page.patch(document, page.index(document), before, after)
    assert "<th" in document.html() and "<td>2</td>" in document.html() and "<li>2</li>" in document.html()


def test_of_a_table_only_the_cells_that_differ_are_written():
    document = Document('<table><tbody data-key="t"></tbody></table>')
    nodes = page.index(document)
    before, after = {"t": {"rows": [["a", "1"], ["b", "2"]]}}, {"t": {"rows": [["a", "1"], ["b", "3"]]}}
    page.patch(document, nodes, {}, before)
    words = [cell.children[0] for row in nodes["t"].children for cell in row.children]
    for word in words:
        word.textContent = "as it was"
    page.patch(document, nodes, before, after)
    assert [word.textContent for word in words] == ["as it was", "as it was", "as it was", "3"]


@given(
    st.lists(st.tuples(st.sampled_from(["{}", "**{}**", "*{}*", "`{}`"]), st.sampled_from("abc")), max_size=4),
    st.data(),
)
def test_a_text_that_is_reworded_reads_as_one_that_is_written_anew(runs, data):
    marks = data.draw(st.sampled_from([[mark for mark, _ in runs], ["**{}**"], []]))
    texts = [" ".join(mark.format(word) for mark, word in runs), " ".join(mark.format("new") for mark in marks)]
    document = Document('<p data-key="a"></p><p data-key="b"></p>')
    nodes = page.index(document)
    first, then = ({"a": {"text": text}} for text in texts)
    page.patch(document, nodes, {}, first)
    page.patch(document, nodes, first, then)
    page.patch(document, nodes, {}, {"b": {"text": texts[1]}})
    assert [child.html() for child in nodes["a"].children] == [child.html() for child in nodes["b"].children]


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans()))
def test_whatever_is_typed_a_control_keeps_a_value_of_its_own(typed):
    for control in controls(native.shipped()).values():
        kept = control.defaults["latency"]
        value, problem = control.read(typed, kept)
        again, none = control.read(value, kept)
        assert (again, none) == (value, None)
        assert problem is None or control.label in problem


@pytest.mark.parametrize("theme", sorted(charts.PALETTES))
def test_figures_are_what_plotly_takes(theme):
    from state import store

    state = native.after(native.walked(until=4), store.ThemeChanged(theme))
    frame = views.frame(native.shipped(), state)
    figures = [entry["figure"] for entry in frame.values() if entry.get("figure")]
    empty = {key for key in frame if key.endswith(".plot") and not frame[key]["figure"]}
    assert figures and all(key.startswith(("act2.map.", "act2.frontier.")) for key in empty)  # sweeps not asked for yet
    for figure in figures:
        json.dumps(figure, allow_nan=False)
        assert plotly.graph_objects.Figure(figure, skip_invalid=False).to_plotly_json()["data"] == figure["data"]
        for trace in figure["data"]:
            assert len(trace["x"]) == len(trace["y"])


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (10 * 2**30, "gib", "10 GiB"),
        (131.4148 * 2**30, "gib", "131.4 GiB"),
        (327680, "bytes", "320 KiB"),
        (0.1309, "ms", "131 ms"),
        (0.0123, "time", "12.3 ms"),
        (7080, "time", "118 min"),
        (-0.26, "pct", "\N{MINUS SIGN}26 %"),
        (8.12, "x", "8.1×"),
        (None, "gib", "—"),
        (float("inf"), "n", "no limit"),
    ],
)
def test_numbers_read_as_a_person_writes_them(value, form, text):
    assert wording.show(value, form).replace(wording.NO_BREAK, " ") == text
