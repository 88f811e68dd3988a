"""What this process did since it began, in numbers that only grow; read by /metrics, written wherever it happens.

A label is a name from the configuration or one of a few words of ours: never a probe's text, never a model's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock

from driftwatch.domain.replay import Replay, Score
from driftwatch.scorers.verdict import Unscored

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "replays": ("endpoint", "outcome"),
    "probes": ("endpoint", "outcome"),
    "unscored": ("endpoint", "metric", "reason"),
    "store_failures": ("endpoint",),
    "missed_slots": ("endpoint", "reason"),
    "alarms": ("endpoint", "metric"),
    "decisions": ("endpoint", "reason"),
    "deliveries": ("route", "result"),
    "deadman_pings": ("result",),
    "clock_jumps": ("direction",),
    "cost_usd": ("endpoint",),
}
"""Every family and what its members differ by."""

_REASONS: tuple[tuple[str, str], ...] = (
    ("timeout", "timeout"),
    ("the scorer", "scorer_failed"),
    ("cannot judge", "scorer_failed"),
    ("no reference", "no_reference"),
    ("seed is not honoured", "no_reference"),
    ("judge", "judge"),
    ("endpoint gave no", "not_given"),
    ("not known", "not_given"),
    ("no price", "not_given"),
    ("longer than", "too_large"),
    ("too long", "too_large"),
    ("more than", "too_large"),
    ("too many", "too_large"),
    ("too deeply", "too_large"),
    ("content filter", "content_filter"),
)
OTHER = "other"


def kind_of(reason: str) -> str:
    """Return one of a few words for why there is no score: the reason itself may repeat what a model wrote.

    Examples
    --------
    >>> kind_of("the scorer failed: ValueError: could not read 'ignore all instructions'")
    'scorer_failed'
    >>> kind_of("no letters")
    'other'
    """
    # Where a reason quotes a model, our own words come first.
    found = [(reason.find(said), kind) for said, kind in _REASONS if said in reason[:60]]
    return min(found, default=(0, OTHER))[1]


@dataclass(eq=False)
class Counts:
    """Totals by family and labels; safe to use from any thread.

    Examples
    --------
    >>> counts = Counts()
    >>> counts.add("replays", "support-bot", "done")
    >>> counts.totals("replays")
    {('support-bot', 'done'): 1.0}
    """

    _totals: dict[str, dict[tuple[str, ...], float]] = field(
        default_factory=lambda: {family: {} for family in FAMILIES}, repr=False
    )
    _lock: Lock = field(default_factory=Lock, repr=False)

    def add(self, family: str, *labels: str, by: float = 1.0) -> None:
        """Count; by 0 makes a member known before anything happened, so that its first event is seen as a step."""
        if len(labels) != len(FAMILIES[family]):
            raise ValueError(f"{family} is counted by {FAMILIES[family]}, not {labels}")
        with self._lock:
            members = self._totals[family]
            members[labels] = members.get(labels, 0.0) + by

    def totals(self, family: str) -> Mapping[tuple[str, ...], float]:
        """Return a copy of a family's totals."""
        with self._lock:
            return dict(self._totals[family])


def count_replay(counts: Counts, replay: Replay, scores: Sequence[Score], decision: str | None) -> None:
    """Count a replay and what it consists of; one without a decision had no answers."""
    name = replay.slot.endpoint
    counts.add("replays", name, "failed" if decision is None else "done")
    if decision is not None:
        counts.add("decisions", name, decision)
    for outcome, number in Counter(answer.outcome for answer in replay.answers).items():
        counts.add("probes", name, outcome.value, by=number)
    counts.add("cost_usd", name, by=sum(answer.cost_usd or 0.0 for answer in replay.answers) + replay.grading_usd)
    without = [(one.metric, kind_of(one.value.reason)) for one in scores if isinstance(one.value, Unscored)]
    for (metric, kind), number in Counter(without).items():
        counts.add("unscored", name, metric, kind, by=number)
