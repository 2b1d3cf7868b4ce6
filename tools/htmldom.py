"""A plain tree of HTML with the few DOM methods that site/py/page/page.py uses, so that the build can write a page as the
browser would. It reads and writes our own index.html; it is no general parser."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
RAW = frozenset({"script", "style"})
FLAGS = frozenset({"hidden", "disabled", "checked", "open", "selected"})


class Text:
    """A run of characters; `raw` text (comments, scripts, the doctype) is written as it stands."""

    def __init__(self, text: str, raw: bool = False) -> None:
        self.textContent, self.raw = text, raw

    def html(self) -> str:
        """The text as HTML."""
        return self.textContent if self.raw else escape(self.textContent, quote=False)


class Element:
    """An element with attributes and children. Flags such as `hidden` are properties, as in a browser."""

    def __init__(self, tag: str, attributes: dict[str, str] | None = None) -> None:
        self.tag = tag
        self.attributes: dict[str, str] = attributes or {}
        self.children: list[Element | Text] = []

    def __getattr__(self, name: str) -> bool:
        if name in FLAGS:
            return name in self.attributes
        raise AttributeError(name)

    def __setattr__(self, name: str, value: object) -> None:
        if name in FLAGS:
            self.attributes.update({name: ""}) if value else self.attributes.pop(name, None)
        elif name == "textContent":
            self.children = [Text(str(value))] if value != "" else []
        elif name == "value":
            self._set_value(str(value))
        else:
            object.__setattr__(self, name, value)

    def _set_value(self, value: str) -> None:
        if self.tag == "textarea":
            self.textContent = value
            return
        if self.tag != "select":
            self.attributes["value"] = value
            return
        for option in self.walk():
            if option.tag == "option":
                option.selected = option.attributes.get("value") == value

    @property
    def childNodes(self) -> list[Element | Text]:
        """Elements and texts in it, in order."""
        return self.children

    def getAttribute(self, name: str) -> str | None:
        """The value of an attribute, None if it isn't set."""
        return self.attributes.get(name)

    def setAttribute(self, name: str, value: str) -> None:
        """Set an attribute."""
        self.attributes[name] = value

    def removeAttribute(self, name: str) -> None:
        """Drop an attribute if it is set."""
        self.attributes.pop(name, None)

    def append(self, *children: Element | Text) -> None:
        """Add children at the end."""
        self.children.extend(children)

    def replaceChildren(self, *children: Element | Text) -> None:
        """Have these children and no others."""
        self.children = list(children)

    def walk(self) -> Iterator[Element]:
        """This element and every element below it, in document order."""
        yield self
        for child in list(self.children):
            if isinstance(child, Element):
                yield from child.walk()

    def clone(self) -> Element:
        """A deep copy."""
        return copy.deepcopy(self)

    def html(self) -> str:
        """The element as HTML."""
        if self.tag == "":
            return "".join(child.html() for child in self.children)
        attributes = "".join(f' {k}="{escape(v)}"' if v != "" else f" {k}" for k, v in self.attributes.items())
        inner = "".join(child.html() for child in self.children)
        return f"<{self.tag}{attributes}>" + ("" if self.tag in VOID else f"{inner}</{self.tag}>")

    def __deepcopy__(self, memo: dict[int, object]) -> Element:
        made = Element(self.tag, dict(self.attributes))
        made.children = [copy.deepcopy(child, memo) for child in self.children]
        return made


class Document:
    """A parsed page: the root element, and the methods of a browser's document that the page code calls."""

    def __init__(self, source: str) -> None:
        self.root = _Parser().parse(source)

    def createElement(self, tag: str) -> Element:
        """A new element."""
        return Element(tag)

    def createTextNode(self, text: str) -> Text:
        """A new text node."""
        return Text(text)

    def querySelectorAll(self, selector: str) -> list[Element]:
        """Every element with an attribute; only selectors of the form `[name]` are known."""
        name = selector.strip("[]")
        return [element for element in self.root.walk() if name in element.attributes]

    def html(self) -> str:
        """The page as HTML."""
        return self.root.html()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[Element] = [Element("")]

    def parse(self, source: str) -> Element:
        self.feed(source)
        self.close()
        if len(self.open) != 1:
            raise ValueError(f"index.html: <{self.open[-1].tag}> is never closed")
        return self.open[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            raise ValueError(f"index.html, line {self.getpos()[0]}: </{tag}> closes <{self.open[-1].tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].append(Text(data, raw=self.open[-1].tag in RAW))

    def handle_decl(self, decl: str) -> None:
        self.open[-1].append(Text(f"<!{decl}>", raw=True))
