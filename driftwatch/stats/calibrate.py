"""Thresholds from a wanted in-control ARL."""

import math
from collections.abc import Callable
from functools import lru_cache

from driftwatch.stats import cusum_table
from driftwatch.stats.cusum import Sides
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.mixture_slack import Shown, slack
from driftwatch.stats.root import root
from driftwatch.stats.run_length import one_sided_arl, siegmund_arl, two_sided_arl

LONGEST_ARL = 1e9
_LEAST = 1e-3
_SKETCH, _CHAIN = 50, 200  # states: the small chain finds the place, the full one settles it
_SETTLED = 1e-4  # the step after one of this size is below 1e-7


@lru_cache(maxsize=256)
def cusum_threshold(*, arl: float, reference: float = 0.5, sides: Sides = "two") -> float:
    """Threshold of a CUSUM for a wanted in-control ARL, by the Markov chain of Brook and Evans.

    Parameters
    ----------
    arl : float
        Wanted in-control ARL in replays, 5 to 1e9.
    reference : float
        The ``k`` of the literature, in standard deviations.
    sides : {"two", "upper", "lower"}
        One-sided charts need a lower threshold for the same ARL.

    Examples
    --------
    >>> round(cusum_threshold(arl=500.0), 3)
    5.071
    """
    if not 5 <= arl <= LONGEST_ARL:
        raise DegenerateError(
            f"CUSUM threshold: in-control ARL must lie between 5 and {LONGEST_ARL:g} replays, got {arl}"
        )
    if not (math.isfinite(reference) and 0.05 <= reference <= 3):
        raise DegenerateError(f"CUSUM threshold: reference must lie between 0.05 and 3, got {reference}")

    if reference == cusum_table.REFERENCE and sides == "two" and arl >= cusum_table.SHORTEST_ARL:
        return cusum_table.fitted_threshold(arl)
    return chain_threshold(arl, reference, sides)


def chain_threshold(arl: float, reference: float, sides: Sides) -> float:
    """Threshold by the chain itself, which `cusum_table` was fitted to."""
    curve = two_sided_arl if sides == "two" else one_sided_arl

    def excess(threshold: float, states: int) -> float:
        return math.log(curve(reference=reference, threshold=threshold, states=states) / arl)

    def found(states: int) -> float:
        guess = _siegmund_guess(arl, reference, 2.0 if sides == "two" else 1.0)
        low, high = guess * 0.97, guess * 1.03
        while excess(low, states) > 0:
            low *= 0.8
            if low < _LEAST:
                raise DegenerateError(
                    f"CUSUM threshold: no threshold makes the ARL as short as {arl} at reference {reference}"
                )
        while excess(high, states) < 0:
            high *= 1.2
        return root(lambda threshold: excess(threshold, states), low, high)

    try:
        settled = _settle(excess, found(_SKETCH))
    except DegenerateError:
        settled = None
    return found(_CHAIN) if settled is None else settled


def mixture_threshold(*, arl: float, kind: Kind | None, seen: Shown | None = None) -> float:
    """Threshold of `ChannelMixture` for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        Wanted in-control ARL in replays, 5 to 1e9.
    kind : {"binary", "graded", "continuous"} or None
        The metric's, for the threshold calibrated by simulation; None for ``log(arl)``, whose ARL is at least
        `arl` as far as all bets are fair.
    seen : Shown, optional
        What the stream shows of itself; without it the calibrated threshold stays on the safe side.

    Examples
    --------
    >>> round(mixture_threshold(arl=500, kind=None), 2), round(mixture_threshold(arl=500, kind="binary"), 2)
    (6.21, 5.52)
    """
    if not 5 <= arl <= LONGEST_ARL:
        raise DegenerateError(
            f"mixture threshold: in-control ARL must lie between 5 and {LONGEST_ARL:g} replays, got {arl}"
        )
    return math.log(arl) - (slack(arl=arl, kind=kind, seen=seen) if kind else 0.0)


def _settle(excess: Callable[[float, int], float], threshold: float) -> float | None:
    """Carry the small chain's threshold to the full one's, by its slope: two solutions in place of a dozen."""
    beside = threshold * 1.001
    slope = (excess(beside, _SKETCH) - excess(threshold, _SKETCH)) / (beside - threshold)
    for _ in range(5):
        step = excess(threshold, _CHAIN) / slope
        threshold -= step
        if abs(step) < _SETTLED:
            return threshold
        if not 0 < threshold < math.inf:
            break
    # The small chain is too coarse for the very longest ARLs of the smallest references.
    return None


def _siegmund_guess(arl: float, reference: float, sides: float) -> float:
    """Where the approximation puts the threshold: the exact curve is then evaluated half a dozen times."""

    def excess(threshold: float) -> float:
        return math.log(siegmund_arl(reference=reference, threshold=threshold) / (sides * arl))

    return max(0.05, root(excess, -1.16, 20 / reference))
