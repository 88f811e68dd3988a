"""What was observed: slots, replays, answers, texts and evidence."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, ForeignKeyConstraint, LargeBinary, UniqueConstraint
from sqlmodel import Field

from driftwatch.adapters.store.tables.base import CLUSTERED, Row
from driftwatch.adapters.store.types import AnyText, Json


class EndpointRow(Row):
    """An endpoint's counters; `decided_seq` fences decisions."""

    __tablename__ = "endpoint"
    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(sa_type=AnyText, unique=True)
    epoch: int = 1
    last_seq: int = 0
    decided_seq: int = 0


class EpochRow(Row):
    """A baseline that was begun by somebody; the first one has no row."""

    __tablename__ = "epoch"
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    number: int = Field(primary_key=True)
    started_at: datetime
    reason: str = Field(sa_type=AnyText)


class SlotRow(Row):
    """One due replay. `owner` and `lease_until` wait for the day of many nodes."""

    __tablename__ = "slot"
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    due: datetime = Field(primary_key=True)
    state: str
    reason: str | None = Field(default=None, sa_type=AnyText)
    seq: int | None = None
    claimed_at: datetime | None = Field(default=None, index=True)
    finished_at: datetime | None = Field(default=None, index=True)
    owner: str | None = None
    lease_until: datetime | None = None
    reserved_usd: float = 0.0
    cost_usd: float = 0.0


class FingerprintRow(Row):
    """The parts of our side, stored once each."""

    __tablename__ = "fingerprint"
    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    body: Any = Field(sa_type=Json, nullable=False)


class LayoutRow(Row):
    """Which (probe key, sample) each position of an evidence array is; one row per golden set, mostly."""

    __tablename__ = "layout"
    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    body: Any = Field(sa_type=Json, nullable=False)


class ReplayRow(Row):
    """One committed replay."""

    __tablename__ = "replay"
    __table_args__: ClassVar[Any] = (UniqueConstraint("endpoint_id", "due"), CLUSTERED)
    endpoint_id: int = Field(primary_key=True, foreign_key="endpoint.id")
    seq: int = Field(primary_key=True)
    due: datetime
    epoch: int
    started_at: datetime
    finished_at: datetime
    fingerprint_id: int = Field(foreign_key="fingerprint.id")
    layout_id: int = Field(foreign_key="layout.id")
    loop_lag_ms: float | None = None
    asked: int
    answered: int
    models: Any = Field(sa_type=Json, nullable=False)
    system_fingerprints: Any = Field(sa_type=Json, nullable=False)


class EvidenceRow(Row):
    """All scores of one metric in one replay; the key holds a score to one per answer."""

    __tablename__ = "evidence"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["endpoint_id", "seq"], ["replay.endpoint_id", "replay.seq"]),
        CLUSTERED,
    )
    endpoint_id: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    metric: str = Field(primary_key=True, sa_type=AnyText)
    body: bytes = Field(sa_type=LargeBinary)


class ProbeRow(Row):
    """A version of a probe, by its key."""

    __tablename__ = "probe"
    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(sa_type=AnyText, unique=True)


class TextRow(Row):
    """The bytes of an answer, stored once however often they come."""

    __tablename__ = "text"
    id: int | None = Field(default=None, primary_key=True)
    digest: bytes = Field(sa_type=LargeBinary, unique=True)
    size: int
    body: bytes = Field(sa_type=LargeBinary)


class AnswerRow(Row):
    """One probe asked once. Without `text_id` there is no reply: none came, or retention took it."""

    __tablename__ = "answer"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(["endpoint_id", "seq"], ["replay.endpoint_id", "replay.seq"]),
        CLUSTERED,
    )
    endpoint_id: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    probe_id: int = Field(primary_key=True, foreign_key="probe.id")
    sample: int = Field(primary_key=True)
    position: int
    at: datetime
    outcome: str
    attempts: int
    cost_usd: float | None = None
    error: str | None = Field(default=None, sa_type=AnyText)
    text_id: int | None = Field(default=None, foreign_key="text.id", index=True)
    latency_ms: float | None = None
    ttft_ms: float | None = None
    input_tokens: int | None = Field(default=None, sa_type=BigInteger)
    output_tokens: int | None = Field(default=None, sa_type=BigInteger)
    reasoning_tokens: int | None = Field(default=None, sa_type=BigInteger)
    cached_tokens: int | None = Field(default=None, sa_type=BigInteger)
    model: str | None = Field(default=None, sa_type=AnyText)
    system_fingerprint: str | None = Field(default=None, sa_type=AnyText)
    finish_reason: str | None = Field(default=None, sa_type=AnyText)
    refusal: str | None = Field(default=None, sa_type=AnyText)
    request_id: str | None = Field(default=None, sa_type=AnyText)
    tool_calls: Any = Field(default=None, sa_type=Json, nullable=True)
    headers: Any = Field(default=None, sa_type=Json, nullable=True)


class LogprobsRow(Row):
    """The log-probabilities of one answer, apart because they are large and seldom read."""

    __tablename__ = "logprobs"
    __table_args__: ClassVar[Any] = (
        ForeignKeyConstraint(
            ["endpoint_id", "seq", "probe_id", "sample"],
            ["answer.endpoint_id", "answer.seq", "answer.probe_id", "answer.sample"],
        ),
    )
    endpoint_id: int = Field(primary_key=True)
    seq: int = Field(primary_key=True)
    probe_id: int = Field(primary_key=True)
    sample: int = Field(primary_key=True)
    body: bytes = Field(sa_type=LargeBinary)
