"""What a translator has to know of one language: what is missing, what changed in English since, and where a word of the
glossary has lost its translation.

`seen.json` beside a translation holds, for each text, the English text that it was made of and a short hash of the translation.
A text whose English is another and whose translation is still the same has changed since.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tools import languages
from tools.trouble import BuildError

MOST_NAMED = 8  # texts in a sentence of the build; `translate` lists them all
GLOSSARY, SEEN = "glossary.toml", "seen.json"
# What of an English text are no words of its own: numbers to be filled in, code, names of files and fields, where links lead.
NO_WORDS = re.compile(languages.PLACEHOLDER.pattern + r"|`[^`]*`|[\w-]+(?:\.[\w-]+)+")
HASH_DIGITS = 8


@dataclass(frozen=True)
class Term:
    """A word of the field, and how it is said in a language."""

    english: str
    forms: tuple[str, ...]
    """Each of them will do."""
    elsewhere: frozenset[str]
    """The texts in which the English word means something else, or must be said in another way."""


Seen = Mapping[str, tuple[str, str]]
"""Of a text, by its path: the English one that a translator has seen, and the hash of what was made of it."""


@dataclass(frozen=True)
class Translation:
    """A language's own files beside the English ones."""

    language: str
    english: Mapping[str, Any]
    own: Mapping[str, Any]
    terms: tuple[Term, ...] = ()
    seen: Seen | None = None
    """None where nobody has noted it yet."""

    @cached_property
    def texts(self) -> Mapping[str, tuple[str, str]]:
        """Each text that says something in both languages, by its path."""
        return dict(languages.pairs(self.english, self.own))

    @cached_property
    def missing(self) -> list[str]:
        """The paths of what stays English."""
        return list(languages.missing(self.english, self.own))

    @cached_property
    def mistakes(self) -> list[str]:
        """A sentence for each text that doesn't fit the English one."""
        return list(languages.mistakes(self.english, self.own))

    @cached_property
    def changed(self) -> Mapping[str, str]:
        """The texts whose English changed since they were translated, each with the English that was translated."""
        known = self.seen or {}
        return {
            path: known[path][0]
            for path, (english, own) in self.texts.items()
            if path in known and known[path][0] != english and known[path][1] == _hash(own)
        }

    @cached_property
    def breaches(self) -> list[str]:
        """A sentence for each word of the glossary that a text has lost. A text that changed in English waits for its translator
        and stops no fork's build."""
        return [
            sentence
            for path, pair in self.texts.items()
            if path not in self.changed
            for sentence in self._lost(path, *pair)
        ] + self._needless()

    def noted(self) -> str:
        """What `seen.json` holds when every text has been seen as it is now: a line for each."""
        table = {path: (english, _hash(own)) for path, (english, own) in self.texts.items()}
        lines = (f"{json.dumps(path)}: {json.dumps(pair, ensure_ascii=False)}" for path, pair in table.items())
        return "{\n" + ",\n".join(lines) + "\n}\n"

    def notes(self) -> Iterator[str]:
        """What the build says of this language, a sentence each; of many texts it names a few, and who lists them all."""
        for found, what in ((self.missing, "still English"), (self.changed, "changed in English since")):
            if paths := list(found):
                rest = f", ...; all of them: python3 build.py translate --language {self.language}"
                named = ", ".join(paths[:MOST_NAMED]) + rest * (len(paths) > MOST_NAMED)
                yield f"{self.language}: {what}, {len(paths)} text{'s' * (len(paths) > 1)}: {named}"
        for sentence in self.mistakes:
            yield f"{self.language}: {sentence}"

    def report(self) -> Iterator[str]:
        """All that there is to do, for the translator: of each text the English, and of a changed one what it was."""
        at = dict(languages.pairs(self.english, self.english))
        for path in self.missing:
            yield f"missing   {path}\n          {at[path][0]}"
        for path, before in self.changed.items():
            yield f"changed   {path}\n     was  {before}\n      is  {self.texts[path][0]}"
        for sentence in self.mistakes:
            yield f"mistake   {sentence}"
        for sentence in self.breaches:
            yield f"glossary  {sentence}"

    @cached_property
    def _search(self) -> re.Pattern[str]:
        """Finds a term of the glossary, of two that begin alike the longer, with or without a plural's ending."""
        words = sorted((re.escape(term.english) for term in self.terms), key=len, reverse=True)
        return re.compile(rf"\b({'|'.join(words)})(?:s|es)?\b", re.IGNORECASE)

    @cached_property
    def _terms(self) -> Mapping[str, Term]:
        return {term.english.casefold(): term for term in self.terms}

    def _named(self, english: str) -> list[Term]:
        found = self._search.findall(NO_WORDS.sub(" ", english)) if self.terms else []
        return [self._terms[word] for word in dict.fromkeys(word.casefold() for word in found)]

    def _lost(self, path: str, english: str, own: str) -> Iterator[str]:
        for term in self._named(english):
            if path not in term.elsewhere and not _says(own, term):
                forms = " or ".join(f"“{form}”" for form in term.forms)
                yield f"{path}: the English text says “{term.english}”; expected {forms}"

    def _needless(self) -> list[str]:
        """A sentence for each exception that excepts nothing."""
        return [
            f"{GLOSSARY}: {term.english}: {path} needs no exception"
            for term in self.terms
            for path in sorted(term.elsewhere)
            if path not in self.texts
            or term not in self._named(self.texts[path][0])
            or _says(self.texts[path][1], term)
        ]


def terms(table: Mapping[str, Any], language: str) -> tuple[Term, ...]:
    """The entries of a glossary. Raises BuildError for one that isn't written as they are."""
    found = []
    for entry in table.get("term", []):
        match entry:
            case {"term": str(english), "translation": [str(), *_] as forms, "note": str(), **more} if english:
                elsewhere = more.pop("elsewhere", [])
                if isinstance(elsewhere, list) and not more:
                    found.append(Term(english, tuple(forms), frozenset(elsewhere)))
                    continue
        raise BuildError(
            f"{language}/{GLOSSARY}: expected a term, its translations in a list, a note, and perhaps elsewhere, a list of"
            f" texts' paths; found {entry}"
        )
    known = [term.english.casefold() for term in found]
    if twice := sorted({term for term in known if known.count(term) > 1}):
        raise BuildError(f"{language}/{GLOSSARY}: expected one entry for each term, found more for {', '.join(twice)}")
    return tuple(found)


def known(text: str, language: str) -> Seen:
    """What a `seen.json` says. Raises BuildError for one that can't be read."""
    try:
        return {path: (english, own) for path, (english, own) in json.loads(text).items()}
    except (AttributeError, TypeError, ValueError) as mistake:
        raise BuildError(
            f"{language}/{SEEN} can't be read: {mistake}. Take the last one that could, or write it anew:"
            f" python3 build.py translate --language {language} --seen"
        ) from mistake


def _says(text: str, term: Term) -> bool:
    return any(form.casefold() in text.casefold() for form in term.forms)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_DIGITS]
