"""A report made by hand: how it looks must not depend on how the engine is tuned."""

from datetime import UTC, datetime, timedelta

from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentState, Moved, Reason, Silence
from driftwatch.domain.metric import MEASURED, Severity
from driftwatch.services.bands import Band, Normal
from driftwatch.services.coverage import Coverage, total
from driftwatch.services.report import Deliveries, Report, Verdict
from driftwatch.services.report_endpoint import EndpointReport, StreamReport
from driftwatch.services.report_incident import IncidentReport
from driftwatch.services.standing import EndpointState, Standing, StreamState

SINCE = datetime(2026, 10, 12, tzinfo=UTC)
UNTIL = SINCE + timedelta(days=7)
OPENED = datetime(2026, 10, 14, 9, tzinfo=UTC)
PAGE = Delivery(
    key="support-bot/1/42/FIRST/57@oncall",
    route="oncall",
    severity=Severity.PAGE,
    payload={"incident": "inc-42", "reason": "FIRST"},
    created_at=OPENED,
    state=DeliveryState.SENT,
    attempts=1,
    sent_at=OPENED + timedelta(seconds=2),
)
INCIDENT = Incident(
    id=42,
    endpoint="support-bot",
    epoch=1,
    number=42,
    state=IncidentState.ACKNOWLEDGED,
    severity=Severity.PAGE,
    told=Severity.PAGE,
    reason=Reason.FIRST,
    opened_at=OPENED,
    updated_at=OPENED + timedelta(hours=1),
    by="ada",
    comment="asked the vendor, ticket #7",
    findings=(
        Finding(
            metric="pass",
            severity=Severity.PAGE,
            chart="cusum",
            statistic=9.6,
            threshold=8.1,
            arl=8760.0,
            direction=-1,
            before=0.91,
            after=0.78,
            effect_low=-0.17,
            effect_high=-0.09,
            onset=OPENED - timedelta(hours=3),
            onset_early=OPENED - timedelta(hours=5),
            onset_late=OPENED - timedelta(hours=2),
            moved=(
                Moved(probe_id="dates-07", before=0.98, after=0.02, q=4e-9),
                Moved(probe_id="json|12", before=1.0, after=0.1, q=2e-7),
            ),
        ),
    ),
)


def bands(*means: float | None) -> tuple[Band, ...]:
    day = timedelta(days=1)
    return tuple(
        Band(at=SINCE + i * day, mean=m, low=m, high=m, replays=0 if m is None else 24) for i, m in enumerate(means)
    )


def watching(metric: str, state: StreamState, statistic: float, **more) -> Standing:
    return Standing(
        metric=MEASURED[metric],
        state=state,
        compared=168,
        baseline_seen=24,
        baseline_replays=24,
        chart="cusum",
        statistic=statistic,
        threshold=8.1,
        **more,
    )


DRIFTED = EndpointReport(
    name="support-bot",
    model="openai/gpt-4.1-2025-04-14",
    state=EndpointState.DRIFTED,
    epoch=1,
    baseline=(24, 24),
    replays=167,
    watched=167,
    asked=10020,
    answered=10017,
    streams=(
        StreamReport(
            standing=watching("pass", StreamState.ALARM, 31.5, before=0.91, after=0.78, onset=OPENED),
            normal=Normal(mean=0.91, low=0.88, high=0.94),
            mean=0.82,
            peak=3.9,
            bands=bands(0.91, 0.92, 0.83, 0.78, None, 0.77, 0.78),
        ),
        StreamReport(
            standing=watching("length", StreamState.QUIET, 1.2),
            normal=Normal(mean=412.0, low=398.0, high=426.0),
            mean=415.0,
            peak=0.36,
            bands=bands(411.0, 415.0, 413.0, 416.0, None, 415.0, 417.0),
        ),
        StreamReport(
            standing=watching("refusal", StreamState.QUIET, 0.0),
            normal=Normal(mean=0.0, low=0.0, high=0.0),
            mean=0.0,
            peak=0.0,
            bands=bands(0.0, 0.0, 0.0, 0.0, None, 0.0, 0.0),
        ),
    ),
    shown=(
        StreamReport(
            standing=Standing(metric=MEASURED["latency"], state=StreamState.SHOWN, baseline_replays=24),
            normal=Normal(mean=420.0, low=380.0, high=460.0),
            mean=433.0,
            bands=bands(422.0, 431.0, 440.0, 436.0, None, 433.0, 436.0),
        ),
    ),
    incidents=(
        IncidentReport(
            incident=INCIDENT,
            model="openai/gpt-4.1-2025-04-14",
            answers={"dates-07": ("14 days", "```\n30 days"), "json|12": ('{"days": 14}', None)},
            fingerprint=Fingerprint(parts={"driver": "direct 0.1.0", "probes": "3f2a90c1d2e3", "sampling": "77aa00bb"}),
            deliveries=(PAGE,),
        ),
    ),
    coverage=Coverage(done=167, failed=1, reasons={"timeout": 1}),
    cost_usd=2.87,
    power="A fall of the pass rate by 4.2 points would be seen within 7 replays on average.",
)
LEARNING = EndpointReport(
    name="summaries",
    model="anthropic/claude-x",
    state=EndpointState.LEARNING,
    epoch=2,
    baseline=(12, 24),
    replays=12,
    watched=0,
    asked=120,
    answered=120,
    streams=(
        StreamReport(
            standing=Standing(
                metric=MEASURED["pass"], state=StreamState.LEARNING, baseline_seen=12, baseline_replays=24
            ),
            normal=Normal(mean=0.95, low=0.9, high=1.0),
            mean=0.95,
            bands=bands(0.95, 0.96),
        ),
    ),
    shown=(),
    incidents=(),
    coverage=Coverage(done=12),
    cost_usd=0.4,
)
REPORT = Report(
    since=SINCE,
    until=UNTIL,
    at=UNTIL,
    verdict=Verdict(
        states={EndpointState.DRIFTED: 1, EndpointState.LEARNING: 1},
        coverage=total([DRIFTED.coverage, LEARNING.coverage]),
    ),
    endpoints=(DRIFTED, LEARNING),
    coverage=total([DRIFTED.coverage, LEARNING.coverage]),
    deliveries=Deliveries(sent=1, late_p50_s=2.0, late_max_s=2.0),
    cost_usd=3.27,
    silences=(
        Silence(
            id=3,
            endpoint="summaries",
            starts_at=UNTIL - timedelta(hours=1),
            ends_at=UNTIL + timedelta(hours=3),
            by="bob",
            comment="vendor's maintenance",
        ),
    ),
)
