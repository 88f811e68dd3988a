"""`driftwatch run`: the daemon."""

import asyncio

import click

from driftwatch.cli.frame import Frame


@click.command()
@click.option("--json-logs", is_flag=True, help="Log one JSON object per line.")
@click.pass_obj
def run(frame: Frame, *, json_logs: bool) -> None:
    """Replay every endpoint on its schedule, watch, and page until told to stop.

    SIGTERM and Ctrl-C finish the running replays, send what is due, and exit with 0.
    """
    from driftwatch import bootstrap
    from driftwatch.daemon import Chores, Daemon
    from driftwatch.daemon.chores import SELFTEST_AT
    from driftwatch.daemon.heartbeat import Heartbeat
    from driftwatch.daemon.logs import configure

    settings = frame.settings()
    bootstrap.refuse_missing_keys(settings)
    configure(secrets=bootstrap.secrets_of(settings), as_json=json_logs)
    with bootstrap.lock_store(settings):
        clock = bootstrap.steady_clock()
        store = bootstrap.open_store(settings)
        pager = bootstrap.pager(settings, store, clock)
        daemon = Daemon(
            watched=bootstrap.watched_endpoints(settings, clock),
            world=bootstrap.world(settings, store, clock),
            pager=pager.run,
            wall=bootstrap.system_clock(),
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
        asyncio.run(daemon.run())
