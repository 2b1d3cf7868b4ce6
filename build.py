#!/usr/bin/env python3
"""Build, serve and test the lab. `python3 build.py --help` lists the commands; a fresh machine needs Python and npm only.

python3 build.py            site/ and the pinned runtimes become dist/
python3 build.py serve      the same, dist/ is served on localhost, and built again when site/ changes (--plain: in two seconds)
python3 build.py check      lint, format, types and unit tests: no browser, no build
python3 build.py test       the same, and every test runs; `test tests/unit/test_memory.py` (or what else pytest takes) just those
python3 build.py translate  what a --language lacks, what changed in English since, and its page, served as you work
python3 build.py single     the same, folded into one file, kv-cache-lab.html, that runs from a stick
python3 build.py scorm      the same, as two packages for course systems (Moodle, Canvas, ...): SCORM 1.2 and 2004
python3 build.py bench      the same, and it is measured: page, simulation, Lighthouse; `bench --help` tells the options
python3 build.py validate   how near the physics comes to measurements: those kept here, or yours with --data FILE.csv
python3 build.py defences   for maintainers: show that each test of a fault fails without what defends against it
python3 build.py extension  for maintainers: make the Quarto extension's figures and words anew
python3 build.py update     for maintainers: take the newest runtimes within their major versions, or --to name=version
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  said before anything that an older Python can't even parse
    sys.exit("This build needs Python 3.11 or newer; this is " + sys.version.split()[0] + ".")

import argparse
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from tools import bundle, languages, passes, runtimes, scorm, single, testing, translating, updating, watching
from tools.trouble import BuildError

ROOT = Path(__file__).resolve().parent
SERVING = ("serve", "translate")


def main(arguments: list[str]) -> int:
    """Run one command. Returns the exit status; what can't be done is one sentence on stderr and status 1."""
    options, rest = parser().parse_known_args(arguments)
    options.plain |= options.command == "translate"
    dist, cache = Path(options.out).resolve(), runtimes.cache_folder()
    without = passes.NAMES if options.plain else tuple(options.without)

    def build() -> None:
        print("Building ...", flush=True)
        settings = Path(options.settings).resolve() if options.settings else None
        site = Path(options.site).resolve()
        bundle.build(site, dist, cache, settings=settings, without=without, address=options.address)

    def build_brisk(place: Path) -> None:
        print("Building with shorter simulations, for the page tests ...", flush=True)
        bundle.build(Path(options.site).resolve(), place, cache, settings=testing.BRISK, without=without)

    try:
        if options.command == "bench":
            return testing.bench(cache, dist, build, [*rest, *(["--help"] if options.help else [])])
        if options.command == "validate":
            return testing.validate(cache, [*rest, *(["--help"] if options.help else [])])
        if options.help:
            parser().print_help()
            return 0
        if options.command == "test":
            return testing.run(cache, dist, build, build_brisk, rest)
        if options.command == "defences":
            return testing.defences(cache, rest)
        if rest:
            parser().error(f"unrecognized arguments: {' '.join(rest)}")
        if options.command == "check":
            return testing.check(cache)
        if options.command == "extension":
            return testing.module(testing.environment(cache), "tools.extension")
        if options.command == "update":
            return updating.update(cache, options.to)
        site = Path(options.site).resolve()
        if options.command == "translate" and not translate(site, options.language, options.seen):
            return 0
        build()
        if options.command == "scorm":
            write_packages(site, dist, cache, options.language)
        if options.command == "single":
            write_single(site, dist, options.language)
        if options.command in SERVING:
            serve(dist, options.port, site, lambda: again(arguments), options.language)
    except BuildError as mistake:
        print(mistake, file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # what isn't ours, whole, goes to pytest or the benchmark
        add_help=False,
    )
    made.add_argument("-h", "--help", action="store_true", help="show this; after `bench`, what the benchmark takes")
    made.add_argument(
        "command",
        nargs="?",
        default="build",
        choices=(
            "build",
            *SERVING,
            "check",
            "test",
            "single",
            "scorm",
            "validate",
            "bench",
            "defences",
            "extension",
            "update",
        ),
    )
    made.add_argument("--port", type=int, default=8000, help="where to serve; 0 takes any free port (default 8000)")
    made.add_argument("--site", default=str(ROOT / "site"), help="the folder to build from")
    made.add_argument(
        "--settings", help="a file with a class's own settings: another objective, another model, other words"
    )
    made.add_argument("--plain", action="store_true", help="runtimes as their makers ship them, our Python as source")
    made.add_argument(
        "--without", action="append", default=[], choices=passes.NAMES, help="leave out one pass of the build"
    )
    made.add_argument(
        "--address",
        default=os.environ.get("LAB_ADDRESS", ""),
        help="where the site will stand, such as https://example.org/lab/: search engines are told, and get a site map",
    )
    made.add_argument(
        "--to", action="append", default=[], metavar="NAME=VERSION", help="with update: this version of a runtime"
    )
    made.add_argument(
        "--language", default=languages.ENGLISH, help="with single, serve and translate: which one (default en)"
    )
    made.add_argument("--seen", action="store_true", help="with translate: every text is translated as English is now")
    made.add_argument("--out", default=str(ROOT / "dist"), help="the folder to build into")
    return made


def write_packages(site: Path, dist: Path, cache: Path, language: str) -> None:
    """Write the packages for course systems beside `dist` and say where they are. Raises BuildError as `write_single` does."""
    has_page(dist, language)
    for place in scorm.write(dist, site, cache, language):
        print(f"{place} ({place.stat().st_size / 1e6:.1f} MB): upload it as a SCORM activity.")


def has_page(dist: Path, language: str) -> None:
    """Raise BuildError for a language that has no page."""
    if not (dist / languages.page(language)).exists():
        raise BuildError(f"The lab has no page in the language {language!r}: site/content/ has no such folder.")


def write_single(site: Path, dist: Path, language: str) -> None:
    """Write the single-file lab beside `dist` and say where it is. Raises BuildError for a language that has no page."""
    has_page(dist, language)
    place = dist.parent / ("kv-cache-lab.html" if language == languages.ENGLISH else f"kv-cache-lab.{language}.html")
    place.write_text(single.fold(dist, site, language), encoding="utf-8")
    print(
        f"{place} ({place.stat().st_size / 1e6:.1f} MB) runs by itself: open it in a browser, from any folder or stick."
    )


def translate(site: Path, language: str, seen: bool) -> bool:
    """Print all that a translator has to do, or note that it is done, in every language if none is named. Returns whether
    the page is to be shown then. Raises BuildError for a language without a folder."""
    content = site / "content"
    known = sorted(place.name for place in content.iterdir() if place.is_dir())
    if language not in known and not (seen and language == languages.ENGLISH):
        raise BuildError(f"Which language? --language {', '.join(known)}; a new one begins with a folder in {content}.")
    for name in known if language == languages.ENGLISH else [language]:
        made = bundle.translation(content, name)
        print("\n".join(made.report()) or f"{name}: nothing is missing, and nothing has changed.", flush=True)
        if seen:
            (content / name / translating.SEEN).write_text(made.noted(), encoding="utf-8")
            print(f"{name}: {len(made.texts)} texts are noted as made of the English of today.")
    return not seen


def again(arguments: list[str]) -> None:
    """Build as these arguments to `serve` say, in a Python of its own: this one has imported the views as they were."""
    words = ["--plain" if word == "translate" else word for word in arguments if word != "serve"]
    if subprocess.run([sys.executable, __file__, *words]).returncode != 0:
        raise BuildError("The site stays as it was.")


def serve(dist: Path, port: int, site: Path, build: Callable[[], None], language: str = languages.ENGLISH) -> None:
    """Serve `dist` on localhost until Ctrl+C; build again when `site` changes. Raises BuildError when the port is taken."""
    builds, ended = watching.Builds(), threading.Event()
    try:
        listening = watching.live(dist, builds, port)
    except OSError as mistake:
        raise BuildError(f"Port {port} can't be used: {mistake}. Choose another with --port.") from mistake
    page = "" if language == languages.ENGLISH else languages.page(language)
    print(
        f"The lab is at http://127.0.0.1:{listening.server_port}/{page} and follows what changes in {site}  (Ctrl+C ends it)",
        flush=True,
    )
    looking = threading.Thread(target=watching.watch, args=([site], build, builds, ended), daemon=True)
    looking.start()
    try:
        listening.serve_forever()
    except KeyboardInterrupt:
        print()
    finally:
        ended.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
