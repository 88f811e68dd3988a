"""How far sums of replays wander beyond those of independent ones: what bets on a lasting shift are divided by.

Best after `rhythm`: what neither an hour nor a memory foretells of a replay adds up over many, and a factor of a
tenth of the variance that lasts for a day looks like a shift of a third of a standard deviation.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.dispersion import over_dispersion
from driftwatch.stats.one_side import HELD, is_over, run_on_one_side

Floats = NDArray[np.float64]

SPANS = (4, 8, 16, 32, 64, 128)
"""Replays that are summed."""
BELIEF = 20.0  # sums' worth of belief that replays are independent
# Standard errors by which a variance must exceed 1: 2.33 repairs half as much, 1 costs a tenth of the delay.
PROOF = 1.5
_PER_SUM = 1.5  # degrees of freedom of n / k sums of k that overlap (Lo and MacKinlay 1988)
_CLIP = 4.0
_INDEX, _TOTAL, _COUNTED, _SQUARES = range(4)


@dataclass(frozen=True, kw_only=True, eq=False)
class WanderState:
    """Squares of sums of the quiet replays: of fixed size.

    Parameters
    ----------
    squares, counts : ndarrays, shape (n_spans,)
        Of each of `SPANS`: squared sums of so many replays over their number, added up; and how many there are.
    upper, lower : float
        CUSUM of the evidence; replays wait to be counted while it stands high.
    rows : ndarray, shape (n_rows, 3 + n_spans)
        The last replays: index, sum of the evidence up to here, whether it counts, what it adds; NaN adds nothing.
    """

    squares: Floats
    counts: Floats
    upper: float
    lower: float
    rows: Floats

    @classmethod
    def empty(cls) -> "WanderState":
        """Nothing seen."""
        none = np.zeros(len(SPANS))
        return cls(squares=none, counts=none, upper=0.0, lower=0.0, rows=np.zeros((0, _SQUARES + len(SPANS))))

    def rested(self) -> "WanderState":
        """The same with the CUSUM at zero, as charts are when watching begins anew."""
        return replace(self, upper=0.0, lower=0.0)

    def fed(self, z: float, *, index: int, baseline: bool) -> "WanderState":
        """The state after one more quiet replay.

        Parameters
        ----------
        z : float
            Its evidence, standard normal if nothing changed.
        index : int
            Its number in the stream.
        baseline : bool
            Whether it belongs to the baseline, all of which counts at once. Later a run of replays on one side, which
            may be a change, counts when it is over.

        Examples
        --------
        >>> state = WanderState.empty()
        >>> for index in range(600):  # six replays up, six down
        ...     state = state.fed(1.0 if index // 6 % 2 else -1.0, index=index, baseline=False)
        >>> state.variances().round(1).tolist()
        [2.0, 1.0, 1.0, 1.0, 1.0, 1.0]
        """
        z = min(max(z, -_CLIP), _CLIP)
        upper, lower = run_on_one_side(self.upper, self.lower, z, baseline=baseline)
        rows = np.concatenate([self.rows, [self._row(z, index)]])
        squares, counts = self.squares, self.counts
        if is_over(upper, lower):
            waiting = rows[:, _COUNTED] == 0
            added, seen = _added(rows[waiting])
            squares, counts = squares + added, counts + seen
            rows[waiting, _COUNTED] = 1.0
        return replace(self, squares=squares, counts=counts, upper=upper, lower=lower, rows=rows[-HELD:])

    def without_since(self, index: int) -> "WanderState":
        """The state as if it had counted no replay from this index on."""
        first = int(np.searchsorted(self.rows[:, _INDEX], index))
        taken = self.rows[first:]
        added, seen = _added(taken[taken[:, _COUNTED] == 1])
        return replace(self, squares=self.squares - added, counts=self.counts - seen, rows=self.rows[:first])

    def variances(self) -> Floats:
        """Variance of the sums of each of `SPANS`, in that of independent replays: as far as proved, at least 1."""
        found = []
        for span, squares, count in zip(SPANS, self.squares.tolist(), self.counts.tolist(), strict=True):
            degrees = _PER_SUM * count / span + BELIEF
            mean = (squares / count if count else 1.0) - 1.0
            variance = max(0.0, 1.0 + mean * (1 - BELIEF / degrees))
            found.append(over_dispersion(variance, degrees, errors=PROOF) ** 2)
        return np.array(found)

    def by_age(self, replays: int) -> Floats | None:
        """The same of sums of 1 to `replays` replays, the shortest first; None where all are those of independent ones.

        Examples
        --------
        >>> WanderState.empty().by_age(200) is None
        True
        """
        variances = self.variances()
        if (variances == 1).all():
            return None
        ages, spans = _logs(replays)
        of_ages: Floats = np.interp(ages, spans, np.concatenate([[1.0], variances]))
        return of_ages

    def _row(self, z: float, index: int) -> Floats:
        row = np.full(_SQUARES + len(SPANS), np.nan)
        held = len(self.rows)
        total = z + (float(self.rows[-1, _TOTAL]) if held else 0.0)
        row[:_SQUARES] = index, total, 0.0
        for i, span in enumerate(SPANS):
            if span <= held:
                row[_SQUARES + i] = (total - float(self.rows[-span, _TOTAL])) ** 2 / span
        return row


@cache
def _logs(replays: int) -> tuple[Floats, Floats]:
    return np.log(np.arange(1.0, replays + 1)), np.log([1.0, *SPANS])


def _added(rows: Floats) -> tuple[Floats, Floats]:
    """What rows add to the squares and the counts."""
    squares = rows[:, _SQUARES:]
    return np.nansum(squares, axis=0), np.isfinite(squares).sum(axis=0).astype(float)
