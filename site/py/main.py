"""The start: read the content, read the ledger, make the store, mount the screen."""

import shipped
import ui

ui.start(shipped.course(ui.language()))
