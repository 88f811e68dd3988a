"""`driftwatch resolve`: the old behaviour is back."""

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.ownership import INCIDENT, acting, tell


@click.command()
@click.argument("incident", type=INCIDENT)
@acting
@click.pass_context
def resolve(ctx: click.Context, incident: int, *, by: str, comment: str | None, as_json: bool) -> None:
    """End INCIDENT: the old behaviour is back. The baseline stays, and the charts start at zero.

    Those who were told of the incident are told of its end.
    """
    from driftwatch.services.own import Person
    from driftwatch.services.own import resolve as resolve_incident

    with opened(ctx) as here:
        ended = resolve_incident(
            here.store, incident, Person(name=by, now=here.now, comment=comment), here.routes_for(incident)
        )
    tell(ended, f"resolved by {by}; the same baseline is watched on.", as_json=as_json)
