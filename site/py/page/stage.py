"""The stage: scenes handed to the painter in replay.mjs, and what the painter tells in return.

Where a replay stands changes with every frame and is nobody's decision, so it is no part of the state: the painter keeps it and
tells it a few times a second, and the sentences of that moment are shown as a small frame of their own.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any


class Stage:
    """The replays on the page. `window` and `proxied`, which makes a function that a script may keep, come from the screen.

    `heard(key, event, ...)` takes in what happens on the scene of a key: "at" with a position, "pick" with a panel and a request.
    """

    def __init__(self, window: Any, proxied: Callable[[Callable[..., None]], Any], heard: Callable[..., None]) -> None:
        self.window, self.proxied, self.heard = window, proxied, heard
        self.tells: dict[str, Any] = {}

    def show(self, key: str, node: Any, changed: Mapping[str, Any]) -> None:
        """Show what changed of the replay in a node. A scene of None leaves the last one standing."""
        painter = getattr(self.window, "labReplay", None)
        if painter is None:
            node.setAttribute("data-missing", "true")
        elif changed.get("scene"):
            if key not in self.tells:
                self.tells[key] = self.proxied(lambda event, *what: self.heard(key, event, *what))
            painter.show(node, json.dumps(changed["scene"]), self.tells[key])
        elif "picked" in changed:
            painter.repaint(node)
