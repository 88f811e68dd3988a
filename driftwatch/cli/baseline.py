"""`driftwatch baseline`: show what an endpoint is compared with, accept what it does now, or learn anew."""

from typing import Any

import click

from driftwatch.cli.opened import Opened, opened
from driftwatch.cli.ownership import acting, tell
from driftwatch.cli.terminal import say, say_json
from driftwatch.domain.errors import DriftwatchError


@click.group()
def baseline() -> None:
    """Show, accept or reset what an endpoint is compared with."""


@baseline.command()
@click.argument("endpoint")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def show(ctx: click.Context, endpoint: str, *, as_json: bool) -> None:
    """Show the baseline of ENDPOINT: its number, its replays, and what is normal on every stream."""
    from driftwatch.presentation.words import number

    with opened(ctx) as here:
        told = _told(here, endpoint)
    if as_json:
        say_json(told)
        return
    state = "complete" if told["seen"] >= told["replays"] else "learning"
    since = f", since {told['first_replay']}" if told["first_replay"] else ""
    say(f"{endpoint}: baseline {told['epoch']}, {told['seen']} of {told['replays']} replays, {state}{since}")
    for name, usual in told["normal"].items():
        say(f"  {name:<20} {number(usual['mean'])} (usually {number(usual['low'])} to {number(usual['high'])})")


@baseline.command()
@click.argument("endpoint")
@acting
@click.pass_context
def accept(ctx: click.Context, endpoint: str, *, by: str, comment: str | None, as_json: bool) -> None:
    """Accept all that ENDPOINT does now: its open incident ends, and the next replays are its baseline."""
    from driftwatch.services.own import Person, mine_again
    from driftwatch.services.own import accept as accept_incident

    with opened(ctx) as here:
        advice = mine_again([here.endpoint(endpoint)], endpoint)
        incident = here.store.open_incident(endpoint)
        if incident is None:
            raise DriftwatchError(
                f"{endpoint} has no open incident, so there is nothing to accept. "
                f"To learn a new baseline all the same: driftwatch baseline reset {endpoint}.",
                slug="incident-state",
            )
        ended = accept_incident(
            here.store,
            incident.id,
            Person(name=by, now=here.now, comment=comment),
            here.routes_for(incident.id),
            every=True,
            advice=advice,
        )
        epoch = here.store.epoch(endpoint)
    tell(ended, f"accepted by {by}; baseline {epoch} begins with the next replay.", as_json=as_json, advice=advice)


@baseline.command()
@click.argument("endpoint")
@acting
@click.pass_context
def reset(ctx: click.Context, endpoint: str, *, by: str, comment: str | None, as_json: bool) -> None:
    """Throw the baseline of ENDPOINT away and learn a new one from the next replays."""
    from driftwatch.services.own import Person, reset_baseline

    with opened(ctx) as here:
        replays = here.endpoint(endpoint).endpoint.baseline_replays
        epoch = reset_baseline(here.store, endpoint, Person(name=by, now=here.now, comment=comment))
    if as_json:
        say_json({"endpoint": endpoint, "epoch": epoch, "replays": replays, "by": by, "comment": comment})
    else:
        say(f"{endpoint}: baseline {epoch} begins with the next replay and takes {replays}; until then nothing pages.")


def _told(here: Opened, endpoint: str) -> dict[str, Any]:
    from driftwatch.services.bands import normal
    from driftwatch.services.history import baseline_means
    from driftwatch.services.standing import baseline_progress, standings
    from driftwatch.services.status import current_watch

    watched = here.endpoint(endpoint)
    watch = current_watch(watched, here.store)
    seen, replays = baseline_progress(standings(watched, watch), watched.endpoint.baseline_replays)
    first, means = baseline_means(watched, here.store, watch.epoch)
    return {
        "endpoint": endpoint,
        "epoch": watch.epoch,
        "seen": seen,
        "replays": replays,
        "first_replay": first.isoformat() if first else None,
        "normal": {
            n: {"mean": u.mean, "low": u.low, "high": u.high} for n, u in sorted(normal(means, watched.metrics).items())
        },
    }
