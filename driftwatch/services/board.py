"""What the dashboard and its API show: read models of now, asked again and again, made anew only after a change."""

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from driftwatch.domain.incident import Incident, Silence
from driftwatch.domain.probe import Probe
from driftwatch.services.course import Course, Courses
from driftwatch.services.coverage import DueSlots, total
from driftwatch.services.episodes import states_shown
from driftwatch.services.glance import GivenAnswer
from driftwatch.services.own import find_incident
from driftwatch.services.ports import Clock, Store
from driftwatch.services.report import Verdict, verdict_of
from driftwatch.services.report_incident import REFERENCES, IncidentReport, incident_report
from driftwatch.services.standing import Standing
from driftwatch.services.states import Shown
from driftwatch.services.status import EndpointStatus, RememberedLook, Status, build_status, endpoint_status
from driftwatch.services.watched import Watched

PERIODS = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
"""How far back a page may look, in days."""
FRESH = timedelta(seconds=20)
"""Coverage goes with the clock: without any change the status is made anew after so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The fleet at a glance.

    Parameters
    ----------
    limit_usd_per_day : float, optional
        What may be spent; None where there is no limit.
    """

    verdict: Verdict
    status: Status
    limit_usd_per_day: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointView:
    """One endpoint with the course of its streams."""

    now: EndpointStatus
    course: Course
    shown: Sequence[str]
    probes: Sequence[Probe]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeView:
    """One probe: what it asks, what it was answered, and what the reference says.

    Parameters
    ----------
    probe : Probe, optional
        As it is asked now; None for one that is no longer in the golden set.
    answers : sequence of GivenAnswer
        Newest first.
    more : int, optional
        Ask for answers before this replay to see older ones; None at the end.
    reference : mapping of str to int
        The probe's first answers of this baseline, and how often each was given; the commonest first.
    """

    endpoint: str
    id: str
    probe: Probe | None
    answers: Sequence[GivenAnswer]
    more: int | None
    reference: Mapping[str, int]


class Board:
    """Reads what people look at. Every method blocks: call it in a thread of the pages' own.

    Parameters
    ----------
    watched : callable
        The endpoints that are watched now.
    due_slots : callable, optional
        The calendar; without it, slots that nobody began are not missed.
    """

    def __init__(
        self,
        store: Store,
        watched: Callable[[], Sequence[Watched]],
        clock: Clock,
        *,
        due_slots: DueSlots | None = None,
        limit_usd_per_day: Callable[[], float | None] = lambda: None,
    ) -> None:
        self.store, self.clock = store, clock
        self._watched, self._due_slots, self._limit = watched, due_slots, limit_usd_per_day
        self._look, self._courses = RememberedLook(), Courses(store)
        self._status: tuple[Hashable, Sequence[Watched], Status] | None = None
        self._states: dict[str, tuple[Hashable, Mapping[int, Shown]]] = {}
        self._edition: tuple[int, Sequence[Watched]] = (0, ())

    def overview(self) -> Overview:
        """Return the fleet now."""
        now, pulse, watched = self.clock.now(), self.store.pulse(), self._everything()
        kept = self._status
        if kept is None or kept[0] != pulse or not _same(kept[1], watched) or now - kept[2].at >= FRESH:
            made = build_status(self.store, watched, now=now, due_slots=self._due_slots, look=self._look)
            self._status = kept = (pulse, watched, made)
        status = kept[2]
        states = [(endpoint.state, [endpoint.incident] if endpoint.incident else []) for endpoint in status.endpoints]
        verdict = verdict_of(states, total(endpoint.coverage for endpoint in status.endpoints))
        return Overview(verdict=verdict, status=status, limit_usd_per_day=self._limit())

    def names(self) -> tuple[str, ...]:
        """Return the watched endpoints."""
        return tuple(one.endpoint.name for one in self._everything())

    def edition(self) -> int:
        """Return a number that is another one after every reload of the configuration."""
        number, before = self._edition
        if not _same(before, watched := self._everything()):
            self._edition = (number + 1, watched)
        return self._edition[0]

    def watched(self, name: str) -> Watched | None:
        """Return an endpoint that is watched; None if there is none of that name."""
        return next((one for one in self._everything() if one.endpoint.name == name), None)

    def endpoint(self, name: str, period: str) -> EndpointView | None:
        """Return one endpoint over a period up to now."""
        watched, now = self.watched(name), self.clock.now()
        if watched is None:
            return None
        since = now - timedelta(days=PERIODS[period])
        course = self._courses.course(watched, since=since, until=now + timedelta(seconds=1))
        return EndpointView(
            now=endpoint_status(self.store, watched, now=now, due_slots=self._due_slots, look=self._look),
            course=course,
            shown=[m for m in watched.metrics if m not in watched.plans and m in course.metrics],
            probes=watched.endpoint.probe_set.probes,
        )

    def incident(self, number: int) -> IncidentReport:
        """Return an incident with its evidence.

        Raises
        ------
        DriftwatchError
            If there is none of that number.
        """
        found = find_incident(self.store, number)
        watched = self.watched(found.endpoint)
        return incident_report(
            self.store,
            found,
            deliveries=self.store.deliveries_about(found),
            model=watched.endpoint.model if watched else None,
            states=self._states_of(found),
        )

    def incidents(
        self, *, before: int | None = None, endpoint: str | None = None, only_open: bool = False, most: int
    ) -> tuple[Sequence[Incident], int | None]:
        """Return a leaf of the incidents, newest first, and before which number the next leaf begins."""
        found = self.store.incidents_before(before, endpoint=endpoint, only_open=only_open, most=most + 1)
        return found[:most], found[most - 1].id if len(found) > most else None

    def probe(self, endpoint: str, probe_id: str, *, before_seq: int | None = None, replays: int) -> ProbeView | None:
        """Return one probe's answers; None for an endpoint or probe that nobody knows."""
        watched = self.watched(endpoint)
        known = watched.endpoint.probe_set.probes if watched else ()
        probe = next((one for one in known if one.id == probe_id), None)
        answers = self.store.probe_answers(endpoint, probe_id, before_seq=before_seq, replays=replays)
        if probe is None and not answers:
            return None
        seqs = sorted({answer.seq for answer in answers})
        more = seqs[0] if len(seqs) == replays else None
        return ProbeView(
            endpoint=endpoint,
            id=probe_id,
            probe=probe,
            answers=answers,
            more=more,
            reference=self._first(endpoint, probe),
        )

    def _first(self, endpoint: str, probe: Probe | None) -> Mapping[str, int]:
        if probe is None:
            return {}
        epoch = self.store.epoch(endpoint)
        found = self.store.first_answers(endpoint, epoch=epoch, limits={probe.key: REFERENCES})
        return dict(Counter(answer.text for answer in found.get(probe.key, ())).most_common())

    def silences(self) -> Sequence[Silence]:
        """Return the silences in force and the windows to come."""
        return self.store.silences_ahead(now=self.clock.now())

    def now(self) -> datetime:
        """Return the moment."""
        return self.clock.now()

    def _everything(self) -> tuple[Watched, ...]:
        """Return the endpoints, and the judges that grade them, which are watched like endpoints."""
        endpoints = self._watched()
        judges = {judge.name: judge.watched for one in endpoints for judge in one.judges.values()}
        for one in endpoints:
            judges.pop(one.endpoint.name, None)
        return (*endpoints, *(judges[name] for name in sorted(judges)))

    def _states_of(self, incident: Incident) -> Mapping[int, Shown]:
        name = incident.endpoint
        mark = (self.store.decided_seq(name), incident.id, incident.state)
        kept = self._states.get(name)
        if kept is None or kept[0] != mark:
            self._states[name] = kept = (mark, states_shown(self.store, name))
        return kept[1]


def _same(one: Sequence[Watched], other: Sequence[Watched]) -> bool:
    """Return whether nothing was reloaded in between; to compare what they hold would take long."""
    return len(one) == len(other) and all(a is b for a, b in zip(one, other, strict=True))


def share(standing: Standing) -> float | None:
    """Return a stream's statistic as a share of its threshold; None before it watches."""
    if standing.statistic is None or not standing.threshold:
        return None
    return standing.statistic / standing.threshold


def nearest(endpoint: EndpointStatus) -> Standing | None:
    """Return the stream that is nearest to its alarm."""
    measured = [(share(stream) or 0.0, stream) for stream in endpoint.streams if share(stream) is not None]
    return max(measured, key=lambda pair: pair[0])[1] if measured else None
