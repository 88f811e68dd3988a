"""A connection that sends no complete request is closed: whoever opens many and says nothing keeps nobody else out."""

import asyncio
import math

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 10.0
"""Real seconds from a connection's first moment, or a request's first bytes, to its last."""
UNFINISHED = {"IDLE", "SEND_BODY"}
"""What h11 calls a client that is still to say something."""
MOST_OPEN = 256
"""Connections: of the usual 1,024 descriptors most are left to the daemon."""


class Impatient(H11Protocol):
    """HTTP/1.1 for whoever says what he wants: uvicorn itself waits for ever for a request that was begun."""

    _until: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait; where too many are open, whoever has kept us waiting longest goes."""
        super().connection_made(transport)
        self._wait()
        if len(self.connections) > MOST_OPEN:
            min((one for one in self.connections if isinstance(one, Impatient)), key=Impatient.until).transport.abort()

    def until(self) -> float:
        """Return when it is given up, in the loop's time."""
        return self._until.when() if self._until else math.inf

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._settle()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what was sent; some bytes of a request buy no more time."""
        super().data_received(data)
        if repr(self.conn.their_state) in UNFINISHED:
            self._wait()
        else:
            self._settle()

    def _wait(self) -> None:
        if self._until is None:
            self._until = self.loop.call_later(PATIENCE_S, self._give_up)

    def _settle(self) -> None:
        if self._until is not None:
            self._until.cancel()
            self._until = None

    def _give_up(self) -> None:
        self._until = None
        self.transport.abort()
