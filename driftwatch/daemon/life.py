"""From start to a stop in good order."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from driftwatch.adapters.systemd import Systemd
from driftwatch.daemon.chores import Chores
from driftwatch.daemon.duty import Duty
from driftwatch.daemon.scheduler import CHECK_S, SlotScheduler
from driftwatch.daemon.watchdog import keep_awake
from driftwatch.services.ports import Clock
from driftwatch.services.review import retire
from driftwatch.services.tick import Ticked, World
from driftwatch.services.vitals import Vitals
from driftwatch.services.watched import Watched

log = structlog.get_logger(__name__)

GRACE_S = 18.0
"""Replays may finish for this long after SIGTERM. With `FLUSH_S` it stays below Kubernetes' 30 s of patience."""
REVIEW_S = 20.0
"""Real seconds between two looks at what time alone decides: the ends of silences, repeats."""
FLUSH_S = 8.0
"""What is due may be sent for this long after the last replay."""

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
    chores : Chores
        What is done beside: forgetting old answers, telling the dead-man's switch that we live.
    listeners : sequence of callable
        What hears people, Slack's buttons or the HTTP server say; each is begun when all else runs, and cancelled.
    vitals : Vitals, optional
        Where the daemon tells how it is.
    systemd : Systemd
        Hears that we are ready, that we move, and that we stop.
    """

    watched: Sequence[Watched]
    world: World
    pager: Pager
    wall: Clock
    chores: Chores = field(default_factory=Chores)
    listeners: Sequence[Callable[[], Coroutine[Any, Any, None]]] = ()
    vitals: Vitals | None = None
    systemd: Systemd = field(default_factory=lambda: Systemd({}))
    grace_s: float = GRACE_S
    flush_s: float = FLUSH_S
    _broken: set[str] = field(default_factory=set, init=False, repr=False)

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until SIGTERM, SIGINT or `stop`; a second signal cancels what still runs.

        Raises
        ------
        Exception
            What ended the pager or another part that must not end; everything else was stopped in good order.
        """
        stop = stop or asyncio.Event()
        vitals = self.vitals or Vitals(clock=self.world.clock)
        self._hurry = asyncio.Event()
        self._listen(stop)
        self._replays: set[asyncio.Task[None]] = set()
        self._decided, quiet = asyncio.Event(), asyncio.Event()
        scheduler = SlotScheduler(clock=self.world.clock, wall=self.wall)
        await asyncio.to_thread(self._retire)
        duties = [self._enlist(watched, scheduler) for watched in self.watched]
        pager = asyncio.create_task(self.pager(quiet, self._decided), name="pager")
        helpers = {
            asyncio.create_task(scheduler.guard(lambda: vitals.moved("scheduler", every_s=CHECK_S)), name="guard"),
            asyncio.create_task(self.chores.forget_daily(self.world), name="chores"),
            asyncio.create_task(self.chores.selftest_daily(self.world), name="self-test"),
            asyncio.create_task(self._review(duties), name="review"),
            asyncio.create_task(keep_awake(self.systemd, vitals, self.world.clock), name="watchdog"),
        }
        scheduler.start()
        vitals.started, vitals.doing = True, f"watching {len(duties)} endpoint{'s' * (len(duties) != 1)}"
        vitals.config.read(self.world.clock.now())
        self.systemd.ready(vitals.doing)
        helpers |= {asyncio.create_task(listen(), name="listener") for listen in self.listeners}
        log.info("watching", endpoints=[w.endpoint.name for w in self.watched])
        broken = await _until(stop, {pager, *helpers})
        vitals.doing = "stopping"
        self.systemd.stopping(f"stopping; {len(self._replays)} replays are running")
        log.info("stopping", replays_running=len(self._replays))
        scheduler.stop()
        await self._finish_replays()
        quiet.set()
        await self._flush(pager)
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await self._close()
        if broken is not None:
            raise broken
        log.info("stopped")

    def _retire(self) -> None:
        """Close what is open on endpoints that were taken out of the configuration."""
        names = {w.endpoint.name for w in self.watched}
        # A judge is an endpoint with incidents of its own.
        names |= {judge.name for w in self.watched for judge in w.judges.values()}
        routes = self.watched[0].routes if self.watched else {}
        retire(self.world.store, names, routes, now=self.world.clock.now())

    async def _review(self, duties: Sequence[Duty]) -> None:
        """Look every now and then what time alone has decided, for ever."""
        while True:
            await asyncio.sleep(REVIEW_S)
            for duty in duties:
                try:
                    await duty.review()
                except Exception:
                    # The store may be locked or gone for a while; the next look is soon.
                    log.exception("incidents not reviewed")
            self._decided.set()

    def _enlist(self, watched: Watched, scheduler: SlotScheduler) -> Duty:
        duty = Duty(watched, self.world)

        async def on_due() -> None:
            # APScheduler cancels what runs inside its jobs when it stops: the replay is a task of ours.
            task = asyncio.create_task(self._on_duty(duty, watched.endpoint.name, scheduler))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)

        scheduler.add(watched.endpoint.name, lambda: duty.schedule, on_due)
        return duty

    async def _on_duty(self, duty: Duty, name: str, scheduler: SlotScheduler) -> None:
        ticked, before = None, duty.schedule
        try:
            ticked = await duty.on_due()
            if ticked is Ticked.REPLAYED:
                self._broken.discard(name)
            if duty.schedule != before:
                scheduler.renew(name)
        except Exception:
            # One endpoint's trouble must not silence the others; the slot is ended as failed at the next wake-up.
            log.exception("replay broke off", endpoint=name)
            self._broken.add(name)
        # Pages wait for nobody's poll.
        self._decided.set()
        if ticked is Ticked.REPLAYED:
            await self._tell_alive(name)

    async def _tell_alive(self, name: str) -> None:
        """Tell the dead-man's switch, unless an endpoint is blind: the others' replays would hide it for ever."""
        if self._broken:
            log.error("the dead-man's switch is not told: an endpoint is blind", endpoints=sorted(self._broken))
        else:
            await self.chores.tell_alive(self.world, name)

    async def _finish_replays(self) -> None:
        if not self._replays:
            return
        hurry = asyncio.create_task(self._hurry.wait())
        together = asyncio.gather(*self._replays, return_exceptions=True)
        awaited: set[asyncio.Future[Any]] = {hurry, together}
        await asyncio.wait(awaited, timeout=self.grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurry.cancel()
        if not together.done():
            # Cancelled, a slot stays `running` in the store: the next start takes it again.
            log.warning("replays cut short", replays=len(self._replays))
            together.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await together

    async def _flush(self, pager: "asyncio.Task[None]") -> None:
        _, late = await asyncio.wait({pager}, timeout=self.flush_s)
        for task in late:
            # Rows in flight stay `sending`: the next start sends them again, marked as a possible repeat.
            log.warning("not everything could be sent in time; the next start goes on")
            task.cancel()
        await asyncio.gather(pager, return_exceptions=True)

    async def _close(self) -> None:
        self.world.scoring.close()
        for model in {id(model): model for w in self.watched for model in w.models}.values():
            await model.aclose()
        if self.world.traces is not None:
            await self.world.traces.aclose()
        await asyncio.to_thread(self.world.store.close)

    def _listen(self, stop: asyncio.Event) -> None:
        def on_signal() -> None:
            (self._hurry if stop.is_set() else stop).set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Outside the main thread (tests) there are no signals to listen to.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, on_signal)


async def _until(stop: asyncio.Event, parts: set["asyncio.Task[None]"]) -> BaseException | None:
    """Wait for `stop`, or for a part that ends of itself: nobody would be paged any more, and nobody would know."""
    told = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait({told, *parts}, return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    for part in done & parts:
        error = part.exception() or RuntimeError(f"the {part.get_name()} ended")
        log.critical("a part of the daemon ended", part=part.get_name(), error=type(error).__name__)
        return error
    return None
