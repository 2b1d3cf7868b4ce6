"""What leaves the page at the learner's wish: a file, a copied text. The browser's objects are handed in.

A browser may refuse either; then the text stands in a field of the page, selected, to be copied by hand.
"""

import json
from collections.abc import Mapping
from typing import Any

from report.report import File


class Outlet:
    """Downloads and copies. Nothing raises out of here."""

    def __init__(self, window: Any, nodes: Mapping[str, Any]) -> None:
        self.window, self.nodes = window, nodes

    def download(self, file: File) -> bool:
        """Hand a file to the browser. False when it doesn't take it."""
        try:
            kind = self.window.JSON.parse(json.dumps({"type": file.kind}))
            blob = self.window.Blob.new(self.window.Array.of(file.text), kind)
            link = self.window.document.createElement("a")
            link.href, link.download = self.window.URL.createObjectURL(blob), file.name
            link.click()
        except Exception as failure:  # a frame without allow-downloads, an old browser
            self.window.console.warn(str(failure))
            return False
        return True

    def show(self, text: str, *areas: str) -> None:
        """Show a text in fields, selected in the last that can be seen. If none can, a door is opened to show one."""
        fields = [self.nodes[area] for area in areas]
        for field in fields:
            field.value, field.hidden = text, False
        seen = [field for field in fields if field.getClientRects().length]
        reach = getattr(self.window, "labReach", None)
        if not seen and reach:
            reach(fields[-1])
        field = (seen or fields)[-1]
        field.focus()  # what is selected in a field without the focus can't be copied by keyboard
        field.select()

    def ask(self, text: str) -> Any:
        """Ask the browser to copy a text, from within the press of a button as it wants: its promise, None without one."""
        try:
            return self.window.navigator.clipboard.writeText(text)
        except Exception as failure:  # no clipboard without https
            self.window.console.warn(str(failure))
            return None

    async def copied(self, promise: Any, key: str, text: str) -> bool:
        """Whether the browser copied the text. If not, the node with the key shows it selected."""
        try:
            await promise
        except Exception as refusal:  # also a promise that is None
            self.window.console.warn(str(refusal))
            if self.nodes[key].tagName in ("INPUT", "TEXTAREA"):
                self.show(text, key)
            else:
                self.window.getSelection().selectAllChildren(self.nodes[key])
            return False
        return True
