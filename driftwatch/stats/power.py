"""Power: how soon a change is found, and which change is found in time; for planning."""

import math
from collections.abc import Sequence

import numpy as np

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind, weights_of
from driftwatch.stats.root import root
from driftwatch.stats.run_length import two_sided_arl

_STATES = 200
_BEYOND = 6.0  # sd above the threshold at which the first changed replay alarms for certain


def expected_delay(*, shift: float, arl: float, reference: float = 0.5, states: int = _STATES) -> float:
    """Mean replays from the change to the alarm of a two-sided CUSUM that starts at zero.

    Parameters
    ----------
    shift : float
        Mean evidence per replay after the change, in standard deviations; see `shift_of_effect`.
    arl : float
        In-control ARL that the chart may spend, in replays.
    reference : float
        The ``k`` of the chart.
    states : int
        Of the Markov chain; 50 are within 1 % for planning, at a twentieth of the time.

    Notes
    -----
    By Markov chain, for a shift that stays and a long reference. With a reference of r replays at the
    change the evidence of a growing reference fades as ``r / (r + t)``: see `fading_delay`.

    Examples
    --------
    >>> round(expected_delay(shift=1.0, arl=500), 1)
    10.5
    """
    if not math.isfinite(shift):
        raise DegenerateError(f"power: shift must be a finite number, got {shift}")
    threshold = cusum_threshold(arl=arl, reference=reference)
    # Beyond it the first replay alarms, and the chain would only be ill-conditioned.
    shift = min(abs(shift), threshold + reference + _BEYOND)
    return two_sided_arl(reference=reference, threshold=threshold, shift=shift, states=states)


def shift_of_effect(effect: float, variances: Sequence[float], samples: int = 1) -> float:
    """Evidence per replay of an effect common to all probes.

    Parameters
    ----------
    effect : float
        Change of every probe's mean, in the metric's unit.
    variances : sequence of float
        Variance of each probe's answers, from its bag; constant probes count as having none and are
        part of the effect.
    samples : int
        Answers per probe and replay.

    Examples
    --------
    >>> round(shift_of_effect(-0.1, [0.09] * 36), 2)
    -2.0
    """
    total = math.fsum(variances)
    if not (math.isfinite(effect) and math.isfinite(total) and total > 0 and min(variances) >= 0 and samples >= 1):
        raise DegenerateError(
            f"power: need a finite effect, variances not negative and not all zero, and 1 sample or more; "
            f"got {effect}, total variance {total}, {samples} samples"
        )
    return effect * len(variances) * math.sqrt(samples / total)


def shift_of_own_spread(effect: float, variances: Sequence[float], kind: Kind, samples: int = 1) -> float:
    """Evidence per replay of answers that all move by as many of their own probe's standard deviations.

    Parameters
    ----------
    effect : float
        Change of every probe's mean, in standard deviations of its answers.
    variances : sequence of float
        Of each probe's answers, from its bag, above zero. Of grades and pass/fail they say what each probe counts in
        the sum; measures are ranked within the probe and count alike.
    samples : int
        Answers per probe and replay.

    Examples
    --------
    >>> [round(shift_of_own_spread(0.25, [0.04, 1.0] * 18, kind), 2) for kind in ("continuous", "graded", "binary")]
    [1.5, 1.39, 1.25]
    """
    own = np.asarray(variances, dtype=np.float64)
    if not (math.isfinite(effect) and own.size and np.isfinite(own).all() and (own > 0).all() and samples >= 1):
        raise DegenerateError(
            f"power: need a finite effect, finite variances above zero and 1 sample or more; "
            f"got {effect}, {len(own)} variances, {samples} samples"
        )
    moved = np.ones(own.size) if kind == "continuous" else np.sqrt(own) * weights_of(own, kind)
    return float(effect * moved.sum() * math.sqrt(samples / float((moved**2).sum())))


def detectable_shift(*, delay: float, arl: float, reference: float = 0.5, states: int = _STATES) -> float:
    """Smallest shift found within `delay` replays on average, in standard deviations per replay.

    Parameters
    ----------
    delay : float
        Mean replays from the change to the alarm of a CUSUM that starts at zero, 1.5 up to the ARL.
    arl, reference, states
        As of `expected_delay`.

    Raises
    ------
    DegenerateError
        If the delay is out of range.

    Examples
    --------
    >>> round(detectable_shift(delay=10.4559, arl=500), 2)
    1.0
    """
    if not (math.isfinite(delay) and 1.5 <= delay < arl):
        raise DegenerateError(f"power: delay must lie between 1.5 replays and the in-control ARL {arl}, got {delay}")
    highest = cusum_threshold(arl=arl, reference=reference) + reference + _BEYOND

    def late(shift: float) -> float:
        # In logarithms: the ends differ by as much as 1e9, and false position would stop at the near one.
        return math.log(expected_delay(shift=shift, arl=arl, reference=reference, states=states) / delay)

    return root(late, 0.0, highest, within=1e-6 if states >= _STATES else 1e-3)


def detectable_effect(
    *, delay: float, arl: float, variances: Sequence[float], samples: int = 1, reference: float = 0.5
) -> float:
    """Smallest common effect, in the metric's unit, found within `delay` replays on average.

    Parameters
    ----------
    delay, arl, reference
        As of `detectable_shift`.
    variances, samples
        As of `shift_of_effect`.

    Examples
    --------
    >>> round(detectable_effect(delay=4.0, arl=8760, variances=[0.09] * 36), 3)
    0.141
    """
    unit = shift_of_effect(1.0, variances, samples)
    return detectable_shift(delay=delay, arl=arl, reference=reference) / unit


def fading_delay(*, shift: float, arl: float, references: int, reference: float = 0.5) -> float:
    """Replays to the alarm when the reference held `references` replays at the change and grows on.

    The mean path of the chart: no spread, so a plain figure to set beside `expected_delay`. Infinite
    when the fading evidence never carries the sum to the threshold.

    Parameters
    ----------
    shift : float
        Mean evidence of the first changed replay, in standard deviations.
    arl, reference : float
        As of `expected_delay`.
    references : int
        Above zero.

    Examples
    --------
    >>> fading_delay(shift=1.0, arl=500, references=200)
    11.0
    >>> fading_delay(shift=0.6, arl=500, references=30)
    inf
    """
    threshold = cusum_threshold(arl=arl, reference=reference)
    total, replays = 0.0, 0
    while total < threshold:
        gain = abs(shift) * references / (references + replays) - reference
        if gain <= 0:
            return math.inf
        total += gain
        replays += 1
    return float(replays)
