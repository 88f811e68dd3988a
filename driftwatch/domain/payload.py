"""What a message will say, frozen when it is decided: plain JSON values, legible, without a vendor's markup."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any

from driftwatch.domain.decide import Audience, Decision
from driftwatch.domain.delivery import Delivery, Routes, listed
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.grouping import Grouping
from driftwatch.domain.incident import Finding, Incident, Moved, Reason, StateSeen
from driftwatch.domain.legible import legible, one_line
from driftwatch.domain.metric import MEASURED, Severity

EXCERPT = 300
"""Characters of an answer that are shown."""
PROBES_SHOWN = 3
FINDINGS_SHOWN = 6
ELSEWHERE_SHOWN = 20
_NAME = 120

Excerpts = Mapping[str, tuple[str | None, str | None]]
"""Probe id -> an answer from before the onset and one from after it."""


def payload_for(
    incident: Incident,
    *,
    reason: Reason,
    severity: Severity,
    now: datetime,
    fingerprint: Fingerprint | None = None,
    changed: Sequence[str] = (),
    model: str | None = None,
    excerpts: Excerpts | None = None,
    replays: int | None = None,
    seen: StateSeen | None = None,
    advice: str = "",
) -> dict[str, Any]:
    """Return the payload of one message about an incident; what is not known is left out, not invented.

    Parameters
    ----------
    severity : Severity
        Of this message: a page's end is a notice.
    now : datetime
        When it was decided.
    fingerprint : Fingerprint, optional
        Our side, as it was in the baseline and still is; its parts are shown as the evidence.
    changed : sequence of str
        Parts of it that did change.
    excerpts : mapping, optional
        By probe id, an old and a new answer; cut to 300 characters and made legible here.
    replays : int, optional
        Replays of this epoch that the decision rests on.
    seen : StateSeen, optional
        The state that these replays show.
    advice : str
        What is to do next, in a sentence; empty for nothing beyond the verbs.
    """
    findings = incident.findings[:FINDINGS_SHOWN]
    moved = findings[0].moved[:PROBES_SHOWN] if findings else ()
    return {
        "version": 1,
        "incident": incident.name,
        "key": incident.key,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "reason": reason.value,
        "severity": severity.value,
        "endpoint": one_line(incident.endpoint, _NAME),
        "at": now.isoformat(),
        "opened_at": incident.opened_at.isoformat(),
        "attribution": one_line(incident.attribution, _NAME),
        "findings": [_finding(f) for f in findings],
        "more_findings": len(incident.findings) - len(findings),
        "moved": [_moved(m, excerpts or {}) for m in moved],
        "changed": [one_line(c, _NAME) for c in changed],
        **_known(
            model=model and one_line(model, _NAME),
            detail=one_line(incident.detail, EXCERPT),
            replays=replays,
            by=incident.by and one_line(incident.by, _NAME),
            comment=incident.comment and one_line(incident.comment, EXCERPT),
            advice=one_line(advice, EXCERPT),
            thread_key=incident.parent_key,
            parent=f"inc-{incident.parent}" if incident.parent is not None else None,
            accepted_probes=[one_line(name, _NAME) for name in incident.accepted_probes[:ELSEWHERE_SHOWN]] or None,
            elsewhere=[one_line(name, _NAME) for name in incident.elsewhere[:ELSEWHERE_SHOWN]] or None,
            recurrence_of=f"inc-{incident.recurrence_of}" if incident.recurrence_of is not None else None,
            visits=incident.visits if incident.recurrence_of is not None else None,
            seen=seen and _known(verdict=seen.verdict, name=seen.name, first_seen=seen.first_seen),
            fingerprint=fingerprint and {k: one_line(v, _NAME) for k, v in sorted(fingerprint.parts.items())},
        ),
    }


def budget_payload(*, endpoint: str, now: datetime, spent_usd: float, limit_usd: float) -> dict[str, Any]:
    """Return the payload that says that today's money is spent and nothing more is asked until midnight UTC."""
    return {
        "version": 1,
        "kind": "budget",
        "reason": Reason.BUDGET_EXHAUSTED.value,
        "severity": Severity.NOTICE.value,
        "endpoint": one_line(endpoint, _NAME),
        "at": now.isoformat(),
        "spent_usd": round(spent_usd, 6),
        "limit_usd": limit_usd,
    }


def own_network_payload(*, endpoint: str, now: datetime, why: str) -> dict[str, Any]:
    """Return the payload that says that our own network fails, and that no vendor is blamed for it."""
    return {
        "version": 1,
        "kind": "own_network",
        "reason": Reason.OWN_NETWORK.value,
        "severity": Severity.NOTICE.value,
        "endpoint": one_line(endpoint, _NAME),
        "at": now.isoformat(),
        "why": one_line(why, 3 * _NAME),
    }


def trial_payload(*, route: str, now: datetime) -> dict[str, Any]:
    """Return the payload of a message that only proves that a route works."""
    return {
        "version": 1,
        "kind": "test",
        "reason": Reason.NONE.value,
        "severity": Severity.NOTICE.value,
        "endpoint": one_line(route, _NAME),
        "at": now.isoformat(),
    }


def promises(
    decision: Decision,
    *,
    payloads: Mapping[Severity, Mapping[str, Any]],
    routes: Mapping[Audience, Routes],
    now: datetime,
    grouping: Grouping | None = None,
) -> tuple[Delivery, ...]:
    """Return the outbox rows of a decision: one for each audience and route, keyed by (incident, transition, route).

    Parameters
    ----------
    payloads : mapping
        What to say at each severity in ``decision.tell``.
    routes : mapping
        Audience -> the route or routes it is told on; one without a route is told nothing.
    grouping : Grouping, optional
        For whom an opening waits; without one it waits for nobody.
    """
    due = grouping.due(decision.incident, decision.reason) if grouping and decision.incident else None
    group = {"group": one_line(grouping.name, _NAME)} if grouping and due else {}
    return tuple(
        Delivery(
            key=f"{_subject(decision, now)}@{route}",
            route=route,
            severity=tell.severity,
            payload={**payloads[tell.severity], **group},
            created_at=now,
            not_before=due,
        )
        for tell in decision.tell
        for route in listed(routes.get(tell.audience))
    )


def _subject(decision: Decision, now: datetime) -> str:
    """Name the transition so that deciding it again is the same promise; money is told of once a day."""
    if decision.incident is None:
        return f"{decision.reason.value}/{now:%Y-%m-%d}"
    incident = decision.incident
    # A slot without data has no seq of its own.
    timed = (Reason.REPEAT_DUE, Reason.NO_DATA, Reason.SILENCE_ENDED, Reason.ENDPOINT_REMOVED)
    when = incident.updated_at if decision.reason in timed else None
    return f"{incident.key}/{decision.reason.value}/{when.isoformat() if when else incident.seq}"


def _finding(finding: Finding) -> dict[str, Any]:
    metric = MEASURED.get(finding.metric)
    return {
        "metric": one_line(finding.metric, _NAME),
        "severity": finding.severity.value,
        "chart": one_line(finding.chart, _NAME),
        "direction": finding.direction,
        **_known(
            unit=metric.unit if metric else "",
            statistic=_finite(finding.statistic),
            threshold=_finite(finding.threshold),
            arl=_finite(finding.arl),
            before=_finite(finding.before),
            after=_finite(finding.after),
            effect_low=_finite(finding.effect_low),
            effect_high=_finite(finding.effect_high),
            onset=_moment(finding.onset),
            onset_early=_moment(finding.onset_early),
            onset_late=_moment(finding.onset_late),
            second_state=_finite(finding.second_state),
            second_state_low=_finite(finding.second_state_low),
            second_state_high=_finite(finding.second_state_high),
        ),
    }


def _moved(moved: Moved, excerpts: Excerpts) -> dict[str, Any]:
    old, new = excerpts.get(moved.probe_id, (None, None))
    return {
        "probe": one_line(moved.probe_id, _NAME),
        **_known(
            before=_finite(moved.before),
            after=_finite(moved.after),
            q=_finite(moved.q),
            old_answer=None if old is None else legible(old, EXCERPT),
            new_answer=None if new is None else legible(new, EXCERPT),
        ),
    }


def _known(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None and value != ""}


def _finite(value: float | None) -> float | None:
    # JSON knows neither infinity nor NaN.
    return value if value is not None and isfinite(value) else None


def _moment(value: datetime | None) -> str | None:
    return value.isoformat() if value else None
