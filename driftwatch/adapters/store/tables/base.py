"""What every table shares: one metadata, predictable constraint names."""

from typing import Any

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel
from sqlmodel.main import get_column_from_field

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
    """Base of all tables: a declaration, no `table=True`.

    Rows are written and read by Core. SQLAlchemy would map and instrument each class, and pydantic make a validator of
    it, at every start, for nobody: 60 and 30 ms.
    """

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
