"""`driftwatch accept`: the new behaviour is the baseline."""

from collections.abc import Sequence

import click

from driftwatch.cli.opened import opened
from driftwatch.cli.ownership import INCIDENT, acting, readable, tell

_NAMED = 8


@click.command()
@click.argument("incident", type=INCIDENT)
@click.option("--all", "every", is_flag=True, help="For every probe, not only for those that moved.")
@acting
@click.pass_context
def accept(ctx: click.Context, incident: int, *, every: bool, by: str, comment: str | None, as_json: bool) -> None:
    """End INCIDENT: the new behaviour is fine, and the next replays are its baseline.

    Where the drift is confined to some probes, the others keep their baseline. Those who were told of the incident
    are told of its end.
    """
    from driftwatch.services.own import Person, find_incident, mine_again
    from driftwatch.services.own import accept as accept_incident

    with opened(ctx) as here:
        advice = mine_again(readable(here), find_incident(here.store, incident).endpoint)
        ended = accept_incident(
            here.store,
            incident,
            Person(name=by, now=here.now, comment=comment),
            here.routes_for(incident),
            every=every,
            advice=advice,
        )
        begins = _begins(ended.accepted_probes, here.store.epoch(ended.endpoint))
    tell(ended, f"accepted by {by}; {begins} with the next replay.", as_json=as_json, advice=advice)


def _begins(probes: Sequence[str], epoch: int) -> str:
    if not probes:
        return f"baseline {epoch} begins"
    from driftwatch.domain.listing import listed

    return f"a new baseline of {listed(probes, _NAMED)} begins (the other probes keep theirs)"
