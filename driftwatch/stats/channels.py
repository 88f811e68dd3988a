"""What one replay says beside its location: bets on a changed spread, on rare events, on odds, on single probes.

Every bet is the logarithm of a likelihood ratio of this replay, with mean one (or less) under "nothing changed": given
the bag for the spread, given the empirical-Bayes rates for events. The latter are Bayes, not worst case: measured, not
proved; see docs/explanation/engine.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.dense import SHIFT
from driftwatch.stats.events import Events, low_and_high
from driftwatch.stats.exchangeable import Kind, ProbeLaws, spread_score
from driftwatch.stats.rates import empirical_bayes_rates

Floats = NDArray[np.float64]

SPREADS = np.array([0.5, 1.0, 2.0, -0.5, -1.0, -2.0])
"""Standard deviations by which the spread score is bet to have moved."""
TURNED = np.array([0.03, 0.1, 0.3])
"""Shares of all answers that are bet to have turned into events."""
ODDS = np.log([1.5, 2.5, 1 / 1.5, 1 / 2.5])
"""Log odds ratios that are bet on all probes of a pass/fail metric at once (Steiner et al. 2000)."""
BROKEN = 0.95
"""Event rate that is bet on one probe. Smaller ones pay for the error of an estimated rate: their ARL does not hold."""

_NO_BET = np.nan  # a process without a bet stays where it is; at log 1 it would grow with every replay
_CLIP = 2.0  # standard deviations at which a probe's own score enters a bet


@dataclass(frozen=True, kw_only=True)
class SideBets:
    """Log bets of one replay.

    Parameters
    ----------
    scale : ndarray, shape (6,)
        On the spread within probes; NaN, no bet, where too few probes vary.
    rare : ndarray, shape (6,)
        On a share of answers turned into low events, then into high ones; of a pass/fail metric low ones only.
    odds : ndarray, shape (4,)
        On an odds ratio common to all probes; no bet unless the metric is pass/fail.
    single : ndarray, shape (n_probes, 2)
        On one probe showing low events, or high ones; of a pass/fail metric low ones only.
    dense : ndarray, shape (n_probes, 2)
        On each probe's score having moved a little, up and down.
    """

    scale: Floats
    rare: Floats
    odds: Floats
    single: Floats
    dense: Floats


def side_bets(reference: Floats, new: Floats, kind: Kind, laws: ProbeLaws, *, inflation: float) -> SideBets:
    """Bets of one replay against its reference.

    Parameters
    ----------
    reference, new : ndarray, shapes (n_probes, n_reference) and (n_probes, n_samples)
        NaN where there is no value.
    laws : ProbeLaws
        Those of the same two.
    inflation : float
        Standard deviation between replays, 1 or more, that the past supports: bets are tempered by its
        square, which keeps their mean at one or below for independent probes and is needed for others.
    """
    low, high = low_and_high(reference, new, kind)
    falls = empirical_bayes_rates(low.past, low.sizes)
    # Of a pass/fail answer one side is what the other is not.
    rates = (falls, 1 - falls if kind == "binary" else empirical_bayes_rates(high.past, high.sizes))
    spread = spread_score(laws, new)
    temper = 1 / inflation**2
    scale = np.full(SPREADS.size, _NO_BET) if spread is None else SPREADS * spread - SPREADS**2 / 2
    rare = [_turned(side, rate) for side, rate in zip((low, high), rates, strict=True)]
    single = [_broken(side, rate) for side, rate in zip((low, high), rates, strict=True)]
    if kind == "binary":
        # That passes become more is what the odds bet on.
        rare[1], single[1] = np.full(TURNED.size, _NO_BET), np.full(len(new), _NO_BET)
    odds = _odds(low, rates[0]) if kind == "binary" else np.full(ODDS.size, _NO_BET)
    return SideBets(
        scale=scale * temper,
        rare=np.concatenate(rare) * temper,
        odds=odds * temper,
        single=np.stack(single, axis=1) * temper,
        dense=_tilted(laws, np.array([SHIFT, -SHIFT])) * temper,
    )


def _turned(events: Events, rates: Floats) -> Floats:
    """A share of the answers that would have been none are events now."""
    gain = np.log(rates + TURNED[:, None] * (1 - rates)) - np.log(rates)
    log_bets: Floats = gain @ events.now + np.log1p(-TURNED) * float((events.drawn - events.now).sum())
    return log_bets


def _odds(events: Events, rates: Floats) -> Floats:
    normaliser = np.log1p(rates * np.expm1(ODDS)[:, None])
    log_bets: Floats = ODDS * float(events.now.sum()) - normaliser @ events.drawn
    return log_bets


def _broken(events: Events, rates: Floats) -> Floats:
    """One probe's events at a rate of its own; no bet where its rate is as high already, or nothing was answered."""
    log_bets = events.now * np.log(BROKEN / rates) + (events.drawn - events.now) * np.log((1 - BROKEN) / (1 - rates))
    return np.where((rates < BROKEN) & (events.drawn > 0), log_bets, _NO_BET)


def _tilted(laws: ProbeLaws, tilts: Floats) -> Floats:
    """Exponential tilt of one probe's mean score, normalised by the exact mean over its bag."""
    width = laws.counts.shape[1]
    size = np.maximum(laws.counts.sum(axis=1), 1)
    centre = (laws.counts @ np.arange(width)) / size
    spread = np.sqrt(np.maximum((laws.counts @ np.arange(width) ** 2) / size - centre**2, 0.0))
    used = (laws.variance > 0) & (laws.drawn == 1)
    unit = np.where(used, spread, 1.0)
    # A first failure is five sd from thirty passes: unclipped, it would win thirty times its stake every time.
    standard = np.clip((np.arange(width) - centre[:, None]) / unit[:, None], -_CLIP, _CLIP)
    log_bets = np.zeros((len(size), tilts.size))
    for column, tilt in enumerate(tilts.tolist()):
        exponents = np.where(laws.counts > 0, tilt * standard, -np.inf)
        peak = exponents.max(axis=1, initial=-1e300)
        mean = (laws.counts * np.exp(exponents - peak[:, None])).sum(axis=1) / size
        own = tilt * np.clip((laws.total - centre) / unit, -_CLIP, _CLIP) - peak - np.log(np.maximum(mean, 1e-300))
        log_bets[:, column] = np.where(used, own, 0.0)
    return log_bets
