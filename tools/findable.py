"""What tells others of the pages: the card beside a link (Open Graph), the lab as a learning resource (schema.org), the site map.

Readers of these want whole addresses. Where the site will stand is known to whoever builds it, or to nobody: without an address a
page names its picture by a relative one, and there is no site map.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from html import escape, unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tools import figures, languages, poster
from tools.trouble import BuildError

PICTURE, MAP = "poster.png", "sitemap.xml"
TITLE, ABOUT = re.compile(r"<title>(.*?)</title>", re.S), re.compile(r'<meta name="description" content="([^"]*)">')
HIDDEN = '<meta name="robots" content="noindex">'
ALTERNATE = re.compile(r'\s*<link rel="alternate" href="([^"]*)" hreflang="([^"]*)">')


def checked(address: str) -> str:
    """The address that the site will have, as it is written before a file's name. Raises BuildError for what is none."""
    parts = urlsplit(address)
    if address and not (parts.scheme in ("http", "https") and parts.netloc and not parts.query and not parts.fragment):
        raise BuildError(f"{address!r} is no address of a site; expected one such as https://example.org/lab/")
    return address if not address or address.endswith("/") else f"{address}/"


def pages(texts: Mapping[str, str], every: Mapping[str, dict[str, Any]], address: str, folder: Path) -> list[str]:
    """The pages by name with their cards, in their order; the picture, and with an address the site map, go into a folder.

    `every`: the content by language. Call prerender.render before.
    """
    import acts
    from content import wording

    cards: dict[str, tuple[str, dict[str, Any]]] = {}
    for language, tables in reversed(
        list(every.items())
    ):  # English last, which is how numbers are written from then on
        wording.use(tables["words"]["numbers"])
        course = acts.course(tables)
        cards[language] = next(iter(figures.words(course).values()))["alt"], resource(course)
    (folder / PICTURE).write_bytes(poster.draw(course).png())
    if address:
        (folder / MAP).write_text(site_map(address, texts.items()), encoding="utf-8")
    labs = {languages.page(language): cards[language][1] for language in every}
    return [told(name, html, address, cards[_language(html)][0], labs.get(name)) for name, html in texts.items()]


def _language(html: str) -> str:
    found = re.search(r'<html lang="([\w-]+)"', html)
    assert found, "every page says its language"
    return found[1]


def told(name: str, html: str, address: str, alt: str, resource: dict[str, Any] | None = None) -> str:
    """A page with its card, if it says what it is about. alt: what the picture shows; resource: what schema.org calls it."""
    html = ALTERNATE.sub(lambda link: _alternate(address, link[1], link[2]), html)
    title, about = TITLE.search(html), ABOUT.search(html)
    if not title or not about or HIDDEN in html:
        return html
    plain = unescape(re.sub(r"<[^>]*>", "", title[1]))
    place = "" if name == "index.html" else name
    card = {
        "og:type": "website",
        "og:title": plain,
        "og:description": unescape(about[1]),
        **({"og:url": address + place} if address else {}),
        "og:image": address + PICTURE,
        "og:image:width": str(poster.WIDTH),
        "og:image:height": str(poster.HEIGHT),
        "og:image:alt": alt,
    }
    lines = [f'<link rel="canonical" href="{escape(address + place)}">'] if address else []
    lines += [f'<meta property="{key}" content="{escape(text)}">' for key, text in card.items()]
    lines.append('<meta name="twitter:card" content="summary_large_image">')
    if resource:
        known = {
            **resource,
            "name": plain,
            "description": unescape(about[1]),
            **({"url": address + place} if address else {}),
        }
        lines.append(f'<script type="application/ld+json">{_data(known)}</script>')
    return html.replace("</head>", "".join(f"  {line}\n  " for line in lines) + "</head>", 1)


def _alternate(address: str, name: str, language: str) -> str:
    """The link to a page in another language; search engines take none but a whole address."""
    place = "" if name == "index.html" else name
    return f'\n    <link rel="alternate" href="{escape(address + place)}" hreflang="{language}">' if address else ""


def resource(course: Any) -> dict[str, Any]:
    """The lab as schema.org's LearningResource: what it teaches, how long it takes, in which language, under which licence."""
    from report import report
    from views import rail

    masthead, stops = course.at("course.masthead"), rail.stops(course)
    return {
        "@context": "https://schema.org",
        "@type": "LearningResource",
        "inLanguage": course.at("words.language"),
        "learningResourceType": "interactive lab",
        "interactivityType": "active",
        "timeRequired": f"PT{sum(stop.minutes for stop in stops)}M",
        "teaches": [report.plain(text).rstrip(";.") for text in course.at("course.briefing.objectives")],
        "isPartOf": {"@type": "Course", "name": masthead["course"]},
        "isAccessibleForFree": True,
        "license": "https://creativecommons.org/licenses/by/4.0/",
    }


def _data(value: dict[str, Any]) -> str:
    """JSON that no text in it can end as a script."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def site_map(address: str, pages: Iterable[tuple[str, str]]) -> str:
    """The site map, of pages by name with their texts: those that may be found."""
    names = sorted("" if name == "index.html" else name for name, html in pages if HIDDEN not in html)
    lines = [f"  <url><loc>{escape(address + name)}</loc></url>" for name in names]
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return "\n".join([head, *lines, "</urlset>"]) + "\n"
