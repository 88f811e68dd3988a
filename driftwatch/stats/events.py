"""What counts as a rare event of a metric of few values: its worst and its best class."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.bags import Bags
from driftwatch.stats.rates import empirical_bayes_rates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


Event = Literal["zeros", "ones", "unusual"]
"""Of a pass/fail metric: failures, what is rarely so (a refusal), or whatever a probe's own answers rarely are."""


@dataclass(frozen=True, kw_only=True)
class Events:
    """Events on one side of a metric, per probe.

    Parameters
    ----------
    past, sizes : ndarray of int64, shape (n_probes,)
        Events among the reference values, and reference values.
    now, drawn : ndarray of int64, shape (n_probes,)
        The same among this replay's values.
    rates : ndarray, shape (n_probes,), optional
        Chances of an event in the next answer where `past` does not say them fairly; see `events_of`.
    """

    past: Ints
    sizes: Ints
    now: Ints
    drawn: Ints
    rates: Floats | None = None

    def chances(self) -> Floats:
        """Predictive chance of an event in each probe's next answer."""
        return empirical_bayes_rates(self.past, self.sizes) if self.rates is None else self.rates


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


def events_of(bags: Bags, new: Floats, event: Event) -> Events:
    """Events of a pass/fail metric, whose rise is bet on.

    Parameters
    ----------
    bags, new
        As of `worst_and_best`.
    event : {"zeros", "ones", "unusual"}
        Of the last one each probe has its own: the value that its past shows less often; none where both are as often.
        Its chance is estimated from the counts of both values: from those of the rarer ones it would be too small, as
        the smaller of two numbers is, and probes near one half would show more events than that for ever.

    Examples
    --------
    A probe that nearly always uses a table, and one that never does, each do the other thing today.

    >>> import numpy as np
    >>> held, today = np.array([[1.0] * 30, [0.0] * 30]), np.array([[0.0], [1.0]])
    >>> [events_of(Bags(held=held), today, event).now.tolist() for event in ("zeros", "ones", "unusual")]
    [[1, 0], [0, 1], [1, 1]]
    """
    zeros, ones = worst_and_best(bags, new)
    if event != "unusual":
        return zeros if event == "zeros" else ones
    # Every probe counts with both its values, so that it does not matter which of them it usually has.
    both = empirical_bayes_rates(np.concatenate([ones.past, zeros.past]), np.concatenate([ones.sizes, zeros.sizes]))
    of_ones, of_zeros = np.split(both, 2)
    rarer, neither = ones.past < zeros.past, ones.past == zeros.past
    return Events(
        past=np.where(rarer, ones.past, zeros.past),
        sizes=ones.sizes,
        now=np.where(neither, 0, np.where(rarer, ones.now, zeros.now)),
        drawn=np.where(neither, 0, ones.drawn),
        rates=np.where(rarer, of_ones, of_zeros),
    )


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
