"""What time alone decides, between replays: ends of silences, repeats, endpoints that are watched no more."""

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import partial

import structlog

from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes
from driftwatch.domain.elapsed import decide_elapsed, decide_removed
from driftwatch.domain.incident import Incident, IncidentKind, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import payload_for, promises
from driftwatch.domain.situation import due_again
from driftwatch.services import monitor
from driftwatch.services.ports import Clock, Store
from driftwatch.services.saved import load_watch
from driftwatch.services.stored_past import has_moved_on
from driftwatch.services.telling import promised
from driftwatch.services.watched import Watched
from driftwatch.stats.stream_reading import StreamReading

log = structlog.get_logger(__name__)


def review(watched: Watched, store: Store, clock: Clock) -> Reason:
    """Decide what time has made of an endpoint's open incident; must not run beside a tick of the same endpoint."""
    incident, now = store.open_incident(watched.endpoint.name), clock.now()
    if incident is None:
        return Reason.NONE
    readings = _readings(watched, store, incident, now)
    decided = partial(
        decide_elapsed,
        incident,
        silences=store.silences(now=now),
        alarms=monitor.alarms(readings),
        now=now,
        covered=_covered(store, incident),
    )
    decision = decided()
    if decision.reason is Reason.REPEAT_DUE and has_moved_on(store, incident):
        decision = decided(moved_on=True)
    if decision.incident is None:
        return decision.reason
    last = next(
        iter(store.replays(incident.endpoint, after_seq=max(store.decided_seq(incident.endpoint) - 1, 0))), None
    )
    replay = last if incident.kind is IncidentKind.DRIFT else None
    said = promised(watched, store, decision, now=now, replay=replay)
    if not store.change_incident(incident, decision.incident, said):
        return Reason.NONE
    log.info("incident reviewed", endpoint=incident.endpoint, incident=incident.name, decision=decision.reason.value)
    return decision.reason


def retire(store: Store, names: Collection[str], routes: Mapping[Audience, Routes], *, now: datetime) -> int:
    """Close the open incidents of endpoints that are not among `names`, and return how many there were."""
    gone = [one for one in store.incidents(since=now) if one.state.open and one.endpoint not in names]
    for incident in gone:
        decision = decide_removed(incident, silences=store.silences(now=now), now=now)
        over = decision.incident or incident
        said = payload_for(over, reason=decision.reason, severity=Severity.NOTICE, now=now)
        store.save_incident(over, promises(decision, payloads={Severity.NOTICE: said}, routes=routes, now=now))
        log.warning("incident closed, its endpoint is watched no more", endpoint=over.endpoint, incident=over.name)
    return len(gone)


def _covered(store: Store, incident: Incident) -> bool:
    parent = store.incident(incident.parent) if incident.parent is not None else None
    return parent is not None and parent.state.open


def _readings(watched: Watched, store: Store, incident: Incident, now: datetime) -> dict[str, StreamReading]:
    """Return how the streams stand, where something depends on whether a drift is calm: to look is dear."""
    waited = incident.reason in (Reason.SILENCED, Reason.MAINTENANCE)
    if incident.kind is not IncidentKind.DRIFT or not (waited or due_again(incident, now)):
        return {}
    return monitor.read(watched.plans, load_watch(watched, store)[0])
