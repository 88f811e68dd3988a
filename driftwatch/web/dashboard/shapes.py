"""What the API says, described for those who write against it; `presentation.as_json` makes it."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"\S")]
Comment = Annotated[str, StringConstraints(max_length=2_000)]


class Shape(BaseModel):
    """Something that is answered; later versions may add keys."""

    model_config = ConfigDict(extra="allow")


class Problem(Shape):
    """Why something could not be done; `slug` is what `driftwatch explain` takes."""

    detail: Any
    slug: str | None = None


class CoverageShape(Shape):
    """The slots of a period by what became of them."""

    due: int
    done: int
    failed: int
    skipped: int
    not_begun: int
    share: float | None
    reasons: dict[str, int]


class StandingShape(Shape):
    """Where a stream stands: `share` of its threshold is 1 or more at an alarm."""

    metric: str
    unit: str
    severity: str
    state: str
    baseline_seen: int
    baseline_replays: int
    chart: str | None
    statistic: float | None
    threshold: float | None
    calm: int
    distrust: str | None
    before: float | None
    after: float | None
    onset: datetime | None


class FindingShape(Shape):
    """One stream's alarm."""

    metric: str
    severity: str
    chart: str
    direction: int
    statistic: float | None
    threshold: float | None
    arl: float | None
    onset: datetime | None
    moved: list[dict[str, Any]]


class IncidentShape(Shape):
    """One drift of one endpoint."""

    id: int
    name: str
    endpoint: str
    kind: str
    state: str
    severity: str
    reason: str
    epoch: int
    opened_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    attribution: str
    detail: str
    by: str | None
    comment: str | None
    findings: list[FindingShape]


class Acted(IncidentShape):
    """An incident after a person's decision; `advice` is what is to do next, null where there is nothing."""

    advice: str | None


class EvidenceShape(IncidentShape):
    """An incident with its evidence; `answers` are text of the model's, to be escaped wherever they are shown."""

    model: str | None
    slot: str | None
    fingerprint: dict[str, str] | None
    answers: dict[str, dict[str, str | None]]
    deliveries: list[dict[str, Any]]
    timeline: list[dict[str, Any]]


class IncidentLeaf(Shape):
    """Some incidents, highest number first; pass `next` as `before` to get the following ones, null at the end."""

    items: list[IncidentShape]
    next: int | None


class EndpointShape(Shape):
    """One endpoint now."""

    name: str
    model: str
    state: str
    epoch: int
    baseline: dict[str, int]
    last_replay: datetime | None
    last_slot: dict[str, Any] | None
    coverage: CoverageShape
    spent_usd_today: float
    verdicts: dict[str, Any]
    incident: IncidentShape | None
    streams: list[StandingShape]


class SilenceShape(Shape):
    """A time in which nobody is told about an endpoint; `*` is any."""

    id: int
    endpoint: str
    starts_at: datetime
    ends_at: datetime
    by: str
    comment: str
    maintenance: bool
    timezone: str
    ended_by: str | None


class VerdictShape(Shape):
    """The fleet in one sentence, and in numbers."""

    words: str
    endpoints: int


class OverviewShape(Shape):
    """The fleet now."""

    version: int
    at: datetime
    verdict: VerdictShape
    spent_usd_today: float
    limit_usd_per_day: float | None
    endpoints: list[EndpointShape]
    silences: list[SilenceShape]


class CourseShape(Shape):
    """One stream's replays, under `dues`: their means, and its statistic as a share of the threshold, null for none."""

    normal: dict[str, float] | None
    values: list[float | None]
    levels: list[float | None]


class EndpointCourse(EndpointShape):
    """One endpoint now, and the course of its streams; every `step`-th replay is in it."""

    since: datetime
    until: datetime
    step: int
    dues: list[datetime]
    courses: dict[str, CourseShape]
    incidents: list[IncidentShape]
    probes: list[str]


class ChartsShape(Shape):
    """An endpoint's charts: a stream's name, or that and `#level`, -> a Vega-Lite specification without its `config`.

    `looks` is the `config` of all of them.
    """

    looks: dict[str, Any]
    charts: dict[str, dict[str, Any]]


class AnswerShape(Shape):
    """One answer; `text` is the model's and null where none came or retention took it."""

    seq: int
    due: datetime
    epoch: int
    probe: str
    sample: int
    outcome: str
    text: str | None
    error: str | None
    finish_reason: str | None
    model: str | None
    latency_ms: float | None
    scores: dict[str, float | None]


class ReferenceShape(Shape):
    """One of the probe's first answers of the baseline, and how often it was given."""

    text: str
    times: int


class ProbeShape(Shape):
    """One probe's answers, newest first; pass `next` as `before` to get older ones, null at the end."""

    endpoint: str
    id: str
    key: str | None
    reference: list[ReferenceShape]
    answers: list[AnswerShape]
    next: int | None


class Act(BaseModel):
    """Who acts, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Name
    comment: Comment | None = None


class SilenceAct(BaseModel):
    """Tell nobody about an endpoint (`*`: all of them) for so many hours."""

    model_config = ConfigDict(extra="forbid")

    endpoint: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    hours: Annotated[float, Field(gt=0, le=24 * 90, allow_inf_nan=False)]
    by: Name
    comment: Annotated[str, StringConstraints(min_length=1, max_length=2_000, pattern=r"\S")]
    maintenance: bool = False
