"""`driftwatch silence`: nobody is told about an endpoint for a while, or in a maintenance window."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from driftwatch.cli.opened import Opened, opened
from driftwatch.cli.ownership import login_name
from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.times import DURATION, LOCAL

if TYPE_CHECKING:
    from driftwatch.domain.incident import Silence

EVERYTHING = "*"


@click.command()
@click.argument("endpoint", required=False)
@click.option("--for", "length", type=DURATION, metavar="TIME", help="How long: 30m, 4h, 2d.")
@click.option("--from", "begins", type=LOCAL, metavar="TIME", help="Begin then, not now: 2026-10-25T01:30.")
@click.option("--until", "ends", type=LOCAL, metavar="TIME", help="End then.")
@click.option("--timezone", "zone", default="UTC", metavar="ZONE", help="Zone of --from and --until: Europe/Berlin.")
@click.option("--maintenance", is_flag=True, help="A planned window; messages it keeps back say so.")
@click.option("--end", "number", type=click.IntRange(1), metavar="NUMBER", help="End this silence now.")
@click.option("--comment", metavar="TEXT", help="Why; whoever wonders about the silence will read it.")
@click.option("--by", metavar="NAME", default=login_name, show_default="your login name", help="Who acts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def silence(
    ctx: click.Context,
    endpoint: str | None,
    *,
    length: timedelta | None,
    begins: datetime | None,
    ends: datetime | None,
    zone: str,
    maintenance: bool,
    number: int | None,
    comment: str | None,
    by: str,
    as_json: bool,
) -> None:
    """Tell nobody about ENDPOINT ('*' for all) for a while; without ENDPOINT, list the silences.

    Replays go on and incidents are recorded; what is still wrong when the silence ends is told then.
    """
    if number is not None:
        with opened(ctx) as here:
            _end(here, number, by=by, as_json=as_json)
        return
    if endpoint is None:
        if (length, begins, ends, comment) != (None,) * 4 or maintenance:
            raise click.UsageError("name the endpoint to silence, or '*' for all of them.")
        with opened(ctx) as here:
            _list(here, as_json=as_json)
        return
    from driftwatch.domain.incident import Silence

    if (length is None) == (ends is None) or not (comment or "").strip():
        raise click.UsageError(f"say for how long and why: driftwatch silence '{endpoint}' --for 4h --comment TEXT")
    with opened(ctx, make=True) as here:
        start = here.now if begins is None else _moment(begins, zone)
        stop = start + length if ends is None else _moment(ends, zone, end=True)  # type: ignore[operator]  # one of two
        if stop <= max(start, here.now):
            raise click.UsageError("a silence must end after it begins, and not in the past.")
        wanted = Silence(
            endpoint=endpoint,
            starts_at=start,
            ends_at=stop,
            by=by,
            comment=(comment or "").strip(),
            maintenance=maintenance,
            timezone=zone,
        )
        _begin(here, wanted, as_json=as_json)


def _moment(local: datetime, zone: str, *, end: bool = False) -> datetime:
    from zoneinfo import ZoneInfoNotFoundError

    from driftwatch.adapters.calendar import instant

    if local.tzinfo is not None:
        return local.astimezone(UTC)
    try:
        return instant(local, zone, end=end)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise click.UsageError(f"{zone!r} is no time zone; write it as in Europe/Berlin.") from None


def _begin(here: Opened, wanted: "Silence", *, as_json: bool) -> None:
    from driftwatch.presentation.as_json import silence_data
    from driftwatch.presentation.words import moment
    from driftwatch.services.own import silence as keep_silent

    if wanted.endpoint != EVERYTHING:
        here.endpoint(wanted.endpoint)
    begun = keep_silent(here.store, wanted, now=here.now)
    if as_json:
        say_json(silence_data(begun))
        return
    who = "every endpoint" if begun.endpoint == EVERYTHING else begun.endpoint
    since = "" if begun.starts_at <= here.now else f" from {moment(begun.starts_at)}"
    say(f"Nobody is told about {who}{since} until {moment(begun.ends_at)}.")
    say(f"To end it sooner: driftwatch silence --end {begun.id}")


def _end(here: Opened, number: int, *, by: str, as_json: bool) -> None:
    from driftwatch.presentation.as_json import silence_data
    from driftwatch.presentation.words import moment
    from driftwatch.services.own import Person, end_silence

    over = end_silence(here.store, number, Person(name=by, now=here.now))
    if as_json:
        say_json(silence_data(over))
        return
    # Whoever believes that pages come again would not look any more.
    others = [one for one in here.store.silences(now=here.now) if _meet(one.endpoint, over.endpoint)]
    still = ", ".join(f"silence {one.id} ({one.endpoint}, until {moment(one.ends_at)})" for one in others)
    now = f", but messages are still kept back by {still}" if still else "; what is still wrong is told now"
    say(f"Silence {number} has ended{now}.")


def _meet(one: str, other: str) -> bool:
    return one == other or EVERYTHING in (one, other)


def _list(here: Opened, *, as_json: bool) -> None:
    from driftwatch.presentation.as_json import silence_data
    from driftwatch.presentation.words import silence_line
    from driftwatch.services.suppressed import suppressed

    found = here.store.silences_ahead(now=here.now)
    if as_json:
        say_json([silence_data(one) | {"suppressed": suppressed(here.store, one)} for one in found])
        return
    for one in found:
        kept = suppressed(here.store, one)
        say(f"{one.id}. {silence_line(one, soon=False)}" + (f" (kept back: {', '.join(kept)})" if kept else ""))
    if not found:
        say("No silence is in force.")
