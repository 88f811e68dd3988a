"""What one replay says beside its location: bets on a changed spread, on rare events, on odds, on single probes.

Every bet is the logarithm of a likelihood ratio of this replay, with mean one (or less) under "nothing changed": given
the bag for the spread, given the empirical-Bayes rates for events. The latter are Bayes, not worst case: measured, not
proved; see docs/explanation/engine.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.event_bets import (
    DOUBT_OF_ALL,
    NO_BET,
    RatedEvents,
    broken,
    flaky,
    odds,
    odds_of_each,
    rated,
    turned,
)
from driftwatch.stats.events import Event, events_of, worst_and_best
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.far import far_below_and_above
from driftwatch.stats.recall import Said
from driftwatch.stats.tilts import tilted

Floats = NDArray[np.float64]

SPREADS = np.array([0.5, 1.0, 2.0, -0.5])
"""Standard deviations by which the spread score is bet to have moved; a stronger bet on less cannot be kept, because
a reference that held one rare answer too many looks narrower every day."""


@dataclass(frozen=True, kw_only=True)
class SideBets:
    """Log bets of one replay; NaN is no bet, and a channel that the metric's kind does not have is empty.

    Parameters
    ----------
    scale : ndarray, shape (4,)
        On the spread within probes; none of a pass/fail metric, whose spread is a function of its rate.
    rare : ndarray, shape (6,)
        On a share of answers turned into the worst class, then into the best one; of a pass/fail metric, shape (3,),
        into events only; none of a continuous one.
    far : ndarray, shape (6,)
        On a share of answers turned into some far below their probe's past, then far above; none of a pass/fail metric.
    odds : ndarray, shape (4,)
        On an odds ratio of events common to all probes, then on a share of the other answers of those that had one
        before having turned; of a pass/fail metric only.
    single : ndarray, shape (n_probes, 2)
        On one probe's answers being far below, or far above, its past; of a pass/fail metric, shape (n_probes, 1), on
        nothing but events.
    dense : ndarray, shape (n_probes, n_bets)
        On each probe having moved: a weak tilt of its score up and down, a strong tilt up and down; of a pass/fail
        metric three odds ratios of its events.
    """

    scale: Floats
    rare: Floats
    far: Floats
    odds: Floats
    single: Floats
    dense: Floats


@dataclass(frozen=True, kw_only=True)
class Footing:
    """What today is compared with beside the values themselves.

    Parameters
    ----------
    spread : float or None
        Standard normal score of today's spread within probes; None where it has none.
    inflation : float
        Standard deviation between replays, 1 or more, that the past supports: bets are tempered by its
        square, which keeps their mean at one or below for independent probes and is needed for others.
    fixed : float
        Share of the reference's error that every later replay sees again: 0 while the reference takes every
        replay in, near 1 long after it was full.
    told : float
        What the hour foretells of the evidence, in its standard deviations: bets on zeros or ones expect as many more
        or fewer of them; those on grades, measures and unusual answers are tempered by it.
    unsure : float
        Standard deviation of the error of `told`: bets on zeros or ones expect more of them by what they doubt of it.
    shared : float
        As `told`, of what the replays since the reference was full say of its error; bets on zeros or ones expect it,
        others are raised by the doubt that `fixed` leaves.
    """

    spread: float | None
    inflation: float = 1.0
    fixed: float = 0.0
    told: float = 0.0
    unsure: float = 0.0
    shared: float = 0.0


def side_bets(
    bags: Bags, new: Floats, kind: Kind, found: Said, footing: Footing, *, event: Event = "zeros"
) -> SideBets:
    """Bets of one replay against its reference.

    Parameters
    ----------
    new : ndarray, shape (n_probes, n_samples)
        NaN where there is no value.
    found : Said
        What the bags say of it.
    event : {"zeros", "ones", "unusual"}
        Of a pass/fail metric, what is bet to happen more often.
    """
    directed = kind == "binary" and event != "unusual"
    temper = 1 / (footing.inflation**2 + (0.0 if directed else footing.told**2))
    if kind == "binary":
        # One side only: a rate of events that was estimated a little too high looks like fewer of them for ever.
        # Where the evidence is foretold to rise, zeros are foretold to be fewer, ones more.
        side = -1.0 if event == "ones" else 1.0
        # What a coefficient is wrong by is there every day, too: half a week of it would be a change.
        doubt = DOUBT_OF_ALL * footing.fixed * footing.unsure
        expected = side * (footing.told + footing.shared) - doubt if directed else None
        of_classes = [rated(events_of(bags, new, event), footing.fixed, expected)]
    else:
        of_classes = _classes(bags, new, kind, footing)
    of_distance = _distances(bags, new, kind, footing)
    used = (found.laws.variance > 0) & (found.laws.drawn == 1)
    return SideBets(
        scale=_spread(footing.spread, kind) * temper,
        rare=_joined([turned(side) for side in of_classes]) * temper,
        far=_joined([turned(side) for side in of_distance]) * temper,
        odds=_joined([odds(of_classes[0]), flaky(of_classes[0])] if kind == "binary" else []) * temper,
        single=np.stack([broken(side) for side in of_distance or of_classes], axis=1) * temper,
        dense=(odds_of_each(of_classes[0]) if kind == "binary" else tilted(found.tilts, used)) * temper,
    )


def _classes(bags: Bags, new: Floats, kind: Kind, footing: Footing) -> list[RatedEvents]:
    """Worst and best class of a graded metric, with their rates."""
    return [rated(side, footing.fixed) for side in worst_and_best(bags, new)] if kind == "graded" else []


def _distances(bags: Bags, new: Floats, kind: Kind, footing: Footing) -> list[RatedEvents]:
    """Far values on either side, with their rates."""
    if kind == "binary":
        return []
    # A grade has no far: on five values what lies beyond four deviations is a class of its own.
    return [rated(side, footing.fixed, pooled=kind == "continuous") for side in far_below_and_above(bags, new)]


def _spread(score: float | None, kind: Kind) -> Floats:
    if kind == "binary":
        return np.zeros(0)
    return np.full(SPREADS.size, NO_BET) if score is None else SPREADS * score - SPREADS**2 / 2


def _joined(bets: list[Floats]) -> Floats:
    return np.concatenate(bets) if bets else np.zeros(0)
