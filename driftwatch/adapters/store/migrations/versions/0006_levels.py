"""What every replay's decision read of each stream: a report of a week need not fold half a year again."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "level",
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["endpoint_id"], ["endpoint.id"], name="fk_level_endpoint_id_endpoint"),
        sa.PrimaryKeyConstraint("endpoint_id", "seq", name="pk_level"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("level")
