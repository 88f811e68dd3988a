"""What counts as a rare event of a metric: its worst and best class, or a value far outside the probe's own past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.exchangeable import Kind

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAR = 6.0  # robust standard deviations
_CONSISTENT = 1.4826  # median absolute deviation of a normal law, inverted


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events on one side of a metric, per probe.

    Parameters
    ----------
    past, sizes : ndarray of int64, shape (n_probes,)
        Events among the reference values, and reference values.
    now, drawn : ndarray of int64, shape (n_probes,)
        The same among this replay's values.
    """

    past: Ints
    sizes: Ints
    now: Ints
    drawn: Ints


def low_and_high(reference: Floats, new: Floats, kind: Kind) -> tuple[Events, Events]:
    """Events on the low and on the high side.

    What is an event is a symmetric function of reference and new values together, so exchangeable values
    have exchangeable events. Binary and graded metrics: the lowest and the highest class that any probe
    shows. Continuous ones: more than 6 robust standard deviations from the probe's median; where more
    than half of a probe's values are the same, any other value.

    Parameters
    ----------
    reference, new : ndarray, shapes (n_probes, n_reference) and (n_probes, n_samples)
        NaN where there is no value.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = low_and_high(np.ones((2, 30)), np.array([[0.0], [1.0]]), "binary")
    >>> low.now.tolist(), low.past.tolist(), high.now.tolist()
    ([1, 0], [0, 0], [0, 1])
    """
    bag = np.concatenate([reference, new], axis=1)
    present = np.isfinite(bag)
    if kind == "continuous":
        below, above = _bounds(bag, present)
        low, high = bag < below[:, None], bag > above[:, None]
    else:
        least, most = (np.min(bag[present]), np.max(bag[present])) if present.any() else (0.0, 0.0)
        varied = least < most
        low, high = present & (bag == least) & varied, present & (bag == most) & varied
    return _counted(low, present, reference.shape[1]), _counted(high, present, reference.shape[1])


def _bounds(bag: Floats, present: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    sizes = present.sum(axis=1)
    centre = _median(np.where(present, bag, np.inf), sizes)
    # Huge values may overflow to infinity here; such a difference is an event either way.
    with np.errstate(over="ignore", invalid="ignore"):
        spread = _median(np.where(present, np.abs(bag - centre[:, None]), np.inf), sizes)
        reach = _FAR * _CONSISTENT * spread
        return centre - reach, centre + reach


def _median(filled: Floats, sizes: Ints) -> Floats:
    """Lower median of each row whose missing values are infinite."""
    ordered = np.sort(filled, axis=1)
    median: Floats = np.take_along_axis(ordered, (np.maximum(sizes - 1, 0) // 2)[:, None], axis=1)[:, 0]
    return median


def _counted(event: NDArray[np.bool_], present: NDArray[np.bool_], reference: int) -> Events:
    return Events(
        past=event[:, :reference].sum(axis=1),
        sizes=present[:, :reference].sum(axis=1),
        now=event[:, reference:].sum(axis=1),
        drawn=present[:, reference:].sum(axis=1),
    )
