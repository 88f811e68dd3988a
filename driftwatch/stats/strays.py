"""Counts answers that a healthy endpoint hardly ever gives, against the share of them that is tolerated.

Best for a measure that is zero in a sound answer, such as the share of foreign letters, when a few answers in a
thousand turn. A baseline of a thousand answers cannot prove that such answers are new, and a reference that takes them
in learns to expect them: evidence against one's own past ends at five nats where an alarm takes ten. This chart asks
for less than "nothing changed": that no more than one answer in a thousand strays, or than the baseline's own share.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.detector import Reading
from driftwatch.stats.e_detector import log_mean
from driftwatch.stats.errors import DegenerateError

Floats = NDArray[np.float64]

TOLERATED = 0.001
"""Share of stray answers that is no news, however few the baseline held."""
_SHARES = np.array([0.005, 0.03, 0.3])  # bet to stray beyond what is tolerated
_DOUBT = 2.0  # standard errors by which a share that the baseline showed is raised
_SOUND = 0.5  # share of a probe's reference above zero from which its answers are foreign by nature
_KNOWN = 8  # reference values from which a probe is counted


@dataclass(frozen=True, kw_only=True, eq=False)
class StraysState:
    """Processes of each share that is bet on.

    Parameters
    ----------
    logs : ndarray, shape (n_shares,)
        Logarithm of each Shiryaev-Roberts process.
    sums : ndarray, shape (n_shares,)
        The same bets as a CUSUM, which dates the change.
    since : ndarray of int64, shape (n_shares,)
        Updates with evidence since that sum was last zero.
    rate : float or None
        Share of strays that is tolerated; None before the first replay.
    updates : int
        Updates with evidence.
    """

    logs: Floats
    sums: Floats
    since: NDArray[np.int64]
    rate: float | None
    updates: int


@dataclass(frozen=True, kw_only=True)
class StraysChart:
    """E-detector of a share of stray answers above the tolerated one.

    An answer strays that is above zero where most of its probe's reference is not; probes whose answers are foreign by
    nature (a translation) do not count. The tolerated share is `TOLERATED`, or one answer of the baseline's, or
    what the baseline showed raised by two standard errors. It is fixed from there on, so that no later stray teaches
    the chart to expect more.

    Parameters
    ----------
    threshold : float
        Alarm level of the logarithm of the mean, above zero. At ``log(arl)`` the in-control ARL is at least `arl`
        replays for every share up to the tolerated one, if answers are independent: there each process minus the
        count of its updates is a supermartingale. For larger shares that the baseline happened not to show it is
        measured: docs/decisions/0023.

    Raises
    ------
    DegenerateError
        If the threshold is not a finite number above zero.

    Examples
    --------
    >>> import numpy as np
    >>> chart, sound = StraysChart(threshold=6.0), np.zeros((40, 24))
    >>> state = chart.start()
    >>> for stray in (0, 0, 1, 1, 1, 1, 1):
    ...     state = chart.update(state, sound, (np.arange(40) < stray)[:, None] * 0.3, informative=stray > 0)
    >>> chart.read(state).alarm, chart.read(state).onset
    (True, 0)
    """

    threshold: float

    def __post_init__(self) -> None:
        """Refuse what is no threshold."""
        if not (math.isfinite(self.threshold) and self.threshold > 0):
            raise DegenerateError(f"strays: threshold must be a finite number above zero, got {self.threshold}")

    def start(self) -> StraysState:
        """No replay yet."""
        none = np.zeros(_SHARES.size)
        return StraysState(logs=none - np.inf, sums=none, since=none.astype(np.int64), rate=None, updates=0)

    def update(self, state: StraysState, held: Floats, new: Floats, *, informative: bool) -> StraysState:
        """State after one more replay.

        Parameters
        ----------
        held, new : ndarrays, shapes (n_probes, n_reference) and (n_probes, n_samples)
            Reference and new values, NaN where there is none.
        informative : bool
            Whether the replay carries evidence for the other charts too: those alone are counted, as they count.
        """
        rate = _tolerated(held) if state.rate is None else state.rate
        bets = _bets(held, new, rate)
        sums = np.maximum(state.sums, 0.0) + bets
        return StraysState(
            logs=np.logaddexp(0.0, state.logs) + bets,
            sums=sums,
            since=np.where(sums > 0, state.since + informative, 0),
            rate=rate,
            updates=state.updates + informative,
        )

    def since(self, state: StraysState) -> int:
        """Updates with evidence in the excursion of the leading process."""
        return int(state.since[int(np.argmax(state.logs))])

    def least_bet(self, state: StraysState, held: Floats, new: Floats) -> float:
        """Log bet on the smallest share: what has sunk to that is not over."""
        rate = _tolerated(held) if state.rate is None else state.rate
        return float(_bets(held, new, rate)[0])

    def read(self, state: StraysState) -> Reading:
        """Logarithm of the mean of the processes, at least 0."""
        statistic = max(0.0, log_mean(state.logs))
        since = self.since(state)
        return Reading(
            statistic=statistic,
            threshold=self.threshold,
            alarm=statistic >= self.threshold,
            onset=state.updates - since if since else None,
        )


def strays_threshold(*, arl: float) -> float:
    """Threshold of a `StraysChart` whose in-control ARL is at least `arl` replays.

    Examples
    --------
    >>> round(strays_threshold(arl=500), 2)
    6.21
    """
    return math.log(arl)


def _counted(held: Floats) -> NDArray[np.bool_]:
    given = np.isfinite(held).sum(axis=1)
    counted: NDArray[np.bool_] = (given >= _KNOWN) & ((held > 0).sum(axis=1) < _SOUND * given)
    return counted


def _tolerated(held: Floats) -> float:
    rows = held[_counted(held)]
    answers, strays = int(np.isfinite(rows).sum()), int((rows > 0).sum())
    doubt = _DOUBT * math.sqrt(strays + 1) if strays else 0.0
    return min(max(TOLERATED, (strays + 1 + doubt) / max(answers, 1)), _SOUND)


def _bets(held: Floats, new: Floats, rate: float) -> Floats:
    """Log likelihood ratio of a replay for each share: what would have been sound strays with that chance."""
    today = new[_counted(held)]
    strays = int((today > 0).sum())
    sound = int(np.isfinite(today).sum()) - strays
    log_bets: Floats = np.log1p(_SHARES * (1 - rate) / rate) * strays + np.log1p(-_SHARES) * sound
    return log_bets
