"""What operations are told past the store: nothing can be stored, so nothing is watched and no page can be promised."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.errors import DeliveryError, StoreError
from driftwatch.domain.metric import Severity
from driftwatch.domain.store_told import store_payload
from driftwatch.services.ports import Clock, Notifier

log = structlog.get_logger(__name__)

PATIENCE_S = 60.0
"""A store that is locked or restarted for so long is nobody's trouble."""


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
    _since: float = field(default=0.0, init=False)
    _told: set[str] = field(default_factory=set, init=False)

    def broke(self, error: Exception, clock: Clock) -> None:
        """Note that a replay broke off; only the store's own failures count."""
        if not isinstance(error, StoreError):
            return
        if not self.trouble:
            self._since = clock.monotonic()
        self.trouble = str(error)

    def well(self) -> None:
        """Note that a replay was stored."""
        self.trouble = ""

    async def look(self, sinks: Mapping[str, Notifier], ops: Routes, clock: Clock) -> None:
        """Tell operations if it is time, and when it is over."""
        if self.trouble:
            if clock.monotonic() - self._since < self.patience_s:
                return
            routes = set(listed(ops)) - self._told
        else:
            routes = set(self._told)
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
        log.critical("operations were told past the store", route=route, why=self.trouble or "it works again")
        return True
