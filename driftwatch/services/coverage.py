"""What became of the slots that were due: done, failed, skipped, or never begun."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from driftwatch.domain.errors import Outcome
from driftwatch.domain.judge_drift import is_judge
from driftwatch.domain.replay import SlotRecord, SlotState
from driftwatch.domain.schedule import Schedule
from driftwatch.services.ports import Store
from driftwatch.services.watched import Watched

DueSlots = Callable[[Schedule, datetime, datetime], Iterable[datetime]]
"""The slots of a schedule in (after, until]: `driftwatch.adapters.calendar.slots_between`."""

NOT_BEGUN = "driftwatch was not running"
GRACE = timedelta(minutes=2)
"""So long a slot may be about to begin; a daemon that restarts meanwhile accounts for it."""
LONGEST_REPLAY = timedelta(hours=1)
_MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Slots of a period by what became of them.

    Parameters
    ----------
    not_begun : int
        Due by the schedule after the last slot that anybody touched.
    reasons : mapping
        Why slots failed or were skipped, the commonest first.

    Examples
    --------
    >>> Coverage(done=999, skipped=1).words
    '99.9 %'
    >>> Coverage().words
    'no slot was due'
    """

    done: int = 0
    failed: int = 0
    skipped: int = 0
    not_begun: int = 0
    reasons: Mapping[str, int] = field(default_factory=dict)

    @property
    def due(self) -> int:
        """Slots that had to be replayed."""
        return self.done + self.missed

    @property
    def missed(self) -> int:
        """Slots without evidence."""
        return self.failed + self.skipped + self.not_begun

    @property
    def share(self) -> float | None:
        """Slots done, of those due; None if none was."""
        return self.done / self.due if self.due else None

    @property
    def words(self) -> str:
        """The share for people, rounded down: 100.0 % means all."""
        if not self.due:
            return "no slot was due"
        return f"{1000 * self.done // self.due / 10:.1f} %"

    @property
    def missed_words(self) -> str:
        """What was missed, for people; they alone can give more money.

        Examples
        --------
        >>> Coverage(done=20, failed=4, reasons={"budget": 3, "timeout": 1}).missed_words
        "4 slots missed (4 failed; in 3 the day's money was spent)"
        """
        if not self.missed:
            return "nothing missed"
        kinds = {"failed": self.failed, "skipped": self.skipped, "not begun": self.not_begun}
        told = ", ".join(f"{count} {kind}" for kind, count in kinds.items() if count)
        if spent := self.reasons.get(Outcome.BUDGET):
            told += f"; in {spent} the day's money was spent"
        return f"{self.missed} {'slot' if self.missed == 1 else 'slots'} missed ({told})"


def coverage(records: Sequence[SlotRecord], not_begun: int = 0) -> Coverage:
    """Return the coverage of slots that have ended; one that is running is not due yet."""
    states = Counter(record.state for record in records)
    reasons = Counter(_reason(r) for r in records if r.state in (SlotState.FAILED, SlotState.SKIPPED))
    if not_begun:
        reasons[NOT_BEGUN] += not_begun
    return Coverage(
        done=states[SlotState.DONE],
        failed=states[SlotState.FAILED],
        skipped=states[SlotState.SKIPPED],
        not_begun=not_begun,
        reasons=dict(reasons.most_common()),
    )


def total(parts: Iterable[Coverage]) -> Coverage:
    """Return the coverage of several endpoints together.

    Examples
    --------
    >>> total([Coverage(done=3), Coverage(done=1, failed=1, reasons={"timeout": 1})]).missed_words
    '1 slot missed (1 failed)'
    """
    listed = list(parts)
    reasons: Counter[str] = sum((Counter(part.reasons) for part in listed), Counter())
    return Coverage(
        done=sum(part.done for part in listed),
        failed=sum(part.failed for part in listed),
        skipped=sum(part.skipped for part in listed),
        not_begun=sum(part.not_begun for part in listed),
        reasons=dict(reasons.most_common()),
    )


def count_not_begun(
    watched: Watched,
    store: Store,
    due_slots: DueSlots | None,
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    last: SlotRecord | None = None,
) -> int:
    """Return how many slots of the period are due by the schedule and have not even begun.

    A judge is none of those: its slots are made by its endpoints' replays, and missed with them.

    Parameters
    ----------
    last : SlotRecord, optional
        The endpoint's last slot, where it was read already.
    """
    if is_judge(watched.endpoint.name):
        return 0
    last = last or store.last_slot(watched.endpoint.name)
    if due_slots is None or last is None:
        return 0
    if last.state is SlotState.RUNNING and now - last.slot.due < LONGEST_REPLAY:
        return 0  # those meanwhile are accounted for when it ends
    due = islice(due_slots(watched.endpoint.schedule, last.slot.due, min(until, now - GRACE)), _MOST)
    return sum(since <= moment < until for moment in due)


def _reason(record: SlotRecord) -> str:
    reason = record.reason or "no reason was given"
    # A failure's reason is its outcome and the vendor's words, which differ each time.
    return reason.partition(":")[0] if record.state is SlotState.FAILED else reason
