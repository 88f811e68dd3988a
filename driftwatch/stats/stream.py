"""The detector of one stream: replays in, one reading out; state is a fold of the replays."""

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats import effect as effects
from driftwatch.stats.channel_mixture import ChannelEvidence, ChannelMixture
from driftwatch.stats.channels import Footing, side_bets
from driftwatch.stats.chart_names import Chart
from driftwatch.stats.detector import Reading
from driftwatch.stats.dispersion import (
    exchangeability_failure,
    next_square,
    over_dispersed,
    over_dispersion,
    studentised,
)
from driftwatch.stats.effect import MovedProbe
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.events import Event
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.extra_charts import (
    ExtraEvidence,
    count_sound,
    let_ranks_leave,
    read_extras,
    start_extras,
    strays_again,
    strays_lead,
    update_extras,
)
from driftwatch.stats.ks import KsChart
from driftwatch.stats.latch import Latch
from driftwatch.stats.mixture import Location
from driftwatch.stats.mixture_slack import shown
from driftwatch.stats.reference import Reference
from driftwatch.stats.rhythm import VALUE, Learns, RhythmState, in_hindsight, without_rhythm
from driftwatch.stats.stream_alarm import after_alarm, latched, turned
from driftwatch.stats.stream_charts import ChartPlan, Charts, charts_of
from driftwatch.stats.stream_reading import StreamReading
from driftwatch.stats.stream_state import (
    RAW,
    SHARED,
    SPREAD,
    SQUARE,
    ReplayValues,
    StreamState,
    Z,
    changed,
    with_probes,
    with_recent,
)
from driftwatch.stats.today import Today, today_of
from driftwatch.stats.twins import begun_once, shared
from driftwatch.stats.wander import WanderState

__all__ = ["ReplayValues", "StreamDetector", "StreamReading", "StreamState"]

Floats = NDArray[np.float64]

HISTORY = 200  # quiet replays whose evidence is kept: for the scale, the check and the onset
_UNTREATED = frozenset(("ks", "cvm", "risk-adjusted"))
_OF_THRESHOLDS = frozenset(("arl", "guaranteed", "pause_above"))
_NO_BELIEF = 2.0  # what is left of the prior when the baseline itself is over-dispersed


@dataclass(frozen=True, kw_only=True)
class StreamDetector:
    """Finds that an endpoint's answers changed on one metric.

    Parameters
    ----------
    baseline_replays : int
        Replays collected before monitoring starts, 2 or more; 20 to 30 is usual.
    arl : float
        In-control ARL, in replays, that all paging charts of this stream together may spend.
    kind : {"binary", "graded", "continuous"}
        Pass/fail and few-valued grades are scored by value, anything else by ranks within the probe.
    event : {"zeros", "ones", "unusual"}
        Of a binary metric, what the bets beside the location expect more of: failures, ones (a refusal), or in each
        probe the value that it rarely has. Fewer events are seen by the location alone.
    reference_cap : int
        Values a probe's bag holds at most.
    cusum_reference : float
        The ``k`` of the CUSUM, in standard deviations of a replay's evidence.
    paging : tuple of {"mixture", "cusum", "ks", "cvm", "ewma", "risk-adjusted", "strays"}
        Charts that may alarm; they share the ARL equally. The first three are drawn in any case, with the
        threshold that they would have had alone; the others cost time, so they are computed only where they
        page. The last but one reads binary metrics only, the last one continuous ones.
    guaranteed : bool
        Whether the mixture's threshold is ``log(arl)``, whose ARL is `arl` or more as far as its bets are fair
        (`ChannelMixture`), instead of the sharper one that was calibrated by simulation.
    ks_window : int
        Replays whose ranks the KS chart pools.
    studentise : bool
        Divide the evidence by its own past spread, through the t law.
    scale_prior : float
        Replays' worth of belief that the spread is 1, as it is for independent probes; given up when
        the baseline says otherwise.
    pause_above : float
        Share of a paging chart's threshold above which the reference stops growing; 1 pauses only at an
        alarm. For a CUSUM alone 0.6 halves the delay of small shifts that come early, for a few percent of
        the ARL; the mixture's ARL it halves.

    Raises
    ------
    DegenerateError
        If a parameter is out of range, or a replay holds NaN or an infinity.

    Notes
    -----
    The reference is the baseline and then every later replay up to `reference_cap`, except those seen
    while a paging chart stands above `pause_above` and those since the onset of a latched alarm. Sequential
    scores against a growing reference are independent under
    "nothing changed"; once it is full, the error that successive scores share is predicted from their
    own mean and removed, which is the same in one number. In-control ARLs measured for each kind of
    metric stand in docs/explanation/engine.md.

    Examples
    --------
    Forty probes that always passed; ten of them break at replay 34.

    >>> from functools import reduce
    >>> def replay(i):
    ...     failed = 10 if i >= 34 else 0
    ...     return ReplayValues(key=f"{i:03}", values={f"p{j:02}": (float(j >= failed),) for j in range(40)})
    >>> detector = StreamDetector(baseline_replays=30, arl=50_000, kind="binary")
    >>> reading = detector.read(reduce(detector.update, map(replay, range(36)), detector.start()))
    >>> reading.alarm, reading.onset_key, reading.mean_before, reading.mean_after
    (True, '034', 1.0, 0.75)
    """

    baseline_replays: int
    arl: float
    kind: Kind
    event: Event = "zeros"
    reference_cap: int = 200
    cusum_reference: float = 0.5
    paging: tuple[Chart, ...] = ("mixture",)
    guaranteed: bool = False
    ks_window: int = 8
    studentise: bool = True
    scale_prior: float = 20.0
    pause_above: float = 1.0

    def __post_init__(self) -> None:
        """Refuse parameters without a detector."""
        if self.baseline_replays < 2:
            raise DegenerateError(f"stream: baseline_replays must be 2 or more, got {self.baseline_replays}")
        if self.kind not in ("binary", "graded", "continuous"):
            raise DegenerateError(f"stream: kind must be binary, graded or continuous, got {self.kind!r}")
        if self.event not in ("zeros", "ones", "unusual"):
            raise DegenerateError(f"stream: event must be zeros, ones or unusual, got {self.event!r}")
        if self.reference_cap < 2:
            raise DegenerateError(f"stream: reference_cap must be 2 values or more, got {self.reference_cap}")
        if not (math.isfinite(self.scale_prior) and self.scale_prior >= 1):
            raise DegenerateError(f"stream: scale_prior must be a finite number of 1 or more, got {self.scale_prior}")
        _ = self._charts

    def start(self) -> StreamState:
        """State before any replay."""
        return begun_once(self._rules, self._started)

    def _started(self) -> StreamState:
        charts = self._charts
        return StreamState(
            paging=tuple(sorted(self.paging)),
            replays=0,
            baseline_seen=0,
            reference=Reference.empty(),
            history=np.zeros((0, 6)),
            history_keys=(),
            frozen_sum=0.0,
            frozen_spread=0.0,
            frozen_count=0,
            monitored_from=0,
            recent=np.zeros((0, 0, 1)),
            recent_index=np.zeros(0, dtype=np.int64),
            cusum=charts.cusum.start(),
            ks=charts.ks.start(),
            mixture=charts.mixture.start(),
            extra=start_extras(charts.extra),
            rhythm=RhythmState.empty(),
            wander=WanderState.empty(),
            prior=self.scale_prior,
            inflation=1.0,
            z=None,
            trusted=True,
            distrust=None,
            latch=None,
        )

    def update(self, state: StreamState, replay: ReplayValues) -> StreamState:
        """State after one more replay; a replay without any value only counts."""
        if not any(replay.values.values()):
            return changed(state, replays=state.replays + 1, z=None)
        scored = shared("scored", self._rules, state, replay, lambda: self._compared(state, replay))
        if scored.today is None:
            return scored.state
        return self._monitored(scored.state, scored.new, scored.today, replay)

    def _compared(self, state: StreamState, replay: ReplayValues) -> "_Scored":
        """What the replay says; while the baseline is collected that is all that is done with it."""
        state, new = with_probes(state, replay, self.reference_cap)
        today = today_of(state.reference.bags, new, self.kind, key=replay.key)
        scored = self._scored(state, today, replay)
        if state.baseline_seen < self.baseline_replays:
            return _Scored(state=_ended(self._collected(scored, new)), new=new, today=None)
        return _Scored(state=scored, new=new, today=today)

    def rearm(self, state: StreamState) -> StreamState:
        """Clear a latched alarm: charts at zero, reference and scale as they were before its onset."""
        charts = self._charts
        rows = np.full(len(state.reference.probes), -1, dtype=np.int64)
        return changed(
            state,
            cusum=charts.cusum.start(),
            ks=charts.ks.start(),
            mixture=charts.mixture.start().with_rows(rows),
            extra=start_extras(charts.extra),
            rhythm=state.rhythm.rested(),
            wander=state.wander.rested(),
            latch=None,
        )

    def _turned(self, state: StreamState, latch: Latch) -> bool:
        """Whether a shift was latched, and this replay has the CUSUM of the other side at its threshold or above."""
        if state.z is None or state.z * latch.shift >= 0:
            return False
        other = state.cusum.lower if latch.shift > 0 else state.cusum.upper
        return other >= self._charts.cusum.threshold

    def read(self, state: StreamState) -> StreamReading:
        """Everything a person or an incident needs to know about the stream now."""
        charts = self._readings(state)
        worst = self._worst(charts)
        latch = state.latch
        # A trusted alarm is latched. Else the threshold fell after the replay was judged: the next is held to it.
        crossed = not state.trusted and _ratio(charts[worst]) >= 1
        effect, moved = self._effect(state, latch)
        return StreamReading(
            phase="baseline" if state.baseline_seen < self.baseline_replays else "monitoring",
            replays=state.replays,
            baseline_seen=state.baseline_seen,
            z=state.z,
            direction=_direction(state, latch, effect),
            charts=charts,
            statistic=_ratio(charts[worst]),
            alarm=latch is not None or crossed,
            alarm_chart=latch.chart if latch else worst if crossed else None,
            onset_key=latch.onset_key if latch else None,
            onset_interval=latch.onset_interval if latch else None,
            mean_before=effect.before if effect else None,
            mean_after=effect.after if effect else None,
            effect_interval=effect.interval if effect else None,
            moved=moved,
            calm=latch.calm if latch else 0,
            trusted=state.trusted,
            distrust=state.distrust,
            chart=worst,
            returning=latch.recovery.since_zero if latch else 0,
        )

    @cached_property
    def _rules(self) -> Hashable:
        """What a state depends on beside the replays, as long as no threshold is asked."""
        everything = (getattr(self, one.name) for one in fields(self) if one.name not in _OF_THRESHOLDS)
        # Charts that are computed only where they page are made for their ARL.
        return (*everything, self.arl if self._charts.extra else None)

    @cached_property
    def _charts(self) -> Charts:
        return charts_of(self._plan)

    @cached_property
    def _plan(self) -> ChartPlan:
        return ChartPlan(
            arl=self.arl,
            paging=self.paging,
            guaranteed=self.guaranteed,
            kind=self.kind,
            cusum_reference=self.cusum_reference,
            ks_window=self.ks_window,
        )

    def _readings(self, state: StreamState) -> dict[str, Reading]:
        charts = self._charts
        shape = KsChart(threshold=charts.ks.threshold * state.inflation, window=charts.ks.window).read(state.ks)
        mixture = self._mixture(state).read(state.mixture)
        extra = {}
        if charts.extra:
            variance = _variance(state.history[:-1], state.prior)[0] if self.studentise else 1.0
            extra = read_extras(charts.extra, state.extra, inflation=state.inflation, variance=variance)
        return {"mixture": mixture, "cusum": charts.cusum.read(state.cusum), "ks": shape, **extra}

    def mixture_threshold(self, state: StreamState, *, fixed: float | None = None) -> float:
        """Threshold of the mixture on this stream: now, or where `fixed` (`channels.Footing`) is that share."""
        return self._mixture(state, fixed).threshold

    def _mixture(self, state: StreamState, fixed: float | None = None) -> ChannelMixture:
        seen = None
        # Several samples a probe are in no simulation; `recent` knows of none before the first quiet replay.
        several = state.recent.shape[2] > 1 or state.reference.sampled
        if state.baseline_seen >= self.baseline_replays and not several:
            bags = state.reference.bags
            now = _fixed(state.frozen_count, float(bags.held.shape[1])) if fixed is None else fixed
            seen = shown(bags, kind=self.kind, first=self.baseline_replays, fixed=now)
        return self._plan.mixture_for(seen)

    def _worst(self, readings: Mapping[str, Reading]) -> str:
        """The paging chart nearest to its threshold, or farthest beyond it."""
        return max(self.paging, key=lambda name: _ratio(readings[name]))

    def _scored(self, state: StreamState, today: Today, replay: ReplayValues) -> StreamState:
        """Standardise this replay's evidence and, unless an alarm is latched, add it to the history."""
        evidence = today.evidence
        if evidence.z is None:
            return changed(state, z=None)
        whole = _without_shared_error(evidence.z, state.frozen_sum, count=state.frozen_count, length=today.length)
        variance, degrees = _variance(state.history, state.prior)
        raw, rhythm = without_rhythm(
            state.rhythm, whole, index=state.replays, hours=replay.hours, variance=variance, learns=self._learns(state)
        )
        z = studentised(raw, variance=variance, degrees=degrees) if self.studentise else raw
        state = changed(state, rhythm=rhythm)
        if state.latch is not None:
            return changed(state, z=z)
        wander = state.wander
        if replay.hours is not None:  # as with the rhythm: what has no hour is taken for independent
            baseline = state.baseline_seen < self.baseline_replays
            wander = wander.fed(z, index=state.replays, baseline=baseline)
        row = [state.replays, evidence.z, z, next_square(raw, variance), 0.0, today.spread or 0.0]
        return changed(
            state,
            z=z,
            wander=wander,
            inflation=over_dispersion(variance, degrees) if self.studentise else 1.0,
            history=np.concatenate([state.history, [row]])[-HISTORY:],
            history_keys=(*state.history_keys, replay.key)[-HISTORY:],
        )

    def _learns(self, state: StreamState) -> Learns:
        """Whether the rhythm learns from this replay, and whether it may be a change."""
        if state.latch is not None:
            return "nothing"
        return "all" if state.baseline_seen < self.baseline_replays else "unless it stands out"

    def _collected(self, state: StreamState, new: Floats) -> StreamState:
        """One more replay of the baseline; after the last one the stream is checked."""
        state = self._absorbed(state, new, cap=max(self.reference_cap, self.baseline_replays * new.shape[1]))
        state = changed(state, baseline_seen=state.baseline_seen + 1, monitored_from=state.replays + 1)
        if state.baseline_seen < self.baseline_replays:
            return state
        if over_dispersed(np.sqrt(state.history[:, SQUARE])):
            state = changed(state, prior=min(_NO_BELIEF, self.scale_prior))
        return self._checked(state)

    def _monitored(self, state: StreamState, new: Floats, today: Today, replay: ReplayValues) -> StreamState:
        """One replay against the reference."""
        if not state.trusted and _ratio(self._readings(state)[self._worst(self._readings(state))]) >= 1:
            state = self.rearm(state)  # an alarm that may not page is shown on one replay; watch anew
        before = state
        charts = self._charts
        state, bets = shared("charted", self._rules, before, replay, lambda: self._charted(before, new, today))
        readings = self._readings(state)
        if state.latch is not None and self._turned(state, state.latch):
            return _ended(turned(state, state.latch, new, key=replay.key, reference=charts.cusum.reference))
        if state.latch is not None:
            shape = readings["cvm" if state.latch.chart == "cvm" else "ks"]
            strays = 0.0
            if state.latch.channel == "strays":
                strays = strays_again(charts.extra, state.extra, new)
            return _ended(
                after_alarm(state, state.latch, new, bets, mixture=charts.mixture, shape=_ratio(shape), strays=strays)
            )
        worst = self._worst(readings)
        crossed = _ratio(readings[worst]) >= 1
        if crossed and state.trusted and state.z is not None:
            strayed = strays_lead(charts.extra, state.extra) if worst == "strays" else None
            lead = strayed or charts.mixture.lead(state.mixture)
            return _ended(latched(with_recent(state, new), worst, readings[worst], lead=lead))
        absorbs, charted = _ratio(readings[worst]) < self.pause_above, state
        return shared(
            ("quiet", absorbs, crossed),
            self._rules,
            charted,
            replay,
            lambda: _ended(self._quieted(charted, new, absorbs=absorbs, crossed=crossed)),
        )

    def _charted(self, state: StreamState, new: Floats, today: Today) -> tuple[StreamState, ChannelEvidence | None]:
        """Feed the charts; no threshold is asked."""
        charts = self._charts
        bets = self._bets(state, new, today) if state.z is not None else None
        if bets is not None and state.z is not None:
            state = changed(
                state,
                cusum=charts.cusum.update(state.cusum, state.z),
                ks=charts.ks.update(state.ks, today.ranks),
                mixture=charts.mixture.update(state.mixture, bets),
                extra=update_extras(
                    charts.extra,
                    state.extra,
                    ExtraEvidence(
                        z=state.z,
                        ranks=today.ranks,
                        held=state.reference.held,
                        new=new,
                        shared=_shared_error(state.frozen_sum, references=bets.location.references),
                    ),
                ),
            )
        elif state.latch is not None:  # nothing differs: old ranks may leave
            rested = let_ranks_leave(charts.extra, state.extra, today.ranks)
            state = changed(state, ks=charts.ks.update(state.ks, today.ranks), extra=rested)
        elif charts.extra:
            state = changed(state, extra=count_sound(charts.extra, state.extra, state.reference.held, new))
        return state, bets

    def _quieted(self, state: StreamState, new: Floats, *, absorbs: bool, crossed: bool) -> StreamState:
        """A replay without an alarm that may page."""
        state = with_recent(state, new)
        if absorbs:
            state = self._absorbed(state, new, cap=self.reference_cap)
        # Trust may return only on a replay that shows no alarm: that one was not dated, so it may not page.
        return state if state.trusted or crossed else self._checked(state)

    def _absorbed(self, state: StreamState, new: Floats, cap: int) -> StreamState:
        """Let a quiet replay into the reference, or, once that is full, into the shared error."""
        present = np.isfinite(new).any(axis=1)
        if not (state.reference.counts[present] >= cap).all():
            return changed(state, reference=state.reference.absorb(new, index=state.replays, cap=cap))
        if state.z is None:
            return state
        history = state.history.copy()
        history[-1, SHARED] = 1.0
        return changed(
            state,
            history=history,
            frozen_sum=state.frozen_sum + float(history[-1, RAW]),
            frozen_spread=state.frozen_spread + float(history[-1, SPREAD]),
            frozen_count=state.frozen_count + 1,
        )

    def _checked(self, state: StreamState) -> StreamState:
        """Ask whether the quiet evidence is exchangeable."""
        distrust = exchangeability_failure(self._quiet(state), studentise=self.studentise)
        return changed(state, trusted=distrust is None, distrust=distrust)

    def _quiet(self, state: StreamState) -> Floats:
        """Evidence of the quiet replays as the charts that page see it; those of ranks and of rates see its rhythm."""
        if not len(state.rhythm.rows):
            return state.history[:, Z]
        rows: Floats = state.rhythm.rows[:, VALUE]
        return rows if _UNTREATED.intersection(self.paging) else in_hindsight(state.rhythm)

    def _bets(self, state: StreamState, new: Floats, today: Today) -> ChannelEvidence:
        """What the mixture is given of a replay with evidence."""
        length, fixed = today.length, state.frozen_count
        spread = today.spread
        if spread is not None:
            spread = _without_shared_error(spread, state.frozen_spread, count=fixed, length=length)
        footing = Footing(
            spread=spread,
            inflation=state.inflation,
            told=state.rhythm.told,
            unsure=state.rhythm.unsure,
            shared=_shared_error(state.frozen_sum, references=length + fixed),
            fixed=_fixed(fixed, length),
        )
        return ChannelEvidence(
            location=Location(
                z=state.z or 0.0, references=length + fixed, variances=state.wander.by_age(self._charts.mixture.window)
            ),
            side=side_bets(state.reference.bags, new, self.kind, today.said, footing, event=self.event),
        )

    def _effect(self, state: StreamState, latch: Latch | None) -> tuple[effects.Effect | None, tuple[MovedProbe, ...]]:
        if latch is None:
            return None, ()
        recent = state.recent[state.recent_index >= latch.onset_index]
        after = recent.transpose(1, 0, 2).reshape(len(state.reference.probes), -1)
        held = state.reference.held
        effect = effects.stratified_effect(held, after, dispersion=state.inflation)
        return effect, effects.moved_probes(state.reference.probes, held, after, self.kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Scored:
    """A state that has been given a replay's evidence, with its values; no `today` where nothing is left to do."""

    state: StreamState
    new: Floats
    today: Today | None


def _ended(state: StreamState) -> StreamState:
    return changed(state, replays=state.replays + 1)


def _without_shared_error(z: float, past: float, *, count: int, length: float) -> float:
    """Predict, from the sum over replays since the bags were full, the error that they share, and remove it."""
    if not count:
        return z
    return (z - _shared_error(past, references=length + count)) / math.sqrt(
        1 - count / ((length + 1) * (length + count))
    )


def _shared_error(past: float, *, references: float) -> float:
    """What the replays since the bags were full, `past` in sum, foretell of the error that all of them share."""
    return past / references


def _fixed(count: int, length: float) -> float:
    """Share of the reference's error that every later replay sees again."""
    return math.sqrt(count / (length + count)) if count else 0.0


def _variance(history: Floats, prior: float) -> tuple[float, float]:
    """Variance of the evidence, as the past and `prior` replays' worth of belief in 1 see it, and its degrees."""
    degrees = len(history) + prior
    return (float(history[:, SQUARE].sum()) + prior) / degrees, degrees


def _ratio(reading: Reading) -> float:
    return reading.statistic / reading.threshold


def _direction(state: StreamState, latch: Latch | None, effect: effects.Effect | None) -> Literal[-1, 0, 1]:
    if latch and latch.channel != "location" and effect:
        return effect.direction
    movement = latch.shift if latch else state.cusum.upper - state.cusum.lower
    return 0 if movement == 0 else 1 if movement > 0 else -1
