"""Threads in which answers are scored: one that waits for a scorer keeps neither the store nor the pager waiting."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from driftwatch.services.score import Scorers

T = TypeVar("T")

QUICK = 2
"""They compute and nothing else: more of them at once would only make the loop, and so the latencies, late."""
PATIENT = 16
"""They mostly wait for a process that scores; further endpoints with such scorers wait for these."""


class ScoringThreads:
    """Scores replays in threads of its own, apart from asyncio's few, which the store and the pager share.

    Endpoints whose scorers are run beside us, and may be late by minutes, wait for one another only.

    Parameters
    ----------
    end : callable
        Ends what scorers run in other processes; a thread cannot be stopped, only what it waits for.
    """

    def __init__(self, end: Callable[[], None] = lambda: None) -> None:
        self._end = end
        self._quick = ThreadPoolExecutor(QUICK, thread_name_prefix="score")
        self._patient = ThreadPoolExecutor(PATIENT, thread_name_prefix="score-beside")

    async def run(self, score: Callable[[], T], scorers: Scorers, *, beside: bool = False) -> T:
        """Return what `score`, which asks these scorers, gives; `beside` if it asks further ones that are run so."""
        beside = beside or any(named.family for each in scorers.values() for named in each)
        return await asyncio.get_running_loop().run_in_executor(self._patient if beside else self._quick, score)

    def close(self) -> None:
        """End promptly: what waits for its turn is not run, what waits for a scorer gets no score."""
        for threads in (self._quick, self._patient):
            threads.shutdown(wait=False, cancel_futures=True)
        self._end()
