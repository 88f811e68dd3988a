"""`driftwatch backtest`: any recorded history through the engine: what would have paged, and when."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.opened import opened
from driftwatch.cli.records_file import RECORDS, source_of
from driftwatch.cli.skipped import tell_naive, tell_skipped
from driftwatch.cli.terminal import say

if TYPE_CHECKING:
    from driftwatch.adapters.records import ImportReport
    from driftwatch.config.settings import Settings
    from driftwatch.services.backtest import Backtest
    from driftwatch.stats.budget import FalseAlarmBudget


@click.command()
@click.argument("file", required=False, type=RECORDS)
@click.option("--store", is_flag=True, help="Take the history of the configured store instead of a file.")
@click.option("--baseline", type=click.IntRange(4, 10_000), metavar="N", help="Replays that make the baseline.")
@click.option("--pages", metavar="TEXT", help="False pages that are accepted, as in '1 per endpoint-year'.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def backtest(
    ctx: click.Context, *, file: Path | None, store: bool, baseline: int | None, pages: str | None, as_json: bool
) -> None:
    """Tell what would have paged, and when, had the recorded history in FILE been watched.

    FILE holds observation records (JSON lines, also gzipped; - for standard input) in any order. An endpoint of the
    configuration is judged as its daemon judges it. Any other needs no configuration: every metric that its records
    hold becomes a stream, the baseline takes 24 replays, and the median distance between replays is its schedule.
    Nothing is written.

    Exits with 1 if anybody would have been told; else with 2 if no line could be used, and with 3 if half of the lines
    could not, if the file was cut off, or if an endpoint has too few replays to be judged.
    """
    if (file is None) is not store:
        raise click.UsageError("name a FILE of observation records, or give --store; not both.", ctx)
    budget = _budget(pages)
    if file is None:
        found, report = _of_store(ctx, baseline, budget), None
    else:
        found, report = _of_file(ctx, file, baseline, budget)
    if report is not None:
        _tell_lines(report)
    _put(found, as_json=as_json)
    ctx.exit(_exit(found, report))


def _budget(text: str | None) -> "FalseAlarmBudget | None":
    from driftwatch.stats.budget import FalseAlarmBudget

    return None if text is None else FalseAlarmBudget.parse(text)


def _of_store(ctx: click.Context, baseline: int | None, pages: "FalseAlarmBudget | None") -> "tuple[Backtest, ...]":
    from driftwatch.bootstrap import recorded
    from driftwatch.cli.progress import progress

    with opened(ctx) as here, progress("backtest") as advance:
        return recorded.backtest_store(here.settings, here.store, baseline=baseline, pages=pages, advance=advance)


def _of_file(
    ctx: click.Context, file: Path, baseline: int | None, pages: "FalseAlarmBudget | None"
) -> "tuple[tuple[Backtest, ...], ImportReport]":
    from driftwatch.bootstrap import recorded
    from driftwatch.cli.progress import progress

    settings = _settings(ctx)
    with progress("backtest") as advance:
        return recorded.backtest_file(source_of(file), settings, baseline=baseline, pages=pages, advance=advance)


def _settings(ctx: click.Context) -> "Settings | None":
    """Return the settings; none where nobody named a configuration and there is none in the usual place."""
    from click.core import ParameterSource

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    named = ctx.parent is not None and ctx.parent.get_parameter_source("config") not in (None, ParameterSource.DEFAULT)
    return frame.settings() if named or frame.config.exists() else None


def _tell_lines(report: "ImportReport") -> None:
    tell_naive(report, err=True)
    for name, (answers, probes) in sorted(report.scattered.items()):
        met = f"{answers:.1f} answers a replay on average, of {probes} probes"
        say(f"{name}: {met}; answers of one replay need the same `replay`.", err=True)
    tell_skipped(report, err=True)
    if report.partial:
        say("So much is lost that quiet in the rest proves nothing.", err=True)


def _put(found: "Sequence[Backtest]", *, as_json: bool) -> None:
    from driftwatch.cli.render.backtest import backtest_data, drawn_backtest

    if as_json:
        import json

        # On one line: a year of hours is a long list of numbers.
        told = {"endpoints": {one.endpoint: backtest_data(one) for one in found}}
        click.echo(json.dumps(told, ensure_ascii=True, allow_nan=False))
        return
    from driftwatch.cli.render.page import echo

    if not found:
        say("There is no replay in it, so nothing is known.")
    for one in found:
        echo(drawn_backtest(one))


def _exit(found: "Sequence[Backtest]", report: "ImportReport | None") -> Exit:
    if any(one.alarms for one in found):
        return Exit.DRIFT
    if not found and report is not None and report.skipped_lines:
        return Exit.USAGE
    if report is not None and report.partial:
        return Exit.UNKNOWN
    return Exit.NO_DRIFT if found and all(one.judged for one in found) else Exit.UNKNOWN
