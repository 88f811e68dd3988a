"""Whether it is our own network that fails: asked before a vendor is blamed."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from driftwatch.domain.decision import OPS_NOTICE, Decision
from driftwatch.domain.incident import Reason
from driftwatch.domain.payload import own_network_payload, promises
from driftwatch.domain.replay import Slot, SlotState
from driftwatch.services.ports import Canary, Clock, Store
from driftwatch.services.watched import Watched

log = structlog.get_logger(__name__)

REMEMBERED_S = 10.0
"""Seconds for which an answer of the canary serves: a hundred endpoints that fail together ask once."""


@dataclass(kw_only=True)
class OwnNetwork:
    """Asks the canary when a replay brought nothing but failed connections; an endpoint is asked first, always.

    Parameters
    ----------
    hosts : mapping
        Endpoint -> the host it is asked at: that one's silence is what is to be explained, so it is no canary for it.
    """

    canary: Canary
    clock: Clock
    hosts: Mapping[str, str] = field(default_factory=dict)
    _down: bool = field(default=False, init=False)
    _asked_at: float | None = field(default=None, init=False)
    _found: Mapping[str, str | None] = field(default_factory=dict, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    def reached(self) -> None:
        """Note that an endpoint answered: whatever the canary says, the network works."""
        if self._down:
            log.info("our own network works again")
        self._down = False

    async def trouble(self, endpoint: str) -> str | None:
        """Return what is wrong with our network; None if it works, or if nobody can tell."""
        async with self._lock:
            now = self.clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= REMEMBERED_S:
                self._found, self._asked_at = await self.canary.look(), now
        others = {name: why for name, why in self._found.items() if name != self.hosts.get(endpoint)}
        if not others or None in others.values():
            self._down = False
            return None
        if not self._down:
            log.error("our own network is down", canaries=dict(others))
        self._down = True
        return "; ".join(f"{name}: {why}" for name, why in sorted(others.items())[:3])


async def skip(watched: Watched, slot: Slot, why: str, store: Store, clock: Clock) -> None:
    """End a slot as skipped for our own network, and tell operations, once a day and not for every endpoint."""
    now, name = clock.now(), watched.endpoint.name
    reason = f"own network: {why}"
    await asyncio.to_thread(store.end_slot, slot, SlotState.SKIPPED, reason=reason, now=now)
    decision = Decision(reason=Reason.OWN_NETWORK, tell=(OPS_NOTICE,))
    payload = own_network_payload(endpoint=name, now=now, why=why)
    said = {tell.severity: payload for tell in decision.tell}
    promised = promises(decision, payloads=said, routes=watched.routes, now=now)
    await asyncio.to_thread(store.enqueue, promised)
    log.warning("replay skipped", endpoint=name, slot=slot.key, reason=reason)
