"""A replay as spans: one for the replay, under it one for each answer, and its scores as events of that."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from importlib.metadata import version

from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer, set_span_in_context

from driftwatch.adapters.traces.conventions import (
    CONVENTIONS,
    EVALUATION,
    Attributes,
    Value,
    answer_attributes,
    content_attributes,
    evaluation_attributes,
    request_attributes,
)
from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.replay import Replay, Score, Slot

Redact = Callable[[str], str]
MOST_EVENTS = 1_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One recorded replay, as it is to be told."""

    endpoint: Endpoint
    replay: Replay
    scores: Sequence[Score]


def trace_id(slot: Slot) -> int:
    """Return a slot's trace id: the same one whenever it is told, so that telling twice adds nothing."""
    return _hashed(f"{slot.endpoint}\0{slot.key}", 16)


def span_id(slot: Slot, probe_key: str = "", sample: int = 0) -> int:
    """Return the id of an answer's span, of the replay's own without a probe."""
    return _hashed(f"{slot.endpoint}\0{slot.key}\0{probe_key}\0{sample}", 8)


def _hashed(text: str, length: int) -> int:
    # 0 is no valid id.
    return int.from_bytes(sha256(text.encode("utf-8", "surrogatepass")).digest()[:length]) or 1


class SpanMaker:
    """Makes the spans of replays.

    Parameters
    ----------
    semconv : {"1.41", "latest"}
    content : bool
        Whether prompts and answers are in the spans.
    redact : callable
        Takes secrets out of a text.
    """

    def __init__(self, *, semconv: str, content: bool, redact: Redact) -> None:
        self._convention = CONVENTIONS[semconv]
        self._content = content
        self._redact = redact
        self._ids, self._ended = _Ids(), _Ended()
        provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource({"service.name": "driftwatch", "service.version": version("driftwatch-llm")}),
            id_generator=self._ids,
            span_limits=SpanLimits(max_events=MOST_EVENTS),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(self._ended)
        self._tracer: Tracer = provider.get_tracer("driftwatch", schema_url=self._convention.schema_url)

    def spans(self, told: Told) -> list[ReadableSpan]:
        """Return the spans of one replay, the replay's own last."""
        replay, slot = told.replay, told.replay.slot
        self._ids.trace, self._ids.span = trace_id(slot), span_id(slot)
        start, end = _ns(replay.started_at), _ns(replay.finished_at)
        answered = sum(answer.outcome is Outcome.OK for answer in replay.answers)
        about: Attributes = {
            "driftwatch.endpoint": slot.endpoint,
            "driftwatch.slot": slot.key,
            "driftwatch.epoch": replay.epoch,
            "driftwatch.answers": len(replay.answers),
            "driftwatch.answered": answered,
        }
        root = self._tracer.start_span(
            f"replay {slot.endpoint}", context=Context(), attributes=self._clean(about), start_time=start
        )
        self._answers(told, set_span_in_context(root, Context()))
        root.end(end_time=end)
        return self._ended.taken()

    def _answers(self, told: Told, parent: Context) -> None:
        scores: dict[tuple[str, int], list[Score]] = defaultdict(list)
        for score in told.scores:
            scores[score.probe_key, score.sample].append(score)
        request = request_attributes(told.endpoint)
        probes = {probe.key: probe for probe in told.endpoint.probe_set.probes}
        for answer in told.replay.answers:
            about = request | answer_attributes(answer, self._convention)
            if self._content and answer.probe_key in probes:
                about |= content_attributes(probes[answer.probe_key].messages, answer)
            self._ids.span = span_id(told.replay.slot, answer.probe_key, answer.sample)
            self._answer(answer, about, scores[answer.probe_key, answer.sample], parent)

    def _answer(self, answer: Answer, about: Attributes, scores: Sequence[Score], parent: Context) -> None:
        end = _ns(answer.at + timedelta(milliseconds=answer.latency_ms or 0.0))
        span = self._tracer.start_span(
            f"chat {about['gen_ai.request.model']}",
            context=parent,
            kind=SpanKind.CLIENT,
            attributes=self._clean(about),
            start_time=_ns(answer.at),
        )
        for score in scores:
            span.add_event(EVALUATION, self._clean(evaluation_attributes(score)), timestamp=end)
        if answer.outcome is not Outcome.OK:
            # A vendor's message may repeat the prompt: it counts as content.
            said = self._redact(answer.error or "") if self._content else answer.outcome.value
            span.set_status(Status(StatusCode.ERROR, said))
        span.end(end_time=end)

    def _clean(self, attributes: Attributes) -> Attributes:
        return {key: self._cleaned(value) for key, value in attributes.items()}

    def _cleaned(self, value: Value) -> Value:
        if isinstance(value, str):
            # Protobuf's texts are UTF-8: half of a surrogate pair would lose the whole batch.
            return self._redact(value).encode("utf-8", "replace").decode()
        return [str(self._cleaned(item)) for item in value] if isinstance(value, list | tuple) else value


class _Ids(IdGenerator):
    """Gives the ids that it was told."""

    trace = 1
    span = 1

    def generate_trace_id(self) -> int:
        return self.trace

    def generate_span_id(self) -> int:
        return self.span

    def is_trace_id_random(self) -> bool:
        return False


class _Ended(SpanProcessor):
    """Keeps the spans that have ended until they are taken."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        pass

    def on_end(self, span: ReadableSpan) -> None:
        self._spans.append(span)

    def taken(self) -> list[ReadableSpan]:
        spans, self._spans = self._spans, []
        return spans


def _ns(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1) * 1_000
