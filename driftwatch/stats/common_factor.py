"""The common effect of a replay: what moved all its probes at once, best for latency and for a judge in a mood."""

from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]

_CLIP = 2.5  # probe sd from the replay's own centre beyond which one probe says no more
_TO_SD = 1.4826  # median absolute deviation of a normal law to its standard deviation
_LEAST_SCALE = 0.25  # of the median scale: one nearly constant probe must not speak for all
_LEAST_SHARE = 0.25  # of the levelled probes: fewer answers say too little of a replay
_LARGEST, _SMALLEST = 1e70, 1e-70  # squares of squares outside overflow or vanish


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeLevels:
    """Where each probe usually lies.

    Parameters
    ----------
    centre, scale : ndarrays, shape (n_probes,)
        Median and robust standard deviation of the reference; NaN for a probe without a level, which
        has fewer than two reference values or never varied.
    """

    centre: Floats
    scale: Floats


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonEffect:
    """One replay against the levels of its probes.

    Parameters
    ----------
    shift : float or None
        By how much all probes lie above their levels, in the unit of the values; None when fewer than a
        quarter of the levelled probes answered.
    score : float or None
        The same in standard errors: about standard normal when nothing is common to the probes.
    without : ndarray, shape (n_probes, n_samples)
        The new values with the shift removed, for probe-specific channels; as they came when it is None.
    """

    shift: float | None
    score: float | None
    without: Floats


def log_values(values: Floats) -> Floats:
    """Natural logarithms, for heavy-tailed positive metrics; zero and below have none and become NaN."""
    logs: Floats = np.log(np.where(values > 0, values, np.nan))
    return logs


def probe_levels(reference: Floats) -> ProbeLevels:
    """Median and robust spread of every probe's reference values.

    Parameters
    ----------
    reference : ndarray, shape (n_probes, n_reference)
        NaN where a probe has fewer. Take logarithms of heavy-tailed positive values first.

    Examples
    --------
    >>> import numpy as np
    >>> levels = probe_levels(np.array([[1.0, 2.0, 3.0, np.nan], [5.0, 5.0, 5.0, 5.0]]))
    >>> levels.centre.tolist(), levels.scale.round(2).tolist()
    ([2.0, nan], [1.48, nan])
    """
    _refuse_infinities(reference)
    centre, scale = (np.full(len(reference), np.nan) for _ in range(2))
    for row, values in enumerate(_bounded(reference)):
        held = values[np.isfinite(values)]
        if held.size >= 2 and held.max() - held.min() > _SMALLEST:
            # Not `np.median`: the same number, but it loads numpy.ma, 10 ms of every replay.
            middle = median(held.tolist())
            centre[row] = middle
            # Where more than half of the values tie the median deviation is 0.
            scale[row] = max(_TO_SD * median(np.abs(held - middle).tolist()) or float(held.std()), _SMALLEST)
    known = np.isfinite(scale)
    if known.any():
        scale = np.maximum(scale, _LEAST_SCALE * median(scale[known].tolist()))
    return ProbeLevels(centre=centre, scale=scale)


def common_effect(levels: ProbeLevels, new: Floats) -> CommonEffect:
    """What moved all probes of a replay at once, whatever single probes did.

    One step of Huber's M-estimate from the median: residuals are standardised, clipped at 2.5 around
    the replay's own median, and averaged with the weights of the probes' precision [1]_. A common
    factor of any size comes through whole; a probe gone wild counts as one at 2.5 standard deviations.

    Parameters
    ----------
    levels : ProbeLevels
        Must not change from replay to replay: errors of fixed levels are one constant, which the
        intercept of the series takes up.
    new : ndarray, shape (n_probes, n_samples)
        This replay's values, on the scale of the levels; NaN where missing.

    References
    ----------
    .. [1] P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964).

    Examples
    --------
    >>> import numpy as np
    >>> levels = ProbeLevels(centre=np.zeros(4), scale=np.ones(4))
    >>> effect = common_effect(levels, np.array([[1.0], [1.2], [0.8], [90.0]]))
    >>> round(effect.shift, 3), effect.without[:3, 0].round(3).tolist()
    (1.65, [-0.65, -0.45, -0.85])
    """
    _refuse_infinities(new)
    counts = np.isfinite(new).sum(axis=1)
    levelled = np.isfinite(levels.scale)
    used = levelled & (counts > 0)
    if not used.any() or used.sum() < _LEAST_SHARE * levelled.sum():
        return CommonEffect(shift=None, score=None, without=new)
    means = np.where(np.isfinite(new), _bounded(new), 0.0)[used].sum(axis=1) / counts[used]
    residual, scale = means - levels.centre[used], levels.scale[used]
    middle = median(residual.tolist())
    clipped = np.clip((residual - middle) / scale, -_CLIP, _CLIP)
    precision = float((scale**-2).sum())
    shift = middle + float((clipped / scale).sum()) / precision
    return CommonEffect(shift=shift, score=shift * precision**0.5, without=new - shift)


def _bounded(values: Floats) -> Floats:
    bounded: Floats = np.clip(values, -_LARGEST, _LARGEST)
    return bounded


def _refuse_infinities(values: Floats) -> None:
    if np.isinf(values).any():
        raise DegenerateError("common factor: got an infinity; leave missing observations out")
