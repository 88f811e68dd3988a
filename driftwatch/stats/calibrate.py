"""Thresholds from a wanted in-control ARL."""

import math
from functools import lru_cache

from scipy.optimize import brentq

from driftwatch.stats.cusum import Sides
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.run_length import one_sided_arl, siegmund_arl, two_sided_arl

LONGEST_ARL = 1e9
_LEAST = 1e-3


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

    def excess(threshold: float) -> float:
        curve = two_sided_arl if sides == "two" else one_sided_arl
        return math.log(curve(reference=reference, threshold=threshold) / arl)

    guess = _siegmund_guess(arl, reference, 2.0 if sides == "two" else 1.0)
    low, high = guess * 0.97, guess * 1.03
    while excess(low) > 0:
        low *= 0.8
        if low < _LEAST:
            raise DegenerateError(
                f"CUSUM threshold: no threshold makes the ARL as short as {arl} at reference {reference}"
            )
    while excess(high) < 0:
        high *= 1.2
    return float(brentq(excess, low, high, xtol=1e-9))


def _siegmund_guess(arl: float, reference: float, sides: float) -> float:
    """Where the approximation puts the threshold: the exact curve is then evaluated half a dozen times."""

    def excess(threshold: float) -> float:
        return math.log(siegmund_arl(reference=reference, threshold=threshold) / (sides * arl))

    return max(0.05, float(brentq(excess, -1.16, 20 / reference)))
