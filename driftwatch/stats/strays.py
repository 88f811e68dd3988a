"""Counts answers that a healthy endpoint hardly ever gives, against the share of them that is tolerated.

Best for a measure that is zero in a sound answer, such as the share of foreign letters, when a few answers in a
thousand turn. A baseline of a thousand answers cannot prove that such answers are new, and a reference that takes them
in learns to expect them: evidence against one's own past ends at five nats where an alarm takes ten. This chart asks
for less than "nothing changed": that no more than one answer in a thousand strays, or than the baseline's own share.
"""

import math
from dataclasses import dataclass, replace

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
_LEAST = 0.25  # of the tolerated share: less than that on top of it is not told from it in weeks
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
        Share of strays that is tolerated; None while most probes have too few values to say.
    counted : ndarray of bool, shape (n_probes,)
        Probes whose answers that share is of: chosen with it, no probe joins later.
    updates : int
        Updates with evidence.
    """

    logs: Floats
    sums: Floats
    since: NDArray[np.int64]
    rate: float | None
    counted: NDArray[np.bool_]
    updates: int

    def with_rows(self, source: NDArray[np.int64]) -> "StraysState":
        """The same for another set of probes: rows by their old position, -1 for a new one."""
        if self.rate is None:
            return self
        return replace(self, counted=np.append(self.counted, np.False_)[source])


@dataclass(frozen=True, kw_only=True)
class StraysChart:
    """E-detector of a share of stray answers above the tolerated one.

    An answer strays that is above zero where most of its probe's reference is not; probes whose answers are foreign by
    nature (a translation) do not count. The tolerated share is `TOLERATED`, or one answer of the baseline's, or
    what the baseline showed raised by two standard errors. It is fixed once most probes have eight values, and with it
    the probes that count: no later stray teaches the chart to expect more, and no probe joins whose strays it does
    not hold.

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
        return StraysState(
            logs=none - np.inf, sums=none, since=none.astype(np.int64), rate=None, counted=none[:0] > 0, updates=0
        )

    def update(self, state: StraysState, held: Floats, new: Floats, *, informative: bool) -> StraysState:
        """State after one more replay.

        Parameters
        ----------
        held, new : ndarrays, shapes (n_probes, n_reference) and (n_probes, n_samples)
            Reference and new values, NaN where there is none.
        informative : bool
            Whether the replay carries evidence for the other charts too: those alone are counted, as they count.
        """
        state = _fixed(state, held)
        if state.rate is None:
            return replace(state, updates=state.updates + informative)
        bets = _bets(state, new)
        sums = np.maximum(state.sums, 0.0) + bets
        return replace(
            state,
            logs=np.logaddexp(0.0, state.logs) + bets,
            sums=sums,
            since=np.where(sums > 0, state.since + informative, 0),
            updates=state.updates + informative,
        )

    def since(self, state: StraysState) -> int:
        """Updates with evidence in the excursion of the leading process."""
        return int(state.since[int(np.argmax(state.logs))])

    def least_bet(self, state: StraysState, new: Floats) -> float:
        """Log bet on the smallest share that stands out from what is tolerated: what has sunk to that is not over."""
        least = 0 if state.rate is None else int(np.searchsorted(_SHARES, state.rate * _LEAST))
        return float(_bets(state, new)[least])

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


def _fixed(state: StraysState, held: Floats) -> StraysState:
    """The state with its share and the probes that this is of, once most probes have enough values."""
    if state.rate is not None:
        return state
    given = np.isfinite(held).sum(axis=1)
    known = given >= _KNOWN
    if not known.any() or 2 * known.sum() < (given > 0).sum():
        return state
    counted = known & ((held > 0).sum(axis=1) < _SOUND * given)
    return replace(state, counted=counted, rate=_tolerated(held[counted]))


def _tolerated(held: Floats) -> float:
    answers, strays = int(np.isfinite(held).sum()), int((held > 0).sum())
    doubt = _DOUBT * math.sqrt(strays + 1) if strays else 0.0
    return min(max(TOLERATED, (strays + 1 + doubt) / max(answers, 1)), _SOUND)


def _bets(state: StraysState, new: Floats) -> Floats:
    """Log likelihood ratio of a replay for each share: what would have been sound strays with that chance."""
    if state.rate is None:
        return np.zeros(_SHARES.size)
    today = new[state.counted]
    strays = int((today > 0).sum())
    sound = int(np.isfinite(today).sum()) - strays
    log_bets: Floats = np.log1p(_SHARES * (1 - state.rate) / state.rate) * strays + np.log1p(-_SHARES) * sound
    return log_bets
