"""The courses of a backtest's streams, written down as the history passes by."""

from collections.abc import Mapping

from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services import monitor
from driftwatch.services.backtest import Course
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.stream_reading import StreamReading


class CourseLog:
    """Keeps each stream's statistic at each replay, and the slots that the replays had.

    Examples
    --------
    >>> CourseLog().courses({}, {})
    {}
    """

    def __init__(self) -> None:
        self.slots: list[Slot] = []
        self._statistics: dict[str, list[float | None]] = {}
        self._full: frozenset[str] = frozenset()

    def take(self, replay: ReplayScores, readings: Mapping[str, StreamReading]) -> frozenset[str]:
        """Write a replay down, and return the streams in it that were compared with a baseline."""
        position = len(self.slots)
        self.slots.append(replay.slot)
        if not monitor.covered(replay):
            return frozenset()
        measured = replay.values.keys() & readings.keys()
        watching = frozenset(name for name in measured if readings[name].phase == "monitoring")
        for name in measured:
            course = self._statistics.setdefault(name, [])
            course += [None] * (position - len(course))
            course.append(readings[name].statistic if name in watching else None)
        # The replay that fills a baseline is compared with nothing.
        before, self._full = self._full, frozenset(n for n, r in readings.items() if r.phase == "monitoring")
        return watching & before

    def courses(self, plans: Mapping[str, StreamPlan], readings: Mapping[str, StreamReading]) -> dict[str, Course]:
        """Return the course of every stream that was ever measured, one place for each slot.

        Parameters
        ----------
        readings : mapping
            Of all of them, at the end.
        """
        return {
            name: Course(
                metric=plan.metric,
                statistics=(*known, *[None] * (len(self.slots) - len(known))),
                distrust=readings[name].distrust,
            )
            for name, plan in plans.items()
            if (known := self._statistics.get(name)) is not None
        }
