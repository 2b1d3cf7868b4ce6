"""The game in Python alone: it is the engine's run when nobody touches it, and itself when it is played again."""

import json
import math
from random import Random

import pytest

import engine
from content.game import Level, PlayFile, Stream, most_points
from play.game import TICKS_PER_S, Action, Catalogue, Game, fixed, played
from play.judge import QUESTIONS, costliest, decisions, swept
from play.thread import Player
from play.traffic import Source
from play.watch import Watch
from record import ledger
from record.keeper import OWN_KEY, PLACES
from runs import oracles
from tests import lab as native
from tools import bundle, prerender

COURSE = native.shipped()
FILE = COURSE.read(PlayFile, "play")
CATALOGUE = Catalogue(FILE.server, COURSE.models, COURSE.gpus, COURSE.workloads, COURSE.calibrations)
LEVELS = {level.id: level for level in FILE.levels}
SHORT = {level.id: Level(**{**vars(level), "seconds": min(30.0, level.seconds)}) for level in FILE.levels}
SEATS = (1, 2, 4, 8, 16, 32, 64, 256)


def anyhow(chance: Random) -> Level:
    """A level with settings and traffic at random, whose surprises are traffic alone."""
    start = {
        "tap": chance.choice((0.25, 1.0, 2.0, 4.0)),
        "seats": float(chance.choice(SEATS)),
        "bits": chance.choice((8.0, 16.0)),
        "policy": float(chance.random() < 0.5),
        "prefix": float(chance.random() < 0.5),
        "cap": chance.choice((0.0, 2000.0, 4000.0)),
        "admit": 0.0,
        "spare": 0.0,
    }
    chat = Stream(workload="azure-2023-conversation", curve=((0, 1), (5, 3), (8, 0), (12, 1)), system_tokens=800)
    streams = (
        chat if chance.random() < 0.5 else LEVELS["queue"].streams[0],
        Stream(workload="documents-4096", curve=((0, 0.1), (20, 0.3))),
    )
    nodes = chance.choice((1, 1, 2))
    return Level(**{**vars(LEVELS["free"]), "start": start, "streams": streams, "nodes": nodes, "seconds": 12.0})


def batch(game: Game) -> engine.Run:
    """The engine's own run of a game's requests, all known from the start."""
    costs, blocks, pages = game.costs()
    if game.level.nodes == 1:
        return engine.simulate(costs, game.settings(), game.requests, blocks, pages=pages)
    return engine.simulate_fleet(costs, game.settings(), game.requests, blocks, game.level.nodes, pages=pages)


def in_order(game: Game, name: str) -> list[float]:
    """A time of each request of a game, in the order in which they came."""
    found = [math.nan] * len(game.requests)
    for life in game.fleet.lives:
        for number, value in zip(life.sent, getattr(life.server.run, name), strict=True):
            if not math.isnan(value):
                found[number] = value
    return found


@pytest.mark.parametrize("seed", range(200))
def test_what_nobody_touches_is_the_engines_run(seed: int) -> None:
    chance = Random(seed)
    game = Game(anyhow(chance), CATALOGUE, 1 + seed)
    while game.now_s < game.level.seconds:
        game.go(chance.choice((1, 1, 2, 7, 40)))
    game.end()
    run = batch(game)
    for name in ("start_s", "first_s", "last_s"):
        assert in_order(game, name) == pytest.approx(getattr(run, name), rel=1e-9)
    for name in ("preemptions", "outputs", "hit_tokens", "looked_up_tokens", "computed_tokens"):
        assert sum(getattr(life.server.run, name) for life in game.fleet.lives) == getattr(run, name), name


def moves(level: Level, chance: Random, count: int) -> list[Action]:
    """What somebody may do, at random moments."""
    hands = {hand.id: hand.values or tuple(map(float, hand.choices or ())) for hand in FILE.hands}
    ticks = sorted(chance.randrange(round(level.seconds * TICKS_PER_S)) for _ in range(count))
    return [Action(tick, hand, chance.choice(hands[hand])) for tick in ticks for hand in [chance.choice(level.hands)]]


def touched(level: Level, seed: int, done: list[Action], chance: Random) -> Game:
    """A game in which all this is done, seen now and then as a page sees it."""
    game = Game(level, CATALOGUE, seed)
    watch = Watch(game)
    for action in done:
        while game.tick < action.tick:
            game.go(min(action.tick - game.tick, chance.choice((1, 1, 5))))
            watch.look()
            watch.floor()
        game.act(action.hand, action.value)
    while game.now_s < level.seconds:
        game.go(1)
        watch.look()
    game.end()
    return game


@pytest.mark.parametrize("name", LEVELS)
@pytest.mark.parametrize("seed", range(6))
def test_what_was_done_done_again_is_the_same_game(name: str, seed: int) -> None:
    """Whether anybody looks or not, and however often."""
    chance, level = Random(seed), SHORT[name]
    if level.surprise:
        surprise = type(level.surprise)(**{**vars(level.surprise), "at_s": 12.0})
        level = Level(**{**vars(level), "surprise": surprise})
    game = touched(level, 1 + seed, moves(level, chance, 12), chance)
    again = played(level, CATALOGUE, 1 + seed, game.actions)
    assert again.requests == game.requests and again.turned == game.turned
    assert in_order(again, "last_s") == pytest.approx(in_order(game, "last_s"), rel=1e-9)
    assert again.tally().points == game.tally().points
    assert again.tally().gpu_s == pytest.approx(game.tally().gpu_s)
    assert all(last_s < math.inf for last_s in in_order(game, "last_s"))


def test_a_level_begun_with_a_setting_is_one_in_which_it_is_set_at_once() -> None:
    for name, hand, value in (
        ("wall", "bits", 8.0),
        ("wall", "seats", 32.0),
        ("both", "spare", 1.0),
        ("queue", "tap", 2.0),
    ):
        begun = played(fixed(LEVELS[name], **{hand: value}), CATALOGUE, 3, [])
        done = played(LEVELS[name], CATALOGUE, 3, [Action(0, hand, value)])
        assert begun.tally() == done.tally()


# --- traffic ---


def test_as_many_come_as_the_curve_and_the_tap_ask_for() -> None:
    """Over many seeds the mean is the area under the curve, and the counts vary as a Poisson process does."""
    stream = Stream(workload="azure-2023-conversation", curve=((0, 0), (10, 4), (20, 0)))
    counts = []
    for seed in range(1, 401):
        source = Source(stream, COURSE.workloads[stream.workload], seed, 8192, 20.0)
        count, halved = 0, False
        while (due_s := source.due_s(20.0 if halved else 10.0)) < math.inf or not halved:
            if due_s == math.inf:
                source.turn(0.5, 10.0)
                halved = True
                continue
            source.take(due_s, lambda: False)
            count += 1
        counts.append(count)
    mean = sum(counts) / len(counts)
    variance = sum((count - mean) ** 2 for count in counts) / len(counts)
    assert mean == pytest.approx(20 + 10, abs=4 * math.sqrt(30 / 400))
    assert variance == pytest.approx(30, rel=0.3)


def test_the_nth_request_of_a_seed_is_the_same_whatever_the_tap() -> None:
    lengths = []
    for tap in (0.5, 4.0):
        game = played(fixed(LEVELS["queue"], tap=tap), CATALOGUE, 5, [])
        lengths.append([(request.prompt_tokens, request.output_tokens) for request in game.requests])
    slow, fast = lengths
    assert 10 < len(slow) < len(fast) and fast[: len(slow)] == slow


# --- what the player does is felt ---


def test_admission_keeps_the_queue_short_and_the_cap_long_prompts_out() -> None:
    flood = {"seats": 4.0}
    for admit in (2.0, 8.0):
        game = Game(fixed(LEVELS["wall"], admit=admit, **flood), CATALOGUE, 1)
        longest = 0
        while game.now_s < 40:
            game.go(1)
            server = game.fleet.lives[0].server
            longest = max(longest, server.outstanding - len(server.order))
        assert longest == admit and game.turned
    game = played(fixed(LEVELS["wall"], cap=2000.0), CATALOGUE, 1, [])
    assert game.turned and max(request.prompt_tokens for request in game.requests) <= 2000


def test_half_the_bits_are_half_the_memory() -> None:
    game = Game(fixed(LEVELS["wall"], seats=32.0), CATALOGUE, 1)
    game.go(30 * TICKS_PER_S)
    before = game.fleet.lives[0].server.blocks
    game.act("bits", 8.0)
    game.go(TICKS_PER_S)
    assert game.fleet.lives[0].server.blocks == pytest.approx(2 * before, abs=1)


def test_a_further_node_is_paid_from_its_order_and_answers_when_it_is_warm() -> None:
    warm_s = FILE.server.warm_s
    game = Game(fixed(LEVELS["both"], seats=32.0, bits=8.0), CATALOGUE, 1)
    game.go(5 * TICKS_PER_S)
    game.act("spare", 1.0)
    game.go(round((warm_s - 1) * TICKS_PER_S))
    assert len(game.fleet.alive) == 2
    assert game.paid_gpu_s(game.now_s) == pytest.approx(2 * (2 * game.now_s + warm_s - 1))
    game.go(2 * TICKS_PER_S)
    assert len(game.fleet.alive) == 3
    game.go(5 * TICKS_PER_S)
    assert game.fleet.lives[2].sent
    game.act("spare", 0.0)
    game.go(45 * TICKS_PER_S)
    paid = game.paid_gpu_s(game.now_s)
    last_s = max(game.fleet.lives[2].server.run.last_s)
    assert game.nodes[2].retired_s < last_s < game.now_s
    lost_s = max(0.0, game.now_s - 50)  # of the node that the level loses
    assert paid == pytest.approx(2 * (2 * game.now_s - lost_s + last_s - 5))


def test_a_node_given_back_before_it_is_warm_never_answers() -> None:
    game = Game(LEVELS["both"], CATALOGUE, 1)
    game.act("spare", 1.0)
    game.go(2 * TICKS_PER_S)
    game.act("spare", 0.0)
    game.go(40 * TICKS_PER_S)
    assert len(game.fleet.lives) == 2
    assert game.paid_gpu_s(game.now_s) == pytest.approx(2 * (2 * game.now_s + 2))


def test_what_a_lost_node_had_is_answered_by_the_other() -> None:
    game = played(LEVELS["both"], CATALOGUE, 1, [])
    lost = game.fleet.lives[0]
    left = [number for number, last_s in zip(lost.sent, lost.server.run.last_s, strict=True) if math.isnan(last_s)]
    assert left and set(left) <= set(game.fleet.lives[1].sent)
    assert game.tally().kept + game.tally().late == len(game.requests)


def test_a_hand_that_the_level_doesnt_offer_is_refused() -> None:
    with pytest.raises(engine.PhysicsError):
        Game(LEVELS["queue"], CATALOGUE, 1).act("seats", 4.0)
    with pytest.raises(engine.PhysicsError):
        Game(LEVELS["wall"], CATALOGUE, 1).act("flood", 1.0)


# --- the dials ---

CAPACITY_SHARES = (0.70, 0.85, 0.95, 1.05)


def test_the_dials_p99_is_that_of_the_requests_in_its_window() -> None:
    game = Game(fixed(LEVELS["queue"], tap=2.0), CATALOGUE, 2)
    watch = Watch(game)
    for _ in range(50 * TICKS_PER_S):
        game.go(1)
        watch.look()
        run, now_s = game.fleet.lives[0].server.run, game.now_s
        inside = [f - r.arrival_s for f, r in zip(run.first_s, run.requests, strict=True) if now_s - 20 <= f <= now_s]
        assert watch.ttft_s() == engine.percentile(inside, 99)


def test_a_knee_can_be_felt() -> None:
    """The dial at the end of a minute, over some seeds, against batch runs of other seeds at the same share of capacity."""
    level = Level(
        **{**vars(LEVELS["queue"]), "streams": (Stream(workload="azure-2023-conversation", curve=((0, 1),)),)}
    )
    flooded = played(fixed(level, tap=20.0), CATALOGUE, 1, [])
    capacity = len(flooded.requests) / max(flooded.fleet.lives[0].server.run.last_s)
    medians = []
    for share in CAPACITY_SHARES:
        dials, batches = [], []
        for seed in range(1, 10):
            game = Game(fixed(level, tap=share * capacity), CATALOGUE, seed)
            watch = Watch(game)
            while game.now_s < level.seconds:
                game.go(1)
                watch.look()
            dials.append(watch.ttft_s() or 0.0)
            other = played(fixed(level, tap=share * capacity), CATALOGUE, 100 + seed, [])
            run = batch(other)
            late = [f - r.arrival_s for f, r in zip(run.first_s, run.requests, strict=True) if 40 <= f <= 60]
            batches.append(engine.percentile(late, 99) or 0.0)
        median = sorted(dials)[4]
        assert min(batches) <= median <= max(batches), share
        medians.append(median)
    assert medians == sorted(medians) and medians[-1] > 4 * medians[0]


# --- the judgement ---


def test_the_best_fixed_setting_is_as_good_as_said_and_better_than_the_start() -> None:
    for name in ("queue", "wall"):
        *_, best = swept(LEVELS[name], CATALOGUE, 1)
        again = played(fixed(LEVELS[name], **best.values), CATALOGUE, 1, [])
        assert again.tally() == best.tally and not best.more
        assert best.tally.points > played(LEVELS[name], CATALOGUE, 1, []).tally().points
    level = LEVELS["queue"]
    every = [played(fixed(level, tap=tap), CATALOGUE, 1, []).tally().points for tap in (level.sweep or {})["tap"]]
    *_, best = swept(level, CATALOGUE, 1)
    assert best.tally.points == max(every)


def test_a_blunder_is_found_to_cost_most() -> None:
    level = LEVELS["wall"]
    done = [Action(100, "bits", 8.0), Action(160, "seats", 40.0), Action(600, "seats", 2.0)]
    game = played(level, CATALOGUE, 1, done)
    *_, cost = costliest(game, {})
    assert cost.decision and cost.decision.actions == (done[2],)
    assert cost.points == played(level, CATALOGUE, 1, done[:2]).tally().points > game.tally().points


def test_a_move_that_was_better_than_none_can_still_cost_most() -> None:
    level, done = LEVELS["queue"], [Action(100, "tap", 4.0)]
    game = played(level, CATALOGUE, 1, done)
    *_, best = swept(level, CATALOGUE, 1)
    *_, cost = costliest(game, best.values)
    assert cost.decision and cost.decision.actions == (done[0],)
    other = [Action(100, "tap", best.values["tap"])] if cost.instead is not None else []
    assert cost.points == played(level, CATALOGUE, 1, other).tally().points > game.tally().points
    worse = played(level, CATALOGUE, 1, [Action(100, "tap", 2.5)])  # more than what the level begins with brings
    assert worse.tally().points >= played(level, CATALOGUE, 1, []).tally().points
    *_, cost = costliest(worse, best.values)
    assert cost.instead == best.values["tap"] and cost.points > worse.tally().points


def test_what_nobody_set_can_cost_most() -> None:
    game = played(LEVELS["wall"], CATALOGUE, 1, [Action(20, "seats", 40.0)])
    *_, cost = costliest(game, {"seats": 40.0, "bits": 8.0})
    assert cost.omitted == ("bits", 8.0)


def test_a_slider_that_is_dragged_is_one_decision_and_so_is_a_flood() -> None:
    dragged = [Action(tick, "tap", tick / 10) for tick in (10, 12, 15)]
    flood = [Action(40, "flood", 1.0), Action(100, "tap", 2.0), Action(160, "flood", 0.0)]
    found = decisions([*dragged, *flood])
    assert [(each.hand, each.value, len(each.actions)) for each in found] == [
        ("tap", 1.5, 3),
        ("flood", 1.0, 2),
        ("tap", 2.0, 1),
    ]


@pytest.mark.parametrize("name", QUESTIONS)
def test_each_question_has_one_right_answer_whatever_was_played(name: str) -> None:
    chance = Random(name)
    found = set()
    for seed in range(1, 5):
        game = played(LEVELS[name], CATALOGUE, seed, moves(LEVELS[name], chance, 5))
        found.add(QUESTIONS[name](game)[0])
    assert len(found) == 1 and found <= set(FILE.questions[name].options)
    assert set(FILE.questions) == set(QUESTIONS)


# --- the page's other half ---


def opened(name: str, **more: object) -> Player:
    player = Player(COURSE)
    player.open(json.dumps({"level": name, **more}))
    return player


@pytest.mark.parametrize("name", LEVELS)
def test_all_that_is_seen_is_json_that_the_painter_can_read(name: str) -> None:
    player = opened(name)
    for hand in LEVELS[name].hands:
        player.act(json.dumps({"hand": hand, "value": player.offered(hand)[-1]}))
        seen = json.loads(player.go(60))
        for node in seen["nodes"]:
            assert len(node["seats"]) % 4 == 0 and len(node["labels"]) in (1, 4)
            sitting = node["seats"][1::4]
            assert len(set(node["seats"][0::4])) == len(sitting) == len(set(sitting))
            assert set(node["cells"]) <= {-1, *sitting}
            held = sum(cell >= 0 for cell in node["cells"])
            if node["cells"]:
                assert held == pytest.approx(node["used"] * len(node["cells"]), abs=len(sitting) + 1)


def test_nonsense_in_an_address_opens_the_first_level() -> None:
    for asked in ({}, {"level": "x"}, {"level": 3, "seed": "1"}, {"seed": -1}, {"seed": 10**9}):
        said = json.loads(Player(COURSE).open(json.dumps(asked)))
        assert (said["level"], said["seed"]) == ("queue", LEVELS["queue"].seed)
    assert json.loads(Player(COURSE).open(json.dumps({"level": "wall", "seed": 77})))["seed"] == 77


def test_five_seconds_at_once_show_the_tokens_that_were_written_in_them() -> None:
    game = Game(LEVELS["queue"], CATALOGUE, 1)
    watch = Watch(game)
    watch.look()
    written = 0.0
    for _ in range(4):
        game.go(5 * TICKS_PER_S)
        watch.look()
        run, server = game.fleet.lives[0].server.run, game.fleet.lives[0].server
        done = [request.output_tokens for request, last in zip(run.requests, run.last_s, strict=True) if last == last]
        under_way = [server.cached(i) - run.requests[i].prompt_tokens for i in server.decoding]
        before, written = written, math.fsum([*done, *under_way])
        assert watch.tokens_per_s() == pytest.approx((written - before) / 5) and written > before


def test_while_the_tap_is_held_open_its_label_says_what_comes() -> None:
    player = opened("queue")
    before = LEVELS["queue"].start["tap"]
    said = [json.loads(player.act(json.dumps({"hand": "flood", "value": on}))) for on in (1, 0)]
    assert [(each["hand"], float(each["said"])) for each in said] == [("tap", 3 * before), ("tap", before)]


def test_a_value_that_isnt_offered_is_refused() -> None:
    with pytest.raises(engine.PhysicsError):
        opened("wall").act(json.dumps({"hand": "seats", "value": 10**9}))


def test_how_it_stands_is_said_in_the_numbers_of_the_moment() -> None:
    player = opened("queue")
    player.act(json.dumps({"hand": "tap", "value": 8}))
    player.go(15 * TICKS_PER_S)
    server = player.game.fleet.lives[0].server
    said = json.loads(player.describe())["described"]
    assert f"{server.outstanding - len(server.order)} wait, {len(server.order)} of 16 seats" in said
    trend = ("steady", "rising", "falling")[player.watch.direction()]
    assert trend in said and "0:15" in said


@pytest.mark.parametrize(("name", "made"), [("run", prerender.playing), ("size", prerender.sizing)])
def test_no_word_of_a_page_is_left_unsaid(name, made) -> None:
    html = made(native.CONTENT.parent / f"{name}.html", bundle.read_content(native.CONTENT), {})
    assert "data-say" not in html and 'data-other="' in html


def test_every_instrument_that_a_move_leads_to_is_in_the_lab() -> None:
    html = prerender.render(native.CONTENT.parent, bundle.read_content(native.CONTENT))
    assert all(f'id="{hand.address}"' in html for hand in FILE.hands)


# --- the best own score, a fact of the learner's record ---


def told(player: Player, texts: dict[str, str | None] | None, points: int | None, **at: object) -> dict[str, object]:
    """What the thread makes of the record's places as a page has them, after a game of so many points."""
    played = {"level": "queue", "seed": 1, "points": points, "at": native.AT} | at
    asked = {"texts": texts, "mirror": None, "played": None if points is None else played}
    made: dict[str, object] = json.loads(player.keep(json.dumps(asked)))
    return made


def games(made: dict[str, object]) -> list[int]:
    texts = made["made"]
    assert isinstance(texts, dict)
    return [fact["points"] for fact in ledger.read_own(texts[OWN_KEY]).record.facts]


def test_the_best_own_score_goes_into_the_record() -> None:
    player = Player(COURSE)
    first = told(player, dict.fromkeys(PLACES), 300)
    assert first["best"] == "300" and games(first) == [300]
    texts = first["made"]
    worse = told(player, texts, 200)  # type: ignore[arg-type]
    assert worse["best"] == "300" and worse["made"] == texts
    better = told(player, texts, 400)  # type: ignore[arg-type]
    assert better["best"] == "400" and sorted(games(better)) == [300, 400]
    player.open(json.dumps({"level": "queue", "seed": 2}))
    assert told(player, better["made"], None)["best"] is None  # type: ignore[arg-type]


def test_a_score_beside_the_lab_s_own_facts_leaves_them_as_they_are() -> None:
    walked = native.walked(until=1).record
    texts = {**dict.fromkeys(PLACES), OWN_KEY: ledger.own_text(walked)}
    made = told(Player(COURSE), texts, 300)["made"]
    assert isinstance(made, dict)
    kept = ledger.read_own(made[OWN_KEY]).record
    assert set(map(str, walked.facts)) < set(map(str, kept.facts)) and kept.settings == walked.settings


def test_a_score_that_no_level_brings_stands_aside() -> None:
    forged = ledger.add(
        ledger.Record(), {"kind": "played", "level": "queue", "seed": 1, "points": 10**9, "at": native.AT}
    )
    texts = {**dict.fromkeys(PLACES), OWN_KEY: ledger.own_text(forged)}
    made = told(Player(COURSE), texts, 300)
    assert made["best"] == "300" and sorted(games(made)) == [300, 10**9]


def test_where_nothing_can_be_kept_the_best_score_lives_as_long_as_the_page() -> None:
    player = Player(COURSE)
    assert told(player, None, 300)["made"] is None
    assert told(player, None, None)["best"] == "300"


def test_a_record_that_cannot_be_read_is_put_aside_before_a_score_is_kept() -> None:
    made = told(Player(COURSE), {**dict.fromkeys(PLACES), OWN_KEY: "{spoilt"}, 300)["made"]
    assert isinstance(made, dict)
    assert "{spoilt" in [made[place] for place in PLACES[1:]] and ledger.read_own(made[OWN_KEY]).record.facts


@pytest.mark.parametrize("level", [level for level in LEVELS.values() if level.sweep], ids=lambda level: level.id)
def test_no_fixed_setting_comes_near_what_is_said_to_be_impossible(level: Level) -> None:
    *_, best = swept(level, CATALOGUE, level.seed)
    fact = {"kind": "played", "level": level.id, "seed": level.seed, "points": best.tally.points, "at": native.AT}
    assert oracles.understands(COURSE, fact) and 2 * best.tally.points < most_points(FILE, level)
    for wrong in ({"points": most_points(FILE, level) + 1}, {"seed": 10**6}, {"seed": 0}, {"level": "none"}):
        assert not oracles.understands(COURSE, fact | wrong)
