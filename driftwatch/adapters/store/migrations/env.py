"""Alembic's entry: runs on the connection that `migrate` hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy.types import TypeDecorator

from driftwatch.adapters.store.tables import METADATA


def plain_type(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write a column's stored type into a new migration: ours may change, an old migration must not."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def run() -> None:
    """Run the migrations inside the caller's transaction."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True, render_item=plain_type)
    with context.begin_transaction():
        context.run_migrations()


# Doctests and type checkers import this file without Alembic around it.
if hasattr(context, "config"):
    run()
