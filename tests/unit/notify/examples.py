"""Payloads that tests share."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from driftwatch.domain.decide import Audience, Decision, Tell
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Moved, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import budget_payload, payload_for, promises
from driftwatch.domain.selftest import Caught, SelfTest, selftest_payload

NOW = datetime(2026, 10, 14, 9, tzinfo=UTC)
FALL = Finding(
    metric="exact_match",
    severity=Severity.PAGE,
    chart="cusum",
    statistic=6.12,
    threshold=4.8,
    arl=370.4,
    direction=-1,
    before=0.91,
    after=0.78,
    effect_low=-0.19,
    effect_high=-0.08,
    onset=NOW.replace(hour=6),
    onset_early=NOW.replace(hour=5),
    onset_late=NOW.replace(hour=7),
    moved=tuple(
        Moved(probe_id=p, before=1.0, after=0.1, q=0.001) for p in ("dates-07", "json-12", "json-15", "refund-1")
    ),
)
LONGER = Finding(
    metric="length", severity=Severity.NOTICE, chart="ks", statistic=3.1, threshold=2.9, arl=9000, direction=1,
    before=81.2, after=120.4,
)  # fmt: skip
INCIDENT = Incident(
    id=42,
    endpoint="gpt-x@vendor",
    epoch=1,
    number=42,
    state=IncidentState.FIRING,
    severity=Severity.PAGE,
    told=Severity.PAGE,
    reason=Reason.FIRST,
    opened_at=NOW,
    updated_at=NOW,
    seq=38,
    findings=(FALL, LONGER),
)
OURS = Fingerprint(parts={"probes": "3f2a90c1d2e3", "driver": "driver 1.4.0", "sampling": "77aa00bb11cc"})
ANSWERS = {
    "dates-07": ("2026-10-14", "14 October, 2026"),
    "json-12": ('{"sum": 3}', 'Sure! Here is the JSON:\n```json\n{"sum": 3}\n```'),
    "json-15": ("[]", None),
}


def payload(incident: Incident = INCIDENT, **changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "reason": incident.reason, "severity": Severity.PAGE, "now": NOW, "fingerprint": OURS, "model": "openai/gpt-x",
        "excerpts": ANSWERS, "replays": 38,
    }  # fmt: skip
    return payload_for(incident, **(facts | changes))


def delivery(said: Mapping[str, Any] | None = None, **changes: Any) -> Delivery:
    facts: dict[str, Any] = {
        "key": "gpt-x@vendor/1/42/FIRST/38@oncall", "route": "oncall", "severity": Severity.PAGE, "created_at": NOW,
        "payload": payload() if said is None else said,
    }  # fmt: skip
    return Delivery(**(facts | changes))


ENDED = replace(INCIDENT, state=IncidentState.RESOLVED, reason=Reason.RESOLVED, ended_at=NOW)
BLIND = replace(
    INCIDENT, kind=IncidentKind.NO_DATA, severity=Severity.NOTICE, findings=(), attribution="no data",
    reason=Reason.NO_DATA, detail="cannot be measured: rate limited, 2 in a row",
)  # fmt: skip
NOTICE = Severity.NOTICE
TESTED = SelfTest(
    at=NOW, took_s=12.4,
    drifts=(
        Caught(name="a third of the answers become wrong", expected="page", told="page", replays=1),
        Caught(name="nothing changes", expected="silence", told="silence", replays=6),
    ),
)  # fmt: skip
EXAMPLES = {
    "page": payload(),
    "page-bare": payload(replace(INCIDENT, findings=(replace(FALL, before=None, onset=None, moved=()),)), fingerprint=None, excerpts=None, replays=None, model=None),
    "worse": payload(replace(INCIDENT, reason=Reason.WORSE)),
    "repeat": payload(replace(INCIDENT, state=IncidentState.ACKNOWLEDGED, reason=Reason.REPEAT_DUE, by="ada")),
    "silence-ended": payload(replace(INCIDENT, reason=Reason.SILENCE_ENDED)),
    "notice": payload(replace(INCIDENT, severity=NOTICE, findings=(LONGER,)), severity=NOTICE),
    "announced": payload(replace(INCIDENT, severity=NOTICE, findings=(), attribution="announced change", detail="the endpoint now answers as gpt-y; before as gpt-x"), severity=NOTICE, excerpts=None),
    "announced-page": payload(replace(INCIDENT, attribution="announced change", detail="the endpoint now answers as gpt-y; before as gpt-x")),
    "local-change": payload(replace(ENDED, reason=Reason.LOCAL_CHANGE, attribution="local change", detail="our side changed: driver"), severity=NOTICE, changed=["driver"]),
    "resolved": payload(replace(ENDED, detail="back to baseline: calm for 12 replays"), severity=NOTICE),
    "resolved-by": payload(replace(ENDED, by="ada", comment="a vendor's incident, over"), severity=NOTICE),
    "accepted": payload(replace(ENDED, state=IncidentState.ACCEPTED, reason=Reason.ACCEPTED, by="ada"), severity=NOTICE),
    "no-data": payload(BLIND, severity=NOTICE, excerpts=None),
    "measured-again": payload(replace(BLIND, state=IncidentState.RESOLVED, reason=Reason.RESOLVED, detail="measured again"), severity=NOTICE, excerpts=None),
    "budget": budget_payload(endpoint="gpt-x@vendor", now=NOW, spent_usd=5.0021, limit_usd=5),
    "acknowledged": payload(replace(INCIDENT, state=IncidentState.ACKNOWLEDGED, by="ada", comment="looking"), reason=Reason.ACKNOWLEDGED, severity=NOTICE),
    "details": payload() | {"part": "details"},
    "selftest": selftest_payload(TESTED),
    "selftest-failed": selftest_payload(replace(TESTED, drifts=(replace(TESTED.drifts[0], told="silence", replays=6),))),
}  # fmt: skip
OLD = NOW - timedelta(days=400)


def promised(reason: Reason, incident: Incident | None, **changes: Any) -> tuple[Delivery, ...]:
    decision = Decision(reason=reason, incident=incident, tell=(Tell(audience=Audience.PAGES, severity=Severity.PAGE),))
    return promises(
        decision, payloads={Severity.PAGE: {}}, routes={Audience.PAGES: "oncall"}, now=changes.get("now", NOW)
    )
