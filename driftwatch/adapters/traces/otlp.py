"""Sends replays as OTLP/HTTP protobuf from a thread of its own: a replay never waits for it and never fails by it."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from queue import Full, Queue
from threading import Thread
from urllib.parse import urlsplit

import requests
import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

from driftwatch.adapters.traces.feedback import Feedback, FeedbackError
from driftwatch.adapters.traces.spans import Redact, SpanMaker, Told
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.replay import Replay, Score
from driftwatch.services.ports import Traces

log = structlog.get_logger(__name__)

PATH = "/v1/traces"
MOST_WAITING = 16
SPANS_A_REQUEST = 64
TIMEOUT_S = 10.0
FLUSH_S = 2.0
"""With the daemon's own grace it stays below Kubernetes' 30 s of patience."""
ABORT_S = 0.5


class OtlpTraces(Traces):
    """Tells a collector of every recorded replay, as well as it can.

    Parameters
    ----------
    endpoint : str
        Address of the collector; ``/v1/traces`` is added where there is no path.
    headers : mapping
        Sent with every request; they may hold keys.
    scores : {"events", "phoenix", "mlflow"}
        Where scores go beside the spans' events.
    waiting : int
        Replays that may wait; the next one is dropped and counted.
    flush_s : float, optional
        What the end waits for what is left; two seconds by default.

    Examples
    --------
    >>> traces = OtlpTraces("http://127.0.0.1:4318", redact=str)
    >>> traces.address
    'http://127.0.0.1:4318/v1/traces'
    """

    def __init__(
        self,
        endpoint: str,
        *,
        headers: dict[str, str] | None = None,
        semconv: str = "1.41",
        content: bool = False,
        scores: str = "events",
        redact: Redact,
        waiting: int = MOST_WAITING,
        flush_s: float | None = None,
    ) -> None:
        # The exporter logs each attempt; what matters is told here, once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self.address = endpoint if urlsplit(endpoint).path not in ("", "/") else endpoint.rstrip("/") + PATH
        self.dropped = self.told = self.sent = 0
        self._flush_s = FLUSH_S if flush_s is None else flush_s
        self._maker = SpanMaker(semconv=semconv, content=content, redact=redact)
        self._exporter = OTLPSpanExporter(
            endpoint=self.address, headers=headers or {}, timeout=TIMEOUT_S, session=_session()
        )
        base = self.address.removesuffix(PATH)
        self._feedback = Feedback(scores, base, headers or {}, redact) if scores != "events" else None
        self._queue: Queue[Told | None] = Queue(maxsize=waiting)
        self._thread: Thread | None = None
        self._broken = self._closing = False

    def tell(self, endpoint: Endpoint, replay: Replay, scores: Sequence[Score]) -> None:
        """Take a recorded replay; returns at once, drops it if too many wait, and never raises."""
        try:
            self._queue.put_nowait(Told(endpoint=endpoint, replay=replay, scores=tuple(scores)))
        except Full:
            self.dropped += 1
            if self.dropped == 1:
                log.warning("traces are dropped: the collector takes them too slowly", waiting=self._queue.maxsize)
            return
        self.told += 1
        if self._thread is None:
            self._thread = Thread(target=self._work, name="traces", daemon=True)
            self._thread.start()

    async def aclose(self) -> None:
        """Send what waits, for `flush_s` at most."""
        if self._thread is not None:
            await asyncio.to_thread(self._finish)
        if self.dropped or self.lost:
            log.warning("traces were lost", dropped=self.dropped, undelivered=self.lost)

    @property
    def lost(self) -> int:
        """Replays that were taken and not delivered; while the thread works, also those that still may be."""
        return self.told - self.sent

    def _finish(self) -> None:
        assert self._thread is not None  # noqa: S101  # asked before; for mypy
        self._closing = True
        with suppress(Full):
            # A full queue needs no waking; the thread sees that it is to end.
            self._queue.put_nowait(None)
        self._thread.join(self._flush_s)
        # Ends the exporter's waiting between its attempts; what is left fails at once.
        self._exporter.shutdown()  # type: ignore[no-untyped-call]  # the exporter's own
        self._thread.join(ABORT_S)
        if self._feedback is not None:
            self._feedback.close()

    def _work(self) -> None:
        while not (self._closing and self._queue.empty()):
            told = self._queue.get()
            if told is None:
                return
            try:
                why = self._send(told)
            except Exception as error:  # noqa: BLE001  # whatever it is, the next replay is told all the same
                why = type(error).__name__
            self._note(why)

    def _send(self, told: Told) -> str | None:
        spans = self._maker.spans(told)
        for start in range(0, len(spans), SPANS_A_REQUEST):
            if self._exporter.export(spans[start : start + SPANS_A_REQUEST]) is not SpanExportResult.SUCCESS:
                return "the collector did not take the spans"
        if self._feedback is not None:
            try:
                self._feedback.send(told)
            except FeedbackError as error:
                return f"the scores were not taken ({error})"
        return None

    def _note(self, why: str | None) -> None:
        """Count a failure, and say it once until it is over."""
        if why is None:
            self.sent += 1
            if self._broken:
                # As loud as what it ends: whoever was told of the one hears of the other.
                log.warning("traces are taken again")
            self._broken = False
            return
        if not self._broken:
            log.warning("traces cannot be delivered", reason=why)
        self._broken = True


def _session() -> requests.Session:
    """Return a session that carries keys to no other place than the one it was given."""
    session = requests.Session()
    # No .netrc, and no redirects: only `Authorization` would be taken off on the way to another host.
    session.trust_env = False
    session.max_redirects = 0
    return session
