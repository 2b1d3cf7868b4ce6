"""What is timed of the search, the same text in CPython and in the browser: all designs by their bounds, and a whole answer."""

import json
import time

import engine
from sizing import plain, search
from sizing.question import Catalogue

ASKED = {
    "dense": {"model": "llama-3.1-70b", "allowed": {"weight_bits": [16, 8, 4]}},
    "experts": {"model": "gpt-oss-120b", "allowed": {"weight_bits": [4]}},
}
TRAFFIC = {"workload": "azure-2023-conversation", "rate_per_s": 20, "longest_tokens": 8192}


def timed(content: str, runs: int) -> str:
    """By question, as JSON: designs screened, seconds of each screening, seconds of a whole search and how many it simulated."""
    tables = json.loads(content)
    catalogue = Catalogue(
        engine.read_models(tables["models"]),
        engine.read_gpus(tables["hardware"]),
        engine.read_workloads(tables["workloads"]),
        tuple(engine.read_calibrations(tables["calibration"]).values()),
    )
    found = {}
    for name, asked in ASKED.items():
        whole = {**asked, "traffic": TRAFFIC, "promise": {"ttft_s": 0.8, "tpot_s": 0.05}}
        question = plain.question_from(whole, catalogue)
        taken = []
        for _ in range(runs):
            begun = time.perf_counter()
            screened = search.screened(question, catalogue)
            taken.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        *_, answer = search.search(question, catalogue, screened)
        searched = time.perf_counter() - begun
        found[name] = {"designs": screened.seen, "screening_s": taken, "search_s": searched, "runs": answer.runs}
    return json.dumps(found)
