"""`driftwatch ack`: somebody has the incident."""

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.ownership import INCIDENT, acting, tell


@click.command()
@click.argument("incident", type=INCIDENT)
@acting
@click.pass_context
def ack(ctx: click.Context, incident: int, *, by: str, comment: str | None, as_json: bool) -> None:
    """Take INCIDENT (inc-42 or 42): it repeats weekly instead of daily, and those who were told hear who has it."""
    from driftwatch.services.own import Person, acknowledge

    with opened(ctx) as here:
        taken = acknowledge(
            here.store, incident, Person(name=by, now=here.now, comment=comment), here.routes_for(incident)
        )
    tell(taken, f"acknowledged by {by}.", as_json=as_json)
