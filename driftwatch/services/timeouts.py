"""How long one replay waits for scorers that run away: a few times for each, then no more."""

from collections import Counter
from collections.abc import Iterable

from driftwatch.domain.replay import Score
from driftwatch.scorers.verdict import Scored, Unscored

MOST_TIMEOUTS = 3
"""Of one scorer in one replay: after them its other answers are not tried, for 200 of them could outlast the slot."""
TIMEOUT = "timeout"
# What `scorers.judge.score` and the process that scores say of a scorer, not of an answer.
_FAILURES = (TIMEOUT, "the scorer")
GIVEN_UP = Unscored(f"{TIMEOUT}: not tried after {MOST_TIMEOUTS} timeouts of this scorer in this replay")


class Timeouts:
    """Counts timeouts of one replay, by family of scorers.

    Examples
    --------
    >>> timeouts = Timeouts()
    >>> for _ in range(3):
    ...     timeouts.note("checks.py:polite", Unscored("timeout: the scorer took longer than 10 s on this answer"))
    >>> timeouts.over("checks.py:polite"), timeouts.over("is-sql")
    (True, False)
    """

    def __init__(self) -> None:
        self._timeouts: Counter[str] = Counter()

    def over(self, family: str) -> bool:
        """Return whether this family is given up for the rest of the replay."""
        return bool(family) and self._timeouts[family] >= MOST_TIMEOUTS

    def note(self, family: str, value: Scored) -> None:
        """Remember a score, or that there was none in time."""
        if family and timed_out(value):
            self._timeouts[family] += 1


def timed_out(value: Scored) -> bool:
    """Return whether there is no score because its time was over."""
    return isinstance(value, Unscored) and value.reason.startswith(TIMEOUT)


def failing(scores: Iterable[Score]) -> dict[str, tuple[int, str]]:
    """Return each metric whose scorer failed or was late: for how many answers, and its first reason.

    Examples
    --------
    >>> late = Score(probe_key="a@1", sample=0, metric="python", value=Unscored("timeout: the scorer took too long"))
    >>> failing([late, late._replace(metric="contains", value=1.0)])
    {'python': (1, 'timeout: the scorer took too long')}
    """
    found: dict[str, tuple[int, str]] = {}
    for score in scores:
        if isinstance(score.value, Unscored) and score.value.reason.startswith(_FAILURES):
            count, first = found.get(score.metric, (0, score.value.reason))
            found[score.metric] = (count + 1, first)
    return found
