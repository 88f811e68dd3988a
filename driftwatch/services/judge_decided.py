"""What a judge's own drift does to a decision: it ends what was blamed on an endpoint, and is called by its name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from driftwatch.domain.decide import Decision, Tell, listeners
from driftwatch.domain.incident import Finding, Incident, IncidentKind, Reason
from driftwatch.domain.judge_drift import ATTRIBUTION, VERDICT, ended_by_judge, is_judge
from driftwatch.domain.metric import Severity
from driftwatch.domain.replay import ReplayScores

SILENT = "silent change"
HELD_BACK = "what it says of endpoints is held back until this has ended"


def ended_with_judge(
    judged: Mapping[str, str],
    incident: Incident | None,
    findings: Sequence[Finding],
    replay: ReplayScores,
    now: datetime,
) -> Decision | None:
    """Return the end of a drift that was the judge's all along, told to those who heard of it; else None."""
    over = ended_by_judge(incident, findings, judged, replay.fingerprint, seq=replay.seq, now=now)
    if over is None:
        return None
    tell = tuple(Tell(audience=audience, severity=Severity.NOTICE) for audience in listeners(over))
    return Decision(reason=Reason.JUDGE_DRIFT, incident=over, tell=tell)


def of_judge(endpoint: str, decision: Decision) -> Decision:
    """Return the decision on a judge with its drift called by its name."""
    found = decision.incident
    if found is None or not is_judge(endpoint) or found.kind is not IncidentKind.DRIFT:
        return decision
    if found.attribution not in (SILENT, ATTRIBUTION):
        return decision
    # What it says of frozen answers is the news; how it words that may have moved further.
    findings = sorted(found.findings, key=lambda one: one.metric != VERDICT)
    named = replace(found, attribution=ATTRIBUTION, findings=tuple(findings), detail=found.detail or HELD_BACK)
    return replace(decision, incident=named)
