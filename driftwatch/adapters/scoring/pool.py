"""A few processes that score, so that one endpoint's scorer that runs away does not keep the others' waiting."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from driftwatch.adapters.scoring.process import ScorerProcess
from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers.verdict import Scorable, Scored, Scorer

MOST_PROCESSES = 4
"""Of some 75 MB each. Further scorers wait: a replay gives a scorer up after three that were too late."""


class ScorerPool:
    """Runs scorers in as many processes as are needed at once, up to `most`.

    Examples
    --------
    >>> spec = ScorerSpec(name="is-sql", argument=None, metric="is-sql")
    >>> with ScorerPool() as pool:
    ...     scorer = pool.bounded(spec)
    >>> scorer is None
    False
    """

    def __init__(self, most: int = MOST_PROCESSES) -> None:
        self._processes = [ScorerProcess() for _ in range(most)]
        # The one used last stands first: it runs already, and knows its scorers.
        self._idle = list(reversed(self._processes))
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bounded(self, spec: ScorerSpec) -> Scorer | None:
        """Return the scorer, run in one of the processes; None for a function that only this process has."""
        places = {process: process.bounded(spec) for process in self._processes}
        if None in places.values():
            return None

        def scorer(answer: Scorable) -> Scored:
            with self._free() as process:
                there = places[process]
                assert there is not None  # noqa: S101 -- asked above; for mypy
                return there(answer)

        return scorer

    def close(self) -> None:
        """End every process for good, whatever it is doing."""
        for process in self._processes:
            process.close()

    @contextmanager
    def _free(self) -> Iterator[ScorerProcess]:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._idle))
            process = self._idle.pop()
        try:
            yield process
        finally:
            with self._changed:
                self._idle.append(process)
                self._changed.notify()
