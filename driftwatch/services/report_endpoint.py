"""One endpoint over a period: where it stands, its streams, its incidents, what it cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import fsum

from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Incident, IncidentKind
from driftwatch.domain.metric import Severity
from driftwatch.services.bands import Band, Normal, bands, normal
from driftwatch.services.coverage import Coverage, DueSlots, count_not_begun, coverage
from driftwatch.services.episodes import states_shown
from driftwatch.services.history import Trace, trace
from driftwatch.services.ports import Store
from driftwatch.services.power import power_of
from driftwatch.services.report_incident import IncidentReport, incident_report
from driftwatch.services.standing import EndpointState, Standing, StreamState, baseline_progress, standings, state_of
from driftwatch.services.watched import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamReport:
    """One stream over a period.

    Parameters
    ----------
    standing : Standing
        Where it stood at the period's end.
    normal : Normal, optional
        What was normal in the baseline.
    mean : float, optional
        Mean over the period's replays.
    peak : float, optional
        The statistic's largest share of its threshold in the period: 1 or more is an alarm. None before it watches,
        or where it was not recomputed.
    bands : sequence of Band
        The period drawn together, oldest first.
    """

    standing: Standing
    normal: Normal | None = None
    mean: float | None = None
    peak: float | None = None
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointReport:
    """One endpoint over a period.

    Parameters
    ----------
    epoch : int
        Number of the baseline at the period's end.
    baseline : tuple of int
        Replays it has, and how many it takes.
    replays, watched : int
        Replays of the period that are evidence; those of them that were compared with a baseline.
    streams, shown : sequence of StreamReport
        Those that may alarm; those that are measured only.
    power : str, optional
        What would have been seen, and how fast; None where the engine cannot say.
    by_chance : mapping of Severity to float
        How many alarms the false-alarm budget allows chance to make in the replays that were compared.
    """

    name: str
    model: str
    state: EndpointState
    epoch: int
    baseline: tuple[int, int]
    replays: int
    watched: int
    asked: int
    answered: int
    streams: Sequence[StreamReport]
    shown: Sequence[StreamReport]
    incidents: Sequence[IncidentReport]
    coverage: Coverage
    cost_usd: float
    power: str | None = None
    by_chance: Mapping[Severity, float] = field(default_factory=dict)

    @property
    def told(self) -> tuple[IncidentReport, ...]:
        """The incidents that a report tells in full."""
        return tuple(one for one in self.incidents if not one.incident.transient)

    @property
    def passed(self) -> tuple[IncidentReport, ...]:
        """Alarms whose change vanished when it was asked for again: nobody was told, and a line is enough."""
        return tuple(one for one in self.incidents if one.incident.transient)


def report_endpoint(
    store: Store,
    watched: Watched,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    deliveries: Sequence[Delivery],
    due_slots: DueSlots | None,
) -> EndpointReport:
    """Gather one endpoint's part of the report; see `build_report`."""
    name = watched.endpoint.name
    records = store.slots(name, since=since, until=until)
    not_begun = count_not_begun(watched, store, due_slots, since=since, until=until, now=now)
    all_incidents = store.incidents(endpoint=name)
    incidents = [i for i in all_incidents if _open_at(i, since) and begun(store, i, until)]
    states = states_shown(store, name) if incidents else {}
    found = trace(watched, store, since=since, until=until, incidents=all_incidents)
    streams = standings(watched, found.watch)
    compared = sum(point.watched for point in found.points)
    alarming, shown = _streams(watched, streams, found)
    return EndpointReport(
        name=name,
        model=watched.endpoint.model,
        state=state_of(
            streams,
            [i for i in incidents if i.kind is IncidentKind.DRIFT or _open_at(i, until)],
            replays=len(found.points),
            watched=compared,
        ),
        epoch=found.watch.epoch,
        baseline=baseline_progress(streams, watched.endpoint.baseline_replays),
        replays=len(found.points),
        watched=compared,
        asked=found.asked,
        answered=found.answered,
        streams=alarming,
        shown=shown,
        incidents=tuple(
            incident_report(
                store, i, deliveries=_of(store, i, since, deliveries), model=watched.endpoint.model, states=states
            )
            for i in incidents
        ),
        coverage=coverage(records, not_begun),
        cost_usd=fsum((*(r.cost_usd for r in records), store.confirming_usd(name, since=since, until=until))),
        power=power_of(watched, found.watch),
        by_chance=_by_chance(watched, compared),
    )


def _by_chance(watched: Watched, replays: int) -> Mapping[Severity, float]:
    plans = watched.plans.values()
    return {
        severity: replays * fsum(1 / plan.arl for plan in plans if plan.metric.severity is severity)
        for severity in (Severity.PAGE, Severity.NOTICE)
    }


def _streams(watched: Watched, streams: Sequence[Standing], found: Trace) -> tuple[tuple[StreamReport, ...], ...]:
    """Return the alarming streams and those only shown; one that was never measured is not shown."""
    drawn, usual = bands(found.points), normal(found.baseline, watched.metrics)

    def report(standing: Standing) -> StreamReport:
        name = standing.metric.name
        means = [point.means[name] for point in found.points if name in point.means]
        return StreamReport(
            standing=standing,
            normal=usual.get(name),
            mean=fsum(means) / len(means) if means else None,
            peak=max((p.statistics[name] for p in found.points if name in p.statistics), default=None),
            bands=drawn.get(name, ()),
        )

    shown = [
        Standing(metric=metric, state=StreamState.SHOWN, baseline_replays=watched.endpoint.baseline_replays)
        for name, metric in watched.metrics.items()
        if name not in watched.plans and name in drawn
    ]
    return tuple(map(report, streams)), tuple(map(report, shown))


def begun(store: Store, incident: Incident, until: datetime) -> bool:
    """Whether the incident is known from the replays before `until`: imported ones are judged long after they were."""
    if incident.opened_at < until or not incident.opened_seq:
        return incident.opened_at < until
    return any(record.seq == incident.opened_seq for record in store.slots(incident.endpoint, until=until))


def _open_at(incident: Incident, moment: datetime) -> bool:
    return incident.ended_at is None or incident.ended_at >= moment


def _of(store: Store, incident: Incident, since: datetime, known: Sequence[Delivery]) -> Sequence[Delivery]:
    """Return deliveries to look through: an incident older than the period was told of before it, too."""
    return known if incident.opened_at >= since else store.deliveries(since=incident.opened_at)
