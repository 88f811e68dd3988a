"""Some probes each moving its own way: lengths that grow here and shrink there, three probes of sixty that break.

Best where no sum over probes moves: a reroute, a rewritten prompt, a few broken probes. For every start that is kept,
each probe has the likelihood ratios of some bets on itself since then; a start's ratio is the product over probes of
"moved or not", so neither the direction nor the probes need be known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.exchangeable import Kind

Floats = NDArray[np.float64]

_ALL = 4  # ages up to which every start is kept; of older ones four in every octave
_OLDEST = 48
_PERIOD = 8  # the longest step between kept starts: the largest power of two up to _OLDEST / _ALL


@dataclass(frozen=True, kw_only=True)
class Part:
    """A bet that this share of the probes moved (None: one of them), each by any of these bets on itself."""

    of_probes: float | None
    bets: tuple[int, ...]


_WEAK, _STRONG = (0, 1), (2, 3)
_OF_SCORES = (
    Part(of_probes=1.0, bets=_WEAK),
    Part(of_probes=0.2, bets=_STRONG),
    Part(of_probes=0.05, bets=_STRONG),
    Part(of_probes=None, bets=_STRONG),
)
PARTS: Mapping[Kind, tuple[Part, ...]] = {
    # Columns are those of `event_bets.SOME_ODDS`: a first failure says more than any tilt of its score.
    "binary": (Part(of_probes=0.2, bets=(0,)), Part(of_probes=0.1, bets=(1,)), Part(of_probes=0.05, bets=(2,))),
    # Columns are those of `tilts.tilted`.
    "graded": _OF_SCORES,
    "continuous": _OF_SCORES,
}
"""What is bet on each kind of metric; every part weighs the same."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DenseState:
    """Likelihood ratios since each start that is kept.

    Parameters
    ----------
    starts : ndarray of int64, shape (n_starts,)
        The update at which each began.
    logs : ndarray, shape (n_starts, n_probes, n_bets)
        Logarithm of every probe's ratio under every bet.
    updates : int
        Updates so far.
    """

    starts: NDArray[np.int64]
    logs: Floats
    updates: int

    @classmethod
    def empty(cls, probes: int = 0, bets: int = 0) -> "DenseState":
        """No start yet."""
        return cls(starts=np.zeros(0, dtype=np.int64), logs=np.zeros((0, probes, bets)), updates=0)

    def fed(self, log_bets: Floats) -> "DenseState":
        """Bet on one replay for every start, this one included; old starts are thinned out.

        Parameters
        ----------
        log_bets : ndarray, shape (n_probes, n_bets)
            Log ratio of each probe's answers under each bet on it.
        """
        kept, all_kept = _kept((self.updates - self.starts).tobytes(), self.updates % _PERIOD)
        starts = np.append(self.starts, self.updates)
        fresh = np.zeros((1, *log_bets.shape))
        logs = np.concatenate([self.logs, fresh]) if len(self.logs) else fresh
        logs = logs + log_bets
        if not all_kept:
            starts, logs = starts[kept], logs[kept]
        return DenseState(starts=starts, logs=logs, updates=self.updates + 1)

    def with_rows(self, source: NDArray[np.int64]) -> "DenseState":
        """Probes by their old position, one that has not been bet on where that is -1."""
        logs = np.zeros((len(self.starts), len(source), self.logs.shape[2]))
        known = source >= 0
        logs[:, known] = self.logs[:, source[known]]
        return DenseState(starts=self.starts, logs=logs, updates=self.updates)

    def _either(self, bets: tuple[int, ...]) -> Floats:
        """Logarithm of the mean over these bets of each probe's ratio, shape (n_starts, n_probes)."""
        if len(bets) == 1:
            return self.logs[:, :, bets[0]]
        either: Floats = np.logaddexp.reduce(self.logs[:, :, bets], axis=2) - np.log(len(bets))
        return either

    def latest(self, log_bets: Floats, parts: tuple[Part, ...]) -> float:
        """Log ratio that the leading start lays on the replay that was fed last, having learned from those before."""
        before = DenseState(starts=self.starts, logs=self.logs - log_bets, updates=self.updates).by_start(parts)
        lead = int(np.argmax(before))
        return float(self.by_start(parts)[lead] - before[lead])

    def by_start(self, parts: tuple[Part, ...]) -> Floats:
        """Logarithm of each start's ratio, averaged over the parts, shape (n_starts,).

        Examples
        --------
        >>> import numpy as np
        >>> up_and_down = np.array([[1.0, -2.0], [-2.0, 1.0]])
        >>> DenseState.empty().fed(up_and_down).by_start((Part(of_probes=1.0, bets=(0, 1)),)).round(3).tolist()
        [0.711]
        """
        # Never as plain ratios: with ten samples of every probe a broken one gains 20 units in each replay.
        either = {bets: self._either(bets) for bets in {part.bets for part in parts}}
        each = np.stack([_moved(either[part.bets], part.of_probes) for part in parts])
        peak = each.max(axis=0)
        mean: Floats = np.log(np.exp(each - peak).sum(axis=0)) + peak - np.log(len(parts))
        return mean


# Which starts are kept repeats after as many updates as the longest step.
@lru_cache(maxsize=256)
def _kept(ages: bytes, phase: int) -> tuple[NDArray[np.bool_], bool]:
    """Which of the starts of these ages, and of the one that begins now, are kept; and whether all are."""
    age = np.append(np.frombuffer(ages, dtype=np.int64), 0)
    # Dropping a start only lowers the sum: what is left is still no more than a martingale.
    step = np.maximum(1, 2 ** np.floor(np.log2(np.maximum(age, 1) / _ALL)).clip(min=0).astype(np.int64))
    kept = ((phase - age) % step == 0) & (age < _OLDEST)
    return kept, bool(kept.all())


def _moved(log_ratios: Floats, share: float | None) -> Floats:
    """Logarithm of the product over probes of "moved or not"."""
    part = min(1.0, 1 / max(log_ratios.shape[1], 1)) if share is None else share
    either = log_ratios if part == 1 else np.logaddexp(np.log1p(-part), np.log(part) + log_ratios)
    product: Floats = either.sum(axis=1)
    return product
