"""What every table shares: one metadata, predictable constraint names."""

from typing import Any, cast

from sqlalchemy import MetaData, Table, inspect
from sqlmodel import SQLModel

# Named constraints, so that a later migration can drop one on every back end.
NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# The rows are found by their key only: a clustered table saves the second tree.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


class Row(SQLModel):
    """Base of all tables."""

    # Rows are written and read by Core: pydantic would make a validator of each class, at every start, for nobody.
    model_config = {"defer_build": True}
    metadata = MetaData(naming_convention=NAMING)


def table(row: type[Row]) -> Table:
    """Return the Core table of a row class."""
    return cast("Table", inspect(row).local_table)
