"""`driftwatch dashboard`: the pages without the daemon, to look at a store."""

import asyncio
import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING

import click

from driftwatch.cli.opened import Opened, opened
from driftwatch.cli.terminal import say

if TYPE_CHECKING:
    from driftwatch.web.site import Site

DEFAULT_BIND = "127.0.0.1:8710"


@click.command()
@click.option("--bind", metavar="ADDRESS", help="Where to listen.  [default: http.bind of the configuration]")
@click.pass_context
def dashboard(ctx: click.Context, *, bind: str | None) -> None:
    """Serve the dashboard of the store until Ctrl-C; nothing is replayed and nobody is told.

    `driftwatch run` serves the same. This is for a store that no daemon is at: a demo's, a copy, a backup.
    """
    from driftwatch.config.http import Http
    from driftwatch.web.listen import address_of, listen
    from driftwatch.web.server import serve

    with opened(ctx) as here:
        given = here.settings.http
        wanted = bind or (given.bind if given.address else DEFAULT_BIND)
        # Checked as the configuration's own is: other machines are answered with a token only.
        address = Http.model_validate({**given.model_dump(exclude_unset=True), "bind": wanted}).address
        if address is None:
            raise click.UsageError("--bind none serves nobody; write 127.0.0.1:8710.")
        taken = listen(*address)
        site = _site(here)
        say(f"Look at {address_of(taken)}/ and end it with Ctrl-C.")
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(taken, lambda: site, site.clock))


def _site(here: Opened) -> "Site":
    from driftwatch.bootstrap import clocks, routing, worlds
    from driftwatch.services.counts import Counts
    from driftwatch.services.vitals import Vitals
    from driftwatch.web.site import Site

    clock, watched = clocks.system_clock(), here.endpoints()
    guard = worlds.world(here.settings, here.store, clock).guard
    return Site(
        vitals=Vitals(clock=clock, started=True),
        store=here.store,
        clock=clock,
        watched=lambda: watched,
        counts=Counts(),
        guard=lambda: guard,
        reload=_nothing_to_reload,
        routes=lambda endpoint: routing.audiences(here.settings, endpoint),
        token=here.settings.http.secret,
        due_slots=here.due_slots,
        version=version("driftwatch-llm"),
    )


async def _nothing_to_reload() -> str:
    return "This is no daemon: `driftwatch dashboard` reads its configuration once."
