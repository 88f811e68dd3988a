"""What every declaration shares: one metadata, predictable constraint names."""

from typing import Any

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel
from sqlmodel.main import get_column_from_field

from driftwatch.adapters.store.types import NAMING

# The rows are found by their key only: a clustered table saves the second tree.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


class Row(SQLModel):
    """Base of all declarations: no `table=True`, for nothing maps a row or validates it."""

    model_config = {"defer_build": True}
    metadata = MetaData(naming_convention=NAMING)


def table(row: type[Row]) -> Table:
    """Make the Core table of a row class, with the columns that SQLModel would give it."""
    columns = []
    for name, field in row.model_fields.items():
        column = get_column_from_field(field)
        column.name = column.key = name
        columns.append(column)
    given = getattr(row, "__table_args__", ())
    options = given[-1] if given and isinstance(given[-1], dict) else {}
    return Table(str(row.__tablename__), row.metadata, *columns, *given[: -1 if options else None], **options)
