"""The episodes of a history that passes by once: a backtest's stand-in for `services.episodes.states_shown`."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from driftwatch.domain.causes import Recurrence
from driftwatch.domain.incident import Incident, StateSeen
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.causes import recurrence
from driftwatch.services.episodes import episode_of, placed
from driftwatch.services.states import BASELINE, EPISODES, WINDOW, Episode, Shown, shown, telling


class EpisodeLog:
    """Keeps of a history what names its states: bounded, however long it is.

    Examples
    --------
    >>> EpisodeLog().state(None) is None
    True
    """

    def __init__(self) -> None:
        self._first: tuple[ReplayScores, ...] = ()
        self._recent: deque[ReplayScores] = deque(maxlen=WINDOW)
        self._around: tuple[ReplayScores, ...] = ()
        self._begun: tuple[ReplayScores, ...] = ()
        self._opened = 0
        self._ended: deque[tuple[Incident, Episode]] = deque(maxlen=EPISODES - 1)

    def take(self, replay: ReplayScores) -> None:
        """Take the next replay."""
        kept = replace(replay, values={name: replay.values[name] for name in telling(replay)})
        if self._first and self._first[0].epoch != replay.epoch:
            self._first = ()
        if len(self._first) < BASELINE:
            self._first += (kept,)
        self._recent.append(kept)
        if self._opened and replay.seq <= self._opened + WINDOW:
            self._around += (kept,)

    def state(self, incident: Incident | None) -> StateSeen | None:
        """Return which state an open drift shows, as of the last replay."""
        return self._shown(incident)[-1].since if incident else None

    def recurrence(self, incident: Incident) -> Recurrence | None:
        """Return the earlier drift in which the state of the one that opens now was met."""
        *past, current = self._shown(incident)
        earlier = [ended for ended, _ in self._ended]
        return recurrence(incident, current, list(zip(earlier, past, strict=True)))

    def _shown(self, incident: Incident) -> tuple[Shown, ...]:
        if self._opened != incident.opened_seq:
            self._opened, self._around, self._begun = incident.opened_seq, tuple(self._recent), self._first
        return shown([*(episode for _, episode in self._ended), self._episode(incident, self._around)])

    def end(self, incident: Incident) -> None:
        """Keep a drift that ended."""
        if self._opened == incident.opened_seq != 0:
            held = {replay.seq for replay in self._around}
            later = tuple(replay for replay in self._recent if replay.seq not in held)
            self._ended.append((incident, self._episode(incident, self._around + later)))
        self._opened, self._around, self._begun = 0, (), ()

    def _episode(self, incident: Incident, replays: Sequence[ReplayScores]) -> Episode:
        upto = self._recent[-1].seq if self._recent else 0
        return episode_of(placed(incident, upto=upto), replays, self._begun)
