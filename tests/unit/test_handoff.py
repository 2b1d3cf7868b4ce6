"""Work in a web address: what goes in comes out, what was damaged on the way is a sentence, nothing unfolds without end."""

import base64
import json
import re
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from links import handoff
from record import ledger
from record.keeper import Keeper
from state import store
from tests import lab as native
from tests.unit.test_keeper import NOW, Shelf

PAGE = "https://example.org/lab/"


def carried(text):
    return handoff.document(handoff.address(PAGE, text).removeprefix(PAGE))


@given(st.text(max_size=2000))
def test_what_goes_in_comes_out(text):
    assert carried(text) == text


def test_a_whole_visits_record_fits_and_arrives():
    state = native.walked()
    text, _ = ledger.write(None, state.record, store.fields(native.shipped(), state), native.AT)
    kept = Keeper(Shelf()).import_(carried(text), NOW)
    assert kept.reading.record.facts == state.record.facts
    assert kept.reading.problem == ()


def test_an_address_has_only_letters_that_no_mail_program_breaks():
    assert re.fullmatch(r"[A-Za-z0-9_-]+", handoff.address(PAGE, native.AT * 50).removeprefix(PAGE + handoff.MARK))


def test_what_is_too_long_for_an_address_gets_none():
    noise = "".join(str(hash((i, "x"))) for i in range(20_000))
    assert handoff.address(PAGE, noise) is None


@pytest.mark.parametrize("fragment", ["", "#act1", "#state", "state=abc"])
def test_other_fragments_carry_nothing(fragment):
    assert handoff.document(fragment) is None


@pytest.mark.parametrize("letters", ["", "A", "AAAA", "!!!!", "é", "____", "%20"])
def test_a_damaged_address_is_a_sentence(letters):
    with pytest.raises(ledger.LedgerError, match="in_address"):
        handoff.document(handoff.MARK + letters)


def test_a_shortened_address_is_a_sentence():
    made = handoff.address(PAGE, '{"history": {}}' * 20).removeprefix(PAGE)
    for length in range(len(handoff.MARK), len(made) - 1):
        with pytest.raises(ledger.LedgerError):
            handoff.document(made[:length])


def test_a_short_address_that_would_unfold_to_gigabytes_is_refused():
    squeeze = zlib.compressobj(9, zlib.DEFLATED, handoff.RAW_DEFLATE)
    packed = squeeze.compress(b"0" * (ledger.MAX_IMPORT_BYTES + 1)) + squeeze.flush()
    bomb = handoff.MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    assert len(bomb) < 10_000
    with pytest.raises(ledger.LedgerError):
        handoff.document(bomb)


MANGLED = {
    "a full stop": lambda link: link + ".",
    "a bracket": lambda link: link + ")",
    "a comma and more of the sentence": lambda link: link + ",%20and%20then",
    "quotes": lambda link: link + '%22"\u201d\u00bb',
    "a mark of emphasis": lambda link: link + "_*",
    "encoded": lambda link: link.replace("=", "%3D"),
    "encoded in small letters": lambda link: link.replace("=", "%3d"),
    "encoded twice": lambda link: link.replace("=", "%253D"),
    "another case": lambda link: "#" + link[1:].partition("=")[0].upper() + "=" + link.partition("=")[2],
    "white space around it": lambda link: "# " + link[1:] + " \n",
    "folded": lambda link: link[:20] + "\r\n " + link[20:40] + "%20%0A" + link[40:],
    "soft places to break": lambda link: link[:20] + "\u200b" + link[20:30] + "%E2%80%8B\u00ad" + link[30:],
}


@pytest.mark.parametrize("how", MANGLED)
def test_an_address_is_read_as_mails_and_chats_leave_it(how):
    text = '{"history": {}, "track": "Gr\u00fc\u00dfe"}' * 30
    link = handoff.address(PAGE, text).removeprefix(PAGE)
    assert handoff.document(MANGLED[how](link)) == text


def record(facts):
    """A record of so many facts, as short as they can be."""
    broke = {"kind": "broke", "context": "latency", "side": "a", "failure": "kv", "at": "2026-01-02T03:04:05Z"}
    own = {"schema": 1, "facts": [{**broke, "n": i} for i in range(facts)], "settings": {}}
    return json.dumps({"history": {ledger.CHAPTER: {ledger.OWN: own}}})


def test_a_link_brings_no_more_than_a_person_can_have_done():
    assert carried(record(900)) == record(900)
    for text in (record(15_000), record(3_500), "{" * (handoff.MAX_TABLES + 1), "0" * (handoff.MAX_DOCUMENT + 1)):
        squeeze = zlib.compressobj(9, zlib.DEFLATED, handoff.RAW_DEFLATE)
        packed = squeeze.compress(text.encode()) + squeeze.flush()
        with pytest.raises(ledger.LedgerError, match="in_address_large"):
            handoff.document(handoff.MARK + base64.urlsafe_b64encode(packed).decode().rstrip("="))
        assert handoff.address(PAGE, text) is None  # and the lab itself makes no such link
    with pytest.raises(ledger.LedgerError, match="in_address_large"):
        handoff.document(handoff.MARK + "A" * (handoff.MAX_ADDRESS + 4))
