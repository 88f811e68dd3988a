"""One scripted endpoint: a vendor that really speaks HTTP, a store of its own, a clock that jumps from slot to slot."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from driftwatch.adapters.calendar import replays_per_year
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.bootstrap import models, scoring
from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.domain.replay import Slot
from driftwatch.domain.schedule import Every
from driftwatch.domain.secret import Secret
from driftwatch.selftest.drifts import PROBES, Drift, unchanged
from driftwatch.services.our_side import our_side
from driftwatch.services.references import References
from driftwatch.services.spend import SpendGuard
from driftwatch.services.streams import Budgets, plan_streams, watched_metrics
from driftwatch.services.tick import tick
from driftwatch.services.watched import Watched
from driftwatch.services.world import World
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.server import ChatRequest, ScriptedServer

NAME = "self-test"
BASELINE = 12
QUIET = 4
"""Replays after the baseline before the vendor changes anything."""
HOUR = timedelta(hours=1)
ROUTES = {Audience.PAGES: "page", Audience.NOTICES: "notice", Audience.OPS: "no data"}
"""Routes are named after what they prove."""


@dataclass
class Stage:
    """An endpoint that is watched as the configured ones are.

    Parameters
    ----------
    server : ScriptedServer
        The vendor; what it says is changed by `drift`.
    """

    server: ScriptedServer
    store: SqlStore
    clock: ManualClock
    watched: Watched

    def drift(self, drift: Drift) -> None:
        """Let the vendor change, as silently as vendors do."""
        self.server.behave = lambda request: drift.after(_number(request))

    async def replay(self) -> None:
        """Replay the next slot: ask, score, fold, decide, promise."""
        due = self.clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
        self.clock.set(due + timedelta(seconds=1))
        guard = SpendGuard(limit_usd_per_day=None, clock=self.clock)
        world = World(store=self.store, clock=self.clock, guard=guard, references=References(self.store))
        await tick(self.watched, Slot(endpoint=NAME, due=due), world)

    def told(self) -> tuple[Delivery, ...]:
        """Return what was promised so far."""
        return tuple(self.store.deliveries())


@contextmanager
def staged(folder: Path, now: datetime) -> Iterator[Stage]:
    """Set the stage."""
    with (
        ScriptedServer(lambda request: unchanged(_number(request))) as server,
        open_store(f"sqlite:///{folder}/selftest.db") as store,
    ):
        clock = ManualClock(now)
        yield Stage(server=server, store=store, clock=clock, watched=_watched(_endpoint(server), clock))


def _endpoint(server: ScriptedServer) -> Endpoint:
    probes = tuple(
        Probe(
            id=f"word-{n:02}",
            messages=(Message(role="user", content=f"Say word {n}."),),
            scorers=(ScorerSpec(name="contains", argument=f"word{n}", metric="contains"),),
        )
        for n in range(PROBES)
    )
    return Endpoint(
        name=NAME,
        model="openai/self-test-2026-01-01",
        driver="direct",
        base_url=server.base_url,
        api_key=Secret("self-test"),
        params={"temperature": 0},
        probe_set=ProbeSet(name=NAME, probes=probes),
        schedule=Every(interval=HOUR),
        baseline_replays=BASELINE,
        attempts=1,
    )


def _watched(endpoint: Endpoint, clock: ManualClock) -> Watched:
    scorers, scored = scoring.build_scorers(endpoint.probe_set)
    metrics = watched_metrics(scored.values(), logprobs=False)
    model = models.language_model(endpoint, clock)
    budget = Budgets(
        pages=FalseAlarmBudget.parse("1 per endpoint-year"), notices=FalseAlarmBudget.parse("4 per endpoint-year")
    )
    per_year = replays_per_year(endpoint.schedule, clock.now())
    return Watched(
        endpoint=endpoint,
        model=model,
        fingerprint=our_side(endpoint, model.identity),
        scorers=scorers,
        metrics=metrics,
        plans=plan_streams(metrics, budget, replays_per_year=per_year, baseline_replays=BASELINE),
        routes=ROUTES,
    )


def _number(request: ChatRequest) -> int:
    return int(request.prompt.removeprefix("Say word ").removesuffix("."))
