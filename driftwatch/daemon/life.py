"""From start to a stop in good order."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from driftwatch.daemon.duty import Duty
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.services.ports import Clock
from driftwatch.services.tick import World
from driftwatch.services.watched import Watched

log = structlog.get_logger(__name__)

GRACE_S = 25.0
"""Replays may finish for this long after SIGTERM; below systemd's and Kubernetes' patience."""

Pager = Callable[[asyncio.Event], Awaitable[None]]


@dataclass(kw_only=True)
class Daemon:
    """Replays every endpoint at its slots and delivers pages until it is told to stop.

    Parameters
    ----------
    pager : callable
        Delivers the outbox until the event it is given is set, then once more.
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
        scheduler = SlotScheduler(clock=self.world.clock, wall=self.wall)
        for watched in self.watched:
            self._enlist(watched, scheduler)
        quiet = asyncio.Event()
        pager = asyncio.create_task(_lasting(self.pager, quiet))
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
            task = asyncio.create_task(self._on_duty(duty, watched.endpoint.name))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)

        scheduler.add(watched.endpoint.name, watched.endpoint.schedule, on_due)
        # What was missed while nobody ran is made good at once, not at the next slot.
        first = asyncio.ensure_future(self._on_duty(duty, watched.endpoint.name))
        self._replays.add(first)
        first.add_done_callback(self._replays.discard)

    async def _on_duty(self, duty: Duty, name: str) -> None:
        try:
            await duty.on_due()
        except Exception:
            # One endpoint's trouble must not silence the others; the slot stays open and is taken again.
            log.exception("replay broke off", endpoint=name)

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


async def _lasting(pager: Pager, quiet: asyncio.Event) -> None:
    """Keep the pager alive: a page that cannot be sent now is sent later."""
    while True:
        try:
            await pager(quiet)
        except Exception:
            log.exception("pager broke off, starting it again")
            if quiet.is_set():
                return
            await asyncio.sleep(1.0)
        else:
            return
