"""The finished page: templates repeated, words filled in, and the first frame written by the same views that run
in the browser, so that the page can be read, and the first prediction chosen, before Python has arrived."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tools import languages, proof
from tools.htmldom import Document, Element, Text


def render(site: Path, content: dict[str, Any], others: Mapping[str, str] | None = None) -> str:
    """The page for a site folder and its parsed content files. `others` are the languages that it also speaks, with the
    names by which they call themselves.

    Raises reading.ContentError when index.html asks for words that the content lacks, or the content can't be used.
    """
    python = str(site / "py")
    if python not in sys.path:
        sys.path.insert(0, python)
    import acts
    import views
    from content import wording
    from content.reading import ContentError
    from page import page
    from state import store

    course = acts.course(content)
    wording.use(course.at("words.numbers"))
    document = written(site, course)
    problems: list[str] = []
    speech = course.at("words.language"), others or {}
    _Assembly(document, views.lists(course), views.static_words(course), page.set_text, problems, *speech).assemble()
    problems += [*proof.walk(course, scenes(document)), *proof.problems(course)]
    if problems:
        raise ContentError(problems)
    state = store.initial(course)
    page.patch(document, page.index(document), {}, views.frame(course, state))
    return document.html()


def scenes(document: Document) -> set[str]:
    """The ids of the sections that are scenes or doors."""
    sections = (element.attributes for element in document.root.walk() if element.tag == "section")
    return {found["id"] for found in sections if {"scene", "door"} & set(found.get("class", "").split())}


def starting(file: Path, content: dict[str, Any], others: Mapping[str, str]) -> str:
    """The page with the site's doors, in the language of some content, with its ways to the `others`. A door leads to the page of
    that language, and is left out where the site has no such page. Call `render` first.

    Raises reading.ContentError when the page asks for words that the content lacks.
    """
    import acts
    import views
    from content.reading import ContentError
    from page import page

    course = acts.course(content)
    language = course.at("words.language")
    document = Document(file.read_text(encoding="utf-8"))
    for element in document.root.walk():
        element.children = [child for child in element.children if _opens(child, file.parent, language)]
    problems: list[str] = []
    speech = language, others
    words = views.static_words(course)
    _Assembly(document, {}, words, page.set_text, problems, *speech, name=file.stem).assemble()
    if problems:
        raise ContentError(problems)
    return document.html()


def _opens(child: Element | Text, site: Path, language: str) -> bool:
    """Whether a node may stay: a door whose page there is, now leading there, and all that is no door."""
    name = child.attributes.pop("data-door", None) if isinstance(child, Element) else None
    if name is None or not isinstance(child, Element):
        return True
    link = next(inner for inner in child.walk() if inner.tag == "a")
    link.attributes["href"] = languages.page(language, name)
    return (site / f"{name}.html").exists()


def astray(file: Path, every: Mapping[str, Mapping[str, Any]]) -> str:
    """The page for an address at which there is none, its section once for each language, all but the English one hidden."""
    document = Document(file.read_text(encoding="utf-8"))
    for element in list(document.root.walk()):
        written = [child for child in element.children if isinstance(child, Element) and child.tag == "section"]
        if written:
            element.replaceChildren(
                *(_astray(s, language, tables) for s in written for language, tables in every.items())
            )
    return document.html()


def _astray(written: Element, language: str, tables: Mapping[str, Any]) -> Element:
    section, words, english = written.clone(), tables["words"]["astray"], language == languages.ENGLISH
    section.attributes |= {"lang": language} | ({} if english else {"hidden": ""})
    for element in section.walk():
        if "data-say" in element.attributes:
            element.textContent = words[element.attributes.pop("data-say")]
        if element.tag == "a":
            address = "" if english else languages.page(language)
            element.attributes |= {"data-open": words[element.attributes.pop("data-say-open")], "data-page": address}
    return section


def sizing(file: Path, content: dict[str, Any], others: Mapping[str, str]) -> str:
    """The page for engineers; what it lets one choose from comes from the catalogues. See `alone`."""
    return alone(file, content, others, choices)


def playing(file: Path, content: dict[str, Any], others: Mapping[str, str]) -> str:
    """The page of the game, with its levels and what they let one set. See `alone`."""
    return alone(file, content, others, moves)


def grading(file: Path, content: dict[str, Any], others: Mapping[str, str]) -> str:
    """The page that grades a class. See `alone`."""
    html = alone(file, content, others, lambda course, words: ({}, words))
    own = str(content["words"]["language"])
    return html.replace('data-languages="en"', f'data-languages="{" ".join((own, *others))}"')


def alone(
    file: Path,
    content: dict[str, Any],
    others: Mapping[str, str],
    lists: Callable[..., Any],
) -> str:
    """A page with a Python of its own, in the language of some content, with its ways to the `others`. Call `render` first.

    Raises reading.ContentError when the page asks for words that the content lacks."""
    import acts
    import views
    from content.reading import ContentError
    from page import page

    course = acts.course(content)
    known, words = lists(course, views.static_words(course))
    document = Document(file.read_text(encoding="utf-8"))
    problems: list[str] = []
    speech = course.at("words.language"), others
    _Assembly(document, known, words, page.set_text, problems, *speech, name=file.stem).assemble()
    if problems:
        raise ContentError(problems)
    return document.html()


def choices(course: Any, static: Any) -> tuple[dict[str, list[str]], Any]:
    """What the page for engineers lets one choose from, by the page's names, and its words: those and the catalogues' names."""
    measured = {constants.gpu for constants in course.calibrations}
    lists = {
        "models": list(course.models),
        "workloads": list(course.workloads),
        "gpus": list(course.gpus),
        "measured": [gpu for gpu in course.gpus if gpu in measured],
        "unmeasured": [gpu for gpu in course.gpus if gpu not in measured],
    }
    named: dict[str, Mapping[str, Any]] = {"model": course.models, "workload": course.workloads, "gpu": course.gpus}

    def words(path: str) -> Any:
        first, _, rest = path.partition(".")
        kind, _, id = rest.partition(".")
        return named[kind][id].name if first == "name" else static(path)

    return lists, words


def moves(course: Any, static: Any) -> tuple[dict[str, list[str]], Any]:
    """The levels of the game, and of each hand what it can be set to; and the page's words: those, and the levels' and hands'."""
    from content.game import PlayFile

    file = course.read(PlayFile, "play")
    levels, hands = ({each.id: each for each in entries} for entries in (file.levels, file.hands))
    lists = {"levels": list(levels), **{f"hand.{id}": list(hand.choices) for id, hand in hands.items() if hand.choices}}

    def words(path: str) -> Any:
        kind, _, rest = path.partition(".")
        id, _, name = rest.partition(".")
        if kind == "level":
            return levels[id].title
        if kind != "hand":
            return static(path)
        hand = hands[id]
        return hand.choices[name] if name and hand.choices else {"values": hand.values} if name else hand.label

    return lists, words


def written(site: Path, course: Any) -> Document:
    """The page as it is written, each act's part in its place: the acts that ask, the exercises, and what an act's template has
    for another place."""
    import acts

    document, folder = Document((site / "index.html").read_text(encoding="utf-8")), site / "py/acts"
    places: dict[str, list[Element | Text]] = {}
    for element in document.root.walk():
        if element.tag == "template" and "data-place" in element.attributes:
            places[element.attributes["data-place"]] = element.children
    asking = [act for act in course.acts if act.asks]
    for name, act in zip(acts.ACTS, course.acts, strict=True):
        for child in Document((folder / name / "page.html").read_text(encoding="utf-8")).root.children:
            if not isinstance(child, Element):
                continue
            if act in asking and child.tag == "section":
                child.attributes["data-number"] = str(asking.index(act) + 1)
            place = child.attributes.pop("data-place", "acts" if act.asks else "exercises")
            if _is_ours(child):
                document.root.append(child)
            elif child.tag == "template":
                places.setdefault(place, []).extend(child.children)
            else:
                places.setdefault(place, []).append(child)
    for element in document.root.walk():
        element.children = [inner for child in element.children for inner in (_placed(child, places))]
        if element.tag == "head":
            element.append(_embedded_alone(asking))
    _substitute(document.root, "{first}", course.acts[0].id)
    _substitute(document.root, "{choices}", " ".join([*(str(n) for n in range(1, len(asking) + 1)), "all"]))
    return document


def _placed(child: Element | Text, places: dict[str, list[Element | Text]]) -> list[Element | Text]:
    """What stands where a node stands: what belongs in its place, nothing for a template that fills one, else itself."""
    if not isinstance(child, Element) or "data-place" not in child.attributes:
        return [child]
    return [] if child.tag == "template" else places.get(child.attributes["data-place"], [])


def _embedded_alone(asking: list[Any]) -> Element:
    """The rules by which a frame that asked for one act shows no other and no way to one, in force before anything is painted.
    The choice of a context stands in the first act and is for all; the game follows the last."""
    style, game = Element("style"), ',[href="#play"]'
    rules = (
        f'[data-embed="{n}"] :is(.act:not(#{act.id})>:not(.context),'
        f'.onward a:not([href^="#{act.id}/"],[href="#takeaway"]{game * (act is asking[-1])}))'
        "{display:none}"
        for n, act in enumerate(asking, 1)
    )
    style.append(Text("".join(rules), raw=True))
    return style


def _is_ours(element: Element) -> bool:
    """Whether this is a template that the build repeats; one without a name is the browser's (boot.js)."""
    return element.tag == "template" and "data-name" in element.attributes


class _Assembly:
    """Builds the tree once: `data-use`, `data-each`, `data-each-entry` and `data-say` are resolved and gone."""

    def __init__(
        self,
        document: Document,
        lists: dict[str, list[str]],
        words: Any,
        set_text: Any,
        problems: list[str],
        language: str = languages.ENGLISH,
        others: Mapping[str, str] | None = None,
        name: str = languages.LAB,
    ):
        self.language, self.others, self.name = language, others or {}, name
        self.document, self.lists, self.words, self.set_text, self.problems = document, lists, words, set_text, problems
        self.templates = {e.attributes["data-name"]: e for e in document.root.walk() if _is_ours(e)}

    def assemble(self) -> None:
        """Resolve the whole document, without its templates."""
        self._children(self.document.root)

    def _children(self, parent: Element) -> None:
        made: list[Element | Text] = []
        for child in parent.children:
            made += [child] if isinstance(child, Text) else self._element(child)
        parent.children = made

    def _element(self, element: Element) -> list[Element | Text]:
        attributes = element.attributes
        if _is_ours(element):
            return []
        if attributes.pop("data-only", self.language) != self.language:
            return []
        if element.tag == "html":
            attributes["lang"] = self.language
        if "data-page" in attributes:
            attributes["href"] = languages.page(self.language, attributes.pop("data-page"))
        if "data-language" in attributes:
            return self._leading_elsewhere(element)
        if "data-translated" in attributes and attributes.pop("data-translated") != self.language:
            stem, _, ending = attributes["href"].rpartition(".")
            attributes["href"] = f"{stem}.{self.language}.{ending}"
        if "data-use" in attributes:
            return self._used(attributes["data-use"], attributes["data-id"], attributes.get("class", ""))
        if "data-each" in attributes:
            return self._repeated(element, self.lists[attributes.pop("data-each")])
        if "data-each-entry" in attributes:
            return self._entries(element, attributes.pop("data-each-entry"))
        if "data-say-content" in attributes:
            attributes["content"] = self._words(attributes.pop("data-say-content"))
        if "data-say-words" in attributes:
            said = {
                name: text
                for path in attributes.pop("data-say-words").split()
                for name, text in self._words(path).items()
            }
            attributes["data-words"] = json.dumps(said, ensure_ascii=False)
        if "data-say-other" in attributes:  # what it says at another time
            attributes["data-other"] = self._words(attributes.pop("data-say-other"))
        if "data-say-label" in attributes:
            attributes["aria-label"] = self._words(attributes.pop("data-say-label"))
        if "data-say" in attributes:
            return self._said(element, attributes.pop("data-say"))
        self._children(element)
        return [element]

    def _leading_elsewhere(self, element: Element) -> list[Element | Text]:
        """A copy for each other language: a link names it in its own words."""
        del element.attributes["data-language"]
        made: list[Element | Text] = []
        for language, name in self.others.items():
            copy = element.clone()
            copy.attributes |= {"href": languages.page(language, self.name), "hreflang": language}
            if copy.tag == "a":
                copy.attributes["lang"] = language
                copy.textContent = name
            made.append(copy)
        return made

    def _used(self, name: str, id: str, look: str) -> list[Element | Text]:
        """The elements of a template for an id; a class that stands where it is used is theirs too."""
        copy = self.templates[name].clone()
        _substitute(copy, "{id}", id)
        self._children(copy)
        made = [child for child in copy.children if isinstance(child, Element)]
        for child in made if look else ():
            child.attributes["class"] = f"{child.attributes.get('class', '')} {look}".strip()
        return [*made]

    def _repeated(self, element: Element, items: list[str]) -> list[Element | Text]:
        made: list[Element | Text] = []
        for item in items:
            copy = element.clone()
            _substitute(copy, "{item}", item)
            made += self._element(copy)
        return made

    def _entries(self, element: Element, path: str) -> list[Element | Text]:
        made: list[Element | Text] = []
        for entry in self._words(path):
            copy = element.clone()
            for inner in copy.walk():
                if "data-entry" in inner.attributes:
                    self.set_text(self.document, inner, entry[inner.attributes.pop("data-entry")])
            made.append(copy)
        return made

    def _said(self, element: Element, path: str) -> list[Element | Text]:
        words = self._words(path)
        made: list[Element | Text] = []
        for text in words if isinstance(words, list) else [words]:
            copy = element.clone()
            self.set_text(self.document, copy, text)
            made.append(copy)
        return made

    def _words(self, path: str) -> Any:
        try:
            return self.words(path)
        except (KeyError, ValueError) as mistake:
            file, _, key = path.partition(".")
            self.problems.append(f"{file}.toml: {key}: index.html says these words here, and: {mistake}")
            return ""


def _substitute(element: Element, mark: str, text: str) -> None:
    for inner in element.walk():
        inner.attributes = {name: value.replace(mark, text) for name, value in inner.attributes.items()}
