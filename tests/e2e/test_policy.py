"""The page's own Content-Security-Policy: nothing that the lab does breaks it, and nothing else gets past it."""

import re

import pytest
from playwright.sync_api import expect

from tests import lab as native
from tests.e2e.conftest import DESK
from tests.e2e.twin import Twin

WATCH = """
  window.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sourceFile, lineNumber }) => {
    window.violations.push([violatedDirective, blockedURI, sourceFile, lineNumber].join(' '));
    document.documentElement.dataset.refused = violatedDirective;
  });
"""


@pytest.fixture
def watched(visitor):
    """A visitor whose page notes every violation of its policy."""
    lab = visitor(viewport=DESK, bypass_csp=False)
    lab.context.add_init_script(WATCH)
    return lab


def violations(lab):
    """What the policy has refused so far."""
    return lab.page.evaluate("violations")


def test_a_whole_walk_through_the_lab_keeps_to_the_policy(watched):
    lab = watched.open()
    twin = Twin(lab)
    for question in native.QUESTIONS:
        twin.answer(question, native.right_option(question, "latency"))
        expect(lab.node(f"{question}.feedback")).to_have_text(native.says(twin.state, f"{question}.feedback"))
    twin.set({"act2.a.load": 8})
    lab.shows("act2.a.state", native.says(twin.state, "act2.a.state"))
    twin.record()
    lab.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(lab.node("act1.chart.plot").locator(".xtitle")).to_be_visible()
    with lab.page.expect_download():
        lab.press(native.shipped().at("course.ledger.export_dict"))
    assert violations(lab) == []


def test_the_policy_stands_before_anything_that_it_is_about_and_allows_no_more_than_is_said(watched):
    lab = watched.open()
    html = lab.page.request.get(f"{lab.origin}/").text()
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    assert policy.start() < html.index("<script") and policy.start() < html.index("<link")
    assert "unsafe-inline" not in policy[1] and "'unsafe-eval'" not in policy[1]
    assert not re.search(r"https?:|\*", policy[1])


HOSTILE = {
    "an inline script": "document.body.append(Object.assign(document.createElement('script'), { textContent: 'hit = 1' }))",
    "an event attribute": "document.body.insertAdjacentHTML('beforeend', '<img src onerror=\"hit = 1\">')",
    "text turned into code": "setTimeout('hit = 1')",
    "another host's script": "document.body.append(Object.assign(document.createElement('script'), "
    "{ src: 'http://localhost:1/hit.js' }))",
    "another host's answer": "fetch('http://localhost:1/hit').then(() => { hit = 1 }, () => {})",
}


@pytest.mark.parametrize("deed", HOSTILE)
def test_what_a_hostile_text_would_do_is_refused(watched, deed):
    watched.expects_trouble = True
    watched.begin().page.wait_for_load_state("domcontentloaded")
    watched.page.evaluate(HOSTILE[deed])
    expect(watched.page.locator("html")).to_have_attribute("data-refused", re.compile("."))
    assert watched.page.evaluate("typeof hit") == "undefined"
    watched.requests.clear()  # the refused ones are listed, too


@pytest.mark.parametrize("name", ["physics.html", "embedding.html", "404.html"])
def test_the_pages_beside_it_keep_to_theirs(watched, name):
    watched.expects_trouble = name == "404.html"  # it has no icon
    watched.page.goto(f"{watched.origin}/{name}")
    expect(watched.page.locator('meta[http-equiv="Content-Security-Policy"]')).to_have_count(1)
    if name == "404.html":
        expect(watched.page.get_by_role("link", name="Open the lab")).to_be_visible()
    assert violations(watched) == []
