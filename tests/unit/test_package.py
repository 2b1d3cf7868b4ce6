"""The package `kvwall`: made from the page's Python, installed, its functions and its command."""

import doctest
import io
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

import kvwall
from kvwall import api, command, tables
from tests.unit.sizing_cases import shipped
from tools import wheel

ROOT = Path(__file__).parents[2]
QUESTION = {
    "model": "llama-3.1-8b",
    "traffic": {"workload": "sharegpt-vicuna", "rate_per_s": 2},
    "promise": {"ttft_s": 1.0},
    "allowed": {"gpus": ["h100-sxm"], "seats": [64], "token_budgets": [2048], "most_gpus": 2},
}
DESIGN = {"gpu": "h100-sxm", "gpus_per_replica": 1, "replicas": 1, "seats": 64, "token_budget": 2048}


LOG = "INFO [x.py:1] GPU KV cache size: 400,000 tokens, Maximum concurrency for 32,768 tokens per request: 12.21x\n"

# --- how it is made ---


@pytest.mark.parametrize(
    ("line", "made"),
    [
        ("import engine", "from kvwall import engine"),
        ("    import engine", "    from kvwall import engine"),
        ("from physics.blocks import Pages", "from kvwall.physics.blocks import Pages"),
        ("from sizing import plain", "from kvwall.sizing import plain"),
        ("from engine import GIB", "from kvwall.engine import GIB"),
        ("from tools.validation import columns", "from kvwall.validation import columns"),
        ("from tools.validation.columns import Case", "from kvwall.validation.columns import Case"),
        ("from kvwall import api", "from kvwall import api"),
        ("import json", "import json"),
        ("from enginery import x", "from enginery import x"),
        ("x = 'import engine'", "x = 'import engine'"),
    ],
)
def test_only_imports_of_what_moves_are_rewritten(line, made):
    nested = line.startswith(" ")
    begin = "if True:\n" if nested else ""
    assert wheel.rewritten(f"{begin}{line}\n") == f"{begin}{made}\n"


def test_an_import_over_several_lines_keeps_its_lines():
    assert (
        wheel.rewritten("from sizing.plain import (\n    a,\n)\n") == "from kvwall.sizing.plain import (\n    a,\n)\n"
    )


@pytest.mark.parametrize("line", ["import engine, json", "import physics.blocks"])
def test_an_import_that_cant_be_rewritten_stops_the_build(line):
    with pytest.raises(ValueError, match="line 1"):
        wheel.rewritten(line)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The package as its build step writes it, alone in a folder."""
    target = tmp_path_factory.mktemp("made") / "kvwall"
    target.mkdir()
    for file in [*(ROOT / "kvwall").glob("*.py"), ROOT / "kvwall/py.typed"]:
        (target / file.name).write_bytes(file.read_bytes())
    wheel.write(ROOT, target)
    return target.parent


def alone(folder, code):
    """What Python prints that sees this folder and its own library, and no file of the project."""
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    around |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, env=around, capture_output=True, text=True)
    assert not ran.returncode, ran.stderr
    return ran.stdout


def test_the_package_stands_alone_and_takes_no_other_name(folder):
    code = """
import sys, kvwall
kvwall.plan(QUESTION), kvwall.check(QUESTION, DESIGN), kvwall.commands(QUESTION, DESIGN)
kvwall.validate(CSV), kvwall.read_log(LOG)
print(sorted({name.partition(".")[0] for name in sys.modules} & {"engine", "physics", "sizing", "observed", "tools"}))
"""
    csv = "model,gpu,tp,concurrency,prompt_tokens,output_tokens,mean_tpot_ms\nllama-3.1-8b,h100,1,8,512,128,8.0\n"
    values = f"QUESTION, DESIGN, CSV, LOG = {QUESTION!r}, {DESIGN!r}, {csv!r}, {LOG!r}"
    assert alone(folder, values + code) == "[]\n"


def test_what_fits_and_how_long_a_step_takes_need_no_numpy(folder):
    code = "import sys; sys.modules['numpy'] = None; import kvwall\n"
    code += "print(kvwall.fit('llama-3.1-8b', 'h100-sxm')['users'], kvwall.step_time('llama-3.1-8b', 'l4', decodes=1)['wall'])"
    users = kvwall.fit("llama-3.1-8b", "h100-sxm")["users"]
    assert alone(folder, code) == f"{users} weights\n"


def test_the_package_has_the_digits_of_the_page(folder):
    code = f"import kvwall; print(kvwall.check({QUESTION!r}, {DESIGN!r})['figures'])"
    assert alone(folder, code) == f"{api.check(QUESTION, DESIGN)['figures']}\n"


def test_it_is_installed_by_pip_with_its_types_and_its_command(tmp_path):
    """The whole way, once: an environment of its own, `pip install .`, the command."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "kvwall", "site/py", "site/content", "tools", "docs", "*.in"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    for name in [*listed.stdout.split("\n"), "pyproject.toml", "LICENSE"]:
        if (ROOT / name).is_file():
            (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "tree" / name).write_bytes((ROOT / name).read_bytes())
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin")
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [
        programs / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--retries",
        "0",
        "--timeout",
        "10",
        tmp_path / "tree",
    ]
    made = subprocess.run(words, env=around, cwd=tmp_path, capture_output=True, text=True)
    if made.returncode and re.search(
        r"NewConnectionError|No matching distribution|ConnectTimeout|ProxyError", made.stderr
    ):
        pytest.skip("pip reaches no registry from here")
    assert not made.returncode, made.stderr
    helped = subprocess.run([programs / "kvwall", "--help"], env=around, cwd=tmp_path, capture_output=True, text=True)
    assert helped.returncode == 0 and "plan" in helped.stdout
    (packages,) = (tmp_path / "venv").rglob("site-packages")
    assert (packages / "kvwall/py.typed").exists()
    assert {path.name for path in packages.iterdir()} & {"engine.py", "physics", "sizing", "tools", "content"} == set()
    (tmp_path / "request.json").write_text(json.dumps(QUESTION))
    ran = subprocess.run(
        [programs / "kvwall", "plan", "request.json"], env=around, cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0 and "1 x h100-sxm" in ran.stdout


# --- its functions ---


@pytest.mark.parametrize("module", [kvwall, api, tables], ids=lambda module: module.__name__)
def test_every_example_runs(module):
    found = doctest.testmod(module)
    assert found.attempted and not found.failed


def test_every_function_has_an_example_and_says_what_it_raises():
    for name in kvwall.__all__:
        function = getattr(kvwall, name)
        if not isinstance(function, type):
            assert ">>>" in function.__doc__, name


def test_a_check_finds_of_a_plan_s_best_what_the_plan_found():
    answer = api.plan(QUESTION)
    again = api.check(QUESTION, answer)
    assert again == answer["best"]


@pytest.mark.parametrize(
    ("design", "promise", "state"),
    [
        ({}, {"ttft_s": 1.0}, "kept"),
        ({}, {"ttft_s": 0.001}, "broken"),
        ({"gpu": "t4"}, {"ttft_s": 1.0}, "memory"),
    ],
)
def test_a_design_is_judged(design, promise, state):
    assert api.check({**QUESTION, "promise": promise}, {**DESIGN, **design})["state"] == state


def test_a_limit_within_the_expected_error_is_close():
    figure = api.check(QUESTION, DESIGN)["promises"][0]
    near = {"ttft_s": figure["value"] * (1 + figure["error"] / 2)}
    assert api.check({**QUESTION, "promise": near}, DESIGN)["state"] == "close"


def test_what_fits_grows_with_gpus_and_falls_with_the_context():
    few, many = (api.fit("llama-3.1-70b", "h100-sxm", n, weight_bits=8)["users"] for n in (2, 8))
    short, long = (api.fit("llama-3.1-8b", "h100-sxm", context_tokens=n)["users"] for n in (1000, 100_000))
    assert 0 < few < many and short > 50 * long > 0
    assert api.fit("llama-3.1-70b", "l4")["users"] == 0


def test_a_simulation_replays_a_trace(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("arrival,prompt,output\n" + "".join(f"{i * 0.5},{100 + i},20\n" for i in range(100)))
    found = api.simulate("llama-3.1-8b", "h100-sxm", trace=api.read_trace(file), requests=300)
    assert found["requests_per_s"] == pytest.approx(2, rel=0.05)


# --- its command ---


def run(capsys, *words, stdin=None, monkeypatch=None):
    """What the command prints, its mistakes, and its exit status."""
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
    status = command.main([str(word) for word in words])
    said = capsys.readouterr()
    return said.out, said.err, status


@pytest.fixture
def request_file(tmp_path):
    file = tmp_path / "request.json"
    file.write_text(json.dumps(QUESTION))
    return file


@pytest.mark.parametrize(
    ("promise", "status"), [({"ttft_s": 1.0}, 0), ({"ttft_s": 0.001}, 1), (None, 3)], ids=["holds", "fails", "close"]
)
def test_the_exit_status_says_whether_a_design_holds(capsys, tmp_path, promise, status):
    if promise is None:
        figure = api.check(QUESTION, DESIGN)["promises"][0]
        promise = {"ttft_s": figure["value"] * (1 + figure["error"] / 2)}
    (tmp_path / "request.json").write_text(json.dumps({**QUESTION, "promise": promise}))
    (tmp_path / "design.json").write_text(json.dumps(DESIGN))
    out, err, found = run(capsys, "check", tmp_path / "request.json", tmp_path / "design.json")
    assert (found, err) == (status, "")
    assert "1 x h100-sxm" in out


def test_a_plan_is_a_table_or_json_that_check_takes(capsys, tmp_path, request_file):
    out, _, status = run(capsys, "plan", request_file)
    assert status == 0 and out.splitlines()[1].split()[:4] == ["GPUs", "1", "x", "h100-sxm"]
    out, _, _ = run(capsys, "plan", request_file, "--json")
    (tmp_path / "answer.json").write_text(out)
    assert json.loads(out)["best"]["state"] == "kept"
    assert run(capsys, "check", request_file, tmp_path / "answer.json")[2] == 0


def test_a_plan_without_an_answer_says_so(capsys, tmp_path):
    (tmp_path / "request.json").write_text(json.dumps({**QUESTION, "promise": {"ttft_s": 0.00001}}))
    out, _, status = run(capsys, "plan", tmp_path / "request.json")
    assert status == 1 and out.startswith("No design of those allowed keeps the promise.")
    out, _, status = run(capsys, "plan", tmp_path / "request.json", "--json")
    assert status == 1 and json.loads(out)["best"] is None


def test_the_question_may_come_from_a_pipe(capsys, monkeypatch):
    out, _, status = run(capsys, "plan", "-", stdin=json.dumps(QUESTION), monkeypatch=monkeypatch)
    assert status == 0 and "1 x h100-sxm" in out


def test_a_trace_is_named_in_the_question_or_beside_it(capsys, tmp_path):
    (tmp_path / "mine.csv").write_text("arrival,prompt,output\n" + "".join(f"{i * 0.5},100,20\n" for i in range(200)))
    traffic = {"longest_tokens": 8192}
    (tmp_path / "a.json").write_text(json.dumps({**QUESTION, "traffic": {**traffic, "trace": "mine.csv"}}))
    (tmp_path / "b.json").write_text(json.dumps({**QUESTION, "traffic": traffic}))
    named, _, status = run(capsys, "plan", tmp_path / "a.json")
    beside, _, other = run(capsys, "plan", tmp_path / "b.json", "--trace", tmp_path / "mine.csv")
    assert status == other == 0 and named == beside
    assert "200 requests over 100 s (times read as s), served at 2 a second." in named
    with (tmp_path / "mine.csv").open("a") as file:
        file.write("100,100,0\n")
    out, _, _ = run(capsys, "trace", tmp_path / "mine.csv")
    assert out == "200 requests over 100 s (times read as s).\nLeft out: 1 lines (it got no answer), the first 202.\n"


def test_a_file_of_another_kind_is_refused_with_its_first_bad_line(capsys, tmp_path):
    (tmp_path / "mine.csv").write_text("arrival,prompt,output\n0,5,5\n1,a few,5\n")
    _, err, status = run(capsys, "trace", tmp_path / "mine.csv")
    assert status == 2 and "line 3 (its prompt isn't a whole number of tokens above 0)" in err


def test_the_commands_are_written_to_a_folder(capsys, tmp_path, request_file):
    (tmp_path / "design.json").write_text(json.dumps(DESIGN))
    out, _, status = run(capsys, "commands", request_file, tmp_path / "design.json", "--to", tmp_path / "run")
    assert status == 0
    assert {Path(line).name for line in out.splitlines()} == {path.name for path in (tmp_path / "run").iterdir()}
    assert {"serve.sh", "bench.sh", "kubernetes.yaml", "kvwall.ipynb"} <= {
        path.name for path in (tmp_path / "run").iterdir()
    }


def test_what_fits_of_a_name_and_of_a_config(capsys, tmp_path):
    named, _, status = run(capsys, "fit", "llama-3.1-70b", "--gpu", "h100-sxm", "--gpus", 8, "--weights", 8, "--json")
    assert status == 0 and json.loads(named) == api.fit("llama-3.1-70b", "h100-sxm", 8, weight_bits=8)
    config = {"model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32}
    config |= {"num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256}
    (tmp_path / "config.json").write_text(json.dumps(config))
    out, _, status = run(
        capsys, "fit", tmp_path / "config.json", "--gpu", "l4", "--weights", 8, "--cache", 8, "--context", 4096
    )
    assert status == 0 and re.search(r"^kv_bytes_per_token +65,536 bytes$", out, re.M)
    assert run(capsys, "fit", "llama-3.1-405b", "--gpu", "l4")[2] == 1


@pytest.mark.parametrize(("name", "known"), [("models", "models"), ("gpus", "gpus"), ("workloads", "workloads")])
def test_what_is_known_is_listed(capsys, name, known):
    out, _, status = run(capsys, name)
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == list(getattr(shipped(), known))
    assert len({len(line.split()) for line in out.splitlines()}) == 1
    assert [row["id"] for row in json.loads(run(capsys, name, "--json")[0])] == list(getattr(shipped(), known))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON from line 1, column 2"),
        ('{"model": NaN}', "NaN is no number"),
        ('{"model": 1, "model": 2}', "model stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "the question should be a table"),
        ('{"modle": "llama-3.1-8b"}', "modle isn't known here"),
        (json.dumps({**QUESTION, "model": {"model_type": "llama"}}), "config.json: num_hidden_layers or"),
        (json.dumps({**QUESTION, "traffic": {"trace": "none.csv"}}), "none.csv: No such file"),
        (json.dumps({**QUESTION, "promise": {}}), "promises nothing"),
    ],
)
def test_a_mistake_is_one_sentence_on_stderr(capsys, tmp_path, text, said):
    (tmp_path / "request.json").write_text(text)
    (tmp_path / "design.json").write_text(json.dumps(DESIGN))
    out, err, status = run(capsys, "check", tmp_path / "request.json", tmp_path / "design.json")
    assert (out, status) == ("", 2)
    assert said in err and err.count("\n") == 1 and err.endswith(".\n")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "required: COMMAND"),
        (["paln"], "invalid choice"),
        (["plan"], "required: request"),
        (["plan", "no such file"], "no such file: No such file or directory"),
        (["fit", "llama-3.1-8b", "--gpu", "h100"], "isn't known for gpu"),
        (["fit", "llama-9", "--gpu", "h100-sxm"], "“llama-9” isn't known for model"),
        (["fit", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "0"], "number of GPUs must be"),
        (["fit", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "3"], "don't divide"),
        (["fit", "llama-3.1-8b", "--gpu", "h100-sxm", "--weights", "5"], "must be 4, 8 or 16 bits"),
        (["fit", "llama-3.1-8b", "--gpu", "h100-sxm", "--context", "-1"], "context must be"),
        (["trace", "x.csv", "--trace-unit", "hours"], "hours"),
    ],
)
def test_a_mistyped_command_is_one_sentence_on_stderr(capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text("arrival,prompt,output\n1,2,3\n")
    out, err, status = run(capsys, *words)
    assert (out, status) == ("", 2)
    assert said in err and err.count("\n") == 1


def test_bytes_that_are_no_text_are_refused(capsys, tmp_path, request_file):
    (tmp_path / "bad").write_bytes(b"\xff\xfe\x00")
    for words in (
        ["plan", tmp_path / "bad"],
        ["plan", request_file, "--trace", tmp_path / "bad"],
        ["validate", tmp_path / "bad"],
    ):
        _, err, status = run(capsys, *words)
        assert status == 2 and "UTF-8" in err


def test_a_server_s_log_is_read_beside_the_engine(capsys, tmp_path):
    (tmp_path / "server.log").write_text(LOG)
    out, err, status = run(
        capsys, "read", tmp_path / "server.log", "--gpu", "h100-sxm", "--model", "llama-3.1-8b", "--gpus", 1
    )
    assert (status, err) == (0, "")
    assert re.search(r"^KV tokens +400,000 +\d{3},\d{3} +[+-]\d+\.\d %$", out, re.M)
    out, _, status = run(capsys, "read", tmp_path / "server.log", "--json")
    assert status == 0 and json.loads(out)["said"]["start"]["kv_tokens"] == 400_000
    assert json.loads(out)["lacking"].startswith("This text doesn't say")
    (tmp_path / "server.log").write_text("nothing that a server says\n")
    out, err, status = run(capsys, "read", tmp_path / "server.log")
    assert (out, status) == ("", 2) and "the first line reads “nothing that a server says”" in err
