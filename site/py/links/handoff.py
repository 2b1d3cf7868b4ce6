"""A record inside a web address, `...#state=...`: how work gets out of a frame that can't keep it, into a tab that can.

The part behind the # never leaves the browser. It is the record's document, compressed (RFC 1951) and written in the
letters that an address may have (base64url, RFC 4648). Whoever follows such a link imports it, as from a file.
"""

import base64
import binascii
import re
import zlib

from record import ledger

MARK = "#state="
MAX_ADDRESS = 60_000  # characters; browsers differ, and the shortest limit in use is about 80,000 (Safari)
MAX_DOCUMENT, MAX_TABLES = 600_000, 3_000  # characters and { of a document: three times what a long day of work holds
RAW_DEFLATE = -15  # zlib's number for: no header, 32 KiB window
NOT_WHOLE, TOO_LARGE = ledger.Note("in_address"), ledger.Note("in_address_large")
UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")  # what programs that break long lines put into an address
LETTERS = re.compile("[A-Za-z0-9_-]*")


def address(page: str, document: str) -> str | None:
    """The address of `page` that carries a ledger document, None if that would be too long for an address."""
    if not _fits(document):
        return None
    squeeze = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    packed = squeeze.compress(document.encode()) + squeeze.flush()
    made = page + MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return made if len(made) <= MAX_ADDRESS else None


def document(fragment: str) -> str | None:
    """The document that an address's fragment carries, None if it carries none. Raises LedgerError if it is damaged."""
    after = carried(fragment, MARK)
    if after is None:
        return None
    letters = LETTERS.match(after)[0]  # type: ignore[index]  # it matches anything; what follows it isn't the address's
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]  # base64 never has one letter over: that is a stray _
    if len(letters) > MAX_ADDRESS:
        raise ledger.LedgerError(TOO_LARGE)
    try:
        packed = base64.b64decode(letters + "=" * (-len(letters) % 4), "-_", validate=True)
        unpack = zlib.decompressobj(RAW_DEFLATE)
        unfolded = unpack.decompress(packed, MAX_DOCUMENT)  # a small address can't unfold without end
        text = unfolded.decode() if unpack.eof else None
    except (binascii.Error, zlib.error, ValueError) as damage:
        raise ledger.LedgerError(NOT_WHOLE) from damage
    if text is None:
        raise ledger.LedgerError(TOO_LARGE if len(unfolded) >= MAX_DOCUMENT else NOT_WHOLE)
    if not _fits(text):
        raise ledger.LedgerError(TOO_LARGE)
    return text


def carried(fragment: str, mark: str) -> str | None:
    """What an address's fragment carries after a mark, `#state=`; None if it isn't of that kind.

    Mail programs and chats write the mark's = as %3D, fold long lines, and change the case of what they take for a name.
    """
    text = fragment
    for _ in range(2):  # an address that is itself in another address is encoded twice
        text = re.sub(
            rb"%([0-9A-Fa-f]{2})", lambda code: bytes([int(code[1], 16)]), text.encode("utf-8", "replace")
        ).decode("utf-8", "replace")
    text = UNSEEN.sub("", text)
    return text[len(mark) :] if text[: len(mark)].lower() == mark else None


def _fits(document: str) -> bool:
    """Whether a document is one that a link may bring: reading one must never keep the page busy."""
    return len(document) <= MAX_DOCUMENT and document.count("{") <= MAX_TABLES
