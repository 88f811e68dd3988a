"""A fleet's history in a store, and the endpoints that wrote it: scores straight into the store, the states by the fold."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import numpy as np

from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.domain.schedule import Every
from driftwatch.services import monitor
from driftwatch.services.ports import DecisionCommit, SavedStream
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched
from driftwatch.stats.any_stream import encode
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import ScriptedModel

START = datetime(2026, 1, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
BASELINE = 24
METRICS = (
    *("pass", "refusal", "cut-off", "length", "novelty", "unseen", "markdown", "json-shape", "script"),
    *("latency", "ttft", "input-tokens", "output-tokens", "cost", "tokens-per-s"),
)
FINGERPRINT = Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a90c1d2e3", "sampling": "77aa00bb11cc"})
_BUDGET = FalseAlarmBudget.parse("1 per endpoint-year")
_TEXT = b"The refund is due within 14 days of the purchase and needs a receipt."


def endpoint(name: str, probes: int, *, every: timedelta = HOUR, metrics: tuple[str, ...] = METRICS) -> Watched:
    """Return an endpoint as the daemon watches it."""
    known = {name: MEASURED[name] for name in metrics}
    asked = tuple(Probe(id=f"probe-{i:02}", messages=(Message(role="user", content=f"{i}?"),)) for i in range(probes))
    return Watched(
        endpoint=Endpoint(
            name=name,
            model="openai/gpt-x-2026-01-01",
            driver="scripted",
            probe_set=ProbeSet(name="golden", probes=asked),
            schedule=Every(interval=every),
            baseline_replays=BASELINE,
        ),
        model=ScriptedModel(),
        fingerprint=FINGERPRINT,
        scorers={},
        metrics=known,
        plans=plan_streams(
            known,
            Budgets(pages=_BUDGET, notices=_BUDGET),
            replays_per_year=timedelta(days=365) / every,
            baseline_replays=BASELINE,
        ),
        routes={Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "quiet"},
    )


def replays(
    one: Watched, count: int, rng: np.random.Generator, *, start: datetime = START
) -> Iterator[tuple[Replay, list[Score]]]:
    """Yield hourly replays of a quiet endpoint."""
    keys = [probe.key for probe in one.endpoint.probe_set.probes]
    reply = Reply(output=_TEXT, latency_ms=400.0, model="gpt-x-2026-01-01", usage=Usage())
    for number in range(count):
        due = start + number * HOUR
        answers = tuple(Answer(probe_key=key, at=due, outcome=Outcome.OK, reply=reply, cost_usd=0.0001) for key in keys)
        scores = [
            Score(probe_key=key, sample=0, metric=metric, value=value)
            for metric in one.metrics
            for key, value in zip(keys, _values(metric, len(keys), rng), strict=True)
        ]
        slot = Slot(endpoint=one.endpoint.name, due=due)
        yield (
            Replay(
                slot=slot,
                epoch=1,
                started_at=due,
                finished_at=due + timedelta(seconds=30),
                fingerprint=FINGERPRINT,
                answers=answers,
            ),
            scores,
        )


def filled(file: Path, fleet: list[Watched], count: int, seed: int = 7) -> SqlStore:
    """Return a store with so many replays of every endpoint, decided; the states are those of the first replays."""
    store = open_store(f"sqlite:///{file}")
    rng = np.random.default_rng(seed)
    for one in fleet:
        for replay, scores in replays(one, count, rng):
            store.claim(replay.slot, now=replay.slot.due)
            seq = store.record_replay(replay, scores)
            levels = dict(zip(one.plans, rng.random(len(one.plans)).tolist(), strict=True)) if seq > BASELINE else {}
            last = _states(store, one, seq) if seq == count else ()
            store.commit_decision(DecisionCommit(endpoint=one.endpoint.name, seq=seq, streams=last, levels=levels))
    return store


def _states(store: SqlStore, one: Watched, seq: int) -> list[SavedStream]:
    watch = monitor.begin(one.plans, 1)
    for told in islice(store.replays(one.endpoint.name), BASELINE + 6):
        watch = monitor.fold(one.plans, watch, told)
    return [SavedStream(metric=m, seq=seq, epoch=1, state=encode(s)) for m, s in watch.states.items()]


def _values(metric: str, size: int, rng: np.random.Generator) -> list[float]:
    if metric in ("pass", "refusal", "cut-off", "unseen", "markdown", "json-shape", "script"):
        return (rng.random(size) < (0.93 if metric == "pass" else 0.04)).astype(float).tolist()
    return rng.lognormal(5, 0.2, size).round(3).tolist()
