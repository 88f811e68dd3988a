"""The detector of a stream whose replays share a factor: best for latency, speed, and a judge in a mood."""

import hashlib
import math
from dataclasses import dataclass, field, replace
from functools import lru_cache
from statistics import median
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.common_factor import CommonEffect, common_effect, log_values
from driftwatch.stats.cusum import Cusum, turned
from driftwatch.stats.detector import Reading
from driftwatch.stats.dispersion import exchangeability_failure, seconded
from driftwatch.stats.effect import Effect, MovedProbe, moved_probes, stratified_effect
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ks import KsChart, sequential_ranks
from driftwatch.stats.ks_table import ks_threshold
from driftwatch.stats.recovery import Recovery
from driftwatch.stats.reference import Reference
from driftwatch.stats.series import RecursiveResiduals
from driftwatch.stats.series_latch import SeriesLatch, calmed, dated
from driftwatch.stats.series_state import (
    HISTORY,
    INDEX,
    LEARNED,
    ROW,
    VALUE,
    CommonFactorState,
    Z,
    held_without_shifts,
    of_replay,
    with_levels,
    with_probes,
    with_recent,
)
from driftwatch.stats.stream_reading import StreamReading
from driftwatch.stats.stream_state import ReplayValues

__all__ = ["CommonFactorState", "CommonFactorStream"]

Floats = NDArray[np.float64]

_RARE_H = 12.0  # replays farther apart meet too few hours of the day for its rhythm to matter to a chart


@dataclass(frozen=True, kw_only=True)
class CommonFactorStream:
    """Finds that a metric changed whose probes rise and fall together from replay to replay.

    Choose it for latency, time to first token, tokens per second, or a judge whose mood colours a whole
    replay. For metrics whose probes are independent within a replay `StreamDetector` is quicker and exact.

    Parameters
    ----------
    baseline_replays : int
        Replays collected before monitoring starts, 8 or more.
    arl : float
        In-control ARL, in replays, that both charts together may spend.
    log : bool
        Whether to work on logarithms, as heavy-tailed positive metrics need; values of zero and
        below then count as missing.
    series : RecursiveResiduals
        The regression of the common effect on its level, rhythm and past.
    reference_cap : int
        Values a probe's bag holds at most.
    cusum_reference : float
        The ``k`` of the CUSUM, in standard deviations of the residual.
    ks_share : float
        Share of the false-alarm budget spent on the KS chart of what single probes do; the CUSUM has the rest.
    ks_window : int
        Replays whose ranks the KS chart pools.
    pause_above : float
        Share of the CUSUM's threshold above which learning waits; 1 waits only at an alarm.
    margin : float
        By how much longer than `arl` the charts' nominal run length is, to pay for what short data leave
        unknown of rhythm and memory; 1 or more. The default is measured.
    catch_up : bool
        Whether replays that waited are learned when the CUSUM has fallen below that share again.
    alone : float
        Standard deviations that one replay adds to the CUSUM at most; more only as far as the replay before it
        went the same way. Heavy tails make one wild replay, a change makes several.

    Raises
    ------
    DegenerateError
        If a parameter is out of range, or a replay holds NaN or an infinity.

    Notes
    -----
    Each replay gives one number, the common effect (`common_effect`) against levels fixed at the end of the
    baseline; its recursive residuals feed the CUSUM. What is left of the values without that effect feeds the
    KS chart through the ranks within each probe. At an alarm the regression forgets what it learned since
    the onset, and rests until `rearm`.

    Assumes that the effect is a level, a daily and a weekly rhythm that repeat, and an autoregression, with
    normal errors. Replays closer together than 12 hours may not page before the day's rhythm is in the
    regression: `distrust` says so. Without `hours` no rhythm is modelled.
    The week is in the regression as soon as the day, its wave expected to measure 0.3 standard deviations of a
    replay. One wild replay cannot alarm: it takes two. Measured: benchmarks/detection/DEPENDENCE.md.

    Examples
    --------
    Latency at ten probes, every probe 15 % slower from replay 60 on.

    >>> from functools import reduce
    >>> rng = np.random.default_rng(3)
    >>> def replay(i):
    ...     slow = rng.normal(0.15 if i >= 60 else 0.0, 0.03)
    ...     values = {f"p{k}": (100 * (k + 1) * math.exp(slow + rng.normal(0, 0.1)),) for k in range(10)}
    ...     return ReplayValues(key=f"{i:03}", values=values, hours=24.0 * i)
    >>> detector = CommonFactorStream(baseline_replays=30, arl=5000)
    >>> reading = detector.read(reduce(detector.update, map(replay, range(66)), detector.start()))
    >>> reading.alarm, reading.alarm_chart, reading.onset_key
    (True, 'cusum', '060')
    """

    baseline_replays: int
    arl: float
    log: bool = True
    series: RecursiveResiduals = field(default_factory=lambda: RecursiveResiduals(weekly_prior=0.3))
    reference_cap: int = 200
    cusum_reference: float = 0.5
    ks_share: float = 0.2
    ks_window: int = 8
    pause_above: float = 0.6
    catch_up: bool = True
    margin: float = 1.5
    alone: float = 2.5

    def __post_init__(self) -> None:
        """Refuse parameters without a detector."""
        if self.baseline_replays < 8:
            raise DegenerateError(f"common factor: baseline_replays must be 8 or more, got {self.baseline_replays}")
        if self.reference_cap < 10:
            raise DegenerateError(f"common factor: reference_cap must be 10 or more, got {self.reference_cap}")
        if not 0 < self.ks_share < 1:
            raise DegenerateError(f"common factor: ks_share must lie between 0 and 1, got {self.ks_share}")
        if not 0 < self.pause_above <= 1:
            raise DegenerateError(f"common factor: pause_above must lie in (0, 1], got {self.pause_above}")
        if not self.alone > self.cusum_reference:
            raise DegenerateError(f"common factor: alone must lie above cusum_reference, got {self.alone}")
        if not 1 <= self.margin <= 10:
            raise DegenerateError(f"common factor: margin must lie between 1 and 10, got {self.margin}")
        _charts(self)

    def start(self) -> CommonFactorState:
        """State before any replay."""
        cusum, ks = _charts(self)
        return CommonFactorState(
            replays=0,
            baseline_seen=0,
            reference=Reference.empty(),
            centre=np.zeros(0),
            scale=np.zeros(0),
            shifts=np.zeros((0, 2)),
            times=np.zeros((0, 2)),
            recent=np.zeros((0, 0, 1)),
            recent_index=np.zeros(0, dtype=np.int64),
            series=self.series.start(),
            history=np.zeros((0, ROW + self.series.columns)),
            history_keys=(),
            monitored_from=0,
            asked=np.zeros(self.series.columns, dtype=bool),
            cusum=cusum.start(),
            ks=ks.start(),
            z=None,
            trusted=True,
            distrust=None,
            latch=None,
        )

    def update(self, state: CommonFactorState, replay: ReplayValues) -> CommonFactorState:
        """State after one more replay; a replay without any value only counts."""
        state, new = with_probes(state, replay, self.reference_cap, log=self.log)
        if not np.isfinite(new).any():
            return replace(state, replays=state.replays + 1, z=None)
        if state.baseline_seen < self.baseline_replays:
            after = self._collected(state, replay, new)
        else:
            after = self._monitored(state, replay, new)
        return replace(after, replays=state.replays + 1)

    def rearm(self, state: CommonFactorState) -> CommonFactorState:
        """Clear a latched alarm: charts at zero, levels and regression as they were before its onset."""
        cusum, ks = _charts(self)
        return replace(state, cusum=cusum.start(), ks=ks.start(), latch=None)

    def read(self, state: CommonFactorState) -> StreamReading:
        """Everything a person or an incident needs to know about the stream now."""
        charts = self._readings(state)
        worst = max(charts, key=lambda name: _ratio(charts[name]))
        latch = state.latch
        crossed = _ratio(charts[worst]) >= 1
        effect, moved = self._effect(state, latch)
        return StreamReading(
            phase="baseline" if state.baseline_seen < self.baseline_replays else "monitoring",
            replays=state.replays,
            baseline_seen=state.baseline_seen,
            z=state.z,
            direction=_direction(state, latch),
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
            returning=latch.recovery.since_zero if latch else 0,
        )

    def _turned(self, state: CommonFactorState, latch: SeriesLatch) -> bool:
        """Whether a shift was latched, and this replay has the CUSUM of the other side at its threshold or above."""
        if state.z is None or state.z * latch.shift >= 0:
            return False
        other = state.cusum.lower if latch.shift > 0 else state.cusum.upper
        return other >= _charts(self)[0].threshold

    def _alarmed_again(
        self, state: CommonFactorState, latch: SeriesLatch, new: Floats, *, key: str
    ) -> CommonFactorState:
        """The alarm of the other side, dated to the replay that showed it: of those before no evidence was kept."""
        shift, replays, cusum = turned(state.cusum, down=latch.shift > 0, reference=self.cusum_reference)
        again = SeriesLatch(
            chart=latch.chart,
            onset_index=state.replays,
            onset_key=key,
            onset_interval=(key, key),
            shift=shift,
            recovery=Recovery.since(shift, replays),
        )
        return with_recent(replace(state, latch=again, cusum=cusum), new)

    def _readings(self, state: CommonFactorState) -> dict[str, Reading]:
        cusum, ks = _charts(self)
        return {"cusum": cusum.read(state.cusum), "ks": ks.read(state.ks)}

    def _collected(self, state: CommonFactorState, replay: ReplayValues, new: Floats) -> CommonFactorState:
        """One more replay of the baseline; after the last one the levels are fixed and the stream is checked."""
        cap = max(self.reference_cap, self.baseline_replays * new.shape[1])
        hours = np.nan if replay.hours is None else replay.hours
        state = replace(
            state,
            reference=state.reference.absorb(new, index=state.replays, cap=cap),
            times=np.concatenate([state.times, [[state.replays, hours]]]),
            history_keys=(*state.history_keys, replay.key),
            baseline_seen=state.baseline_seen + 1,
            monitored_from=state.replays + 1,
        )
        return state if state.baseline_seen < self.baseline_replays else self._settled(state)

    def _settled(self, state: CommonFactorState) -> CommonFactorState:
        """Fix the levels, and fold the baseline into the regression."""
        state = with_levels(state, log=self.log, least=2)
        keys, series = state.history_keys, self.series.start()
        rows, kept, shifts = [], [], []
        for (index, hours), key in zip(state.times.tolist(), keys, strict=True):
            shift = self._common(state, of_replay(state.reference, int(index))).shift
            if shift is None:
                continue
            series = self.series.update(series, shift, hours=None if math.isnan(hours) else hours)
            learned = float(series.seen > self.series.lags)
            rows.append([index, np.nan, learned, series.value, *series.row])
            shifts.append([index, shift])
            kept.append(key)
        state = replace(
            state,
            series=series,
            shifts=np.array(shifts).reshape(-1, 2),
            history=np.array(rows).reshape(-1, state.history.shape[1])[-HISTORY:],
            history_keys=tuple(kept)[-HISTORY:],
            times=np.zeros((0, 2)),
        )
        return self._checked(state)

    def _common(self, state: CommonFactorState, new: Floats) -> CommonEffect:
        return common_effect(state.levels, log_values(new) if self.log else new)

    def _monitored(self, state: CommonFactorState, replay: ReplayValues, new: Floats) -> CommonFactorState:
        """One replay against levels and regression."""
        if not state.trusted and max(map(_ratio, self._readings(state).values())) >= 1:
            state = self.rearm(state)  # an alarm that may not page is shown on one replay; watch anew
        common = self._common(state, new)
        if common.shift is None:
            return replace(self._absorbed(state, new, None), z=None)
        state = self._charted(state, replay, common.shift, common.without)
        readings = self._readings(state)
        if state.latch is not None and self._turned(state, state.latch):
            return self._alarmed_again(state, state.latch, new, key=replay.key)
        if state.latch is not None:
            standing = self.series.standing(state.series, state.series.row, common.shift - (state.series.origin or 0.0))
            after = calmed(state.latch, standing, _ratio(readings["ks"]))
            state = replace(state, latch=after)
            return state if after.calm else with_recent(state, new)
        state = with_recent(state, new)
        worst = max(readings, key=lambda name: _ratio(readings[name]))
        crossed = _ratio(readings[worst]) >= 1
        if crossed and state.trusted and state.z is not None:
            return self._latched(state, worst, readings[worst])
        if _ratio(readings["cusum"]) < self.pause_above:
            state = self._absorbed(self._learned(state), new, common.shift)
        # Trust may return only on a replay that shows no alarm: that one was not dated, so it may not page.
        return state if state.trusted or crossed else self._checked(state)

    def _charted(
        self, state: CommonFactorState, replay: ReplayValues, shift: float, without: Floats
    ) -> CommonFactorState:
        """Score the common effect and what it leaves, and add the replay to the history unless an alarm is latched."""
        cusum, ks = _charts(self)
        series, before = self.series.scored(state.series, shift, hours=replay.hours), state.z
        rng = np.random.default_rng(int.from_bytes(hashlib.sha256(replay.key.encode()).digest()[:16]))
        ranks = sequential_ranks(held_without_shifts(state, log=self.log), without, rng)
        state = replace(state, series=series, z=series.z, ks=ks.update(state.ks, ranks))
        if series.z is not None:
            state = replace(state, cusum=cusum.update(state.cusum, seconded(series.z, before, alone=self.alone)))
        if state.latch is not None:
            return state
        z = np.nan if series.z is None else series.z
        row = np.array([state.replays, z, 0.0, series.value, *series.row])
        return replace(
            state,
            history=np.concatenate([state.history, [row]])[-HISTORY:],
            history_keys=(*state.history_keys, replay.key)[-HISTORY:],
        )

    def _learned(self, state: CommonFactorState) -> CommonFactorState:
        """Let this replay, and those that waited, into the regression."""
        monitored = state.history[:, INDEX] >= state.monitored_from
        waiting = (state.history[:, LEARNED] == 0) & monitored
        if not self.catch_up:
            waiting[:-1] = False
        history = state.history.copy()
        history[waiting, LEARNED] = 1.0
        rows = history[waiting]
        return replace(state, history=history, series=self.series.learned(state.series, rows[:, ROW:], rows[:, VALUE]))

    def _absorbed(self, state: CommonFactorState, new: Floats, shift: float | None) -> CommonFactorState:
        """Let a quiet replay into the bags; a probe that joined gets its level once it has ten values."""
        if state.latch is not None or not (state.reference.counts < self.reference_cap).any():
            return state
        reference = state.reference.absorb(new, index=state.replays, cap=self.reference_cap)
        shifts = state.shifts if shift is None else np.concatenate([state.shifts, [[state.replays, shift]]])
        shifts = shifts[shifts[:, 0] >= np.where(reference.stamps < 0, state.replays, reference.stamps).min()]
        return with_levels(replace(state, reference=reference, shifts=shifts), log=self.log)

    def _checked(self, state: CommonFactorState) -> CommonFactorState:
        """Ask whether the regression leaves nothing that repeats, scored by the regressors in use now."""
        active = self.series.active(state.series)
        if not (active == state.asked).all():
            history = state.history.copy()
            rows = history[:, LEARNED] == 1
            zs = self.series.rescored(history[rows, ROW:], history[rows, VALUE].tolist(), active)
            history[rows, Z] = [np.nan if z is None else z for z in zs]
            state = replace(state, history=history, asked=active)
        distrust = self._unknown_rhythm(state, active)
        if distrust is None:
            zs_known = state.history[np.isfinite(state.history[:, Z]), Z]
            distrust = exchangeability_failure(zs_known, studentise=True)
        gained = distrust is None and not state.trusted
        state = self.rearm(state) if gained else state
        return replace(state, trusted=distrust is None, distrust=distrust)

    def _unknown_rhythm(self, state: CommonFactorState, active: NDArray[np.bool_]) -> str | None:
        """Why a stream of frequent replays cannot be trusted yet, if its day is not modelled."""
        series, model = state.series, self.series
        if not model.daily or series.first_h is None or series.last_h is None or not series.gaps:
            return None
        if active[model.intercept + model.lags] or median(series.gaps) >= _RARE_H:
            return None
        return (
            f"the rhythm of the day is not known yet: {series.last_h - series.first_h:.0f} h of "
            f"{model.daily_after_h:.0f} h seen in {series.count} replays"
        )

    def _latched(self, state: CommonFactorState, chart: str, reading: Reading) -> CommonFactorState:
        """Date the change and take back what was learned since."""
        known = np.isfinite(state.history[:, Z]) & (state.history[:, INDEX] >= state.monitored_from)
        latch = dated(
            chart=chart,
            zs=state.history[known, Z],
            keys=tuple(key for key, used in zip(state.history_keys, known, strict=True) if used),
            indices=state.history[known, INDEX].astype(np.int64),
            excursion=state.ks.updates - reading.onset if chart == "ks" and reading.onset is not None else 1,
        )
        quiet = int(np.searchsorted(state.history[:, INDEX], latch.onset_index))
        since = state.history[quiet:]
        taken = since[since[:, LEARNED] == 1]
        series = self.series.unlearned(state.series, taken[:, ROW:], taken[:, VALUE])
        if latch.shift:
            standing = [self.series.standing(series, row[ROW:], float(row[VALUE])) for row in since]
            shift = float(np.mean(standing))
            latch = replace(latch, shift=shift, recovery=Recovery.since(shift, len(standing)))
        return replace(
            state,
            latch=latch,
            reference=state.reference.without_since(latch.onset_index),
            shifts=state.shifts[state.shifts[:, 0] < latch.onset_index],
            history=state.history[:quiet],
            history_keys=state.history_keys[:quiet],
            series=series,
        )

    def _effect(
        self, state: CommonFactorState, latch: SeriesLatch | None
    ) -> tuple[Effect | None, tuple[MovedProbe, ...]]:
        if latch is None:
            return None, ()
        recent = state.recent[state.recent_index >= latch.onset_index]
        after = recent.transpose(1, 0, 2).reshape(len(state.reference.probes), -1)
        held = state.reference.held
        effect = stratified_effect(held, after, dispersion=self._inflation(state))
        return effect, moved_probes(state.reference.probes, held, after, "continuous")

    def _inflation(self, state: CommonFactorState) -> float:
        """How much farther apart replays lie than independent probes would."""
        spread, levelled = self.series.spread(state.series), np.isfinite(state.scale)
        if spread is None or not levelled.any():
            return 1.0
        return max(1.0, spread[1] * math.sqrt(float((state.scale[levelled] ** -2.0).sum())))


def _ratio(reading: Reading) -> float:
    return reading.statistic / reading.threshold


def _direction(state: CommonFactorState, latch: SeriesLatch | None) -> Literal[-1, 0, 1]:
    movement = latch.shift if latch else state.cusum.upper - state.cusum.lower
    return 0 if movement == 0 else 1 if movement > 0 else -1


@lru_cache(maxsize=256)
def _charts(detector: CommonFactorStream) -> tuple[Cusum, KsChart]:
    """The two charts with their share of the budget; the false-alarm rates of the shares add up."""
    cusum = cusum_threshold(
        arl=detector.arl * detector.margin / (1 - detector.ks_share), reference=detector.cusum_reference
    )
    ks = ks_threshold(arl=detector.arl * detector.margin / detector.ks_share, window=detector.ks_window)
    return Cusum(reference=detector.cusum_reference, threshold=cusum), KsChart(threshold=ks, window=detector.ks_window)
