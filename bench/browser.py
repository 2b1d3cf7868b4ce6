"""A browser with a profile of its own, started for one visit; and the memory that its pages hold."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import CDPSession, Page, Playwright, ViewportSize

from bench.subjects import Subject

CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
WATCH = Path(__file__).parent / "watch.js"
DESK: ViewportSize = {"width": 1280, "height": 900}
# Tall enough that slider and chart are on the screen together in both pages: a chart that isn't seen is not painted.
TALL: ViewportSize = {"width": 1280, "height": 2000}
SETTLE_MS = 1000  # the browser's own start is over
BOOT_MS = 120_000


@contextmanager
def visit(
    playwright: Playwright, profile: Path, subject: Subject, view: ViewportSize = DESK, options: Sequence[str] = ()
) -> Iterator[Page]:
    """A blank page of a browser that has this profile, with watch.js waiting for the subject. The browser ends with it."""
    context = playwright.chromium.launch_persistent_context(
        profile, executable_path=os.environ["LAB_BROWSER"], args=[*CHROMIUM, *options], viewport=view
    )
    names = {"choice": subject.choice, "slider": subject.slider, "chart": subject.chart}
    context.add_init_script(f"const benchSubject = {json.dumps(names)};\n{WATCH.read_text(encoding='utf-8')}")
    try:
        page = context.pages[0]
        page.wait_for_timeout(SETTLE_MS)
        yield page
    finally:
        context.close()


def boot(page: Page, address: str) -> None:
    """Open a page and wait until its Python answers. Raises RuntimeError with what the page says if it doesn't."""
    page.goto(address, wait_until="commit")
    page.locator("html[data-boot]:not([data-boot=loading])").wait_for(state="attached", timeout=BOOT_MS)
    if page.locator("html").get_attribute("data-boot") != "ready":
        raise RuntimeError(f"{address} did not start: {page.get_by_role('alert').all_inner_texts()}")


class Memory:
    """What a page holds, garbage collected first."""

    def __init__(self, page: Page, profile: Path) -> None:
        self.profile = profile
        self.devtools: CDPSession = page.context.new_cdp_session(page)
        self.devtools.send("Performance.enable")

    def heap_bytes(self) -> float:
        """JavaScript's heap in use; Python's memory is not in it."""
        self.devtools.send("HeapProfiler.collectGarbage")
        metrics = self.devtools.send("Performance.getMetrics")["metrics"]
        return float(next(metric["value"] for metric in metrics if metric["name"] == "JSHeapUsedSize"))

    def resident_bytes(self) -> int | None:
        """What all renderer processes of this browser hold in RAM: page, workers, service worker. None off Linux.

        Proportional set size from /proc: a page of memory that n processes share counts as an n-th in each.
        """
        return (
            sum(map(proportional_bytes, renderers(self.profile))) if Path("/proc/self/smaps_rollup").exists() else None
        )


def proportional_bytes(process: int) -> int:
    """A process's proportional set size, bytes; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def renderers(profile: Path) -> list[int]:
    """The renderer processes of the browser that was started with this profile."""
    commands, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            commands[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended in the meantime

    def belongs(process: int) -> bool:
        while process in parents:
            if "--type=" not in commands[process] and f"--user-data-dir={profile}" in commands[process]:
                return True
            process = parents[process]
        return False

    return [process for process, command in commands.items() if "--type=renderer" in command and belongs(process)]
