"""How soon the mixture that pages finds a shift, by simulation, and how soon the best possible chart would."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.channel_mixture import SHARES, WEIGHTS
from driftwatch.stats.dispersion import CLIP
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.mixture import SHIFTS, LocationMixture
from driftwatch.stats.root import root
from driftwatch.stats.run_length import one_sided_arl, siegmund_arl
from driftwatch.stats.stream import HISTORY, StreamDetector

Floats = NDArray[np.float64]

RUNS = 200
SEED = 20_261_124
HORIZON, EARLY_HORIZON = 2000, 400
"""Replays after which a run that has not alarmed is cut off: of a full reference, of one that takes the change in."""
_LEAST_ARL = 5
_BETS = np.array([s * b for b in SHIFTS for s in (1, -1)])
_ON_A_SHIFT = ("location", "odds")
"""Channels that a shift common to all probes feeds: of pass/fail its odds are a second location."""
_PRIOR = StreamDetector.scale_prior
_STEP = 1.1  # starts whose references differ by less bet alike: a tenth of the work, 10 % of a bet
_WINDOW = LocationMixture(arl=math.e).window
_BLOCK = 20  # starts that are forgotten together: 201 to 220 are held where the chart holds 200
_LARGEST_SHIFT = 30.0
_LEAST_K, _MOST_K, _LEAST_THRESHOLD = 0.05, 3.0, 1e-3


@dataclass(frozen=True, kw_only=True)
class SimulatedDelay:
    """Mean replays from a change to the alarm, over simulated runs.

    Parameters
    ----------
    replays, standard_error : float
        Infinite where no run alarmed within the horizon.
    found : float
        Share of the runs that alarmed within the horizon.
    """

    replays: float
    standard_error: float
    found: float


def mixture_delay(
    *,
    shift: float,
    threshold: float,
    kind: Kind,
    references: float = math.inf,
    runs: int = RUNS,
    seed: int = SEED,
) -> SimulatedDelay:
    """Simulate the mixture's delay on normal evidence, studentised by its own past, whose mean moves by `shift`.

    Choose it for the chart that pages by default; `expected_delay` has the CUSUM's exactly.

    Parameters
    ----------
    shift : float
        Mean evidence per replay after the change, in standard deviations; see `shift_of_effect` and
        `shift_of_own_spread`.
    threshold : float
        Of the mixture: `calibrate.mixture_threshold`.
    kind : {"binary", "graded", "continuous"}
        The metric's: it has the weight of the location in the mixture, and the share of each shift that is bet on.
    references : float
        Replays that the reference holds at the change; it takes in those after it, and the evidence of replay i fades
        as ``references / (references + i)``. Infinite for a reference so long that nothing fades.
    runs, seed : int
        Of the simulation; the same give the same figure.

    Notes
    -----
    Only the location channel, at its weight in the mixture (of pass/fail with that of the odds), from a chart at
    rest: for a shift common to all probes the others add little: whole detectors of 36 normal probes took 14.7 +-
    1.0 replays for 0.2 sd where this says 18.1 +- 0.6, and 4.7 +- 0.2 for 0.4 sd where it says 4.8 +- 0.1 (seed
    51). What a rhythm that is foretold costs is not in it. A start bets as the one at most 10 % of the reference
    before it. The spread is that of the quiet replays before the change and of those after it: a change right after
    a short baseline looks in part like a wide spread. Starts are forgotten as the chart forgets them, twenty at a
    time: a shift too small to be proved by its last 200 replays waits for a lucky stretch, and its delay is nearly
    exponential. Runs cut off after 2,000 replays (400 where the reference takes the change in) enter as an
    exponential law's. Fading evidence that in sum stays below half the threshold finds nothing.

    Examples
    --------
    >>> delay = mixture_delay(shift=1.0, threshold=8.7, kind="continuous")
    >>> 15 < delay.replays < 25, delay.found
    (True, 1.0)
    """
    if not (math.isfinite(shift) and math.isfinite(threshold) and threshold > 0 and references > 0 and runs > 1):
        raise DegenerateError(
            f"power: need a finite shift, a finite threshold and references above zero and 2 runs or more; "
            f"got {shift}, {threshold}, {references}, {runs}"
        )
    shift = min(abs(shift), _LARGEST_SHIFT)
    # All the log likelihood that fading evidence will ever bring.
    if not math.isinf(references) and shift**2 / 2 * (references + 1) < threshold / 2:
        return SimulatedDelay(replays=math.inf, standard_error=math.inf, found=0.0)
    rng = np.random.default_rng(seed)
    level = math.exp(threshold) / sum(WEIGHTS[kind].get(name, 0.0) for name in _ON_A_SHIFT)
    # What each bet counts: up and down the half of its shift's share.
    shares = np.repeat(SHARES[kind], 2) / 2
    full = math.isinf(references)
    horizon = HORIZON if full else EARLY_HORIZON
    # Likelihood ratios, shape (runs, blocks of starts, bets); those of ended runs are dropped.
    ratios, held = np.zeros((runs, 1, _BETS.size)), np.array([1.0])
    past = min(references, float(HISTORY))
    squares = rng.chisquare(past, size=runs)
    delays: list[int] = []
    for passed in range(horizon):
        left = 1.0 if full else references / (references + passed)
        if passed and (passed % _BLOCK == 0 if full else left * _STEP <= held[-1]):
            oldest = int(full and len(held) > _WINDOW // _BLOCK)
            held = np.append(held, left)[oldest:]
            ratios = np.concatenate([ratios[:, oldest:], np.zeros((len(ratios), 1, _BETS.size))], axis=1)
        raw = rng.normal(shift * left, size=len(ratios))
        variance = (squares + _PRIOR) / (past + _PRIOR)
        z = _studentised(raw, variance, past + _PRIOR)
        past, squares = _remembered(past, squares, np.minimum(raw**2, CLIP * variance))
        ratios[:, -1] += 1.0
        bets = _BETS * (1.0 if full else (left / held)[:, None])
        ratios *= np.exp(np.atleast_2d(bets) * z[:, None, None] - bets**2 / 2)
        ended = (ratios.sum(axis=1) * shares).sum(axis=1) >= level
        delays += [passed + 1] * int(ended.sum())
        ratios, squares = ratios[~ended], squares[~ended]
        if not len(ratios):
            break
    return _mean(delays, runs, horizon, rest=_WINDOW if full else 0)


def _studentised(raw: Floats, variance: Floats, degrees: float) -> Floats:
    """`dispersion.studentised` of many values, by Wallace's approximation of the t law."""
    scores: Floats = np.sqrt(degrees * np.log1p(raw**2 / variance / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    return np.copysign(scores, raw)


def _remembered(past: float, squares: Floats, more: Floats) -> tuple[float, Floats]:
    """How many squares tell the spread, and their sums, with one more; where there is no room a usual one leaves."""
    if past < HISTORY:
        return past + 1, squares + more
    return past, squares * (1 - 1 / past) + more


def _oracle_threshold(reference: float, arl: float, states: int) -> float:
    """The threshold by the short chain alone, near Siegmund's: `cusum_threshold` takes a hundred times as long."""

    def excess(threshold: float, curve: Callable[[float], float]) -> float:
        return math.log(curve(threshold) / arl)

    def approximate(threshold: float) -> float:
        return siegmund_arl(reference=reference, threshold=threshold)

    def chain(threshold: float) -> float:
        return one_sided_arl(reference=reference, threshold=threshold, states=states)

    guess = max(0.05, root(lambda threshold: excess(threshold, approximate), -1.16, 20 / reference))
    low, high = guess * 0.97, guess * 1.03
    while excess(low, chain) > 0 and low > _LEAST_THRESHOLD:
        low *= 0.8
    while excess(high, chain) < 0:
        high *= 1.2
    return low if excess(low, chain) > 0 else root(lambda threshold: excess(threshold, chain), low, high, within=1e-4)


def _mean(delays: list[int], runs: int, horizon: int, *, rest: int) -> SimulatedDelay:
    """The mean, of which what comes after `rest` replays is an exponential law's: at rest the chart needs a while."""
    if not delays:
        return SimulatedDelay(replays=math.inf, standard_error=math.inf, found=0.0)
    if len(delays) == runs:
        error = float(np.std(delays, ddof=1)) / math.sqrt(runs)
        return SimulatedDelay(replays=float(np.mean(delays)), standard_error=error, found=1.0)
    late = [delay for delay in delays if delay > rest]
    if not late:
        late, rest = delays, 0
    cut = runs - len(delays)
    more = (sum(late) + horizon * cut - rest * (len(late) + cut)) / len(late)
    mean = (sum(delays) + (horizon + more) * cut) / runs
    return SimulatedDelay(replays=mean, standard_error=mean / math.sqrt(len(late)), found=len(delays) / runs)


def oracle_delay(*, shift: float, arl: float, states: int = 50) -> float:
    """Mean replays to the alarm of the one-sided CUSUM that knows size and side of the shift: nothing is sooner.

    Parameters
    ----------
    shift : float
        Mean evidence per replay after the change, in standard deviations; beyond 0.1 to 6 the CUSUM for the nearest.
    arl : float
        In-control ARL that it may spend, in replays.

    Notes
    -----
    By Markov chain, under a reference that does not fade. log(ARL) / KL is no bound at a finite ARL.

    References
    ----------
    .. [1] G. V. Moustakides, "Optimal stopping times for detecting changes in distributions", Annals of Statistics 14
       (1986).

    Examples
    --------
    >>> round(oracle_delay(shift=0.5, arl=500), 1)
    25.9
    """
    if not math.isfinite(shift):
        raise DegenerateError(f"power: shift must be a finite number, got {shift}")
    if not (math.isfinite(arl) and arl >= _LEAST_ARL):
        raise DegenerateError(f"power: in-control ARL must be {_LEAST_ARL} replays or more, got {arl}")
    reference = min(max(abs(shift) / 2, _LEAST_K), _MOST_K)
    threshold = _oracle_threshold(reference, arl, states)
    known = min(abs(shift), threshold + reference + 6)
    return one_sided_arl(reference=reference, threshold=threshold, shift=known, states=states)
