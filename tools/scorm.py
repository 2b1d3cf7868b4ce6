"""The lab as packages for course systems (SCORM 1.2 and 2004): a built site in a zip, with what speaks to the system.

A package has one language, since a system's session ends with its page, and nothing that a learner doesn't need: no service
worker, no page for engineers. Course systems may not know a module by the name's end `.mjs`, so there it is `.js`.
"""

from __future__ import annotations

import html
import json
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from tools import languages, policy, runtimes, versions
from tools.trouble import BuildError

SCRIPT = "scripts/course-system/scorm.js"
WRAPPER = "@gamestdio/scorm"
VERSIONS = ("1.2", "2004")
MOST_BYTES = 12_000_000
OTHER_PAGES = "scripts/[5-9]-*/*js"
NEEDLESS = re.compile(r"(size|play|handed)[.-].*zip|numpy\.whl|splice\.js|keep\.mjs|content\..*\.json")
TEXTS = (".js", ".mjs", ".json", ".html")
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same files are the same package
LAUNCH = "index.html"
SCHEMA = {
    "1.2": (
        "http://www.imsproject.org/xsd/imscp_rootv1p1p2",
        "http://www.adlnet.org/xsd/adlcp_rootv1p2",
        "1.2",
        "scormtype",
    ),
    "2004": (
        "http://www.imsglobal.org/xsd/imscp_v1p1",
        "http://www.adlnet.org/xsd/adlcp_v1p3",
        "2004 3rd Edition",
        "scormType",
    ),
}
SEQUENCING = """
        <imsss:sequencing xmlns:imsss="http://www.imsglobal.org/xsd/imsss">
          <imsss:deliveryControls completionSetByContent="true" objectiveSetByContent="true"/>
        </imsss:sequencing>"""


def write(dist: Path, site: Path, cache: Path, language: str) -> list[Path]:
    """Write a package for each version of the standard beside `dist`. Raises BuildError for one that is too large to upload."""
    wrapper = runtimes.npm_modules(cache) / WRAPPER
    end = "" if language == languages.ENGLISH else f".{language}"
    page = (dist / languages.page(language)).read_text(encoding="utf-8")
    title = html.unescape(re.findall(r"<title[^>]*>(.*?)</title>", page)[0])
    made = []
    for version in VERSIONS:
        place = dist.parent / f"kv-cache-lab-scorm-{version}{end}.zip"
        _zip(place, files(dist, site, wrapper, language, version, title))
        if place.stat().st_size > MOST_BYTES:
            raise BuildError(
                f"{place.name} has {place.stat().st_size / 1e6:.1f} MB; course systems take {MOST_BYTES / 1e6:.0f}."
            )
        made.append(place)
    return made


def files(dist: Path, site: Path, wrapper: Path, language: str, version: str, title: str) -> dict[str, bytes]:
    """A package's files by their names."""
    (parts,) = (dist / "v").iterdir()
    address, others = f"v/{parts.name}", {file.name for file in site.glob(OTHER_PAGES)}
    found = {
        f"{address}/{file.relative_to(parts).as_posix()}": file.read_bytes()
        for file in sorted(parts.rglob("*"))
        if file.is_file() and file.name not in others
        if not NEEDLESS.fullmatch(file.name) or file.name == languages.content_file(language)
    }
    found = {_named(name): _text(name, data) for name, data in found.items()}
    found[f"{address}/boot-manifest.json"] = _checked(found, address)
    found[f"{address}/scorm.js"] = _script(site, wrapper)
    page = (dist / languages.page(language)).read_text(encoding="utf-8")
    found[LAUNCH] = _page(page, f"{address}/scorm.js", version).encode()
    found["icon.svg"] = (dist / "icon.svg").read_bytes()
    found["imsmanifest.xml"] = manifest(sorted(found), version, title).encode()
    return found


def _named(name: str) -> str:
    return f"{name.removesuffix('.mjs')}.js" if name.endswith(".mjs") else name


def _text(name: str, data: bytes) -> bytes:
    """A file with modules called by their new names."""
    return data.replace(b".mjs", b".js") if name.endswith(TEXTS) else data


def _checked(found: Mapping[str, bytes], address: str) -> bytes:
    """The list by which a start checks its files, for what they are now."""
    table = json.loads(found[f"{address}/boot-manifest.json"])
    start = {_named(name): found.get(f"{address}/{_named(name)}") for name in table["start"]}
    table["start"] = {name: (len(data), versions.hashed(data)) for name, data in start.items() if data is not None}
    return json.dumps(table, indent=1).encode()


def _script(site: Path, wrapper: Path) -> bytes:
    """The wrapper, a module of the kind that fills `exports`, and the script that speaks through it."""
    code = (wrapper / "lib/index.js").read_text(encoding="utf-8")
    licence = (wrapper / "LICENSE").read_text(encoding="utf-8").strip().replace("*/", "")
    own = (site / SCRIPT).read_text(encoding="utf-8")
    return f"/* {licence} */\nwindow.labScorm = {{}};\n(function (exports) {{\n{code}\n}})(window.labScorm);\n{own}".encode()


def _page(page: str, script: str, version: str) -> str:
    """The page that the course system opens."""
    page = policy.unguarded(page).replace(".mjs", ".js").replace("<html ", f'<html data-host="{version}" ', 1)
    page = re.sub(r'<template id="installable">.*?</template>\s*', "", page)
    page = re.sub(r'<p class="languages">.*?</p>\s*|<link rel="apple-touch-icon"[^>]*>\s*', "", page)
    return policy.guarded(page.replace("</head>", f'<script src="{script}"></script>\n  </head>', 1))


def manifest(names: list[str], version: str, title: str) -> str:
    """imsmanifest.xml: one activity, which opens the page."""
    content, adl, schema, kind = SCHEMA[version]
    listed = "\n".join(f"      <file href={quoteattr(name)}/>" for name in names)
    sequencing = SEQUENCING if version == "2004" else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="kv_cache_lab" version="1.0" xmlns="{content}" xmlns:adlcp="{adl}">
  <metadata><schema>ADL SCORM</schema><schemaversion>{schema}</schemaversion></metadata>
  <organizations default="lab">
    <organization identifier="lab">
      <title>{escape(title)}</title>
      <item identifier="walk" identifierref="page">
        <title>{escape(title)}</title>{sequencing}
      </item>
    </organization>
  </organizations>
  <resources>
    <resource identifier="page" type="webcontent" adlcp:{kind}="sco" href="{LAUNCH}">
{listed}
    </resource>
  </resources>
</manifest>
"""


def _zip(place: Path, found: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(found.items(), key=lambda entry: (entry[0] != "imsmanifest.xml", entry[0])):
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), data, zipfile.ZIP_DEFLATED)
