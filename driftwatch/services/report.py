"""What happened to every watched endpoint in a period, verdict first; a period without news is a full report."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.incident import Incident, IncidentKind, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.selftest import KIND as SELFTEST
from driftwatch.domain.selftest import SelfTest, selftest_of
from driftwatch.services.coverage import Coverage, DueSlots, total
from driftwatch.services.ports import Clock, Store
from driftwatch.services.report_endpoint import EndpointReport, begun, report_endpoint
from driftwatch.services.standing import EndpointState
from driftwatch.services.watched import Watched

PERIOD = timedelta(days=7)
ENDS_SOON = timedelta(hours=24)
_ORDER = (
    EndpointState.UNCHANGED,
    EndpointState.DRIFTED,
    EndpointState.LEARNING,
    EndpointState.NOT_TRUSTED,
    EndpointState.NO_DATA,
    EndpointState.ERROR,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The first sentence, in numbers.

    Parameters
    ----------
    states : mapping
        How many endpoints are in each state.
    harmless : int
        Drifted endpoints without a page: their identity changed and no harm was shown.

    Examples
    --------
    >>> Verdict(
    ...     states={EndpointState.UNCHANGED: 5, EndpointState.DRIFTED: 1}, coverage=Coverage(done=9990, skipped=10)
    ... ).words
    '6 endpoints: 5 unchanged, 1 drifted; coverage 99.9 %; 10 slots missed (10 skipped)'
    """

    states: Mapping[EndpointState, int]
    harmless: int = 0
    coverage: Coverage

    @property
    def words(self) -> str:
        """The sentence."""
        count = sum(self.states.values())
        counts = ", ".join(self._count(state) for state in _ORDER if self.states.get(state))
        noun = "endpoint" if count == 1 else "endpoints"
        return f"{count} {noun}: {counts or 'none is watched'}; {self._covered}"

    def _count(self, state: EndpointState) -> str:
        number = self.states[state]
        if state is not EndpointState.DRIFTED or not self.harmless:
            return f"{number} {state.value}"
        whose = "" if self.harmless == number else f"{self.harmless} of them "
        return f"{number} {state.value} ({whose}without harm shown)"

    @property
    def _covered(self) -> str:
        if not self.coverage.due:
            return self.coverage.words
        return f"coverage {self.coverage.words}; {self.coverage.missed_words}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    """The messages promised in the period; lateness in real seconds from promise to arrival."""

    sent: int = 0
    waiting: int = 0
    dead: Sequence[Delivery] = ()
    late_p50_s: float | None = None
    late_max_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A period of all watched endpoints.

    Parameters
    ----------
    since, until : datetime
        The period: `since` belongs to it, `until` does not.
    at : datetime
        When the report was made.
    cost_usd : float
        What the period's answers cost.
    silences : sequence of Silence
        Those in force when the report was made.
    selftests : sequence of SelfTest
        Oldest first.
    removed : sequence of Incident
        Those of the period on endpoints that are watched no more.
    """

    since: datetime
    until: datetime
    at: datetime
    verdict: Verdict
    endpoints: Sequence[EndpointReport]
    coverage: Coverage
    deliveries: Deliveries
    cost_usd: float
    silences: Sequence[Silence] = field(default=())
    selftests: Sequence[SelfTest] = field(default=())
    removed: Sequence[Incident] = field(default=())

    def ends_soon(self, silence: Silence) -> bool:
        """Whether a silence is over within a day."""
        return silence.ends_at - self.at <= ENDS_SOON


def build_report(
    store: Store,
    watched: Sequence[Watched],
    *,
    now: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    clock: Clock | None = None,
    due_slots: DueSlots | None = None,
) -> Report:
    """Gather the report of [`since`, `until`); by default the seven days up to now.

    Parameters
    ----------
    clock : Clock, optional
        For accelerated time: how late a message was is told in real seconds.
    due_slots : callable, optional
        ``slots_between`` of the calendar; without it, slots that nobody began are not missed.
    """
    until = until or now
    since = since or until - PERIOD
    # Details only add to a message that is counted already.
    deliveries = [d for d in store.deliveries(since=since) if d.created_at < until and not d.is_details]
    endpoints = tuple(
        report_endpoint(store, one, since=since, until=until, now=now, deliveries=deliveries, due_slots=due_slots)
        for one in watched
    )
    covered = total(endpoint.coverage for endpoint in endpoints)
    return Report(
        since=since,
        until=until,
        at=now,
        verdict=verdict_of([(e.state, [i.incident for i in e.incidents]) for e in endpoints], covered),
        endpoints=endpoints,
        coverage=covered,
        deliveries=_deliveries(deliveries, clock),
        cost_usd=sum(endpoint.cost_usd for endpoint in endpoints),
        selftests=_selftests(deliveries),
        silences=tuple(sorted(store.silences(now=now), key=lambda silence: silence.ends_at)),
        removed=_removed(store, {one.endpoint.name for one in watched}, since=since, until=until),
    )


def _removed(store: Store, watched: Collection[str], *, since: datetime, until: datetime) -> tuple[Incident, ...]:
    """Return what was told of endpoints that have left the configuration, oldest first."""
    gone = (one for one in reversed(store.incidents(since=since)) if one.endpoint not in watched and not one.transient)
    return tuple(one for one in gone if begun(store, one, until))


def verdict_of(endpoints: Sequence[tuple[EndpointState, Sequence[Incident]]], covered: Coverage) -> Verdict:
    """Return the first sentence on endpoints in these states with these incidents."""
    states = {state: sum(found is state for found, _ in endpoints) for state in EndpointState}
    drifted = [incidents for state, incidents in endpoints if state is EndpointState.DRIFTED]
    return Verdict(
        states={state: count for state, count in states.items() if count},
        harmless=sum(not any(map(_harms, incidents)) for incidents in drifted),
        coverage=covered,
    )


def _harms(incident: Incident) -> bool:
    return incident.kind is IncidentKind.DRIFT and incident.severity is Severity.PAGE


def _deliveries(deliveries: Sequence[Delivery], clock: Clock | None) -> Deliveries:
    late = [_seconds(d.created_at, d.sent_at, clock) for d in deliveries if d.sent_at is not None]
    return Deliveries(
        sent=sum(d.state is DeliveryState.SENT for d in deliveries),
        waiting=sum(d.state.open for d in deliveries),
        dead=tuple(d for d in deliveries if d.state is DeliveryState.DEAD),
        late_p50_s=median(late) if late else None,
        late_max_s=max(late, default=None),
    )


def _selftests(deliveries: Sequence[Delivery]) -> tuple[SelfTest, ...]:
    """Return the runs that were told of, each once however many routes heard of it."""
    told = {d.payload["at"]: selftest_of(d.payload) for d in deliveries if d.payload.get("kind") == SELFTEST}
    return tuple(told[at] for at in sorted(told))


def _seconds(start: datetime, end: datetime, clock: Clock | None) -> float:
    if clock is None:
        return max((end - start).total_seconds(), 0.0)
    return max(clock.seconds_until(end) - clock.seconds_until(start), 0.0)
