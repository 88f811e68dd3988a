"""Small pieces of the past that people look at: what the store hands to the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.domain.errors import Outcome


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
