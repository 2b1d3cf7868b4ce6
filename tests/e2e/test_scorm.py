"""The packages in a course system: scorm-again takes the calls, a server of ours keeps what it commits, and calls are noted."""

from __future__ import annotations

import functools
import http.server
import json
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, expect

from links import host
from record import ledger
from state import store
from tests import lab as native
from tests.e2e.conftest import BOOT_MS, DESK
from tools import runtimes, scorm

HOST, FOOT, WORDS = (native.shipped().at(path) for path in ("embed.host", "embed.foot", "words"))
CLASSES = {"1.2": ("scorm12", "Scorm12API", "API"), "2004": ("scorm2004", "Scorm2004API", "API_1484_11")}
# Calls and names are noted as both standards have them: LMSInitialize as Initialize, cmi.core.score.raw as cmi.score.raw.
NAMES = {
    "1.2": ("cmi.lesson_mode", "cmi.lesson_status", "cmi.lesson_location", "Finish"),
    "2004": ("cmi.mode", "cmi.completion_status", "cmi.location", "Terminate"),
}
LMS = """<!doctype html><title>A course</title><link rel="icon" href="data:,"><script src="{file}.min.js"></script>
<iframe title="Lab" width="100%" height="800"></iframe>
<script>
calls = [];
standard = /^(LMS)?(Initialize|Finish|Terminate|GetValue|SetValue|Commit)$/;
real = new {name}({{ lmsCommitUrl: "/commit", autocommit: false, logLevel: 5 }});
real.loadFromJSON({stored});
// What fails, so often; by an exception, or by nothing and an error number.
fails = {fails}; error = 0;
said = (api, name) => error && /LastError/.test(String(name)) ? () => String(error) : api[name];
{api} = new Proxy(real, {{ get: (api, name) => !standard.test(String(name)) ? said(api, name) : (...given) => {{
  error = 0;
  if (fails[given[0] || name.replace("LMS", "")]-- > 0) {{
    if (fails.throws) throw new Error("no network");
    error = {error};
    return "";
  }}
  const came = api[name](...given);
  calls.push([name.replace("LMS", ""), ...given.map((text) => text.replace("cmi.core.", "cmi.")), String(came)]);
  return came;
}} }});
document.querySelector("iframe").src = "course/index.html";
</script>"""


def core_of(kept: dict[str, Any], version: str) -> dict[str, Any]:
    """Where a version of the standard has the place, the status and the way out."""
    found: dict[str, Any] = kept.get("core", {}) if version == "1.2" else kept
    return found


class System(http.server.SimpleHTTPRequestHandler):
    """A course system's server: files, and a place for what is committed, unless it is out of order."""

    kept: ClassVar[dict[str, Any]] = {}
    is_lost: ClassVar[bool] = False
    arrived: ClassVar[threading.Condition] = threading.Condition()

    def do_POST(self) -> None:
        """Keep what was committed."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503 if System.is_lost else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if not System.is_lost:
            with System.arrived:
                System.kept = json.loads(body)["cmi"]
                System.arrived.notify_all()
        self.wfile.write(b'{"result": %s, "errorCode": 0}' % (b"false" if System.is_lost else b"true"))

    def log_message(self, *_: object) -> None:
        """Nothing is worth a line."""


class Course:
    """A learner in front of the course system."""

    def __init__(self, browser: Browser, folder: Path, version: str, origin: str) -> None:
        self.browser, self.folder, self.version, self.origin = browser, folder, version, origin
        self.errors: list[str] = []

    def launch(self, fails: dict[str, Any] | None = None, **stored: Any) -> Course:
        """Open the activity on a computer that has never seen it, with what the system keeps of the learner. fails: how often
        a call, or the reading of a name, comes to nothing; "throws": by an exception."""
        file, name, api = CLASSES[self.version]
        error = {"1.2": 101, "2004": 301}[self.version]
        page = LMS.format(
            file=file, name=name, api=api, error=error, fails=json.dumps(fails or {}), stored=json.dumps(stored)
        )
        (self.folder / "lms.html").write_text(page, encoding="utf-8")
        System.kept, System.is_lost = {}, False
        self.page = self.browser.new_context(viewport=DESK, bypass_csp=True).new_page()
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(f"{self.origin}/lms.html")
        return self.ready()

    def ready(self) -> Course:
        """Wait until Python answers."""
        expect(self.inside.locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
        return self

    @property
    def inside(self) -> FrameLocator:
        """What is in the activity's frame."""
        return self.page.frame_locator("iframe")

    def node(self, key: str) -> Locator:
        """The node that a view writes under a key."""
        return self.inside.locator(f'[data-key="{key}"]')

    def says(self, key: str, text: str) -> None:
        """Wait until a node says something."""
        expect(self.node(key)).to_contain_text(text)

    def answer(self, question: str, option: str) -> None:
        """Pick and commit."""
        self.node(f"{question}.{option}.input").check()
        self.node(question).get_by_role("button", name="Commit").click()
        self.is_locked(question)

    def is_locked(self, question: str) -> None:
        """Wait until a question is locked."""
        expect(self.node(question)).to_have_attribute("data-state", "locked")

    def writes(self, text: str) -> None:
        """Write into the report's last field."""
        self.node("report.risk.area").fill(text)
        self.node("report.risk.area").press("Tab")

    def calls(self) -> list[list[str]]:
        """The calls until now, each its name, what was given and what came back."""
        made: list[list[str]] = self.page.evaluate("calls")
        return made

    def has(self, name: str, value: str) -> None:
        """Wait until something was set so and committed."""
        done = """([name, value]) => {
          const at = calls.findLastIndex(([call, given, text]) => call === "SetValue" && given === name && text === value);
          return at >= 0 && calls.slice(at).some(([call, , came]) => call === "Commit" && came === "true");
        }"""
        self.page.wait_for_function(done, arg=[name, value])

    def leave(self) -> dict[str, Any]:
        """Leave the activity; what the system then keeps."""
        self.page.evaluate("document.querySelector('iframe').src = 'about:blank'")
        self.page.wait_for_function("last => calls.at(-1)[0] === last", arg=NAMES[self.version][3])
        if any(call[0] == "SetValue" for call in self.calls()):
            with System.arrived:  # what a page sends as it goes arrives when it's gone
                assert System.arrived.wait_for(lambda: core_of(System.kept, self.version).get("exit") == "suspend", 60)
        return System.kept


@pytest.fixture(params=CLASSES)
def course(request: Any, browser: Browser, dist: Path, tmp_path: Path) -> Iterator[Course]:
    """A course with the package in it, as an upload unpacks it."""
    cache = runtimes.cache_folder()
    place = tmp_path / "packages/dist"
    place.parent.mkdir()
    place.symlink_to(dist.resolve())
    packages = dict(zip(scorm.VERSIONS, scorm.write(place, runtimes.ROOT / "site", cache, "en"), strict=True))
    with zipfile.ZipFile(packages[request.param]) as package:
        assert not [name for name in package.namelist() if name.endswith((".mjs", "sw.js"))]
        package.extractall(tmp_path / "course")
    script = runtimes.npm_modules(cache) / f"scorm-again/dist/{CLASSES[request.param][0]}.min.js"
    (tmp_path / script.name).write_bytes(script.read_bytes())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(System, directory=str(tmp_path)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made = Course(browser, tmp_path, request.param, f"http://127.0.0.1:{server.server_port}")
    before = list(browser.contexts)
    yield made
    for context in browser.contexts:
        if context not in before:
            context.close()
    server.shutdown()
    assert made.errors == []


def stored(version: str, state: store.State, **about: str) -> dict[str, Any]:
    """What the system keeps, in the shape of its standard; about: mode and status."""
    mode, status, *_ = (name.removeprefix("cmi.") for name in NAMES[version])
    core = {{"mode": mode, "status": status}[name]: value for name, value in about.items()}
    return {"suspend_data": host.packed(state.record, 4096)[0], **({"core": core} if version == "1.2" else core)}


def test_a_session_from_launch_to_resume_on_another_computer(course):
    mode, status, place, last = NAMES[course.version]
    course.launch().says("embed.points", "Your course keeps your work and gets your points: 0 of 10")
    with course.page.expect_response(lambda answer: "/simulator." in answer.url) as thread:
        course.answer("act1.prediction", "about_50")
    assert thread.value.ok  # the simulator has a thread of its own here, too
    course.has("cmi.score.raw", "10")
    course.says("embed.saved", FOOT["course"])
    course.says("status.ledger.value", WORDS["saved_course"])
    assert course.page.frames[1].evaluate("Object.keys(localStorage)") == []  # others may use this computer
    where = course.inside.locator('.rail a[href="#act1/length"]')
    where.click()
    expect(where).to_have_attribute("aria-current", "step")
    kept = course.leave()
    calls = course.calls()
    first = [call[1] or call[0] for call in calls[:5]]
    assert first == ["Initialize", mode, status, "cmi.suspend_data", place]
    assert {call[-1] for call in calls if call[0] != "GetValue"} == {"true"}
    report = ["cmi.suspend_data", "cmi.score.min", "cmi.score.max", "cmi.score.raw"]
    report += ["cmi.score.scaled", "cmi.progress_measure"] if course.version == "2004" else []
    report += [status, "Commit"]
    told = [call[1] or call[0] for call in calls[5:]]
    assert told[-4:] == [place, "cmi.session_time", "cmi.exit", last]
    assert len(told) > 4 and told[:-4] == report * (len(told[:-4]) // len(report))
    at_end = core_of(kept, course.version)
    assert at_end[place.removeprefix("cmi.")] == "act1/length"
    assert (at_end[status.removeprefix("cmi.")], at_end["exit"]) == ("incomplete", "suspend")
    course.launch(**kept).is_locked("act1.prediction")
    expect(course.inside.locator('.rail a[href="#act1/length"]')).to_have_attribute("aria-current", "step")
    expect(course.node("act1.prediction.about_50.input")).to_be_checked()


def test_a_lost_connection_is_said_and_made_up_for_and_then_all_is_completed(course):
    course.launch(**stored(course.version, native.walked(until=3), status="incomplete"))
    course.says("embed.points", "3 of 10")
    System.is_lost = True
    course.writes("A burst.")
    course.says("notices.list", HOST["lost"])
    course.says("status.ledger.value", WORDS["saved_page"])
    System.is_lost = False
    course.page.frames[1].evaluate("dispatchEvent(new Event('online'))")
    course.says("status.ledger.value", WORDS["saved_course"])
    expect(course.node("notices.list")).not_to_contain_text(HOST["lost"])
    course.answer("act2.reflection", native.right_option("act2.reflection", "latency"))
    course.has(NAMES[course.version][1], "completed")
    record = host.given(course.leave()["suspend_data"])
    assert len(record.facts) >= 4 and record.settings[ledger.TEXTS]["latency.risk"]["text"] == "A burst."
    course.errors[:] = [
        error for error in course.errors if "503" not in error
    ]  # the browser's own report of the failure


def test_in_review_work_is_shown_and_nothing_is_set(course):
    course.launch(**stored(course.version, native.walked(until=2), mode="review", status="completed"))
    course.is_locked("act1.reflection")
    course.says("notices.list", HOST["review"])
    course.writes("Too late.")
    course.says("status.ledger.value", WORDS["saved_page"])
    course.leave()
    assert {call[0] for call in course.calls()} == {"Initialize", "GetValue", NAMES[course.version][3]}


@pytest.mark.parametrize("throws", [False, True], ids=["error", "exception"])
def test_what_cannot_be_read_at_once_is_asked_for_again_and_nothing_is_set_before(course, throws):
    fails = {"cmi.suspend_data": 2, "throws": throws}
    course.launch(fails, **stored(course.version, native.walked(until=2), status="incomplete"))
    course.is_locked("act1.reflection")
    course.has("cmi.score.raw", "20")
    calls = course.calls()
    first_set = next(i for i, call in enumerate(calls) if call[0] == "SetValue")
    assert ["GetValue", "cmi.suspend_data"] in [call[:2] for call in calls[:first_set]]


def test_a_course_system_that_never_answers_is_said_and_neither_it_nor_the_device_keeps_anything(course):
    kept = stored(course.version, native.walked(until=2), status="completed")
    course.launch({"Initialize": 9, "throws": True}, **kept)
    course.answer("act1.prediction", "about_50")
    course.says("notices.list", HOST["mute"])
    course.says("status.ledger.value", WORDS["saved_page"])
    assert course.calls() == []
    assert course.page.frames[1].evaluate("Object.keys(localStorage)") == []  # others may use this computer
    course.page.evaluate("fails = {}; document.querySelector('iframe').src += '?again'")
    course.ready().is_locked("act1.reflection")  # what was there stayed as it was


def test_without_a_course_system_that_is_said_and_the_device_keeps_the_work(course):
    bare = '<!doctype html><link rel="icon" href="data:,"><iframe src="course/index.html"></iframe>'
    (course.folder / "bare.html").write_text(bare, encoding="utf-8")
    course.page = course.browser.new_context(viewport=DESK, bypass_csp=True).new_page()
    course.page.goto(f"{course.origin}/bare.html")
    course.ready().says("notices.list", HOST["absent"])
    course.says("embed.saved", FOOT["device"])
