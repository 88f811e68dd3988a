"""Which change an endpoint's streams find, and how soon: from its baseline, or else from what is assumed and said."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import variance

from driftwatch.domain.metric import MEASURED, PASS, Severity
from driftwatch.services.ports import Store
from driftwatch.services.saved import load_watch
from driftwatch.services.streams import StreamPlan
from driftwatch.services.watched import Watched
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.power import (
    detectable_shift,
    expected_delay,
    fading_delay,
    shift_of_effect,
    shift_of_own_spread,
)
from driftwatch.stats.power_simulated import SimulatedDelay, mixture_delay, oracle_delay
from driftwatch.stats.stream import StreamDetector, StreamState

ASSUMED_RATE = 0.9
"""Pass rate of every probe where there is no baseline."""
POINTS = (0.01, 0.03, 0.05, 0.1)
"""Falls of a rate whose delay is told."""
SPREADS = (0.1, 0.25, 0.5, 1.0)
"""Shifts of any other metric, in standard deviations of a probe's own answers."""
HORIZONS = (1, 7, 30)
"""Days within which the smallest change found is told."""
_STATES = 50
_MOSTLY = 0.9
"""Of the simulated runs must have found a change, right after the baseline, for a delay to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One change and its delay in replays, on average: of the CUSUM that is drawn, of the mixture, of the oracle.

    Parameters
    ----------
    effect : float
        Common to all probes: of a rate, or in standard deviations of a probe's answers.
    replays : float
        Under a reference that has grown full.
    early : float, optional
        Soon after the baseline, whose growing reference takes the change in; None for never.
    mixture : SimulatedDelay, optional
        Of the mixture, under a full reference; None where other charts page.
    mixture_early : float, optional
        The mixture's soon after the baseline; None where fewer than nine runs in ten found the change.
    oracle : float
        Of the CUSUM that knows the change beforehand, under a full reference: nothing is sooner.
    """

    effect: float
    replays: float
    early: float | None
    oracle: float
    mixture: SimulatedDelay | None = None
    mixture_early: float | None = None

    @property
    def told(self) -> float:
        """Delay of the chart that pages, where it is the mixture; else the CUSUM's."""
        return self.replays if self.mixture is None else self.mixture.replays


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamPower:
    """What one stream finds.

    Parameters
    ----------
    basis : {"baseline", "assumed"}
        Where the spread of the answers is from.
    unit : {"rate", "sd"}
        Of the effects.
    probes : int
        Probes whose answers vary: the evidence is theirs.
    detectable : mapping of int to float
        Days -> the smallest effect found within them, on average; absent where no chart is that slow or quick.
    """

    metric: str
    severity: Severity
    basis: str
    unit: str
    probes: int
    delays: tuple[Found, ...]
    detectable: Mapping[int, float]


def powers_of(watched: Watched, store: Store | None, *, replays_per_day: float) -> tuple[StreamPower, ...]:
    """Return the power of every alarming stream; one whose probes all never varied has none: it speaks at the first."""
    states = (
        {name: s for name, s in load_watch(watched, store)[0].states.items() if isinstance(s, StreamState)}
        if store
        else {}
    )
    found = (_power(watched, name, plan, states.get(name), replays_per_day) for name, plan in watched.plans.items())
    return tuple(power for power in found if power)


def _power(
    watched: Watched, name: str, plan: StreamPlan, state: StreamState | None, replays_per_day: float
) -> StreamPower | None:
    learned = state is not None and state.baseline_seen >= plan.detector.baseline_replays
    rate = plan.metric.kind == "binary"
    given = _spreads(state) if learned and state is not None else _assumed(watched, name, plan)
    spreads = [spread for spread in given if spread > 0]
    if not spreads:
        return None
    unit = _shift_per_unit(watched, spreads, plan.metric.kind) / (state.inflation if learned and state else 1.0)
    arl, points = plan.detector.arl, POINTS if rate else SPREADS
    return StreamPower(
        metric=name,
        severity=plan.metric.severity,
        basis="baseline" if learned else "assumed",
        unit="rate" if rate else "sd",
        probes=len(spreads),
        delays=tuple(_found(effect, effect * unit, plan, state if learned else None) for effect in points),
        detectable={
            days: shift / unit for days in HORIZONS if (shift := _detectable(days * replays_per_day, arl)) is not None
        },
    )


def _assumed(watched: Watched, name: str, plan: StreamPlan) -> list[float]:
    """Return a spread for every probe that the metric measures; none where no rate can be assumed."""
    measured = name in MEASURED and name != PASS.name
    if measured and plan.metric.kind == "binary":
        return []
    scorers = watched.scorers.values()
    if measured:
        probes = len(scorers)
    elif name == PASS.name:
        probes = sum(bool(named) for named in scorers)
    else:
        probes = sum(any(one.metric == name for one in named) for named in scorers)
    return [math.sqrt(ASSUMED_RATE * (1 - ASSUMED_RATE))] * probes


def _spreads(state: StreamState) -> list[float]:
    counts = state.reference.counts.tolist()
    bags = [bag[:count] for bag, count in zip(state.reference.held.tolist(), counts, strict=True)]
    return [math.sqrt(variance(bag)) for bag in bags if len(bag) > 1]


def _shift_per_unit(watched: Watched, spreads: list[float], kind: Kind) -> float:
    """Return the evidence per replay of an effect of 1: of a rate, else in standard deviations of a probe's answers."""
    samples = min(probe.samples for probe in watched.endpoint.probe_set.probes)
    variances = [spread**2 for spread in spreads]
    if kind == "binary":
        return shift_of_effect(1.0, variances, samples)
    return shift_of_own_spread(1.0, variances, kind, samples)


def _found(effect: float, shift: float, plan: StreamPlan, state: StreamState | None) -> Found:
    arl, baseline = plan.detector.arl, plan.detector.baseline_replays
    shift = round(shift, 3)
    replays = _delay(shift, arl)
    early = max(fading_delay(shift=shift, arl=arl, references=baseline), replays)
    mixture, mixture_early = _mixture(shift, plan, state)
    return Found(
        effect=effect,
        replays=replays,
        early=early if math.isfinite(early) else None,
        oracle=_oracle(shift, arl),
        mixture=mixture,
        mixture_early=mixture_early,
    )


def _mixture(shift: float, plan: StreamPlan, state: StreamState | None) -> tuple[SimulatedDelay | None, float | None]:
    """Return the mixture's delay under a full reference and soon after the baseline; None where it does not page."""
    if not isinstance(plan.detector, StreamDetector) or "mixture" not in plan.detector.paging:
        return None, None
    known = plan.detector.start() if state is None else state
    first, later = (plan.detector.mixture_threshold(known, fixed=fixed) for fixed in (0.0, 1.0))
    kind = plan.metric.kind
    early = _simulated(shift, first, kind, float(plan.detector.baseline_replays))
    told = early.replays if early.found >= _MOSTLY else None
    return _simulated(shift, later, kind, math.inf), told


@lru_cache(maxsize=512)
def _simulated(shift: float, threshold: float, kind: Kind, references: float) -> SimulatedDelay:
    return mixture_delay(shift=shift, threshold=threshold, kind=kind, references=references)


@lru_cache(maxsize=512)
def _oracle(shift: float, arl: float) -> float:
    return oracle_delay(shift=shift, arl=arl, states=_STATES)


@lru_cache(maxsize=512)
def _delay(shift: float, arl: float) -> float:
    return expected_delay(shift=shift, arl=arl, states=_STATES)


@lru_cache(maxsize=512)
def _detectable(delay: float, arl: float) -> float | None:
    try:
        return detectable_shift(delay=delay, arl=arl, states=_STATES)
    except DegenerateError:
        return None
