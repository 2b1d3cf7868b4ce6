"""What a translator is told: what is missing, what changed in English since, where a word of the glossary is lost."""

import json

import pytest

from tests import lab as native
from tools import bundle
from tools.trouble import BuildError

LANGUAGES = sorted(folder.name for folder in native.CONTENT.iterdir() if folder.is_dir())
GLOSSARY = """
[[term]]
term = "cache"
translation = ["Zwischenspeicher", "Vorrat"]
note = ""

[[term]]
term = "KV cache"
translation = ["KV-Cache"]
note = "stays English"
"""


@pytest.fixture
def content(tmp_path):
    """Writes English and German texts and a glossary; returns their folder."""

    def write(english, german, glossary="", seen=None):
        (tmp_path / "de").mkdir(exist_ok=True)
        for name, text in (("act1.toml", english), ("de/act1.toml", german), ("de/glossary.toml", glossary)):
            (tmp_path / name).write_text(text, encoding="utf-8")
        if seen is not None:
            (tmp_path / "de/seen.json").write_text(seen, encoding="utf-8")
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("english", "german", "lost"),
    [
        ("The KV cache.", "Der KV-Cache.", []),
        ("The KV cache.", "Der Zwischenspeicher.", ["KV cache"]),
        ("Two caches.", "Zwei Zwischenspeicher.", []),
        ("Caches!", "Ein Vorrat!", []),
        ("Its cache.", "Sein Cache.", ["cache"]),
        ("The KV cache is a cache.", "Der KV-Cache ist keiner.", ["cache"]),
        ("It is cached.", "Er ist da.", []),
        (
            "See {cache:n}, `cache` and [this](https://a.example/cache).",
            "{cache:n} [hier](https://a.example/cache)",
            [],
        ),
    ],
)
def test_a_word_of_the_glossary_that_a_text_has_lost_is_named_with_file_and_key(content, english, german, lost):
    folder = content(f'title = "{english}"', f'title = "{german}"', GLOSSARY)
    said = bundle.translation(folder, "de").breaches
    assert len(said) == len(lost)
    for sentence, term in zip(said, lost, strict=True):
        assert sentence.startswith("act1.title: ") and f"“{term}”" in sentence
    if not lost:
        bundle.translations(folder)
        return
    with pytest.raises(BuildError, match=r"de: act1\.title: the English text says"):
        bundle.translations(folder)


def test_a_text_may_be_excepted_and_an_exception_that_excepts_nothing_is_named(content):
    excepted = GLOSSARY.replace('note = ""', 'note = ""\nelsewhere = ["act1.title"]')
    assert bundle.translation(content('title = "A cache"', 'title = "Ein Lager"', excepted), "de").breaches == []
    for english, german in (("A cache", "Ein Vorrat"), ("A store", "Ein Lager")):
        (said,) = bundle.translation(content(f'title = "{english}"', f'title = "{german}"', excepted), "de").breaches
        assert "act1.title needs no exception" in said


@pytest.mark.parametrize(
    "glossary",
    [
        '[[term]]\nterm = "cache"\ntranslation = "Cache"\nnote = ""',
        '[[term]]\nterm = "cache"\ntranslation = ["Cache"]',
        '[[term]]\nterm = "cache"\ntranslation = []\nnote = ""',
        '[[term]]\nterm = "cache"\ntranslation = ["Cache"]\nnote = ""\nelsewere = []',
        GLOSSARY + '[[term]]\nterm = "Cache"\ntranslation = ["Cache"]\nnote = ""',
    ],
)
def test_a_glossary_that_is_not_written_as_it_must_be_is_refused(content, glossary):
    with pytest.raises(BuildError, match=r"de/glossary\.toml: expected"):
        bundle.translation(content('title = "A cache"', 'title = "Ein Cache"', glossary), "de")


def test_what_changed_in_english_since_is_listed_until_it_is_translated_or_seen(content):
    seen = bundle.translation(content('a = "A cache"\nb = "None"', 'a = "Ein Vorrat"\nb = "Keiner"'), "de").noted()
    assert bundle.translation(content('a = "A cache"', 'a = "Ein Vorrat"', GLOSSARY, seen), "de").changed == {}
    changed = content('a = "Two KV caches"', 'a = "Ein Vorrat"', GLOSSARY)
    made = bundle.translation(changed, "de")
    assert made.changed == {"act1.a": "A cache"}
    assert made.breaches == []  # it waits for its translator, and a fork's build goes on
    assert any("act1.a" in note and "changed" in note for note in made.notes())
    assert "changed   act1.a\n     was  A cache\n      is  Two KV caches" in "\n".join(made.report())
    translated = bundle.translation(content('a = "Two KV caches"', 'a = "Zwei KV-Caches"', GLOSSARY), "de")
    assert translated.changed == {} and translated.breaches == []
    (changed / "de/seen.json").write_text(made.noted())
    assert bundle.translation(content('a = "Two KV caches"', 'a = "Ein Vorrat"'), "de").changed == {}


def test_what_is_missing_is_told_with_its_english_text(content):
    made = bundle.translation(content('a = "A cache"\nb = "None"', 'b = "Keiner"'), "de")
    assert list(made.report()) == ["missing   act1.a\n          A cache"]


@pytest.mark.parametrize("seen", ["", "[]", '{"act1.a": 1}', "<<<<<<< HEAD"])
def test_a_note_of_what_was_seen_that_cannot_be_read_is_a_sentence(content, seen):
    with pytest.raises(BuildError, match=r"de/seen\.json can't be read"):
        bundle.translation(content('a = "A"', 'a = "B"', seen=seen), "de")


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_keeps_to_its_glossary_and_every_text_is_noted(language):
    made = bundle.translation(native.CONTENT, language)
    assert made.breaches == []
    assert list(made.report()) == []
    known = json.loads((native.CONTENT / language / "seen.json").read_text(encoding="utf-8"))
    assert json.loads(made.noted()) == known, "translate the change, then: python3 build.py translate --seen"


def test_the_build_names_a_few_of_many_missing_texts_and_who_lists_them_all(content):
    texts = "\n".join(f'text{i:02} = "Two words"' for i in range(40))
    made = bundle.translation(content(texts, ""), "de")
    (note,) = made.notes()
    assert "40 texts" in note and "text00" in note and "text39" not in note
    assert "translate --language de" in note and "text39" in "\n".join(made.report())
    (note,) = bundle.translation(content('a = "Two words"', ""), "de").notes()
    assert "1 text: act1.a" in note and "translate" not in note
