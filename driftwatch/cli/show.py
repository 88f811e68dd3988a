"""`driftwatch show`: an incident with all its evidence."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.ownership import INCIDENT
from driftwatch.cli.terminal import say_json

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from driftwatch.services.report_incident import IncidentReport


@click.command()
@click.argument("incident", type=INCIDENT)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def show(ctx: click.Context, incident: int, *, as_json: bool) -> None:
    """Show INCIDENT (inc-42 or 42): every finding, old and new answers, who was told, what was done."""
    from driftwatch.services.own import find_incident
    from driftwatch.services.report_incident import incident_report

    with opened(ctx) as here:
        found = find_incident(here.store, incident)
        models = {endpoint.name: endpoint.model for endpoint in here.settings.endpoints}
        report = incident_report(here.store, found, model=models.get(found.endpoint))
        now = here.now
    if as_json:
        from driftwatch.presentation.as_json import evidence_data

        say_json(evidence_data(report))
        return
    from driftwatch.cli.render.page import echo

    echo(_drawn(report, now))


def _drawn(report: "IncidentReport", now: "datetime") -> "Iterator[RenderableType]":
    from driftwatch.cli.render.terminal import moved_probes, plain
    from driftwatch.presentation import words

    incident = report.incident
    yield plain(words.incident_title(incident), "bold")
    for line in words.incident_lines(report, now):
        yield plain(line)
    for line in words.states_lines(report.states):
        yield plain(line)
    for title, lines in (
        ("Findings", [words.finding_line(finding) for finding in incident.findings]),
        ("Messages", [words.delivery_line(delivery) for delivery in report.deliveries]),
        ("Timeline", [words.step_line(step) for step in report.timeline]),
    ):
        if lines:
            yield plain(f"\n{title}", "bold")
            yield from (plain(f"  {line}") for line in lines)
    if report.moved:
        yield plain("\nProbes that moved", "bold")
        yield from moved_probes(report)
    if incident.state.open:
        yield plain(words.way_on(incident))
