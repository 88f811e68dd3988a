"""The pure decision after each replay: what becomes of the incident, who is told, and the name of the reason.

Rules are tried in order and the first that applies decides. What the full lifecycle adds (pending with a
confirmation burst, flapping, grouping, judge drift) are further rules in `RULES`, not branches in these.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Finding, Incident, IncidentKind, IncidentState, Reason, Silence
from driftwatch.domain.metric import MEASURED, Severity

CALM_REPLAYS = 12
"""Replays in a row below the hysteresis level that end an incident."""
REPEAT_AFTER = timedelta(hours=24)
REPEAT_AFTER_ACKNOWLEDGED = timedelta(days=7)
FAILED_REPLAYS = 2
"""Replays in a row that brought no data before people are told."""
_HOPELESS = frozenset({Outcome.AUTH, Outcome.NOT_FOUND})
_UNMEASURED = "cannot be measured"


class Audience(StrEnum):
    """Who is told; ``alerting:`` in the configuration maps each to a route."""

    PAGES = "pages"
    NOTICES = "notices"
    OPS = "ops"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """One message to one audience."""

    audience: Audience
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to write and whom to tell.

    Parameters
    ----------
    incident : Incident, optional
        As it stands from now on; None if there is nothing to write.
    tell : tuple of Tell
        Empty for silence.
    new_epoch : bool
        The baseline no longer compares like with like: the caller starts the next epoch.
    """

    reason: Reason
    incident: Incident | None = None
    tell: tuple[Tell, ...] = ()
    new_epoch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Situation:
    """What `decide` was told, with findings ranked and silences looked up."""

    endpoint: str
    epoch: int
    seq: int
    incident_id: int
    findings: tuple[Finding, ...]
    calm: int
    incident: Incident | None
    silenced: bool
    changed: Sequence[str]
    announced: str
    now: datetime

    @property
    def severity(self) -> Severity:
        found = max((f.severity for f in self.findings), key=lambda s: s.rank, default=Severity.NONE)
        return Severity.NOTICE if found is Severity.NONE and self.announced else found


def decide(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    findings: Sequence[Finding],
    calm: int,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
    changed: Sequence[str] = (),
    announced: str = "",
) -> Decision:
    """Decide what a scored replay means for the people on call.

    Parameters
    ----------
    endpoint, epoch, seq : str, int, int
        Which replay.
    incident_id : int
        The number a new incident gets (`Store.next_incident_id`); unused unless one opens.
    findings : sequence of Finding
        Streams whose statistic is at or above its threshold after this replay.
    calm : int
        Replays in a row, this one included, in which every stream stayed below its hysteresis level.
    incident : Incident, optional
        The endpoint's open incident.
    silences : sequence of Silence
        Any; those that do not cover the endpoint now are ignored.
    changed : sequence of str
        Parts of our own fingerprint that differ from the epoch's.
    announced : str
        What the vendor changed in its echoed identity, in words; empty for nothing.

    Examples
    --------
    >>> from datetime import UTC
    >>> fall = Finding(
    ...     metric="pass", severity=Severity.PAGE, chart="cusum", statistic=6.1, threshold=4.8, arl=370.0, direction=-1
    ... )
    >>> decision = decide(
    ...     endpoint="support-bot", epoch=1, seq=38, incident_id=42, findings=[fall], calm=0, incident=None,
    ...     silences=(), now=datetime(2026, 10, 14, 9, tzinfo=UTC),
    ... )
    >>> decision.reason.value, decision.incident.name, decision.tell[0].audience.value
    ('FIRST', 'inc-42', 'pages')
    """
    situation = _Situation(
        endpoint=endpoint,
        epoch=epoch,
        seq=seq,
        incident_id=incident_id,
        findings=_ranked(findings),
        calm=calm,
        incident=incident if incident and incident.state.open else None,
        silenced=any(s.covers(endpoint, now) for s in silences),
        changed=changed,
        announced=announced,
        now=now,
    )
    return next(decision for rule in RULES if (decision := rule(situation)))


def loudness(finding: Finding) -> Severity:
    """Return how loud a finding may be: it pages only when it moved in the direction that hurts users.

    Examples
    --------
    >>> rise = Finding(
    ...     metric="pass", severity=Severity.PAGE, chart="cusum", statistic=6.0, threshold=4.8, arl=370.0, direction=1
    ... )
    >>> loudness(rise).value
    'notice'
    """
    if finding.severity is not Severity.PAGE:
        return finding.severity
    # Metrics that are not measured without asking are a user's scorers: they hurt when they fall.
    harm = MEASURED[finding.metric].harm if finding.metric in MEASURED else -1
    return Severity.PAGE if harm and _direction(finding) * harm > 0 else Severity.NOTICE


# -- rules: each returns a decision, or None if it has nothing to say ---------------------------


def _our_side_changed(at: _Situation) -> Decision | None:
    if not at.changed:
        return None
    ended = at.incident and _ended(
        at.incident, at, Reason.LOCAL_CHANGE, f"our side changed: {', '.join(at.changed)}", attribution="local change"
    )
    return Decision(reason=Reason.LOCAL_CHANGE, incident=ended, tell=_those_told(at), new_epoch=True)


def _measured_again(at: _Situation) -> Decision | None:
    if at.incident is None or at.incident.kind is not IncidentKind.NO_DATA:
        return None
    ended = _ended(at.incident, at, Reason.RESOLVED, "measured again")
    return Decision(reason=Reason.RESOLVED, incident=ended, tell=_those_told(at))


def _first(at: _Situation) -> Decision | None:
    if at.incident is not None or at.severity is Severity.NONE:
        return None
    opened = Incident(
        id=at.incident_id,
        endpoint=at.endpoint,
        epoch=at.epoch,
        number=at.incident_id,
        state=IncidentState.FIRING,
        severity=at.severity,
        reason=Reason.FIRST,
        opened_at=at.now,
        updated_at=at.now,
        attribution="announced change" if at.announced else "silent change",
        opened_seq=at.seq,
        onset_slot=next((f.onset.isoformat() for f in at.findings if f.onset), None),
    )
    return _told(_joined_by(opened, at), at, Reason.FIRST)


def _worse(at: _Situation) -> Decision | None:
    if at.incident is None or at.severity.rank <= at.incident.severity.rank:
        return None
    worse = replace(_joined_by(at.incident, at), severity=at.severity, state=IncidentState.FIRING)
    return _told(worse, at, Reason.WORSE)


def _silence_ended(at: _Situation) -> Decision | None:
    if at.incident is None or at.silenced or at.calm or at.incident.told.rank >= at.incident.severity.rank:
        return None
    return _told(_joined_by(at.incident, at), at, Reason.SILENCE_ENDED)


def _calm_again(at: _Situation) -> Decision | None:
    if at.incident is None or at.severity is not Severity.NONE or at.calm < CALM_REPLAYS:
        return None
    ended = _ended(at.incident, at, Reason.RESOLVED, f"back to baseline: calm for {at.calm} replays")
    return Decision(reason=Reason.RESOLVED, incident=ended, tell=_those_told(at))


def _repeat_due(at: _Situation) -> Decision | None:
    if at.incident is None or at.silenced or not _due_again(at.incident, at.now):
        return None
    return _told(_joined_by(at.incident, at), at, Reason.REPEAT_DUE)


def _joined(at: _Situation) -> Decision | None:
    if at.incident is None:
        return None
    return Decision(reason=Reason.NONE, incident=_joined_by(at.incident, at))


def _quiet(_: _Situation) -> Decision:
    return Decision(reason=Reason.NONE)


RULES: tuple[Callable[[_Situation], Decision | None], ...] = (
    _our_side_changed,
    _measured_again,
    _first,
    _worse,
    _silence_ended,
    _calm_again,
    _repeat_due,
    _joined,
    _quiet,
)


def decide_unmeasured(
    *,
    endpoint: str,
    epoch: int,
    seq: int,
    incident_id: int,
    failed: int,
    outcome: Outcome,
    incident: Incident | None,
    silences: Sequence[Silence],
    now: datetime,
) -> Decision:
    """Decide what a slot without data means: two in a row are an incident, a refused key is one at once.

    Parameters
    ----------
    failed : int
        Slots in a row, this one included, that ended as failed.
    outcome : Outcome
        Why this one did; ``budget`` is told once a day and opens no incident.

    Examples
    --------
    >>> from datetime import UTC
    >>> decide_unmeasured(
    ...     endpoint="support-bot", epoch=1, seq=38, incident_id=42, failed=1, outcome=Outcome.TIMEOUT, incident=None,
    ...     silences=(), now=datetime(2026, 10, 14, 9, tzinfo=UTC),
    ... ).reason.value
    'NONE'
    """
    if outcome is Outcome.BUDGET:
        return Decision(reason=Reason.BUDGET_EXHAUSTED, tell=(_OPS_NOTICE,))
    if failed < FAILED_REPLAYS and outcome not in _HOPELESS:
        return Decision(reason=Reason.NONE)
    detail = f"{_UNMEASURED}: {outcome.value.replace('_', ' ')}, {failed} in a row"
    silenced = any(s.covers(endpoint, now) for s in silences)
    if incident and incident.state.open and incident.kind is IncidentKind.DRIFT:
        return _drift_unmeasured(incident, detail, silenced=silenced, now=now)
    if incident is None or not incident.state.open:
        incident = Incident(
            id=incident_id,
            endpoint=endpoint,
            kind=IncidentKind.NO_DATA,
            epoch=epoch,
            number=incident_id,
            state=IncidentState.FIRING,
            severity=Severity.NOTICE,
            reason=Reason.NO_DATA,
            opened_at=now,
            updated_at=now,
            seq=seq,
            attribution="no data",
        )
    incident = replace(incident, updated_at=now, detail=detail)
    if incident.told is not Severity.NONE and (silenced or not _due_again(incident, now)):
        return Decision(reason=Reason.NONE, incident=incident)
    if silenced:
        return Decision(reason=Reason.SILENCED, incident=replace(incident, reason=Reason.SILENCED))
    reason = Reason.SILENCE_ENDED if incident.reason is Reason.SILENCED else Reason.NO_DATA
    reason = reason if incident.told is Severity.NONE else Reason.REPEAT_DUE
    told = replace(incident, reason=reason, told=Severity.NOTICE, told_at=now)
    return Decision(reason=reason, incident=told, tell=(_OPS_NOTICE,))


def _drift_unmeasured(incident: Incident, detail: str, *, silenced: bool, now: datetime) -> Decision:
    """An endpoint that drifted and now falls silent stays one incident; operations hear of the silence once."""
    news = not incident.detail.startswith(_UNMEASURED)
    noted = replace(incident, updated_at=now, detail=detail)
    if news and not silenced:
        return Decision(reason=Reason.NO_DATA, incident=noted, tell=(_OPS_NOTICE,))
    return Decision(reason=Reason.SILENCED if news else Reason.NONE, incident=noted)


# -- what the rules are made of -----------------------------------------------------------------

_OPS_NOTICE = Tell(audience=Audience.OPS, severity=Severity.NOTICE)


def listeners(incident: Incident) -> tuple[Audience, ...]:
    """Return who has heard of the incident, and so hears how it ends."""
    if incident.told is Severity.NONE:
        return ()
    if incident.kind is IncidentKind.NO_DATA:
        return (Audience.OPS,)
    return (Audience.PAGES if incident.told is Severity.PAGE else Audience.NOTICES,)


def _told(incident: Incident, at: _Situation, reason: Reason) -> Decision:
    """Tell the incident's severity to its audience, or record that a silence kept us from it."""
    if at.silenced:
        return Decision(reason=Reason.SILENCED, incident=replace(incident, reason=Reason.SILENCED))
    told = replace(incident, reason=reason, told=incident.severity, told_at=at.now)
    tell = tuple(Tell(audience=audience, severity=incident.severity) for audience in listeners(told))
    return Decision(reason=reason, incident=told, tell=tell)


def _those_told(at: _Situation) -> tuple[Tell, ...]:
    if at.incident is None or at.silenced:
        return ()
    return tuple(Tell(audience=a, severity=Severity.NOTICE) for a in listeners(at.incident))


def _ended(incident: Incident, at: _Situation, reason: Reason, detail: str, attribution: str = "") -> Incident:
    return replace(
        incident,
        state=IncidentState.RESOLVED,
        reason=reason,
        seq=at.seq,
        updated_at=at.now,
        ended_at=at.now,
        detail=detail,
        attribution=attribution or incident.attribution,
    )


def _joined_by(incident: Incident, at: _Situation) -> Incident:
    """Return the incident with this replay's findings in place of older ones of the same stream and chart."""
    news = {(f.metric, f.chart) for f in at.findings}
    older = tuple(f for f in incident.findings if (f.metric, f.chart) not in news)
    measured = "" if incident.detail.startswith(_UNMEASURED) else incident.detail
    return replace(
        incident,
        seq=at.seq,
        updated_at=at.now,
        findings=_ranked((*at.findings, *older)),
        attribution="announced change" if at.announced else incident.attribution,
        detail=at.announced or measured,
    )


def _ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    heard = [replace(f, severity=loudness(f)) for f in findings if f.severity is not Severity.NONE]
    return tuple(sorted(heard, key=lambda f: (-f.severity.rank, -f.statistic / f.threshold, f.metric, f.chart)))


def _direction(finding: Finding) -> float:
    if finding.direction:
        return finding.direction
    if finding.before is None or finding.after is None:
        return 0.0
    return finding.after - finding.before


def _due_again(incident: Incident, now: datetime) -> bool:
    patience = REPEAT_AFTER_ACKNOWLEDGED if incident.state is IncidentState.ACKNOWLEDGED else REPEAT_AFTER
    return incident.told_at is not None and now - incident.told_at >= patience
