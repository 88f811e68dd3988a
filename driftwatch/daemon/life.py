"""From start to a stop in good order."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from driftwatch.daemon.duty import Duty
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.services.ports import Clock
from driftwatch.services.tick import World
from driftwatch.services.watched import Watched

log = structlog.get_logger(__name__)

GRACE_S = 25.0
"""Replays may finish for this long after SIGTERM; below systemd's and Kubernetes' patience."""

Pager = Callable[[asyncio.Event, asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(kw_only=True)
class Daemon:
    """Replays every endpoint at its slots and delivers pages until it is told to stop.

    Parameters
    ----------
    pager : callable
        Delivers the outbox until the first event it is given is set, then once more; the second one wakes it.
    wall : Clock
        The system's own clock, which APScheduler goes by.
    """

    watched: Sequence[Watched]
    world: World
    pager: Pager
    wall: Clock
    grace_s: float = GRACE_S

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until SIGTERM, SIGINT or `stop`."""
        stop = stop or asyncio.Event()
        self._listen(stop)
        self._replays: set[asyncio.Task[None]] = set()
        self._decided = asyncio.Event()
        scheduler = SlotScheduler(clock=self.world.clock, wall=self.wall)
        for watched in self.watched:
            self._enlist(watched, scheduler)
        quiet = asyncio.Event()
        pager = asyncio.create_task(self.pager(quiet, self._decided))
        guard = asyncio.create_task(scheduler.guard())
        scheduler.start()
        log.info("watching", endpoints=[w.endpoint.name for w in self.watched])
        await stop.wait()
        log.info("stopping", replays_running=len(self._replays))
        guard.cancel()
        scheduler.stop()
        await self._finish_replays()
        quiet.set()
        await pager
        await self._close()
        log.info("stopped")

    def _enlist(self, watched: Watched, scheduler: SlotScheduler) -> None:
        duty = Duty(watched, self.world)

        async def on_due() -> None:
            # APScheduler cancels what runs inside its jobs when it stops: the replay is a task of ours.
            task = asyncio.create_task(self._on_duty(duty, watched.endpoint.name))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)

        scheduler.add(watched.endpoint.name, watched.endpoint.schedule, on_due)

    async def _on_duty(self, duty: Duty, name: str) -> None:
        try:
            await duty.on_due()
        except Exception:
            # One endpoint's trouble must not silence the others; the slot stays open and is taken again.
            log.exception("replay broke off", endpoint=name)
        # Pages wait for nobody's poll.
        self._decided.set()

    async def _finish_replays(self) -> None:
        if self._replays:
            _, late = await asyncio.wait(self._replays, timeout=self.grace_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _close(self) -> None:
        for model in {id(w.model): w.model for w in self.watched}.values():
            await model.aclose()
        await asyncio.to_thread(self.world.store.close)

    @staticmethod
    def _listen(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Outside the main thread (tests) there are no signals to listen to.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, stop.set)
