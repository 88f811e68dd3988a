"""What is declared, as the source of a module of SQLAlchemy Core."""

import json
from collections.abc import Sequence
from inspect import getdoc
from typing import Any

from sqlalchemy import Column, ForeignKeyConstraint, Table, UniqueConstraint
from sqlalchemy.sql.schema import ScalarElementColumnDefault
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

from driftwatch.adapters.store.declared import decisions as d
from driftwatch.adapters.store.declared import facts as f
from driftwatch.adapters.store.declared import nodes as n
from driftwatch.adapters.store.declared.base import Row, table

ROWS: tuple[type[Row], ...] = (
    *(f.EndpointRow, f.EpochRow, f.SlotRow, f.FingerprintRow, f.LayoutRow, f.ReplayRow, f.EvidenceRow, f.ProbeRow),
    *(f.TextRow, f.AnswerRow, f.LogprobsRow),
    *(d.StreamRow, d.LevelRow, d.CounterRow, d.IncidentRow, d.TransitionRow, d.BurstRow, d.SilenceRow, d.DeliveryRow),
    *(n.LeaseRow, n.ReceiptRow),
)
TABLES: tuple[Table, ...] = tuple(table(row) for row in ROWS)
HEAD = '''\
"""The tables: declared with SQLModel (`declared/`), used with SQLAlchemy Core; rows never leave the package.

Written by `python -m driftwatch.adapters.store.declared`: change the declarations, and let it write this again.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from driftwatch.adapters.store.types import NAMING, AnyText, Json, Moment

METADATA = MetaData(naming_convention=NAMING)
'''
# To import SQLModel's own two types is to import SQLModel.
OURS = {AutoString: "String", UTCDateTime: "Moment"}


def source() -> str:
    """Return the source of `driftwatch.adapters.store.tables`."""
    return "\n".join([HEAD, *map(_table, ROWS, TABLES)])


def _table(row: type[Row], made: Table) -> str:
    said = " ".join((getdoc(row) or "").partition("\n\n")[0].split())
    columns = [_column(column) for column in made.columns]
    constraints = [text for each in made.constraints if (text := _constraint(each))]
    options = [f"{name}={value!r}" for name, value in made.kwargs.items()]
    parts = [f'"{made.name}"', "METADATA", *columns, *sorted(constraints), *options]
    return "\n".join([f"# {said}", f"{made.name.upper()} = Table(", *(f"    {part}," for part in parts), ")\n"])


def _column(column: Column[Any]) -> str:
    assert column.server_default is None and column.onupdate is None  # noqa: PT018, S101  # we declare none
    keys = [f'ForeignKey("{key.target_fullname}")' for key in column.foreign_keys if _is_of_one(key.constraint)]
    usual = {"primary_key": False, "nullable": not column.primary_key, "unique": False, "index": False}
    options = [f"{name}={bool(value)}" for name in usual if bool(value := getattr(column, name)) is not usual[name]]
    if isinstance(column.default, ScalarElementColumnDefault):
        options.append(
            f"default={json.dumps(column.default.arg) if isinstance(column.default.arg, str) else column.default.arg}"
        )
    kind = OURS.get(type(column.type), type(column.type).__name__)
    told = ", ".join([f'"{column.name}"', kind, *keys, *options])
    return f"Column({told})"


def _constraint(constraint: object) -> str:
    """Return a constraint of several columns; that of one stands at its column."""
    match constraint:
        case ForeignKeyConstraint() if not _is_of_one(constraint):
            there = _listed([key.target_fullname for key in constraint.elements])
            return f"ForeignKeyConstraint(\n        {_listed(constraint.column_keys)},\n        {there},\n    )"
        case UniqueConstraint() if len(constraint.columns) > 1:
            return f"UniqueConstraint({_listed(constraint.columns.keys())[1:-1]})"
        case _:
            return ""


def _is_of_one(constraint: ForeignKeyConstraint | None) -> bool:
    return constraint is None or len(constraint.elements) == 1


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
