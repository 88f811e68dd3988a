"""The pages' own threads: a slow page waits for other pages, never a replay or a message for a page."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

THREADS = 2
MOST_WAITING = 24
T = TypeVar("T")


class Busy(Exception):  # noqa: N818  # it is no error of ours
    """More is asked for than can be read; asking again in some seconds helps."""


class Readers:
    """Runs what blocks in threads of its own, and so many at a time.

    The daemon asks its store in asyncio's own threads; pages that took those would hold replays up.
    """

    def __init__(self, *, threads: int = THREADS, most_waiting: int = MOST_WAITING) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pages")
        self._most, self._here = threads + most_waiting, 0

    async def run(self, make: Callable[[], T]) -> T:
        """Return what `make` returns.

        Raises
        ------
        Busy
            At once, where too many wait already.
        """
        if self._here >= self._most:
            raise Busy
        self._here += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, make)
        finally:
            self._here -= 1
