"""Small pieces of the past that people look at: what the store hands to the dashboard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident
from driftwatch.domain.replay import SlotRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a replay stands in its endpoint's history; of `step` replays this one was taken."""

    seq: int
    due: datetime
    epoch: int
    asked: int
    answered: int
    step: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What one endpoint did lately, read for a whole fleet at once.

    Parameters
    ----------
    slots : sequence of SlotRecord
        Those of the time asked for, oldest first.
    last_slot : SlotRecord, optional
        The last one that anybody began, however long ago.
    last_replay : datetime, optional
        When the replay that was decided last was due.
    incident : Incident, optional
        The open one.
    confirming_usd : float
        What confirmation bursts of the time asked for cost.
    """

    epoch: int = 1
    decided_seq: int = 0
    slots: Sequence[SlotRecord] = ()
    last_slot: SlotRecord | None = None
    last_replay: datetime | None = None
    incident: Incident | None = None
    confirming_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """One answer of one probe.

    Parameters
    ----------
    text : bytes, optional
        As received; None where no answer came, or retention took it.
    scores : mapping
        Metric -> number; what could not be scored is absent.
    """

    seq: int
    due: datetime
    epoch: int
    probe_key: str
    sample: int
    outcome: Outcome
    text: bytes | None = None
    error: str | None = None
    finish_reason: str | None = None
    model: str | None = None
    latency_ms: float | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def words(self) -> str | None:
        """The text decoded for reading; undecodable bytes become U+FFFD."""
        return None if self.text is None else self.text.decode("utf-8", "replace")
