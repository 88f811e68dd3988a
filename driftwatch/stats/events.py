"""What counts as a rare event of a metric: its worst and best class, or a value far outside the probe's own past."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FAR = 4.0  # of the probe's own scale
_CONSISTENT = 1.2533  # mean absolute deviation of a normal law, inverted
_BORROWED = 5.0  # values' worth of the median probe's scale that every probe's own is mixed with
_LARGEST = 1e150  # squares of larger values overflow


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


def worst_and_best(reference: Floats, new: Floats) -> tuple[Events, Events]:
    """Answers in the lowest, and in the highest, class that any probe shows.

    What is an event is a symmetric function of reference and new values together, so exchangeable values
    have exchangeable events; likewise in `far_below_and_above`.

    Parameters
    ----------
    reference, new : ndarray, shapes (n_probes, n_reference) and (n_probes, n_samples)
        NaN where there is no value.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = worst_and_best(np.ones((2, 30)), np.array([[0.0], [1.0]]))
    >>> low.now.tolist(), low.past.tolist(), high.now.tolist()
    ([1, 0], [0, 0], [0, 1])
    """
    bag = np.concatenate([reference, new], axis=1)
    present = np.isfinite(bag)
    least, most = (np.min(bag[present]), np.max(bag[present])) if present.any() else (0.0, 0.0)
    varied = least < most
    low, high = present & (bag == least) & varied, present & (bag == most) & varied
    return _counted(low, present, reference.shape[1]), _counted(high, present, reference.shape[1])


def far_below_and_above(reference: Floats, new: Floats) -> tuple[Events, Events]:
    """Answers more than four times the probe's usual deviation below, or above, its median.

    Where all values are above zero they are compared by their logarithms: no length lies six standard deviations
    of lengths below its median, and a refusal is a tenth of it. A probe's scale is its mean absolute deviation,
    in part borrowed from the others.

    Examples
    --------
    >>> import numpy as np
    >>> lengths = np.tile([90.0, 100.0, 110.0], (2, 10))
    >>> low, high = far_below_and_above(lengths, np.array([[20.0], [100.0]]))
    >>> low.now.tolist(), low.past.tolist(), high.now.tolist()
    ([1, 0], [0, 0], [0, 0])
    """
    bag = np.concatenate([reference, new], axis=1)
    present = np.isfinite(bag)
    bag = np.where(present, bag, 0.0)
    if not present.any():
        return _counted(present, present, reference.shape[1]), _counted(present, present, reference.shape[1])
    bag = np.log(np.where(present, bag, 1.0)) if (bag[present] > 0).all() else np.clip(bag, -_LARGEST, _LARGEST)
    sizes = present.sum(axis=1)
    centre = _median(np.where(present, bag, np.inf), sizes)
    deviation = np.where(present, np.abs(bag - centre[:, None]), 0.0).sum(axis=1) / np.maximum(sizes, 1)
    scale = _CONSISTENT * deviation
    usual = float(np.median(scale[sizes > 0]))
    scale = np.sqrt((sizes * scale**2 + _BORROWED * usual**2) / (sizes + _BORROWED))
    low, high = bag < (centre - _FAR * scale)[:, None], bag > (centre + _FAR * scale)[:, None]
    return _counted(low & present, present, reference.shape[1]), _counted(high & present, present, reference.shape[1])


def _median(filled: Floats, sizes: Ints) -> Floats:
    """Median of each row whose missing values are infinite; 0 for an empty row."""
    ordered = np.sort(filled, axis=1)
    places = np.stack([np.maximum(sizes - 1, 0) // 2, np.maximum(sizes, 1) // 2], axis=1)
    median: Floats = np.where(sizes > 0, np.take_along_axis(ordered, places, axis=1).mean(axis=1), 0.0)
    return median


def _counted(event: NDArray[np.bool_], present: NDArray[np.bool_], reference: int) -> Events:
    return Events(
        past=event[:, :reference].sum(axis=1),
        sizes=present[:, :reference].sum(axis=1),
        now=event[:, reference:].sum(axis=1),
        drawn=present[:, reference:].sum(axis=1),
    )
