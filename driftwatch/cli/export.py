"""`driftwatch export`: what was observed, and golden sets, for other systems."""

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

EXPORTS = ("promptfoo", "inspect", "phoenix")


@click.group()
def export() -> None:
    """Write what is in the store, or golden sets, for other systems."""


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
    from driftwatch.adapters.records import export_observations
    from driftwatch.bootstrap import clocks, stores

    settings = frame.settings()
    now = clocks.system_clock().now()
    start, end = (moment.before(now) if moment else None for moment in (since, until))
    with stores.open_store(settings) as store, _stream(output) as stream:
        for name in endpoints or store.endpoints():
            _write(stream, export_observations(store, name, since=start, until=end))


@export.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "form", type=click.Choice(EXPORTS), required=True, help="The tool that is to read it.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="A file; standard output by default."
)
@click.option("--json", "as_json", is_flag=True, help="Tell the losses as JSON, on standard error.")
def probes(*, file: Path, form: str, output: Path | None, as_json: bool) -> None:
    """Write the golden set FILE as another tool reads it; the losses are told on standard error.

    promptfoo gets a configuration, Inspect JSON lines, Phoenix a JSON list of examples. `driftwatch import` brings
    each back.
    """
    from driftwatch.adapters.probes.interop.exporting import export_probes
    from driftwatch.cli.import_probes import tell_losses

    exported = export_probes(file, form, ascii_only=output is None)
    with _stream(output) as stream:
        stream.write(exported.text)
    tell_losses(exported.report, as_json=as_json, err=True)


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
    try:
        partial.touch()
    except OSError as error:
        raise click.BadParameter(f"{output} cannot be written: {error.strerror}.", param_hint="--output") from None
    with partial.open("w", encoding="utf-8", newline="\n") as stream:
        yield stream
    os.replace(partial, output)  # noqa: PTH105  # atomic, as Path.replace; reads as what it is
