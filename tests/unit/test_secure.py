"""APIs that browsers keep for secure pages (https, localhost): each use is known, and has a way without it that a test takes."""

import re
import uuid
from pathlib import Path

import pytest

from record import ledger

ROOT = Path(__file__).parents[2]
# What MDN lists as available in secure contexts only, as far as a page like this could want it. getRandomValues is not of them.
SECURE = (
    r"crypto\.(subtle|randomUUID)|randomUUID|navigator\.clipboard|ClipboardItem|serviceWorker|caches\b|navigator\.storage|"
    r"StorageManager|getDirectory|showSaveFilePicker|showOpenFilePicker|showDirectoryPicker|navigator\.share|canShare|"
    r"navigator\.locks|wakeLock|geolocation|cookieStore|SharedArrayBuffer|crossOriginIsolated|audioWorklet|AudioWorklet|"
    r"getBattery|deviceMemory|getUserMedia|mediaDevices|navigator\.(gpu|usb|hid|serial|bluetooth|credentials|permissions)|"
    r"Notification\b|PushManager|PaymentRequest|requestStorageAccess|hasStorageAccess|launchQueue|setAppBadge|"
    r"DeviceMotionEvent|DeviceOrientationEvent|importScripts|queryLocalFonts|documentPictureInPicture|EyeDropper|IdleDetector"
)
SHORT_PATH = "test_the_short_path_works_without_a_secure_context"
PLAYED = "test_the_game_works_without_a_secure_context"
SIZED = "test_the_page_for_engineers_works_without_a_secure_context"
ASSIGNED = "test_what_a_teacher_pastes_can_be_selected_without_a_secure_context"
RELOADED = "test_what_reloads_a_page_that_cannot_start_works_without_a_saved_copy"
# file, API -> the test that shows the way without it
KNOWN = {
    ("site/py/report/outlet.py", "navigator.clipboard"): "test_what_cannot_be_copied_by_the_page_is_selected",
    ("site/scripts/1-before-paint/trouble.js", "navigator.clipboard"): "test_an_error_report_that_the_page_cannot_copy",
    ("site/scripts/3-beside-python/offline.js", "serviceWorker"): SHORT_PATH,
    ("site/scripts/2-start-python/python.mjs", "caches"): RELOADED,
    ("site/scripts/3-beside-python/offline.js", "caches"): RELOADED,
    ("site/scripts/6-sizing-page/size.mjs", "navigator.clipboard"): SIZED,
    ("site/scripts/3-beside-python/standing.js", "navigator.clipboard"): ASSIGNED,
    ("site/scripts/3-beside-python/keep.mjs", "serviceWorker"): SIZED,
    ("site/scripts/7-playing-page/run.mjs", "navigator.clipboard"): PLAYED,
    ("site/scripts/fixed-address/sw.js", "caches"): SHORT_PATH,  # such a page starts no service worker
}


def used():
    """(file, API) of every use in what a browser or a book gets."""
    files = [file for room in ("site", "_extensions") for file in sorted((ROOT / room).rglob("*"))]
    for file in files:
        if file.suffix in (".py", ".js", ".mjs", ".html", ".lua"):
            code = re.sub(r"(?m)^\s*(//|#|--).*$", "", file.read_text(encoding="utf-8"))  # what is only spoken of
            for found in re.finditer(SECURE, code):
                yield str(file.relative_to(ROOT)), found[0]


def test_every_api_of_secure_pages_is_known_and_its_way_without_is_tested():
    assert set(used()) == set(KNOWN)
    tests = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "tests/e2e").glob("test_*.py"))
    assert [name for name in KNOWN.values() if f"def {name}" not in tests] == []


@pytest.mark.parametrize("drawn", [bytes(16), bytes([255] * 16), bytes(range(16))])
def test_the_records_number_is_a_random_uuid_of_the_bytes_drawn(drawn):
    assert ledger.uuid4(drawn) == str(uuid.UUID(bytes=drawn, version=4))
