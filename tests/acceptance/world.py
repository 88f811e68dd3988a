"""A small world for acceptance tests: a scripted vendor, a real store, a clock that is set by hand."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.bootstrap.scoring import build_scorers, end_scorers
from driftwatch.domain.decide import Audience
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.probe import Message, Probe, ProbeSet, ScorerSpec
from driftwatch.domain.replay import Slot
from driftwatch.domain.schedule import Every
from driftwatch.services.counts import Counts
from driftwatch.services.our_side import our_side
from driftwatch.services.references import References
from driftwatch.services.scoring_threads import ScoringThreads
from driftwatch.services.spend import SpendGuard
from driftwatch.services.streams import Budgets, plan_streams, watched_metrics
from driftwatch.services.tick import Ticked, tick
from driftwatch.services.watched import Watched
from driftwatch.services.world import World
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.clock import ManualClock
from driftwatch.testing.model import ScriptedModel
from tests.stores import STORES

START = datetime(2026, 7, 20, tzinfo=UTC)
HOUR = timedelta(hours=1)


def capitals(count: int) -> ProbeSet:
    """Probes that each want one word."""
    return ProbeSet(
        name="capitals",
        probes=tuple(
            Probe(
                id=f"word-{n:02}",
                messages=(Message(role="user", content=f"Say word {n}."),),
                scorers=(ScorerSpec(name="contains", argument=f"word{n}", metric="contains"),),
            )
            for n in range(count)
        ),
    )


def right(count: int, wrong: Mapping[int, str] | None = None) -> dict[str, str]:
    """What a good model says, some answers replaced."""
    return {f"Say word {n}.": (wrong or {}).get(n, f"word{n}") for n in range(count)}


OPENED: list[SqlStore] = []
"""Every store that tests opened; tests/conftest.py closes them after each test."""


class SmallWorld:
    """One endpoint, replayed hour by hour, or at another interval."""

    def __init__(
        self,
        folder: Path,
        model: ScriptedModel,
        *,
        probes: ProbeSet | None = None,
        baseline: int = 20,
        name: str = "support-bot",
        vendor: str = "scripted",
        beside: "SmallWorld | None" = None,
        interval: timedelta = HOUR,
    ) -> None:
        self.interval = interval
        self.clock = beside.clock if beside else ManualClock(START)
        self.url = STORES.url(folder)
        self.store: SqlStore = beside.store if beside else open_store(self.url)
        OPENED.append(self.store)
        self.model = model
        self.counts = Counts()
        endpoint = Endpoint(
            name=name,
            model=f"{vendor}/one",
            driver="scripted",
            params={"temperature": 0},
            probe_set=probes or capitals(40),
            schedule=Every(interval=interval),
            baseline_replays=baseline,
            attempts=1,
        )
        self.watched = self.watch(endpoint)
        self.slot = 0
        # The fleet of one daemon shares its few scoring threads.
        self.scoring: ScoringThreads = beside.scoring if beside else ScoringThreads(end_scorers)
        self._remembered: World | None = None

    def watch(self, endpoint: Endpoint) -> Watched:
        scorers, scored = build_scorers(endpoint.probe_set)
        tasks = endpoint.probe_set.has_tasks
        metrics = watched_metrics(scored.values(), logprobs=endpoint.top_logprobs > 0, tasks=tasks)
        return Watched(
            endpoint=endpoint,
            model=self.model,
            fingerprint=our_side(endpoint, self.model.identity),
            scorers=scorers,
            metrics=metrics,
            plans=plan_streams(
                metrics,
                Budgets(
                    pages=FalseAlarmBudget.parse("1 per endpoint-year"),
                    notices=FalseAlarmBudget.parse("4 per endpoint-year"),
                ),
                replays_per_year=8760 * HOUR / self.interval,
                baseline_replays=endpoint.baseline_replays,
            ),
            routes={Audience.PAGES: "oncall", Audience.NOTICES: "quiet", Audience.OPS: "ops"},
        )

    @property
    def world(self) -> World:
        """What a daemon keeps from replay to replay; what it read once is not read again until `restart`."""
        kept = self._remembered
        # A test may exchange the store or the clock under it.
        if kept is None or kept.store is not self.store or kept.clock is not self.clock:
            guard = SpendGuard(limit_usd_per_day=None, clock=self.clock)
            kept = self._remembered = World(
                store=self.store,
                clock=self.clock,
                guard=guard,
                references=References(self.store),
                scoring=self.scoring,
                counts=self.counts,
            )
        return kept

    def restart(self) -> None:
        """Forget all that is not in the store."""
        self._remembered = None

    async def replay(self, times: int = 1) -> list[Ticked]:
        done = []
        for _ in range(times):
            due = START + self.slot * self.interval
            self.slot += 1
            self.clock.set(due + timedelta(minutes=1))
            done.append(await tick(self.watched, Slot(endpoint=self.watched.endpoint.name, due=due), self.world))
        return done

    def told(self) -> list[tuple[str, str]]:
        """Return route and reason of every promise, in order."""
        return [(d.route, d.payload["reason"]) for d in self.store.deliveries()]
