"""The tables that are used are those that are declared."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Dialect, Table, create_engine, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import StatementError
from sqlalchemy.schema import CreateIndex, CreateTable

from driftwatch.adapters.store import tables
from driftwatch.adapters.store.declared.written import TABLES, source
from driftwatch.adapters.store.tables import EPOCH, METADATA
from driftwatch.adapters.store.types import Moment

NIGHT = datetime(2026, 7, 20, 2, 30, tzinfo=timezone(timedelta(hours=2)))


def made(table: Table, dialect: Dialect) -> list[str]:
    """Return what makes a table and its indexes in a database."""
    indexes = sorted(str(CreateIndex(index).compile(dialect=dialect)) for index in table.indexes)
    return [str(CreateTable(table).compile(dialect=dialect)), *indexes]


def test_tables_py_is_what_the_declarations_write() -> None:
    """Else run `python -m driftwatch.adapters.store.declared`, and make a migration."""
    assert Path(tables.__file__).read_text(encoding="utf-8") == source()


@pytest.mark.parametrize("declared", TABLES, ids=lambda table: table.name)
@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.dialect()], ids=lambda dialect: dialect.name)
def test_a_table_is_made_and_filled_as_sqlmodel_would(declared: Table, dialect: Any) -> None:
    used = METADATA.tables[declared.name]
    assert made(used, dialect) == made(declared, dialect)
    assert [str(column.default) for column in used.columns] == [str(column.default) for column in declared.columns]


def test_no_table_is_used_that_is_not_declared() -> None:
    assert [table.name for table in TABLES] == list(METADATA.tables)


def test_a_moment_comes_back_in_utc_and_one_without_a_zone_is_refused() -> None:
    engine = create_engine("sqlite://")
    row = {"endpoint_id": 1, "number": 2, "reason": "asked"}
    with engine.begin() as connection:
        METADATA.create_all(connection)
        connection.execute(insert(EPOCH).values(**row, started_at=NIGHT))
        found = connection.execute(select(EPOCH.c.started_at).where(EPOCH.c.started_at == NIGHT)).scalar_one()
        assert (found, found.tzinfo) == (NIGHT, UTC)
        with pytest.raises(StatementError, match="a time to be stored needs a timezone"):
            connection.execute(insert(EPOCH).values(**row, started_at=NIGHT.replace(tzinfo=None)))


def test_a_moment_of_another_zone_is_told_in_utc() -> None:
    """PostgreSQL answers in the session's zone."""
    told = Moment().process_result_value(NIGHT, postgresql.dialect())
    assert (told, told.tzinfo if told else None) == (NIGHT, UTC)
