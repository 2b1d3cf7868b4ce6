"""The page for engineers without a browser: the form, the thread's other half, and the markup that it makes."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import engine
from sizer import plot
from sizer.form import question_of
from sizer.markup import Html, marked, tag, together
from sizer.server import Measured
from sizer.thread import Sizer
from sizer.view import View
from sizing import search
from sizing.day import DAYS
from sizing.judge import Judgement, Kept, used
from sizing.plain import AskError, question_from
from sizing.question import Design
from sizing.search import Candidate
from tests import lab as native
from tests.given import SIZING_FORMS, SMALL
from tests.unit.sizing_cases import CONFIG, shipped

PARTS = {"headline", "promises", "memory", "cost", "designs", "chart", "why", "known", "progress"}


def answered(**changes):
    """The thread's other half after a whole search, and all that it said."""
    sizer = Sizer(native.shipped())
    said = [json.loads(sizer.ask(json.dumps({**SMALL, **changes})))]
    while said[-1].get("more"):
        said.append(json.loads(sizer.step()))
    return sizer, said


class Reader(HTMLParser):
    """Markup as a browser reads it: its elements must close in order; what isn't markup is text."""

    def __init__(self):
        super().__init__()
        self.open, self.words, self.seen = [], [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def read(markup):
    reader = Reader()
    reader.feed(markup)
    reader.close()
    assert not reader.open
    return reader


def test_text_never_becomes_markup():
    hostile = "<img src=x onerror=alert(1)> & \"'"
    made = tag("p", hostile, " ", tag("b", hostile), title=hostile, hidden=True, class_="a", data_state=None)
    reader = read(made)
    assert [name for name, _ in reader.seen] == ["p", "b"]
    assert "".join(reader.words) == f"{hostile} {hostile}"
    assert reader.seen[0][1] == {"title": hostile, "hidden": None, "class": "a"}
    assert isinstance(together(hostile, made), Html)
    assert read(marked(f"**{hostile}**")).words == [hostile]


@pytest.mark.parametrize(("method", "unknown"), [("rotary-3", True), ("fp8", False)])
def test_an_answer_says_for_what_weights_it_is_if_a_form_leaves_that_open(method, unknown):
    config = json.dumps({**CONFIG, "quantization_config": {"quant_method": method}})
    _, said = answered(config=[config])
    told = " ".join(read(said[-1]["parts"]["headline"]).words)
    assert ("rotary-3" in told and "isn't known here" in told) is unknown


@pytest.mark.parametrize(
    ("ticked", "is_said"), [(["16"], True), (["16", "8"], True), (["8", "4"], False), (["4"], False)]
)
def test_weights_that_a_file_decides_are_said_beside_what_is_ticked_and_in_the_answer(ticked, is_said):
    config = json.dumps({**CONFIG, "quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}})
    _, said = answered(config=[config], weights=ticked)
    for part in ("headline", "weights-given"):
        assert ("comes with 4-bit weights" in words_of(said, part)) is is_said
    assert "4-bit weights" in words_of(said, "headline")


def test_weights_of_three_bits_are_not_called_four():
    config = json.dumps({**CONFIG, "quantization_config": {"quant_method": "gptq", "bits": 3, "group_size": 128}})
    _, said = answered(config=[config], weights=["16"])
    for part in ("headline", "weights-given"):
        assert "3-bit weights" in words_of(said, part) and "4-bit weights" not in words_of(said, part)


def test_every_part_of_an_answer_is_whole_markup():
    for form in SIZING_FORMS:
        _, said = answered(**form)
        for each in said:
            for markup in each.get("parts", {}).values():
                read(markup)
        assert set(said[-1]["parts"]) >= PARTS
        assert not said[-1]["more"]


def test_the_answer_is_that_of_the_search():
    _, said = answered()
    *_, answer = search.search(question_from(question_of(SMALL), shipped()), shipped())
    words = "".join(read(said[-1]["parts"]["headline"]).words)
    best = answer.best.design
    assert words.startswith(f"{best.gpus} × ")
    assert f"{best.seats} seats" in words
    promises = "".join(read(said[-1]["parts"]["promises"]).words)
    for kept in answer.best.judgement.promises:
        assert f"± {kept.error * 100:.0f}" in promises.replace("\N{NO-BREAK SPACE}", " ")
    radios = [attributes for name, attributes in read(said[-1]["parts"]["designs"]).seen if name == "input"]
    assert len(radios) == 1 + len(answer.others)
    assert ["checked" in radio for radio in radios].count(True) == 1


def test_another_design_is_shown_when_it_is_chosen_and_its_day_with_it():
    sizer, said = answered()
    assert "svg" in said[-1]["parts"]["hours"]
    if said[-1]["parts"]["designs"].count("<input") < 2:
        pytest.skip("one design only")
    other = json.loads(sizer.choose(1))
    assert other["parts"]["headline"] != said[-1]["parts"]["headline"]
    assert other["more"]
    while other["more"]:
        other = json.loads(sizer.step())
    assert other["parts"]["hours"] != said[-1]["parts"]["hours"]


def test_a_figure_is_told_apart_from_what_other_days_made_of_it():
    sizer, said = answered()
    assert len(sizer.days) == DAYS
    promises = read(said[-1]["parts"]["promises"])
    words = "".join(promises.words).replace("\N{NO-BREAK SPACE}", " ")
    assert words.count("by chance") == len(sizer.answer.best.judgement.promises)
    assert len({day["ttft_s"] for day in sizer.days}) == DAYS  # they are other traffic
    bands = [shape for name, shape in promises.seen if name == "rect" and shape["class"] == "days"]
    kept = sizer.answer.best.judgement.promises[0]
    first = [used(kept), *(used(replace(kept, value=day["ttft_s"])) for day in sizer.days)]
    limit = next(float(shape["x"]) + 0.5 for name, shape in promises.seen if shape.get("class") == "limit")
    assert float(bands[0]["x"]) == pytest.approx(min(first) * limit, abs=0.01)
    assert float(bands[0]["width"]) == pytest.approx(max(0.8, (max(first) - min(first)) * limit), abs=0.01)


def test_the_chart_joins_the_designs_that_none_beats_for_their_price():
    sizer, said = answered(gpus=["h100-sxm", "l4", "a100-sxm"], weights=["8", "16"])
    chart = read(said[-1]["parts"]["chart"]).seen
    points = [each for each in sizer.answer.tried if each.judgement.promises]
    beaten = [
        any(o.hourly <= p.hourly and o.judgement.ratio < p.judgement.ratio for o in points)
        or any(o.hourly < p.hourly and o.judgement.ratio <= p.judgement.ratio for o in points)
        for p in points
    ]
    path = next(shape["d"] for name, shape in chart if shape.get("class") == "frontier")
    corners = len({(p.hourly, p.judgement.ratio) for p, is_beaten in zip(points, beaten, strict=True) if not is_beaten})
    assert path.count("V") == corners - 1
    assert [shape.get("tabindex") for name, shape in chart if shape.get("role") == "img"].count("0") == 1


def test_tokens_a_second_are_promised_of_users_who_ask_again():
    _, said = answered(ttft=[""], tpot=[""], tokens=["500"], load=["users"], users=["40"])
    words = "".join(read(said[-1]["parts"]["promises"]).words).replace("\N{NO-BREAK SPACE}", " ")
    assert "Tokens a second" in words and "500" in words
    _, said = answered(tokens=["90000"])
    assert "Tokens a second, at least" in said[-1]["refusal"] and "90000" in said[-1]["refusal"]


def test_a_new_question_ends_the_one_before():
    sizer = Sizer(native.shipped())
    sizer.ask(json.dumps(SMALL))
    sizer.step()
    sizer.ask(json.dumps({**SMALL, "model": ["mistral-7b"]}))
    while json.loads(sizer.step())["more"]:
        pass
    assert sizer.view.question.model.id == "mistral-7b"
    assert sizer.answer.best.design.deployment.model.id == "mistral-7b"


def test_a_glance_is_a_bound_and_changes_nothing():
    sizer, said = answered()
    again = json.loads(sizer.glance(json.dumps({**SMALL, "rate": ["40"]})))
    assert set(again["parts"]) == {"glance"}
    assert read(again["parts"]["glance"]).seen[0][0] == "h2"  # bounds stand under a headline of their own
    assert json.loads(sizer.glance(json.dumps({**SMALL, "rate": ["x"]})))["parts"] == {}
    assert json.loads(sizer.choose(0))["parts"]["headline"] == said[-1]["parts"]["headline"]


@pytest.mark.parametrize(
    ("changes", "said", "unsaid"),
    [
        ({"rate": ["90000"]}, "capacity is asked for, and past", "holds the weights"),
        ({"load": ["users"], "users": ["1000000"]}, "capacity is asked for, and past", "holds the weights"),
        ({"model": ["llama-3.1-405b"]}, "holds the weights", "capacity"),
        ({"ttft": ["1"]}, "by its bounds", "capacity"),
        ({"tokens": ["1000000"], "load": ["users"], "users": ["10"]}, "so many tokens a second", "first token"),
        ({"spare": ["4"]}, "too few GPUs are left", "holds the weights"),
        ({"ttft": [""], "tpot": [""]}, "nothing is promised", "keeps every promise"),
    ],
)
def test_why_there_is_no_answer_is_the_true_reason(changes, said, unsaid):
    _, steps = answered(**changes)
    words = " ".join(read(steps[-1]["parts"]["headline"]).words)
    assert said in words and unsaid not in words


def answer_of(state, untried):
    """An answer without a best, whose nearest has a state."""
    design = Design(
        engine.Deployment(shipped().models["llama-3.1-8b"], shipped().gpus["h100-sxm"], 1, 8, 16), 64, 2048, 2
    )
    kept = Kept("ttft_s", 0.8, 0.8, 0.2, state)
    tried = Candidate(design, 1.4, Judgement(state, (kept,), 0.5, {}, 1))
    return search.Answer(failing=tried, tried=(tried,), runs=60, untried=untried, seen=99, passed=70, done=True)


@pytest.mark.parametrize(
    ("state", "untried", "title", "more"),
    [
        ("broken", 0, "No design of up to", "breaks a promise"),
        ("close", 0, "is sure to keep", "may break"),
        ("broken", 7, "Not one of the 60 designs that were simulated", "by their bounds: 7"),
    ],
)
def test_no_answer_is_told_no_stronger_than_it_was_found(state, untried, title, more):
    view = View(native.shipped(), shipped(), question_from(question_of(SMALL), shipped()))
    reader = read(view.none(answer_of(state, untried)))
    first, *said = reader.words
    assert {each["data-state"] for name, each in reader.seen if name == "p"} == {"warn" if state == "close" else "fail"}
    assert title in first and more in " ".join(said)
    assert "2 replicas of 1" in said[0] and "8-bit weights" in said[0]  # which 2 x H100


@pytest.mark.parametrize(("low", "high"), [(1.05, 1.4), (0.3, 0.9), (0.7, 48.0), (2.0, 2.2)])
def test_an_axis_has_round_numbers_however_narrow_it_is(low, high):
    ticks = plot._round(low, high)
    assert 2 <= len(ticks) <= 8 and all(low <= tick <= high for tick in ticks)


def test_where_nothing_could_be_judged_no_design_is_said_to_fail():
    answer = search.Answer(left_out={"known": 9}, done=True)
    view = View(native.shipped(), shipped(), question_from(question_of(SMALL), shipped()))
    assert read(view.none(answer)).words == [native.shipped().at("size.answer.none_known")]


def test_of_a_model_whose_steps_are_not_known_the_memory_is_told():
    last = answered(model=["nemotron-3-nano"], gpus=["t4", "h100-sxm"], most_gpus=["8"])[1][-1]["parts"]
    assert native.shipped().at("size.answer.none_known") in "".join(read(last["headline"]).words)
    words = "".join(read(last["memory"]).words).replace("\N{NO-BREAK SPACE}", " ")
    assert "GiB of weights at 8 bit" in words and "× H100" in words
    assert " 0 GiB" not in words and not re.search(r"takes 0", words)
    assert last["designs"] == last["chart"] == last["progress"] == ""


def test_designs_that_stand_together_have_names_that_tell_them_apart():
    sizer, said = answered(engine=["vllm", "sglang"], gpus=["h100-sxm"], cache=["16", "8"])
    titles = re.findall(r"<title>(.*?)</title>", said[-1]["parts"]["chart"])
    tried = {each.design for each in sizer.answer.tried}
    assert len(tried) > 1 and len({title.rpartition(")")[0] for title in titles}) == len(tried)
    one, other, third = (
        replace(answer_of("broken", 0).failing, design=replace(answer_of("broken", 0).failing.design, **change))
        for change in ({}, {"seats": 8}, {"replicas": 1})
    )
    assert sizer.view.apart([one, one]) == ["2 × H100"] * 2
    assert sizer.view.apart([one, other, third]) == ["2 × H100 (64 seats)", "2 × H100 (8 seats)", "1 × H100"]


def test_what_has_no_price_is_named():
    prices = {"price.h100-sxm": ["2"], "gpus": ["h100-sxm", "a100-sxm"]}
    known = "".join(read(answered(**prices)[1][-1]["parts"]["headline"]).words)
    assert "no price: A100" in known and "H100" not in known.partition("no price")[2].partition(".")[0]


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (["prompt,output\n10,", "20\n"], "no column"),
        (["arrival,prompt,output\n1,2,3\n" + "x" * 1_100_000, "1,2,3\n"], "too long"),
        ([], "holds no request"),
    ],
)
def test_a_file_that_is_refused_says_why_when_it_has_ended(pieces, said):
    sizer = Sizer(native.shipped())
    sizer.begin_trace()
    for piece in pieces:
        sizer.feed_trace(piece)
    assert said in json.loads(sizer.end_trace())["parts"]["trace-said"]


@pytest.mark.parametrize(
    ("language", "text", "whole"),
    [
        ("en", "1,000", "1000"),
        ("de", "1.000", "1000"),
        ("en", "12,500", "12500"),
        ("en", "1.125", None),
        ("de", "1,125", None),
        ("en", "0,125", None),
        ("en", "2,5", None),
        ("de", "2.5", None),
        ("es", "1,000", "1000"),
        ("es", "1.000", "1000"),
        ("es", "1\N{NARROW NO-BREAK SPACE}000", None),
        ("es", "2,5", None),
    ],
)
def test_a_mark_that_may_part_thousands_is_asked_back(language, text, whole):
    with native.writing(language):
        try:
            found = question_of({**SMALL, "rate": [text]})
        except AskError as refusal:
            assert (refusal.name, refusal.facts["whole"]) == ("thousands", whole)
        else:
            meant = text.replace(",", ".").replace("\N{NARROW NO-BREAK SPACE}", "")
            assert whole is None and found["traffic"]["rate_per_s"] == float(meant)


@pytest.mark.parametrize("language", native.LANGUAGES)
@pytest.mark.parametrize(
    ("text", "value"),
    [("1.000,5", 1000.5), ("1,000.5", 1000.5), ("1.234.567", 1234567), ("1,234,567", 1234567), ("-1.000,5", -1000.5)],
)
def test_where_both_marks_stand_or_one_twice_there_is_no_doubt(language, text, value):
    with native.writing(language):
        assert question_of({**SMALL, "rate": [text]})["traffic"]["rate_per_s"] == value


@pytest.mark.parametrize("text", ["1.00,5", "1,000,5", "1.000,5.2", "1,0,0"])
def test_marks_that_part_nothing_make_no_number(text):
    with pytest.raises(AskError):
        question_of({**SMALL, "rate": [text]})


def headline(**changes):
    return " ".join(read(answered(**changes)[1][-1]["parts"]["headline"]).words)


def test_what_was_cut_or_carried_over_is_said_beside_the_design():
    assert "were cut" not in headline() and "carried over" not in headline(gpus=["h100-sxm"])
    assert "were cut" in headline(workload=["mooncake-conversation"])
    assert "carried over (other: GPU" in headline(gpus=["mi300x"])


def test_half_the_cost_is_told_where_something_costs_and_something_is_promised():
    half, none = "Half the cost", "half the cost"
    assert none in answered()[1][-1]["parts"]["why"].lower()
    for changes in ({"price.h100-sxm": ["0"]}, {"ttft": [""], "tpot": [""]}):
        why = answered(**changes)[1][-1]["parts"]["why"]
        assert half not in why and none not in why


@pytest.mark.parametrize(
    ("fields", "path", "value"),
    [
        ({"rate": [" 2,5 "]}, ("traffic", "rate_per_s"), 2.5),
        ({"ttft": [""]}, ("promise", "ttft_s"), None),
        ({"tpot": ["25"]}, ("promise", "tpot_s"), 0.025),
        ({"load": ["users"], "users": ["64"]}, ("traffic", "users"), 64),
        (
            {"workload": ["own"], "prompt_mean": ["100"], "output_mean": ["20"]},
            ("traffic", "prompt"),
            {"mean": 100, "p99": 100},
        ),
        ({"price.h100-sxm": ["2.5"], "price.t4": ["1"]}, ("prices",), {"h100-sxm": 2.5}),
        ({"day": ["office"]}, ("traffic", "daily", 14), 100),
        ({"config": ['{"a": 1}']}, ("model", "a"), 1),
    ],
)
def test_a_form_says_what_its_fields_say(fields, path, value):
    found = question_of({**SMALL, **fields})
    for step in path:
        found = found.get(step) if isinstance(found, dict) else found[step]
    assert found == value or found == pytest.approx(value)


def everything_carried():
    """What is carried over to a design that has nothing in common with what was measured."""
    course = native.shipped()
    deployment = engine.Deployment(course.models["deepseek-v3"], course.gpus["l40s"], 4, 4, 8, "sglang", 2)
    constants = next(each for each in course.calibrations if each.id == "a100-kernels-bf16")
    carried = engine.how_known(deployment, replace(constants, counts=(1,)))
    assert len(carried) == 9  # all that there is
    return carried


def test_whatever_is_carried_over_is_said():
    for name in everything_carried():
        assert native.shipped().at(f"size.answer.other_{name}")


def test_no_text_of_the_page_is_left_unsaid():
    """Each word of the answer in every language is one that a view says, and the page says each of its own."""
    answer = native.shipped().at("size.answer")
    code = "".join(file.read_text(encoding="utf-8") for file in (native.CONTENT.parent / "py/sizer").glob("*.py"))
    dynamic = {
        "kept",
        "close",
        "broken",
        "memory",
        "compute",
        "weights",
        "kv",
        "links",
        "overhead",
    }
    dynamic |= {f"other_{name}" for name in everything_carried()}
    dynamic |= {"reserve", "peak", "free", "ttft_s", "tpot_s", "e2e_s", "tokens_per_s"}
    dynamic |= {"left_heads", "left_known"}
    unsaid = [name for name in answer if name not in dynamic and f'"{name}"' not in code]
    assert [name for name in unsaid if f'"size.answer.{name}"' not in code] == []
    page = (native.CONTENT.parent / "size.html").read_text(encoding="utf-8")
    said = set(re.findall(r'"size\.page\.(\w+)"', page))
    assert set(native.shipped().at("size.page")) == said


def test_a_search_says_how_far_it_is_and_shows_no_design_before_one_keeps_its_promises():
    sizer = Sizer(native.shipped())
    said = [json.loads(sizer.ask(json.dumps({**SMALL, "ttft": ["250"], "tpot": ["15"]})))]
    while said[-1].get("more"):
        said.append(json.loads(sizer.step()))
    steps = [each["parts"] for each in said if each["parts"]]
    shown = [parts for parts in steps if "headline" in parts]
    assert shown and all("progress" in parts for parts in steps)
    assert all(set(parts) == {"progress"} for parts in steps[: steps.index(shown[0])])
    assert not any('data-state="fail"' in parts["headline"] for parts in shown[:-1])


def test_beside_an_answer_it_is_said_that_the_search_goes_on_until_it_is_done():
    sizer = Sizer(native.shipped())
    said = [json.loads(sizer.ask(json.dumps(SMALL)))]
    while said[-1].get("more"):
        said.append(json.loads(sizer.step()))
        if "headline" in said[-1]["parts"]:
            going = 'data-state="waiting"' in said[-1]["parts"]["headline"]
            assert going == (not sizer.answer.done)
    assert any("This design stands" in each["parts"].get("headline", "") for each in said)


@pytest.mark.parametrize(
    "changes", [{"gpus": []}, {"rate": ["abc"]}, {"rate": ["0"]}, {"longest": ["1"]}, {"most_gpus": ["2.5"]}]
)
def test_a_refusal_names_the_field_as_the_page_does(changes):
    said = json.loads(Sizer(native.shipped()).ask(json.dumps({**SMALL, **changes})))["refusal"]
    labels = native.shipped().at("size.page").values()
    assert any(f"“{label}”" in said for label in labels)
    assert not re.search(r"[a-z]_[a-z]|[a-z]\.[a-z]", said), "no key of a file"


def test_after_a_visit_with_a_file_the_page_says_to_choose_one_and_one_that_is_refused_isnt_asked_for():
    sizer, words = Sizer(native.shipped()), native.shipped().at("size.refusals")
    form = json.dumps({**SMALL, "workload": ["file"]})
    said = json.loads(sizer.ask(form))
    assert said["field"] == "trace" and words["trace_missing"].partition("}")[2] in said["refusal"]
    assert "again" not in said["refusal"]  # it may be the first
    sizer.begin_trace()
    sizer.feed_trace("a,b\n1,2\n")
    sizer.end_trace()
    assert words["trace_refused"].partition("}")[2] in json.loads(sizer.ask(form))["refusal"]


def test_a_config_of_ones_own_is_named_and_one_that_is_none_marks_its_field():
    sizer = Sizer(native.shipped())
    assert (
        "mine"
        in json.loads(sizer.ask(json.dumps({**SMALL, "config": [json.dumps(CONFIG | {"_name_or_path": "mine"})]})))[
            "config"
        ]
    )
    assert json.loads(sizer.ask(json.dumps(SMALL)))["config"] == ""
    for text in ("{", '{"model_type": "bert"}'):  # the list doesn't go on naming the one before
        refused = json.loads(sizer.ask(json.dumps({**SMALL, "config": [text]})))
        assert refused["field"] == "config" and refused["config"] == native.shipped().at("size.page.your_config")
    other = json.dumps({**SMALL, "rate": ["x"], "config": [json.dumps(CONFIG | {"_name_or_path": "mine"})]})
    assert "mine" in json.loads(sizer.ask(other))["config"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "the day's average"), ({"load": ["users"], "users": ["20"]}, "at the busiest hour"), ({"day": [""]}, "")],
)
def test_beside_a_day_it_is_said_whose_tokens_cost_so_much(changes, said):
    words = "".join(read(answered(**changes)[1][-1]["parts"]["cost"]).words)
    assert "a million output tokens" in words
    assert ("A million output tokens:" in words) == bool(said) and said in words


def test_no_design_is_told_for_a_sequence_that_engines_refuse():
    asks = Sizer(native.shipped())
    said = json.loads(asks.ask(json.dumps({**SMALL, "model": ["llama-2-7b"]})))
    assert said["field"] == "longest" and "made for 4096 tokens" in said["refusal"]
    assert "refusal" not in json.loads(asks.ask(json.dumps({**SMALL, "model": ["llama-2-7b"], "longest": ["4096"]})))


@pytest.mark.parametrize("price", ["-1", "abc"])
def test_a_price_is_refused_by_its_gpu(price):
    said = json.loads(Sizer(native.shipped()).ask(json.dumps({**SMALL, "price.h100-sxm": [price]})))["refusal"]
    assert said.startswith(f"“{native.shipped().at('size.page.price')}: {shipped().gpus['h100-sxm'].name}”")


def test_a_time_is_refused_in_the_unit_of_its_field_and_the_field_is_named():
    said = json.loads(Sizer(native.shipped()).ask(json.dumps({**SMALL, "tpot": ["-3"]})))
    assert said["field"] == "tpot" and "is -3." in said["refusal"] and "e-" not in said["refusal"]
    later = json.loads(Sizer(native.shipped()).ask(json.dumps({**SMALL, "e2e": ["-2"]})))
    assert later["field"] == "e2e" and "is -2." in later["refusal"] and "e-" not in later["refusal"]


LOG = """INFO 11-20 10:00:00 [utils.py:233] non-default args: {'model': 'Llama-3.1-8B-Instruct', 'tensor_parallel_size': 1}
INFO 11-20 10:01:00 [gpu_model_runner.py:2602] Model loading took 14.99 GiB and 30.1 seconds
INFO 11-20 10:01:30 [gpu_worker.py:298] Available KV cache memory: 52.00 GiB
"""
RUN = """============ Serving Benchmark Result ============
Successful requests:                     200
Maximum request concurrency:             8
Benchmark duration (s):                  50.00
Total input tokens:                      204800
Total generated tokens:                  25600
Request throughput (req/s):              4.00
Mean TTFT (ms):                          200.00
Mean TPOT (ms):                          14.00
==================================================
"""
OURS = {"gpus": ["h100-sxm"], "weights": ["16"], "day": [""]}


def pasted(text, course, gpu=""):
    """What the page is told of a server whose text was pasted."""
    sizer = Sizer(course)
    sizer.begin_server()
    sizer.feed_server(text)
    return json.loads(sizer.end_server(json.dumps(["", gpu, ""])))


def told_by(text):
    """What the form has of a server on an H100, and the sentence beside it."""
    said = pasted(text, native.shipped(), "h100-sxm")
    return said["measured"], said["parts"]["server-used"]


def words_of(said, part):
    return " ".join(read(said[-1]["parts"].get(part, "")).words).replace("\N{NO-BREAK SPACE}", " ")


def test_a_link_reckons_with_the_senders_server():
    """The form has all that the server said: whoever opens the link gets the same figures, and is told."""
    told, _ = told_by(LOG + RUN)
    with_it, without = (answered(**OURS, **more)[1] for more in ({"measured": [told]}, {}))
    for part in ("promises", "memory"):
        assert with_it[-1]["parts"][part] != without[-1]["parts"][part]
    assert "Llama-3.1-8B on H100" in words_of(with_it, "headline") and "its own times" in words_of(with_it, "headline")
    assert "for designs of H100" in words_of(with_it, "server-used")
    assert "server said" not in words_of(without, "headline")


@pytest.mark.parametrize("changes", [{"weights": ["8"]}, {"gpus": ["a100-sxm"]}])
def test_times_of_another_kind_of_server_are_said_not_to_count(changes):
    """Neither the figures nor the source of them are said to be the server's where they aren't."""
    told, _ = told_by(LOG + RUN)
    form = {**OURS, **changes}
    with_it, without = (answered(**form, **more)[1] for more in ({"measured": [told]}, {}))
    headline = words_of(with_it, "headline")
    assert with_it[-1]["parts"]["promises"] == without[-1]["parts"]["promises"]
    assert ("changes nothing" in headline) == (with_it[-1]["parts"]["memory"] == without[-1]["parts"]["memory"])
    assert ("times don't count" in headline) == ("changes nothing" not in headline)
    assert with_it[-1]["parts"]["known"] == without[-1]["parts"]["known"]


def test_where_the_times_are_the_servers_the_source_says_so_and_nothing_is_said_before_it_is_asked_for():
    told, offered = told_by(LOG + RUN)
    _, said = answered(**OURS, measured=[told])
    assert words_of(said, "known").startswith("The times of the server that was read (Llama-3.1-8B on H100")
    assert "without what the server said" in words_of(said, "take")
    assert "To reckon with" in offered and "are reckoned" not in offered and "weights and engine" in offered
    assert "times" not in told_by(LOG)[1]


@pytest.mark.parametrize(
    "spoilt",
    [
        "[]",
        '["h100-sxm","llama-3.1-8b",1e99]',
        '["h100-sxm","nothing",1]',
        '["nothing","llama-3.1-8b",1]',
        '["h100-sxm","llama-3.1-8b",true]',
        '["h100-sxm","llama-3.1-8b",' + "9" * 400 + "]",
        '["h100-sxm","llama-3.1-8b",1,"nothing",0,0,0]',
        '["h100-sxm","llama-3.1-8b",1,"h100-vllm-bf16",-1,0,0]',
        '["h100-sxm","llama-3.1-8b",1,"h100-vllm-bf16",0,0]',
        '[["h100-sxm"],"llama-3.1-8b",1]',
        "[" * 100_000,
    ],
)
def test_what_a_link_garbles_of_a_server_is_not_reckoned_with(spoilt):
    assert Measured.read(spoilt, shipped()) is None


def test_a_link_that_lacks_what_the_server_said_says_so():
    with_it, without = (answered(**OURS, **more)[1] for more in ({"measured": ["yes"]}, {}))
    assert "without it: paste" in words_of(with_it, "headline")
    assert with_it[-1]["parts"]["promises"] == without[-1]["parts"]["promises"]


@pytest.mark.parametrize("language", native.LANGUAGES)
@pytest.mark.parametrize(
    "text",
    [
        'vllm:num_requests_running{model_name="m"} 3\nvllm:num_requests_waiting{model_name="m"} 2\n'
        'vllm:kv_cache_usage_perc{model_name="m"} 0.4\n',
        'vllm:num_requests_running{model_name="m"} 3\n',
        "\n".join(line for line in RUN.splitlines() if "TPOT" not in line),
    ],
)
def test_of_what_a_server_does_not_tell_nothing_is_said(text, language):
    with native.writing(language):
        words = read(pasted(text, native.in_language(language))["parts"]["server"]).words
    assert any("3" in each or "200" in each for each in words) and "—" not in " ".join(words)
