"""Shiryaev-Roberts processes side by side: each sums, over every start so far, the likelihood ratio since that start.

Best for several fixed alternatives whose likelihood ratio a replay gives directly. Under "nothing changed" every
process minus the count of its updates is a martingale, so their mean reaches ``exp(h)`` no sooner than after
``exp(h)`` replays on average [1]_, as far as each ratio has mean one given the past.

References
----------
.. [1] J. Shin, A. Ramdas and A. Rinaldo, "E-detectors: a nonparametric framework for sequential change
   detection", New England Journal of Statistics in Data Science 2 (2024).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Bank:
    """Processes of one channel.

    Parameters
    ----------
    logs : ndarray, any shape
        Logarithm of every process; minus infinity before its first update.
    since : ndarray of int64, the same shape
        Updates since the process last stood below one: where its excursion began.

    Examples
    --------
    >>> import numpy as np
    >>> bank = Bank.empty((1,))
    >>> for log_bet in (-1.0, 2.0, 2.0):
    ...     bank = bank.fed(np.array([log_bet]))
    >>> bank.logs.round(3).tolist(), bank.since.tolist()
    ([4.408], [2])
    """

    logs: Floats
    since: NDArray[np.int64]

    @classmethod
    def empty(cls, shape: tuple[int, ...]) -> "Bank":
        """Processes before any update."""
        return cls(logs=np.full(shape, -np.inf), since=np.zeros(shape, dtype=np.int64))

    def fed(self, log_bets: Floats) -> "Bank":
        """Bet on one replay for every start, this one included: ``R = (1 + R) exp(log_bet)``; NaN is no bet."""
        bet = np.isfinite(log_bets)
        logs = np.where(bet, np.logaddexp(0.0, self.logs) + np.where(bet, log_bets, 0.0), self.logs)
        return Bank(logs=logs, since=np.where(logs >= 0, self.since + 1, 0))

    def with_rows(self, source: NDArray[np.int64]) -> "Bank":
        """Rows by their old position, a process not yet begun where that is -1."""
        rows = Bank.empty((len(source), *self.logs.shape[1:]))
        known = source >= 0
        rows.logs[known], rows.since[known] = self.logs[source[known]], self.since[source[known]]
        return rows


def fed_together(banks: Mapping[str, Bank], log_bets: Mapping[str, Floats]) -> dict[str, Bank]:
    """Every bank after its bets, all processes in one go."""
    logs = np.concatenate([banks[name].logs.reshape(-1) for name in log_bets])
    since = np.concatenate([banks[name].since.reshape(-1) for name in log_bets])
    after = Bank(logs=logs, since=since).fed(np.concatenate([bets.reshape(-1) for bets in log_bets.values()]))
    fed, begin = {}, 0
    for name in log_bets:
        shape, end = banks[name].logs.shape, begin + banks[name].logs.size
        fed[name] = Bank(logs=after.logs[begin:end].reshape(shape), since=after.since[begin:end].reshape(shape))
        begin = end
    return fed


def log_sum(logs: Floats) -> float:
    """Logarithm of the sum of processes given by their logarithms; minus infinity without any.

    Examples
    --------
    >>> import numpy as np
    >>> round(log_sum(np.log([1.0, 2.0, 5.0])), 12) == round(math.log(8), 12)
    True
    """
    peak = float(logs.max(initial=-np.inf))
    # `logaddexp.reduce` takes two transcendental functions for every process, one after the other.
    return peak + math.log(float(np.exp(logs - peak).sum())) if peak > -np.inf else peak


def log_mean(logs: Floats) -> float:
    """Logarithm of the mean of processes given by their logarithms; minus infinity without any."""
    return log_sum(logs) - math.log(logs.size) if logs.size else -np.inf
