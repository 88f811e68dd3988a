"""Run lengths: average (ARL) by Markov chain for a CUSUM, by simulation for any detector."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from driftwatch.stats.detector import Detector
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.normal import normal_cdf

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
State = TypeVar("State")
Evidence = TypeVar("Evidence")

_STATES = 200
_NEVER = 31.0  # exponent of Siegmund's formula beyond which the chain is singular: ARL above 1e13
_SETTLED, _STEADY, _GONE = 50, 1e-9, 1e-15  # when the survival of a lattice chain counts as geometric


@dataclass(frozen=True, kw_only=True)
class RunLength:
    """A measured average run length.

    Parameters
    ----------
    arl : float
        Maximum-likelihood ARL in replays, run lengths taken as exponential and cut at a horizon.
    standard_error : float
        Of `arl`, in replays; infinite when nothing alarmed.
    alarms, replays : int
        Alarms seen and replays observed, over all runs.
    """

    arl: float
    standard_error: float
    alarms: int
    replays: int


def censored_arl(lengths: Sequence[int], alarmed: Sequence[bool]) -> RunLength:
    """ARL of run lengths of which some were cut by the horizon, as of an exponential law (Epstein and Sobel 1953).

    Parameters
    ----------
    lengths : sequence of int
        Replays of each run, up to its alarm or the horizon.
    alarmed : sequence of bool
        Whether it ended by an alarm.

    Examples
    --------
    >>> censored_arl([10, 20, 30], [True, True, False]).arl
    30.0
    """
    replays, alarms = int(sum(lengths)), int(sum(alarmed))
    if not alarms:
        return RunLength(arl=math.inf, standard_error=math.inf, alarms=0, replays=replays)
    arl = replays / alarms
    return RunLength(arl=arl, standard_error=arl / math.sqrt(alarms), alarms=alarms, replays=replays)


def simulate_run_length(
    detector: Detector[State, Evidence],
    evidence: Callable[["np.random.Generator", int], Evidence],
    *,
    runs: int,
    horizon: int,
    seed: int,
) -> RunLength:
    """Measure the ARL of any detector.

    Parameters
    ----------
    detector : Detector
        Any object with start, update and read.
    evidence : callable
        ``evidence(rng, i)`` draws the evidence of update i of a run.
    runs, horizon : int
        Number of runs, and updates after which a run is cut (and counted as censored).
    seed : int
        Seed of the only random generator used.

    Examples
    --------
    >>> from driftwatch.stats.cusum import Cusum
    >>> found = simulate_run_length(Cusum(threshold=2.0), lambda rng, i: rng.normal(), runs=50, horizon=500, seed=1)
    >>> 10 < found.arl < 60
    True
    """
    lengths, alarmed = [], []
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        length, alarm = _one_run(detector, evidence, rng, horizon)
        lengths.append(length)
        alarmed.append(alarm)
    return censored_arl(lengths, alarmed)


def _one_run(
    detector: Detector[State, Evidence],
    evidence: Callable[["np.random.Generator", int], Evidence],
    rng: "np.random.Generator",
    horizon: int,
) -> tuple[int, bool]:
    state = detector.start()
    for update in range(horizon):
        state = detector.update(state, evidence(rng, update))
        if detector.read(state).alarm:
            return update + 1, True
    return horizon, False


def one_sided_arl(
    *, reference: float, threshold: float, shift: float = 0.0, start: float = 0.0, states: int = _STATES
) -> float:
    """ARL of the upper one-sided CUSUM of normal input with mean `shift` and unit variance.

    The Markov chain of Brook and Evans [1]_ with `states` and twice as many states, extrapolated in the
    squared cell width: within 1e-5 of the integral equation for the usual charts.

    Parameters
    ----------
    reference, threshold : float
        ``k`` and ``h`` of the literature, in standard deviations, above zero.
    shift : float
        Mean of the input, in standard deviations; 0 is in control.
    start : float
        Where the sum starts, in standard deviations, 0 up to the threshold.
    states : int
        Of the smaller chain.

    Returns
    -------
    float
        In replays; infinity above about 1e13.

    References
    ----------
    .. [1] D. Brook and D. A. Evans, "An approach to the probability distribution of CUSUM run length",
       Biometrika 59 (1972).

    Examples
    --------
    >>> round(one_sided_arl(reference=0.5, threshold=4.0), 2)
    335.37
    """
    _check(reference, threshold)
    if 2 * (reference - shift) * (threshold + 1.166) > _NEVER:
        return math.inf
    coarse = _profile(reference - shift, threshold, states)
    fine = _profile(reference - shift, threshold, 2 * states)
    at_coarse, at_fine = _at(coarse, threshold, start), _at(fine, threshold, start)
    ratio = ((2 * states - 0.5) / (states - 0.5)) ** 2
    return at_fine + (at_fine - at_coarse) / (ratio - 1)


def two_sided_arl(
    *, reference: float, threshold: float, shift: float = 0.0, head_start: float = 0.0, states: int = _STATES
) -> float:
    """ARL of the two-sided tabular CUSUM, from its two sides (Lucas and Crosier 1982).

    Parameters
    ----------
    reference, threshold : float
        ``k`` and ``h`` of the literature, in standard deviations.
    shift : float
        Mean of the input, in standard deviations; 0 is in control.
    head_start : float
        Share of the threshold at which both sums start.

    Examples
    --------
    >>> round(two_sided_arl(reference=0.5, threshold=5.0), 2)
    465.44
    """
    start = head_start * threshold
    up, down = (
        [
            one_sided_arl(reference=reference, threshold=threshold, shift=mean, start=s, states=states)
            for s in (0.0, start)
        ]
        for mean in (shift, -shift)
    )
    if math.isinf(max(*up, *down)):
        return min(up[1], down[1])  # one side never alarms
    return (up[1] * down[0] + down[1] * up[0] - up[0] * down[0]) / (up[0] + down[0])


def siegmund_arl(*, reference: float, threshold: float, shift: float = 0.0) -> float:
    """Siegmund's approximation to the ARL of the upper one-sided CUSUM: a check within some percent.

    Parameters
    ----------
    reference, threshold, shift : float
        As of `one_sided_arl`.

    References
    ----------
    .. [1] D. Siegmund, "Sequential Analysis" (1985).

    Examples
    --------
    >>> round(siegmund_arl(reference=0.5, threshold=4.0), 1)
    338.1
    """
    drift, height = shift - reference, threshold + 1.166
    if drift == 0:
        return height**2
    return (math.exp(-2 * drift * height) + 2 * drift * height - 1) / (2 * drift**2)


def lattice_cusum_arl(steps: Sequence[float], chances: Sequence[float], *, threshold: float, grid: float) -> float:
    """ARL of the upper CUSUM whose increments take finitely many values: Poisson, Bernoulli, risk-adjusted.

    Parameters
    ----------
    steps, chances : sequences
        The increments (``X - k``, or a log likelihood ratio) and their probabilities, which sum to one.
    threshold : float
        Alarm when the sum is at least the threshold.
    grid : float
        Cell width. Exact when the steps are multiples of it; otherwise steps are rounded to it.

    Examples
    --------
    >>> round(lattice_cusum_arl([1.0, -1.0], [0.25, 0.75], threshold=2.0, grid=1.0), 6)
    20.0
    """
    if abs(math.fsum(chances) - 1) > 1e-9:
        raise DegenerateError(f"lattice CUSUM: probabilities sum to {math.fsum(chances)}, not 1")
    # No chart that runs needs it, and it takes long to load.
    from scipy.sparse import csr_array

    cells = math.ceil(round(threshold / grid, 9))
    origin = np.arange(cells)
    chain = csr_array((cells, cells))
    for step, chance in zip(steps, chances, strict=True):
        target = np.maximum(origin + round(step / grid), 0)
        inside = target < cells
        moved = (np.full(int(inside.sum()), chance), (target[inside], origin[inside]))
        chain = chain + csr_array(moved, shape=(cells, cells))
    return _mean_survival(chain)


def _mean_survival(chain: "csr_array") -> float:
    """Expected steps before absorption from state 0: summed survival, the tail geometric once it settles."""
    law = np.zeros(chain.shape[0])
    law[0] = 1.0
    total, alive, settled = 0.0, 1.0, 0
    rate = 0.0
    while settled < _SETTLED and alive > _GONE:
        total += alive
        law = np.asarray(chain @ law)
        left = float(law.sum())
        settled = settled + 1 if abs(left / alive - rate) < _STEADY * (1 - rate) else 0
        rate, alive = left / alive, left
    return total + (alive / (1 - rate) if alive > _GONE else 0.0)


def _check(reference: float, threshold: float) -> None:
    if not (math.isfinite(reference) and reference > 0 and math.isfinite(threshold) and threshold > 0):
        raise DegenerateError(
            f"CUSUM: reference and threshold must be finite and above zero, got {reference}, {threshold}"
        )


@lru_cache(maxsize=512)
def _profile(drift: float, threshold: float, states: int) -> Floats:
    """ARL from every state; state i stands for the sum i * width, state 0 for all that falls to zero."""
    width = 2 * threshold / (2 * states - 1)
    moves = np.arange(-states, states + 1)
    # Brook & Evans (1972), eq. 5: the first column collects everything that falls to zero.
    edges = np.array([normal_cdf(edge) for edge in ((moves + 0.5) * width + drift).tolist()])
    # From state i to j it takes j - i cells: every row is the same run of chances, seen one further to the right.
    left = sliding_window_view(-np.diff(edges), states)[states - 1 :: -1].copy()
    left[:, 0] = -edges[states:0:-1]
    np.fill_diagonal(left, left.diagonal() + 1)
    profile: Floats = np.linalg.solve(left, np.ones(states))
    return profile


def _at(profile: Floats, threshold: float, start: float) -> float:
    states = len(profile)
    width = 2 * threshold / (2 * states - 1)
    position = start / width
    low = min(int(position), states - 2)
    # Quadratic interpolation: linear would cost 1e-4 at a head start.
    nodes = np.arange(max(low - 1, 0), max(low - 1, 0) + 3)
    return float(np.polyval(np.polyfit(nodes - position, profile[nodes], 2), 0.0)) if start else float(profile[0])
