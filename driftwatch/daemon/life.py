"""From start to a stop in good order."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from driftwatch.adapters.systemd import Systemd
from driftwatch.daemon.chores import Chores
from driftwatch.daemon.clock_watch import ClockWatch
from driftwatch.daemon.config_alarm import ConfigAlarm
from driftwatch.daemon.emergency import Emergency
from driftwatch.daemon.reload import Reload
from driftwatch.daemon.roster import Roster
from driftwatch.daemon.scheduler import CHECK_S, SlotScheduler
from driftwatch.daemon.setup import Listener, Setup
from driftwatch.daemon.watchdog import keep_awake
from driftwatch.domain.delivery import Routes
from driftwatch.services.ports import Clock, Notifier
from driftwatch.services.vitals import Vitals
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

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
        What hears people, Slack's buttons say; each is begun when all else runs, and cancelled.
    server : callable, optional
        The HTTP server; begun and cancelled as listeners are, and no reload's business.
    build : callable, optional
        Reads the configuration again and builds what it says; without it nothing is reloaded.
    renew_sinks : callable
        Has the pager deliver through other sinks, and another route stand in.
    sinks : mapping of str to Notifier
        By route: what the emergency message goes through when nothing can be stored.
    fallback : str, optional
        The route that the emergency message goes to where operations' own do not take it.
    ops : Routes
        Where operations hear of the daemon itself.
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
    listeners: Sequence[Listener] = ()
    server: Listener | None = None
    build: Callable[[], Setup] | None = None
    renew_sinks: Callable[[Mapping[str, Notifier], str | None], None] = lambda _sinks, _fallback: None
    ops: Routes = ()
    sinks: Mapping[str, Notifier] = field(default_factory=dict)
    fallback: str | None = None
    config_alarm: ConfigAlarm = field(default_factory=ConfigAlarm)
    emergency: Emergency = field(default_factory=Emergency)
    vitals: Vitals | None = None
    systemd: Systemd = field(default_factory=lambda: Systemd({}))
    grace_s: float = GRACE_S
    flush_s: float = FLUSH_S

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Run until SIGTERM, SIGINT or `stop`; a second signal cancels what still runs.

        Raises
        ------
        Exception
            What ended the pager or another part that must not end; everything else was stopped in good order.
        """
        stop, hurry = stop or asyncio.Event(), asyncio.Event()
        self._decided, self._changed, quiet = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._reloads: set[asyncio.Task[str]] = set()
        vitals = self._vitals = self.vitals or Vitals(clock=self.world.clock)
        vitals.store_trouble = lambda: self.emergency.slug
        if self.build is not None:
            self._reload = Reload(
                build=self.build, adopt=self._adopt, vitals=vitals, systemd=self.systemd, clock=self.world.clock
            )
        self._clock_watch = ClockWatch(wall=self.wall, counts=self.world.counts)
        self._listen(stop, hurry)
        scheduler = SlotScheduler(clock=self.world.clock, wall=self.wall)
        roster = self._roster = Roster(
            self.watched,
            self.world,
            scheduler,
            decided=self._decided,
            tell_alive=self._tell_alive,
            emergency=self.emergency,
        )
        await asyncio.to_thread(roster.retire)
        pager = asyncio.create_task(self.pager(quiet, self._decided), name="pager")
        helpers = {
            asyncio.create_task(scheduler.guard(self._look), name="guard"),
            asyncio.create_task(self._attend(), name="chores"),
            asyncio.create_task(self._review(), name="review"),
            asyncio.create_task(keep_awake(self.systemd, vitals, self.world.clock), name="watchdog"),
        }
        scheduler.start()
        self._tell_ready()
        if self.server is not None:
            helpers.add(asyncio.create_task(self.server(), name="server"))
        broken = await _until(stop, {pager, *helpers})
        vitals.doing = "stopping"
        self.systemd.stopping(f"stopping; {roster.running} replays are running")
        log.info("stopping", replays_running=roster.running)
        scheduler.stop()
        await roster.finish(self.grace_s, hurry)
        quiet.set()
        await self._flush(pager)
        await _cancel({*helpers, *self._reloads})
        await roster.close()
        if broken is not None:
            raise broken
        log.info("stopped")

    async def reload(self) -> str:
        """Read the configuration again; return why it was refused, empty if it is in use."""
        if self.build is None:
            return "this daemon was made without a configuration file"
        if not hasattr(self, "_reload"):
            return "this node stands by; send it SIGHUP, which begins it anew"
        return await self._reload()

    def _tell_ready(self) -> None:
        vitals = self._vitals
        vitals.started, vitals.doing = True, _watching(self.watched)
        if vitals.config.read_at is None:
            vitals.config.read(self.world.clock.now())
        self.systemd.ready(vitals.status)
        log.info("watching", endpoints=[w.endpoint.name for w in self.watched])

    async def _adopt(self, setup: Setup) -> None:
        """Put a configuration in place of the one in use."""
        self.world.guard.allow(setup.usd_per_day)
        self.renew_sinks(setup.notifiers, setup.fallback)
        self.sinks, self.fallback = setup.past_the_store, setup.fallback
        self.watched, self.chores, self.listeners, self.ops = setup.watched, setup.chores, setup.listeners, setup.ops
        self._vitals.doing = _watching(setup.watched)
        self._changed.set()
        await self._roster.adopt(setup.watched, setup.traces, setup.network)
        self.world = self._roster.world

    async def _attend(self) -> None:
        """Do the chores and hear people as the configuration in use says, for ever."""
        while True:
            self._changed.clear()
            parts = {
                asyncio.create_task(self.chores.forget_daily(self.world), name="chores"),
                asyncio.create_task(self.chores.selftest_daily(self.world), name="self-test"),
                *(asyncio.create_task(listen(), name="listener") for listen in self.listeners),
            }
            try:
                broken = await _until(self._changed, parts)
            finally:
                await _cancel(parts)
            if broken is not None:
                raise broken

    def _look(self) -> None:
        """Note, once a second, that the scheduler moves, and how the clock does."""
        self._vitals.moved("scheduler", every_s=CHECK_S)
        self._clock_watch.look()

    async def _review(self) -> None:
        """Look every now and then what time alone has decided, for ever."""
        world, config = self.world, self._vitals.config
        while True:
            await asyncio.sleep(REVIEW_S)
            if self._clock_watch.settled:
                await self._roster.review()
            await self._tell_past_the_store()
            try:
                await asyncio.to_thread(self._clock_watch.tell, world.store, world.clock.now(), self.ops)
                await asyncio.to_thread(self.config_alarm.look, config, world.store, world.clock, self.ops)
            except Exception as error:  # noqa: BLE001  # told by what kind it is
                self.emergency.broke(error, world.clock, what="operations were not told of our own state")
            self._decided.set()

    async def _tell_past_the_store(self) -> None:
        try:
            await self.emergency.look(
                self.sinks, self.ops, self.world.clock, fallback=self.fallback, try_store=self.world.store.try_write
            )
        except Exception:
            # A sink with a mistake of ours in it must not end the reviews; the next look is soon.
            log.exception("operations were not told of the store")

    async def _tell_alive(self, name: str) -> None:
        await self.chores.tell_alive(self.world, name)

    async def _flush(self, pager: "asyncio.Task[None]") -> None:
        _, late = await asyncio.wait({pager}, timeout=self.flush_s)
        for task in late:
            # Rows in flight stay `sending`: the next start sends them again, marked as a possible repeat.
            log.warning("not everything could be sent in time; the next start goes on")
            task.cancel()
        await asyncio.gather(pager, return_exceptions=True)

    def _listen(self, stop: asyncio.Event, hurry: asyncio.Event) -> None:
        def on_signal() -> None:
            (hurry if stop.is_set() else stop).set()

        def on_hangup() -> None:
            reload = asyncio.create_task(self.reload(), name="reload")
            self._reloads.add(reload)
            reload.add_done_callback(self._reloads.discard)

        wanted = {signal.SIGTERM: on_signal, signal.SIGINT: on_signal}
        if self.build is not None:
            wanted[signal.SIGHUP] = on_hangup
        loop = asyncio.get_running_loop()
        for number, answer in wanted.items():
            # Outside the main thread (tests) there are no signals to listen to.
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, answer)


def _watching(watched: Sequence[Watched]) -> str:
    return f"watching {len(watched)} endpoint{'s' * (len(watched) != 1)}"


async def _cancel(parts: "set[asyncio.Task[Any]]") -> None:
    for part in parts:
        part.cancel()
    await asyncio.gather(*parts, return_exceptions=True)


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
