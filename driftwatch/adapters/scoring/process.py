"""One process beside ours for scorers that may run away: asked over a pipe, killed when its time is over.

Threads cannot be stopped, and a signal reaches the main thread only, so neither bounds a function that never returns.
The process is started with the first score that needs it, and again after a kill: half a second each time.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self

from driftwatch.adapters.scoring.orders import answer_out, decoded, encoded, order_of, score_in
from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers.callee import limit_of
from driftwatch.scorers.seen import seen
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

START_S = 60.0
"""For the process to start, and for what a scorer imports: not the scorer's own time."""
CLOSE_S = 2.0
"""A scorer whose process was killed has seen the end of its pipe long before."""
STOPPING = Unscored("the scorer was not run: driftwatch is stopping")
_CHILD = "from driftwatch.adapters.scoring.child import main; main({0}, {1})"


class ScorerProcess:
    """Runs scorers in a process of their own.

    Examples
    --------
    >>> spec = ScorerSpec(name="is-sql", argument=None, metric="is-sql")
    >>> with ScorerProcess() as process:
    ...     scorer = process.bounded(spec)
    >>> scorer is None
    False
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._starting = threading.Lock()
        self._closed = False
        self._child: subprocess.Popen[bytes] | None = None
        self._orders: Connection | None = None
        self._answers: Connection | None = None
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def bounded(self, spec: ScorerSpec) -> Scorer | None:
        """Return the scorer, run over there within its time; None for a function that only this process has."""
        order = order_of(spec)
        if order is None:
            return None
        limit_s = limit_of(spec.argument)
        # The order itself may hold thirty long texts, and the key goes along with every answer.
        key = sha256(encoded(order)).hexdigest()
        return lambda answer: self._score(key, order, answer, limit_s)

    def close(self) -> None:
        """End the process for good, whatever it is doing; what would be scored from now on is unscored."""
        with self._starting:
            self._closed = True
            self._kill()
        # Whoever waited for an answer holds the lock until it has seen the end of the pipe, and tidies up itself.
        if self._lock.acquire(timeout=CLOSE_S):
            self._end()
            self._lock.release()

    def _score(self, key: str, order: dict[str, Any], answer: Scorable, limit_s: float) -> Scored:
        with self._lock:
            return STOPPING if self._closed else self._told(lambda: self._score_there(key, order, answer, limit_s))

    def _told(self, ask: Callable[[], Scored]) -> Scored:
        try:
            return ask()
        except _OutOfTimeError as error:
            self._end()
            return Unscored(f"timeout: {error}")
        except (EOFError, OSError, ValueError) as error:
            # A crash of the interpreter, os._exit, a memory limit: whatever ended it, it was this answer's scorer.
            self._end()
            return STOPPING if self._closed else Unscored(f"the scorer's process ended: {type(error).__name__}")

    def _score_there(self, key: str, order: dict[str, Any], answer: Scorable, limit_s: float) -> Scored:
        self._start()
        if key not in self._known:
            message = {"key": key, "order": order, "path": sys.path, "limit_s": START_S}
            self._ask(message, START_S, f"the scorer was not ready after {START_S:g} s")
            self._known.add(key)
        message = {"key": key, "answer": answer_out(seen(answer)), "limit_s": limit_s}
        return score_in(self._ask(message, limit_s, f"the scorer took longer than {limit_s:g} s on this answer"))

    def _ask(self, message: dict[str, Any], limit_s: float, late: str) -> Any:
        if self._orders is None or self._answers is None:
            raise EOFError
        self._orders.send_bytes(encoded(message))
        return self._answer(limit_s, late)

    def _answer(self, limit_s: float, late: str) -> Any:
        if self._answers is None or not self._answers.poll(limit_s):
            raise _OutOfTimeError(late)
        return decoded(self._answers.recv_bytes())

    def _start(self) -> None:
        if self._child is not None and self._child.poll() is None:
            return
        self._end()
        # Most golden sets have no scorer that runs away: a replay of theirs is over without it.
        from multiprocessing.connection import Pipe

        orders_out, self._orders = Pipe(duplex=False)
        self._answers, answers_in = Pipe(duplex=False)
        fds = (orders_out.fileno(), answers_in.fileno())
        with self._starting:
            if self._closed:
                raise EOFError
            self._child = subprocess.Popen(  # noqa: S603 -- our own interpreter and our own module
                [sys.executable, "-c", _CHILD.format(*fds)],
                pass_fds=fds,
                stdin=subprocess.DEVNULL,
                # Ctrl-C is the daemon's to handle: this one ends when its pipe does.
                start_new_session=True,
            )
        orders_out.close()
        answers_in.close()
        self._answer(START_S, f"the scorer's process was not ready after {START_S:g} s")

    def _end(self) -> None:
        for pipe in (self._orders, self._answers):
            if pipe is not None:
                pipe.close()
        self._kill()
        if self._child is not None:
            self._child.wait()
        self._child, self._orders, self._answers, self._known = None, None, None, set()

    def _kill(self) -> None:
        child = self._child
        if child is not None and child.returncode is None:
            # It leads a session of its own: what a scorer started goes with it. Ended already: nobody to end.
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)


class _OutOfTimeError(Exception):
    """The time was over; says whose."""
