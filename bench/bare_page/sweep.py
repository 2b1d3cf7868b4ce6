"""What the bare page computes at every move: users over context lengths as one numpy sweep, one chart, one sentence."""

import json

import numpy as np
from js import JSON, Plotly, document
from pyodide.ffi import create_proxy

FREE_BYTES, TOKEN_BYTES = 500e9, 320e3  # round figures: the work counts here, not the answer
CONTEXTS = np.linspace(512, 32768, 64)
LAYOUT = {
    "margin": {"t": 10},
    "xaxis": {"type": "log", "title": {"text": "context length"}},
    "yaxis": {"type": "log", "title": {"text": "users"}},
}

slider, text, chart = map(document.getElementById, ("slider", "text", "chart"))


def show(*_: object) -> None:
    """Compute and draw for where the slider stands."""
    here = float(slider.value)
    users = np.floor(FREE_BYTES / (CONTEXTS * TOKEN_BYTES))
    mine = float(np.interp(here, CONTEXTS, users))
    text.textContent = f"{mine:.0f} users of {here:.0f} tokens fit."
    curve = {"x": CONTEXTS.tolist(), "y": users.tolist(), "mode": "lines"}
    point = {"x": [here], "y": [mine], "mode": "markers"}
    figure = JSON.parse(json.dumps({"data": [curve, point], "layout": LAYOUT}))
    Plotly.react(chart, figure.data, figure.layout)


slider.addEventListener("input", create_proxy(show))
show()
