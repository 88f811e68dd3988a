"""What several nodes on one PostgreSQL agree by; in SQLite, where there is one node, these stay empty."""

from datetime import datetime

from sqlmodel import Field

from driftwatch.adapters.store.tables.base import Row


class LeaseRow(Row):
    """Who leads: each new leader counts `epoch` up; `renewed_at` is by the database's clock.

    `timeline` is PostgreSQL's name for the history that the server writes; a replica that takes over begins one.
    """

    __tablename__ = "lease"
    name: str = Field(primary_key=True)
    holder: str
    epoch: int
    renewed_at: datetime
    timeline: str | None = None
    failed_over_at: datetime | None = None


class ReceiptRow(Row):
    """The mark of a transaction that was committed, for an hour: asked for when the answer to a commit was lost."""

    __tablename__ = "receipt"
    token: str = Field(primary_key=True)
    at: datetime
