"""The drifts of one endpoint as episodes, read back from the store: what `services.states` compares."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason
from driftwatch.domain.replay import ReplayScores
from driftwatch.services.monitor import covered
from driftwatch.services.ports import Store
from driftwatch.services.states import BASELINE, EPISODES, LATEST, WINDOW, Episode, Shown, shown, telling


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """Where an incident lies in its endpoint's history; `ended` is None while it is open.

    Parameters
    ----------
    onset : datetime, optional
        When the change began, as it was dated at the opening.
    opened, upto, ended : int
        Seq of the replay that opened it, of the last that is known, and of the one that ended it.
    calm : bool
        Whether calm ended it, and not a person or a change of our side.
    """

    epoch: int
    onset: datetime | None
    opened: int
    upto: int
    ended: int | None = None
    calm: bool = False
    accepted: bool = False

    @property
    def last(self) -> int:
        """Seq of its last replay."""
        return self.upto if self.ended is None else self.ended


def placed(incident: Incident, *, upto: int) -> Drift:
    """Place an incident in its endpoint's history, as that stood after the replay `upto`."""
    ended = None if incident.state.open or incident.seq > upto else incident.seq
    return Drift(
        epoch=incident.epoch,
        onset=datetime.fromisoformat(incident.onset_slot) if incident.onset_slot else None,
        opened=incident.opened_seq,
        upto=upto,
        ended=ended,
        calm=ended is not None and incident.reason is Reason.RESOLVED and incident.by is None,
        accepted=ended is not None and incident.state is IncidentState.ACCEPTED,
    )


def episode_of(drift: Drift, replays: Sequence[ReplayScores], first: Sequence[ReplayScores]) -> Episode:
    """Cut an episode out of the replays around it, oldest first.

    Parameters
    ----------
    replays : sequence of ReplayScores
        At least the last `WINDOW` up to the opening, the next `WINDOW`, and the last `WINDOW` up to the end.
    first : sequence of ReplayScores
        At least the first `BASELINE` of the epoch.
    """
    told = [r for r in replays if r.epoch == drift.epoch and r.seq <= drift.last and covered(r)]
    settled = drift.last - WINDOW if drift.calm else drift.last
    since = [r for r in told if drift.opened - WINDOW < r.seq <= max(drift.opened, settled)]
    kept = WINDOW if drift.calm else LATEST if drift.ended is None else 0
    return Episode(
        epoch=drift.epoch,
        baseline=tuple(r for r in first[:BASELINE] if covered(r) and not _since(drift, r)),
        since=tuple(r for r in since if r.seq <= drift.opened + WINDOW and _since(drift, r)),
        latest=tuple(r for r in told if r.seq > max(drift.opened, drift.last - kept)),
        accepted=drift.accepted,
    )


def _since(drift: Drift, replay: ReplayScores) -> bool:
    return replay.seq >= drift.opened or (drift.onset is not None and replay.slot.due >= drift.onset)


def states_shown(
    store: Store, endpoint: str, *, upto: int | None = None, current: Incident | None = None
) -> dict[int, Shown]:
    """Return, by incident id, which states the latest `EPISODES` drifts of an endpoint show.

    Parameters
    ----------
    upto : int, optional
        Seq of the last replay that is taken into account; the last decided one by default. An incident opened later
        is left out, and one that ended later was open.
    current : Incident, optional
        As it stands after a decision that is not committed yet.
    """
    last = store.decided_seq(endpoint) if upto is None else upto
    stored = {i.id: _opened(store, i) for i in store.incidents(endpoint=endpoint)[: EPISODES + 1]}
    known = stored | ({current.id: current} if current else {})
    drifts = [
        (i, placed(known[i], upto=last))
        for i in sorted(known)
        if known[i].kind is IncidentKind.DRIFT and 0 < known[i].opened_seq <= last
    ][-EPISODES:]
    past = _Past(store, endpoint)
    return dict(zip((i for i, _ in drifts), shown([past.episode(drift) for _, drift in drifts]), strict=True))


def _opened(store: Store, incident: Incident) -> Incident:
    """Give an incident of an older version the replay and the onset that opened it."""
    if incident.opened_seq or incident.kind is not IncidentKind.DRIFT:
        return incident
    first = next(iter(store.transitions(incident.id)), incident)
    onset = next((f.onset for f in first.findings if f.onset), None)
    return replace(incident, opened_seq=first.seq, onset_slot=onset.isoformat() if onset else None)


class _Past:
    """Reads only what an episode needs: a history may hold years."""

    def __init__(self, store: Store, endpoint: str) -> None:
        self._store, self._endpoint = store, endpoint
        self._firsts: dict[int, tuple[ReplayScores, ...]] = {}
        self._metrics: tuple[str, ...] | None = None

    def episode(self, drift: Drift) -> Episode:
        """Read one episode."""
        if self._metrics is None:
            opening = next(self._read(drift.opened - 1, drift.opened), None)
            self._metrics = telling(opening) if opening else None
        around = list(self._read(drift.opened - WINDOW, min(drift.opened + WINDOW, drift.last)))
        end = max(drift.last - WINDOW, drift.opened + WINDOW)
        if drift.calm or drift.ended is None:
            around += self._read(end, drift.last)
        return episode_of(drift, around, self._first(drift))

    def _first(self, drift: Drift) -> tuple[ReplayScores, ...]:
        """Return the first replays of the drift's epoch."""
        if drift.epoch not in self._firsts:
            low, high = 0, drift.opened  # the epoch begins in (low, high]
            while high - low > 1:
                middle = (low + high) // 2
                one = next(iter(self._store.replays(self._endpoint, after_seq=middle - 1, metrics=())), None)
                low, high = (middle, high) if one is not None and one.epoch < drift.epoch else (low, middle)
            self._firsts[drift.epoch] = tuple(self._read(high - 1, high - 1 + BASELINE))
        return self._firsts[drift.epoch]

    def _read(self, after: int, last: int) -> Iterator[ReplayScores]:
        if after < last:
            found = self._store.replays(self._endpoint, after_seq=max(after, 0), metrics=self._metrics)
            yield from takewhile(lambda replay: replay.seq <= last, found)
