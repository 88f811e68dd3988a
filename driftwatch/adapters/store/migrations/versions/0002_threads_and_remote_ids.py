"""What a sink calls a message, and which message it follows: threads, and asking after what may have arrived."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox") as batch:
        batch.add_column(sa.Column("subject", sa.Text(), nullable=True))
        batch.add_column(sa.Column("remote", sa.Text(), nullable=True))
        batch.add_column(sa.Column("thread", sa.Text(), nullable=True))
    op.create_index("ix_outbox_subject", "outbox", ["subject"])


def downgrade() -> None:
    op.drop_index("ix_outbox_subject", "outbox")
    with op.batch_alter_table("outbox") as batch:
        batch.drop_column("thread")
        batch.drop_column("remote")
        batch.drop_column("subject")
