"""The start: read the content, read the ledger, make the store, mount the screen."""

import json
from pathlib import Path

import course
import ui

CONTENT = Path(__file__).with_name("content.json")

ui.start(course.from_tables(json.loads(CONTENT.read_text(encoding="utf-8"))))
