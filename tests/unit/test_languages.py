"""Other languages: whole, with the same placeholders and links, and written by the habits of the language."""

import json
import re

import pytest

import acts
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
LANGUAGES = sorted(folder.name for folder in CONTENT.iterdir() if folder.is_dir())
GERMAN = bundle.translations(CONTENT)["de"]
# English words that no German text has: what is left of them was forgotten.
LEFT_OVER = re.compile(
    r"\b(?:the|and|of|with|your|you|not|is|are|users?|memory|weights|limit|queue|wait\w*|requests?)\b"
)
REFUSAL = re.compile(r"(?:Note|ConfigError|_refusal)\(\s*\"(\w+)\"")
# Placeholders, and what is others': names, titles of papers and data sets, the words of a data sheet.
QUOTED = re.compile(
    r"\{[^}]*\}|github\.com/\S+|„with sparsity“|\[[^\]]*\]\(|time to first token|service-level objective"
    r"|\(guaranteed no evict\)|Azure LLM inference trace"
)


@pytest.fixture
def german():
    """The German course; afterwards numbers are written in English again."""
    made = acts.course(GERMAN)
    wording.use(made.at("words.numbers"))
    yield made
    wording.use(ENGLISH["words"]["numbers"])


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


def test_there_is_a_second_language():
    assert "de" in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_has_a_translation_with_the_same_placeholders_and_links_and_no_other(language):
    assert list(languages.missing(ENGLISH, translated(language))) == []
    assert list(languages.mistakes(ENGLISH, translated(language))) == []


def test_no_english_is_left_in_german():
    assert [text for text in texts(translated("de")) if LEFT_OVER.search(QUOTED.sub("", text))] == []


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


def test_a_language_may_count_large_numbers_in_another_word_than_billions(german):
    wording.use({"billion": "\N{CJK UNIFIED IDEOGRAPH-4EBF}", "billion_zeros": "8", "decimal": ".", "thousands": ","})
    assert wording.show(70_554_000_000, "billion") == f"705.54{wording.NO_BREAK}\N{CJK UNIFIED IDEOGRAPH-4EBF}"


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
    for words in (ENGLISH["refusals"], GERMAN["refusals"]):
        assert named(REFUSAL) == set(words["ledger"])
        assert set() < named(REFUSAL, hub=True) <= set(words["config"])
        assert named(re.compile(r"Unread\(\s*\"(\w+)\""), observed=True) == set(words["observed"])


def test_every_line_of_a_server_has_its_words_in_every_language():
    for words in (ENGLISH["server"], GERMAN["server"]):
        assert named(REFUSAL, observed=True) == set(words["why"]) | set(words["notes"])
        assert named(re.compile(r"Line\(\s*\"(\w+)\""), observed=True) == set(words["lines"])


def test_what_could_not_be_read_is_said_in_german(german):
    with pytest.raises(ledger.LedgerError) as refusal:
        ledger.import_(None, "{", native.AT)
    said = german.told("ledger", refusal.value.notes)
    assert said == "Nichts wurde geladen: Die Datei ist nicht lesbar. Es ist kein JSON, oder nur ein Teil davon."
    state = store.reduce(german, native.start(), wall_actions.ConfigPasted("[1]"))
    assert state.problems[PASTED].startswith("Eine config.json ist ein Objekt")


def pages():
    """The page in both languages."""
    names = {"en": ENGLISH, "de": GERMAN}
    own = {language: tables["words"]["language_name"] for language, tables in names.items()}
    for language, tables in names.items():
        yield prerender.render(CONTENT.parent, tables, {other: own[other] for other in own if other != language})
    wording.use(ENGLISH["words"]["numbers"])


def test_each_page_says_its_language_leads_to_the_other_and_is_in_it_alone():
    english, german = pages()
    assert '<html lang="en"' in english and '<html lang="de"' in german
    assert '<a href="de.html" hreflang="de" lang="de">Deutsch</a>' in english
    assert '<a href="index.html" hreflang="en" lang="en">English</a>' in german
    assert 'href="manifest.webmanifest"' in english and 'href="manifest.de.webmanifest"' in german
    assert "<title>Die Speicherwand des KV-Caches</title>" in german
    assert "Commit my prediction" in english and "Commit my prediction" not in german
    said = re.sub(r"<(?:script|style)[^>]*>.*?</(?:script|style)>|<!--.*?-->|<[^>]*>", " ", german, flags=re.DOTALL)
    assert LEFT_OVER.findall(QUOTED.sub("", said)) == []


def test_every_text_of_a_walk_is_german_and_the_record_is_the_same(german):
    state = native.walked(until=4)
    answered = [store.OptionChosen("act1.prediction", "about_50"), store.AnswerCommitted("act1.prediction", native.AT)]
    records = [native.start().record] * 2
    for i, made in enumerate((german, native.shipped())):
        made_state = native.start()
        for action in answered:
            made_state = store.reduce(made, made_state, action)
        records[i] = made_state.record
    assert records[0] == records[1]
    frame = views.frame(german, state)
    assert frame["act1.prediction.feedback"]["text"].startswith("Ja. ")
    assert frame["act1.card.left"]["text"] == "508,6\N{NO-BREAK SPACE}GiB"
    english = views.frame(native.shipped(), state)
    said = [
        text
        for key, properties in frame.items()
        for text in texts({name: properties.get(name) for name in ("text", "items", "rows", "head", "label")})
        if not key.startswith(("cluster.a", "cluster.b", "act1.sources"))
    ]
    assert [text for text in said if LEFT_OVER.search(QUOTED.sub("", text))] == []
    assert set(frame) == set(english)


def test_a_german_report_has_the_agreed_headings_and_passes_the_english_grader(german):
    state = native.after(
        native.walked(until=4), store.RecordNumbered("n", native.AT), store.TextWritten("log", "weil 3,5", native.AT)
    )
    headings = [
        re.findall("^## .*$", report.markdown(made, state, native.AT), re.M) for made in (german, native.shipped())
    ]
    assert headings[0] == headings[1]
    snapshot = report.snapshot(german, state, native.AT)
    assert list(snapshot) == list(report.snapshot(native.shipped(), state, native.AT))
    wording.use(ENGLISH["words"]["numbers"])
    about = (native.shipped(), grading.Runs(native.shipped()), "a.json", json.dumps(snapshot), native.AT)
    assert [flag for flag in grading.check(*about, [german]).flags if flag.kind != grading.TIMES] == []
    assert grading.SECTIONS in {flag.kind for flag in grading.check(*about).flags}
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
