"""The wall as a picture: the memory of each GPU, the weights in it, user after user, and the first who doesn't fit.

The same picture three times: revealed after the prediction, where a clock moves through it; in the calculator, where it follows
the controls; and in the twist, where one switch makes each user's share smaller. The sums are the engine's; wall.mjs only puts
them to scale.
"""

from dataclasses import dataclass
from typing import Any

import engine
from acts.wall import calculator
from acts.wall.controls import CONTEXT, FULL, KV_HEADS
from acts.wall.shape import Prediction
from acts.wall.users import deployment_of
from content import wording
from content.course import Course, Scenario
from content.shapes import of_context
from content.wording import Number
from page.page import Frame
from page.remembered import remembered
from state import store

PATH = "act1.wall"
REVEAL, NOW, TWIST = f"{PATH}.reveal", f"{PATH}.now", f"{PATH}.twist"
PHASES = (800, 3000, 900)  # ms: the weights move in, the users follow, the next one doesn't fit
KEYS = 4  # key frames while users move in


@dataclass(frozen=True)
class Node:
    """A node's memory in bytes, of all its GPUs together.

    kept_bytes: what an engine doesn't hand out; user_bytes: one user's cache with all its copies; users: as many as fit.
    """

    gpus: int
    gpu_bytes: float
    model: str
    weights_bytes: float
    kept_bytes: float
    user_bytes: float
    users: int

    @property
    def left_bytes(self) -> float:
        """What the weights leave to users; below zero where they don't fit."""
        return self.gpus * self.gpu_bytes - self.kept_bytes - self.weights_bytes

    @property
    def free_bytes(self) -> float:
        """What stays free beside weights and users."""
        return max(0.0, self.left_bytes - self.users * self.user_bytes)


@dataclass(frozen=True)
class Guess:
    """What the learner predicted: in words, and the number of users that it stands for."""

    said: str
    users: float


def node_of(deployment: engine.Deployment, tokens: int, reserve: engine.Reserve) -> Node:
    """The memory of a deployment whose users have so many tokens each."""
    plan = engine.memory_plan(deployment, reserve)
    return Node(
        gpus=deployment.gpus,
        gpu_bytes=deployment.gpu.memory_bytes,
        model=deployment.model.name,
        weights_bytes=plan["weights_bytes"],
        kept_bytes=plan["outside_utilization_bytes"] + plan["activation_bytes"],
        user_bytes=engine.request_bytes(deployment, tokens),
        users=engine.max_users(deployment, tokens, reserve),
    )


def guess_of(course: Course, state: store.State) -> Guess | None:
    """The prediction that was committed in this context, None where it has no number."""
    locked = store.answer(state, "act1.prediction")
    options = course.read(Prediction, "act1.prediction").options if locked else ()
    option = next((option for option in options if locked and option.id == locked.option), None)
    return Guess(of_context(option.text, state.context), option.stands_for) if option and option.stands_for else None


def reveal(course: Course, state: store.State, asked: Scenario) -> Frame:
    """The node of the locked scenario, which fills up before the learner's eyes."""
    node = node_of(deployment_of(course, asked), asked["context_tokens"], engine.NAIVE)
    is_news = "act1.prediction" in state.fresh
    return _picture(course, state.context, REVEAL, node, guess_of(course, state), is_news, "")


def twist(course: Course, state: store.State, asked: Scenario) -> Frame:
    """The node of the locked scenario with as many KV heads as the switch says."""
    heads = None if state.value(KV_HEADS) == FULL else course.models[asked["model"]].kv_heads
    node = node_of(deployment_of(course, asked, heads), asked["context_tokens"], engine.NAIVE)
    return _picture(course, state.context, TWIST, node, guess_of(course, state), False, str(heads))


def before(course: Course, context: str, asked: Scenario) -> Frame:
    """The node of the question before it is answered: the weights are in, and how many users the rest holds is asked."""
    node = node_of(deployment_of(course, asked), asked["context_tokens"], engine.NAIVE)
    said = numbers(node, None) | {"room_gpu_bytes": node.left_bytes / node.gpus}
    legend = [course.say(f"{PATH}.before.{part}", context, said) for part in ("weights", "room")]
    share = f"{node.weights_bytes / node.gpus / node.gpu_bytes * 100:.2f}%"
    return {
        "act1.node": {"label": course.say(f"{PATH}.says.{'node_one' if node.gpus == 1 else 'node'}", context, said)},
        "act1.node.legend": {"items": legend},
        **{f"act1.node.{gpu + 1}": {"height": share} for gpu in range(node.gpus)},
    }


def moment(course: Course, state: store.State, at: int) -> Frame:
    """What is said while the node fills up: nothing, the count is painted."""
    return {}


def frame(course: Course, state: store.State) -> Frame:
    """The node that the calculator describes."""
    desk = calculator.desk(course, state)
    node = node_of(desk.deployment, int(desk.settings["act1.context"]), calculator.reserve(desk))
    chosen = " ".join(str(value) for id, value in desk.settings.items() if id.startswith("act1.") and id != CONTEXT)
    return _picture(course, state.context, NOW, node, guess_of(course, state), False, chosen)


@remembered
def _picture(
    course: Course, context: str, key: str, node: Node, guess: Guess | None, is_news: bool, chosen: str
) -> Frame:
    """The picture under a key. is_news: it plays by itself; chosen: all that no slider moves; a change of it is shown slowly."""
    said = numbers(node, guess)
    clock = _clock(node, is_news) if key == REVEAL else {"chosen": chosen}
    return {
        key: {"scene": {**scene(course, context, node, guess, said), **clock}},
        f"{key}.picture": {"label": describe(course, context, node, guess, said)},
    }


def numbers(node: Node, guess: Guess | None) -> dict[str, Number]:
    """What the picture's words may say: bytes of one GPU (*gpu_bytes), users, the guess and what weights and it would need."""
    gpus, left = node.gpus, node.left_bytes
    needed = node.weights_bytes + guess.users * node.user_bytes if guess else None
    return {
        "gpus": gpus,
        "gpu_bytes": node.gpu_bytes,
        "model": node.model,
        "users": node.users,
        "next_user": node.users + 1,
        "weights_gpu_bytes": node.weights_bytes / gpus,
        "kept_gpu_bytes": node.kept_bytes / gpus,
        "user_gpu_bytes": node.user_bytes / gpus,
        "free_gpu_bytes": node.free_bytes / gpus,
        "missing_gpu_bytes": max(0.0, -left) / gpus,
        "guess": guess.said if guess else None,
        "guess_bytes": needed,
        "guess_gpu_bytes": needed / gpus if needed else None,
    }


def scene(course: Course, context: str, node: Node, guess: Guess | None, said: dict[str, Number]) -> dict[str, Any]:
    """What wall.mjs paints: bytes of all GPUs together, and each text that stands on the canvas."""
    painted = f"{PATH}.painted"
    sizes = (node.gpus, node.gpu_bytes, node.weights_bytes, node.kept_bytes, node.user_bytes)
    return {
        "painter": "wall",
        "name": "-".join(f"{size:.0f}" for size in (*sizes, node.users, guess.users if guess else 0)),
        "gpus": node.gpus,
        "gpu_bytes": node.gpu_bytes,
        "weights_bytes": node.weights_bytes,
        "kept_bytes": node.kept_bytes,
        "user_bytes": node.user_bytes,
        "users": node.users,
        "guess": guess.users if guess else None,
        "words": {name: course.say(f"{painted}.{name}", context, said) for name in course.at(painted)},
    }


def _clock(node: Node, is_news: bool) -> dict[str, Any]:
    weights, users, _ = PHASES
    steps = [weights + users * i // KEYS for i in range(KEYS + 1)] if node.users else [weights]
    return {"phases": PHASES, "seconds": sum(PHASES) / 1000, "keys": [*steps, sum(PHASES)], "plays": is_news}


def describe(course: Course, context: str, node: Node, guess: Guess | None, said: dict[str, Number]) -> str:
    """The picture in a few sentences."""
    many = "one" if node.users == 1 else "many" if node.users else "none"
    what = ["weights", many] if node.left_bytes > 0 else ["too_small"]
    kept = ["kept"] if node.kept_bytes else []
    guessed = ["guess"] if guess else []
    names = ["node_one" if node.gpus == 1 else "node", *what, *kept, *guessed]
    return wording.sentences(course.say(f"{PATH}.says.{name}", context, said) for name in names)
