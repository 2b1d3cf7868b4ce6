"""Results as figures: plain dicts {"data", "layout"} of lists for plotly.js, and nothing a browser would be needed for.

Each function gets numbers that are already computed and words that are already written; it only places them. Colours mean
the same everywhere: blue informs, green is good, orange warns, red fails.
"""

from charts.memory import families_chart, users_chart
from charts.parts import PALETTES, Figure
from charts.sides import sides_chart
from charts.sweeps import Cloud, feasibility_cells, feasibility_chart, frontier_chart, highest

__all__ = [
    "PALETTES",
    "Cloud",
    "Figure",
    "families_chart",
    "feasibility_cells",
    "feasibility_chart",
    "frontier_chart",
    "highest",
    "sides_chart",
    "users_chart",
]
