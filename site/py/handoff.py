"""A record inside a web address, `...#state=...`: how work gets out of a frame that can't keep it, into a tab that can.

The part behind the # never leaves the browser. It is the record's document, compressed (RFC 1951) and written in the
letters that an address may have (base64url, RFC 4648). Whoever follows such a link imports it, as from a file.
"""

import base64
import binascii
import zlib

import ledger

MARK = "#state="
MAX_ADDRESS = 60_000  # characters; browsers differ, and the shortest limit in use is about 80,000 (Safari)
RAW_DEFLATE = -15  # zlib's number for: no header, 32 KiB window
NOT_WHOLE = ledger.Note("in_address")


def address(page: str, document: str) -> str | None:
    """The address of `page` that carries a ledger document, None if that would be too long for an address."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    packed = squeeze.compress(document.encode()) + squeeze.flush()
    made = page + MARK + base64.urlsafe_b64encode(packed).decode().rstrip("=")
    return made if len(made) <= MAX_ADDRESS else None


def document(fragment: str) -> str | None:
    """The document that an address's fragment carries, None if it carries none. Raises LedgerError if it is damaged."""
    if not fragment.startswith(MARK):
        return None
    letters = fragment.removeprefix(MARK)
    try:
        packed = base64.b64decode(letters + "=" * (-len(letters) % 4), "-_", validate=True)
        unpack = zlib.decompressobj(RAW_DEFLATE)
        text = unpack.decompress(packed, ledger.MAX_IMPORT_BYTES)  # a small address can't unfold without end
        if not unpack.eof:
            raise ledger.LedgerError(NOT_WHOLE)
        return text.decode()
    except (binascii.Error, zlib.error, ValueError) as damage:
        raise ledger.LedgerError(NOT_WHOLE) from damage
