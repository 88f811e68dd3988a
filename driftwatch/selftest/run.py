"""Run every known drift, tell operations how it went, and wait until that has really arrived."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from driftwatch.adapters.store import SqlStore
from driftwatch.bootstrap import routing, senders, stores
from driftwatch.config.settings import Settings
from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Delivery, DeliveryState, listed
from driftwatch.domain.errors import StoreError
from driftwatch.domain.metric import Severity
from driftwatch.domain.selftest import Caught, SelfTest, selftest_payload
from driftwatch.selftest.drifts import KNOWN, Drift
from driftwatch.selftest.stage import BASELINE, QUIET, Stage, staged
from driftwatch.services.ports import Clock

ARRIVES_S = 90.0
"""How long the message may take: two ambiguous attempts and their questions fit in."""
POLL_S = 0.25

Advance = Callable[[str, int, int | None], None]
"""(what is done, how many, of how many)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of the message on operations' routes: state by route; empty where there is no route."""

    states: dict[str, DeliveryState]

    @property
    def arrived(self) -> bool:
        """Whether every route took it."""
        return bool(self.states) and all(state is DeliveryState.SENT for state in self.states.values())


async def run_drifts(clock: Clock, *, advance: Advance = lambda _what, _done, _of: None) -> SelfTest:
    """Let the scripted vendor drift in every known way; each on a stage of its own."""
    began = clock.monotonic()
    caught = []
    for drift in KNOWN:
        with TemporaryDirectory(prefix="driftwatch-selftest-") as folder, staged(Path(folder), clock.now()) as stage:
            caught.append(await _caught(stage, drift))
        advance("drifts", len(caught), len(KNOWN))
    return SelfTest(at=clock.now(), took_s=clock.monotonic() - began, drifts=tuple(caught))


async def _caught(stage: Stage, drift: Drift) -> Caught:
    for _ in range(BASELINE + QUIET):
        await stage.replay()
    early = stage.told()
    stage.drift(drift)
    replays = 0
    for replays in range(1, drift.within + 1):  # noqa: B007  # how many it took is told
        await stage.replay()
        if drift.expected in _kinds(stage.told()):
            break
    await stage.watched.model.aclose()
    told = "a false alarm" if early else next(iter(_kinds(stage.told())), "silence")
    return Caught(name=drift.name, expected=drift.expected, told=told, replays=replays)


def _kinds(told: Sequence[Delivery]) -> list[str]:
    """Return what was told, loudest first: the stage's routes are named after it."""
    routes = {delivery.route for delivery in told}
    return [kind for kind in ("page", "notice", "no data") if kind in routes]


async def tell(result: SelfTest, settings: Settings, store: SqlStore, clock: Clock) -> Told:
    """Promise the result to operations in the real outbox, and wait until whoever pages has delivered it."""
    routes = listed(routing.audiences(settings).get(Audience.OPS))
    rows = [
        Delivery(
            key=f"selftest/{result.at.isoformat()}@{route}",
            route=route,
            severity=Severity.NOTICE if result.passed else Severity.PAGE,
            payload=selftest_payload(result),
            created_at=clock.now(),
        )
        for route in routes
    ]
    await asyncio.to_thread(store.enqueue, rows)
    if not rows:
        return Told(states={})
    try:
        with stores.lock_store(settings):
            return await _delivered(rows, settings, store, clock)
    except StoreError as error:
        if error.slug != "store-held":
            raise
        # The daemon has the store: its pager will send it.
        return await _arrived(rows, store, clock)


async def _delivered(rows: Sequence[Delivery], settings: Settings, store: SqlStore, clock: Clock) -> Told:
    """Be the pager ourselves: nobody else is."""
    stop = asyncio.Event()
    pager = asyncio.create_task(senders.pager(settings, store, clock).run(stop))
    try:
        return await _arrived(rows, store, clock)
    finally:
        stop.set()
        await asyncio.wait({pager}, timeout=10.0)
        pager.cancel()


async def _arrived(rows: Sequence[Delivery], store: SqlStore, clock: Clock) -> Told:
    keys, latest = {row.key: row.route for row in rows}, clock.monotonic() + ARRIVES_S
    while True:
        found = await asyncio.to_thread(store.deliveries, since=min(r.created_at for r in rows) - timedelta(minutes=1))
        states = {keys[d.key]: d.state for d in found if d.key in keys}
        if not any(state.open for state in states.values()) or clock.monotonic() > latest:
            return Told(states=states)
        await clock.sleep(POLL_S)
