"""Standing by, leading, and what lies between: one process of several on one database."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Sequence

import structlog

from driftwatch.daemon.leader import Leader
from driftwatch.daemon.life import Daemon
from driftwatch.daemon.setup import Listener
from driftwatch.daemon.watchdog import keep_awake
from driftwatch.services.vitals import Role, Vitals

log = structlog.get_logger(__name__)

STANDING_BY = "standing by"


async def in_turn(
    daemon: Daemon,
    leader: Leader,
    *,
    vitals: Vitals,
    meanwhile: Sequence[Listener] = (),
    before: Callable[[], None] = lambda: None,
) -> bool:
    """Stand by until this node leads, then run the daemon; return whether the process should begin anew.

    It should when another node took over from it, and on SIGHUP while it stands by.

    Parameters
    ----------
    vitals : Vitals
        The daemon's.
    meanwhile : sequence of callable
        What runs while it stands by: the HTTP server that says so.
    before : callable
        What was read from the store before the wait and is read again after it; blocks.
    """
    stop, again = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number, event in ((signal.SIGTERM, stop), (signal.SIGINT, stop), (signal.SIGHUP, again)):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, event.set)
    try:
        if not await leader.first_try():
            if not await _stand_by(daemon, leader, (stop, again), vitals, meanwhile):
                log.info("stopped" if stop.is_set() else "beginning anew, to read the configuration again")
                return not stop.is_set()
            await asyncio.to_thread(before)
        vitals.role = Role.LEADER
        beating = asyncio.create_task(leader.keep(), name="heartbeat")
        beating.add_done_callback(lambda _: stop.set())
        await daemon.run(stop)
        beating.cancel()
        if leader.lost:
            # The database said so, and so it is back.
            leader.parting = True
            await daemon.emergency.hand_over(daemon.sinks, daemon.world.clock)
        return leader.lost
    finally:
        await asyncio.to_thread(leader.release)
        # Closed by the daemon, if it ever ran; twice is no harm.
        await asyncio.to_thread(daemon.world.store.close)


async def _stand_by(
    daemon: Daemon, leader: Leader, ends: Sequence[asyncio.Event], vitals: Vitals, meanwhile: Sequence[Listener]
) -> bool:
    """Wait until this node leads; False if one of the events came first."""
    vitals.role, vitals.started, vitals.doing = Role.STANDBY, True, STANDING_BY
    daemon.systemd.ready(STANDING_BY)
    log.info("standing by: another node leads")
    winning = asyncio.create_task(leader.win())
    told = [asyncio.create_task(event.wait()) for event in ends]
    others = [asyncio.create_task(keep_awake(daemon.systemd, vitals, daemon.world.clock))]
    others += [asyncio.create_task(part()) for part in meanwhile]
    try:
        await asyncio.wait({winning, *told}, return_when=asyncio.FIRST_COMPLETED)
        if winning.done():
            winning.result()
        return winning.done()
    finally:
        for task in (winning, *told, *others):
            task.cancel()
        # The HTTP server needs its time for goodbyes; the first replay of a new leader does not wait for it.
        if not winning.done():
            await asyncio.gather(*others, return_exceptions=True)
