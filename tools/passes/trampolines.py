"""Python's machine code with one place for all indirect calls of a signature: a trampoline, a function that does nothing else.

V8 (Chromium, Edge, Node) notes where each indirect call of WebAssembly leads. Once a function is hot it is compiled for the
few targets seen so far; when another turns up, V8 throws that away, goes back to slow code and compiles once more, up to ten
times (v8.dev/blog/wasm-speculative-optimizations). A Python that starts meets new targets all the time: the loop of its
interpreter, 79 KB of code, was compiled four times within half a second, beside a page that waits for it. A place that all
calls share has seen too many targets by then for a guess.

Nothing else is changed: every function keeps its number and, but for these calls, its body; the trampolines come after them.
The format: webassembly.github.io/spec/core/binary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tools.passes.shape import MACHINE_CODE, NotHere, Parts, Pass
from tools.passes.workshop import Workshop

STOCK = "runtime/pyodide/stock.wasm"  # python.mjs asks for it where a browser refuses ours
MAGIC = b"\0asm\1\0\0\0"
TYPES, IMPORTS, FUNCTIONS, CODE = 1, 2, 3, 10  # sections
NONE = b"\0"  # a section without anything in it
FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)  # what is imported
SIGNATURE, I32 = 0x60, b"\x7f"
NO_LOCALS, LOCAL_GET, CALL, END = b"\x00", b"\x20", b"\x10", b"\x0b"
CALL_INDIRECT, BR_TABLE = 0x11, 0x0E
# As many instructions as there are that are neither of these two. N is a number (LEB128).
PLAIN = re.compile(
    rb"""(?:
    [\x00\x01\x05\x0b\x0f\x19-\x1b\x45-\xc4\xd1]                       # nothing follows: end, drop, arithmetic
    | [\x02-\x04\x06-\x09\x0c\x0d\x10\x12\x18\x20-\x26\x3f-\x42\xd0\xd2]N  # block, br, call, local.get, i32.const
    | [\x28-\x3e]NN                                                    # loads and stores
    | \x43.{4} | \x44.{8}                                              # f32.const, f64.const
    | \x1c\x01.                                                        # select of a type
    | \xfc(?:[\x00-\x07] | [\x09\x0b\x0d\x0f-\x11]N | [\x08\x0a\x0c\x0e]NN)  # saturating, of memory, of tables
    )*+""".replace(b"N", rb"(?:[\x80-\xff]*+[\x00-\x7f])"),
    re.DOTALL | re.VERBOSE,
)


def trampolined(code: bytes) -> bytes:
    """A module of WebAssembly, its indirect calls through trampolines. Raises NotHere for one that can't be read."""
    if not code.startswith(MAGIC):
        raise NotHere("Python's machine code is no module of WebAssembly")
    try:
        return _trampolined(code)
    except IndexError as mistake:
        raise NotHere("Python's machine code is cut short") from mistake


def _trampolined(code: bytes) -> bytes:
    reader, sections = Reader(code, len(MAGIC)), []
    while not reader.ended():
        sections.append((reader.byte(), reader.vector()))
    of = {TYPES: NONE, IMPORTS: NONE, FUNCTIONS: NONE, CODE: NONE} | dict(sections)
    types, imports, functions, bodies = (Reader(of[kind]) for kind in (TYPES, IMPORTS, FUNCTIONS, CODE))
    signatures = [types.signature() for _ in range(types.number())]
    imported = [imports.imported() for _ in range(imports.number())].count(FUNCTION)
    typed = [functions.number() for _ in range(functions.number())]
    jumps = Trampolines(signatures, first=imported + len(typed))
    changed = [jumps.through(bodies.vector()) for _ in range(bodies.number())]
    of[TYPES] = leb(len(signatures)) + b"".join(map(bytes, signatures))
    of[FUNCTIONS] = leb(len(typed) + len(jumps.types)) + b"".join(map(leb, typed + jumps.types))
    of[CODE] = leb(len(typed) + len(jumps.bodies)) + b"".join(map(vector, changed + jumps.bodies))
    # Sections that nobody changes keep their content: those of which a module has many (kind 0) too.
    return MAGIC + b"".join(bytes([kind]) + vector(of[kind] if kind else content) for kind, content in sections)


def leb(number: int) -> bytes:
    """A number >= 0 as LEB128."""
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + leb(rest) if rest else bytes([low])


def vector(content: bytes) -> bytes:
    """Bytes, and how many they are before them."""
    return leb(len(content)) + content


@dataclass(frozen=True)
class Signature:
    """What a function takes and gives, each a byte a value."""

    parameters: bytes
    results: bytes

    def __bytes__(self) -> bytes:
        return bytes([SIGNATURE]) + vector(self.parameters) + vector(self.results)


@dataclass
class Reader:
    """Reads the binary format from a place on. Raises IndexError at the end."""

    code: bytes
    place: int = 0

    def ended(self) -> bool:
        """Whether nothing is left."""
        return self.place >= len(self.code)

    def byte(self) -> int:
        """The next byte."""
        self.place += 1
        return self.code[self.place - 1]

    def number(self) -> int:
        """The next number."""
        found = shift = 0
        while (byte := self.byte()) & 0x80:
            found |= (byte & 0x7F) << shift
            shift += 7
        return found | byte << shift

    def vector(self) -> bytes:
        """The bytes that come next, with how many they are before them."""
        length = self.number()
        self.place += length
        if self.place > len(self.code):
            raise IndexError
        return self.code[self.place - length : self.place]

    def signature(self) -> Signature:
        """The next type. Raises NotHere where it isn't a function's."""
        if self.byte() != SIGNATURE:
            raise NotHere("Python's machine code has types that this pass doesn't know")
        return Signature(self.vector(), self.vector())

    def imported(self) -> int:
        """What kind of thing the next import is."""
        self.vector()  # the module's name
        self.vector()  # its own
        kind = self.byte()
        if kind in (TABLE, GLOBAL, TAG):
            self.byte()  # of references; of values; of exceptions
        if kind in (FUNCTION, GLOBAL, TAG):
            self.number()
        else:
            bounded = self.byte() & 1
            for _ in range(1 + bounded):
                self.number()
        return kind


@dataclass
class Trampolines:
    """The trampolines of a module, made as calls need them. What they need is added to its signatures."""

    signatures: list[Signature]
    first: int  # the number of the first trampoline
    numbers: dict[tuple[int, int], int] = field(default_factory=dict)  # by the signature's number and the table's
    types: list[int] = field(default_factory=list)  # the number of each one's own signature
    bodies: list[bytes] = field(default_factory=list)

    def through(self, body: bytes) -> bytes:
        """A function's body with its indirect calls through trampolines. Raises NotHere at an unknown instruction."""
        reader = Reader(body)
        for _ in range(reader.number()):
            reader.number()  # so many locals
            reader.byte()  # of this type
        parts, done = [], 0
        while not reader.ended():
            reader.place = start = PLAIN.match(body, reader.place).end()  # type: ignore[union-attr]  # matches nothing too
            if reader.ended():
                break
            instruction = reader.byte()
            if instruction == CALL_INDIRECT:
                called = reader.number(), reader.number()
                parts += [body[done:start], CALL, leb(self._to(*called))]
                done = reader.place
            elif instruction == BR_TABLE:
                for _ in range(reader.number() + 1):
                    reader.number()
            else:
                raise NotHere(f"Python's machine code has an instruction that this pass doesn't know, {instruction:#x}")
        return b"".join([*parts, body[done:]])

    def _to(self, signature: int, table: int) -> int:
        """The number of the trampoline for the calls of a signature by a table."""
        if (signature, table) not in self.numbers:
            called = self.signatures[signature]
            own = Signature(called.parameters + I32, called.results)
            if own not in self.signatures:
                self.signatures.append(own)
            self.numbers[signature, table] = self.first + len(self.types)
            self.types.append(self.signatures.index(own))
            values = b"".join(LOCAL_GET + leb(place) for place in range(len(own.parameters)))
            call = bytes([CALL_INDIRECT]) + leb(signature) + leb(table)
            self.bodies.append(NO_LOCALS + values + call + END)
        return self.numbers[signature, table]


def apply(parts: Parts, workshop: Workshop) -> Parts:
    """The machine code with trampolines, and as its makers ship it for a browser that refuses ours."""
    if MACHINE_CODE not in parts:
        raise NotHere("there is no machine code")
    return {MACHINE_CODE: trampolined(parts[MACHINE_CODE]), STOCK: parts[MACHINE_CODE]}


PASS = Pass(
    name="trampolines",
    does="All indirect calls of a signature in Python's machine code go through one place.",
    gain="Python ready 0.92 → 0.81 s",
    without="V8 compiles the loop of Python's interpreter four times while Python starts.",
    apply=apply,
)
