"""Results as figures: plain dicts {"data", "layout"} of lists for plotly.js, and nothing a browser would be needed for.

Each function gets numbers that are already computed and words that are already written; it only places them. Colours mean
the same everywhere: blue informs, green is good, orange warns, red fails.
"""

from charts.memory import families_chart, users_chart
from charts.parts import PALETTES, Figure
from charts.roofline import roofline_chart, steps_chart
from charts.sides import sides_chart
from charts.sweeps import Cloud, feasibility_cells, feasibility_chart, frontier_chart, highest
from charts.tail import tail_chart

__all__ = [
    "PALETTES",
    "Cloud",
    "Figure",
    "families_chart",
    "feasibility_cells",
    "feasibility_chart",
    "frontier_chart",
    "highest",
    "roofline_chart",
    "sides_chart",
    "steps_chart",
    "tail_chart",
    "users_chart",
]
