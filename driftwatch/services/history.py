"""A period of one endpoint, recomputed from its committed scores: means, statistics, and where it stood at the end."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from math import fsum

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.incident import Incident
from driftwatch.domain.replay import ReplayScores, SlotState
from driftwatch.services import monitor
from driftwatch.services.judge import load_watch
from driftwatch.services.monitor import Watch
from driftwatch.services.ports import Store
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
        Whether the points carry statistics.
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
) -> Trace:
    """Recompute an endpoint's replays due in [`since`, `until`).

    The fold begins where the epoch of the period's first replay began, so it ends in the very states that were
    committed. Where that would take more than `most_updates` updates and the period reaches to the last decided
    replay, the committed states are taken instead and the points carry no statistics.

    Parameters
    ----------
    incidents : sequence of Incident
        All of the endpoint's: where one was resolved, the detectors were armed anew.
    """
    name = watched.endpoint.name
    decided = store.decided_seq(name)
    before_end = [r.seq for r in store.slots(name, until=until) if r.state is SlotState.DONE and r.seq is not None]
    last = max((seq for seq in before_end if seq <= decided), default=0)
    if not last:
        return Trace(watch=monitor.begin(watched.plans, store.epoch(name)))
    inside = [r.seq for r in store.slots(name, since=since, until=until) if r.seq is not None and r.seq <= decided]
    begin = _epoch_begin(store, name, min(inside, default=last), last)
    recomputed = last < decided or (last - begin + 1) * max(len(watched.plans), 1) <= most_updates
    fold = _Fold(watched, since=since, until=until, incidents=incidents, recompute=recomputed)
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


class _Fold:
    """Takes replays in order; keeps the period's points, the last epoch's baseline and the detectors' states."""

    def __init__(
        self, watched: Watched, *, since: datetime, until: datetime, incidents: Sequence[Incident], recompute: bool
    ) -> None:
        self._watched, self._since, self._until, self._recompute = watched, since, until, recompute
        self._armed_anew = {i.seq: bool(i.accepted_probes) for i in incidents if watches_anew(i)}
        self._watch = monitor.begin(watched.plans, 0)
        self._points: list[Point] = []
        self._baseline: list[Mapping[str, float]] = []
        self._epoch = 0
        self._asked = self._answered = 0

    def take(self, replay: ReplayScores) -> None:
        """Fold one replay."""
        if replay.epoch != self._epoch:
            self._epoch, self._baseline = replay.epoch, []
        if self._recompute:
            self._watch = monitor.fold(self._watched.plans, self._watch, replay)
        inside = self._since <= replay.slot.due < self._until
        if inside:
            self._asked += replay.asked
            self._answered += replay.answered
        if monitor.covered(replay):
            self._take_evidence(replay, inside=inside)
        if self._recompute and replay.seq in self._armed_anew:
            self._watch = monitor.rearm(self._watched.plans, self._watch)

    def _take_evidence(self, replay: ReplayScores, *, inside: bool) -> None:
        means = replay_means(replay)
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
                    statistics=self._statistics() if self._recompute else {},
                )
            )

    def _statistics(self) -> dict[str, float]:
        readings = monitor.read(self._watched.plans, self._watch)
        return {name: r.statistic for name, r in readings.items() if r.phase == "monitoring"}

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
) -> Iterator[ReplayScores]:
    """Yield the replays to fold: all of them, or only the baseline's and the period's."""
    name = watched.endpoint.name
    if recomputed:
        yield from _between(store, name, begin, last)
        return
    newest = _epoch_begin(store, name, last, last)
    first = min(inside, default=last)
    baseline = newest + watched.endpoint.baseline_replays - 1
    if first > baseline:
        yield from _between(store, name, newest, baseline)
    yield from _between(store, name, min(first, newest) if first <= baseline else first, last)


def _between(store: Store, name: str, first: int, last: int) -> Iterator[ReplayScores]:
    for replay in store.replays(name, after_seq=first - 1):
        if replay.seq > last:
            return
        yield replay


def _epoch_begin(store: Store, name: str, seq: int, last: int) -> int:
    """Return the seq of the first replay in the epoch that `seq` belongs to; epochs only rise with seq."""

    def epoch_of(at: int) -> int:
        return next(iter(store.replays(name, after_seq=at - 1, metrics=()))).epoch

    return 1 + bisect_left(range(1, last + 1), epoch_of(seq), key=epoch_of)
