"""The law of the count of failures of a replay, and the exact ARL of a CUSUM on such counts."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_ARL = 1e9
_NEGLIGIBLE = 1e-15
_MOST_CELLS = 3000
_NEVER = 1e12  # ARL from which the chain counts as singular


def count_law(risks: Floats, answers: Ints | None = None) -> Floats:
    """Chances of 0, 1, 2, ... failures in all, the answers independent: the Poisson-binomial law.

    By the discrete Fourier transform of its characteristic function [1]_: absolute error below 1e-14.

    Parameters
    ----------
    risks : ndarray, shape (n_probes,)
        Chance of failure per answer.
    answers : ndarray of int, shape (n_probes,), optional
        Answers per probe; one each by default.

    References
    ----------
    .. [1] Y. Hong, "On computing the distribution function for the Poisson binomial distribution",
       Computational Statistics and Data Analysis 59 (2013).

    Examples
    --------
    >>> import numpy as np
    >>> count_law(np.array([0.5, 0.5])).round(6).tolist()
    [0.25, 0.5, 0.25]
    """
    each = np.ones(len(risks), dtype=np.int64) if answers is None else answers
    total = int(each.sum())
    # The upper half of the frequencies is the conjugate of the lower.
    turns = np.exp(-2j * np.pi * np.arange((total + 1) // 2 + 1) / (total + 1))
    factors = 1 - risks[:, None] + risks[:, None] * turns
    law = np.fft.irfft(np.prod(factors ** each[:, None], axis=0), total + 1)
    law = np.maximum(law, 0.0)
    whole: Floats = law / law.sum()
    return whole


def tilted(risks: Floats, odds: float) -> Floats:
    """The risks with their odds multiplied by `odds`."""
    moved: Floats = odds * risks / (1 - risks + odds * risks)
    return moved


def count_cusum_arl(law: Floats, *, reference: float, threshold: float, grid: float, upper: bool = True) -> float:
    """ARL in replays of ``S = max(0, S + count - reference)``, or of its mirror image for fewer failures.

    Parameters
    ----------
    law : ndarray, shape (most failures + 1,)
        Chances of each count.
    reference, threshold : float
        In failures.
    grid : float
        Cell width in failures. Exact when reference and threshold are multiples of it; otherwise each step is
        split between its two neighbours so that its mean stays: within 1 % at a width of 1/32.

    Raises
    ------
    DegenerateError
        If the threshold is not above zero, or 3,000 cells high or higher.
    """
    if not 0 < threshold / grid < _MOST_CELLS:
        raise DegenerateError(
            f"failure counts: threshold must be above 0 and below {_MOST_CELLS} cells of {grid}, got {threshold}"
        )
    counts = np.flatnonzero(law > _NEGLIGIBLE)
    place = np.round((1 if upper else -1) * (counts - reference) / grid, 9)
    low = np.floor(place).astype(np.int64)
    share, chances = place - low, law[counts] / law[counts].sum()
    steps, split = np.concatenate([low, low + 1]), np.concatenate([chances * (1 - share), chances * share])
    if not share.any():
        return _chain_arl(steps, split, math.ceil(round(threshold / grid, 9)))
    # A sum just below the threshold may be split up to it, one above never down: the chain alarms half a cell early.
    height = threshold / grid + 0.5
    cells = math.floor(height)
    lower, upper_arl = (_chain_arl(steps, split, max(1, n)) for n in (cells, cells + 1))
    return lower ** (1 - height + cells) * upper_arl ** (height - cells) if height > cells else lower


def _chain_arl(steps: Ints, chances: Floats, cells: int) -> float:
    """Mean steps from zero to `cells` of a walk that zero holds up: one linear system."""
    within = np.abs(steps) < cells
    moves = np.bincount(steps[within] + cells, weights=chances[within], minlength=2 * cells)
    origin = np.arange(cells)
    chain = moves[origin[None, :] - origin[:, None] + cells]
    falls = np.bincount(np.clip(-steps, -1, cells) + 1, weights=chances, minlength=cells + 2)
    chain[:, 0] = np.cumsum(falls[::-1])[::-1][1 : cells + 1]  # a step of -i or lower takes state i to zero
    arl = float(np.linalg.solve(np.eye(cells) - chain, np.ones(cells))[0])
    return arl if 0 < arl < _NEVER else math.inf


def least_cells(arl: float, arl_of: Callable[[int], float], what: str) -> int:
    """Fewest cells of threshold with which a lattice chart's ARL is at least `arl`."""
    if not 2 <= arl <= LONGEST_ARL:
        raise DegenerateError(f"{what}: in-control ARL must lie between 2 and {LONGEST_ARL:g} replays, got {arl}")
    low, high, at_low, at_high = 0, 8, 0.0, math.log(arl_of(8) / arl)
    while at_high < 0:
        # Small strides: the logarithm of the ARL grows with the threshold, and the chain of a huge ARL is singular.
        low, high, at_low = high, high + high // 4, at_high
        if high > _MOST_CELLS:
            raise DegenerateError(f"{what}: no threshold gives an in-control ARL of {arl} replays")
        at_high = math.log(arl_of(high) / arl)
    turn = 0
    while high - low > 1:
        # The logarithm is nearly linear, but for steps: false position, and bisection every other turn.
        guess = low + round((high - low) * at_low / (at_low - at_high)) if low and turn % 2 == 0 else (low + high) // 2
        middle, turn = min(max(guess, low + 1), high - 1), turn + 1
        at_middle = math.log(arl_of(middle) / arl)
        if at_middle >= 0:
            high, at_high = middle, at_middle
        else:
            low, at_low = middle, at_middle
    return high


def log_odds(odds: float, what: str) -> float:
    """Natural logarithm of an odds ratio that a chart can bet on."""
    if not (math.isfinite(odds) and odds > 0 and odds != 1):
        raise DegenerateError(f"{what}: odds must be a finite number above zero other than 1, got {odds}")
    return math.log(odds)
