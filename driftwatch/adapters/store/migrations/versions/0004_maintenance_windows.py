"""Maintenance windows beside silences: the zone they were given in, and who ended one before its time."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("silence") as batch:
        batch.add_column(sa.Column("maintenance", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("timezone", sa.String(), nullable=False, server_default="UTC"))
        batch.add_column(sa.Column("ended_by", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("silence") as batch:
        batch.drop_column("ended_by")
        batch.drop_column("timezone")
        batch.drop_column("maintenance")
