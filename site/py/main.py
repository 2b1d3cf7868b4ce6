"""The start: read the content, read the ledger, make the store, mount the screen."""

import gc

import shipped
import ui

ui.start(shipped.course(ui.language()))
gc.freeze()  # what stands now stays as long as the page does; runtime.mjs had the search for garbage wait until here
gc.enable()
