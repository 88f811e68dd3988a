"""Confirmation bursts: the reruns between an alarm and its page, apart from the replays that streams fold."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "burst",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Float(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("scores", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_burst_endpoint_id"),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", name="pk_burst"),
    )
    op.create_index("ix_burst_finished_at", "burst", ["finished_at"])


def downgrade() -> None:
    op.drop_index("ix_burst_finished_at", "burst")
    op.drop_table("burst")
