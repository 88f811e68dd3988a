"""A period of one endpoint: means, statistics, and where it stood at the end, as committed or computed again."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.incident import Incident
from driftwatch.domain.replay import ReplayMeans, ReplayScores, SlotState
from driftwatch.services import monitor
from driftwatch.services.monitor import Watch
from driftwatch.services.ports import Store
from driftwatch.services.saved import load_watch
from driftwatch.services.watched import Watched

MOST_UPDATES = 20_000
"""Detector updates that a report may cost for one endpoint, about 1 ms each; beyond, only today's statistic is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One replay of the period that is evidence.

    Parameters
    ----------
    means : mapping
        metric -> mean over probes; a metric without a score is absent.
    statistics : mapping
        Watching stream -> its statistic as a share of its threshold; empty if they were not recomputed.
    """

    due: datetime
    seq: int
    epoch: int
    watched: bool
    means: Mapping[str, float]
    statistics: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What `trace` found out.

    Parameters
    ----------
    points : sequence of Point
        The period's replays, oldest first.
    baseline : sequence of mapping
        The means of the replays that made the last epoch's baseline.
    watch : Watch
        The detectors' states at the period's end.
    asked, answered : int
        Questions of the period's replays, and how many were answered.
    recomputed : bool
        Whether the detectors read again, and what was committed was not taken.
    """

    points: Sequence[Point] = ()
    baseline: Sequence[Mapping[str, float]] = ()
    watch: Watch
    asked: int = 0
    answered: int = 0
    recomputed: bool = True


def trace(
    watched: Watched,
    store: Store,
    *,
    since: datetime,
    until: datetime,
    incidents: Sequence[Incident],
    most_updates: int = MOST_UPDATES,
    from_levels: bool = True,
) -> Trace:
    """Return an endpoint's replays due in [`since`, `until`), and the detectors' states at the end.

    Up to the last decided replay both were committed: the states, and what every decision read of them. A period
    that ended earlier is folded again, from where the epoch of its first replay began, so the states are the very
    ones that were committed then. Where that would take more than `most_updates` updates, the committed states are
    taken for a period that ended just now, as a weekly report's; the points of a store of an older version, whose
    decisions left nothing but states, then carry no statistics.

    Parameters
    ----------
    incidents : sequence of Incident
        All of the endpoint's: where one was resolved, the detectors were armed anew.
    from_levels : bool
        Whether what the decisions read is taken; otherwise it is computed again.
    """
    name = watched.endpoint.name
    decided = store.decided_seq(name)
    inside = [seq for seq in _done(store, name, since, until) if seq <= decided]
    last = max(inside, default=0) or max((seq for seq in _done(store, name, None, until) if seq <= decided), default=0)
    if not last:
        return Trace(watch=monitor.begin(watched.plans, store.epoch(name)))
    begin = _epoch_begin(store, name, min(inside, default=last), last)
    levels = store.levels(name, first=min(inside, default=last), last=last) if from_levels else {}
    committed = last == decided and all(seq in levels for seq in inside)
    few = (last - begin + 1) * max(len(watched.plans), 1) <= most_updates
    recomputed = not committed and (few or decided - last > max(len(inside), 1))
    fold = _Fold(watched, since=since, until=until, incidents=incidents, levels=None if recomputed else levels)
    for replay in _wanted(store, watched, begin=begin, last=last, inside=inside, recomputed=recomputed):
        fold.take(replay)
    found = fold.trace(None if recomputed else load_watch(watched, store)[0])
    if last == decided and (epoch := store.epoch(name)) != found.watch.epoch:
        # Somebody accepted or reset the baseline, and no replay has been made since.
        return replace(found, watch=monitor.begin(watched.plans, epoch), baseline=())
    return found


def baseline_means(
    watched: Watched, store: Store, epoch: int
) -> tuple[datetime | None, tuple[Mapping[str, float], ...]]:
    """Return when an epoch's first replay was due, and the means of the replays that made its baseline."""
    name = watched.endpoint.name
    last = store.decided_seq(name)
    newest = next(iter(store.replays(name, after_seq=last - 1, metrics=())), None) if last else None
    if newest is None or newest.epoch != epoch:
        return None, ()
    means: list[Mapping[str, float]] = []
    first = None
    for replay in _between(store, name, _epoch_begin(store, name, last, last), last):
        first = first or replay.slot.due
        if monitor.covered(replay):
            means.append(replay_means(replay))
        if len(means) == watched.endpoint.baseline_replays:
            break
    return first, tuple(means)


def replay_means(replay: ReplayScores) -> dict[str, float]:
    """Return each metric's mean over probes, a probe's samples averaged first; what is unscored stays out.

    Examples
    --------
    >>> from datetime import UTC
    >>> from driftwatch.domain.fingerprint import Fingerprint
    >>> from driftwatch.domain.replay import Slot
    >>> replay = ReplayScores(
    ...     slot=Slot(endpoint="a", due=datetime(2026, 7, 20, tzinfo=UTC)), seq=1, epoch=1, asked=3, answered=3,
    ...     fingerprint=Fingerprint(parts={}), values={"pass": {"p@1": (1.0, 0.0), "q@1": (1.0,)}, "refusal": {}},
    ... )
    >>> replay_means(replay)
    {'pass': 0.75}
    """
    return {
        metric: fsum(fsum(samples) / len(samples) for samples in scored) / len(scored)
        for metric, probes in replay.values.items()
        if (scored := [samples for samples in probes.values() if samples])
    }


def _done(store: Store, name: str, since: datetime | None, until: datetime) -> list[int]:
    slots = store.slots(name, since=since, until=until)
    return [slot.seq for slot in slots if slot.state is SlotState.DONE and slot.seq is not None]


class _Fold:
    """Takes replays in order; keeps the period's points, the last epoch's baseline and the detectors' states.

    `levels` is what the decisions read, by seq; None where the detectors are to read again.
    """

    def __init__(
        self,
        watched: Watched,
        *,
        since: datetime,
        until: datetime,
        incidents: Sequence[Incident],
        levels: Mapping[int, Mapping[str, float]] | None,
    ) -> None:
        self._watched, self._since, self._until, self._levels = watched, since, until, levels
        self._armed_anew = {i.seq: bool(i.accepted_probes) for i in incidents if watches_anew(i)}
        self._watch = monitor.begin(watched.plans, 0)
        self._points: list[Point] = []
        self._baseline: list[Mapping[str, float]] = []
        self._epoch = 0
        self._asked = self._answered = 0

    def take(self, replay: ReplayScores | ReplayMeans) -> None:
        """Fold one replay; one that is summed up only where nothing is read again."""
        if replay.epoch != self._epoch:
            self._epoch, self._baseline = replay.epoch, []
        if isinstance(replay, ReplayScores):
            self._watch = monitor.fold(self._watched.plans, self._watch, replay)
        inside = self._since <= replay.slot.due < self._until
        if inside:
            self._asked += replay.asked
            self._answered += replay.answered
        if monitor.covered(replay):
            self._take_evidence(replay, inside=inside)
        if isinstance(replay, ReplayScores) and replay.seq in self._armed_anew:
            self._watch = monitor.rearm(self._watched.plans, self._watch)

    def _take_evidence(self, replay: ReplayScores | ReplayMeans, *, inside: bool) -> None:
        means = replay.means if isinstance(replay, ReplayMeans) else replay_means(replay)
        learning = len(self._baseline) < self._watched.endpoint.baseline_replays
        if learning:
            self._baseline.append(means)
        if inside:
            self._points.append(
                Point(
                    due=replay.slot.due,
                    seq=replay.seq,
                    epoch=replay.epoch,
                    watched=not learning,
                    means=means,
                    statistics=self._read_again() if self._levels is None else self._levels.get(replay.seq, {}),
                )
            )

    def _read_again(self) -> dict[str, float]:
        return monitor.levels(monitor.read(self._watched.plans, self._watch))

    def trace(self, saved: Watch | None) -> Trace:
        """Return what was found; `saved` stands for the states where they were not recomputed."""
        return Trace(
            points=tuple(self._points),
            baseline=tuple(self._baseline),
            watch=saved or self._watch,
            asked=self._asked,
            answered=self._answered,
            recomputed=saved is None,
        )


def _wanted(
    store: Store, watched: Watched, *, begin: int, last: int, inside: Sequence[int], recomputed: bool
) -> Iterator[ReplayScores | ReplayMeans]:
    """Yield the replays to fold: all of them, or only the baseline's and the period's, summed up."""
    name = watched.endpoint.name
    if recomputed:
        yield from _between(store, name, begin, last)
        return
    newest = _epoch_begin(store, name, last, last)
    first = min(inside, default=last)
    baseline = newest + watched.endpoint.baseline_replays - 1
    if first > baseline:
        yield from store.summed(name, first=newest, last=baseline)
    yield from store.summed(name, first=min(first, newest) if first <= baseline else first, last=last)


def _between(store: Store, name: str, first: int, last: int) -> Iterator[ReplayScores]:
    for replay in store.replays(name, after_seq=first - 1):
        if replay.seq > last:
            return
        yield replay


def _epoch_begin(store: Store, name: str, seq: int, last: int) -> int:
    """Return the seq of the first replay in the epoch that `seq` belongs to; epochs only rise with seq."""
    if store.epoch(name) == 1:
        return 1

    def epoch_of(at: int) -> int:
        return next(iter(store.replays(name, after_seq=at - 1, metrics=()))).epoch

    return 1 + bisect_left(range(1, last + 1), epoch_of(seq), key=epoch_of)
