"""`driftwatch accept`: the new behaviour is the baseline."""

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.ownership import INCIDENT, acting, mine_again, tell


@click.command()
@click.argument("incident", type=INCIDENT)
@acting
@click.pass_context
def accept(ctx: click.Context, incident: int, *, by: str, comment: str | None, as_json: bool) -> None:
    """End INCIDENT: the new behaviour is fine, and the next replays are its baseline.

    Those who were told of the incident are told of its end.
    """
    from driftwatch.services.own import Person
    from driftwatch.services.own import accept as accept_incident

    with opened(ctx) as here:
        ended = accept_incident(
            here.store, incident, Person(name=by, now=here.now, comment=comment), here.routes_for(incident)
        )
        epoch = here.store.epoch(ended.endpoint)
        again = mine_again(here, ended.endpoint)
    tell(ended, f"accepted by {by}; baseline {epoch} begins with the next replay.{again}", as_json=as_json)
