"""What is measured on every answer, and what a movement of it means to the people on call."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from driftwatch.scorers.verdict import MetricKind

MetricEvent = Literal["zeros", "ones", "unusual"]


class Severity(StrEnum):
    """How loud an alarm may become."""

    PAGE = "page"
    NOTICE = "notice"
    NONE = "none"

    @property
    def rank(self) -> int:
        """0 for none, 1 for notice, 2 for page."""
        return ("none", "notice", "page").index(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A named measure of answers.

    Parameters
    ----------
    name : str
        As it stands in records, reports and pages.
    kind : {"binary", "graded", "continuous"}
        Chooses the transform of the exchangeable score.
    harm : {-1, 0, 1}
        The direction that hurts users; 0 where a movement only tells that the model's identity changed.
    severity : Severity
        The loudest an alarm may be: ``none`` is measured and shown but never alarms.
    unit : str
        For people: ``ms``, ``USD``, ``nat``, or empty for a share or a count.
    weight : float
        Its part of the false-alarm budget, relative to the endpoint's other streams of this severity.
    judge : str
        Name of the judge whose verdicts it holds; empty where rules or measurements make it.
    own_reference : bool
        Whether answers are compared with the probe's first ones, so that it begins after those.
    event : {"zeros", "ones", "unusual"}
        Of a binary metric, what is looked for most: failures, ones such as refusals, or in each probe the answer that
        it rarely gives, where both ways mean the same.
    """

    name: str
    kind: MetricKind
    harm: int = 0
    severity: Severity = Severity.NOTICE
    unit: str = ""
    weight: float = 1.0
    judge: str = ""
    own_reference: bool = False
    event: MetricEvent = "zeros"


PASS = Metric(name="pass", kind="binary", harm=-1, severity=Severity.PAGE, weight=4.0)
"""1 when every scorer of the probe gave full marks: the headline stream."""

LOGPROB = Metric(name="logprob-distance", kind="continuous", unit="nat", weight=4.0, own_reference=True)
"""Of log-probability sensors: how far the chances of one token lie from the probe's own first answers."""
BORDER = Metric(name="border-distance", kind="continuous", weight=4.0, own_reference=True)
"""Of border inputs: total variation of the first token's law from that of the probe's own first answers."""

SEED = Metric(name="seed-mismatch", kind="binary", weight=0.5, own_reference=True, event="ones")
"""Of endpoints that honour the seed they are sent: whether the answer is not the one that it always gave."""

SIMILARITY = Metric(name="similarity", kind="continuous", own_reference=True)
"""Where an embedder is configured: how near an answer's meaning is to the nearest of the probe's own first answers."""

MEASURED = {
    metric.name: metric
    for metric in (
        PASS,
        Metric(name="refusal", kind="binary", harm=1, severity=Severity.PAGE, event="ones"),
        Metric(name="cut-off", kind="binary", harm=1, severity=Severity.PAGE, event="ones"),
        Metric(name="length", kind="continuous"),
        Metric(name="novelty", kind="continuous", weight=2.0, own_reference=True),
        Metric(name="unseen", kind="binary", weight=0.5, own_reference=True, event="ones"),
        Metric(name="logprob", kind="continuous", unit="nat", weight=2.0),
        LOGPROB,
        BORDER,
        SEED,
        SIMILARITY,
        Metric(name="markdown", kind="binary", event="unusual"),
        Metric(name="json-shape", kind="binary", event="unusual"),
        Metric(name="script", kind="continuous"),
        Metric(name="latency", kind="continuous", unit="ms", weight=0.5),
        # Measured and shown: the vendor's load moves them with the latency, and the price map the cost.
        Metric(name="ttft", kind="continuous", unit="ms", severity=Severity.NONE),
        Metric(name="tokens-per-s", kind="continuous", severity=Severity.NONE),
        Metric(name="input-tokens", kind="continuous", severity=Severity.NONE),
        Metric(name="output-tokens", kind="continuous", severity=Severity.NONE),
        Metric(name="reasoning-tokens", kind="continuous", severity=Severity.NONE),
        Metric(name="cached-tokens", kind="continuous", severity=Severity.NONE),
        Metric(name="cost", kind="continuous", unit="USD", severity=Severity.NONE),
        # Of probes with tools only.
        Metric(name="tool-called", kind="binary", event="unusual"),
        Metric(name="task-success", kind="binary", harm=-1, severity=Severity.PAGE),
        Metric(name="cost-per-success", kind="continuous", unit="USD", severity=Severity.NONE),
    )
}

SENSORS = frozenset({LOGPROB.name, BORDER.name})
"""Metrics that only sensor probes make."""

NOT_EVERYWHERE = SENSORS | {SEED.name, SIMILARITY.name}
"""Metrics that only some endpoints have; the others do without their part of the false-alarm budget."""

AGAINST_TEXTS = frozenset({"novelty", "unseen", SIMILARITY.name})
"""Metrics that compare an answer with the probe's reference texts; without those there is no score."""

AGAINST_FIRST_ANSWERS = AGAINST_TEXTS | SENSORS | {SEED.name}
"""Metrics that compare an answer with the probe's first ones, by text or otherwise; without those there is none."""

OF_TASKS = frozenset({"tool-called", "task-success", "cost-per-success"})
"""Metrics of probes with tools; an endpoint without such probes has none of them, and spends no budget on them."""

COMMON_FACTOR = frozenset({"latency", "ttft", "tokens-per-s"})
"""Metrics whose probes rise and fall together from replay to replay: load, route, time of day."""


def scored_metric(name: str, kind: MetricKind) -> Metric:
    """Return the metric of one scorer of the user's: it pages when it falls."""
    return Metric(name=name, kind=kind, harm=-1, severity=Severity.PAGE)
