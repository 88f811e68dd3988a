"""When the change began: the start time that explains the evidence best, with a likelihood interval."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError

_DROP = math.log(20)  # starts within a factor of 20 of the best likelihood stay in the interval


@dataclass(frozen=True, kw_only=True)
class Onset:
    """The estimated change point among consecutive replays.

    Parameters
    ----------
    index, low, high : int
        First changed replay and the ends of its likelihood interval, as indices into the evidence.
    shift : float
        Mean evidence per replay since `index`, in standard deviations.
    """

    index: int
    low: int
    high: int
    shift: float


def estimate_onset(zs: NDArray[np.float64]) -> Onset:
    """Start that maximises the profile likelihood of a step in the mean that lasts to the end.

    Parameters
    ----------
    zs : ndarray, shape (n_replays,)
        Standard normal evidence while nothing changed; one value or more, oldest first.

    Notes
    -----
    Profile log-likelihood of start c: ``(sum of zs[c:])^2 / (2 (n - c))``. The interval holds the starts
    with a likelihood of at least 1/20 of the best. Given where to look it holds the start in nine of ten; at an alarm,
    which comes when the evidence stands out, it held it in 83 to 98 % (docs/explanation/engine.md).

    Examples
    --------
    >>> import numpy as np
    >>> estimate_onset(np.array([0.2, -0.4, 0.1, 0.3, 2.8, 3.1, 2.6]))
    Onset(index=4, low=3, high=4, shift=2.8333333333333335)
    """
    if not zs.size:
        raise DegenerateError("onset: no evidence given")
    sums = np.cumsum(zs[::-1])[::-1]
    lengths = np.arange(zs.size, 0, -1)
    likelihood = sums**2 / (2 * lengths)
    best = int(np.argmax(likelihood))
    within = np.flatnonzero(likelihood >= likelihood[best] - _DROP)
    return Onset(index=best, low=int(within[0]), high=int(within[-1]), shift=float(sums[best] / lengths[best]))
