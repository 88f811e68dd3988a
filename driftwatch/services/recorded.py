"""The streams of an endpoint of which only records are known: which metrics there are, of which kind, how often."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED, NOT_EVERYWHERE, OF_TASKS, PASS, Metric, scored_metric
from driftwatch.scorers.verdict import MetricKind
from driftwatch.services.streams import watched_metrics
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.stats.errors import BudgetError

YEAR = timedelta(days=365)
USUAL_GAP = timedelta(hours=1)
SHORTEST_GAP = timedelta(seconds=10)
"""Records closer together than a daemon would ask are taken as this far apart."""
MOST_GRADES = 20
"""A metric with more different values is continuous."""
LEAST_REPEATS = 5
"""So must one whose values come back less often than this, on average."""
_NOT_COMPARED = frozenset({"probes", "price"})
"""Parts of our side whose change begins no new baseline: an edited probe re-qualifies itself alone."""


@dataclass(slots=True, kw_only=True)
class Values:
    """What a metric's values look like, over the whole of its history.

    Examples
    --------
    >>> seen = Values()
    >>> for value in [1.0, 0.0, 1.0]:
    ...     seen.add(value)
    >>> seen.kind, seen.is_share
    ('binary', True)
    >>> seen.add(0.37)
    >>> seen.kind
    'continuous'
    """

    different: set[float] = field(default_factory=set)
    count: int = 0
    is_share: bool = True

    def add(self, value: float) -> None:
        """Take one more value."""
        self.add_all((value,))

    def add_all(self, values: Collection[float]) -> None:
        """Take more values; of each that is new only the first time counts."""
        self.count += len(values)
        for value in set(values) - self.different:
            if not 0 <= value <= 1:
                self.is_share = False
            if len(self.different) <= MOST_GRADES:
                self.different.add(value)

    @property
    def kind(self) -> MetricKind:
        """The narrowest kind that all values fit: a metric that changes its type is of the wider one throughout."""
        if self.different <= {0.0, 1.0}:
            return "binary"
        few = len(self.different) <= MOST_GRADES and self.count >= LEAST_REPEATS * len(self.different)
        return "graded" if few else "continuous"


def recorded_metrics(values: Mapping[str, Values], *, logprobs: bool) -> dict[str, Metric]:
    """Return the metrics that a daemon would watch for an endpoint with these scores.

    Known names mean what they always mean; any other score is a scorer's: it pages when it falls. ``pass`` is known
    where every such score is a share of full marks.
    """
    own = {name: scored_metric(name, seen.kind) for name, seen in values.items() if name not in MEASURED}
    metrics = watched_metrics(
        own.values(),
        logprobs=logprobs or "logprob" in values,
        more=NOT_EVERYWHERE & values.keys(),
        tasks=not OF_TASKS.isdisjoint(values),
    )
    if PASS.name in values:
        return {PASS.name: PASS, **metrics}
    if not all(values[name].is_share for name in own):
        metrics.pop(PASS.name, None)
    return metrics


def replays_per_year_of(moments: Iterable[datetime]) -> float:
    """Return how many replays a year has at the median gap between replays; gaps and doubles do no harm.

    Examples
    --------
    >>> days = [datetime(2026, 7, day) for day in (1, 2, 3, 4, 20)]
    >>> replays_per_year_of(days)
    365.0
    """
    ordered = sorted(set(moments))
    gaps = [(late - early).total_seconds() for early, late in pairwise(ordered)]
    usual = median(gaps) if gaps else USUAL_GAP.total_seconds()
    return YEAR.total_seconds() / max(usual, SHORTEST_GAP.total_seconds())


def kept_budget(budget: FalseAlarmBudget, replays_per_year: float) -> FalseAlarmBudget:
    """Return the budget, or, where no chart is as loose as it allows, the loosest there is: fewer false alarms."""
    try:
        budget.arl_replays(replays_per_year)
    except BudgetError:
        return FalseAlarmBudget(count=replays_per_year / 20.5, period_days=365)
    return budget


def local_changes(now: Fingerprint, before: Fingerprint) -> tuple[str, ...]:
    """Return the parts of a recorded fingerprint whose change explains a drift; a part only one side has is unknown.

    Examples
    --------
    >>> local_changes(Fingerprint(parts={"imported": "b"}), Fingerprint(parts={"imported": "a", "git": "3f2a"}))
    ('imported',)
    """
    both: Sequence[str] = sorted(set(now.parts) & set(before.parts) - _NOT_COMPARED)
    return tuple(part for part in both if now.parts[part] != before.parts[part])
