"""`driftwatch run`: the daemon."""

import asyncio
import os
from collections.abc import Callable, Coroutine
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from driftwatch.cli.frame import Frame

if TYPE_CHECKING:
    from socket import socket

    from driftwatch.config.settings import Settings
    from driftwatch.daemon import Daemon
    from driftwatch.services.vitals import Vitals
    from driftwatch.web.site import Site


@click.command()
@click.option("--json-logs", is_flag=True, help="Log one JSON object per line.")
@click.pass_obj
def run(frame: Frame, *, json_logs: bool) -> None:
    """Replay every endpoint on its schedule, watch, and page until told to stop.

    SIGTERM and Ctrl-C finish the running replays, send what is due, and exit with 0.
    """
    from driftwatch import bootstrap
    from driftwatch.adapters.systemd import Systemd
    from driftwatch.daemon import Chores, Daemon
    from driftwatch.daemon.chores import SELFTEST_AT
    from driftwatch.daemon.heartbeat import Heartbeat
    from driftwatch.daemon.logs import configure
    from driftwatch.services.vitals import Vitals

    settings = frame.settings()
    bootstrap.refuse_missing_keys(settings)
    configure(secrets=bootstrap.secrets_of(settings), as_json=json_logs)
    taken = _listening(settings)
    with bootstrap.lock_store(settings):
        clock = bootstrap.steady_clock()
        store = bootstrap.open_store(settings)
        world = bootstrap.world(settings, store, clock)
        pager = bootstrap.pager(settings, store, clock, world.counts)
        vitals = Vitals(clock=clock, delivers=lambda: pager.ready)
        daemon = Daemon(
            watched=bootstrap.watched_endpoints(settings, clock),
            world=world,
            pager=pager.run,
            wall=bootstrap.system_clock(),
            vitals=vitals,
            systemd=Systemd(os.environ),
            chores=Chores(
                forget=store.prune_answers,
                keep=settings.retention.answers,
                alive=bootstrap.dead_man(settings),
                heartbeat=Heartbeat(delivers=lambda: pager.ready),
                selftest=bootstrap.selftest_process(settings),
                selftest_at=settings.selftest.daily or SELFTEST_AT,
            ),
            listeners=[buttons.run for buttons in bootstrap.buttons(settings, store, clock)],
        )
        if taken is not None:
            daemon.listeners = [*daemon.listeners, _web(taken, daemon, vitals, settings)]
        asyncio.run(daemon.run())


def _listening(settings: "Settings") -> "socket | None":
    """Return the server's socket; the default port may be somebody else's, one that was asked for must be had."""
    import structlog

    from driftwatch.domain.errors import DriftwatchError
    from driftwatch.web.listen import listen

    if settings.http.address is None:
        return None
    try:
        return listen(*settings.http.address)
    except DriftwatchError as error:
        if "http" in settings.model_fields_set:
            raise
        structlog.get_logger(__name__).warning("no health, metrics and dashboard", error=str(error))
        return None


def _web(
    taken: "socket", daemon: "Daemon", vitals: "Vitals", settings: "Settings"
) -> Callable[[], Coroutine[Any, Any, None]]:
    from driftwatch.web.server import serve

    def site() -> "Site":
        from driftwatch.web.site import Site

        return Site(
            vitals=vitals,
            store=daemon.world.store,
            clock=daemon.world.clock,
            watched=lambda: daemon.watched,
            counts=daemon.world.counts,
            guard=lambda: daemon.world.guard,
            token=settings.http.secret,
            version=version("driftwatch-llm"),
        )

    return lambda: serve(taken, site, daemon.world.clock)
