"""What counts as a rare event of a graded metric: its worst and its best class."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


def worst_and_best(bags: Bags, new: Floats) -> tuple[Events, Events]:
    """Answers in the lowest, and in the highest, class that any probe shows.

    What is an event is a symmetric function of reference and new values together, so exchangeable values
    have exchangeable events; likewise in `far_below_and_above`.

    Parameters
    ----------
    bags : Bags
        The reference; its own counts are worked out once.
    new : ndarray, shape (n_probes, n_samples)
        NaN where there is no value.

    Examples
    --------
    >>> import numpy as np
    >>> low, high = worst_and_best(Bags(held=np.ones((2, 30))), np.array([[0.0], [1.0]]))
    >>> low.now.tolist(), low.past.tolist(), high.now.tolist()
    ([1, 0], [0, 0], [0, 1])
    """
    today = new[np.isfinite(new)]
    least = min(bags.least, float(today.min(initial=np.inf)))
    most = max(bags.most, float(today.max(initial=-np.inf)))
    return _in_class(bags, new, least, other=most), _in_class(bags, new, most, other=least)


def _in_class(bags: Bags, new: Floats, value: float, *, other: float) -> Events:
    varied = value != other
    known = value in (bags.least, bags.most)
    past = bags.remembered(("in class", value), lambda: (bags.held == value).sum(axis=1), keep=known)
    return Events(
        past=past * varied,
        sizes=bags.sizes,
        now=(new == value).sum(axis=1) * varied,
        drawn=np.isfinite(new).sum(axis=1),
    )
