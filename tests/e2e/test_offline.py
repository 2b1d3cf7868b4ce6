"""The site without a network, under any address, and in a new version."""

import re
import shutil
import threading

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import Lab, renewed
from tools import server

SUB = "repo/labs"


class Site:
    """The built site, served from a folder of its own under a sub-path; versions can be put in its place."""

    def __init__(self, folder, dist):
        self.dist = folder / SUB
        shutil.copytree(dist, self.dist)
        self.serving = server.server(folder)
        threading.Thread(target=self.serving.serve_forever, daemon=True).start()
        self.origin = f"http://127.0.0.1:{self.serving.server_port}/{SUB}"

    def become(self, change):
        """Put a new version in the place of this one. Returns its name."""
        return renewed(self.dist, change)

    def stop(self):
        """The network is gone."""
        self.serving.shutdown()
        self.serving.server_close()


@pytest.fixture
def site(tmp_path, dist):
    made = Site(tmp_path, dist)
    yield made
    made.stop()


@pytest.fixture
def guest(browser, site):
    """A visitor of that site who has been there once, so that it is kept."""
    lab = Lab.new(browser, site.origin, service_workers="allow").open()
    lab.expects_trouble = True
    expect(lab.page.get_by_text(native.shipped().at("words.offline_ready"))).to_be_visible()
    yield lab
    lab.close()


def version(lab):
    """The version that a page shows."""
    return lab.page.locator("html").get_attribute("data-parts").rstrip("/").rpartition("/")[2]


def test_a_second_visit_needs_no_network_and_nothing_of_it_is_missing(site, guest):
    guest.answer("act1.prediction", "about_50")
    site.stop()
    guest.context.set_offline(True)
    guest.reload()
    expect(guest.node("act1.prediction")).to_have_attribute("data-state", "locked")
    guest.set("act1.context", 8192)
    guest.plot("act1.chart")
    guest.answer("act1.reflection", native.right_option("act1.reflection", "latency"))
    guest.answer("act2.prediction", native.right_option("act2.prediction", "latency"))
    expect(guest.node("act2.prediction.feedback")).to_have_attribute("data-state", "right", timeout=60_000)
    guest.page.goto(f"{site.origin}/physics.html")
    expect(guest.page.get_by_role("heading", level=1)).to_be_visible()


def kept(lab):
    """The names of the files that are kept."""
    addresses = lab.page.evaluate("""async () => (await Promise.all((await caches.keys()).map(async name =>
      (await (await caches.open(name)).keys()).map(({ url }) => url)))).flat()""")
    return {address.rpartition("/")[2] for address in addresses}


def test_a_language_is_kept_for_those_who_have_opened_its_page(site, guest):
    words = re.compile(r"content\..+\.json|(?:size\.)?[a-z]{2}\.html")
    assert not any(words.fullmatch(name) for name in kept(guest))
    guest.page.goto(f"{site.origin}/zh.html")
    guest.ready()
    expect(guest.page.locator("html")).to_have_attribute("data-kept", "whole")
    assert {name for name in kept(guest) if words.fullmatch(name)} == {"zh.html", "content.zh.json"}
    site.stop()
    guest.context.set_offline(True)
    guest.reload()
    expect(guest.page.get_by_role("heading", level=1)).to_have_text(
        native.in_language("zh").at("course.masthead.title")
    )


def test_a_new_version_is_offered_and_comes_when_asked_for(site, guest):
    before = version(guest)
    after = site.become(lambda parts: (parts / "reach.js").write_text("// another"))
    assert before != after
    guest.reload()
    assert version(guest) == before  # whole, from what was kept, though the server no longer has it
    update = guest.page.get_by_role("status").filter(has_text=native.shipped().at("words.update_there"))
    expect(update).to_be_visible()
    guest.press(native.shipped().at("words.update_now"))
    expect(guest.page.locator("html")).to_have_attribute("data-parts", f"{site.origin}/v/{after}/")
    guest.ready()
    guest.context.set_offline(True)
    guest.reload()
    assert version(guest) == after


def test_a_new_version_that_does_not_arrive_whole_changes_nothing(site, guest):
    before = version(guest)
    after = site.become(lambda parts: (parts / "reach.js").write_text("// another"))
    (site.dist / "v" / after / "reach.js").write_text("// tampered with on the way")
    with guest.context.expect_event(
        "request", lambda request: request.url.endswith("/reach.js") and after in request.url
    ):
        guest.reload()
    guest.context.set_offline(True)
    guest.reload()
    assert version(guest) == before
    expect(guest.page.get_by_text(native.shipped().at("words.update_there"))).to_be_hidden()


def test_a_spoilt_copy_mends_itself(site, guest):
    """The page sees that these are not the bytes, and has them fetched and kept anew."""
    guest.page.evaluate("""async () => {
      for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys())
          if (request.url.endsWith('app.zip')) await cache.put(request, new Response('spoilt'));
      }
    }""")
    guest.reload()
    site.stop()
    guest.context.set_offline(True)
    guest.reload()


def test_reloading_a_page_that_did_not_start_has_the_site_anew(site, guest):
    """Whatever is wrong with what is kept, even with the service worker itself, it is no trap."""
    guest.context.add_init_script("if (!localStorage.mended) delete window.structuredClone")
    guest.page.reload()
    button = guest.page.get_by_role("button", name="Reload the page")
    expect(button).to_be_visible()
    guest.page.evaluate("localStorage.mended = 1")
    button.click()
    guest.ready()
    assert guest.page.evaluate("navigator.serviceWorker.controller") is None  # this visit came from the network


def test_it_can_be_installed(guest):
    manifest = guest.page.evaluate(
        "async () => (await fetch(document.querySelector('link[rel=manifest]').href)).json()"
    )
    assert {"name", "start_url", "scope", "display", "icons"} <= set(manifest)
    sizes = guest.page.evaluate(
        """icons => Promise.all(icons.map(async ({ src }) => {
          const image = await createImageBitmap(await (await fetch(src)).blob()).catch(() => null);
          return image && `${image.width}x${image.height}`;
        }))""",
        [icon for icon in manifest["icons"] if icon["type"] == "image/png"],
    )
    assert sizes == [icon["sizes"] for icon in manifest["icons"] if icon["type"] == "image/png"]
