"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("decided_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sa.UniqueConstraint("name", name="uq_endpoint_name"),
    )
    op.create_table(
        "fingerprint",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fingerprint"),
        sa.UniqueConstraint("digest", name="uq_fingerprint_digest"),
    )
    op.create_table(
        "layout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_layout"),
        sa.UniqueConstraint("digest", name="uq_layout_digest"),
    )
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("possible_repeat", sa.Boolean(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("key", name="pk_outbox"),
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index("ix_outbox_state", "outbox", ["state"])

    op.create_table(
        "probe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_probe"),
        sa.UniqueConstraint("key", name="uq_probe_key"),
    )
    op.create_table(
        "silence",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_silence"),
    )
    op.create_table(
        "text",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_text"),
        sa.UniqueConstraint("digest", name="uq_text_digest"),
    )
    op.create_table(
        "epoch",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_epoch_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "number", name="pk_epoch"),
    )
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_incident_endpoint_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_endpoint_id", "incident", ["endpoint_id"])

    op.create_table(
        "replay",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fingerprint_id", sa.Integer(), nullable=False),
        sa.Column("layout_id", sa.Integer(), nullable=False),
        sa.Column("loop_lag_ms", sa.Float(), nullable=True),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.Column("system_fingerprints", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_replay_endpoint_id"),
        sa.ForeignKeyConstraint(["fingerprint_id"], ["fingerprint.id"], name="fk_replay_fingerprint_id"),
        sa.ForeignKeyConstraint(["layout_id"], ["layout.id"], name="fk_replay_layout_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", name="pk_replay"),
        sa.UniqueConstraint("endpoint_id", "due", name="uq_replay_endpoint_id_due"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "slot",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reserved_usd", sa.Float(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_slot_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "due", name="pk_slot"),
    )
    op.create_index("ix_slot_claimed_at", "slot", ["claimed_at"])
    op.create_index("ix_slot_finished_at", "slot", ["finished_at"])

    op.create_table(
        "stream",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_stream_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "metric", name="pk_stream"),
    )
    op.create_table(
        "answer",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("probe_id", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("text_id", sa.Integer(), nullable=True),
        sa.Column("latency_ms", sa.Float(), nullable=True),
        sa.Column("ttft_ms", sa.Float(), nullable=True),
        sa.Column("input_tokens", sa.BigInteger(), nullable=True),
        sa.Column("output_tokens", sa.BigInteger(), nullable=True),
        sa.Column("reasoning_tokens", sa.BigInteger(), nullable=True),
        sa.Column("cached_tokens", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("system_fingerprint", sa.Text(), nullable=True),
        sa.Column("finish_reason", sa.Text(), nullable=True),
        sa.Column("refusal", sa.Text(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("tool_calls", sa.Text(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["endpoint_id", "seq"], ["replay.endpoint_id", "replay.seq"], name="fk_answer_endpoint_id_seq"
        ),
        sa.ForeignKeyConstraint(["probe_id"], ["probe.id"], name="fk_answer_probe_id"),
        sa.ForeignKeyConstraint(["text_id"], ["text.id"], name="fk_answer_text_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", "probe_id", "sample", name="pk_answer"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_answer_text_id", "answer", ["text_id"])

    op.create_table(
        "evidence",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id", "seq"], ["replay.endpoint_id", "replay.seq"], name="fk_evidence_endpoint_id_seq"
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", "metric", name="pk_evidence"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "transition",
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_transition_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", "number", name="pk_transition"),
    )
    op.create_table(
        "logprobs",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("probe_id", sa.Integer(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["endpoint_id", "seq", "probe_id", "sample"],
            ["answer.endpoint_id", "answer.seq", "answer.probe_id", "answer.sample"],
            name="fk_logprobs_endpoint_id_seq_probe_id_sample",
        ),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", "probe_id", "sample", name="pk_logprobs"),
    )


def downgrade() -> None:
    op.drop_table("logprobs")
    op.drop_table("transition")
    op.drop_table("evidence")
    op.drop_index("ix_answer_text_id", "answer")

    op.drop_table("answer")
    op.drop_table("stream")
    op.drop_index("ix_slot_finished_at", "slot")
    op.drop_index("ix_slot_claimed_at", "slot")

    op.drop_table("slot")
    op.drop_table("replay")
    op.drop_index("ix_incident_endpoint_id", "incident")

    op.drop_table("incident")
    op.drop_table("epoch")
    op.drop_table("text")
    op.drop_table("silence")
    op.drop_table("probe")
    op.drop_index("ix_outbox_state", "outbox")
    op.drop_index("ix_outbox_created_at", "outbox")

    op.drop_table("outbox")
    op.drop_table("layout")
    op.drop_table("fingerprint")
    op.drop_table("endpoint")
    op.drop_table("counter")
