"""The tables: declared with SQLModel, written with SQLAlchemy Core; rows never leave the package."""

from driftwatch.adapters.store.tables.base import Row, table
from driftwatch.adapters.store.tables.decisions import (
    BurstRow,
    CounterRow,
    DeliveryRow,
    IncidentRow,
    LevelRow,
    SilenceRow,
    StreamRow,
    TransitionRow,
)
from driftwatch.adapters.store.tables.facts import (
    AnswerRow,
    EndpointRow,
    EpochRow,
    EvidenceRow,
    FingerprintRow,
    LayoutRow,
    LogprobsRow,
    ProbeRow,
    ReplayRow,
    SlotRow,
    TextRow,
)
from driftwatch.adapters.store.tables.nodes import LeaseRow, ReceiptRow

METADATA = Row.metadata
ENDPOINT = table(EndpointRow)
EPOCH = table(EpochRow)
SLOT = table(SlotRow)
FINGERPRINT = table(FingerprintRow)
LAYOUT = table(LayoutRow)
REPLAY = table(ReplayRow)
EVIDENCE = table(EvidenceRow)
PROBE = table(ProbeRow)
TEXT = table(TextRow)
ANSWER = table(AnswerRow)
LOGPROBS = table(LogprobsRow)
STREAM = table(StreamRow)
LEVEL = table(LevelRow)
COUNTER = table(CounterRow)
INCIDENT = table(IncidentRow)
TRANSITION = table(TransitionRow)
BURST = table(BurstRow)
SILENCE = table(SilenceRow)
OUTBOX = table(DeliveryRow)
LEASE = table(LeaseRow)
RECEIPT = table(ReceiptRow)
