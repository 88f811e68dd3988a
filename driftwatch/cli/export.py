"""`driftwatch export`: what was observed, for other systems."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from driftwatch.cli.frame import Frame
from driftwatch.cli.times import MOMENT, Moment


@click.group()
def export() -> None:
    """Write what is in the store for other systems."""


@export.command()
@click.option("--endpoint", "endpoints", multiple=True, help="Only this endpoint; may be repeated.")
@click.option("--since", type=MOMENT, help="From this time on: a date, a time, or how long ago (7d).")
@click.option("--until", type=MOMENT, help="Before this time.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; standard output by default."
)
@click.pass_obj
def observations(
    frame: Frame, *, endpoints: tuple[str, ...], since: Moment | None, until: Moment | None, output: Path | None
) -> None:
    """Write observation records, one JSON line per answer; importing them gives the same replays."""
    from driftwatch import bootstrap
    from driftwatch.adapters.records import export_observations

    settings = frame.settings()
    now = bootstrap.system_clock().now()
    start, end = (moment.before(now) if moment else None for moment in (since, until))
    with bootstrap.open_store(settings) as store, _stream(output) as stream:
        for name in endpoints or store.endpoints():
            _write(stream, export_observations(store, name, since=start, until=end))


def _write(stream: IO[str], records: Iterable[dict[str, object]]) -> None:
    for record in records:
        # ASCII: hostile text stays inert wherever the line is looked at.
        stream.write(json.dumps(record, ensure_ascii=True) + "\n")


@contextmanager
def _stream(output: Path | None) -> Iterator[IO[str]]:
    """Yield where to write; a file appears whole or not at all."""
    if output is None:
        yield sys.stdout
        return
    partial = output.with_name(output.name + ".part")
    with partial.open("w", encoding="ascii") as stream:
        yield stream
    os.replace(partial, output)  # noqa: PTH105  # atomic, as Path.replace; reads as what it is
