"""The prefix cache: full blocks stay after their request is done, and a prompt that begins alike takes them again.

As in vLLM (automatic prefix caching): a block is named by all tokens up to its end. One that nobody uses stays until its room
is needed, the least recently used first, and of one request's the last first. A block that was computed twice is kept once.

Blocks are kept in runs: a node of the tree is a run of blocks between two places where sequences part, so that the work of a
request grows with the pieces of its content, not with its blocks. A parent was used whenever its child was; what goes first
is therefore always the end of a chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from physics.workload import Request

Key = tuple[tuple[int, int], ...]


class Node:
    """A run of `count` blocks after the first `start` of its sequence, `read` of them computed by one who has left.

    users: running requests that hold it.
    """

    __slots__ = ("children", "count", "key", "parent", "read", "stamp", "start", "users")

    def __init__(self, parent: Node | None, key: Key, start: int, count: int) -> None:
        self.parent, self.key, self.start, self.count = parent, key, start, count
        self.users = self.stamp = self.read = 0
        self.children: dict[Key, Node] = {}


class PrefixCache:
    """The named blocks of a server: those in use (each counted once), and those kept for who comes later.

    Counts are blocks. free: kept and used by nobody. in_use: used by somebody. saved: what the sharing spares, the blocks
    that all requests hold less those in use. dropped: kept ones that were given up for their room.
    """

    def __init__(self, requests: Sequence[Request], block_size: int) -> None:
        self.requests, self.size = requests, block_size
        self.root = Node(None, (), 0, 0)
        self.free = self.in_use = self.saved = self.dropped = self.releases = self.pushed = 0
        self.tips: dict[int, Node] = {}  # request -> the last run of blocks that it holds
        self.known: dict[int, int] = {}  # request -> blocks of its prompt that were there when it joined
        self.runs: dict[int, list[tuple[Key, int]]] = {}
        self.idle: list[
            tuple[int, int, int, Node]
        ] = []  # heap of (release, -start, number, run) of the ends of chains, some of them outdated

    def shared(self, request: int, tokens: int) -> int:
        """Blocks of its first `tokens` tokens that are in use already."""
        wanted, node, held = tokens // self.size, self.root, 0
        for key, end in self.runs.get(request) or self.content(request):
            stop = end if end < wanted else wanted
            while held < stop:
                child = node.children.get(key)
                if child is None or not child.users:
                    return held
                node, held = child, child.start + child.count
            if end >= wanted:
                break
        return held if held < wanted else wanted

    def join(self, request: int, tokens: int) -> int:
        """Hold the full blocks of the first `tokens` tokens. Returns the tokens that needn't be computed: never the last."""
        self.tips[request], self.known[request] = self.take(request, self.root, tokens // self.size)
        return min(self.known[request], (tokens - 1) // self.size) * self.size

    def leave(self, request: int, computed: int) -> None:
        """Let go of all blocks. Those of the first `computed` tokens stay; those that weren't computed are forgotten."""
        tip, known, wanted = self.tips.pop(request), self.known.pop(request), computed // self.size
        if wanted >= tip.start + tip.count:
            tip, _ = self.take(request, tip, wanted)
        else:
            tip = self.forget(tip, max(wanted, known))
        del self.runs[request]
        self.releases += 1
        releases, saved, free = self.releases, 0, 0
        node: Node | None = tip
        while node and node.parent:
            count, read = node.count, wanted - node.start
            if read > count:
                read = count
            if read > node.read:
                node.read = read
            node.users = users = node.users - 1
            if users:
                saved += count
            else:
                free += count
                node.stamp = releases
            node = node.parent
        self.saved -= saved
        self.free += free
        self.in_use -= free
        self.wait(tip)

    def evict_to(self, room: int) -> None:
        """Give up kept blocks that nobody uses until at most `room` are left."""
        while self.free > room:
            stamp, _, _, node = self.idle[0]
            if node.users or node.stamp != stamp or not node.count:
                heappop(self.idle)
                continue
            given = min(node.count, self.free - room)
            node.count -= given
            node.read = min(node.read, node.count)
            self.free -= given
            self.dropped += given
            if not node.count:
                heappop(self.idle)
                assert node.parent
                del node.parent.children[node.key]
                self.wait(node.parent)

    # --- the tree ---

    def content(self, request: int) -> list[tuple[Key, int]]:
        """What a request's sequence holds: (pieces, blocks that are full by their end), pieces that fill none with the next."""
        runs = self.runs.get(request)
        if runs is None:
            key: Key = ()
            asked, tokens, blocks = self.requests[request], 0, 0
            runs = self.runs[request] = []
            size, left = self.size, asked.prompt_tokens + asked.output_tokens
            left -= sum([length for _, length in asked.prefix])
            for piece in (*asked.prefix, (-1 - request, left)):
                key = (*key, piece) if key else (piece,)
                tokens += piece[1]
                full = tokens // size
                if full > blocks:
                    blocks = full
                    runs.append((key, full))
                    key = ()
        return runs

    def take(self, request: int, node: Node, wanted: int) -> tuple[Node, int]:
        """Hold a sequence on from `node` to its block `wanted`. Returns the last run, and how many blocks were there."""
        there, begin, saved, taken, held = -1, 0, 0, 0, node.start + node.count
        for key, end in self.runs.get(request) or self.content(request):
            stop = end if end < wanted else wanted
            while held < stop:
                child = node.children.get(key)
                if child is None:
                    there = held if there < 0 else there
                    node = self.grow(node, key, stop, held > begin)
                    held = node.start + node.count
                    continue
                held = child.start + child.count
                if held > stop:
                    child = self.split(child, stop)
                    held = stop
                if child.users:
                    saved += child.count
                else:
                    taken += child.count
                child.users += 1
                node = child
            if end >= wanted:
                break
            begin = end
        self.saved += saved
        self.free -= taken
        self.in_use += taken
        return node, wanted if there < 0 else there

    def grow(self, node: Node, key: Key, stop: int, inside: bool) -> Node:
        """New blocks after `node`, up to block `stop`, held by one request. inside: `node` ends amid the same pieces."""
        end = node.start + node.count
        self.in_use += stop - end
        if inside and node.users == 1 and not node.children:
            node.count += stop - end
            return node
        child = node.children[key] = Node(node, key, end, stop - end)
        child.users = 1
        return child

    def split(self, node: Node, at: int) -> Node:
        """Part a run before block `at`. Returns its first half; the second stays the node that others know."""
        assert node.parent
        first = Node(node.parent, node.key, node.start, at - node.start)
        first.users, first.stamp, first.children = node.users, node.stamp, {node.key: node}
        node.parent.children[node.key] = first
        first.read, node.read = min(node.read, first.count), max(0, node.read - first.count)
        node.parent, node.start, node.count = first, at, node.count - first.count
        return first

    def forget(self, node: Node, keep: int) -> Node:
        """Take blocks from `keep` on, that one request alone held and nobody computed, out of the tree."""
        while node.start + node.count > keep:
            kept = max(node.read, keep - node.start, 0)
            self.in_use -= node.count - kept
            node.count = kept
            if kept:
                break
            assert node.parent and node.users == 1 and not node.children
            del node.parent.children[node.key]
            node = node.parent
        return node

    def wait(self, node: Node) -> None:
        """A run that nobody uses any more, and that no other follows, stands in line to be given up; its parent after it."""
        if not node.users and not node.children and node.parent:
            self.pushed += 1
            heappush(self.idle, (node.stamp, -node.start, self.pushed, node))
