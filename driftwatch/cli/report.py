"""`driftwatch report`: the weekly summary, verdict first."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.opened import Opened, opened
from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.times import MOMENT, Moment

if TYPE_CHECKING:
    from datetime import datetime

    from driftwatch.services.report import Report

FORMATS = ("terminal", "markdown", "json", "html", "slack")


@click.command()
@click.option("--since", type=MOMENT, metavar="TIME", help="Begin: a date, a time, or 7d before the end (default).")
@click.option("--until", type=MOMENT, metavar="TIME", help="End, not included; now by default.")
@click.option("--format", "form", type=click.Choice(FORMATS), default="terminal", show_default=True, help="How.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to a file.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--weekly", is_flag=True, help="Promise the week's report to `alerting.report.to`, unless that was done.")
@click.pass_context
def report(
    ctx: click.Context,
    *,
    since: Moment | None,
    until: Moment | None,
    form: str,
    output: Path | None,
    as_json: bool,
    weekly: bool,
) -> None:
    """Tell what happened in the last week, or in any other period; a quiet period is a full report.

    Exits with 1 if an endpoint that is watched drifted in the period, with 3 if one had no data, with 0 otherwise;
    with --weekly, which the daemon runs when the week's report is due, with 0 once there is a promise.
    """
    with opened(ctx) as here:
        if weekly:
            _promise(here, as_json=as_json)
            return
        end = until.before(here.now) if until else here.now
        made = _made(here, since.before(end) if since else None, end)
    _put(made, "json" if as_json else form, output)
    ctx.exit(_exit(made))


def _made(here: Opened, begin: "datetime | None", end: "datetime") -> "Report":
    from driftwatch.services.report import PERIOD, build_report

    begin = begin or end - PERIOD
    if begin >= end:
        raise click.BadParameter(
            f"the period begins at {begin:%Y-%m-%dT%H:%MZ}, not before its end.", param_hint="--since"
        )
    return build_report(here.store, here.endpoints(), since=begin, until=end, now=here.now, due_slots=here.due_slots)


def _promise(here: Opened, *, as_json: bool) -> None:
    """Promise the week's report: the outbox delivers it."""
    from driftwatch.bootstrap import processes
    from driftwatch.presentation.report_message import report_payload
    from driftwatch.services.weekly import had_begun, is_promised, last_week, promise

    weekly = processes.weekly_report(here.settings)
    if weekly is None:
        raise click.UsageError("nobody gets a weekly report: add `alerting: {report: {to: its-route}}`.")
    week = last_week(weekly, here.now, here.due_slots)
    names = [endpoint.name for endpoint in here.settings.endpoints]
    done = "promised already" if is_promised(here.store, week) else ""
    done = done or ("" if had_begun(here.store, names, week) else "not made: nothing was replayed before its end")
    if not done:
        made = _made(here, week.since, week.until)
        promise(here.store, weekly, week, report_payload(made, week=week.name), now=here.now)
        done = f"promised to {weekly.to}"
    if as_json:
        say_json({"week": week.name, "since": week.since.isoformat(), "until": week.until.isoformat(), "done": done})
    else:
        say(f"The report of {week.name} is {done}.")


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
    if form == "slack":
        return _slack(made)
    if form == "markdown":
        from driftwatch.cli.render.markdown import render_markdown

        return render_markdown(made)
    from driftwatch.cli.render.terminal import WIDTH, render_terminal

    return render_terminal(made, width=columns or WIDTH, color=color)


def _slack(made: "Report") -> str:
    """Return the message as Slack takes it: chat.postMessage's, or an incoming webhook's body."""
    from driftwatch.adapters.notify.render import render
    from driftwatch.presentation.report_message import report_payload

    message = render(report_payload(made))
    return json.dumps({"text": message.text, "blocks": list(message.blocks)}, indent=2) + "\n"


def _exit(made: "Report") -> Exit:
    from driftwatch.services.standing import EndpointState

    states = made.verdict.states.keys()
    if EndpointState.DRIFTED in states:
        return Exit.DRIFT
    return Exit.UNKNOWN if states & {EndpointState.NO_DATA, EndpointState.ERROR} else Exit.NO_DRIFT
