"""The start: read the content, read the ledger, make the store, mount the screen."""

import json

import course
import ui

CONTENT = "content.json"  # beside this file, in the archive

ui.start(course.from_tables(json.loads(__loader__.get_data(CONTENT))))
