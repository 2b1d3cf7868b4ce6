"""The benchmark's own sums: statistics, weights, the line's speed, the host's manners, the command line."""

import gzip
import random
import statistics
import urllib.error
import urllib.request

import brotli
import pytest

from bench import levers, lighthouse, options, sizes
from bench.figures import Bar, Measure, percentile, spread, table
from bench.host import Host
from bench.link import CHUNK_BYTES, Link
from bench.sizes import Sizes

NOISE = random.Random(1).randbytes(5000)
TEXT = b"the same words again and again, " * 200


def test_a_percentile_is_the_nearest_rank():
    values = list(range(1, 101))
    random.Random(2).shuffle(values)
    assert [percentile(values, share) for share in (0, 0.5, 0.95, 1)] == [1, 50, 95, 100]
    assert percentile([7], 0.95) == 7
    assert percentile([1, 2, 3], 0.5) == statistics.median([1, 2, 3])
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_machine_that_slows_down_leaves_the_ratio_alone():
    slowdown = [1, 3, 2, 10, 5]
    measure = Measure("ready", "s", [2 * s for s in slowdown], [4 * s for s in slowdown])
    assert measure.ratio == 0.5
    assert Measure("growth", "KB", [1.0], [0.0]).ratio is None
    assert Measure("growth", "KB", [-1.0], [2.0]).ratio is None
    assert Measure("choice", "s", [1.0]).ratio is None


@pytest.mark.parametrize(
    ("bar", "lab", "bare", "met"),
    [
        (Bar(0.5), [1.0], [2.0], True),
        (Bar(0.5), [1.1], [2.0], False),
        (Bar(0.5), [1.0], [], None),
        (Bar(16, "most"), [15.0, 16.0, 90.0], [], True),
        (Bar(16, "most"), [17.0], [], False),
        (Bar(95, "least"), [94.0], [], False),
        (Bar(95, "least"), [95.0], [], True),
        (Bar(95, "least"), [], [], None),
        (None, [1.0], [1.0], None),
    ],
)
def test_a_bar_is_met_or_not_or_says_nothing(bar, lab, bare, met):
    assert Measure("one", "ms", lab, bare, bar).met is met


def test_the_table_shows_medians_spreads_and_what_is_missing():
    assert spread([3.0, 1.0, 2.0], "s") == "2.00 s (1.00 to 3.00)"
    assert spread([2.0, 2.0], "") == "2"
    assert spread([], "MB") == "–"
    lines = table([Measure("ready", "s", [1.0], [4.0], Bar(0.35)), Measure("choice", "s", [0.1])]).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[2] == ["ready", "1.00 s", "4.00 s", "0.25×", "≤ 0.35×", "yes"]
    assert cells[3] == ["choice", "0.10 s", "–", "–", "", ""]
    assert len({len(line) for line in lines}) == 1


def test_what_a_server_sends_as_it_is_weighs_the_same_in_every_form(tmp_path):
    assert sizes.sizes("numpy.whl", TEXT, tmp_path) == Sizes(len(TEXT), len(TEXT), len(TEXT))
    assert list(tmp_path.iterdir()) == []


def test_a_compressed_file_weighs_what_its_compressed_form_has(tmp_path):
    found = sizes.sizes("page.html", TEXT, tmp_path / "kept")
    assert found == Sizes(len(TEXT), len(sizes.zipped("page.html", TEXT)), len(brotli.compress(TEXT, quality=11)))
    assert found.brotli < found.gzip < found.raw
    assert gzip.decompress(sizes.zipped("page.html", TEXT)) == TEXT


def test_brotli_is_done_once_for_each_content(tmp_path, monkeypatch):
    first = sizes.sizes("a.js", TEXT, tmp_path)
    monkeypatch.setattr(brotli, "compress", lambda *_, **__: pytest.fail("compressed again"))
    assert sizes.sizes("b.js", TEXT, tmp_path) == first
    with pytest.raises(pytest.fail.Exception):
        sizes.sizes("b.js", TEXT + b"!", tmp_path)


def test_a_file_asked_for_twice_counts_once(tmp_path):
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(NOISE)
    twice = sizes.total(["a.zip", "b.zip", "a.zip"], tmp_path, tmp_path / "kept")
    assert twice == Sizes(*[2 * len(NOISE)] * 3)


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.time = 100.0

    def now(self):
        return self.time

    def sleep(self, seconds):
        self.time += seconds


def test_the_line_takes_bits_over_speed_and_a_wait():
    clock = Clock()
    link = Link(bits_per_s=20e6, latency_s=0.04, now=clock.now, sleep=clock.sleep)
    content = bytes(10 * CHUNK_BYTES + 1)
    link.delay()
    assert b"".join(link.carry(content)) == content
    assert clock.time - 100 == pytest.approx(0.04 + 8 * len(content) / 20e6)


def test_two_connections_share_one_line():
    clock = Clock()
    link = Link(bits_per_s=1e6, now=clock.now, sleep=clock.sleep)
    one, other = link.carry(bytes(4 * CHUNK_BYTES)), link.carry(bytes(4 * CHUNK_BYTES))
    for _ in range(4):
        next(one), next(other)
    assert clock.time - 100 == pytest.approx(8 * 8 * CHUNK_BYTES / 1e6)


def test_without_a_limit_nothing_waits():
    clock = Clock()
    link = Link(now=clock.now, sleep=lambda _: pytest.fail("it slept"))
    link.delay()
    assert len(b"".join(link.carry(NOISE))) == len(NOISE)


@pytest.fixture
def host(tmp_path):
    """A host of a page that compresses and an archive that doesn't."""
    (tmp_path / "index.html").write_bytes(TEXT)
    (tmp_path / "app.zip").write_bytes(NOISE)
    with Host(tmp_path) as found:
        yield found


def test_the_host_compresses_what_github_pages_compresses(host):
    with urllib.request.urlopen(host.address) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Content-Type"].startswith("text/html")
        assert gzip.decompress(answer.read()) == TEXT
    with urllib.request.urlopen(f"{host.address}app.zip") as answer:
        assert answer.headers["Content-Encoding"] is None
        assert answer.read() == NOISE


def test_the_host_answers_304_and_notes_only_what_it_sent(host):
    with urllib.request.urlopen(host.address) as answer:
        tag = answer.headers["ETag"]
    host.begin(Link())
    again = urllib.request.Request(host.address, headers={"If-None-Match": tag})
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        urllib.request.urlopen(again)
    with pytest.raises(urllib.error.HTTPError) as missing:
        urllib.request.urlopen(f"{host.address}nothing")
    assert (unchanged.value.code, missing.value.code) == (304, 404)
    urllib.request.urlopen(f"{host.address}app.zip?again").read()
    assert [asked.status for asked in host.asked] == [304, 404, 200]
    assert host.names() == {"app.zip"}
    assert host.names(until_s=host.asked[0].at_s) == set()


def test_lighthouse_names_what_costs_points_and_nothing_else():
    audits = {
        "slow": {"title": "Paint is late", "score": 0.4, "displayValue": "3 s"},
        "fine": {"title": "Has a title", "score": 1},
        "unweighed": {"title": "A hint", "score": 0},
        "not_applicable": {"title": "No video", "score": None},
    }
    refs = [{"id": name, "weight": int(name != "unweighed")} for name in audits]
    categories = {name: {"auditRefs": refs if name == "seo" else []} for name in lighthouse.CATEGORIES}
    report = {"audits": audits, "categories": categories}
    assert lighthouse.costly(report) == ["seo: Paint is late 3 s"]


def test_the_command_line_knows_its_parts(capsys):
    assert options.read([]).parts == list(options.PARTS)
    quick = options.read(["page", "--quick", "--seconds", "3"])
    assert (quick.parts, quick.runs, quick.seconds) == (["page"], options.QUICK_RUNS, 3)
    assert options.read(["--quick"]).parts == list(options.QUICK_PARTS)
    for wrong in (["pages"], ["--runs", "-1"], ["page", "--seconds", "x"]):
        with pytest.raises(SystemExit):
            options.read(wrong)
    assert "no part 'pages'" in capsys.readouterr().err


def test_a_quick_look_takes_two_minutes_and_more_takes_longer():
    quick, whole = (options.expected_s(options.read(arguments)) for arguments in (["--quick"], []))
    assert quick <= 120 < whole
    assert options.expected_s(options.read(["--runs", "9"])) > whole


@pytest.mark.parametrize("name", ["page.html", "numpy.whl"])
def test_a_quick_look_weighs_no_brotli_at_all(name, tmp_path):
    """A large file takes it half a minute; a sum of the others would be a wrong figure."""
    quick, whole = sizes.sizes(name, TEXT, None), sizes.sizes(name, TEXT, tmp_path)
    assert quick == Sizes(whole.raw, whole.gzip, 0)


def test_a_pass_is_weighed_beside_the_whole_site_and_one_that_brings_nothing_is_named():
    whole, slow = (
        {"fresh": [1.0, 2.0, 1.0], "used": [1.0, 1.0, 1.0]},
        {"fresh": [1.5, 3.0, 1.5], "used": [1.0, 1.0, 1.0]},
    )
    found = {levers.WHOLE: whole, **dict.fromkeys((*levers.passes.NAMES, levers.PLAIN), slow)}
    idle = levers.passes.NAMES[0]
    text = levers.table({**found, idle: whole})
    assert f"| without `{idle}` | 1.00× | 1.00× |" in text and "| without any | 1.50× | 1.00× |" in text
    assert f"Under 3 % on every kind of visit: {idle}." in text
    assert "Each pass brings 3 %" in levers.table(found)
