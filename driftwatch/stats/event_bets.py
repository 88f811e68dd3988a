"""Bets on rare events: on a share of the answers, on the odds, on one probe.

Likelihood ratios against empirical-Bayes rates. While the reference takes every replay in, the rates are predictive and
the ratios fair for probes like the others. Once it is full their error is there every day. What all probes share of it
the replays since then tell, and the rates are moved by it; where they do not, and for one probe, rates are raised.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.events import Events
from driftwatch.stats.failure_counts import tilted
from driftwatch.stats.rates import FLOOR

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_BET = np.nan
"""A process without a bet stays where it is; at log 1 it would grow with every replay."""
TURNED = np.array([0.03, 0.1, 0.3])
"""Shares of all answers that are bet to have turned into events."""
FLAKY = np.array([0.04, 0.1])
"""The same, of the answers of probes that have shown an event before."""
ODDS = np.log([1.5, 2.5])
"""Log odds ratios that are bet on the failures of all probes at once (Steiner et al. 2000)."""
SOME_ODDS = np.log([3.0, 6.0, 60.0])
"""Log odds ratios that are bet on the failures of some probes, nobody knows which."""
BROKEN = 0.95
"""Event rate that is bet on one probe whose rate was at most half of it."""
DOUBT_OF_ALL, DOUBT_OF_ONE = 2.0, 1.5
"""Standard errors by which estimated rates are raised once the reference no longer learns."""
MOST_TILT = math.log(2)
"""Log odds ratio by which rates are moved at most."""


@dataclass(frozen=True, kw_only=True)
class RatedEvents:
    """Events of one side with their chances: as bets on all probes, and on one, have to assume them."""

    events: Events
    rates: Floats
    rate_of_one: Floats
    raised: float
    odds_now: float = 1.0


def rated(events: Events, fixed: float, expected: float | None = None, *, pooled: bool = False) -> RatedEvents:
    """Events with their rates, against a reference whose error is `fixed` as `channels.Footing` has it.

    Parameters
    ----------
    expected : float, optional
        By how many standard deviations fewer events are expected of this replay than the reference has, by its hour
        and by the replays since the reference was full. Bets that know of no hour take the bad half of a week for a
        change. Where None, nothing tells, and rates are raised by what the reference may be wrong.
    pooled : bool
        Whether a bet on all probes takes those without an event for no worse than all of them together.
    """
    known = events.chances()
    odds_now = _odds_now(known, events.drawn, expected or 0.0)
    rates = np.maximum(tilted(known, odds_now), FLOOR) if expected else known
    of_all = _no_worse_than_all(events, rates) if pooled else rates
    raised = 1 + DOUBT_OF_ALL * fixed / float(np.sqrt(events.past.sum() + 1)) if expected is None else 1.0
    of_one = rates + DOUBT_OF_ONE * fixed * np.sqrt(rates * (1 - rates) / (events.sizes + 1))
    return RatedEvents(
        events=events,
        rates=np.minimum(of_all * raised, 1 - FLOOR),
        rate_of_one=np.minimum(of_one, 1 - FLOOR),
        raised=raised,
        odds_now=odds_now,
    )


def _no_worse_than_all(events: Events, rates: Floats) -> Floats:
    """Rates of probes without an event at no more than Laplace's of all answers.

    `FLOOR` is a rate that a probe's own few answers cannot go below. Sixty probes' answers can: where thousands show
    no value that far, the second or third in one replay is worth twice as much.
    """
    of_all = float(events.past.sum() + 1) / max(float(events.sizes.sum()), 1.0)
    return np.where(events.past == 0, np.minimum(rates, of_all), rates)


def _odds_now(rates: Floats, drawn: Ints, expected: float) -> float:
    """Odds ratio at which the events expected of all answers are `expected` standard deviations fewer."""
    spread = float(np.sqrt(drawn @ (rates * (1 - rates))))
    # Evidence is positive when events are fewer; a log odds b moves the expected events by b times their variance.
    return math.exp(min(max(-expected / spread, -MOST_TILT), MOST_TILT)) if spread else 1.0


def turned(side: RatedEvents) -> Floats:
    """Bets on each share of `TURNED`: answers that would have been no events are some now; shape (3,)."""
    return _turned(side.events, side.rates, TURNED)


def flaky(side: RatedEvents) -> Floats:
    """Bets on each share of `FLAKY`, of the probes that have shown an event before; shape (2,).

    A probe that showed one event looks better than it is where many never show any. Its rate is taken to be no less
    than Laplace's (events + 1) / (answers + 2).
    """
    seen = np.flatnonzero(side.events.past > 0)
    past, sizes = side.events.past[seen], side.events.sizes[seen]
    least = side.raised * tilted((past + 1) / (sizes + 2), side.odds_now)
    rates = np.minimum(np.maximum(side.rates[seen], least), 1 - FLOOR)
    own = Events(past=past, sizes=sizes, now=side.events.now[seen], drawn=side.events.drawn[seen])
    return _turned(own, rates, FLAKY)


def _turned(events: Events, rates: Floats, shares: Floats) -> Floats:
    gain = np.log(rates + shares[:, None] * (1 - rates)) - np.log(rates)
    log_bets: Floats = gain @ events.now + np.log1p(-shares) * float((events.drawn - events.now).sum())
    return log_bets


def odds(side: RatedEvents) -> Floats:
    """Bets on each of `ODDS`, common to all probes; shape (2,)."""
    normaliser = np.log1p(side.rates * np.expm1(ODDS)[:, None])
    log_bets: Floats = ODDS * float(side.events.now.sum()) - normaliser @ side.events.drawn
    return log_bets


def odds_of_each(side: RatedEvents) -> Floats:
    """Bets on each of `SOME_ODDS`, probe by probe; shape (n_probes, 3)."""
    normaliser = np.log1p(side.rate_of_one[:, None] * np.expm1(SOME_ODDS))
    log_bets: Floats = SOME_ODDS * side.events.now[:, None] - normaliser * side.events.drawn[:, None]
    return log_bets


def broken(side: RatedEvents) -> Floats:
    """One probe's events at a rate of its own; no bet where its rate is high already, or nothing was answered."""
    events, rates = side.events, side.rate_of_one
    log_bets = events.now * np.log(BROKEN / rates) + (events.drawn - events.now) * np.log((1 - BROKEN) / (1 - rates))
    return np.where((rates <= BROKEN / 2) & (events.drawn > 0), log_bets, NO_BET)
