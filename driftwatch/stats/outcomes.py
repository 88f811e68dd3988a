"""Evidence of the pass/fail charts: each probe's failures of one replay, and the risk it ran of failing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.rates import empirical_bayes_rates

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcomes:
    """Pass/fail outcomes of one replay.

    Parameters
    ----------
    failures, answers : ndarrays of int, shape (n_probes,)
        Failed answers and all answers of each probe; a probe without answers says nothing.
    risks : ndarray, shape (n_probes,)
        Chance that an answer of the probe fails when nothing changed, strictly between 0 and 1.

    Raises
    ------
    DegenerateError
        If a count is negative, failures exceed answers, or a risk is 0, 1 or not finite.
    """

    failures: Ints
    answers: Ints
    risks: Floats

    def __post_init__(self) -> None:
        """Refuse counts and risks that no replay has."""
        if not self.failures.shape == self.answers.shape == self.risks.shape:
            raise DegenerateError("outcomes: need one count of failures, one of answers and one risk per probe")
        if not ((self.failures >= 0) & (self.failures <= self.answers)).all():
            raise DegenerateError("outcomes: need as many failures as answers or fewer, and neither below zero")
        if not ((self.risks > 0) & (self.risks < 1)).all():
            raise DegenerateError("outcomes: risks must lie strictly between 0 and 1; leave probes without one out")


def replay_outcomes(reference: Floats, new: Floats) -> Outcomes:
    """One replay's outcomes, each probe's risk estimated from its own reference by empirical Bayes.

    Parameters
    ----------
    reference, new : ndarrays, shapes (n_probes, n_reference) and (n_probes, n_samples)
        1 for a pass, 0 for a failure, NaN where there is no answer. Probes without a reference are left
        out of the replay: they tell nothing of a change.

    Examples
    --------
    >>> import numpy as np
    >>> outcomes = replay_outcomes(np.ones((3, 30)), np.array([[1.0], [0.0], [np.nan]]))
    >>> outcomes.failures.tolist(), outcomes.answers.tolist(), bool((outcomes.risks < 0.01).all())
    ([0, 1, 0], [1, 1, 0], True)
    """
    for values in (reference, new):
        if not (np.isnan(values) | (values == 0) | (values == 1)).all():
            raise DegenerateError("outcomes: a pass/fail metric has only 1 and 0; leave missing observations out")
    held = np.isfinite(reference).sum(axis=1)
    answered = np.isfinite(new) & (held > 0)[:, None]
    return Outcomes(
        failures=((new == 0) & answered).sum(axis=1),
        answers=answered.sum(axis=1),
        risks=empirical_bayes_rates((reference == 0).sum(axis=1), held),
    )
