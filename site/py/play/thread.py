"""The thread of run.html: what a player does comes in, what is seen goes out. JSON both ways, so that nothing of Python's gets
into the page, and all words and numbers of a moment are made here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import engine
from acts import shipped
from content import wording
from content.course import Course
from content.game import MOST_SEED, Hand, PlayFile
from content.wording import Number
from play.game import TICKS_PER_S, Catalogue, Game
from play.judge import QUESTIONS, Best, Cost, costliest, swept
from play.watch import Watch
from record import ledger
from record.keeper import PLACES, Keeper
from runs import oracles

TIGHT, FULL = 0.8, 0.97  # of the memory, and of a promise: from there a dial warns, and fails


class Places:
    """The browser's storage as the page has it: texts by key, None where the browser lets nothing be kept."""

    texts: dict[str, str | None] | None = None

    def get(self, key: str) -> str | None:
        """The text under a key, None if there is none. Raises OSError where nothing can be kept."""
        if self.texts is None:
            raise OSError("the browser lets nothing be kept")
        return self.texts.get(key)

    def set(self, key: str, text: str) -> None:
        """Keep a text under a key. Raises OSError where nothing can be kept."""
        self.get(key)
        self.texts = {**(self.texts or {}), key: text}


class Player:
    """One game at a time."""

    def __init__(self, course: Course) -> None:
        wording.use(course.at("words.numbers"))
        self.course, self.file = course, course.read(PlayFile, "play")
        self.catalogue = Catalogue(self.file.server, course.models, course.gpus, course.workloads, course.calibrations)
        self.hands = {hand.id: hand for hand in self.file.hands}
        self.known: dict[tuple[str, int], list[Best]] = {}  # the last of each sweep that was begun
        self.sweeps: dict[tuple[str, int], Iterator[Best]] = {}
        self.places = Places()
        self.keeper = Keeper(self.places)
        self.open(json.dumps({}))

    # --- a game ---

    def open(self, asked: str) -> str:
        """A level and a seed: what the page needs before the first move."""
        wanted = json.loads(asked)
        levels = {level.id: level for level in self.file.levels}
        self.level = levels.get(wanted.get("level"), self.file.levels[0])
        seed = wanted.get("seed")
        self.seed = seed if isinstance(seed, int) and 0 < seed <= MOST_SEED else self.level.seed
        self.game = Game(self.level, self.catalogue, self.seed)
        self.watch = Watch(self.game)
        self.costs: Iterator[Cost] | None = None
        self.cost: Cost | None = None
        self.watch.look()
        hands = {id: self.value_text(id, self.game.set[id]) for id in self.level.hands}
        return json.dumps(
            {
                "level": self.level.id,
                "seed": self.seed,
                "title": self.level.title,
                "aim": wording.fill(self.level.aim, self.promises()),
                "legend": [self.say("reads"), self.say("writes")],
                "promise": self.say("promise", self.promises()),
                "places": PLACES,
                "hands": {id: {"value": self.game.set[id], "said": said} for id, said in hands.items()},
                "seen": self.seen(),
            }
        )

    def go(self, ticks: int) -> str:
        """So many ticks pass, or as many as are left."""
        left = round(self.level.seconds * TICKS_PER_S) - self.game.tick
        self.game.go(min(ticks, left))
        self.watch.look()
        return json.dumps(self.seen())

    def act(self, done: str) -> str:
        """The player has set a hand: {hand, value}."""
        move = json.loads(done)
        if move["hand"] != "flood" and move["value"] not in self.offered(move["hand"]):
            raise engine.PhysicsError(f"{move['hand']} can't be set to {move['value']}.")
        self.game.act(move["hand"], move["value"])
        self.watch.look()
        hand = "tap" if move["hand"] == "flood" else move["hand"]
        value = self.game.flow() if hand == "tap" else move["value"]
        said = self.value_text(hand, value)
        return json.dumps({"hand": hand, "said": said, "at": self.game.now_s, "seen": self.seen()})

    def describe(self) -> str:
        """How it stands, in a sentence."""
        return json.dumps({"described": self.described()})

    def end(self) -> str:
        """Time is up: all are answered, and what came of it is said."""
        tally = self.game.end()
        numbers = {**vars(tally), "points": tally.points}
        lines = [self.say("kept", numbers), self.say("late", numbers), self.say("turned", numbers)]
        lines.append(self.say("paid", numbers))
        asked = self.file.questions.get(self.level.id)
        options = [{"id": id, "text": text} for id, text in asked.options.items()] if asked else []
        return json.dumps(
            {
                "points": tally.points,
                "shown": wording.show(float(tally.points)),
                "score": self.say("score", numbers),
                "lines": lines,
                "question": asked.question if asked else None,
                "options": options,
            }
        )

    def keep(self, asked: str) -> str:
        """The record as the page finds it, {texts, mirror, played: a game or null}: what its places are to hold then, and
        the best own score of this level and traffic."""
        wanted = json.loads(asked)
        self.places.texts = wanted["texts"]
        self.keeper.heard(wanted["mirror"])
        record = self.keeper.read().reading.record
        if wanted["played"]:
            # A forged score stands aside, so that it can't be in a true one's way.
            known = ledger.add(replace(record, facts=self.games(record)), {"kind": ledger.PLAYED, **wanted["played"]})
            record = ledger.merge(known, record)
            self.keeper.keep(record)
        best = ledger.best(self.games(record), self.level.id, self.seed)
        said = best and wording.show(float(best["points"]))
        return json.dumps({**wanted, "made": self.places.texts, "best": said})

    def games(self, record: ledger.Record) -> tuple[ledger.Fact, ...]:
        """The games of a record that could have been."""
        return tuple(
            fact for fact in ledger.of_kind(record.facts, ledger.PLAYED) if oracles.understands(self.course, fact)
        )

    def answer(self, option: str) -> str:
        """The player has answered the question."""
        asked, (right, numbers) = self.file.questions[self.level.id], QUESTIONS[self.level.id](self.game)
        text = asked.right if option == right else asked.wrong
        said = wording.fill(text, {**numbers, "answer": asked.options[right]})
        return json.dumps({"right": option == right, "said": said})

    def judge(self) -> str:
        """A piece of the judgement: the next of what is played again. more: whether there is another."""
        best = self.sweep() if self.level.sweep else None
        if best and best.more:
            return json.dumps({"progress": self.say("sweeping", {"tried": best.tried}), "more": True})
        self.costs = self.costs or costliest(self.game, best.values if best else {})
        self.cost = next(self.costs, None) or self.cost
        if self.cost and self.cost.left:
            return json.dumps({"progress": self.say("looking", {"left": self.cost.left}), "more": True})
        said = self.best_said(best) if best else {}
        return json.dumps({"more": False, **said, **self.cost_said()})

    # --- words ---

    def sweep(self) -> Best:
        """The next fixed setting of this level and seed, if not all have been tried."""
        key = self.level.id, self.seed
        mine = self.known.setdefault(key, [])
        if not mine or mine[-1].more:
            steps = self.sweeps.setdefault(key, swept(self.level, self.catalogue, self.seed))
            mine[:] = [next(steps)]
        return mine[0]

    def best_said(self, best: Best) -> dict[str, Any]:
        """The best fixed setting, beside one's own game."""
        own = self.game.tally().points
        named = [f"{self.hands[hand].label} {self.value_text(hand, value)}" for hand, value in best.values.items()]
        numbers: dict[str, Number] = {
            "points": best.tally.points,
            "tried": best.tried,
            "setting": " · ".join(named),
            "own": own,
        }
        name = "best_beaten" if own > best.tally.points else "best"
        return {"best": self.say(name, numbers), "best_points": best.tally.points}

    def cost_said(self) -> dict[str, Any]:
        """What cost most, and where the lab shows why."""
        cost = self.cost
        if not cost or not (cost.decision or cost.omitted):
            return {"cost": self.say("no_cost")}
        if cost.decision:
            id, value, name = cost.decision.hand, cost.decision.value, "cost" if cost.instead is None else "instead"
        else:
            (id, value), name = cost.omitted or ("", 0.0), "omitted"
        hand = self.hands["tap" if id == "flood" else id]
        numbers: dict[str, Number] = {
            "at": clock(cost.decision.actions[0].tick / TICKS_PER_S) if cost.decision else "",
            "hand": hand.label,
            "value": self.say("flooded") if id == "flood" else self.value_text(id, value),
            "better": "" if cost.instead is None else self.value_text(id, cost.instead),
            "without": cost.points,
            "more": cost.points - self.game.tally().points,
        }
        return {"cost": self.say(name, numbers), "link": hand.address, "lesson": hand.lesson}

    def promises(self) -> dict[str, Number]:
        """What a level promises, in s."""
        return {"ttft_s": self.level.ttft_s, "tpot_s": self.level.tpot_s, "seconds": self.level.seconds}

    def say(self, name: str, numbers: Mapping[str, Number] | None = None) -> str:
        """A text of the game, filled in."""
        return self.course.say(f"play.said.{name}", None, numbers or {})

    def value_text(self, id: str, value: float) -> str:
        """What a hand is set to, in words."""
        hand: Hand = self.hands[id]
        if hand.choices is not None:
            return hand.choices[f"{value:g}"]
        return wording.united(wording.show(value), hand.unit or "").rstrip(wording.NO_BREAK)

    def offered(self, hand: str) -> tuple[float, ...]:
        """What a hand can be set to."""
        return self.hands[hand].values or tuple(float(value) for value in self.hands[hand].choices or ())

    def described(self) -> str:
        """How it stands, in a sentence: who waits, who sits, how the promise stands and where it is going."""
        servers = self.watch.working()
        p99_s = self.watch.ttft_s()
        numbers: dict[str, Number] = {
            "at": clock(self.game.now_s),
            "waiting": sum([server.outstanding - len(server.order) for server in servers]),
            "running": sum([len(server.order) for server in servers]),
            "seats": sum([server.settings.max_running for server in servers]),
            "nodes": len(servers),
            "memory": self.watch.memory(),
            "times": None if p99_s is None else p99_s / self.level.ttft_s,
            "points": self.watch.points(),
        }
        trend = self.say(("steady", "rising", "falling")[self.watch.direction()])
        return self.say("described" if p99_s is not None else "described_empty", {**numbers, "trend": trend})

    def seen(self) -> dict[str, Any]:
        """All that the page shows of this moment."""
        game, watch, now_s = self.game, self.watch, self.game.now_s
        surprise = self.level.surprise
        told = surprise.text if surprise and surprise.at_s <= now_s < surprise.at_s + 6 else ""
        nodes = watch.floor()
        for node in nodes:
            node["labels"] = self.labels(node)
        return {
            "at": now_s,
            "left": clock(max(0.0, self.level.seconds - now_s)),
            "over": now_s >= self.level.seconds,
            "nodes": nodes,
            "dials": self.dials(),
            "done": watch.done,
            "turned": len(game.turned),
            "surprise": told,
            "points": wording.show(float(watch.points())),
        }

    def labels(self, node: Mapping[str, Any]) -> list[str]:
        """What is written beside the queue, the seats and the memory of a node, and how long a step takes."""
        numbers: dict[str, Number] = {
            "waiting": len(node["queue"]),
            "running": len(node["seats"]) // 4,
            "seats": node["most"],
            "memory": node["used"],
            "step_s": node.get("step_ms", 0) / 1000,
            "warm": max(0.0, node.get("warm", 0.0)),
        }
        if node["state"] not in ("on", "leaving"):
            return [self.say(f"node_{node['state']}", numbers)]
        said = [self.say(f"label_{name}", numbers) for name in ("queue", "seats", "memory")]
        return [*said, self.say("label_step", numbers) if numbers["step_s"] else ""]

    def dials(self) -> dict[str, dict[str, Any]]:
        """Each dial: its text, its height on the strip as a share, whether it is well (ok, warn, fail)."""
        watch, level = self.watch, self.level
        ttft_s, tpot_s, memory = watch.ttft_s(), watch.tpot_s(), watch.memory()
        kept, tokens = watch.kept_per_s(), watch.tokens_per_s()
        nodes = max(1, len(watch.working()))
        gpu_s = self.game.paid_gpu_s(self.game.now_s)
        return {
            "ttft": promised(ttft_s, level.ttft_s),
            "tpot": promised(tpot_s, level.tpot_s),
            "kept": {"text": self.say("per_s", {"rate": kept}), "share": kept / (4 * nodes), "state": "ok"},
            "tokens": {"text": wording.show(tokens, "n"), "share": tokens / (1000 * nodes), "state": "ok"},
            "memory": {"text": wording.show(memory, "pct"), "share": memory, "state": state_of(memory)},
            "cost": {"text": self.say("gpu_s", {"gpu_s": gpu_s}), "share": gpu_s / self.most_gpu_s(), "state": "ok"},
        }

    def most_gpu_s(self) -> float:
        """What the strip of the cost ends at."""
        return self.level.seconds * self.file.server.gpus * (self.level.nodes + 1)


def promised(value_s: float | None, limit_s: float) -> dict[str, Any]:
    """The dial of a promise: its strip ends at twice the limit."""
    share = 0.0 if value_s is None else value_s / limit_s
    return {"text": wording.show(value_s, "time"), "share": share / 2, "state": state_of(share, 1.0)}


def state_of(share: float, limit: float = FULL) -> str:
    """Whether a dial is well."""
    return "fail" if share > limit else "warn" if share > TIGHT else "ok"


def clock(seconds: float) -> str:
    """A time as a clock shows it, the second that has begun counted whole."""
    whole = -(-round(seconds * TICKS_PER_S) // TICKS_PER_S)
    return f"{whole // 60}:{whole % 60:02}"


def begin(language: str) -> Player:
    """The page's other half, in a language that the site was built in."""
    return Player(shipped.plain(language))
