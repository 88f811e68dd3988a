"""A root between two points, without scipy.optimize, whose import takes longer than a replay."""

from collections.abc import Callable

from driftwatch.stats.errors import DegenerateError

_MOST = 200


def root(of: Callable[[float], float], low: float, high: float, *, within: float = 1e-9) -> float:
    """Root of a continuous function whose sign differs at `low` and `high`, to `within`.

    Illinois' rule [1]_: false position, an end that stays is given half its weight. Bisection takes over
    where that is slow.

    References
    ----------
    .. [1] M. Dowell and P. Jarratt, "A modified regula falsi method for computing the root of an
       equation", BIT 11 (1971).

    Examples
    --------
    >>> round(root(lambda x: x * x - 2.0, 0.0, 2.0), 8)
    1.41421356
    """
    at_low, at_high = of(low), of(high)
    if at_low == 0:
        return low
    if at_high == 0:
        return high
    if not at_low * at_high < 0:
        raise DegenerateError(f"root: the function has the same sign at {low} and {high}")
    last = low
    for turn in range(_MOST):
        middle = (low + high) / 2
        guess = (low * at_high - high * at_low) / (at_high - at_low) if turn % 8 != 7 else middle
        guess = guess if min(low, high) < guess < max(low, high) else middle
        found = of(guess)
        if found == 0 or abs(high - low) <= within or abs(guess - last) <= within / 4:
            return guess
        # The root lies between the newest point and the one across from it.
        if found * at_high < 0:
            low, at_low = high, at_high
        else:
            at_low /= 2
        high, at_high, last = guess, found, guess
    return (low + high) / 2
