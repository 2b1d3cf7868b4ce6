"""Networks that lie: a login page instead of files, answers cut short or held back, wrong types, poisoned caches."""

import re

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK, DIST, Lab, needs_pass
from tests.e2e.liar import Liar, gone, portal, redirected, refused, spoilt, stalled, truncated, typed, with_headers
from tools import runtimes

BOOT = native.shipped().at("words.boot")
SOON_MS = 20_000  # a busy machine; the sentence that is waited for isn't one that time alone brings


@pytest.fixture
def site(dist):
    made = Liar(dist)
    yield made
    made.stop()


@pytest.fixture
def guest(browser, site):
    """A visitor who has been there once, with everything kept."""
    lab = Lab.new(browser, site.origin, service_workers="allow", viewport=DESK).open()
    lab.expects_trouble = True
    expect(lab.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_visible()
    yield lab
    lab.close()


@pytest.fixture(scope="module")
def regular_site(dist):
    made = Liar(dist)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def regular(browser, regular_site):
    """A visitor whose browser keeps everything, for tests that must leave it so: to be kept takes longer than to start."""
    lab = Lab.new(browser, regular_site.origin, service_workers="allow", viewport=DESK).open()
    lab.expects_trouble = True
    expect(lab.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_visible()
    yield lab, lab.page.evaluate(CONTENTS)
    lab.close()


@pytest.fixture
def kept(regular, regular_site):
    """The regular visitor with an honest network, nothing answered and everything kept, before a test and after it."""
    lab, whole = regular
    devtools = lab.page.context.new_cdp_session(lab.page)
    lab.page.goto(f"{lab.origin}/icon.svg")  # no lab is open that would write again what is cleared
    devtools.send("Storage.clearDataForOrigin", {"origin": lab.origin, "storageTypes": "local_storage,indexeddb"})
    devtools.send("Network.clearBrowserCache")
    devtools.detach()
    assert lab.page.evaluate(CONTENTS) == whole
    yield lab
    regular_site.truth()
    lab.requests.clear()  # where a portal leads
    assert lab.page.evaluate(CONTENTS) == whole


# Each file that is kept, with its size and a hash of its bytes.
CONTENTS = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) {
      const bytes = await (await cache.match(request)).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).join();
      found.push(`${name} ${request.url} ${bytes.byteLength} ${hash}`);
    }
  }
  return found.sort();
}"""


@pytest.fixture
def stranger(browser, site):
    """A visitor whose browser keeps nothing for visits without a network."""
    lab = Lab.new(browser, site.origin, viewport=DESK)
    lab.expects_trouble = True
    yield lab
    lab.close()


def failure(lab, names, *parts):
    """Wait for the sentence that a start ends with, one of those named; it holds all of these."""
    leads = [BOOT[name].partition("[")[0] or re.split(r"\[\w+\]", BOOT[name])[1] for name in names.split("|")]
    alert = lab.page.locator("#boot-failure")
    expect(alert).to_contain_text(re.compile("|".join(map(re.escape, leads))), timeout=SOON_MS)
    for part in parts:
        expect(alert).to_contain_text(part)
    return alert


KEPT = {
    "portal": portal(),
    "portal that a browser may keep": portal(max_age=3600),
    "portal elsewhere": redirected("http://localhost:9/login"),
    "truncated": truncated(),
    "truncated without a word": truncated(declared=False),
    "stalled": stalled(),
    "stalled midway": stalled(after=100_000),
    "refused": refused(503),
    "gone": gone(),
}


@pytest.mark.parametrize("lie", KEPT)
def test_what_is_kept_starts_whatever_the_network_answers(kept, regular_site, lie):
    regular_site.tell("*", KEPT[lie])
    kept.open()
    kept.answer("act1.prediction", "about_50")


@pytest.mark.parametrize("lie", ["portal", "truncated without a word", "stalled", "gone"])
def test_reloading_after_a_failure_drops_nothing_that_cannot_be_had_again(kept, regular_site, lie):
    kept.open()
    before = kept.page.evaluate("caches.keys()")
    regular_site.tell("*", KEPT[lie])
    with kept.page.expect_navigation():
        kept.page.evaluate("() => void labForget()")
    assert kept.page.evaluate("caches.keys()") == before
    kept.ready()


LOSE = """async ending => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) if (request.url.endsWith(ending)) await cache.delete(request);
  }
}"""
HAS = """async ending => {
  const found = [];
  for (const name of await caches.keys()) found.push(...(await (await caches.open(name)).keys()));
  return found.some(({ url }) => url.endsWith(ending));
}"""


@pytest.mark.parametrize("lost", ["app.zip", "plotly-basic.min.js", "pyodide.asm.wasm"])
def test_a_hole_in_what_is_kept_is_mended_at_the_next_visit(guest, site, lost):
    guest.page.evaluate(LOSE, lost)
    guest.reload()
    expect(guest.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_visible()
    assert guest.page.evaluate(HAS, lost)


def test_a_page_that_is_not_kept_lets_the_network_ask_for_its_login(guest, site):
    guest.page.evaluate(LOSE, "index.html")
    site.tell("*", portal())
    guest.page.goto(f"{site.origin}/")
    expect(guest.page.get_by_text("Please log in.")).to_be_visible()


def test_that_it_works_without_a_network_is_said_only_when_nothing_is_missing(guest, site):
    guest.page.evaluate(LOSE, "plotly-basic.min.js")
    site.tell("*", portal())
    guest.reload()
    expect(guest.page.locator("html")).to_have_attribute("data-kept", "part")
    expect(guest.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_hidden()
    site.truth()
    guest.reload()
    expect(guest.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_visible()


PATHS = [
    "*/app.zip",
    "*/pyodide.asm.wasm",
    "*/runtime.mjs",
    "*/pyodide.mjs",
    "*/boot-manifest.json",
    "*/python_stdlib.zip",
    "*/core-*.js",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_poisoned_cache_heals_at_the_next_visit(stranger, site, path):
    site.tell(path, portal(max_age=86_400))
    stranger.begin()
    failure(stranger, "web_page", path.strip("*/").partition("*")[0])
    site.truth()
    stranger.page.goto("about:blank")
    stranger.open()


FAULTS = {
    "portal": (portal(), "web_page", []),
    "portal elsewhere": (redirected("http://localhost:9/login"), "web_page", []),
    "cut off": (truncated(), "lost|cut", []),  # of a small file a browser gives away nothing
    "truncated": (truncated(declared=False), "cut", []),
    "refused": (refused(503), "refused", ["503"]),
    "gone": (gone(), "lost", []),
    "other bytes": (spoilt(), "spoilt", []),
}


FILES = ["*/app.zip", "*/pyodide.asm.wasm", "*/pieces.mjs", "*/core-*.js", "*/pyodide-lock.json"]
# Each lie about two kinds of files, each kind with several lies.
CASES = [(lie, FILES[(i + more) % len(FILES)]) for i, lie in enumerate(FAULTS) for more in (0, 2)]


@pytest.mark.parametrize(("lie", "path"), CASES)
def test_without_a_kept_copy_the_true_reason_is_said(stranger, site, path, lie):
    told, name, parts = FAULTS[lie]
    site.tell(path, told)
    stranger.begin()
    failure(stranger, name, path.strip("*/").partition("*")[0], *parts)
    stranger.requests.clear()  # where a portal leads


@pytest.mark.parametrize("lie", [truncated(declared=False), spoilt()], ids=["cut", "spoilt"])
def test_a_page_of_which_a_part_came_says_so(stranger, site, lie):
    site.tell("/", lie)
    stranger.begin()
    failure(stranger, "in_part")


def test_a_page_whose_rest_is_held_back_is_waited_for_by_its_name(stranger, site):
    until = (DIST / "index.html").read_bytes().index(
        b'id="boot-line"'
    ) + 2_000  # so much of the page as says what is waited for
    site.tell("/", stalled(after=until))
    stranger.begin()
    expect(stranger.page.locator("#boot-line")).to_contain_text("index.html", timeout=SOON_MS)
    site.truth()
    stranger.ready()


@pytest.mark.parametrize("path", ["*/mirror.js", "*/offline.js", "*/reach.js", "*/replay.mjs"])
def test_a_script_that_the_start_can_do_without_is_no_reason_not_to_start(stranger, site, path):
    site.tell(path, truncated(declared=False))
    site.tell("*/app.zip", stalled())  # so that there is time to put the blame somewhere
    stranger.begin()
    expect(stranger.page.locator("#boot-line")).to_contain_text("app.zip", timeout=SOON_MS)
    expect(stranger.page.locator("html")).to_have_attribute("data-boot", "loading")
    site.truth()
    stranger.ready()
    stranger.answer("act1.prediction", "about_50")
    stranger.shows("status.ledger.value", native.shipped().at("words.saved_device"))


@pytest.mark.parametrize("kind", ["application/octet-stream", "text/html", "text/plain; charset=utf-8"])
def test_machine_code_under_a_wrong_type_starts_all_the_same(stranger, site, kind):
    site.tell("*.wasm", typed(kind))
    stranger.open()


@pytest.mark.parametrize("pattern", ["*.mjs", "*/core*.js"])
def test_modules_under_a_wrong_type_are_named_with_it(stranger, site, pattern):
    site.tell(pattern, typed("text/plain"))
    stranger.begin()
    failure(stranger, "wrong_type", "text/plain", pattern.rpartition(".")[2])


def test_a_file_that_is_held_back_is_named_and_nothing_else_is_blamed(stranger, site):
    site.tell("*/app.zip", stalled())
    stranger.begin()
    expect(stranger.page.locator("#boot-line")).to_contain_text("app.zip", timeout=SOON_MS)
    expect(stranger.page.locator("html")).to_have_attribute("data-boot", "loading")
    site.truth()
    stranger.ready()


def test_a_servers_own_policy_that_forbids_webassembly_is_named(browser, site):
    lab = Lab.new(browser, site.origin, viewport=DESK, bypass_csp=False)
    lab.expects_trouble = True
    site.tell("/", with_headers(Content_Security_Policy="default-src 'self'"))
    lab.begin()
    failure(lab, "forbidden", "wasm-unsafe-eval")
    lab.close()


LACKING = {
    "structuredClone": "delete window.structuredClone",
    "Object.hasOwn": "delete Object.hasOwn",
    "WebAssembly exceptions": "WebAssembly.validate = () => false",
}


@pytest.mark.parametrize("feature", LACKING)
def test_a_browser_that_is_too_old_is_told_what_it_lacks_and_nothing_is_loaded(stranger, site, feature):
    stranger.context.add_init_script(LACKING[feature])
    stranger.begin()
    failure(stranger, "old", feature)
    assert site.asked(".wasm") == 0


@pytest.mark.parametrize("name", ["boot.js", "trouble.js"])
def test_a_browser_that_is_too_old_can_read_the_scripts_that_say_so(name):
    text = (runtimes.ROOT / "site/scripts/1-before-paint" / name).read_text(encoding="utf-8")
    assert not re.search(r"\?\.[a-z(\[]|\?\?|\|\|=|&&=|catch \{|#\w+ =", re.sub(r"//.*", "", text))


def test_a_page_that_was_opened_as_a_file_says_so_and_what_to_do(stranger, dist):
    stranger.page.goto(f"file://{dist}/index.html")
    failure(stranger, "file", "python3 -m http.server", "kv-cache-lab.html")
    stranger.requests.clear()  # files


REFUSING = """for (const name of ['compileStreaming', 'compile'])
  WebAssembly[name] = async code => { await code; throw new WebAssembly.CompileError('function 1234 failed to compile'); };"""


def test_machine_code_that_the_browser_refuses_is_named_in_a_report_with_what_the_build_changed(stranger):
    stranger.context.add_init_script(REFUSING + "Object.defineProperty(navigator, 'clipboard', { value: undefined });")
    stranger.begin()
    failure(stranger, "refuses", "pyodide.asm.wasm", "function 1234")
    stranger.press(native.shipped().at("words.trouble_copy"))
    report = stranger.page.locator("#trouble-text").input_value()
    for part in ("runtime/pyodide/pyodide.asm.wasm, changed by: trampolines", "Chrome/", "(Chromium)", "function 1234"):
        assert part in report


# Only what the build has changed is refused; or it compiles and links, and traps when Python makes its first call.
PICKY = """const compileStreaming = WebAssembly.compileStreaming;
WebAssembly.compileStreaming = async code => {
  const answer = await code;
  if (answer.url.includes('stock')) return compileStreaming(answer);
  throw new WebAssembly.CompileError('function 1234 failed to compile');
};"""
TRAPPING = """const instantiate = WebAssembly.instantiate;
let ours = null;
const compileStreaming = WebAssembly.compileStreaming;
WebAssembly.compileStreaming = async code => {
  const answer = await code, made = await compileStreaming(answer);
  if (!answer.url.includes('stock')) ours = made;
  return made;
};
WebAssembly.instantiate = async (code, imports) => {
  if (code === ours) throw new WebAssembly.RuntimeError('unreachable');
  return instantiate(code, imports);
};"""


@pytest.mark.parametrize("kind", [PICKY, TRAPPING], ids=["does not compile", "traps"])
def test_a_browser_that_refuses_our_machine_code_gets_the_stock_file_and_keeps_to_it(stranger, site, kind):
    needs_pass("trampolines")
    stranger.context.add_init_script(kind)
    stranger.open()
    stranger.answer("act1.prediction", "about_50")
    before = site.asked("pyodide.asm.wasm")
    assert site.asked("stock.wasm") == 1
    stranger.reload()
    assert site.asked("pyodide.asm.wasm") == before  # remembered
    expect(stranger.node("act1.prediction")).to_have_attribute("data-state", "locked")


def test_a_browser_without_the_fast_machine_code_is_told_quietly_and_true(browser, site):
    needs_pass("trampolines")
    lab = Lab.new(browser, site.origin, service_workers="allow", viewport=DESK)
    lab.context.add_init_script(PICKY)
    lab.expects_trouble = True
    lab.open()
    expect(lab.page.get_by_text(native.shipped().at("words.stock_code"))).to_be_visible()
    expect(lab.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_hidden()
    lab.close()


def test_a_login_page_is_called_one_where_a_file_of_the_kept_copy_is_missing(guest, site):
    guest.page.evaluate(LOSE, "app.zip")
    site.tell("*", portal())
    guest.page.context.new_cdp_session(guest.page).send("Network.clearBrowserCache")
    guest.page.reload()
    failure(guest, "web_page", "app.zip")
