"""Many probes each moving its own way: lengths that grow here and shrink there, with the mean held.

Best for a reroute or a rewritten prompt, where most answers change and no sum over probes does. For every start that
is kept, each probe has the likelihood ratios of "up" and "down" since then; a start's ratio is the product over
probes of their average, so no sign need be known.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHIFT = 0.5
"""Standard deviations by which a probe's score is bet to have moved, up or down."""
SHARES = (1.0, 0.2)
"""Shares of the probes that are bet to have moved."""
_ALL = 4  # ages up to which every start is kept; of older ones four in every octave
_OLDEST = 48


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseState:
    """Likelihood ratios since each start that is kept.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_starts,)
        The update at which each began.
    logs : ndarray, shape (n_starts, n_probes, 2)
        Logarithm of every probe's ratio, up and down.
    updates : int
        Updates so far.
    """

    starts: NDArray[np.int64]
    logs: Floats
    updates: int

    @classmethod
    def empty(cls, probes: int = 0) -> "DenseState":
        """No start yet."""
        return cls(starts=np.zeros(0, dtype=np.int64), logs=np.zeros((0, probes, 2)), updates=0)

    def fed(self, log_bets: Floats) -> "DenseState":
        """Bet on one replay for every start, this one included; old starts are thinned out.

        Parameters
        ----------
        log_bets : ndarray, shape (n_probes, 2)
            Log ratio of each probe's score under "up" and "down".
        """
        starts = np.append(self.starts, self.updates)
        logs = np.concatenate([self.logs, np.zeros((1, *log_bets.shape))]) + log_bets
        age = self.updates - starts
        # Dropping a start only lowers the sum: what is left is still no more than a martingale.
        step = np.maximum(1, 2 ** np.floor(np.log2(np.maximum(age, 1) / _ALL)).clip(min=0).astype(np.int64))
        kept = (starts % step == 0) & (age < _OLDEST)
        return DenseState(starts=starts[kept], logs=logs[kept], updates=self.updates + 1)

    def with_rows(self, source: NDArray[np.int64]) -> "DenseState":
        """Probes by their old position, one that has not been bet on where that is -1."""
        logs = np.zeros((len(self.starts), len(source), 2))
        known = source >= 0
        logs[:, known] = self.logs[:, source[known]]
        return DenseState(starts=self.starts, logs=logs, updates=self.updates)

    def latest(self, log_bets: Floats) -> float:
        """Log ratio that the leading start lays on the replay that was fed last, having learned from those before."""
        before = DenseState(starts=self.starts, logs=self.logs - log_bets, updates=self.updates).by_start()
        lead = int(np.argmax(before))
        return float(self.by_start()[lead] - before[lead])

    def by_start(self) -> Floats:
        """Logarithm of each start's ratio, averaged over the shares, shape (n_starts,).

        Examples
        --------
        >>> import numpy as np
        >>> state = DenseState.empty(2).fed(np.array([[1.0, -2.0], [-2.0, 1.0]]))
        >>> state.by_start().round(3).tolist()
        [0.474]
        """
        both = np.logaddexp(self.logs[:, :, 0], self.logs[:, :, 1]) - np.log(2)
        each = [
            (both if share == 1 else np.logaddexp(np.log1p(-share), np.log(share) + both)).sum(axis=1)
            for share in SHARES
        ]
        mean: Floats = np.logaddexp.reduce(each, axis=0) - np.log(len(SHARES))
        return mean
