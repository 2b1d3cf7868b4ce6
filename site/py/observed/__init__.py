"""Text that a person pastes or drops, to what it says of their server, in SI units; beside the engine's figures.

facts     what can be said, and the one refusal         starts    a start-up log: its lines, its settings, its starts
lines     a text in pieces, and the lines that matter   results   load generators: JSON and printed tables
rows      the lines that tools print, as a table        scrapes   Prometheus
sieve     JSON out of a text, without its requests      cards     nvidia-smi
reader    all of them over one text                     known     which model and GPU that is
beside    the engine's figures beside the server's      anchoring one measured number that recalibrates the engine

Nothing here knows words: a Note or an Unread names a sentence of the content, and the values that fill it.
"""

from observed.anchoring import anchor, timed
from observed.beside import Line, compare
from observed.facts import Bench, Card, Histogram, Note, Observed, Scrape, Spread, Start, Unread
from observed.known import Known, known_of
from observed.reader import Reader, read

__all__ = [
    "Bench",
    "Card",
    "Histogram",
    "Known",
    "Line",
    "Note",
    "Observed",
    "Reader",
    "Scrape",
    "Spread",
    "Start",
    "Unread",
    "anchor",
    "compare",
    "known_of",
    "read",
    "timed",
]
