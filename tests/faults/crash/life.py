"""What is killed: one process that replays, decides and pages, over a real SQLite store and real HTTP.

Endpoints ``syn-N`` decide by script, through the real `decide`, `promises` and `commit_decision`, so fast that every
kill hits something; ``bot`` is replayed by the daemon's own `Duty`, so that slots, scores and detectors are real.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from driftwatch.adapters.clock import SystemClock
from driftwatch.adapters.notify.slack import SlackWebhook
from driftwatch.adapters.notify.slack_bot import SlackBot
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.bootstrap.scoring import build_scorers
from driftwatch.daemon.duty import Duty
from driftwatch.domain.alarms import Alarms
from driftwatch.domain.answer import Question
from driftwatch.domain.decide import Audience, decide
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.incident import Finding, Moved
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import payload_for, promises
from driftwatch.domain.schedule import Every
from driftwatch.domain.secret import Secret
from driftwatch.services.our_side import our_side
from driftwatch.services.page import Pager
from driftwatch.services.patience import Patience
from driftwatch.services.ports import Clock, DecisionCommit, Notifier, SavedStream
from driftwatch.services.references import References
from driftwatch.services.spend import SpendGuard
from driftwatch.services.streams import Budgets, plan_streams, watched_metrics
from driftwatch.services.watched import Watched
from driftwatch.services.world import World
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.testing.model import ScriptedModel
from tests.acceptance.world import capitals, right
from tests.faults.crash.naive import MarkThenSend, SendThenMark

SYNTHETIC = 8
SILENCED = "syn-7"
"""Fires all the time, and is silenced when the harness begins."""
MOST_OPEN = 40
"""Promises that may wait before the decider pauses."""
PROBES = 12
HURRIED = Patience(
    retry_first_s=0.05, retry_most_s=0.4, retry_after_most_s=1.0, ambiguous_s=0.5, spacing_s=0.02, poll_s=0.05
)
PAGERS = {"driftwatch": Pager, "send-then-mark": SendThenMark, "mark-then-send": MarkThenSend}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a life is lived, and how.

    Parameters
    ----------
    kind : str
        One of `PAGERS`.
    patience : Patience
        The pager's waits.
    decide_every_s : float
        Pause between two scripted decisions.
    ticks : bool
        Whether the real endpoint is replayed too.
    """

    folder: Path
    api_url: str
    token: str
    webhook_url: str
    kind: str = "driftwatch"
    patience: Patience = HURRIED
    decide_every_s: float = 0.02
    ticks: bool = True

    @property
    def store_url(self) -> str:
        return f"sqlite:///{self.folder}/driftwatch.db"

    def routes_of(self, endpoint: str) -> dict[Audience, str]:
        """Odd endpoints are told through the bot, even ones through the webhook, two routes each."""
        number = int(endpoint.partition("-")[2] or 1)
        kind = "bot" if number % 2 else "hook"
        return {Audience.PAGES: f"{kind}-{number % 4 // 2}", Audience.NOTICES: f"{kind}-2", Audience.OPS: f"{kind}-2"}

    def notifiers(self, clock: Clock) -> dict[str, Notifier]:
        token, hook = Secret(self.token), Secret(self.webhook_url)
        bots = {
            f"bot-{n}": SlackBot(token, f"#channel-{n}", clock=clock, timeout_s=2.0, base_url=self.api_url)
            for n in range(3)
        }
        hooks = {f"hook-{n}": SlackWebhook(hook, clock=clock, timeout_s=2.0) for n in range(3)}
        return {**bots, **hooks}


def synthetic() -> list[str]:
    return [f"syn-{n}" for n in range(SYNTHETIC)]


def evidence(endpoint: str, seq: int) -> tuple[list[Finding], int]:
    """Return what the streams of a scripted endpoint show after a replay: findings, and for how long it was calm.

    The same whenever it is asked: a decision that was not committed is taken again as it would have been.
    """
    step = seq % 6
    if endpoint == SILENCED:
        return [_finding("pass", Severity.PAGE, -1)], 0
    if step == 5:
        return [], 12
    harm = step >= Random(f"{endpoint}/{seq // 6}").randint(0, 3)
    return [_finding("pass", Severity.PAGE, -1) if harm else _finding("novelty", Severity.NOTICE, 1)], 0


def _finding(metric: str, severity: Severity, direction: int) -> Finding:
    return Finding(
        metric=metric, severity=severity, chart="mixture", statistic=9.0, threshold=4.8, arl=8760.0,
        direction=direction, before=0.9, after=0.9 + 0.2 * direction, moved=(Moved(probe_id="p1", before=1, after=0),),
    )  # fmt: skip


def chain(before: bytes, seq: int) -> bytes:
    """Return a scripted detector's state: a fold of all that was committed, as a real one is."""
    return sha256(before + seq.to_bytes(8)).digest()


def decide_once(store: SqlStore, clock: Clock, place: Place, endpoint: str) -> bool:
    """Take the endpoint's next decision as `services.decide_pending` does, one transaction."""
    seq, now = store.decided_seq(endpoint) + 1, clock.now()
    findings, calm = evidence(endpoint, seq)
    incident = store.open_incident(endpoint)
    decision = decide(
        endpoint=endpoint, epoch=1, seq=seq, incident_id=store.next_incident_id() if incident is None else 0,
        findings=findings, alarms=Alarms(stand=True, returning=calm > 0, calm=calm), incident=incident,
        silences=store.silences(now=now), now=now,
    )  # fmt: skip
    answers = {"p1": ("yes", "I would rather not say")}
    said = {
        tell.severity: payload_for(
            decision.incident, reason=decision.reason, severity=tell.severity, now=now,
            model=f"mark/{endpoint}/{seq}", excerpts=answers,
        )
        for tell in decision.tell if decision.incident
    }  # fmt: skip
    saved = store.streams(endpoint)
    state = chain(saved["chain"].state if saved else b"", seq)
    return store.commit_decision(
        DecisionCommit(
            endpoint=endpoint,
            seq=seq,
            streams=(SavedStream(metric="chain", seq=seq, epoch=1, state=state),),
            incident=decision.incident,
            deliveries=promises(decision, payloads=said, routes=place.routes_of(endpoint), now=now),
        )
    )


class Moody(ScriptedModel):
    """Drifts a while after the harness began, and fails now and then: a failure must never become a score."""

    def __init__(self, drifts_at: datetime) -> None:
        super().__init__(right(PROBES), clock=SystemClock())
        self.drift(right(PROBES, dict.fromkeys(range(0, PROBES, 2), "I would rather not say")), at=drifts_at)
        self._chance = Random(1)

    async def ask(self, question: Question):
        await asyncio.sleep(self._chance.uniform(0.0, 0.02))
        if self._chance.random() < 0.1:
            raise EndpointError("overloaded", outcome=Outcome.UNAVAILABLE, transient=False)
        return await super().ask(question)


def watched_bot(place: Place, drifts_at: datetime) -> Watched:
    """Return the endpoint that is really replayed."""
    model = Moody(drifts_at)
    endpoint = Endpoint(
        name="bot", model="scripted/one", driver="scripted", params={"temperature": 0}, probe_set=capitals(PROBES),
        schedule=Every(interval=timedelta(seconds=1)), baseline_replays=8, attempts=1,
    )  # fmt: skip
    scorers, scored = build_scorers(endpoint.probe_set)
    metrics = watched_metrics(scored.values(), logprobs=False)
    one = FalseAlarmBudget.parse("1 per endpoint-year")
    return Watched(
        endpoint=endpoint,
        model=model,
        fingerprint=our_side(endpoint, model.identity),
        scorers=scorers,
        metrics=metrics,
        plans=plan_streams(metrics, Budgets(pages=one, notices=one), replays_per_year=8760, baseline_replays=8),
        routes=place.routes_of("bot"),
    )


async def live(place: Place, watched: Watched, *, deciding: bool = True) -> None:
    """Live until killed; without `deciding`, until all that was promised is sent."""
    clock = SystemClock()
    with open_store(place.store_url) as store:
        stop, wake = asyncio.Event(), asyncio.Event()
        pager = PAGERS[place.kind](store, place.notifiers(clock), clock=clock, patience=place.patience)
        parts = [asyncio.create_task(pager.run(stop, wake))]
        if deciding:
            parts.append(asyncio.create_task(_decide(store, clock, place, wake)))
        if deciding and place.ticks:
            parts.append(asyncio.create_task(_replay(store, clock, watched, wake)))
        if not deciding:
            await _until_empty(store, clock)
            stop.set()
        await asyncio.gather(*parts)


async def _decide(store: SqlStore, clock: Clock, place: Place, wake: asyncio.Event) -> None:
    chance = Random()
    while True:
        if len(await asyncio.to_thread(_open, store, clock)) < MOST_OPEN:
            await asyncio.to_thread(decide_once, store, clock, place, chance.choice(synthetic()))
            wake.set()
        await asyncio.sleep(place.decide_every_s)


async def _replay(store: SqlStore, clock: Clock, watched: Watched, wake: asyncio.Event) -> None:
    guard = SpendGuard(limit_usd_per_day=None, clock=clock)
    duty = Duty(watched, World(store=store, clock=clock, guard=guard, references=References(store)))
    while True:
        await duty.on_due()
        wake.set()
        await asyncio.sleep(0.1)


async def _until_empty(store: SqlStore, clock: Clock) -> None:
    # Twice, for what is sent may promise details.
    empty = 0
    while empty < 2:
        await asyncio.sleep(0.1)
        empty = 0 if await asyncio.to_thread(_open, store, clock) else empty + 1


def _open(store: SqlStore, clock: Clock) -> Mapping[str, object]:
    return {d.key: d for d in store.due_deliveries(now=clock.now() + timedelta(days=30))}


def in_utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
