"""What a page holds, by the web platform's own measure, and what its Python holds beside that.

`performance.measureUserAgentSpecificMemory()` counts the JavaScript, DOM and canvases of a page and of its threads, and nothing
of the browser's own; a WebAssembly memory (Python's) isn't in it and is added. Browsers give it only to a page that is isolated
from others, so it is measured in visits of their own.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Playwright

from bench import browser
from bench.host import Host
from bench.interaction import Dragging
from bench.link import Link
from bench.subjects import Subject

AT_ONCE = "--enable-blink-features=ForceEagerMeasureMemory"  # else the answer comes with some later garbage collection
NOTE_MEMORIES = """
  const memories = [];
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const plain = WebAssembly[name];
    WebAssembly[name] = async (...given) => {
      const made = await plain(...given);
      const { memory } = (made.instance ?? made).exports;
      if (memory) memories.push(memory);
      return made;
    };
  }
  window.held = async () => {
    const { bytes } = await performance.measureUserAgentSpecificMemory();
    return bytes + memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  };
"""


def held_bytes(playwright: Playwright, profile: Path, host: Host, subject: Subject) -> float:
    """What a page of this host holds, bytes, after the slider has been moved for a while."""
    host.isolated = True
    try:
        with browser.visit(playwright, profile, subject, browser.TALL, [AT_ONCE]) as page:
            page.context.add_init_script(NOTE_MEMORIES)
            host.begin(Link())
            browser.boot(page, host.address)
            host.wait_until_quiet()
            Dragging(page, subject, browser.Memory(page, profile))
            return float(page.evaluate("held()"))
    finally:
        host.isolated = False
