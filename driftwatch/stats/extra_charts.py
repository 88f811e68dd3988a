"""Charts that a stream computes only where they page: what each reads, and how it bears over-dispersion.

EWMA reads the studentised evidence, so over-dispersion is repaired before it. The others count answers, which a moment
common to a replay moves together. With a spread of s between replays in place of 1, the Cramér-von Mises distance
grows by s^2, as the square of what the Kolmogorov-Smirnov distance measures; it is widened like that one, by the spread
that the past supports at 99 %. A CUSUM of log likelihood ratios, whose chance to reach h falls as exp(-c h / variance),
needs s^2 times the level; it adds the excess up replay by replay, so it is widened by the estimate itself, if above 1.
Strays are counted against a share that is tolerated, not against the past, whose spread tells nothing of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import Lead
from driftwatch.stats.chart_names import Chart
from driftwatch.stats.chart_registry import make_cvm, make_ewma
from driftwatch.stats.cvm import CvmChart, CvmState
from driftwatch.stats.detector import Reading
from driftwatch.stats.ewma import Ewma, EwmaState
from driftwatch.stats.failure_counts import tilted
from driftwatch.stats.outcomes import Outcomes, replay_outcomes
from driftwatch.stats.self_starting_risk import SelfStartingRiskCusum, SelfStartingRiskState
from driftwatch.stats.strays import StraysChart, StraysState, strays_threshold

Floats = NDArray[np.float64]
ExtraChart = Ewma | CvmChart | SelfStartingRiskCusum | StraysChart
ExtraState = EwmaState | CvmState | SelfStartingRiskState | StraysState

_MOST_TILT = math.log(2)


@dataclass(frozen=True, kw_only=True, eq=False)
class ExtraEvidence:
    """One replay as these charts read it.

    Parameters
    ----------
    z : float
        Its studentised evidence.
    ranks : ndarray, shape (n_ranks,)
        Sequential ranks in [0, 1].
    held, new : ndarrays, shapes (n_probes, n_reference) and (n_probes, n_samples)
        Reference and new values, NaN where there is none.
    shared : float
        Mean of the unstudentised evidence that later replays predict, against a reference that no longer grows.
    """

    z: float
    ranks: Floats
    held: Floats
    new: Floats
    shared: float = 0.0


def make_extra(name: Chart, *, arl: float) -> ExtraChart:
    """The chart of that name with an in-control ARL of `arl` replays that carry evidence."""
    if name == "ewma":
        return make_ewma(arl=arl)
    if name == "strays":
        return StraysChart(threshold=strays_threshold(arl=arl))
    return make_cvm(arl=arl) if name == "cvm" else SelfStartingRiskCusum(arl=arl)


def start_extras(charts: Mapping[Chart, ExtraChart]) -> dict[str, ExtraState]:
    """States before any evidence."""
    return {name: chart.start() for name, chart in charts.items()}


def extras_with_rows(states: Mapping[str, ExtraState], source: NDArray[np.int64]) -> dict[str, ExtraState]:
    """States for another set of probes: rows by their old position, -1 for a new one."""
    return {name: s.with_rows(source) if isinstance(s, StraysState) else s for name, s in states.items()}


def update_extras(
    charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState], evidence: ExtraEvidence
) -> dict[str, ExtraState]:
    """States after one more replay."""
    return {name: _updated(chart, states[name], evidence) for name, chart in charts.items()}


def let_ranks_leave(
    charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState], ranks: Floats
) -> dict[str, ExtraState]:
    """States after a replay in which nothing differs from a constant reference: only the rank windows move on."""
    after = dict(states)
    for name, chart in charts.items():
        before = states[name]
        if isinstance(chart, CvmChart) and isinstance(before, CvmState):
            after[name] = chart.update(before, ranks)
    return after


def count_sound(
    charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState], held: Floats, new: Floats
) -> Mapping[str, ExtraState]:
    """States after a replay without evidence for the other charts: what does not stray counts too."""
    if (strays := _strays(charts, states)) is None:
        return states
    chart, before = strays
    return {**states, "strays": chart.update(before, held, new, informative=False)}


def strays_lead(charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState]) -> Lead | None:
    """The leading process of the chart of strays, as the mixture names its own."""
    if (strays := _strays(charts, states)) is None:
        return None
    chart, state = strays
    return Lead(channel="strays", place=(), since=max(1, chart.since(state)))


def strays_again(charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState], new: Floats) -> float:
    """Log bet of the chart of strays on one more replay; 0 where there is none."""
    if (strays := _strays(charts, states)) is None:
        return 0.0
    chart, state = strays
    return chart.least_bet(state, new)


def _strays(
    charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState]
) -> tuple[StraysChart, StraysState] | None:
    chart, state = charts.get("strays"), states.get("strays")
    if isinstance(chart, StraysChart) and isinstance(state, StraysState):
        return chart, state
    return None


def read_extras(
    charts: Mapping[Chart, ExtraChart], states: Mapping[str, ExtraState], *, inflation: float, variance: float
) -> dict[str, Reading]:
    """Each chart against its threshold, widened where replays lie farther apart than chance says.

    Parameters
    ----------
    inflation : float
        Standard deviation of the evidence that the past supports at 99 %, at least 1.
    variance : float
        Estimate of its variance.
    """
    return {name: _read(chart, states[name], inflation**2, max(1.0, variance)) for name, chart in charts.items()}


def _updated(chart: ExtraChart, state: Any, evidence: ExtraEvidence) -> ExtraState:
    if isinstance(chart, Ewma):
        return chart.update(state, evidence.z)
    if isinstance(chart, CvmChart):
        return chart.update(state, evidence.ranks)
    if isinstance(chart, StraysChart):
        return chart.update(state, evidence.held, evidence.new, informative=True)
    return _both_sides(chart, state, evidence)


def _both_sides(
    chart: SelfStartingRiskCusum, state: SelfStartingRiskState, evidence: ExtraEvidence
) -> SelfStartingRiskState:
    """One replay for the risk-adjusted chart, each side given the probes that can move its way.

    A rate is never estimated below 0.002, so a hundred probes that never fail would seem to improve with every replay.
    A probe whose reference holds no failure has none to lose; the other way round likewise. That choice depends on
    the reference alone, so what is left keeps its law.
    """
    held = evidence.held
    outcomes = _without_shared_error(replay_outcomes(held, evidence.new), evidence.shared)
    ever_passed, ever_failed = (held == 1).any(axis=1), (held == 0).any(axis=1)
    worse = chart.update(state, _only(outcomes, ever_passed))
    if (ever_passed & ever_failed).all():
        return worse
    better = chart.update(state, _only(outcomes, ever_failed))
    return replace(worse, better=better.better)


def _without_shared_error(outcomes: Outcomes, shared: float) -> Outcomes:
    """Tilt the risks so that the failures they expect are those that the replays since the bags were full showed."""
    spread = math.sqrt(float(outcomes.answers @ (outcomes.risks * (1 - outcomes.risks))))
    if not (shared and spread):
        return outcomes
    # Evidence is positive when passes rose; a log odds b moves the expected failures by b times their variance.
    tilt = min(max(-shared / spread, -_MOST_TILT), _MOST_TILT)
    return replace(outcomes, risks=tilted(outcomes.risks, math.exp(tilt)))


def _only(outcomes: Outcomes, probes: NDArray[np.bool_]) -> Outcomes:
    return replace(outcomes, failures=outcomes.failures * probes, answers=outcomes.answers * probes)


def _read(chart: ExtraChart, state: Any, supported: float, estimated: float) -> Reading:
    if isinstance(chart, CvmChart):
        return replace(chart, threshold=chart.threshold * supported).read(state)
    reading = chart.read(state)
    if isinstance(chart, Ewma | StraysChart):
        return reading
    threshold = reading.threshold * estimated
    return replace(reading, threshold=threshold, alarm=reading.statistic >= threshold)
