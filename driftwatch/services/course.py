"""The course of an endpoint's streams over a period, cheap enough to be asked for every few seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from threading import Lock

from driftwatch.domain.incident import Incident
from driftwatch.services.bands import Normal, is_rate, usual
from driftwatch.services.glance import Place
from driftwatch.services.monitor import MIN_COVERAGE
from driftwatch.services.ports import Store
from driftwatch.services.watched import Watched

MOST = 240
"""Replays that are drawn of a period: ten days of hours, each; of a longer one every n-th."""
REMEMBERED = 6_000
"""Replays whose means and levels are kept, about 2 kB each: facts do not change."""

Read = tuple[Mapping[str, float], Mapping[str, float]]
"""A replay's means and levels."""
SLIVER, SLIVER_REPLAYS = 8, 3
"""Replays that lie in less than an eighth of a period are drawn over all of its width: a new endpoint's, a demo's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A replay that is drawn.

    Parameters
    ----------
    means : mapping
        A metric without a score is absent.
    levels : mapping
        Watching stream -> its statistic as a share of its threshold, as it was decided.
    """

    due: datetime
    seq: int
    epoch: int
    means: Mapping[str, float]
    levels: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All streams of an endpoint over one period.

    Parameters
    ----------
    since, until : datetime
        What is drawn: the period asked for, or the part of it in which there were replays.
    step : int
        Every so many replays one is drawn; 1 is all of them.
    points : sequence of Point
        Oldest first; replays with too few answers are left out.
    normal : mapping
        Metric -> what was normal in the baseline in force.
    incidents : sequence of Incident
        Those that touch the period, newest first.
    """

    since: datetime
    until: datetime
    step: int
    points: Sequence[Point]
    normal: Mapping[str, Normal]
    incidents: Sequence[Incident]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that was measured in the period."""
        return tuple(dict.fromkeys(name for point in self.points for name in point.means))

    def mean(self, metric: str) -> float | None:
        """Return a stream's mean over the replays drawn."""
        values = [point.means[metric] for point in self.points if metric in point.means]
        return sum(values) / len(values) if values else None


class Courses:
    """Reads courses; what was read once is remembered, because a committed replay never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[tuple[str, int], Read] = {}
        self._lock = Lock()
        self._normal = lru_cache(maxsize=256)(self._normal_of)

    def course(self, watched: Watched, *, since: datetime, until: datetime) -> Course:
        """Return the course of one endpoint in [`since`, `until`)."""
        name = watched.endpoint.name
        places = [p for p in self._store.places(name, since=since, until=until, most=MOST) if _covered(p)]
        read = self._read(name, [place.seq for place in places])
        epoch = self._store.epoch(name)
        since, until = _filled(places, since, until)
        return Course(
            since=since,
            until=until,
            step=places[0].step if places else 1,
            points=tuple(
                Point(due=p.due, seq=p.seq, epoch=p.epoch, means=read[p.seq][0], levels=read[p.seq][1]) for p in places
            ),
            normal=self.normal(watched, epoch),
            incidents=[i for i in self._store.incidents(endpoint=name, since=since) if i.opened_at < until],
        )

    def normal(self, watched: Watched, epoch: int) -> Mapping[str, Normal]:
        """Return what was normal in an epoch's baseline, as far as it is learned."""
        size = watched.endpoint.baseline_replays
        places = [p for p in self._store.first_places(watched.endpoint.name, epoch=epoch, most=2 * size) if _covered(p)]
        found = self._normal(watched.endpoint.name, tuple(place.seq for place in places[:size]))
        return {
            metric: usual(mean, spread, least=least, rate=is_rate(watched.metrics, metric))
            for metric, (mean, spread, least) in found.items()
        }

    def _normal_of(self, name: str, seqs: tuple[int, ...]) -> Mapping[str, tuple[float, float, float]]:
        """Return mean, standard deviation and least of every metric."""
        from statistics import fmean, stdev

        columns: dict[str, list[float]] = {}
        for means in self._store.means(name, seqs).values():
            for metric, mean in means.items():
                columns.setdefault(metric, []).append(mean)
        found = {}
        for metric, values in columns.items():
            mean, spread = fmean(values), stdev(values) if len(values) > 1 else 0.0
            found[metric] = (mean, spread, min(values))
        return found

    def _read(self, name: str, seqs: Sequence[int]) -> Mapping[int, Read]:
        decided = self._store.decided_seq(name)
        with self._lock:
            known = {seq: self._kept[name, seq] for seq in seqs if (name, seq) in self._kept}
        wanted = [seq for seq in seqs if seq not in known]
        if not wanted:
            return known
        means, levels = self._store.means(name, wanted), self._store.levels_at(name, wanted)
        new = {seq: (means[seq], levels.get(seq, {})) for seq in wanted}
        with self._lock:
            # One that is not decided yet has no levels yet.
            self._kept.update({(name, seq): read for seq, read in new.items() if seq <= decided})
            for oldest in list(self._kept)[: max(len(self._kept) - REMEMBERED, 0)]:
                del self._kept[oldest]
        return {**known, **new}


def _filled(places: Sequence[Place], since: datetime, until: datetime) -> tuple[datetime, datetime]:
    """Return the period; of a history that would fill but a sliver of it, the sliver."""
    if len(places) < SLIVER_REPLAYS or (until - since) < SLIVER * (places[-1].due - places[0].due):
        return since, until
    edge = (places[-1].due - places[0].due) / 50
    return places[0].due - edge, places[-1].due + edge


def _covered(place: Place) -> bool:
    return place.asked > 0 and place.answered >= MIN_COVERAGE * place.asked
