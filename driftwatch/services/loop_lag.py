"""How late the event loop runs its callbacks: while it is late, no latency can be trusted."""

import asyncio
from types import TracebackType
from typing import Self

INTERVAL_S = 0.01


class LoopLag:
    """Measures on the running loop from entering to leaving.

    The loop's own time, not the injected Clock: what is measured is the loop.

    Examples
    --------
    >>> async def idle() -> float | None:
    ...     with LoopLag() as lag:
    ...         await asyncio.sleep(0.1)
    ...     return lag.p95_ms
    >>> asyncio.run(idle()) >= 0
    True
    """

    def __init__(self) -> None:
        self._lags: list[float] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._arm()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            self._handle.cancel()

    @property
    def p95_ms(self) -> float | None:
        """95th percentile of the delays, in milliseconds; None before the first was measured."""
        ordered = sorted(self._lags)
        return ordered[int(0.95 * (len(ordered) - 1))] * 1000 if ordered else None

    def _arm(self) -> None:
        if self._loop is not None:
            self._handle = self._loop.call_at(self._loop.time() + INTERVAL_S, self._measure, self._loop.time())

    def _measure(self, armed: float) -> None:
        if self._loop is not None:
            self._lags.append(max(self._loop.time() - armed - INTERVAL_S, 0.0))
            self._arm()
