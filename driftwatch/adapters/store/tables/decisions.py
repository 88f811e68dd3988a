"""What was decided and promised: streams, incidents, silences, deliveries."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import LargeBinary
from sqlmodel import Field

from driftwatch.adapters.store.tables.base import CLUSTERED, Row
from driftwatch.adapters.store.types import AnyText, Json


class StreamRow(Row):
    """The saved state of one detector: a fold of the evidence up to `seq`."""

    __tablename__ = "stream"
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    metric: str = Field(primary_key=True, sa_type=AnyText)
    seq: int
    epoch: int
    state: bytes = Field(sa_type=LargeBinary)


class LevelRow(Row):
    """What one decision read: each watching stream's statistic as a share of its threshold."""

    __tablename__ = "level"
    __table_args__: ClassVar[Any] = (CLUSTERED,)
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    seq: int = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)


class CounterRow(Row):
    """A number that only rises."""

    __tablename__ = "counter"
    name: str = Field(primary_key=True)
    value: int


class IncidentRow(Row):
    """An incident as it stands; `begins_at` is its earliest onset, for retention."""

    __tablename__ = "incident"
    id: int = Field(primary_key=True)
    endpoint_id: int = Field(foreign_key="endpoint.id", index=True)
    state: str
    opened_at: datetime
    begins_at: datetime
    ended_at: datetime | None = None
    body: Any = Field(sa_type=Json, nullable=False)


class TransitionRow(Row):
    """An incident as it stood after one change: its history is never rewritten."""

    __tablename__ = "transition"
    incident_id: int = Field(primary_key=True, foreign_key="incident.id")
    number: int = Field(primary_key=True)
    at: datetime
    state: str
    severity: str
    reason: str
    body: Any = Field(sa_type=Json, nullable=False)


class BurstRow(Row):
    """A rerun between an alarm and its page; `seq` is the replay that asked for it. No stream folds it."""

    __tablename__ = "burst"
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    seq: int = Field(primary_key=True)
    incident_id: int
    started_at: datetime
    finished_at: datetime = Field(index=True)
    verdict: str
    said: str = Field(sa_type=AnyText)
    cost_usd: float
    answers: Any = Field(sa_type=Json, nullable=False)
    scores: Any = Field(sa_type=Json, nullable=False)


class SilenceRow(Row):
    """A time in which nobody is told; times are in UTC, `timezone` is the one they were given in."""

    __tablename__ = "silence"
    id: int | None = Field(default=None, primary_key=True)
    endpoint: str = Field(sa_type=AnyText)
    starts_at: datetime
    ends_at: datetime
    by: str = Field(sa_type=AnyText)
    comment: str = Field(sa_type=AnyText)
    maintenance: bool = False
    timezone: str = "UTC"
    ended_by: str | None = Field(default=None, sa_type=AnyText)


class DeliveryRow(Row):
    """A promise to tell somebody; the key makes it one promise, `subject` is the incident's key."""

    __tablename__ = "outbox"
    key: str = Field(primary_key=True, sa_type=AnyText)
    route: str = Field(sa_type=AnyText)
    severity: str
    payload: Any = Field(sa_type=Json, nullable=False)
    created_at: datetime = Field(index=True)
    state: str = Field(index=True)
    attempts: int = 0
    not_before: datetime | None = None
    started_at: datetime | None = None
    sent_at: datetime | None = None
    possible_repeat: bool = False
    error: str | None = Field(default=None, sa_type=AnyText)
    subject: str | None = Field(default=None, sa_type=AnyText, index=True)
    remote: str | None = Field(default=None, sa_type=AnyText)
    thread: str | None = Field(default=None, sa_type=AnyText)
