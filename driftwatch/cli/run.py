"""`driftwatch run`: the daemon."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING

import click

from driftwatch.adapters.certificates import load_aiohttp
from driftwatch.cli.frame import Frame
from driftwatch.cli.lean import load_structlog, loading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from socket import socket

    from driftwatch.config.settings import Settings
    from driftwatch.daemon import Daemon
    from driftwatch.daemon.setup import Listener
    from driftwatch.domain.decide import Audience
    from driftwatch.domain.delivery import Routes
    from driftwatch.services.vitals import Vitals
    from driftwatch.web.site import Site


@click.command()
@click.option("--json-logs", is_flag=True, help="Log one JSON object per line.")
@click.pass_obj
def run(frame: Frame, *, json_logs: bool) -> None:
    """Replay every endpoint on its schedule, watch, and page until told to stop.

    SIGTERM and Ctrl-C finish the running replays, send what is due, and exit with 0.
    SIGHUP reads the configuration again; if anything is wrong with it, the one in use stays.
    """
    # Until it can be obeyed: the default would end the process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with loading() as loaded:
        load_structlog()
        load_aiohttp()
        _run(frame, loaded, json_logs=json_logs)


def _run(frame: Frame, loaded: Callable[[], None], *, json_logs: bool) -> None:
    from driftwatch.adapters.systemd import Systemd
    from driftwatch.bootstrap import clocks, keys, money, senders, stores, worlds
    from driftwatch.cli.building import Builder, first_settings
    from driftwatch.daemon import Daemon
    from driftwatch.daemon.heartbeat import Heartbeat
    from driftwatch.daemon.in_turn import in_turn
    from driftwatch.daemon.leader import Leader
    from driftwatch.daemon.logs import configure
    from driftwatch.services.vitals import Vitals

    content = frame.config.read_bytes() if frame.config.is_file() else b""
    settings, refused = first_settings(frame.existing())
    redact = configure(secrets=keys.secrets_of(settings), as_json=json_logs)
    with stores.lock_store(settings):
        # After the lock: of a second daemon the store is the matter, and another port would not help it.
        taken = _listening(settings)
        clock = clocks.steady_clock()
        store, lease = stores.open_node(settings)
        leader = Leader(lease, clock) if lease else None
        world = worlds.world(settings, store, clock)
        may_send = leader.may_send if leader else None
        doubts = leader.doubts if leader else None
        pager = senders.pager(settings, store, clock, world.counts, may_send=may_send, doubts=doubts)
        vitals = Vitals(clock=clock, delivers=lambda: pager.ready)
        builder = Builder(
            file=frame.config,
            settings=settings,
            store=store,
            clock=clock,
            heartbeat=Heartbeat(delivers=lambda: pager.ready),
            learn=redact.learn,
            may_send=may_send,
            may_warn=leader.led if leader else None,
        )
        setup = builder.setup(settings, content)
        daemon = Daemon(
            watched=setup.watched,
            world=world,
            pager=pager.run,
            wall=clocks.system_clock(),
            vitals=vitals,
            systemd=Systemd(os.environ),
            chores=setup.chores,
            listeners=setup.listeners,
            build=builder.again,
            renew_sinks=pager.adopt,
            sinks=setup.past_the_store,
            fallback=setup.fallback,
            ops=setup.ops,
        )
        if taken is not None:
            daemon.server = _web(taken, daemon, vitals, settings)
        if refused:
            _go_on(daemon, vitals, refused)
        else:
            setup.in_use()
        loaded()
        if leader is None:
            asyncio.run(daemon.run())
            return
        # Its own handle on the socket: the server of the wait closes what it has.
        meanwhile = [_web(taken.dup(), daemon, vitals, settings)] if taken is not None else []
        before = partial(money.read_spending, world, store)
        if asyncio.run(in_turn(daemon, leader, vitals=vitals, meanwhile=meanwhile, before=before)):
            # Deposed, or sent SIGHUP while it stood by: it begins anew, with nothing remembered.
            os.execv(sys.executable, [sys.executable, "-m", "driftwatch", *sys.argv[1:]])  # noqa: S606


def _go_on(daemon: "Daemon", vitals: "Vitals", refused: str) -> None:
    """Say that the file is broken and an older one in use; operations hear of it at once."""
    import structlog

    clock = daemon.world.clock
    vitals.config.read(clock.now())
    vitals.config.refused(refused, clock.monotonic() - daemon.config_alarm.patience_s)
    structlog.get_logger(__name__).critical(
        "configuration refused, started with the last one that was good", why=refused
    )


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


def _web(taken: "socket", daemon: "Daemon", vitals: "Vitals", settings: "Settings") -> "Listener":
    from driftwatch.web.server import serve

    def site() -> "Site":
        from driftwatch.adapters.calendar import slots_between
        from driftwatch.bootstrap import routing
        from driftwatch.web.site import Site

        def routes(endpoint: str) -> "Mapping[Audience, Routes]":
            """Return who hears of an endpoint; of one that is no longer watched, those of the start do."""
            found = next((one.routes for one in daemon.watched if one.endpoint.name == endpoint), None)
            return routing.audiences(settings, endpoint) if found is None else found

        return Site(
            vitals=vitals,
            store=daemon.world.store,
            clock=daemon.world.clock,
            watched=lambda: daemon.watched,
            counts=daemon.world.counts,
            guard=lambda: daemon.world.guard,
            reload=daemon.reload,
            routes=routes,
            token=settings.http.secret,
            due_slots=slots_between,
            version=version("driftwatch-llm"),
        )

    return lambda: serve(taken, site, daemon.world.clock)
