"""The facts that could explain a movement, read from the store; a backtest collects the same as it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from driftwatch.domain.causes import Causes, Recurrence
from driftwatch.domain.delivery import listed
from driftwatch.domain.incident import Incident, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.domain.situation import unexplained_harm
from driftwatch.services.causes import (
    A_DAY,
    LOOK_BACK,
    elsewhere,
    moved_on,
    own_causes,
    recurrence,
    transitions,
    with_neighbours,
)
from driftwatch.services.episodes import states_shown
from driftwatch.services.ports import Store
from driftwatch.services.watched import Watched
from driftwatch.stats.any_stream import AnyState


@dataclass(frozen=True, kw_only=True)
class Gathering:
    """Where the causes of one endpoint's movement are looked for, after the replay that shows it."""

    watched: Watched
    store: Store
    replay: ReplayScores
    states: Mapping[str, AnyState]
    announced: str
    before: Incident | None = None

    def causes(self, incident: Incident) -> Causes:
        """Return everything that is known of an open drift."""
        found = own_causes(
            unexplained_harm(self.before, incident.findings) or incident.findings,
            announced=self.announced,
            log=self.log(),
            states=self.states,
        )
        if len(self.watched.vendors) > 1:
            others = self.store.incidents(since=incident.updated_at - A_DAY)
            name, vendors = incident.endpoint, self.watched.vendors
            near = elsewhere(others, vendors, endpoint=name, findings=incident.findings)
            heard = [replace(one, paged=one.paged and self._heard(one.endpoint)) for one in near]
            found = with_neighbours(found, heard, vendors, name)
        if incident.opened_seq != self.replay.seq:
            repeated = incident.reason is Reason.REPEAT_DUE and incident.told_at == incident.updated_at
            return replace(found, moved_on=repeated and has_moved_on(self.store, incident, upto=self.replay.seq))
        return replace(found, recurrence=self._recurrence(incident))

    def log(self) -> tuple[ReplayScores, ...]:
        """Return the epoch's last replays, the latest included."""
        after = max(self.replay.seq - LOOK_BACK, 0)
        past = self.store.replays(self.replay.slot.endpoint, after_seq=after, metrics=("pass",))
        return tuple(r for r in past if r.seq <= self.replay.seq and r.epoch == self.replay.epoch)

    def _heard(self, other: str) -> bool:
        """Whether those whom this endpoint's page would wake have been woken by the other's."""
        routes = self.watched.pages_of
        return set(listed(routes.get(self.watched.endpoint.name))) <= set(listed(routes.get(other)))

    def _recurrence(self, incident: Incident) -> Recurrence | None:
        shown = states_shown(self.store, incident.endpoint, upto=self.replay.seq, current=incident)
        known = {one.id: one for one in self.store.incidents(endpoint=incident.endpoint)}
        past = [(known[i], shown[i]) for i in sorted(shown) if i < incident.id]
        return recurrence(incident, shown[incident.id], past) if incident.id in shown else None


def has_moved_on(store: Store, incident: Incident, *, upto: int | None = None) -> bool:
    """Return whether a recurrence shows another state than the one that was told of before: its repeat is news then.

    It reads many replays, so it is asked where a repeat is due.
    """
    if incident.recurrence_of is None:
        return False
    shown = states_shown(store, incident.endpoint, upto=upto, current=incident)
    return moved_on(shown.get(incident.id), shown.get(incident.recurrence_of))


def recent_transitions(store: Store, endpoint: str, now: datetime, *, severity: Severity) -> int:
    """Return how often this endpoint's drifts, as loud as this, opened or ended by themselves in the last 24 hours."""
    return transitions(store.incidents(endpoint=endpoint, since=now - A_DAY), now, severity=severity)
