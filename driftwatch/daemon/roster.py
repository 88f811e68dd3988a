"""Who is on duty: one `Duty` an endpoint, its place in the scheduler, and the replays that run."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any

import structlog

from driftwatch.adapters.heap import give_back
from driftwatch.daemon.duty import Duty
from driftwatch.daemon.emergency import Emergency
from driftwatch.daemon.scheduler import SlotScheduler
from driftwatch.domain.errors import StoreError
from driftwatch.services.own_network import OwnNetwork
from driftwatch.services.ports import LanguageModel, Traces
from driftwatch.services.review import retire
from driftwatch.services.tick import Ticked
from driftwatch.services.watched import Watched
from driftwatch.services.world import World

log = structlog.get_logger(__name__)

AT_ONCE_S = 0.5
"""A reload waits for so long for endpoints that are idle to change over."""


class Roster:
    """Has every endpoint replayed at its slots, until it is finished.

    Parameters
    ----------
    decided : asyncio.Event
        Set whenever there may be something to deliver: pages wait for nobody's poll.
    tell_alive : callable
        Called with the endpoint after each replay, unless some endpoint is blind.
    emergency : Emergency
        Hears when the store fails, and when it does not.
    """

    def __init__(
        self,
        watched: Sequence[Watched],
        world: World,
        scheduler: SlotScheduler,
        *,
        decided: asyncio.Event,
        tell_alive: Callable[[str], Awaitable[None]],
        emergency: Emergency | None = None,
    ) -> None:
        self.watched, self.world = watched, world
        self._scheduler, self._decided, self._tell_alive = scheduler, decided, tell_alive
        self._replays: set[asyncio.Task[None]] = set()
        self._changing: set[asyncio.Task[None]] = set()
        self._broken: set[str] = set()
        self._emergency = emergency or Emergency()
        self._models = _models(watched)
        self._duties = {one.endpoint.name: self._enlist(one) for one in watched}

    @property
    def running(self) -> int:
        """How many replays run."""
        return len(self._replays)

    def retire(self) -> None:
        """Close what is open on endpoints that are watched no more. Blocks."""
        names = {one.endpoint.name for one in self.watched}
        # A judge is an endpoint with incidents of its own.
        names |= {judge.name for one in self.watched for judge in one.judges.values()}
        routes = self.watched[0].routes if self.watched else {}
        retire(self.world.store, names, routes, now=self.world.clock.now())

    async def review(self) -> None:
        """Let time decide what it does between replays."""
        for duty in list(self._duties.values()):
            try:
                await duty.review()
            except Exception as error:  # noqa: BLE001  # a store that is locked or gone for a while; the next look is soon
                self._emergency.broke(error, self.world.clock, what="incidents not reviewed")

    # -- another configuration -------------------------------------------------------------------

    async def adopt(self, watched: Sequence[Watched], traces: Traces | None, network: OwnNetwork | None) -> None:
        """Watch other endpoints, or the same ones otherwise; replays that run end as they began."""
        before, self.watched = self.world.traces, watched
        self.world = replace(self.world, traces=traces, network=network)
        self._models |= _models(watched)
        names = {one.endpoint.name for one in watched}
        leaving = [self._dismiss(name) for name in sorted(self._duties.keys() - names)]
        staying = [self._hand_over(one) for one in watched if one.endpoint.name in self._duties]
        for one in watched:
            if one.endpoint.name not in self._duties:
                self._duties[one.endpoint.name] = self._enlist(one)
        change = asyncio.create_task(self._change_over([*leaving, *staying], before))
        self._changing.add(change)
        change.add_done_callback(self._changing.discard)
        await asyncio.wait({change}, timeout=AT_ONCE_S)

    def _dismiss(self, name: str) -> Coroutine[Any, Any, None]:
        self._scheduler.remove(name)
        self._broken.discard(name)
        return self._duties.pop(name).ended()

    async def _hand_over(self, watched: Watched) -> None:
        await self._duties[watched.endpoint.name].adopt(watched, self.world)
        self._scheduler.renew(watched.endpoint.name)

    async def _change_over(self, parts: Sequence[Coroutine[Any, Any, None]], traces: Traces | None) -> None:
        """Wait for replays that run as before, then close what nobody uses any more."""
        await asyncio.gather(*parts)
        try:
            await asyncio.to_thread(self.retire)
        except StoreError:
            # The next start retires them; what nobody uses is closed all the same.
            log.exception("incidents of endpoints that left are still open")
        for unused in self._models.keys() - _models(self.watched).keys():
            # Another change may have closed it meanwhile.
            if (model := self._models.pop(unused, None)) is not None:
                await model.aclose()
        if traces is not None and traces is not self.world.traces:
            await traces.aclose()

    # -- replays -----------------------------------------------------------------------------------

    def _enlist(self, watched: Watched) -> Duty:
        duty = Duty(watched, self.world)

        async def on_due() -> None:
            # APScheduler cancels what runs inside its jobs when it stops: the replay is a task of ours.
            task = asyncio.create_task(self._on_duty(duty, watched.endpoint.name))
            self._replays.add(task)
            task.add_done_callback(self._replays.discard)

        self._scheduler.add(watched.endpoint.name, lambda: duty.schedule, on_due)
        return duty

    async def _on_duty(self, duty: Duty, name: str) -> None:
        ticked, before = None, duty.schedule
        try:
            ticked = await duty.on_due()
            if ticked is not None:
                # Skipped or failed, it ended as it should: nothing of ours is broken.
                self._broken.discard(name)
            if ticked is Ticked.REPLAYED:
                self._emergency.well()
            if duty.schedule != before:
                self._scheduler.renew(name)
        except Exception as error:  # noqa: BLE001
            # One endpoint's trouble must not silence the others; the slot is ended as failed at the next wake-up.
            self._broken.add(name)
            self._emergency.broke(error, self.world.clock, what="replay broke off", endpoint=name)
            if isinstance(error, StoreError):
                self.world.counts.add("store_failures", name)
        self._decided.set()
        if ticked is not None:
            await asyncio.to_thread(give_back)
        if ticked is Ticked.REPLAYED and self._broken:
            # The others' replays would hide it for ever.
            log.error(
                "an endpoint is blind: its replays break off; a dead-man's switch hears nothing meanwhile",
                endpoints=sorted(self._broken),
            )
        elif ticked is Ticked.REPLAYED:
            await self._tell_alive(name)

    # -- the end -----------------------------------------------------------------------------------

    async def finish(self, grace_s: float, hurry: asyncio.Event) -> None:
        """Let replays end, for so long or until there is a hurry; then cut them short."""
        if not self._replays:
            return
        hurried = asyncio.create_task(hurry.wait())
        together = asyncio.gather(*self._replays, return_exceptions=True)
        awaited: set[asyncio.Future[Any]] = {hurried, together}
        await asyncio.wait(awaited, timeout=grace_s, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        if not together.done():
            # Cancelled, a slot stays `running` in the store: the next start takes it again.
            log.warning("replays cut short", replays=len(self._replays))
            together.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await together

    async def close(self) -> None:
        """Release what endpoints and collectors hold, and the store last."""
        for change in list(self._changing):
            change.cancel()
        await asyncio.gather(*self._changing, return_exceptions=True)
        self.world.scoring.close()
        for model in self._models.values():
            await model.aclose()
        if self.world.traces is not None:
            await self.world.traces.aclose()
        await asyncio.to_thread(self.world.store.close)


def _models(watched: Sequence[Watched]) -> dict[int, LanguageModel]:
    return {id(model): model for one in watched for model in one.models}
