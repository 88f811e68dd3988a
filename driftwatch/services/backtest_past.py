"""What a backtest knows of an endpoint before a replay is decided, kept as the history passes by; see `stored_past`."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from driftwatch.domain.causes import Causes
from driftwatch.domain.confirmation import Burst
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Silence, StateSeen
from driftwatch.domain.metric import PASS, Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.backtest import Ended
from driftwatch.services.causes import LOOK_BACK, transitions
from driftwatch.services.episode_log import EpisodeLog
from driftwatch.services.states import EPISODES


class BacktestPast:
    """A `Past` without a store: bounded, however long the history is; it knows no silences and no neighbours.

    Parameters
    ----------
    bursts : mapping
        Seq of a replay to the confirmation burst that it asked for; an alarm without one is told at once.

    Examples
    --------
    >>> past = BacktestPast(bursts={})
    >>> past.next_incident_id(), past.incident
    (1, None)
    """

    silences: Sequence[Silence] = ()

    def __init__(self, *, bursts: Mapping[int, Burst]) -> None:
        self.bursts = bursts
        self.incident: Incident | None = None
        self._incidents = 0
        self._episodes = EpisodeLog()
        self._log: deque[ReplayScores] = deque(maxlen=LOOK_BACK)
        self._ended: deque[Incident] = deque(maxlen=EPISODES)

    def take(self, replay: ReplayScores) -> None:
        """Take the next replay, which is to be decided."""
        self._episodes.take(replay)
        if self._log and self._log[-1].epoch != replay.epoch:
            self._log.clear()
        self._log.append(replace(replay, values={n: v for n, v in replay.values.items() if n == PASS.name}))

    def keep(self, incident: Incident) -> None:
        """Take an incident as it was decided to stand from now on."""
        if incident.kind is IncidentKind.DRIFT and not incident.state.open:
            self._end(incident)
        self._incidents = max(self._incidents, incident.id)
        self.incident = incident if incident.state.open else None

    def end_by_hand(self, ended: Ended) -> None:
        """Take it that a person ended what is open."""
        if self.incident and self.incident.kind is IncidentKind.DRIFT:
            state = IncidentState.ACCEPTED if ended.accepted or not ended.rearm else IncidentState.RESOLVED
            self._end(replace(self.incident, state=state, by="somebody", ended_at=ended.at))
        self.incident = None

    def state(self, drift: Incident) -> StateSeen | None:
        """Return which state an open drift shows, as of the last replay."""
        return self._episodes.state(drift)

    @property
    def now(self) -> datetime:
        """When the last replay was due: that is when a backtest decides it."""
        return self._log[-1].slot.due

    def next_incident_id(self) -> int:
        """Return the number of an incident that opens now."""
        return self._incidents + 1

    def log(self) -> tuple[ReplayScores, ...]:
        """Return the epoch's last replays, the latest included."""
        return tuple(self._log)

    def transitions(self, severity: Severity) -> int:
        """Return how often drifts as loud as this opened or ended by themselves in the last 24 hours."""
        known = [*self._ended, *([self.incident] if self.incident else [])]
        return transitions(known, self.now, severity=severity)

    def can_confirm(self, _: Sequence[Finding]) -> bool:
        """Return whether the history has the burst that the daemon ran after this replay."""
        return self._log[-1].seq in self.bursts

    def completed(self, causes: Causes, drift: Incident) -> Causes:
        """Return what explains the drift with what earlier drifts tell."""
        if drift.opened_seq != self._log[-1].seq:
            return causes
        return replace(causes, recurrence=self._episodes.recurrence(drift))

    def _end(self, drift: Incident) -> None:
        self._episodes.end(drift)
        self._ended.append(drift)
