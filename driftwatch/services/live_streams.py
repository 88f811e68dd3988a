"""The streams of a history that passes by: those whose metric was met so far, and where their detectors stand."""

from collections.abc import Mapping
from dataclasses import replace

from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores
from driftwatch.services import monitor
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.stream_reading import StreamReading


class LiveStreams:
    """Folds a history's replays; a stream joins when its metric is met: to read those at their start takes time.

    Examples
    --------
    >>> LiveStreams({}).read()
    {}
    """

    def __init__(self, plans: Mapping[str, StreamPlan]) -> None:
        self.planned = plans
        self.met: dict[str, StreamPlan] = {}
        self.watch = monitor.begin(plans, 0)

    def fold(self, replay: ReplayScores) -> None:
        """Take the next replay."""
        new = replay.values.keys() - self.met.keys()
        self.met |= {name: plan for name, plan in self.planned.items() if name in new}
        self.watch = monitor.fold(self.met, self.watch, replay)

    def rearm(self, *, every: bool = False) -> None:
        """Let the alarmed streams alarm again; with `every` the others forget, too, what they have gathered."""
        self.watch = monitor.rearm(self.met, self.watch, every=every)

    def read(self) -> dict[str, StreamReading]:
        """Read every stream."""
        return monitor.read(self.met, self.watch)

    def glance(self, upto: Severity) -> dict[str, StreamReading]:
        """Read every stream, those that may be no louder than `upto` without what their probes did."""
        return {
            name: glanced(plan, state) if plan.metric.severity.rank <= upto.rank else plan.detector.read(state)
            for name, plan in self.met.items()
            if (state := self.watch.states.get(name)) is not None
        }


def glanced(plan: StreamPlan, state: AnyState) -> StreamReading:
    """Read a stream without what its probes did since the onset: after an alarm that is most of a replay's time."""
    if state.latch is None:
        return plan.detector.read(state)
    seen = plan.detector.read(replace(state, latch=None))
    return replace(
        seen, alarm=True, alarm_chart=state.latch.chart, onset_key=state.latch.onset_key, calm=state.latch.calm
    )
