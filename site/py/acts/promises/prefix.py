"""What a prefix cache keeps and finds again: a short conversation, played on a small block map.

The conversation is a script, and everything that is said of it is the engine's: its blocks are those of `engine.PrefixCache`,
driven as a server drives it. A block is named by all tokens up to its end, so two requests that begin alike name the same ones.
"""

from functools import cache
from typing import NamedTuple

import engine

BLOCKS, SIZE = 128, engine.BLOCK_TOKENS  # of the memory that is drawn, and tokens a block
SYSTEM, A1, A1_SAID, B1, B1_SAID, A2, A2_SAID = (0, 1000), (1, 60), (2, 90), (3, 45), (4, 99), (5, 30), (6, 50)
PAPER, C1_SAID, A3, A3_SAID, B2, B2_SAID = (7, 910), (8, 60), (9, 40), (10, 80), (11, 35), (12, 60)
# Who asks, and what its sequence holds: pieces (content, tokens), the last of which is the answer.
ASKED = (
    ("A", (SYSTEM, A1, A1_SAID)),
    ("B", (SYSTEM, B1, B1_SAID)),
    ("A", (SYSTEM, A1, A1_SAID, A2, A2_SAID)),
    ("C", (PAPER, C1_SAID)),
    ("A", (SYSTEM, A1, A1_SAID, A2, A2_SAID, A3, A3_SAID)),
    ("B", (SYSTEM, B1, B1_SAID, B2, B2_SAID)),
)
REQUESTS = tuple(engine.Request(0.0, sum([n for _, n in held[:-1]]), held[-1][1], held) for _, held in ASKED)


class Event(NamedTuple):
    """A step of the script. wrote: tokens that each request at work has written since the step before; then those in `done`
    have their whole answer and leave, and the one that asks, if any, joins. Requests by their place in ASKED."""

    name: str
    wrote: int
    done: tuple[int, ...] = ()
    asks: int | None = None


EVENTS = (
    Event("first", 0, asks=0),
    Event("second", 40, asks=1),
    Event("both", 30),
    Event("history", 19, done=(0,), asks=2),
    Event("idle", 49, done=(1, 2)),
    Event("full", 0, asks=3),
    Event("again", 59, done=(3,), asks=4),
    Event("beginning", 30, asks=5),
)
FREE, KEPT, HELD, SHARED, HIT = STATES = ("free", "kept", "held", "shared", "hit")


class Step(NamedTuple):
    """The memory after an event. places: for each block its state and who holds it, "" for nobody. In tokens: prompt, of the
    request that asks (0: nobody does), and hit, of those the ones that were there. dropped: kept blocks given up in it.
    saved: blocks that more would be in use if none were shared."""

    name: str
    places: tuple[tuple[str, str], ...]
    prompt: int
    hit: int
    dropped: int
    saved: int


@cache
def steps() -> tuple[Step, ...]:
    """The whole script, played once."""
    memory = Memory()
    return tuple(memory.play(event) for event in EVENTS)


class Memory:
    """The small memory of the script: the engine's cache, what each request at work has written, and where each block stands.

    Where a block stands says nothing, here as on a GPU: a new one takes the first free place and stays there.
    """

    def __init__(self) -> None:
        self.cache = engine.PrefixCache(REQUESTS, SIZE)
        self.cached: dict[int, int] = {}  # tokens of each request at work, the one that it writes now among them
        self.place: dict[object, int] = {}

    def play(self, event: Event) -> Step:
        """The memory after one event more."""
        dropped, asks, prompt, hit = self.cache.dropped, event.asks, 0, 0
        for request in self.cached:
            self.cached[request] += event.wrote
        self.make_room()
        for request in event.done:
            self.cache.leave(request, self.cached.pop(request) - 1)  # the last token was written and is never read
        if asks is not None:
            prompt = REQUESTS[asks].prompt_tokens
            hit, self.cached[asks] = self.cache.join(asks, prompt), prompt + 1
            self.make_room()
        places = self.seen(set() if asks is None else set(self.names(asks)[: hit // SIZE]))
        return Step(event.name, places, prompt, hit, self.cache.dropped - dropped, self.cache.saved)

    def make_room(self) -> None:
        """Give up kept blocks whose room is needed, as a server does whenever blocks are taken."""
        self.cache.evict_to(BLOCKS - len(self.in_use()))

    def in_use(self) -> dict[object, str]:
        """The blocks that are in use, and who holds each: also those that answers fill, and the last, half empty."""
        held: dict[object, str] = {}
        for request, tokens in sorted(self.cached.items(), key=lambda item: ASKED[item[0]][0]):
            for block in self.names(request)[: -(-tokens // SIZE)]:
                held[block] = held.get(block, "") + ASKED[request][0]
        return held

    def seen(self, found: set[object]) -> tuple[tuple[str, str], ...]:
        """Each place of the map: its state, and who holds it."""
        present = self.in_use()
        for request in range(len(ASKED)):
            for name in self.kept(request):
                present.setdefault(name, "")
        self.place = {name: at for name, at in self.place.items() if name in present}
        room = iter(sorted(set(range(BLOCKS)) - set(self.place.values())))
        self.place |= {name: next(room) for name in present if name not in self.place}
        shown = [(FREE, "")] * BLOCKS
        for name, who in present.items():
            state = HIT if name in found else SHARED if len(who) > 1 else HELD if who else KEPT
            shown[self.place[name]] = (state, who)
        return tuple(shown)

    def names(self, request: int) -> list[object]:
        """The names of a request's blocks, in order: what they hold up to their end, and of the last one whose it is."""
        found: list[object] = []
        chain: tuple[object, ...] = ()
        for key, end in self.cache.content(request):
            chain = (*chain, key)
            found += [(chain, block) for block in range(len(found), end)]
        return [*found, request]

    def kept(self, request: int) -> list[object]:
        """The full blocks of a request's sequence that are in the tree, from its beginning on."""
        node = self.cache.root
        for key, end in self.cache.content(request):
            while node.start + node.count < end and key in node.children:
                node = node.children[key]
        return self.names(request)[: node.start + node.count]
