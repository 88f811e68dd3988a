"""The demo's story: a baseline, quiet days, a silent change, and what arrives at whom."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

from driftwatch.adapters.notify.wording import POSSIBLE_REPEAT
from driftwatch.adapters.store import open_store
from driftwatch.config.values import parse_duration
from driftwatch.demo.drifts import DRIFTS, Drift
from driftwatch.demo.stage import BASELINE, ENDPOINT, Hear, Stage, set_stage
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import SlotState
from driftwatch.testing.slack import Post

QUIET = 6
"""Replays between the baseline and the change."""
PATIENCE = 25
"""Replays after the change within which the message must come."""
SETTLED = 8
"""Replays after the message in which nothing louder may follow."""
POLL_S = 0.1
LIMIT_S = 240.0
PAUSE = Event()

Say = Callable[[str], None]
Advance = Callable[[str, int, int], None]
"""Called with a phase's name, replays done and replays wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How the demo ended.

    Parameters
    ----------
    came, must_come : Severity
        The loudest message that arrived, and the one that had to.
    pages, notices : int
        Messages told to each audience.
    repeats : int
        Messages that came again, marked as a possible repeat, after a daemon was killed while it sent them: a webhook
        cannot be asked what it took.
    replays, replays_wanted : int
        Replays that were made, and that the story has: silence says nothing before they are.
    replays_to_message : int, optional
        Replays between the change and the message.
    restarts : int
        How often the daemon was killed and started again.
    as_it_must : bool
        Whether this is the ending that was promised.
    """

    drift: str
    must_come: Severity
    came: Severity
    pages: int
    notices: int
    repeats: int
    replays: int
    replays_wanted: int
    replays_to_message: int | None
    restarts: int
    daemon_exit: int
    seconds: float
    recorded: bool

    @property
    def cut_off(self) -> bool:
        """Whether the time was over before the story was: a machine that is too busy, or replays too far apart."""
        return self.replays < self.replays_wanted

    @property
    def as_it_must(self) -> bool:
        """Whether the loudest message is the one that had to come, once, in a story told to its end."""
        once = self.pages == (1 if self.must_come is Severity.PAGE else 0)
        return self.came is self.must_come and once and self.daemon_exit == 0 and not self.cut_off


def _told(posts: Sequence[Post]) -> int:
    marked = sum(POSSIBLE_REPEAT in post.text for post in posts)
    return len(posts) - min(marked, max(len(posts) - 1, 0))


def limit_s(every: str) -> float:
    """Return how long the story may take: twice what its replays ask for, and never less than `LIMIT_S`.

    Examples
    --------
    >>> limit_s("1s"), limit_s("5s")
    (240.0, 510.0)
    """
    return max(LIMIT_S, 2 * (BASELINE + QUIET + PATIENCE) * parse_duration(every).total_seconds())


def play(drift: Drift, folder: Path, *, every: str, recorded: bool, say: Say, hear: Hear, advance: Advance) -> Ending:
    """Run the whole story in `folder` and return how it ended."""
    started = time.perf_counter()
    with set_stage(folder, DRIFTS["none"], every=every, recorded=recorded, hear=hear) as stage:
        watcher = _Watcher(stage, advance, deadline=started + limit_s(every))
        watcher.until(BASELINE, "learning the baseline")
        watcher.until(BASELINE + QUIET, "quiet replays")
        before = watcher.replays
        if drift.must_end is not Severity.NONE:
            stage.swap(drift, recorded=recorded)
        say(f"Behind the unchanged endpoint: {drift.told}.")
        heard = watcher.until_told(drift.must_end, before + PATIENCE)
        wanted = BASELINE + QUIET + (PATIENCE if heard is None else heard - before + SETTLED)
        watcher.until(watcher.replays + (SETTLED if heard is not None else 0), "waiting whether anything else comes")
        exit_code = stage.stop_daemon()
        watcher.close()
        return Ending(
            drift=drift.name,
            must_come=drift.must_end,
            came=Severity.PAGE if stage.pages else Severity.NOTICE if stage.notices else Severity.NONE,
            pages=_told(stage.pages),
            notices=_told(stage.notices),
            repeats=len(stage.pages) + len(stage.notices) - _told(stage.pages) - _told(stage.notices),
            replays=watcher.replays,
            replays_wanted=wanted,
            replays_to_message=None if heard is None else heard - before,
            restarts=stage.starts - 1,
            daemon_exit=exit_code,
            seconds=round(time.perf_counter() - started, 1),
            recorded=recorded,
        )


class _Watcher:
    """Looks into the store while the daemon works."""

    def __init__(self, stage: Stage, advance: Advance, *, deadline: float) -> None:
        self._stage, self._advance, self._deadline = stage, advance, deadline
        # Made here, before the daemon starts: two processes must not make it at once.
        self._store = open_store(f"sqlite:///{stage.folder / 'driftwatch.db'}")
        self.replays = 0

    def until(self, wanted: int, phase: str) -> None:
        """Wait until so many replays are done."""
        while not self._look(phase, wanted):
            PAUSE.wait(POLL_S)
        self._advance(phase, wanted, wanted)

    def until_told(self, severity: Severity, last: int) -> int | None:
        """Wait for a message of that severity, and return at which replay it came; None if it did not."""
        posts = {Severity.PAGE: self._stage.pages, Severity.NOTICE: self._stage.notices}.get(severity, [])
        phase = "waiting for what arrives" if severity is not Severity.NONE else "waiting in silence"
        while not self._look(phase, last):
            if posts:
                return self.replays
            PAUSE.wait(POLL_S)
        return self.replays if posts else None

    def close(self) -> None:
        """Let the store go."""
        self._store.close()

    def _look(self, phase: str, wanted: int) -> bool:
        self._stage.keep_alive()
        self.replays = sum(r.state is SlotState.DONE for r in self._store.slots(ENDPOINT))
        self._advance(phase, min(self.replays, wanted), wanted)
        return self.replays >= wanted or time.perf_counter() > self._deadline
