"""The tables: declared with SQLModel (`declared/`), used with SQLAlchemy Core; rows never leave the package.

Written by `python -m driftwatch.adapters.store.declared`: change the declarations, and let it write this again.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from driftwatch.adapters.store.types import NAMING, AnyText, Json, Moment

METADATA = MetaData(naming_convention=NAMING)

# An endpoint's counters; `decided_seq` fences decisions.
ENDPOINT = Table(
    "endpoint",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("name", AnyText, nullable=False, unique=True),
    Column("epoch", Integer, nullable=False, default=1),
    Column("last_seq", Integer, nullable=False, default=0),
    Column("decided_seq", Integer, nullable=False, default=0),
)

# A baseline that was begun by somebody; the first one has no row.
EPOCH = Table(
    "epoch",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("reason", AnyText, nullable=False),
)

# One due replay. `owner` and `lease_until` wait for the day of many nodes.
SLOT = Table(
    "slot",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("due", Moment, primary_key=True),
    Column("state", String, nullable=False),
    Column("reason", AnyText),
    Column("seq", Integer),
    Column("claimed_at", Moment, index=True),
    Column("finished_at", Moment, index=True),
    Column("owner", String),
    Column("lease_until", Moment),
    Column("reserved_usd", Float, nullable=False, default=0.0),
    Column("cost_usd", Float, nullable=False, default=0.0),
)

# The parts of our side, stored once each.
FINGERPRINT = Table(
    "fingerprint",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("body", Json, nullable=False),
)

# Which (probe key, sample) each position of an evidence array is; one row per golden set, mostly.
LAYOUT = Table(
    "layout",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("body", Json, nullable=False),
)

# One committed replay.
REPLAY = Table(
    "replay",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("due", Moment, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("fingerprint_id", Integer, ForeignKey("fingerprint.id"), nullable=False),
    Column("layout_id", Integer, ForeignKey("layout.id"), nullable=False),
    Column("loop_lag_ms", Float),
    Column("asked", Integer, nullable=False),
    Column("answered", Integer, nullable=False),
    Column("models", Json, nullable=False),
    Column("system_fingerprints", Json, nullable=False),
    UniqueConstraint("endpoint_id", "due"),
    sqlite_with_rowid=False,
)

# All scores of one metric in one replay; the key holds a score to one per answer.
EVIDENCE = Table(
    "evidence",
    METADATA,
    Column("endpoint_id", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("metric", AnyText, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["endpoint_id", "seq"],
        ["replay.endpoint_id", "replay.seq"],
    ),
    sqlite_with_rowid=False,
)

# A version of a probe, by its key.
PROBE = Table(
    "probe",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("key", AnyText, nullable=False, unique=True),
)

# The bytes of an answer, stored once however often they come.
TEXT = Table(
    "text",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

# One probe asked once. Without `text_id` there is no reply: none came, or retention took it.
ANSWER = Table(
    "answer",
    METADATA,
    Column("endpoint_id", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("probe_id", Integer, ForeignKey("probe.id"), primary_key=True),
    Column("sample", Integer, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("outcome", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cost_usd", Float),
    Column("error", AnyText),
    Column("text_id", Integer, ForeignKey("text.id"), index=True),
    Column("latency_ms", Float),
    Column("ttft_ms", Float),
    Column("input_tokens", BigInteger),
    Column("output_tokens", BigInteger),
    Column("reasoning_tokens", BigInteger),
    Column("cached_tokens", BigInteger),
    Column("model", AnyText),
    Column("system_fingerprint", AnyText),
    Column("finish_reason", AnyText),
    Column("refusal", AnyText),
    Column("request_id", AnyText),
    Column("tool_calls", Json),
    Column("headers", Json),
    ForeignKeyConstraint(
        ["endpoint_id", "seq"],
        ["replay.endpoint_id", "replay.seq"],
    ),
    sqlite_with_rowid=False,
)

# The log-probabilities of one answer, apart because they are large and seldom read.
LOGPROBS = Table(
    "logprobs",
    METADATA,
    Column("endpoint_id", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("probe_id", Integer, primary_key=True),
    Column("sample", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    ForeignKeyConstraint(
        ["endpoint_id", "seq", "probe_id", "sample"],
        ["answer.endpoint_id", "answer.seq", "answer.probe_id", "answer.sample"],
    ),
)

# The saved state of one detector: a fold of the evidence up to `seq`.
STREAM = Table(
    "stream",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("metric", AnyText, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("state", LargeBinary, nullable=False),
)

# What one decision read: each watching stream's statistic as a share of its threshold.
LEVEL = Table(
    "level",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("body", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

# A number that only rises.
COUNTER = Table(
    "counter",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)

# An incident as it stands; `begins_at` is its earliest onset, for retention.
INCIDENT = Table(
    "incident",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), nullable=False, index=True),
    Column("state", String, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("begins_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("body", Json, nullable=False),
)

# An incident as it stood after one change: its history is never rewritten.
TRANSITION = Table(
    "transition",
    METADATA,
    Column("incident_id", Integer, ForeignKey("incident.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("state", String, nullable=False),
    Column("severity", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("body", Json, nullable=False),
)

# A rerun between an alarm and its page; `seq` is the replay that asked for it. No stream folds it.
BURST = Table(
    "burst",
    METADATA,
    Column("endpoint_id", Integer, ForeignKey("endpoint.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("incident_id", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("finished_at", Moment, nullable=False, index=True),
    Column("verdict", String, nullable=False),
    Column("said", AnyText, nullable=False),
    Column("cost_usd", Float, nullable=False),
    Column("answers", Json, nullable=False),
    Column("scores", Json, nullable=False),
)

# A time in which nobody is told; times are in UTC, `timezone` is the one they were given in.
SILENCE = Table(
    "silence",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("endpoint", AnyText, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("by", AnyText, nullable=False),
    Column("comment", AnyText, nullable=False),
    Column("maintenance", Boolean, nullable=False, default=False),
    Column("timezone", String, nullable=False, default="UTC"),
    Column("ended_by", AnyText),
)

# A promise to tell somebody; the key makes it one promise, `subject` is the incident's key.
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("key", AnyText, primary_key=True),
    Column("route", AnyText, nullable=False),
    Column("severity", String, nullable=False),
    Column("payload", Json, nullable=False),
    Column("created_at", Moment, nullable=False, index=True),
    Column("state", String, nullable=False, index=True),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", Moment),
    Column("started_at", Moment),
    Column("sent_at", Moment),
    Column("possible_repeat", Boolean, nullable=False, default=False),
    Column("error", AnyText),
    Column("subject", AnyText, index=True),
    Column("remote", AnyText),
    Column("thread", AnyText),
)

# Who leads: each new leader counts `epoch` up; `renewed_at` is by the database's clock.
LEASE = Table(
    "lease",
    METADATA,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("renewed_at", Moment, nullable=False),
    Column("timeline", String),
    Column("failed_over_at", Moment),
)

# The mark of a transaction that was committed, for an hour: asked for when the answer to a commit was lost.
RECEIPT = Table(
    "receipt",
    METADATA,
    Column("token", String, primary_key=True),
    Column("at", Moment, nullable=False),
)
