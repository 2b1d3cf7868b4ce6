"""The lab on slides of reveal.js, as the project's own example puts it there: nothing may lie below the slide."""

from __future__ import annotations

import functools
import http.server
import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pypandoc
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import BOOT_MS, DIST
from tools import runtimes

ROOT = Path(__file__).parents[2]
EXTENSION = ROOT / "_extensions/kvlab"
WIDTH, HEIGHT = 1050, 700  # a slide of Quarto's, in its own px
# What Quarto's own theme does to letters and space; reveal.js scales all of it.
QUARTO = """.reveal { font-size: 40px; } .reveal .slides { text-align: left; } .reveal h2 { font-size: 1.6em; line-height: 1.2;
margin: 0 0 20px; } .reveal p { margin: 20px 0; line-height: 1.3; } .reveal figure { margin: 1em 0; }"""
# Top and bottom of whatever is shown of the lab on the slide, in the slide's own px.
BOXES = """(number) => {
  const slide = document.querySelectorAll('.reveal section')[number];
  const scale = slide.getBoundingClientRect().width / slide.offsetWidth;
  // On a phone reveal.js lays the slides below one another: there each is as high as what stands on it.
  const around = document.querySelector('.reveal-scroll') ? slide : slide.closest('.slides');
  const edge = around.getBoundingClientRect().top;
  const lab = slide.querySelector('kv-lab');
  const parts = [...lab.querySelectorAll('img, figcaption'), ...lab.shadowRoot.querySelectorAll('.bar, button, a, iframe')];
  const found = {};
  for (const part of [...parts, ...slide.querySelectorAll('p')]) {
    if (!part.getClientRects().length) continue;
    const box = part.getBoundingClientRect();
    const name = part.className || part.localName;
    found[name] = { top: (box.top - edge) / scale, bottom: (box.bottom - edge) / scale, height: box.height / scale };
  }
  return found;
}"""


def rendered() -> str:
    """example.qmd as slides, its shortcodes as the extension makes them for reveal.js."""
    text = (ROOT / "example.qmd").read_text(encoding="utf-8").split("---\n", 2)[2]

    def shortcode(found: re.Match[str]) -> str:
        case = {"formats": ["html", "html:js", "revealjs"], "to": "html", "input": str(ROOT / "example.qmd")}
        case |= {"kwargs": dict(re.findall(r"(\w+)=(\S+)", found[1])), "project": str(ROOT)}
        case["meta"] = {"extensions": {"kvlab": {"url": "https://example.org/lab/"}}}
        harness = [pypandoc.get_pandoc_path(), "lua", str(ROOT / "tests/extension/harness.lua")]
        done = subprocess.run([*harness, str(EXTENSION), json.dumps(case)], capture_output=True, text=True, check=True)
        made = json.loads(done.stdout)
        assert made["warnings"] == []
        return f"```{{=html}}\n{made['output']}\n```"

    text = re.sub(r"\{\{< kvlab (.*?) >\}\}", shortcode, text)
    return str(pypandoc.convert_text(text, "revealjs", "markdown", extra_args=["--slide-level=2"]))


@pytest.fixture(scope="module")
def slides(tmp_path_factory: pytest.TempPathFactory, origin: str) -> Iterator[str]:
    """The address of the example's slides; the lab is the built one."""
    folder = tmp_path_factory.mktemp("slides")
    reveal = runtimes.npm_modules(runtimes.cache_folder()) / "reveal.js/dist"
    shutil.copytree(reveal, folder / "reveal")
    shutil.copytree(EXTENSION, folder / "_extensions/kvlab")
    shutil.copy(DIST / "kv-lab.js", folder)
    body = rendered().replace("https://example.org/lab/", f"{origin}/")
    head = '<link rel="icon" href="data:,"><link rel="stylesheet" href="reveal/reveal.css">'
    head += '<link rel="stylesheet" href="reveal/theme/white.css"><link rel="stylesheet" href="_extensions/kvlab/kvlab.css">'
    head += f'<style>{QUARTO}</style><script src="kv-lab.js"></script>'
    start = f"Reveal.initialize({{ width: {WIDTH}, height: {HEIGHT}, margin: 0.1, center: %s, hash: true, transition: 'none' }})"
    for name, centred in (("slides", "false"), ("centred", "true")):
        (folder / f"{name}.html").write_text(
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Slides</title>{head}'
            '<body><div class="reveal"><div class="slides">'
            f'{body}</div></div><script src="reveal/reveal.js"></script><script>{start % centred}</script>',
            encoding="utf-8",
        )
    quiet = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": lambda *_: None})
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(quiet, directory=str(folder)))
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{site.server_port}"
    site.shutdown()


def fits(page: Page, number: int) -> dict[str, Any]:
    """Wait until everything that is shown of the lab lies on its slide; where it lies."""
    on_it = f"Object.values(({BOXES})(number)).every(box => box.top >= 0 && box.bottom <= {HEIGHT})"
    page.wait_for_function(f"number => {on_it}", arg=number, timeout=9000)
    found: dict[str, Any] = page.evaluate(BOXES, number)
    return found


@pytest.mark.parametrize("view", [(1280, 720), (1050, 700), (1920, 1080), (390, 844)], ids=str)
@pytest.mark.parametrize("name", ["slides", "centred"])
def test_figure_button_and_frame_of_each_example_lie_on_its_slide(browser, slides, view, name):
    context = browser.new_context(viewport=dict(zip(("width", "height"), view, strict=True)))
    context.route("**/*.wasm", lambda _: None)  # where the lab lies is asked for here; its Python may wait
    for number in range(3):
        page = context.new_page()
        page.goto(f"{slides}/{name}.html#/{number}")
        slide = page.locator(".reveal section").nth(number)
        button = slide.get_by_role("button", name="Open the lab here")
        button.scroll_into_view_if_needed()
        expect(button).to_be_visible()
        before = fits(page, number)
        assert before["kvlab-light"]["height"] >= 120  # still a figure
        button.click()
        expect(slide.locator("iframe")).to_be_visible()
        after = fits(page, number)
        assert "open" in before and "open" not in after
        assert after["iframe"]["height"] >= 300  # and a lab that can be worked with
        page.close()
    context.close()


def test_the_lab_scrolls_inside_its_slide_and_moves_nothing_around_it(browser, slides):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(f"{slides}/slides.html#/1")  # it leads to a part further down
    slide = page.locator(".reveal section").nth(1)
    slide.get_by_role("button", name="Open the lab here").click()
    inside = slide.frame_locator("iframe")
    expect(inside.locator("html")).to_have_attribute("data-boot", "ready", timeout=BOOT_MS)
    fits(page, 1)
    last = inside.locator(".embed-foot").get_by_role("button").last
    last.scroll_into_view_if_needed()
    expect(last).to_be_in_viewport()
    assert page.evaluate("[scrollY, document.querySelector('.reveal').scrollTop]") == [0, 0]
    fits(page, 1)
    context.close()
