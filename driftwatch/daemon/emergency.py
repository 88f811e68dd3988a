"""What operations are told past the store: nothing can be stored, so nothing is watched and no page can be promised."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog

from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.domain.metric import Severity
from driftwatch.domain.store_told import store_payload
from driftwatch.services.ports import Clock, Notifier
from driftwatch.services.said import Said

log = structlog.get_logger(__name__)

PATIENCE_S = 60.0
"""A store that is locked or restarted for so long is nobody's trouble."""
GOODBYES, GOODBYE_S = 3, 2.0
"""Attempts of a node that another one has followed to say that its warning is over, and real seconds between them."""
PASSING = frozenset({"store-locked", "store-unreachable", "store-read-only", "store-path"})
"""What is over when a small write passes; a full disk may take that one, and not a replay."""
DAMAGE = frozenset({"store-corrupt", "store-not-a-database"})
"""What no write that passes shows to be over."""
ROOM = 1024 * 1024
"""Bytes that are written and taken back where a small write shows too little; a replay's answers are fewer, mostly."""


@dataclass
class Emergency:
    """Remembers since when the store fails, and whom that was told; in memory, for there is nothing else.

    A message that no sink takes is tried again at the next look. After a restart it is told once more: better twice
    than never.

    Parameters
    ----------
    patience_s : float
        Real seconds for which a failing store is nobody's trouble.
    """

    patience_s: float = PATIENCE_S
    trouble: str = field(default="", init=False)
    slug: str = field(default="", init=False)
    """What kind of trouble it is; empty where there is none."""
    _said: Said = field(default_factory=Said, init=False)
    _room: int = field(default=0, init=False)
    _rehearsed: bool = field(default=False, init=False)
    _doubted: bool = field(default=False, init=False)
    _since: float = field(default=0.0, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    def broke(self, error: Exception, clock: Clock, *, what: str = "the store fails", endpoint: str = "") -> None:
        """Note that something broke off, and log it; of the store's own failures the log hears once, not each time.

        Parameters
        ----------
        what : str
            What broke off, for the log.
        """
        about = {"endpoint": endpoint} if endpoint else {}
        if not isinstance(error, StoreError):
            log.error(what, exc_info=error, **about)
            return
        if not self.trouble and (not self._rehearsed or error.slug in PASSING):
            self._since = clock.monotonic()
        # A rehearsal passed, and what it stood for breaks off again: from here on only a replay shows the end.
        self._doubted |= error.slug in DAMAGE or (self._rehearsed and error.slug not in PASSING)
        self.trouble, self.slug = str(error), error.slug
        self._room = self._room if error.slug in PASSING else ROOM
        if self._said.is_news(self.trouble):
            told = "not said again until it changes"
            log.error(what, error=self.trouble, see=f"driftwatch explain {error.slug}", note=told, **about)

    def well(self) -> None:
        """Note that a replay was stored."""
        self._rehearsed = self._doubted = False
        self._over()

    def _over(self) -> None:
        self.trouble, self.slug, self._room = "", "", 0
        if before := self._said.over():
            log.info("the store works again", after=before)

    async def look(
        self,
        sinks: Mapping[str, Notifier],
        ops: Routes,
        clock: Clock,
        *,
        fallback: str | None = None,
        try_store: Callable[[int], None] | None = None,
    ) -> None:
        """Tell operations if it is time, and when it is over.

        Parameters
        ----------
        fallback : str, optional
            The route that is told if none of operations' own takes it.
        try_store : callable, optional
            Writes so many bytes to the store, in a thread, and raises StoreError if that cannot be done: the next
            replay that would show that it works again may be a day away.
        """
        if self.trouble and try_store is not None and not self._doubted:
            # Before its time too: until then the daemon is not ready, and the next slot may be an hour away.
            await self._try(try_store, clock)
        if self.trouble and clock.monotonic() - self._since < self.patience_s:
            return
        wanted = set(listed(ops))
        await self._tell(wanted - self._told if self.trouble else set(self._told), sinks, clock)
        if self.trouble and fallback is not None and not self._told & wanted:
            await self._tell({fallback} - self._told, sinks, clock)

    async def hand_over(self, sinks: Mapping[str, Notifier], clock: Clock) -> None:
        """Tell whoever was warned that another node stores from here on; nobody else knows that they were."""
        self.well()
        for _ in range(GOODBYES):
            await self._tell(set(self._told), sinks, clock)
            if not self._told & sinks.keys():
                return
            await clock.sleep(GOODBYE_S)

    async def _try(self, try_store: Callable[[int], None], clock: Clock) -> None:
        room = self._room
        try:
            await asyncio.to_thread(try_store, room)
        except StoreError as error:
            self.broke(error, clock)
        else:
            self._rehearsed |= room > 0
            self._over()

    async def _tell(self, routes: set[str], sinks: Mapping[str, Notifier], clock: Clock) -> None:
        for route in sorted(routes & sinks.keys()):
            if await self._send(sinks[route], route, clock):
                (self._told.add if self.trouble else self._told.discard)(route)

    async def _send(self, sink: Notifier, route: str, clock: Clock) -> bool:
        now = clock.now()
        payload = store_payload(trouble=self.trouble, now=now)
        severity = Severity.PAGE if self.trouble else Severity.NOTICE
        key = f"driftwatch/store/{payload['state']}/{now.isoformat()}@{route}"
        try:
            await sink.send(Delivery(key=key, route=route, severity=severity, payload=payload, created_at=now))
        except DeliveryError as error:
            log.critical("nothing can be stored, and nobody could be told", route=route, why=str(error))
            return False
        except Exception:
            # One sink with a mistake of ours in it must not keep it from the others.
            log.exception("nothing can be stored, and nobody could be told", route=route)
            return False
        log.critical("operations were told past the store", route=route, why=self.trouble or "it works again")
        return True
