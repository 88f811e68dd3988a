"""`driftwatch import`: other tools' test cases, and what other systems have recorded."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.import_probes import probes
from driftwatch.cli.records_file import RECORDS, source_of
from driftwatch.cli.skipped import tell_naive, tell_skipped
from driftwatch.cli.terminal import say, say_json

if TYPE_CHECKING:
    from driftwatch.adapters.records import ImportReport
    from driftwatch.config.settings import Settings
    from driftwatch.services.ports import Store


class _ProbesByDefault(click.Group):
    """`driftwatch import FILE` means `driftwatch import probes FILE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "-h", "--help"):
            args = ["probes", *args]
        return super().parse_args(ctx, args)


@click.group("import", cls=_ProbesByDefault)
def import_() -> None:
    """Read other tools' test cases, or observations that other systems have recorded.

    `driftwatch import FILE` makes a golden set: see `driftwatch import probes --help`.
    """


import_.add_command(probes)


@import_.command()
@click.argument("file", type=RECORDS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def observations(ctx: click.Context, file: Path, *, as_json: bool) -> None:
    """Read observation records (JSON lines, also gzipped; - for standard input) into the store.

    Replays that are in the store already stay as they are. Lines that cannot be read are listed, the
    others are kept. History of a configured endpoint becomes its baseline; nobody is paged about the past.
    """
    from driftwatch.adapters.records import import_observations
    from driftwatch.bootstrap import recorded, stores

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings, source = frame.settings(), source_of(file)
    with stores.lock_store(settings), stores.open_store(settings) as store:
        report = import_observations(store, source, score=recorded.score_imported(settings, store))
        _decide(settings, store)
    if as_json:
        say_json(_as_dict(report))
    else:
        _tell(report)
    ctx.exit(Exit.USAGE if report.skipped_lines and not (report.replays or report.known) else Exit.NO_DRIFT)


def _decide(settings: "Settings", store: "Store") -> None:
    from driftwatch.bootstrap import clocks, watching
    from driftwatch.services.decide_pending import decide_pending

    known, clock = set(store.endpoints()), clocks.system_clock()
    for watched in watching.watched_endpoints(settings, clock):
        if watched.endpoint.name in known:
            decide_pending(replace(watched, routes={}), store, clock)


def _as_dict(report: "ImportReport") -> dict[str, object]:
    return {
        "replays": report.replays,
        "answers": report.answers,
        "known": report.known,
        "skipped_lines": report.skipped_lines,
        "skipped": [{"line": p.line, "met": p.met, "need": p.need, "slug": p.slug} for p in report.skipped],
        "naive_times": report.naive,
    }


def _tell(report: "ImportReport") -> None:
    say(f"{report.replays} replays with {report.answers} answers imported; {report.known} were in the store already.")
    tell_naive(report)
    tell_skipped(report)
