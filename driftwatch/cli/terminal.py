"""What reaches the terminal: hostile text made harmless, tables, JSON."""

from collections.abc import Sequence
from typing import Any

import click

from driftwatch.presentation.printable import printable

__all__ = ["printable", "say", "say_json", "say_table"]


def say(text: str = "", *, err: bool = False) -> None:
    """Print text that may hold anything."""
    click.echo(printable(text), err=err)


def say_json(value: Any, *, err: bool = False) -> None:
    """Print a value as JSON, in ASCII so that no terminal is commanded."""
    import json

    click.echo(json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False, default=str), err=err)


def say_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under headings; every cell is made harmless."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        table.add_row(*(Text(printable(str(cell), one_line=True)) for cell in row))
    Console(soft_wrap=False, highlight=False).print(table)
