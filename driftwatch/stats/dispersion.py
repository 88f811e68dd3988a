"""How far apart replays lie: studentising against over-dispersion, and the check that a stream is exchangeable."""

import math

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.normal import chi_square_tail, normal_cdf, normal_quantile, student_tail

Floats = NDArray[np.float64]

CLIP = 16.0  # a square enters the scale at no more than (4 s)^2: one jump must not hide the next
_ALPHA = 0.01
_FEW = 8
_CAUSE = "a rhythm or a slow factor moves them"


def next_square(z: float, variance: float) -> float:
    """The square of `z` as it enters the running variance, winsorised at four running sd.

    Examples
    --------
    >>> next_square(2.0, 1.0), next_square(9.0, 1.0)
    (4.0, 16.0)
    """
    return min(z * z, CLIP * variance)


def studentised(z: float, *, variance: float, degrees: float) -> float:
    """Map a centred value through the t law of its own past to a standard normal score.

    Hawkins' self-starting transform with the mean known to be zero [1]_: exactly standard normal when
    the values are independent ``N(0, s^2)`` with unknown ``s`` and `variance` is the mean of `degrees` past squares.
    With squares that are believed and not seen among them it is so approximately.

    Parameters
    ----------
    z : float
        Finite, centred at zero if nothing changed.
    variance, degrees : float
        Mean of past squares, and how many they are worth; both above zero.

    References
    ----------
    .. [1] D. M. Hawkins, "Self-starting CUSUM charts for location and scale", The Statistician 36 (1987).

    Examples
    --------
    >>> round(studentised(-3.0, variance=1.0, degrees=20.0), 3)
    -2.693
    """
    score = normal_quantile(student_tail(-abs(z) / math.sqrt(variance), degrees))
    return score if z < 0 else -score


def seconded(score: float, before: float | None, *, alone: float) -> float:
    """A score as far as one replay may be believed alone, or as the replay before it went the same way.

    Examples
    --------
    >>> seconded(9.0, 0.3, alone=2.5), seconded(9.0, 8.0, alone=2.5), seconded(-9.0, 8.0, alone=2.5)
    (2.5, 8.0, -2.5)
    """
    agreed = min(abs(score), abs(before)) if before is not None and score * before > 0 else 0.0
    most = max(alone, agreed)
    return max(-most, min(most, score))


def exchangeability_failure(zs: Floats, *, studentise: bool) -> str | None:
    """Why a stream of evidence is not independent standard normal, or None.

    Three checks at 1 % each, one-sided towards what causes false alarms: lag-1 autocorrelation, too few
    runs about zero, and (when the chart does not studentise) over-dispersion. Fewer than 8 values pass.

    Parameters
    ----------
    zs : ndarray, shape (n_replays,)
        Quiet evidence, in order.
    studentise : bool
        Whether over-dispersion is repaired anyway.

    Examples
    --------
    >>> import numpy as np
    >>> exchangeability_failure(np.tile([0.4, -1.1, 0.9, -0.3], 6), studentise=True) is None
    True
    >>> exchangeability_failure(np.repeat([1.0, -1.0, 1.2], 8), studentise=True)
    'replays follow each other: lag-1 autocorrelation 0.80 over 24 replays; a rhythm or a slow factor moves them'
    """
    n = zs.size
    if n < _FEW or not zs.any():
        return None
    lagged = float(zs[1:] @ zs[:-1] / (zs @ zs))
    if lagged * math.sqrt(n) > 2.326:
        return f"replays follow each other: lag-1 autocorrelation {lagged:.2f} over {n} replays; {_CAUSE}"
    runs, p_runs = _runs(zs)
    if p_runs < _ALPHA:
        return f"replays stay on one side: {runs} runs about zero in {n} replays; {_CAUSE}"
    variance = float(zs @ zs / n)
    if not studentise and over_dispersed(zs):
        return f"replays lie too far apart: sd {math.sqrt(variance):.2f} where 1 is expected over {n} replays"
    return None


def over_dispersed(zs: Floats) -> bool:
    """Whether replays lie farther apart than a spread of 1 explains, at 1 %; fewer than 8 never do.

    Parameters
    ----------
    zs : ndarray, shape (n_replays,)
        Standard normal if nothing varies between replays: their sum of squares is then chi-square.

    Examples
    --------
    >>> import numpy as np
    >>> over_dispersed(np.full(20, 1.3)), over_dispersed(np.full(20, 1.5)), over_dispersed(np.full(7, 9.0))
    (False, True, False)
    """
    return zs.size >= _FEW and chi_square_tail(float(zs @ zs), zs.size) < _ALPHA


def over_dispersion(variance: float, degrees: float, errors: float = 2.326) -> float:
    """Standard deviation that the past supports at 99 % confidence, at least 1 (Wilson-Hilferty bound).

    Parameters
    ----------
    variance, degrees : float
        Mean of squares, and how many independent ones it is worth.
    errors : float
        Standard errors that stand for the confidence: 2.326 are 99 %.

    Examples
    --------
    >>> round(over_dispersion(1.5, 200.0), 3), over_dispersion(1.1, 200.0)
    (1.097, 1.0)
    """
    bound = variance / (1 - 2 / (9 * degrees) + errors * math.sqrt(2 / (9 * degrees))) ** 3
    return math.sqrt(max(1.0, bound))


def _runs(zs: Floats) -> tuple[int, float]:
    """Count of runs about zero, and the lower-tail p-value of Wald and Wolfowitz."""
    signs = zs[zs != 0] > 0
    above, below = int(signs.sum()), int((~signs).sum())
    runs = 1 + int((signs[1:] != signs[:-1]).sum())
    if min(above, below) == 0:
        return runs, 0.5 ** (signs.size - 1)
    n = above + below
    mean = 2 * above * below / n + 1
    variance = (mean - 1) * (mean - 2) / (n - 1)
    return runs, normal_cdf((runs + 0.5 - mean) / math.sqrt(variance)) if variance > 0 else 1.0


def self_started(values: Floats) -> Floats:
    """Hawkins' self-starting scores of a series whose mean and spread nobody knows; the first two are 0.

    Each value is studentised by the mean and sd of those before it, so independent normal input becomes
    independent standard normal from the third value on (Hawkins 1987, as of `studentised`).

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite.

    Examples
    --------
    >>> import numpy as np
    >>> self_started(np.array([1.0, 2.0, 1.7, 4.0])).round(2).tolist()
    [0.0, 0.0, 0.18, 1.92]
    """
    scores = np.zeros(len(values))
    for n in range(2, len(values)):
        past = values[:n]
        spread = float(past.std(ddof=1)) * math.sqrt((n + 1) / n)
        if spread > 0:
            scores[n] = studentised(float(values[n] - past.mean()), variance=spread**2, degrees=n - 1)
    return scores
