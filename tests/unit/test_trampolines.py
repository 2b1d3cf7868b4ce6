"""Indirect calls through trampolines: a module does what it did, its functions keep their numbers, the unreadable is refused."""

import json
import shutil
import subprocess

import pytest

from tools.passes.shape import NotHere
from tools.passes.trampolines import MAGIC, Reader, leb, trampolined, vector

I32, F64, FUNCREF = b"\x7f", b"\x7c", b"\x70"
GET_0, GET_1 = b"\x20\x00", b"\x20\x01"


def section(kind, *items):
    """A section of a list of things."""
    return bytes([kind]) + vector(leb(len(items)) + b"".join(items))


def name(text):
    return vector(text.encode())


def signature(parameters, results):
    return b"\x60" + vector(parameters) + vector(results)


def body(*instructions, locals=b"\x00"):
    return vector(locals + b"".join(instructions) + b"\x0b")


# Imports of every kind come before the functions and count, or don't, among them.
IMPORTS = (
    name("js") + name("noted") + b"\x00\x00",  # a function
    name("js") + name("memory") + b"\x02\x01\x01\x02",  # 1 to 2 pages
    name("js") + name("table") + b"\x01" + FUNCREF + b"\x00\x08",  # 8 places and more
    name("js") + name("base") + b"\x03" + I32 + b"\x00",  # a constant
)
TYPES = (signature(I32, I32), signature(I32 + I32, I32), signature(F64, F64))
CALL_INT, CALL_FLOAT = b"\x11\x00\x00", b"\x11\x02\x00"  # call_indirect, of the first and of the third signature
FUNCTIONS = (
    (0, body(GET_0, b"\x41\x01\x6a")),  # 1: one more
    (0, body(GET_0, b"\x41\x11\x6a")),  # 2: 17 more; the constant has the byte of call_indirect
    (2, body(GET_0, b"\x44" + b"\x11" * 8, b"\xa0")),  # 3: a float plus one that is all such bytes
    (1, body(GET_0, GET_1, CALL_INT, b"\x10\x00")),  # 4: calls(x, place), and tells the imported function
    (  # 5: a choice of three, then a call: nothing after the br_table is lost
        1,
        body(
            *(b"\x02\x40", b"\x02\x40", b"\x02\x40", GET_0, b"\x0e\x02\x00\x01\x02", b"\x0b"),
            *(b"\x41\x07", GET_1, CALL_INT, b"\x0f", b"\x0b"),
            *(b"\x41\x08", GET_1, CALL_INT, b"\x0f", b"\x0b"),
            *(b"\x41\x09", GET_1, CALL_INT),
            locals=b"\x01\x03" + I32,
        ),
    ),
    (
        0,
        body(b"\x44" + bytes.fromhex("000000000000f83f"), GET_0, CALL_FLOAT, b"\xaa"),
    ),  # 6: calls a float's, whole part
)
EXPORTS = (name("call") + b"\x00\x04", name("choose") + b"\x00\x05", name("number") + b"\x00\x06")
# The table: one more, 17 more, the float's, nothing.
PLACES = (b"\x00\x41\x00\x0b" + leb(3) + leb(1) + leb(2) + leb(3),)
NOTE = b"\x00" + vector(name("note") + b"anything")


def module(functions=FUNCTIONS):
    return MAGIC + b"".join(
        (
            *(NOTE, section(1, *TYPES), section(2, *IMPORTS), section(3, *(leb(kind) for kind, _ in functions))),
            *(section(7, *EXPORTS), section(9, *PLACES), section(10, *(code for _, code in functions)), NOTE),
        )
    )


def functions_of(code):
    """How many functions of its own a module has, by its function section and by its code section."""
    reader, found = Reader(code, len(MAGIC)), {}
    while not reader.ended():
        kind = reader.byte()
        found[kind] = reader.vector()
    return Reader(found[3]).number(), Reader(found[10]).number()


RUN = """
const { readFileSync } = require("fs");
const told = [];
const js = {
  noted: (value) => (told.push(value), value),
  memory: new WebAssembly.Memory({ initial: 1, maximum: 2 }),
  table: new WebAssembly.Table({ element: "anyfunc", initial: 8 }),
  base: 1,
};
const made = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(process.argv[1])), { js });
const { call, choose, number } = made.exports;
const tried = (what) => { try { return what(); } catch (trap) { return trap.constructor.name; } };
console.log(JSON.stringify({
  one: call(5, 0), seventeen: call(5, 1), chosen: [0, 1, 2, 9].map((which) => choose(which, 0)), whole: number(2),
  nothing: tried(() => call(5, 5)), beyond: tried(() => call(5, 99)), other: tried(() => call(5, 2)), told,
}));
"""


@pytest.mark.parametrize("prepared", [lambda code: code, trampolined], ids=["plain", "through trampolines"])
def test_a_module_does_the_same_and_traps_at_the_same(prepared, tmp_path):
    file = tmp_path / "module.wasm"
    file.write_bytes(prepared(module()))
    done = subprocess.run([shutil.which("node"), "-e", RUN, str(file)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "one": 6,
        "seventeen": 22,
        "chosen": [8, 9, 10, 10],
        "whole": 1,
        "nothing": "RuntimeError",
        "beyond": "RuntimeError",
        "other": "RuntimeError",  # the place holds a function of another signature
        "told": [6, 22],
    }


def test_calls_of_a_signature_share_one_trampoline():
    assert functions_of(module()) == (6, 6)
    assert functions_of(trampolined(module())) == (8, 8)  # one for the whole numbers' five calls, one for the float's


def test_all_else_stays_byte_for_byte():
    made = trampolined(module())
    for part in (
        NOTE,
        section(2, *IMPORTS),
        section(7, *EXPORTS),
        section(9, *PLACES),
        *(code for _, code in FUNCTIONS[:3]),
    ):
        assert made.count(part) == module().count(part)


@pytest.mark.parametrize("plain", [module(FUNCTIONS[:3]), MAGIC], ids=["no indirect call", "nothing"])
def test_a_module_without_indirect_calls_stays_as_it_is(plain):
    assert trampolined(plain) == plain


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (b"<!doctype html>", "no module"),
        (module()[:-40], "cut short"),
        (module((*FUNCTIONS, (0, body(b"\xfd\x0c")))), "0xfd"),
        (module().replace(section(1, *TYPES), section(1, b"\x5f\x00")), "types"),
    ],
    ids=["a page", "cut short", "an unknown instruction", "an unknown type"],
)
def test_what_cannot_be_read_is_refused_with_a_sentence(code, said):
    with pytest.raises(NotHere, match=said):
        trampolined(code)
