"""`driftwatch incidents`: what is open, or everything there ever was."""

from typing import TYPE_CHECKING

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.times import MOMENT, Moment

if TYPE_CHECKING:
    from driftwatch.domain.incident import Incident
    from driftwatch.services.ports import Store
    from driftwatch.services.states import Shown

COLUMNS = ("incident", "endpoint", "state", "severity", "what", "opened", "by")
LEAST_WIDTH = 80
"""Characters below which seven columns would break every word."""


@click.command()
@click.option("--endpoint", metavar="NAME", help="Of this endpoint only.")
@click.option("--since", type=MOMENT, metavar="TIME", help="Also those that ended since: a date, a time, or 7d.")
@click.option("--all", "everything", is_flag=True, help="Also those that ended, however long ago.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def incidents(
    ctx: click.Context, *, endpoint: str | None, since: Moment | None, everything: bool, as_json: bool
) -> None:
    """List the open incidents, newest first."""
    with opened(ctx) as here:
        if endpoint is not None and endpoint not in here.store.endpoints():
            here.endpoint(endpoint)
        moment = None if since is None else since.before(here.now)
        found = here.store.incidents(endpoint=endpoint, since=moment)
        wanted = [i for i in found if everything or since is not None or i.state.open]
        states = _states(here.store, wanted) if as_json else {}
    if as_json:
        from driftwatch.presentation.as_json import incident_data, states_data

        say_json([incident_data(incident) | states_data(states.get(incident.id)) for incident in wanted])
    elif wanted:
        from driftwatch.cli.render.page import echo, width
        from driftwatch.cli.render.terminal import plain, table

        rows = [_row(incident) for incident in wanted]
        narrow = width() < LEAST_WIDTH
        echo((plain(_stacked(row)) for row in rows) if narrow else iter([table(COLUMNS, rows)]))
    else:
        say("No incident is open." if not (everything or since) else "There was no incident.")


def _states(store: "Store", wanted: "list[Incident]") -> "dict[int, Shown]":
    from driftwatch.services.episodes import states_shown

    endpoints = dict.fromkeys(incident.endpoint for incident in wanted)
    return {number: shown for name in endpoints for number, shown in states_shown(store, name).items()}


def _stacked(row: tuple[str, ...]) -> str:
    from driftwatch.domain.legible import one_line

    name, endpoint, state, severity, what, opened, by = map(one_line, row)
    return f"{name}  {endpoint}: {severity}, {state}{f' by {by}' if by else ''}\n  {what}\n  opened {opened}"


def _row(incident: "Incident") -> tuple[str, ...]:
    from driftwatch.presentation.words import moment, movement

    return (
        incident.name,
        incident.endpoint,
        incident.state.value,
        incident.severity.value,
        movement(incident),
        moment(incident.opened_at),
        incident.by or "",
    )
