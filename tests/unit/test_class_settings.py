"""A class's own settings: one small file laid over the content, proven like it, and known to the grader."""

import json
import re
import subprocess
import sys

import pytest

import acts
from acts.bugs import bugs
from acts.wall import users
from content import reading, wording
from content.course import short_name
from runs import oracles
from tests import lab as native
from tests.snapshots import exported, learner
from tools import bundle, figures, grade, proof
from tools.trouble import BuildError

OWN = """
[act1.deployment]
model = "qwen2.5-72b"

[act1.deployment.context_tokens]
latency = 8192
throughput = 4096

[act2.targets]
ttft_p99_s = 0.15

[act1.prediction.options.about_200]
text = "two hundred or so"
"""


def tables(tmp_path, text):
    file = tmp_path / "class.toml"
    file.write_text(text, encoding="utf-8")
    return bundle.read_content(native.CONTENT, file)


def test_another_model_context_and_objective_make_another_lab(tmp_path):
    changed = acts.course(tables(tmp_path, OWN))
    assert list(proof.problems(changed)) == []
    asked = oracles.scenario(changed, "act1.prediction", "latency")
    qwen = changed.models["qwen2.5-72b"]
    left = 8 * 80 * 2**30 - 2 * qwen.parameters
    assert users.users_numbers(changed, asked)["users"] == left // (2 * 80 * 64 * 128 * 2 * 8192)
    assert oracles.is_right(changed, "act1.prediction", asked, "about_20", {})
    assert changed.at("act2.targets")["ttft_p99_s"] == 0.15
    assert changed.option("act1.prediction", "about_200").text == "two hundred or so"


def test_the_page_is_built_with_them(tmp_path):
    page = bundle.finished_page(native.CONTENT.parent, tables(tmp_path, OWN))
    assert "two hundred or so" in page and "8,192 tokens" in page
    assert "two hundred or so" not in bundle.finished_page(native.CONTENT.parent, bundle.read_content(native.CONTENT))


def the_documents_example():
    """The settings that docs/instructors.md shows."""
    text = (native.CONTENT.parents[1] / "docs/instructors.md").read_text(encoding="utf-8")
    return re.search(r"```toml\n(# class\.toml.*?)```", text, re.S)[1]


# Texts that speak of a case that really was measured, or name a GPU as an example: true of that one, whatever a class chooses.
TRUE_OF_ONE = {"act2.receipts.case", "report.evidence.measured", "course.briefing.units_note"}


def texts(value, path):
    """Every text of some content with its path."""
    if isinstance(value, str):
        yield path, value
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from texts(inner, f"{path}.{key}")


@pytest.mark.parametrize("language", native.LANGUAGES)
def test_no_text_types_a_models_or_a_gpus_name(language):
    every, shipped = native.contents()[language], native.in_language("en")
    names = {model.name for model in shipped.models.values()}
    names |= {short_name(gpu.name) for gpu in shipped.gpus.values()}
    typed = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}s?(?![\w.-])" for name in names))
    for file in ("act1", "act2", "bugs", "course", "embed", "insight", "replay", "report", "sweeps", "words"):
        found = {path: text for path, text in texts(every[file], file) if typed.search(text)}
        assert set(found) <= TRUE_OF_ONE, found


@pytest.mark.parametrize("settings", ["", '[act1.deployment]\ngpu = "a100-sxm"\n'], ids=["model", "gpu too"])
def test_another_model_leaves_the_old_name_in_no_sentence(tmp_path, settings):
    text = the_documents_example()
    text = text.replace("[act1.deployment]\n", settings or "[act1.deployment]\n", 1)
    file = tmp_path / "class.toml"
    file.write_text(text, encoding="utf-8")
    for content in (tables(tmp_path, text), *bundle.translations(native.CONTENT, file).values()):
        page = bundle.finished_page(native.CONTENT.parent, content)
        assert "Qwen2.5-72B" in page
        read = re.sub(r"<option.*?</option>|<[^>]*>", " ", page.split("<main", 1)[1], flags=re.S)
        assert "Llama-3-70B" not in read
        if settings:
            assert "H100" not in read.replace(wording.fill(content["course"]["briefing"]["units_note"], {}), "")
        changed = acts.course(content)
        sentences = [wording.fill(b.claim, bugs.said(changed, i, b.draft)) for i, b in bugs.all_of(changed).items()]
        sentences += [said["alt"] + said["caption"] for said in figures.words(changed).values()]
        assert not any("Llama-3-70B" in sentence for sentence in sentences[:-3])


@pytest.mark.parametrize(
    ("name", "short"),
    [("H100 SXM, 80 GB", "H100"), ("RTX 4090, 24 GB", "RTX 4090"), ("MI300X, 192 GB", "MI300X"), ("Own", "Own")],
)
def test_a_gpu_is_called_as_people_say(name, short):
    assert short_name(name) == short


WRONG = [
    ("[act2.targets]\nttft_p99_s = 0.5", "exactly one option"),
    ("[act1.deployment]\nmodel = 'gpt-9'", "gpt-9"),
    ("[act2.target]\nttft_p99_s = 0.5", "not known"),
    ("[act3]\nx = 1", "no content file"),
    ("[act1.prediction.options.about_7]\ntext = 'x'", "about_7"),
    ("[act1", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "what"), WRONG)
def test_what_can_not_be_taught_is_refused_by_name(tmp_path, text, what):
    with pytest.raises((BuildError, reading.ContentError), match=what):
        bundle.finished_page(native.CONTENT.parent, tables(tmp_path, text))


HOSTILE = {
    "a byte order mark": (b"\xef\xbb\xbf[act2.target]\nx = 1", "act2.toml.target"),
    "another encoding": ("[act2.targets]\nx = '\u00fc'".encode("utf-16"), "UTF-8"),
    "not UTF-8": (b"[act2.message.latency]\ntext = '\xfc'", "UTF-8"),
    "a deep list": (b"[act2]\ntargets = " + b"[" * 5_000 + b"]" * 5_000, "too deeply"),
    "deep tables": (b"[act2.targets." + b".".join([b"a"] * 400) + b"]\nb = 1", "within one another"),
    "a number of many digits": (b"[act2.targets]\ndocuments = " + b"9" * 5_000, "digits"),
    "a huge number": (b"[act2.targets]\ndocuments = 1" + b"0" * 40, "documents: expected a number up to"),
    "an infinite number": (b"[act2.targets]\nttft_p99_s = inf", "ttft_p99_s: expected a number up to"),
    "no number": (b"[act2.targets]\nttft_p99_s = nan", "ttft_p99_s: expected a number up to"),
    "a text for a number": (b"[act2.targets]\nttft_p99_s = '0.2'", "ttft_p99_s: expected a number.*a text"),
    "a number for a text": (b"[act1]\ntitle = 5", "act1.title: expected a text.*a number"),
    "a list for a table": (b"[act2]\ntargets = [1]", "targets: expected a table.*a list"),
    "a date": (b"[act2.targets]\ndocuments = 1979-05-27", "documents: expected a number.*a date"),
    "a text for a catalogue's number": (b"[models.'llama-3-70b']\nactive_parameters = 'all'", "active_parameters"),
    "a text for an option": (b"[act1.prediction.options]\nabout_200 = 'x'", "about_200: expected a table"),
    "a limit of no time": (b"[act2.targets]\nttft_p99_s = 0", "ttft_p99_s: expected a number above 0"),
    "a simulation without end": (b"[act2.simulation]\nrequests = 1000000", "requests: expected a whole number from"),
    "no requests": (b"[act2.simulation]\nrequests = 0", "requests: expected a whole number from"),
    "layers of less than nothing": (b"[models.gemma-2-27b]\nlayers = -1", "layers: expected a number.*negative"),
    "steps of nothing": (b"[act1.calculator.context]\nstep = 0", "calculator.context: expected min below max"),
    "a range without end": (b"[act2.sides.a.max_batch]\nmax = 10000000", "max_batch: expected min below max"),
}


@pytest.mark.parametrize("how", HOSTILE)
def test_settings_that_no_lab_can_have_are_one_sentence(tmp_path, how):
    text, what = HOSTILE[how]
    file = tmp_path / "class.toml"
    file.write_bytes(text)
    with pytest.raises((BuildError, reading.ContentError), match=what) as refusal, bundle.blamed(file):
        bundle.finished_page(native.CONTENT.parent, bundle.read_content(native.CONTENT, file))
    assert len(str(refusal.value)) < 700


def test_settings_with_a_byte_order_mark_are_read(tmp_path):
    file = tmp_path / "class.toml"
    file.write_text("[act2.targets]\nttft_p99_s = 0.15", encoding="utf-8-sig")
    assert bundle.read_content(native.CONTENT, file)["act2"]["targets"]["ttft_p99_s"] == 0.15


def graded(*arguments):
    command = [sys.executable, "-m", "tools.grade", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=native.CONTENT.parents[1])


def test_the_command_grades_a_folder(tmp_path):
    folder, table = tmp_path / "handed in", tmp_path / "class.csv"
    folder.mkdir()
    for i in range(2):
        made = json.dumps(exported(learner(i), f"Student {i}", f"{i:032x}"))
        (folder / f"{i}.json").write_text(made, encoding="utf-8")
    done = graded(folder, "--csv", table)
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.startswith("Hand-ins: 2. Checked: 2, of these flagged: 0.")
    assert len(table.read_text(encoding="utf-8-sig").splitlines()) == 3


def test_the_command_says_what_is_missing(tmp_path):
    done = graded(tmp_path)
    assert done.returncode == 1 and "There is no snapshot in" in done.stderr and "Traceback" not in done.stderr


def test_the_key_follows_the_settings(tmp_path, capsys):
    file = tmp_path / "class.toml"
    file.write_text(OWN, encoding="utf-8")
    assert grade.main(["--key", "--settings", str(file)]) == 0
    latency = capsys.readouterr().out.partition("# Throughput")[0]
    assert "[x] about 20–25" in latency and "[ ] about 50" in latency
