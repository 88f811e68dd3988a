"""What was known of an endpoint before a replay is decided, read from the store; a backtest's is `backtest_past`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from driftwatch.domain.causes import Causes, Recurrence
from driftwatch.domain.delivery import listed
from driftwatch.domain.incident import Finding, Incident, Reason, Silence
from driftwatch.domain.metric import PASS, Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.causes import (
    A_DAY,
    LOOK_BACK,
    elsewhere,
    fresh,
    moved_on,
    recurrence,
    transitions,
    with_neighbours,
)
from driftwatch.services.episodes import states_shown
from driftwatch.services.ports import Store
from driftwatch.services.watched import Watched


@dataclass(frozen=True, kw_only=True)
class StoredPast:
    """What the store knows of an endpoint up to a replay that is to be decided; a `Past`."""

    watched: Watched
    store: Store
    replay: ReplayScores
    now: datetime
    incident: Incident | None
    silences: Sequence[Silence]

    def next_incident_id(self) -> int:
        """Take the next number."""
        return self.store.next_incident_id()

    def log(self) -> tuple[ReplayScores, ...]:
        """Return the epoch's last replays, the latest included."""
        after = max(self.replay.seq - LOOK_BACK, 0)
        past = self.store.replays(self.replay.slot.endpoint, after_seq=after, metrics=(PASS.name,))
        return tuple(r for r in past if r.seq <= self.replay.seq and r.epoch == self.replay.epoch)

    def transitions(self, severity: Severity) -> int:
        """Return how often drifts as loud as this opened or ended by themselves in the last 24 hours."""
        lately = self.store.incidents(endpoint=self.replay.slot.endpoint, since=self.now - A_DAY)
        return transitions(lately, self.now, severity=severity)

    def can_confirm(self, findings: Sequence[Finding]) -> bool:
        """Return whether they open an incident, and began so lately that a rerun can tell them from a blip."""
        return self.watched.confirm and self.incident is None and bool(findings) and fresh(findings, self.log())

    def completed(self, causes: Causes, drift: Incident) -> Causes:
        """Return what explains the drift with what earlier drifts tell, and those of other endpoints."""
        near = self._with_neighbours(causes, drift)
        if drift.opened_seq != self.replay.seq:
            repeated = drift.reason is Reason.REPEAT_DUE and drift.told_at == drift.updated_at
            return replace(near, moved_on=repeated and has_moved_on(self.store, drift, upto=self.replay.seq))
        return replace(near, recurrence=self._recurrence(drift))

    def _with_neighbours(self, causes: Causes, drift: Incident) -> Causes:
        name, vendors = drift.endpoint, self.watched.vendors
        if len(vendors) < 2:
            return causes
        others = self.store.incidents(since=drift.updated_at - A_DAY)
        near = elsewhere(others, vendors, endpoint=name, findings=drift.findings)
        heard = [replace(one, paged=one.paged and self._heard(one.endpoint)) for one in near]
        return with_neighbours(causes, heard, vendors, name)

    def _heard(self, other: str) -> bool:
        """Whether those whom this endpoint's page would wake have been woken by the other's."""
        routes = self.watched.pages_of
        return set(listed(routes.get(self.watched.endpoint.name))) <= set(listed(routes.get(other)))

    def _recurrence(self, drift: Incident) -> Recurrence | None:
        shown = states_shown(self.store, drift.endpoint, upto=self.replay.seq, current=drift)
        known = {one.id: one for one in self.store.incidents(endpoint=drift.endpoint)}
        past = [(known[i], shown[i]) for i in sorted(shown) if i < drift.id]
        return recurrence(drift, shown[drift.id], past) if drift.id in shown else None


def has_moved_on(store: Store, incident: Incident, *, upto: int | None = None) -> bool:
    """Return whether a recurrence shows another state than the one that was told of before: its repeat is news then.

    It reads many replays, so it is asked where a repeat is due.
    """
    if incident.recurrence_of is None:
        return False
    shown = states_shown(store, incident.endpoint, upto=upto, current=incident)
    return moved_on(shown.get(incident.id), shown.get(incident.recurrence_of))
