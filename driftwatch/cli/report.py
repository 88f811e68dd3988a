"""`driftwatch report`: the weekly summary, verdict first."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.opened import opened
from driftwatch.cli.terminal import say
from driftwatch.cli.times import MOMENT, Moment

if TYPE_CHECKING:
    from driftwatch.services.report import Report

FORMATS = ("terminal", "markdown", "json", "html")


@click.command()
@click.option("--since", type=MOMENT, metavar="TIME", help="Begin: a date, a time, or 7d before the end (default).")
@click.option("--until", type=MOMENT, metavar="TIME", help="End, not included; now by default.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="terminal", show_default=True, help="How.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def report(
    ctx: click.Context, *, since: Moment | None, until: Moment | None, form: str, output: Path | None, as_json: bool
) -> None:
    """Tell what happened in the last week, or in any other period; a quiet period is a full report.

    Exits with 1 if an endpoint drifted in the period, with 3 if one had no data, with 0 otherwise.
    """
    from driftwatch.services.report import PERIOD, build_report

    with opened(ctx) as here:
        end = until.before(here.now) if until else here.now
        begin = since.before(end) if since else end - PERIOD
        if begin >= end:
            raise click.BadParameter(
                f"the period begins at {begin:%Y-%m-%dT%H:%MZ}, not before its end.", param_hint="--since"
            )
        made = build_report(
            here.store, here.endpoints(), since=begin, until=end, now=here.now, due_slots=here.due_slots
        )
    _put(made, "json" if as_json else form, output)
    ctx.exit(_exit(made))


def _put(made: "Report", form: str, output: Path | None) -> None:
    from driftwatch.cli.render.page import colored, width, write_atomically

    if output is not None:
        write_atomically(output, rendered(made, form))
        say(f"{made.verdict.words}\nwrote {output}", err=True)
        return
    click.echo(rendered(made, form, columns=width(), color=colored()), nl=False, color=colored())


def rendered(made: "Report", form: str, *, columns: int | None = None, color: bool = False) -> str:
    """Return a report in one of `FORMATS`."""
    if form == "json":
        from driftwatch.presentation.as_json import report_data

        return json.dumps(report_data(made), indent=2, allow_nan=False) + "\n"
    if form == "html":
        from driftwatch.presentation.html_report import render_html

        return render_html(made)
    if form == "markdown":
        from driftwatch.cli.render.markdown import render_markdown

        return render_markdown(made)
    from driftwatch.cli.render.terminal import WIDTH, render_terminal

    return render_terminal(made, width=columns or WIDTH, color=color)


def _exit(made: "Report") -> Exit:
    from driftwatch.services.standing import EndpointState

    if EndpointState.DRIFTED in made.verdict.states:
        return Exit.DRIFT
    return Exit.UNKNOWN if EndpointState.NO_DATA in made.verdict.states else Exit.NO_DRIFT
