"""What is timed, the same text in CPython and in the browser: the event loop and the metrics; drawing the traffic is not."""

import json
import time

import acts
import engine
from acts.promises import questions, serving
from content.reading import from_proven


def timed(content: str, runs: str) -> str:
    """Seconds of each run by side and size, as JSON. `runs` is JSON too: how many runs, by number of requests."""
    lab = from_proven(json.loads(content), acts.lessons())  # the build has looked through it
    found = {}
    for side in serving.SIDES:
        for size, times in json.loads(runs).items():
            asked = questions.base_request(lab, side, lab.contexts[0], requests=int(size))
            cost, traffic = serving.step_cost(lab, asked), serving.traffic(lab, asked)
            deployment = serving.deployment_of(lab, asked)
            settings = engine.ServerSettings(asked.policy, asked.max_batch, asked.max_sequence)
            blocks = engine.kv_blocks(deployment, serving.reserve_of(lab, deployment))
            taken = []
            for _ in range(times):
                begun = time.perf_counter()
                engine.summary(engine.simulate(cost, settings, traffic, blocks), deployment)
                taken.append(time.perf_counter() - begun)
            found[f"{side} {size}"] = taken
    return json.dumps(found)
