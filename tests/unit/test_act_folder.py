"""An act is a folder and a row: the fixture of tests/acts is put into the lab, and everything else follows from that."""

import importlib
import subprocess
import sys

import pytest

import acts
import views
from content.controls import controls
from report import report
from state import store
from tests import lab as native
from tests.acts import FIXTURE, with_act
from tools import bundle, figures, proof

OWN = {path.relative_to(FIXTURE.parent).as_posix() for path in FIXTURE.rglob("*") if path.suffix != ".pyc"}


@pytest.fixture
def course(monkeypatch):
    """The shipped course with the fixture's act, the third, from its folder."""
    shipped = native.shipped()
    monkeypatch.setattr(acts, "__path__", [*acts.__path__, str(FIXTURE.parent)])
    monkeypatch.setattr(acts, "ACTS", ("wall", "promises", "batching", "bugs"))
    own = {path.stem: bundle._parsed(path) for path in sorted((FIXTURE / "content").glob("*.toml"))}
    yield acts.course({**shipped.tables, **own})
    for name in [name for name in sys.modules if name.startswith("acts.batching")]:
        del sys.modules[name]
    importlib.invalidate_caches()


def after(course, state, *actions):
    for action in actions:
        state = store.reduce(course, state, action)
    while (job := store.next_run(course, state)) is not None:
        state = store.reduce(course, state, store.RunFinished(job, native.ran(job), native.AT))
    return state


def answered(course, state, question, option):
    return after(course, state, store.OptionChosen(question, option), store.AnswerCommitted(question, native.AT))


def walked(course):
    """A learner at the door of the third act."""
    state = store.initial(course)
    for question in native.QUESTIONS:
        state = answered(course, state, question, native.right_option(question, state.context))
    return state


def test_questions_stages_controls_status_and_synthesis_follow(course):
    assert course.questions == (*native.QUESTIONS, "act3.prediction", "act3.reflection")
    assert "act3.batch" in controls(course)
    state = walked(course)
    assert not store.is_done(course, state) and store.is_open(course, state, "act3")
    assert not store.is_open(course, state, "bugs")  # it waits for every act that asks
    status = {entry[0]: entry[1] for entry in views.shell.status(course, state).values()}
    assert status["Act III"] == "predict"
    state = answered(course, state, "act3.prediction", "same")
    assert store.stage(course, state, "act3") == store.LOCKED
    before = views.frame(course, state)["act3.said"]["text"]
    state = after(course, state, store.ControlMoved("act3.batch", 64))
    assert store.stage(course, state, "act3") == store.EXPLORE
    assert views.frame(course, state)["act3.said"]["text"] != before
    state = answered(course, state, "act3.reflection", "weights")
    assert store.is_done(course, state) and store.is_open(course, state, "bugs")
    assert views.frame(course, state)["stage.act3"]["state"] == store.COMMITTED
    reset = after(course, state, store.ControlsReset("act3"))
    assert reset.value("act3.batch") == 8


def test_before_the_others_are_done_it_is_shut_and_shows_nothing(course):
    frame = views.frame(course, store.initial(course))
    assert not frame["act3.gate"]["hidden"] and frame["act3.open"]["hidden"]
    assert {key for key in frame if key.startswith("act3.")} == {"act3.gate", "act3.open", "act3.revealed"}


def rail_marks(course, state):
    """What the rail says of each scene."""
    frame = views.frame(course, state)
    return {stop.address: frame[f"rail.{stop.address}"]["state"] for stop in views.rail.stops(course)}


def test_its_scenes_stand_on_the_rail_between_those_before_and_the_last(course):
    addresses = views.lists(course)["scenes"]
    own = [f"act3/{name}" for name in ("predict", "batch", "reason")]
    assert addresses[-6:] == ["act2/batching", *own, "play", "takeaway"]
    lists = views.lists(course)
    assert lists["act2/batching.next"] == ["act3/predict"] and lists["act3/predict.before"] == ["act2/batching"]
    assert lists["act3/reason.next"] == ["play"] and lists["play.before"] == ["act3/reason"]
    assert lists["act3/predict.doors"] == ["step"]
    frame = views.frame(course, store.initial(course))
    assert (
        frame["rail.act3/batch.title"]["text"]
        == course.at("act3.scenes.batch.title")
        == frame["on.act3/predict"]["text"]
    )
    assert frame["aim.act3/reason"]["text"] == course.at("act3.scenes.reason.aim")
    assert frame["why.step"]["text"] == frame["rail.step.door"]["text"] == course.at("act3.doors.step")


def test_its_scenes_open_with_the_walk_and_are_done_when_answered(course):
    def own(state):
        marks = rail_marks(course, state)
        return [marks[f"act3/{name}"] for name in ("predict", "batch", "reason")]

    assert own(store.initial(course)) == ["shut", "shut", "shut"]
    state = walked(course)
    assert own(state) == ["open", "shut", "shut"]
    assert views.frame(course, state)["on.act3/predict"]["hidden"]
    state = answered(course, state, "act3.prediction", "same")
    assert own(state) == ["done", "open", "open"]
    assert not views.frame(course, state)["on.act3/predict"]["hidden"]
    assert own(answered(course, state, "act3.reflection", "weights")) == ["done", "done", "done"]


def test_the_report_and_the_ledger_tell_of_it(course):
    state = answered(course, walked(course), "act3.prediction", "each")
    snapshot = report.snapshot(course, state, native.AT)
    assert [entry["question"] for entry in snapshot["predictions"]][-1] == "act3.prediction"
    assert snapshot["predictions"][-1]["right"] is False
    assert snapshot["scenario"]["act3"] == course.at("act3.step")
    assert "act3.reflection" in snapshot["incomplete_fields"]
    text = report.markdown(course, state, native.AT)
    assert "Prediction, Act III" in text and "Reflection of Act III" in text
    rows = views.frame(course, state)["ledger.body"]["rows"]
    assert any("Prediction, Act III" in row for row in rows)


def test_its_answers_are_understood_and_those_that_it_could_not_ask_are_not(course):
    from runs import oracles

    fact = {"kind": "answered", "context": "latency", "question": "act3.prediction", "option": "same"}
    asked = oracles.scenario(course, "act3.prediction", "latency")
    assert oracles.understands(course, fact | {"scenario": asked})
    assert not oracles.understands(course, fact | {"scenario": asked | {"batch": 10**9}})
    assert not oracles.understands(native.shipped(), fact | {"scenario": asked})


def test_the_proof_and_the_figures_look_at_it(course):
    assert not [
        problem for problem in proof.problems(course) if problem.startswith("act3") and "no number" not in problem
    ]
    broken = {**course.tables, "act3": {**course.tables["act3"], "step": {"batch": 10_000, "context_tokens": 1024}}}
    with pytest.raises(ValueError, match=r"act3\.toml\.step\.batch: expected a whole number from 1 to 64"):
        acts.course(broken)
    assert set(figures.words(course)) == {"1", "2", "3", "all"}
    assert "act3-light.svg" in figures.files(course)


def test_its_folder_and_its_row_are_all_that_it_takes(tmp_path):
    house = with_act(tmp_path)
    told = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=house, check=True, capture_output=True, text=True
    )
    changed = {line[3:] for line in told.stdout.splitlines()}
    files = {f"site/py/acts/{name}" for name in OWN if (FIXTURE.parent / name).is_file() and "__pycache__" not in name}
    assert changed == {"site/py/acts/__init__.py"} | files
    script = (
        "from pathlib import Path; from tools import bundle, prerender; site = Path('site');"
        "print(prerender.render(site, bundle.read_content(site / 'content')))"
    )
    made = subprocess.run([sys.executable, "-c", script], cwd=house, capture_output=True, text=True)
    assert made.returncode == 0, made.stderr[-2000:]
    page = made.stdout
    assert page.index('id="act2"') < page.index('id="act3"') < page.index('id="synthesis"') < page.index('id="bugs"')
    assert (
        'data-number="3"' in page and 'data-acts="1 2 3 all"' in page and '[data-embed="3"] :is(.act:not(#act3)' in page
    )
    for scene in ("predict", "batch", "reason"):
        assert f'id="act3/{scene}"' in page and f'data-key="rail.act3/{scene}"' in page
    assert 'id="why/step"' in page and 'data-key="rail.step.door"' in page
    assert 'data-key="status.act3.value"' in page and 'data-key="status.step.value"' in page
