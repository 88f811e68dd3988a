"""The confirmation burst: an immediate rerun between an alarm and its page.

Killed at any point it is done again: the incident that waits is committed before the burst, the burst before what it
decides. It costs a dozen questions, within the day's money; where there is none left, the page goes out without it.
"""

import asyncio
from datetime import datetime

import structlog

from driftwatch.domain.confirmation import Burst, decide_confirmed
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.services.ports import Store
from driftwatch.services.run_burst import run_burst
from driftwatch.services.telling import promised
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

log = structlog.get_logger(__name__)


async def confirm_pending(watched: Watched, world: World) -> Reason | None:
    """Run, or finish, the burst that an endpoint's incident waits for, and decide by it; None if none does."""
    store = world.store
    incident = await asyncio.to_thread(store.open_incident, watched.endpoint.name)
    if incident is None or incident.state is not IncidentState.PENDING or incident.reason is not Reason.FIRST:
        return None
    burst = await asyncio.to_thread(store.burst, incident.endpoint, incident.opened_seq)
    if burst is None:
        burst = await run_burst(watched, incident, world)
        await asyncio.to_thread(store.record_burst, burst)
    return await asyncio.to_thread(_decide, watched, incident, burst, store, world.clock.now())


def _decide(watched: Watched, incident: Incident, burst: Burst, store: Store, now: datetime) -> Reason | None:
    waits = store.incident(incident.id)
    if waits is None or waits.state is not IncidentState.PENDING:
        # A person was faster than the burst; what they did stands.
        return None
    decision = decide_confirmed(waits, burst, silences=store.silences(now=now), now=now)
    replay = next(iter(store.replays(incident.endpoint, after_seq=incident.opened_seq - 1)), None)
    deliveries = promised(watched, store, decision, now=now, replay=replay)
    if decision.incident is not None and not store.change_incident(waits, decision.incident, deliveries):
        return None
    log.info("confirmation", endpoint=incident.endpoint, incident=incident.name, verdict=burst.verdict.value)
    return decision.reason
