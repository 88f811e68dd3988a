"""A store with a year of hourly replays of many endpoints: one is written by the store itself, the others are its copies."""

import random
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftwatch.adapters.store import open_store
from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import Replay, Score, Slot
from driftwatch.domain.schedule import Every
from driftwatch.services.decide_pending import decide_pending
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
PROBES = 12
METRICS = ("pass", "refusal", "length", "novelty", "markdown", "latency", "ttft", "cost")
JUDGED = 80
"""Replays at the end that the real engine judges; the ones before are there to be drawn."""
BUDGET = FalseAlarmBudget.parse("1 per endpoint-year")
FINGERPRINT = Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a90c1d2e3", "sampling": "77aa00bb11cc"})


def watched(name: str) -> Watched:
    """Return an endpoint as the daemon holds it."""
    probes = tuple(Probe(id=f"case-{n:02}", messages=(Message(role="user", content=str(n)),)) for n in range(PROBES))
    metrics = {metric: MEASURED[metric] for metric in METRICS}
    alarming = {name: metric for name, metric in metrics.items() if metric.severity.rank}
    return Watched(
        endpoint=Endpoint(
            name=name, model="openai/gpt-x-2026-01-01", driver="scripted", probe_set=ProbeSet(name="golden", probes=probes),
            schedule=Every(interval=HOUR), baseline_replays=24,
        ),
        model=ScriptedModel(), fingerprint=FINGERPRINT, scorers={}, metrics=metrics,
        plans=plan_streams(alarming, Budgets(pages=BUDGET, notices=BUDGET), replays_per_year=8760, baseline_replays=24),
        routes={Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "quiet"},
    )  # fmt: skip


def make(file: Path, *, endpoints: int = 20, replays: int = 8760) -> tuple[Sequence[Watched], datetime, int]:
    """Write the store; return its endpoints, the moment after its last replay, and how many scores it holds."""
    names = [f"endpoint-{n:02}" for n in range(endpoints)]
    fleet = [watched(name) for name in names]
    clock = ManualClock(START)
    with open_store(f"sqlite:///{file}") as store:
        for n, (replay, scores) in enumerate(_history(names[0], replays)):
            clock.set(replay.finished_at)
            store.claim(replay.slot, now=replay.started_at)
            store.record_replay(replay, scores)
            if n + 1 == replays - JUDGED:
                _pretend_decided(file, n + 1)
    _copy(file, names)
    return fleet, START + replays * HOUR, endpoints * replays * PROBES * len(METRICS)


def judge_again(file: Path, replays: int) -> None:
    """Judge the last replays with the engine of this version: a store that was made by another one has states of that."""
    with open_store(f"sqlite:///{file}"):
        pass  # brought up to this version's tables
    with closing(sqlite3.connect(file)) as db, db:
        names = [name for (name,) in db.execute("SELECT name FROM endpoint ORDER BY id")]
        for table in ("stream", "level", "transition", "incident", "outbox"):
            db.execute(f"DELETE FROM {table}")
        db.execute("UPDATE endpoint SET decided_seq = ? WHERE id = 1", (replays - JUDGED,))
        db.execute("UPDATE counter SET value = 0")
    with open_store(f"sqlite:///{file}") as store:
        decide_pending(watched(names[0]), store, ManualClock(START + replays * HOUR))
    with closing(sqlite3.connect(file)) as db, db:
        for number in range(2, len(names) + 1):
            db.execute(
                f"INSERT INTO stream SELECT {number}, metric, seq, epoch, state FROM stream WHERE endpoint_id = 1"
            )


def _pretend_decided(file: Path, seq: int) -> None:
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE endpoint SET decided_seq = ?", (seq,))


def _history(name: str, replays: int) -> Iterator[tuple[Replay, list[Score]]]:
    rng = random.Random(7)
    keys = [probe.key for probe in watched(name).endpoint.probe_set.probes]
    for n in range(replays):
        due = START + n * HOUR
        broken = replays - 40 <= n < replays - 15
        answers, scores = [], []
        for place, key in enumerate(keys):
            failed = (broken and place < 6) or rng.random() < 0.05
            output = (b"within 30 days" if failed else b"within 14 days") + b" of purchase" * rng.randrange(1, 4)
            latency = rng.lognormvariate(6, 0.2)
            reply = Reply(
                output=output, latency_ms=latency, ttft_ms=latency / 3, model="gpt-x-2026-01-01", finish_reason="stop",
                usage=Usage(input_tokens=51, output_tokens=len(output) // 4),
            )  # fmt: skip
            answers.append(Answer(probe_key=key, at=due, outcome=Outcome.OK, reply=reply, cost_usd=0.0004))
            values = (float(not failed), 0.0, float(len(output)), rng.random() * 0.1, 0.0, latency, latency / 3, 0.0004)
            scores += [Score(probe_key=key, sample=0, metric=m, value=v) for m, v in zip(METRICS, values, strict=True)]
        yield (
            Replay(
                slot=Slot(endpoint=name, due=due), epoch=1, started_at=due, finished_at=due + timedelta(seconds=9),
                fingerprint=FINGERPRINT, answers=tuple(answers),
            ),
            scores,
        )  # fmt: skip


def _copy(file: Path, names: Sequence[str]) -> None:
    """Give every other endpoint the first one's rows; incidents and messages stay the first one's alone."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute("PRAGMA synchronous = OFF")
        for number, name in enumerate(names[1:], start=2):
            columns = [row[1] for row in db.execute("PRAGMA table_info(endpoint)")][1:]
            others = ", ".join(columns).replace("name", "?")
            db.execute(
                f"INSERT INTO endpoint ({', '.join(columns)}) SELECT {others} FROM endpoint WHERE id = 1", (name,)
            )
            for table in ("slot", "replay", "evidence", "answer"):
                known = [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] != "endpoint_id"]
                listed = ", ".join(known)
                db.execute(
                    f"INSERT INTO {table} (endpoint_id, {listed}) SELECT {number}, {listed} FROM {table} WHERE endpoint_id = 1"
                )
