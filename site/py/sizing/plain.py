"""A question as plain data, for a file, a link or a page: read with a true sentence for each mistake, and written again."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import engine
from sizing.question import ENGINES, REPLICA_GPUS, SERVER_GPUS, Allowed, Catalogue, Design, Promise, Question, runs_on
from sizing.traffic import Traffic, busiest_per_s, lengths_of, moments

LONGEST_TOKENS, MOST_RATE, MOST_USERS, MOST_GPUS, HOURS = 1_000_000, 1e5, 1_000_000, 1024, 24
DEFAULT_LONGEST = 32_768


class AskError(engine.PhysicsError):
    """A question can't be read. `name` says which sentence tells why (content, size.toml, [refusals]), `facts` what of."""

    def __init__(self, name: str, **facts: str | float) -> None:
        self.name, self.facts = (
            name,
            {key: _short(value, LISTED if key == "known" else NAMED) for key, value in facts.items()},
        )
        super().__init__(" ".join([name, *(f"{key}={value}" for key, value in self.facts.items())]))


NAMED, LISTED = 60, 300  # letters of a fact in a sentence, and of a list of what is known


def _short(value: str | float, most: int) -> str:
    return engine.shown(value if isinstance(value, str) else f"{value:.12g}", most)


@dataclass(frozen=True)
class Table:
    """A table of a question with the path that its mistakes name."""

    path: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, path: str, value: object, known: Collection[str]) -> Table:
        """The table that `value` is. Raises AskError if it is none, or has a key that isn't known."""
        if not isinstance(value, Mapping):
            raise AskError("no_table", key=path or "the question")
        for key in value:
            if key not in known:
                raise AskError("unknown_key", key=_joined(path, str(key)), known=", ".join(sorted(known)))
        return cls(path, value)

    def number(self, key: str, least: float, most: float, default: float | None = None) -> float:
        """A number within bounds; the default where there is none. Raises AskError."""
        value = self.values.get(key)
        if value is None and default is not None:
            return default
        where = _joined(self.path, key)
        if value is None:
            raise AskError("needed", key=where)
        if not _is_number(value):
            raise AskError("no_number", key=where, found=str(value))
        if not least <= value <= most:
            raise AskError("out_of_range", key=where, found=float(value), least=least, most=most)
        return float(value)

    def whole(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number within bounds."""
        value = self.number(key, least, most, default)
        if value != int(value):
            raise AskError("not_whole", key=_joined(self.path, key), found=value)
        return int(value)

    def limit(self, key: str, most: float) -> float | None:
        """A number above zero, None where nothing is said."""
        return None if self.values.get(key) is None else self.number(key, 1e-6, most)

    def one(self, key: str, known: Collection[str], default: str | None = None) -> str:
        """One of some names."""
        return named(_joined(self.path, key), self.values.get(key, default), known)

    def several(self, key: str, known: Sequence[Any], default: Sequence[Any]) -> tuple[Any, ...]:
        """Some of a few values, in their order, at least one; a single one may stand alone."""
        value, where = self.values.get(key), _joined(self.path, key)
        if value is None:
            return tuple(default)
        listed = value if isinstance(value, list | tuple) else [value]
        for each in listed:
            if isinstance(each, bool) or each not in known:
                raise AskError("unknown_name", key=where, found=str(each), known=_near(str(each), known))
        if not listed:
            raise AskError("needed", key=where)
        return tuple(each for each in known if each in listed)


def _is_number(value: object) -> bool:
    """Whether this is a number that a float can hold."""
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def named(where: str, value: object, known: Collection[str]) -> str:
    """A name that is known. Raises AskError with those that are near."""
    if value is None:
        raise AskError("needed", key=where)
    if not isinstance(value, str) or value not in known:
        raise AskError("unknown_name", key=where, found=str(value), known=_near(str(value), known))
    return value


def _near(found: str, known: Collection[Any]) -> str:
    names = [str(each) for each in known]
    return ", ".join(difflib.get_close_matches(found, names, n=4, cutoff=0.3) or names[:12])


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


QUESTION = ("model", "traffic", "promise", "allowed", "prices", "spare", "routing", "utilization", "kg_per_kwh")
TRAFFIC = ("workload", "trace", "prompt", "output", "rate_per_s", "users", "cv", "daily", "longest_tokens")
DESIGN = (
    "gpu",
    "replicas",
    "gpus_per_replica",
    "attention_groups",
    "engine",
    "weight_bits",
    "kv_bits",
    "seats",
    "token_budget",
)
TOLD = {  # what an answer says of its design beside it: not read again
    *(
        "gpus",
        "servers",
        "state",
        "promises",
        "binds",
        "capacity_share",
        "memory",
        "cost",
        "known_from",
        "carried_over",
    ),
    "figures",
}


def question_from(
    plain: object, catalogue: Catalogue, recorded: Sequence[engine.Request] = (), default_gpus: Sequence[str] = ()
) -> Question:
    """The question that plain data asks, with the requests of a file if it has one. Raises AskError, and engine.ConfigError for
    a config.json in place of a model's name.

    default_gpus: what may be used where the question doesn't say.
    """
    table = Table.of("", plain, QUESTION)
    model = model_from(table.values.get("model"), catalogue)
    allowed = _allowed(table.values.get("allowed", {}), catalogue, default_gpus)
    traffic = _traffic(table.values.get("traffic"), catalogue, model, recorded)
    promise = _promise(table.values.get("promise", {}))
    if promise.tpot_s and moments(traffic, promise.percent).output <= 1:
        raise AskError("no_further", key="promise.tpot_s")
    asked = traffic.rate_per_s * moments(traffic, promise.percent).output
    if promise.tokens_per_s and 0 < asked < promise.tokens_per_s:
        raise AskError("few_tokens", key="promise.tokens_per_s", found=round(promise.tokens_per_s), most=round(asked))
    return Question(
        model=model,
        traffic=traffic,
        promise=promise,
        allowed=allowed,
        prices=_prices(table.values.get("prices", {}), allowed, catalogue),
        spare=table.whole("spare", 0, 16, 0),
        routing=table.one("routing", engine.ROUTINGS, "least_outstanding"),
        utilization=table.number("utilization", 0.1, 1.0, 0.9),
        kg_per_kwh=table.number("kg_per_kwh", 0.0, 2.0, 0.0),
    )


def model_from(value: object, catalogue: Catalogue) -> engine.Model:
    """A model by its name, or from a config.json as an object. Raises AskError and engine.ConfigError."""
    if isinstance(value, Mapping):
        import json

        return engine.model_from_config(json.dumps(value))
    return catalogue.models[named("model", value, catalogue.models)]


def _traffic(value: object, catalogue: Catalogue, model: engine.Model, recorded: Sequence[engine.Request]) -> Traffic:
    table = Table.of("traffic", value, TRAFFIC)
    longest = table.whole("longest_tokens", 2, LONGEST_TOKENS, min(DEFAULT_LONGEST, model.max_context_tokens))
    if longest > model.max_context_tokens:  # a plan for what no engine starts with is none
        most = model.max_context_tokens
        raise AskError("past_context", key="traffic.longest_tokens", model=model.name, most=most, found=longest)
    if (named_file := table.values.get("trace")) is not None and not recorded:
        raise AskError("trace_needed", found=str(named_file))
    users = table.whole("users", 0, MOST_USERS, 0)
    own = busiest_per_s(recorded) if recorded and not users else 0.0
    rate = table.number("rate_per_s", 0.0, MOST_RATE, own)
    if (rate > 0) == (users > 0):
        raise AskError("rate_or_users", rate="traffic.rate_per_s", users="traffic.users")
    if recorded and not users and recorded[-1].arrival_s == recorded[0].arrival_s:
        raise AskError("trace_moment")  # no pace makes a rate of it
    return Traffic(
        workload=_workload(table, catalogue, bool(recorded)),
        longest_tokens=longest,
        rate_per_s=rate,
        users=users,
        cv=table.number("cv", 1.0, 10.0, 1.0),
        daily=_daily(table.values.get("daily", ())),
        recorded=_cut(recorded, longest),
        cut=sum(each.prompt_tokens + each.output_tokens > longest for each in recorded),
    )


def _cut(recorded: Sequence[engine.Request], longest: int) -> tuple[engine.Request, ...]:
    """Recorded requests as a server takes them that has a longest sequence: the answer keeps at most half of it."""
    found = []
    for request in recorded:
        prompt, output = engine.cut(request.prompt_tokens, request.output_tokens, longest)
        whole = prompt == request.prompt_tokens
        prefix = request.prefix if whole else ()
        found.append(request._replace(prompt_tokens=prompt, output_tokens=output, prefix=prefix))
    return tuple(found)


def _workload(table: Table, catalogue: Catalogue, recorded: bool) -> engine.Workload:
    own = [key for key in ("prompt", "output") if key in table.values]
    if not own:
        if recorded:
            return next(iter(catalogue.workloads.values()))  # its lengths are not used
        return catalogue.workloads[table.one("workload", catalogue.workloads)]
    prompt, output = (_lengths(f"traffic.{key}", table.values.get(key)) for key in ("prompt", "output"))
    return engine.Workload("own", "own", prompt, output)


def _lengths(path: str, value: object) -> engine.Quantiles:
    """A table of lengths from a mean and a 99th percentile, or from one number for all."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = {"mean": value, "p99": value}
    table = Table.of(path, value, ("mean", "p99"))
    mean = table.number("mean", 1, LONGEST_TOKENS)
    try:
        return lengths_of(mean, table.number("p99", 1, LONGEST_TOKENS, mean))
    except engine.PhysicsError as mistake:
        raise AskError("tail", key=path, mean=mean, found=table.number("p99", 1, LONGEST_TOKENS, mean)) from mistake


def _daily(value: object) -> tuple[float, ...]:
    """The load of each hour as a share of the busiest, from any numbers that stand in that relation."""
    if not isinstance(value, list | tuple) or len(value) not in (0, HOURS):
        raise AskError("daily", found=str(len(value)) if isinstance(value, list | tuple) else str(value))
    table = Table("traffic.daily", {str(hour): each for hour, each in enumerate(value)})
    numbers = [table.number(str(hour), 0.0, 1e12) for hour in range(len(value))]
    most = max(numbers, default=0.0)
    if numbers and not most:
        raise AskError("daily", found="0")
    return tuple(each / most for each in numbers)


def _promise(value: object) -> Promise:
    table = Table.of("promise", value, [field.name for field in fields(Promise)])
    percent = table.whole("percent", 50, 99, 99)
    if percent not in (50, 90, 95, 99):
        raise AskError("percent", found=percent)
    return Promise(
        percent,
        ttft_s=table.limit("ttft_s", 3600),
        tpot_s=table.limit("tpot_s", 60),
        e2e_s=table.limit("e2e_s", 86400),
        tokens_per_s=table.limit("tokens_per_s", 1e9),
    )


def _allowed(value: object, catalogue: Catalogue, default_gpus: Sequence[str]) -> Allowed:
    table = Table.of("allowed", value, [field.name for field in fields(Allowed)])
    usual = Allowed(())
    return Allowed(
        gpus=table.several("gpus", list(catalogue.gpus), default_gpus or list(catalogue.gpus)),
        replica_gpus=table.several("replica_gpus", REPLICA_GPUS, REPLICA_GPUS),
        weight_bits=table.several("weight_bits", (16, 8, 4), usual.weight_bits),
        kv_bits=table.several("kv_bits", (16, 8), usual.kv_bits),
        engines=table.several("engines", ENGINES, usual.engines),
        most_gpus=table.whole("most_gpus", 1, MOST_GPUS, usual.most_gpus),
        seats=table.several("seats", usual.seats, usual.seats),
        token_budgets=table.several("token_budgets", usual.token_budgets, usual.token_budgets),
    )


def _prices(value: object, allowed: Allowed, catalogue: Catalogue) -> tuple[tuple[str, float], ...]:
    table = Table.of("prices", value, list(catalogue.gpus))
    prices = tuple((id, table.number(id, 0.0, 1e6)) for id in table.values if id in allowed.gpus)
    if table.values and not prices:
        raise AskError("no_price", known=", ".join(allowed.gpus))
    return prices


def design_from(plain: object, question: Question, catalogue: Catalogue) -> Design:
    """The design that plain data describes: an object with the keys of DESIGN, or a whole answer, whose best is meant.

    What an answer says beside its design isn't read. Raises AskError, and engine.PhysicsError for a replica whose step can't be
    estimated.
    """
    if isinstance(plain, Mapping) and "best" in plain:
        plain = plain["best"]
        if plain is None:
            raise AskError("no_best")
    table = Table.of("", plain, (*DESIGN, *TOLD))
    gpu = catalogue.gpus[table.one("gpu", catalogue.gpus)]
    gpus, replicas = table.whole("gpus_per_replica", 1, SERVER_GPUS), table.whole("replicas", 1, MOST_GPUS)
    if table.whole("gpus", 1, MOST_GPUS * SERVER_GPUS, gpus * replicas) != gpus * replicas:
        raise AskError("gpus_disagree", found=table.values["gpus"], replicas=replicas, each=gpus)
    if replicas <= question.spare:
        raise AskError("all_spare", replicas=replicas, spare=question.spare)
    groups = table.whole("attention_groups", 1, gpus, 1)
    if gpus % groups or question.model.query_heads % (gpus // groups):
        raise AskError("heads", gpus=gpus, groups=groups, heads=question.model.query_heads)
    bits = (_bits(table, "weight_bits", (16, 8, 4)), _bits(table, "kv_bits", (16, 8)))
    served = table.one("engine", ENGINES, "vllm")
    if not runs_on(served, gpu):
        raise AskError("engine_gpu", engine=served, gpu=gpu.id)
    deployment = engine.Deployment(question.model, gpu, gpus, *bits, served, groups)
    engine.StepCost(deployment, engine.calibration_for(deployment, catalogue.calibrations))
    seats = table.whole("seats", 1, MOST_SEATS)
    budget = table.whole("token_budget", 1, MOST_BUDGET, engine.default_token_budget(gpu))
    return Design(deployment, seats, budget, replicas)


MOST_SEATS, MOST_BUDGET = 8192, 1_000_000


def _bits(table: Table, key: str, known: Sequence[int]) -> int:
    bits = table.whole(key, 1, 16, 16)
    if bits not in known:
        raise AskError("unknown_name", key=key, found=str(bits), known=", ".join(map(str, known)))
    return bits


def design_to_plain(design: Design) -> dict[str, Any]:
    """A design as plain data, by the keys of DESIGN: what `design_from` reads."""
    made = design.deployment
    values = (made.gpu.id, design.replicas, made.gpus, made.attention_dp, made.engine, made.weight_bits, made.kv_bits)
    return dict(zip(DESIGN, (*values, design.seats, max(design.token_budget, design.seats)), strict=True))
