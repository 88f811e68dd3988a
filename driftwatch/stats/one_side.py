"""A run of replays on one side, which may be a change: what it says of a stream at rest waits until it is over."""

HELD = 200
"""Replays that are remembered, so that what was seen since an onset can be taken back."""
_AT_REST, _SLACK = 1.5, 0.5


def run_on_one_side(upper: float, lower: float, z: float, *, baseline: bool) -> tuple[float, float]:
    """CUSUM of both sides after one more replay; of the baseline, all of which counts at once, zero.

    Parameters
    ----------
    upper, lower : float
        Before it.
    z : float
        Its evidence, in standard deviations.

    Examples
    --------
    >>> run_on_one_side(0.0, 1.0, 2.0, baseline=False)
    (1.5, 0.0)
    """
    if baseline:
        return 0.0, 0.0
    return max(0.0, upper + z - _SLACK), max(0.0, lower - z - _SLACK)


def is_over(upper: float, lower: float) -> bool:
    """Whether neither side stands high.

    Examples
    --------
    >>> is_over(1.4, 0.0), is_over(0.0, 1.5)
    (True, False)
    """
    return max(upper, lower) < _AT_REST
