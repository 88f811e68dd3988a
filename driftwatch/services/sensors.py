"""Sensor probes: one token each, compared with the probe's own first answers by what the vendor says of its chances."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from driftwatch.domain.answer import Answer
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.metric import BORDER, LOGPROB, Metric
from driftwatch.domain.probe import Probe
from driftwatch.domain.replay import Replay, Score
from driftwatch.scorers import measure
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services.ports import Store
from driftwatch.services.references import text_reference
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.first_token import FirstTokenReference, law_of_tokens, law_of_top, mean_law
from driftwatch.stats.logprobs import LogprobReference

METRICS: Mapping[str, Metric] = {"logprob": LOGPROB, "border": BORDER}
"""Sensor -> the metric that it makes."""
NO_REFERENCE = Unscored("no reference yet")
NO_LOGPROBS = Unscored("the endpoint gave no log-probabilities")
NOT_COMPARABLE = Unscored("its log-probabilities cannot be compared with the reference's")
BROKEN_BLOCK = Unscored("an answer of the block is missing")
# What one token costs is worth knowing; how long it is, is not.
_MEASURED = ("input-tokens", "output-tokens", "cost")


@dataclass(frozen=True, kw_only=True)
class BorderReference:
    """The first-token law of a border input; `listed` if it was read from top-k lists rather than counted."""

    law: FirstTokenReference
    listed: bool


Reference = LogprobReference | BorderReference | Unscored
"""Of one sensor probe; unscored where its first answers make none."""


def sensor_probes(endpoint: Endpoint) -> tuple[Probe, ...]:
    """Return the endpoint's probes that are sensors."""
    return tuple(probe for probe in endpoint.probe_set.probes if probe.sensor)


def sensor_metrics(endpoint: Endpoint) -> dict[str, Metric]:
    """Return the metrics that the endpoint's sensors make."""
    metrics = [METRICS[probe.sensor] for probe in sensor_probes(endpoint)]
    return {metric.name: metric for metric in metrics}


class SensorReferences:
    """The references of sensor probes: read from the store until they are complete, from then on remembered.

    A probe's reference is made of its first answers, as many as half a baseline has, which are not scored themselves.
    One that was added or edited later begins with its own first answers; the others go on as they are.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, tuple[tuple[int, int], Mapping[str, Reference]]] = {}

    def of(self, endpoint: Endpoint, *, epoch: int) -> Mapping[str, Reference]:
        """Return the reference of every sensor probe of which there are enough answers in the `epoch`."""
        probes = sensor_probes(endpoint)
        if not probes:
            return {}
        remembered = self._complete.get(endpoint.name)
        which = epoch, len(self._store.acceptances(endpoint.name))
        known = remembered[1] if remembered is not None and remembered[0] == which else {}
        # A configuration that was read anew may bring other sensors.
        new = [probe for probe in probes if probe.key not in known]
        if not new:
            return known
        wanted = {probe.key: text_reference(endpoint.baseline_replays) * probe.samples for probe in new}
        found = self._store.first_answers(endpoint.name, epoch=epoch, limits=wanted)
        complete = {p.key: reference_of(p, found[p.key]) for p in new if len(found[p.key]) == wanted[p.key]}
        self._complete[endpoint.name] = (which, references := {**known, **complete})
        return references


def reference_of(probe: Probe, answers: Sequence[Answer]) -> Reference:
    """Return the reference that a sensor's first answers make."""
    try:
        if probe.sensor == "logprob":
            return LogprobReference.of([answer.reply.logprobs for answer in answers if answer.reply])
        lists = [law_of_top(top) for answer in answers if (top := _top(answer))]
        listed = len(lists) == len(answers)
        law = mean_law(lists) if listed else law_of_tokens([_token(answer) for answer in answers])
    except DegenerateError as error:
        return Unscored(str(error)[:200])
    return BorderReference(law=FirstTokenReference(law=law, block=probe.samples), listed=listed)


def plain_answers(endpoint: Endpoint, answers: Sequence[Answer]) -> Sequence[Answer]:
    """Return the answers of probes that are no sensors: a token's length tells nothing."""
    sensors = {probe.key for probe in sensor_probes(endpoint)}
    return [answer for answer in answers if answer.probe_key not in sensors] if sensors else answers


def sensor_scores(endpoint: Endpoint, replay: Replay, references: SensorReferences) -> list[Score]:
    """Return what an endpoint's sensors measured in a replay."""
    probes = sensor_probes(endpoint)
    return list(score_sensors(probes, replay.answers, references.of(endpoint, epoch=replay.epoch))) if probes else []


def score_sensors(
    probes: Sequence[Probe], answers: Sequence[Answer], references: Mapping[str, Reference]
) -> Iterator[Score]:
    """Yield what the sensors measured, and what it cost; a probe whose reference is not complete has no score yet."""
    given: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.reply is not None:
            given.setdefault(answer.probe_key, []).append(answer)
    for probe in probes:
        block, reference = given.get(probe.key, []), references.get(probe.key, NO_REFERENCE)
        for answer, value in zip(block, _values(probe, block, reference), strict=False):
            yield Score(probe.key, answer.sample, METRICS[probe.sensor].name, value)
        for answer in block:
            measured = measure(answer)
            yield from (Score(probe.key, answer.sample, name, measured[name]) for name in _MEASURED)


def _values(probe: Probe, block: Sequence[Answer], reference: Reference) -> list[Scored]:
    """Return one value for each answer, or one for the whole block where tokens are counted."""
    if isinstance(reference, Unscored):
        return [reference] * len(block)
    try:
        if isinstance(reference, LogprobReference):
            return [_distance(answer, reference) for answer in block]
        if reference.listed:
            return [_listed(answer, reference.law) for answer in block]
    except DegenerateError as error:
        return [Unscored(str(error)[:200])] * len(block)
    score = reference.law.score([_token(answer) for answer in block]) if len(block) == probe.samples else None
    return [BROKEN_BLOCK if score is None else score]


def _distance(answer: Answer, reference: LogprobReference) -> Scored:
    if answer.reply is None or not answer.reply.logprobs:
        return NO_LOGPROBS
    score = reference.score(answer.reply.logprobs)
    return NOT_COMPARABLE if score is None else score.distance


def _listed(answer: Answer, law: FirstTokenReference) -> Scored:
    top = _top(answer)
    return law.score_top(top) if top else NO_LOGPROBS


def _top(answer: Answer) -> Mapping[str, float]:
    return answer.reply.logprobs[0].top if answer.reply and answer.reply.logprobs else {}


def _token(answer: Answer) -> str:
    return answer.reply.logprobs[0].token if answer.reply and answer.reply.logprobs else answer.text
