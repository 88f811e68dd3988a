"""Scripted histories in a real SQLite store: replays and scores are written directly, the judging is the real one."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from driftwatch.adapters.store import SqlStore
from driftwatch.domain.answer import Answer, Reply, Usage
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.probe import Message, Probe, ProbeSet
from driftwatch.domain.replay import Replay, Score, Slot, SlotState
from driftwatch.domain.schedule import Every
from driftwatch.services.decide_pending import decide_pending
from driftwatch.services.streams import Budgets, plan_streams
from driftwatch.services.watched import Watched
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel

MONDAY = datetime(2026, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
BASELINE = 24
PROBES = 20
BROKEN = 8
"""How many probes a planted drift breaks."""
BUDGET = FalseAlarmBudget.parse("1 per endpoint-year")
FINGERPRINT = Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a90c1d2e3", "sampling": "77aa00bb11cc"})


def watched(name: str, *, probe_ids: tuple[str, ...] | None = None) -> Watched:
    ids = probe_ids or tuple(f"dates-{i:02}" for i in range(PROBES))
    probes = tuple(Probe(id=i, messages=(Message(role="user", content=i),)) for i in ids)
    metrics = {metric: MEASURED[metric] for metric in ("pass", "length", "logprob", "latency")}
    return Watched(
        endpoint=Endpoint(
            name=name,
            model="openai/gpt-x-2026-01-01",
            driver="scripted",
            probe_set=ProbeSet(name="golden", probes=probes),
            schedule=Every(interval=HOUR),
            baseline_replays=BASELINE,
        ),
        model=ScriptedModel(),
        fingerprint=FINGERPRINT,
        scorers={},
        metrics=metrics,
        plans=plan_streams(
            metrics, Budgets(pages=BUDGET, notices=BUDGET), replays_per_year=8760, baseline_replays=BASELINE
        ),
        routes={Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "quiet"},
    )


def mined(name: str) -> Watched:
    """Return an endpoint that is asked a border input too."""
    one = watched(name)
    border = Probe(id="border-001", messages=(Message(role="user", content="b"),), sensor="border")
    probe_set = replace(one.endpoint.probe_set, probes=(*one.endpoint.probe_set.probes, border))
    return replace(one, endpoint=replace(one.endpoint, probe_set=probe_set))


@dataclass
class Scripted:
    """One store and what is written into it."""

    store: SqlStore
    clock: ManualClock
    rng: Random = field(default_factory=lambda: Random(7))

    def replay(
        self, one: Watched, at: datetime, *, broken: int = 0, old: str = "14 days", new: str = "30 days"
    ) -> None:
        """Write one replay, its first `broken` probes failing, and judge it."""
        slot = Slot(endpoint=one.endpoint.name, due=at)
        self.clock.set(at + timedelta(seconds=20))
        self.store.claim(slot, now=at)
        answers, scores = [], []
        for i, probe in enumerate(one.endpoint.probe_set.probes):
            failed = i < broken or self.rng.random() < 0.05
            text = new if failed else old
            reply = Reply(
                output=text.encode("utf-8", "surrogatepass"), latency_ms=400.0 + i, model="gpt-x", usage=Usage()
            )
            answers.append(Answer(probe_key=probe.key, at=at, outcome=Outcome.OK, reply=reply, cost_usd=0.001))
            given = {"pass": float(not failed), "length": self.rng.gauss(100, 10), "latency": 400.0 + i}
            scores += [Score(probe_key=probe.key, sample=0, metric=m, value=v) for m, v in given.items()]
        self.store.record_replay(
            Replay(
                slot=slot,
                epoch=self.store.epoch(one.endpoint.name),
                started_at=at,
                finished_at=at + timedelta(seconds=10),
                fingerprint=FINGERPRINT,
                answers=answers,
            ),
            scores,
        )
        decide_pending(one, self.store, self.clock)

    def replays(
        self, one: Watched, count: int, *, start: datetime = MONDAY, drift_at: int | None = None, **more
    ) -> datetime:
        """Write hourly replays from `start` on, broken from number `drift_at` on; return the moment after the last."""
        for i in range(count):
            broken = BROKEN if drift_at is not None and i >= drift_at else 0
            self.replay(one, start + i * HOUR, broken=broken, **more)
        return start + count * HOUR

    def skip(self, one: Watched, at: datetime, state: SlotState, reason: str) -> None:
        slot = Slot(endpoint=one.endpoint.name, due=at)
        self.store.end_slot(slot, state, reason=reason, now=at)
