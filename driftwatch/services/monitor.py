"""Fold a committed replay into the detectors of its endpoint, and say in numbers what they found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftwatch.domain.acceptance import FALSE_DISCOVERIES
from driftwatch.domain.alarms import Alarms
from driftwatch.domain.incident import Finding, Moved
from driftwatch.domain.judge_drift import generation, moved
from driftwatch.domain.metric import Metric
from driftwatch.domain.replay import ReplayMeans, ReplayScores
from driftwatch.services.mixture import second_state_since
from driftwatch.services.streams import StreamPlan
from driftwatch.stats.any_stream import AnyState
from driftwatch.stats.rest import rest_moved
from driftwatch.stats.stream import ReplayValues, StreamReading
from driftwatch.stats.stream_state import StreamState

MIN_COVERAGE = 0.5
"""A replay in which fewer probes answered says nothing: what is missing is not missing at random."""
ALWAYS_NAMED = 3
"""One replay cannot prove a single probe; the page names the first suspects all the same, with their q."""
MOST_MOVED = 50
MOST_RETURNING = 12
"""Replays of a return that is not proved for which a repeat waits: most are proved by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The detectors' states after the replay `seq`; a fold of the committed scores, so it can be recomputed."""

    epoch: int
    seq: int
    states: Mapping[str, AnyState]


def begin(plans: Mapping[str, StreamPlan], epoch: int) -> Watch:
    """Return the state before the first replay of an epoch."""
    return Watch(epoch=epoch, seq=0, states={name: plan.detector.start() for name, plan in plans.items()})


def fold(plans: Mapping[str, StreamPlan], watch: Watch, replay: ReplayScores) -> Watch:
    """Return the state after `replay`; a new epoch starts every detector anew, a stream that joins starts now."""
    if replay.epoch != watch.epoch:
        watch = begin(plans, replay.epoch)
    if not covered(replay):
        return Watch(epoch=watch.epoch, seq=replay.seq, states=watch.states)
    states = {}
    for name, plan in plans.items():
        state = watch.states.get(name) or plan.detector.start()
        values = comparable(plan.metric, replay)
        if plan.metric.judge and values and strange(state, values):
            state = plan.detector.start()
        states[name] = plan.detector.update(state, _measured(replay, values)) if values else state
    return Watch(epoch=watch.epoch, seq=replay.seq, states=states)


def comparable(metric: Metric, replay: ReplayScores) -> Mapping[str, tuple[float, ...]] | None:
    """Return the values by which a stream may be judged: none by a judge that has moved.

    A judge's generation is part of the keys: what two of them said of a probe is as little compared as an edited
    probe's scores.
    """
    values = replay.values.get(metric.name)
    if not metric.judge or not values:
        return values
    if moved(replay.fingerprint, metric.judge):
        return None
    mark = generation(replay.fingerprint, metric.judge)
    return {f"{key}~{mark}": samples for key, samples in values.items()} if mark else values


def strange(state: AnyState, values: Mapping[str, tuple[float, ...]]) -> bool:
    """Return whether a stream knows none of the probes: its judge is another, and an alarm of the old one is void."""
    known = state.reference.probes if isinstance(state, StreamState) else ()
    return bool(known) and values.keys().isdisjoint(known)


def _measured(replay: ReplayScores, values: Mapping[str, tuple[float, ...]]) -> ReplayValues:
    due = replay.slot.due
    return ReplayValues(key=replay.slot.key, values=values, hours=due.timestamp() / 3600)


def levels(readings: Mapping[str, StreamReading]) -> dict[str, float]:
    """Return each watching stream's statistic as a share of its threshold."""
    return {name: reading.statistic for name, reading in readings.items() if reading.phase == "monitoring"}


def covered(replay: ReplayScores | ReplayMeans) -> bool:
    """Return whether enough probes answered for the replay to be evidence."""
    return replay.asked > 0 and replay.answered >= MIN_COVERAGE * replay.asked


def thin(log: Sequence[ReplayScores]) -> int:
    """Return how many replays in a row, up to the last one, brought too few answers to be evidence."""
    return next((n for n, replay in enumerate(reversed(log)) if covered(replay)), len(log))


def read(plans: Mapping[str, StreamPlan], watch: Watch) -> dict[str, StreamReading]:
    """Return every stream's reading."""
    return {name: plan.detector.read(watch.states[name]) for name, plan in plans.items() if name in watch.states}


def findings(
    plans: Mapping[str, StreamPlan],
    readings: Mapping[str, StreamReading],
    states: Mapping[str, AnyState] | None = None,
) -> tuple[Finding, ...]:
    """Return the standing alarms of trusted streams, worst first: pages before notices, then by how far above.

    Parameters
    ----------
    states : mapping, optional
        Of all streams; with them each finding tells which share of the answers a second state gives.
    """
    alarmed = [(plans[name], r) for name, r in readings.items() if r.alarm and r.trusted and not r.calm]
    found = [(_finding(plan, reading, states or {}), reading.statistic) for plan, reading in alarmed]
    found.sort(key=lambda pair: (-pair[0].severity.rank, -pair[1], pair[0].metric))
    return tuple(finding for finding, _ in found)


def alarms(readings: Mapping[str, StreamReading]) -> Alarms:
    """Return how the alarms of the trusted streams stand, all together."""
    alarmed = [r for r in readings.values() if r.alarm and r.trusted]
    return Alarms(
        stand=bool(alarmed),
        returning=bool(alarmed) and all(_returning(r) for r in alarmed),
        calm=min((r.calm for r in alarmed), default=0),
    )


def _returning(reading: StreamReading) -> bool:
    """Return whether a stream is calm, or began lately what may be its return."""
    # A reading's `returning` counts a proved return on: beyond the limit `calm` alone tells the two apart.
    return reading.calm > 0 or 0 < reading.returning <= MOST_RETURNING


def rearm(plans: Mapping[str, StreamPlan], watch: Watch, *, every: bool = False) -> Watch:
    """Return the state in which the alarmed streams may alarm again, their reference kept.

    Parameters
    ----------
    every : bool
        The others, too, forget what they have gathered: it came from probes that were accepted.
    """
    states = {
        name: plans[name].detector.rearm(state) if every or plans[name].detector.read(state).alarm else state
        for name, state in watch.states.items()
        if name in plans
    }
    return Watch(epoch=watch.epoch, seq=watch.seq, states=states)


def _possible(
    metric: Metric, before: float | None, interval: tuple[float, float] | None
) -> tuple[float | None, float | None]:
    """Return an effect's interval as far as the metric can go: a rate that fell to 0 was "(-0.27 to 0.27)"."""
    if interval is None or before is None or metric.kind == "continuous":
        return interval or (None, None)
    low, high = interval
    return max(low, -before), min(high, 1.0 - before)


def _finding(plan: StreamPlan, reading: StreamReading, states: Mapping[str, AnyState]) -> Finding:
    chart = reading.charts[reading.alarm_chart or next(iter(reading.charts))]
    low, high = _possible(plan.metric, reading.mean_before, reading.effect_interval)
    early, late = reading.onset_interval or (None, None)
    mixed = second_state_since(reading.onset_key, states)
    return Finding(
        metric=plan.metric.name,
        severity=plan.metric.severity,
        chart=reading.alarm_chart or "",
        statistic=chart.statistic,
        threshold=chart.threshold,
        arl=plan.arl_together,
        direction=reading.direction,
        before=reading.mean_before,
        after=reading.mean_after,
        effect_low=low,
        effect_high=high,
        onset=_moment(reading.onset_key),
        onset_early=_moment(early),
        onset_late=_moment(late),
        second_state=mixed.share if mixed else None,
        second_state_low=mixed.low if mixed else None,
        second_state_high=mixed.high if mixed else None,
        moved=tuple(
            Moved(probe_id=m.probe.rpartition("@")[0], before=m.before, after=m.after, q=m.q)
            for rank, m in enumerate(reading.moved[:MOST_MOVED])
            if m.before != m.after and (m.q <= FALSE_DISCOVERIES or rank < ALWAYS_NAMED)
        ),
        rest_moved=_rest_moved(reading, states.get(plan.metric.name)),
    )


def _rest_moved(reading: StreamReading, state: AnyState | None) -> bool:
    """Return whether the probes that did not surely move have moved too; True where their values are not known."""
    surely = {m.probe for m in reading.moved[:MOST_MOVED] if m.q <= FALSE_DISCOVERIES}
    return not isinstance(state, StreamState) or rest_moved(state, surely)


def _moment(key: str | None) -> datetime | None:
    return datetime.fromisoformat(key) if key else None
