"""`driftwatch silence`: nobody is told about an endpoint for a while."""

from datetime import timedelta

import click

from driftwatch.cli.opened import Opened, opened
from driftwatch.cli.ownership import login_name
from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.times import DURATION

EVERYTHING = "*"


@click.command()
@click.argument("endpoint", required=False)
@click.option("--for", "length", type=DURATION, metavar="TIME", help="How long: 30m, 4h, 2d.")
@click.option("--comment", metavar="TEXT", help="Why; whoever wonders about the silence will read it.")
@click.option("--by", metavar="NAME", default=login_name, show_default="your login name", help="Who acts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def silence(
    ctx: click.Context, endpoint: str | None, *, length: timedelta | None, comment: str | None, by: str, as_json: bool
) -> None:
    """Tell nobody about ENDPOINT ('*' for all) for a while; without ENDPOINT, list the silences in force.

    Replays go on and incidents are recorded; what is still wrong when the silence ends is told then.
    """
    if endpoint is None:
        if length is not None or comment is not None:
            raise click.UsageError("name the endpoint to silence, or '*' for all of them.")
        with opened(ctx) as here:
            _list(here, as_json=as_json)
        return
    if length is None or not (comment or "").strip():
        raise click.UsageError(f"say for how long and why: driftwatch silence '{endpoint}' --for 4h --comment TEXT")
    with opened(ctx, make=True) as here:
        _begin(here, endpoint, length=length, comment=(comment or "").strip(), by=by, as_json=as_json)


def _begin(here: Opened, endpoint: str, *, length: timedelta, comment: str, by: str, as_json: bool) -> None:
    from dataclasses import replace

    from driftwatch.cli.render.as_json import silence_data
    from driftwatch.cli.render.words import moment
    from driftwatch.domain.incident import Silence

    if endpoint != EVERYTHING:
        here.endpoint(endpoint)
    begun = Silence(endpoint=endpoint, starts_at=here.now, ends_at=here.now + length, by=by, comment=comment)
    begun = replace(begun, id=here.store.add_silence(begun))
    if as_json:
        say_json(silence_data(begun))
    else:
        who = "every endpoint" if endpoint == EVERYTHING else endpoint
        say(f"Nobody is told about {who} until {moment(begun.ends_at)}.")


def _list(here: Opened, *, as_json: bool) -> None:
    from driftwatch.cli.render.as_json import silence_data
    from driftwatch.cli.render.words import silence_line

    found = here.store.silences(now=here.now)
    if as_json:
        say_json([silence_data(one) for one in found])
        return
    for one in found:
        say(silence_line(one, soon=False))
    if not found:
        say("No silence is in force.")
