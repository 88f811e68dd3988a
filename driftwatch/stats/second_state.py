"""The share of answers that come from a second state: best for a part of the traffic served by another build.

The evidence is an indicator that the first state rarely gives and the second (nearly) always does, such as ``unseen``:
an answer whose exact text is not among the probe's reference answers.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.normal import chi_square_tail, normal_cdf, student_quantile

Floats = NDArray[np.float64]

_BELIEF = 10.0  # replays' worth of belief that they differ no more than before the onset
_DISPROVED = 0.05  # chance at which the replays themselves say otherwise
_POOLED = 1.0  # reference answers' worth of the other probes' mean that enters a probe's own rate
_UNEVEN_REPLAYS = 3  # answers a probe needs since the onset: one or two cannot tell some probes from some answers


@dataclass(frozen=True, kw_only=True)
class SecondState:
    """The share of the answers since the onset that a second state gave.

    Parameters
    ----------
    share : float
        0 to 1; a lower bound of the true share as far as the second state repeats answers of the first.
    low, high : float
        95 % interval of the share that the endpoint serves in the long run.
    replays : int
        Replays since the onset that it rests on.
    spread : float
        Standard deviation between replays relative to independent answers, at least 1; far above it whole
        replays, not single answers, come from the second state.
    uneven : float or None
        One-sided p-value of "all probes have the same share". Small: *some probes* changed rather than some
        answers, and `share` is no mixture. None below three answers per probe, where nothing can tell.
        Approximate: at a share of 5 % one mixture in twenty falls below 0.001, at larger shares one in a hundred.
    """

    share: float
    low: float
    high: float
    replays: int
    spread: float
    uneven: float | None


def second_state_share(reference: Floats, after: Floats, *, dispersion: float = 1.0) -> SecondState | None:
    """Share of a second state from an indicator before and since the onset, stratified by probe.

    Parameters
    ----------
    reference : ndarray, shape (n_probes, n_reference)
        Values 0 or 1 before the onset, NaN where a probe has fewer.
    after : ndarray, shape (n_replays, n_probes, n_samples)
        Values 0 or 1 of the replays since the onset, NaN where missing.
    dispersion : float
        Standard deviation of quiet evidence between replays; widens the interval when above 1.

    Returns
    -------
    SecondState or None
        None where no probe has values on both sides, or none was ever 0 before the onset.

    Raises
    ------
    DegenerateError
        If a value is neither 0, 1 nor NaN, or `dispersion` is not a finite number above zero.

    Notes
    -----
    With m_k answers of probe k since the onset, at rate a_k, and reference rate b_k,
    ``f = sum m_k (a_k - b_k) / sum m_k (1 - b_k)``, clipped to [0, 1]: the excess over what could have exceeded.

    Assumes that an answer of the second state always has the indicator; otherwise f is a lower bound. The
    interval inverts the score test (Wilson's [1]_, with the binomial variance at each f), its variance enlarged by the
    uncertainty of the reference rates, shrunk slightly to their mean, and by the Pearson dispersion between replays;
    the t law has the degrees of freedom of that estimate, in which ten replays' worth of belief in `dispersion` stand
    beside the replays seen until those disprove it at 5 %: two replays cannot show how replays differ. With one to
    three replays it is therefore an interval for answers that are routed one by one; where whole replays flip, for
    the share in the replays seen. It does not allow for the choice of the onset by the same data, which lifts f at the
    moment of the alarm.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    Examples
    --------
    Ten probes that always repeated themselves; since the onset every fifth answer is new.

    >>> import numpy as np
    >>> after = (np.arange(50).reshape(5, 10, 1) % 5 == np.arange(5)[:, None, None]).astype(float)
    >>> found = second_state_share(np.zeros((10, 30)), after)
    >>> round(found.share, 2), round(found.low, 2), round(found.high, 2), found.replays
    (0.2, 0.11, 0.34, 5)
    """
    _refuse(reference, after, dispersion)
    counts = _Counts.of(reference, after)
    room = float((counts.asked * (1 - counts.rate)).sum())
    if room <= 0:
        return None
    excess = float((counts.found - counts.asked * counts.rate).sum())
    share = min(1.0, max(0.0, excess / room))
    spread, degrees = _between_replays(counts, share, dispersion)
    low, high = _score_interval(counts, excess, room, student_quantile(degrees) * spread)
    return SecondState(
        share=share,
        low=min(low, share),
        high=max(high, share),
        replays=len(counts.replay_asked),
        spread=spread,
        uneven=_unevenness(counts, share),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Counts:
    """Answers of the probes with values on both sides.

    Parameters
    ----------
    held, rate, belief : ndarrays, shape (n_probes,)
        Reference answers, their rate, and the rate that variances are taken at.
    asked, found : ndarrays, shape (n_probes,)
        Answers since the onset, and those with the indicator.
    replay_asked, replay_found : ndarrays, shape (n_replays, n_probes)
        The same by replay, without the replays that answered none of the probes.
    """

    held: Floats
    rate: Floats
    belief: Floats
    asked: Floats
    found: Floats
    replay_asked: Floats
    replay_found: Floats

    @classmethod
    def of(cls, reference: Floats, after: Floats) -> "_Counts":
        held, hits = np.isfinite(reference).sum(axis=1), np.nansum(reference, axis=1)
        replay_asked, replay_found = np.isfinite(after).sum(axis=2), np.nansum(after, axis=2)
        both = (held > 0) & (replay_asked.sum(axis=0) > 0)
        held, hits = held[both].astype(float), hits[both]
        replay_asked, replay_found = replay_asked[:, both].astype(float), replay_found[:, both]
        answered = replay_asked.any(axis=1)
        # A probe that never varied in 30 answers is not known to have the rate 0: the others say how rare it is.
        mean = (float(hits.sum()) + 0.5) / (float(held.sum()) + 1)
        return cls(
            held=held,
            rate=hits / held,
            belief=(hits + _POOLED * mean) / (held + _POOLED),
            asked=replay_asked.sum(axis=0),
            found=replay_found.sum(axis=0),
            replay_asked=replay_asked[answered],
            replay_found=replay_found[answered],
        )


def _between_replays(counts: _Counts, share: float, dispersion: float) -> tuple[float, float]:
    """Spread between replays, at least 1, and its degrees of freedom."""
    p = counts.belief + share * (1 - counts.belief)
    variance = (counts.replay_asked * (p * (1 - p))).sum(axis=1)
    # Around their own level: an error of the reference rates is common to all replays and counted apart.
    level = counts.found / counts.asked
    residual = (counts.replay_found - counts.replay_asked * level).sum(axis=1)
    free = len(variance) - 1
    if free < 1 or not (variance > 0).all():
        return max(1.0, dispersion), _BELIEF
    seen = float((residual**2 / variance).sum())
    if chi_square_tail(seen / dispersion**2, free) < _DISPROVED:
        return max(1.0, math.sqrt(seen / free)), free
    squared = (_BELIEF * dispersion**2 + seen) / (_BELIEF + free)
    return math.sqrt(max(1.0, squared)), _BELIEF + free


def _score_interval(counts: _Counts, excess: float, room: float, factor: float) -> tuple[float, float]:
    """Shares f with ``(excess - f room)^2 <= factor^2 (1 - f) (a + f b + (1 - f) c)``: between two roots."""
    q = 1 - counts.belief
    a = float((counts.asked * counts.belief * q).sum())
    b = float((counts.asked * q * q).sum())
    c = float((counts.asked**2 * counts.belief * q / counts.held).sum())
    s = factor * factor
    square = room * room + s * (b - c)
    half = room * excess + s * (b - a - 2 * c) / 2
    constant = excess * excess - s * (a + c)
    if square <= 0:  # the reference is so short that no share is excluded
        return 0.0, 1.0
    root = math.sqrt(max(0.0, half * half - square * constant))
    return max(0.0, min(1.0, (half - root) / square)), max(0.0, min(1.0, (half + root) / square))


def _unevenness(counts: _Counts, share: float) -> float | None:
    """Normal tail of Pearson's statistic over probes, with the variance that it has at small counts."""
    used = counts.asked >= _UNEVEN_REPLAYS
    p = (counts.belief + share * (1 - counts.belief))[used]
    asked, found, held = counts.asked[used], counts.found[used], counts.held[used]
    inside = asked * p * (1 - p)
    known = inside > 0
    if known.sum() < 2:
        return None
    belief = counts.belief[used][known]
    inside, total = (
        inside[known],
        inside[known] + (asked[known] * (1 - share)) ** 2 * belief * (1 - belief) / held[known],
    )
    squares = (found[known] - asked[known] * p[known]) ** 2 / total
    pq = (p * (1 - p))[known]
    # Fourth central moment of a binomial: 3 v^2 + v (1 - 6 pq).
    variance = 2 + (1 - 6 * pq) * inside / total**2
    z = float((squares - 1).sum() + 1) / math.sqrt(float(variance.sum()))
    return normal_cdf(-z)


def _refuse(reference: Floats, after: Floats, dispersion: float) -> None:
    if not (math.isfinite(dispersion) and dispersion > 0):
        raise DegenerateError(f"second state: dispersion must be a finite number above zero, got {dispersion}")
    if reference.ndim != 2 or after.ndim != 3 or len(reference) != after.shape[1]:
        raise DegenerateError(
            f"second state: shapes {reference.shape} and {after.shape}; need (n_probes, n_reference) and "
            "(n_replays, n_probes, n_samples)"
        )
    for values in (reference, after):
        if not (np.isnan(values) | (values == 0) | (values == 1)).all():
            raise DegenerateError("second state: the indicator is 0 or 1; leave missing observations out as NaN")
