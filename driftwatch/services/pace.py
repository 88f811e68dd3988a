"""How soon to look again: sooner while something stirs, within the money and without spending the false-alarm budget.

A variable sampling interval (Reynolds and others 1988): what a chart says now decides when it looks next. The evidence
of a replay does not depend on when it was taken while nothing changes, so a threshold keeps its ARL in replays; in
time it keeps it because the extra replays of any 30 days are at most `SURPLUS` of the planned ones, and the thresholds
are planned for that many.
"""

from datetime import UTC, datetime, timedelta

from driftwatch.domain.causes import Attribution
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState
from driftwatch.domain.metric import Severity
from driftwatch.domain.schedule import SURPLUS, Every
from driftwatch.services import monitor
from driftwatch.services.ports import Store
from driftwatch.services.saved import load_watch
from driftwatch.services.spend import SpendGuard
from driftwatch.services.watched import Watched

STIRRING = 0.5
"""Share of its threshold from which a stream's statistic counts as rising."""
UNTIL_EXCLUDED = timedelta(hours=24)
"""How long a notice keeps the interval short: by then harm is shown, or a person has been told twice."""
MONTH = timedelta(days=30)


def hurried(watched: Watched, store: Store, guard: SpendGuard, *, now: datetime) -> bool:
    """Return whether the next replay of an endpoint should come sooner than planned.

    Only on endpoints whose schedule names a `fastest` interval.
    """
    schedule = watched.endpoint.schedule
    if not isinstance(schedule, Every) or schedule.fastest is None:
        return False
    incident = store.open_incident(watched.endpoint.name)
    if not (_unsettled(incident, now) if incident else _stirs(watched, store)):
        return False
    return _affordable(watched, schedule, guard, now) and _extra_left(watched, store, schedule, now)


def _unsettled(incident: Incident, now: datetime) -> bool:
    """Whether more evidence changes anything: what waits for its page, or a notice that may turn out to harm."""
    if incident.kind is not IncidentKind.DRIFT:
        return False
    if incident.state is IncidentState.PENDING:
        return True
    excluded = incident.attribution == Attribution.SERVING_CHANGE.value or now - incident.opened_at > UNTIL_EXCLUDED
    return incident.state is IncidentState.FIRING and incident.severity is Severity.NOTICE and not excluded


def _stirs(watched: Watched, store: Store) -> bool:
    readings = monitor.read(watched.plans, load_watch(watched, store)[0]).values()
    return any(r.phase == "monitoring" and r.trusted and r.statistic >= STIRRING for r in readings)


def _affordable(watched: Watched, schedule: Every, guard: SpendGuard, now: datetime) -> bool:
    """Whether today's money covers one more replay beside those that are planned for the rest of the day."""
    left = guard.left_usd
    if left is None:
        return True
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    planned = (midnight - now) // schedule.interval
    return guard.estimate(watched.endpoint) * (planned + 1) <= left


def _extra_left(watched: Watched, store: Store, schedule: Every, now: datetime) -> bool:
    past = store.slots(watched.endpoint.name, since=now - MONTH)
    extra = sum(not schedule.planned(record.slot.due) for record in past)
    return extra + 1 <= SURPLUS * (MONTH / schedule.interval)
