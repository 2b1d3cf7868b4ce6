"""Other languages: whole, with the same placeholders and links, and written by the habits of the language."""

import json
import re

import pytest

import views
from acts.wall import actions as wall_actions
from acts.wall.controls import PASTED
from charts.parts import PALETTES, axes
from content import wording
from content.controls import controls
from handed import grading
from record import ledger
from report import report
from state import store
from tests import lab as native
from tools import bundle, languages, prerender

CONTENT = native.CONTENT
ENGLISH = bundle.read_content(CONTENT)
LANGUAGES = [language for language in native.LANGUAGES if language != "en"]
EVERY = native.contents()
# English words that no other language's text has: what is left of them was forgotten.
LEFT_OVER = re.compile(
    r"\b(?:the|and|of|with|your|you|not|is|are|users?|memory|weights|limit|queue|wait\w*|requests?)\b"
)
REFUSAL = re.compile(r"(?:Note|ConfigError|_refusal)\(\s*\"(\w+)\"")
# Placeholders, and what is others': names, titles of papers and data sets, the words of a data sheet.
QUOTED = re.compile(
    r"\{[^}]*\}|github\.com/\S+|\bwith sparsity\b|\[[^\]]*\]\(|time to first token|service-level objective"
    r"|\(guaranteed no evict\)|Azure LLM inference trace"
)


@pytest.fixture
def german():
    """The German course; afterwards numbers are written in English again."""
    with native.writing("de") as made:
        yield made


@pytest.fixture(params=LANGUAGES)
def course(request):
    """The course in each other language; afterwards numbers are written in English again."""
    with native.writing(request.param) as made:
        yield made


def texts(value):
    """Every text in some content."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts(inner) if name != "id" else ()


def translated(language):
    """A language's own files, parsed."""
    return bundle.read_content(CONTENT / language)


def test_there_are_other_languages():
    assert {"de", "es"} <= set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_a_translation_with_the_same_placeholders_and_links_and_no_other(language):
    assert list(languages.missing(ENGLISH, translated(language))) == []
    assert list(languages.mistakes(ENGLISH, translated(language))) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_is_left_in_another_language(language):
    assert [text for text in texts(translated(language)) if LEFT_OVER.search(QUOTED.sub("", text))] == []


def test_what_is_lacking_stays_english_and_is_listed():
    base = {"a": {"title": "Users", "n": 3, "list": [{"id": "x", "text": "about {n:n}"}, {"id": "y", "text": "none"}]}}
    over = {"a": {"list": [{"id": "x", "text": "etwa {n:n}"}]}}
    made = languages.overlaid(base, over)
    assert made["a"]["list"] == [{"id": "x", "text": "etwa {n:n}"}, {"id": "y", "text": "none"}]
    assert (made["a"]["title"], made["a"]["n"]) == ("Users", 3)
    assert list(languages.missing(base, over)) == ["a.title", "a.list[1].text"]


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"a": {"titel": "Nutzer"}}, "no such key"),
        ({"a": {"list": ["eins", "zwei"]}}, "shorter"),
        ({"a": {"title": "{m:n} Nutzer"}}, "{n:n}"),
        ({"a": {"title": "{n:n} Nutzer, [hier](https://b.example)"}}, "](https://a.example)"),
        ({"a": {"n": 4}}, "expected a text"),
        ({"a": {"model": "anderes"}}, "'llama'"),
        ({"a": {"options": [{"id": "two", "text": "zwei"}]}}, "'one'"),
    ],
)
def test_a_slip_in_a_translation_is_named(over, said):
    base = {"a": {"title": "{n:n} users, [here](https://a.example)", "n": 3, "list": ["one"], "model": "llama"}}
    base["a"]["options"] = [{"id": "one", "text": "one"}]
    assert said in "\n".join(languages.mistakes(base, over))


def test_a_slip_does_not_stop_the_build_of_a_fork(tmp_path, capsys):
    folder = tmp_path / "content"
    (folder / "de").mkdir(parents=True)
    (folder / "act1.toml").write_text('title = "{n:n} users"\nnew = "a new sentence"')
    (folder / "de/act1.toml").write_text('title = "{m:n} Nutzer"\nold = "ein alter Satz"')
    (tmp_path / "class.toml").write_text('[act1]\nnew = "a sentence of the class"')
    made = bundle.translations(folder, tmp_path / "class.toml")
    assert made["de"] == {"act1": {"title": "{m:n} Nutzer", "new": "a sentence of the class"}}
    said = capsys.readouterr().out
    assert "act1.new" in said and "act1.old: the English text has no such key" in said and "{n:n}" in said


@pytest.mark.parametrize("language", native.LANGUAGES)
def test_a_workload_of_a_span_is_called_by_it(language):
    """Who reads "1,024 in" takes it for the mean: a name says from where to where lengths lie."""
    with native.writing(language) as course:
        for workload in course.workloads.values():
            for table in (workload.prompt_quantiles, workload.output_quantiles):
                if len(table) == 2:  # as many of each length
                    assert all(wording.show(tokens, "n") in workload.name for _, tokens in table), workload.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_step_time_was_measured_on_is_said_in_the_pages_language(language):
    english = {each.id: each.source for each in native.shipped().calibrations}
    assert [each.id for each in native.in_language(language).calibrations if each.source == english[each.id]] == []


def test_of_a_million_tokens_it_is_said_which():
    assert [text for text in texts(ENGLISH) if re.search(r"million tokens", text)] == []


def test_numbers_are_written_by_the_habits_of_the_language(german):
    space = wording.NO_BREAK
    assert wording.show(1234567, "n") == "1.234.567"
    assert wording.show(0.0125, "ms") == f"12,5{space}ms"
    assert wording.show(546_083_897_344, "gib") == f"508,6{space}GiB"
    assert wording.show(70_554_000_000, "billion") == f"70,55{space}Mrd."
    assert wording.show(-0.5, "n") == "\N{MINUS SIGN}0"
    assert wording.show(float("inf")) == "unbegrenzt"
    assert wording.show(1000, "tps") == f"1.000{space}Token/s"
    assert wording.show(100, "bytes") == f"100{space}Byte"
    assert axes(PALETTES["light"], "x", "y")["separators"] == ",."


def test_chinese_counts_in_hundreds_of_millions_and_joins_without_blanks():
    with native.writing("zh") as chinese:
        assert wording.show(70_554_000_000, "billion") == f"705.54{wording.NO_BREAK}亿"
        assert (wording.show(0.5, "pct"), wording.show(1_234_567, "n")) == ("50%", "1,234,567")
        assert wording.sentences(["一。", "", "二。"]) == "一。二。"
        assert wording.listed(["甲", "乙"]) == "甲、乙" and wording.headed("甲", "乙", "colon") == "甲：乙"
        state = views.frame(chinese, native.after(native.walked(until=1), store.ControlMoved("act1.context", 32768)))
    assert not any(f"。{blank}" in state["act1.state"]["text"] for blank in (" ", wording.NO_BREAK))
    assert wording.sentences(["One.", "", "Two."]) == "One. Two."
    assert wording.listed(["a", "b"], "semicolon") == "a; b" and wording.headed("A", "b") == "A. b"


def test_spanish_parts_thousands_with_a_space_and_decimals_with_a_point():
    thin, space = wording.NARROW_NO_BREAK, wording.NO_BREAK
    with native.writing("es"):
        assert wording.show(1234567, "n") == f"1{thin}234{thin}567"
        assert wording.show(1_234_500, "ms") == f"1{thin}234{thin}500{thin}000{space}ms"
        assert wording.show(0.0125, "ms") == f"12.5{space}ms"
        assert wording.show(70_554_000_000, "billion") == f"70.55{space}mil{space}millones"
        assert wording.show(float("inf")) == "sin límite"
        assert axes(PALETTES["light"], "x", "y")["separators"] == f".{thin}"


def test_english_numbers_are_what_a_course_without_habits_would_write():
    assert ENGLISH["words"]["numbers"] == wording.ENGLISH


def test_what_is_typed_is_answered_in_german(german):
    context = controls(german)["act1.context"]
    assert context.read("x", 4096) == (
        4096,
        "Kontextlänge: Hier gehört eine Zahl hin; es bleibt bei 4.096\N{NO-BREAK SPACE}Token.",
    )
    assert "512" in context.read(700, 4096)[1]
    assert controls(german)["act1.weight_bits"].show(8) == "8 Bit"


def named(pattern, *, hub=False, observed=False):
    """The names of the sentences that some files tell: those that read a config.json, those of a server, or all the others."""
    files = [
        file
        for file in (CONTENT.parent / "py").rglob("*.py")
        if (file.name.startswith("hub_"), file.parent.name == "observed") == (hub, observed)
    ]
    return {name for file in files for name in pattern.findall(file.read_text(encoding="utf-8"))}


def test_every_refusal_has_its_words_in_every_language():
    for words in (tables["refusals"] for tables in EVERY.values()):
        assert named(REFUSAL) == set(words["ledger"])
        assert set() < named(REFUSAL, hub=True) <= set(words["config"])
        assert named(re.compile(r"Unread\(\s*\"(\w+)\""), observed=True) == set(words["observed"])


def test_every_line_of_a_server_has_its_words_in_every_language():
    for words in (tables["server"] for tables in EVERY.values()):
        assert named(REFUSAL, observed=True) == set(words["why"]) | set(words["notes"])
        assert named(re.compile(r"Line\(\s*\"(\w+)\""), observed=True) == set(words["lines"])


def test_what_could_not_be_read_is_said_in_german(german):
    with pytest.raises(ledger.LedgerError) as refusal:
        ledger.import_(None, "{", native.AT)
    said = german.told("ledger", refusal.value.notes)
    assert said == "Nichts wurde geladen: Die Datei ist nicht lesbar. Es ist kein JSON, oder nur ein Teil davon."
    state = store.reduce(german, native.start(), wall_actions.ConfigPasted("[1]"))
    assert state.problems[PASTED].startswith("Eine config.json ist ein Objekt")


@pytest.fixture(scope="module")
def pages():
    """The page in every language."""
    own = {language: tables["words"]["language_name"] for language, tables in EVERY.items()}
    made = {}
    for language, tables in EVERY.items():
        others = {other: own[other] for other in own if other != language}
        made[language] = prerender.render(CONTENT.parent, tables, others)
    wording.use(ENGLISH["words"]["numbers"])
    return made


def test_each_page_says_its_language_and_leads_to_all_the_others_in_their_own_words(pages):
    for language, page in pages.items():
        assert f'<html lang="{language}"' in page
        for other, tables in EVERY.items():
            name = tables["words"]["language_name"]
            way = f'<a href="{languages.page(other)}" hreflang="{other}" lang="{other}">{name}</a>'
            assert (way in page) == (other != language)
    assert 'href="manifest.webmanifest"' in pages["en"] and 'href="manifest.de.webmanifest"' in pages["de"]
    assert "<title>Die Speicherwand des KV-Caches</title>" in pages["de"]
    assert "<title>El muro de memoria de la caché KV</title>" in pages["es"]


def test_a_languages_own_style_sheet_is_on_each_of_its_pages_and_on_no_other(pages):
    assert {language for language, page in pages.items() if "css/zh.css" in page} == {"zh"}
    spoken = [file for file in CONTENT.parent.glob("*.html") if " data-language>" in file.read_text(encoding="utf-8")]
    assert len(spoken) > 2
    for file in spoken:
        assert '<link rel="stylesheet" href="css/zh.css" data-only="zh">' in file.read_text(encoding="utf-8"), file.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_page_is_in_its_language_alone(pages, language):
    assert "Commit my prediction" in pages["en"] and "Commit my prediction" not in pages[language]
    said = re.sub(r"<(?:script|style)[^>]*>.*?</(?:script|style)>|<!--.*?-->", " ", pages[language], flags=re.DOTALL)
    said = re.sub(r"<a [^>]*hreflang[^>]*>.*?</a>|<[^>]*>", " ", said, flags=re.DOTALL)
    assert LEFT_OVER.findall(QUOTED.sub("", said)) == []


def test_every_text_of_a_walk_is_in_its_language_and_the_record_is_the_same(course):
    state = native.walked(until=4)
    answered = [store.OptionChosen("act1.prediction", "about_50"), store.AnswerCommitted("act1.prediction", native.AT)]
    records = [native.start().record] * 2
    for i, made in enumerate((course, native.shipped())):
        made_state = native.start()
        for action in answered:
            made_state = store.reduce(made, made_state, action)
        records[i] = made_state.record
    assert records[0] == records[1]
    frame = views.frame(course, state)
    right = course.at("act1.prediction.options")[1]["right"]
    assert frame["act1.prediction.feedback"]["text"].startswith(right.partition(" ")[0])
    assert frame["act1.card.left"]["text"] == wording.show(546_083_897_344, "gib")
    english = views.frame(native.shipped(), state)
    said = [
        text
        for key, properties in frame.items()
        for text in texts({name: properties.get(name) for name in ("text", "items", "rows", "head", "label")})
        if not key.startswith(("cluster.a", "cluster.b", "act1.sources"))
    ]
    assert [text for text in said if LEFT_OVER.search(QUOTED.sub("", text))] == []
    assert set(frame) == set(english)


def test_a_report_has_the_agreed_headings_and_passes_the_english_grader_in_every_language(course):
    state = native.after(
        native.walked(until=4), store.RecordNumbered("n", native.AT), store.TextWritten("log", "weil 3,5", native.AT)
    )
    headings = [
        re.findall("^## .*$", report.markdown(made, state, native.AT), re.M) for made in (course, native.shipped())
    ]
    assert headings[0] == headings[1]
    snapshot = report.snapshot(course, state, native.AT)
    assert list(snapshot) == list(report.snapshot(native.shipped(), state, native.AT))
    wording.use(ENGLISH["words"]["numbers"])
    about = (native.shipped(), grading.Runs(native.shipped()), "a.json", json.dumps(snapshot), native.AT)
    assert [flag for flag in grading.check(*about, [course]).flags if flag.kind != grading.TIMES] == []
    assert grading.SECTIONS in {flag.kind for flag in grading.check(*about).flags}
    assert wording.NARROW_NO_BREAK not in report.markdown(course, state, native.AT)
    assert wording.show(0.5) == "0.5"


def test_no_sentence_for_a_reader_stands_in_the_scripts_of_the_page():
    sentence = re.compile(r"[\"'`][^\"'`\n]*[a-z]{2,} [a-z]{2,} [a-z]{2,}[^\"'`\n]*[\"'`]")
    scripts = {file.name: file for file in bundle.scripts(CONTENT.parent)}
    for name in (
        "boot.js",
        "embed.js",
        "offline.js",
        "runtime.mjs",
        "replay.mjs",
        "blocks.mjs",
        "floor.mjs",
        "canvas.mjs",
    ):
        text = re.sub(r"//.*|(?s:/\*.*?\*/)", "", scripts[name].read_text(encoding="utf-8"))
        assert sentence.findall(text) == [], name
