"""Which history of the server the leader's lease was written in, and when that became another one: a failover."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("lease") as batch:
        batch.add_column(sa.Column("timeline", sa.String(), nullable=True))
        batch.add_column(sa.Column("failed_over_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("lease") as batch:
        batch.drop_column("failed_over_at")
        batch.drop_column("timeline")
