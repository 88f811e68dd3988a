"""One pass of a probe set over one endpoint: the unit of evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from driftwatch.domain.answer import Answer
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.scorers.verdict import Scored


class SlotState(StrEnum):
    """What became of a slot; every due slot ends as exactly one of the last three."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Slot:
    """The moment at which a replay of an endpoint is due; unique per (endpoint, due)."""

    endpoint: str
    due: datetime

    @property
    def key(self) -> str:
        """The moment in ISO 8601, UTC: ``2026-07-20T06:00:00Z``; fractions only where there are some.

        Examples
        --------
        >>> Slot(endpoint="a", due=datetime(2026, 7, 20, 6, tzinfo=UTC)).key
        '2026-07-20T06:00:00Z'
        """
        return self.due.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """A slot as the store knows it; `cost_usd` is what its answers cost."""

    slot: Slot
    state: SlotState
    reason: str | None = None
    seq: int | None = None
    finished_at: datetime | None = None
    cost_usd: float = 0.0


class AnswerCount(NamedTuple):
    """How often was asked in a slot, how many replies are there, and what they cost; judges' grades are apart."""

    asked: int = 0
    replied: int = 0
    cost_usd: float = 0.0


class Score(NamedTuple):
    """One metric's number for one answer, or the reason why there is none.

    A tuple, for there are twenty of them for every answer: it is made in a third of a frozen dataclass's time.
    """

    probe_key: str
    sample: int
    metric: str
    value: Scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """The answers of one pass, with all that identifies our side of it.

    Parameters
    ----------
    epoch : int
        Number of the baseline it belongs to; 1 is the first.
    loop_lag_ms : float, optional
        95th percentile of the event loop's delay while asking: latency is not trusted when it is large.
    grading_usd : float
        What judges cost, beside the answers.
    """

    slot: Slot
    epoch: int
    started_at: datetime
    finished_at: datetime
    fingerprint: Fingerprint
    answers: Sequence[Answer]
    loop_lag_ms: float | None = None
    grading_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayMeans:
    """A committed replay summed up.

    Parameters
    ----------
    means : mapping
        metric -> mean over probes, a probe's samples averaged first; a metric without a score is absent.
    """

    slot: Slot
    seq: int
    epoch: int
    asked: int
    answered: int
    means: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayScores:
    """A committed replay as the detectors see it.

    Parameters
    ----------
    seq : int
        Position in the endpoint's history; it, not the clock, orders the evidence.
    values : mapping
        metric -> probe key -> scored samples. Unscored ones are absent.
    """

    slot: Slot
    seq: int
    epoch: int
    fingerprint: Fingerprint
    asked: int
    answered: int
    values: Mapping[str, Mapping[str, tuple[float, ...]]]
    models: frozenset[str] = frozenset()
    system_fingerprints: frozenset[str] = frozenset()
