"""What the rules of a decision look at, and the steps that they share."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property

from driftwatch.domain.alarms import Alarms
from driftwatch.domain.causes import NOTHING_KNOWN, Attribution, Causes, Elsewhere, Explained, explain, loudest
from driftwatch.domain.decision import Decision, Tell, listeners
from driftwatch.domain.incident import Finding, Incident, IncidentState, Reason, Silence, unowned
from driftwatch.domain.metric import MEASURED, Severity

UNMEASURED = "cannot be measured"
REPEAT_AFTER = timedelta(hours=24)
REPEAT_AFTER_ACKNOWLEDGED = timedelta(days=7)
RECURRENCE_WAKES_AFTER = timedelta(days=7)
_ORDER = [one.value for one in Attribution]


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What `decide` was told, with findings ranked and silences looked up.

    Parameters
    ----------
    confirm : bool
        Whether a confirmation burst can be asked for before somebody is woken.
    transitions : int
        Openings and endings of this endpoint's drifts in the last 24 hours, of those told as loudly as this replay.
    """

    endpoint: str
    epoch: int
    seq: int
    incident_id: int
    findings: tuple[Finding, ...]
    alarms: Alarms
    incident: Incident | None
    silence: Silence | None
    changed: Sequence[str]
    now: datetime
    causes: Causes = NOTHING_KNOWN
    confirm: bool = False
    transitions: int = 0
    explained: Explained = field(init=False)

    def __post_init__(self) -> None:
        """Explain the movement by all that is known of it."""
        known = {(f.metric, f.chart): f for f in (self.incident.findings if self.incident else ())}
        known |= {(f.metric, f.chart): f for f in self.findings}
        found = explain(tuple(known.values()), self.causes)
        object.__setattr__(self, "explained", _kept(self.incident, found, self.findings))

    @cached_property
    def severity(self) -> Severity:
        """How loud this replay's evidence may be."""
        found = max((f.severity for f in self.findings), key=lambda s: s.rank, default=Severity.NONE)
        if found is Severity.NONE:
            return Severity.NOTICE if self.causes.announced else found
        return min(found, loudest(self.explained.attribution), key=lambda s: s.rank)

    @property
    def silenced(self) -> bool:
        """Whether nobody may be told now."""
        return self.silence is not None

    @property
    def covered(self) -> bool:
        """Whether an earlier page that was promised for the same cause covers this drift too."""
        return self.parent is not None

    @property
    def parent(self) -> Elsewhere | None:
        """The earliest paged drift that shares the cause."""
        own = self.incident.id if self.incident else self.incident_id
        paged = [one for one in self.explained.together if one.paged and one.incident < own]
        return min(paged, key=lambda one: one.incident, default=None)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return what may be told, loudest first, then by how far above its threshold."""
    heard = [replace(f, severity=loudness(f)) for f in findings if f.severity is not Severity.NONE]
    return tuple(sorted(heard, key=lambda f: (-f.severity.rank, -f.statistic / f.threshold, f.metric, f.chart)))


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


def told(incident: Incident, at: Situation, reason: Reason, *, quietly: bool = False) -> Decision:
    """Tell the incident's severity to its audience, or record that a silence kept us from it.

    Parameters
    ----------
    quietly : bool
        The same people are told, and not woken.
    """
    if at.silence is not None:
        return kept_back(incident, at.silence)
    heard = replace(incident, reason=reason, told=incident.severity, told_at=at.now)
    severity = Severity.NOTICE if quietly else incident.severity
    tell = tuple(Tell(audience=audience, severity=severity) for audience in listeners(heard))
    return Decision(reason=reason, incident=heard, tell=tell)


def kept_back(incident: Incident, silence: Silence) -> Decision:
    """Record which silence kept a message back."""
    reason = Reason.MAINTENANCE if silence.maintenance else Reason.SILENCED
    return Decision(reason=reason, incident=replace(incident, reason=reason, suppressed_by=silence.id))


def silence_over(endpoint: str, silences: Sequence[Silence], now: datetime) -> Silence | None:
    """Return the silence in force that ends last."""
    return max((s for s in silences if s.covers(endpoint, now)), key=lambda s: s.ends_at, default=None)


def those_told(at: Situation) -> tuple[Tell, ...]:
    """Return the notice to everybody who has heard of the open incident."""
    if at.incident is None or at.silenced:
        return ()
    return tuple(Tell(audience=a, severity=Severity.NOTICE) for a in listeners(at.incident))


def ended(incident: Incident, at: Situation, reason: Reason, detail: str, attribution: str = "") -> Incident:
    """Return the incident as ended by itself or by our side."""
    return replace(
        unowned(incident),
        state=IncidentState.RESOLVED,
        reason=reason,
        seq=at.seq,
        updated_at=at.now,
        ended_at=at.now,
        detail=detail,
        attribution=attribution or incident.attribution,
    )


def joined(incident: Incident, at: Situation) -> Incident:
    """Return the incident with this replay's findings in place of older ones of the same stream and chart."""
    news = {(f.metric, f.chart) for f in at.findings}
    older = tuple(f for f in incident.findings if (f.metric, f.chart) not in news)
    measured = "" if incident.detail.startswith(UNMEASURED) else incident.detail
    same = at.explained.attribution.value == incident.attribution and not at.explained.detail
    return replace(
        incident,
        seq=at.seq,
        updated_at=at.now,
        findings=ranked((*at.findings, *older)),
        attribution=at.explained.attribution.value,
        detail=measured if same else at.explained.detail,
        elsewhere=tuple(one.endpoint for one in at.explained.together) or incident.elsewhere,
    )


def due_again(incident: Incident, now: datetime) -> bool:
    """Return whether it is time to say again what nobody has ended."""
    patience = REPEAT_AFTER_ACKNOWLEDGED if incident.state is IncidentState.ACKNOWLEDGED else REPEAT_AFTER
    return incident.told_at is not None and now - incident.told_at >= patience


def repeats_quietly(incident: Incident, now: datetime, *, moved_on: bool) -> bool:
    """Return whether its repeat wakes nobody: a state that was told of before wakes once for each week it has stood."""
    if incident.recurrence_of is None or incident.told_at is None or moved_on:
        return False
    weeks, weeks_told = ((at - incident.opened_at) // RECURRENCE_WAKES_AFTER for at in (now, incident.told_at))
    return weeks == weeks_told


def unexplained_harm(incident: Incident | None, findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the harm that came after an incident had been put down to our own side: that explains no later harm."""
    if incident is None or incident.attribution not in _ORDER or Attribution(incident.attribution).may_page:
        return ()
    old = {(f.metric, f.chart) for f in incident.findings if f.severity is Severity.PAGE}
    return tuple(f for f in findings if f.severity is Severity.PAGE and (f.metric, f.chart) not in old)


def _kept(incident: Incident | None, found: Explained, findings: Sequence[Finding]) -> Explained:
    """Keep an explanation that goes before: its evidence is news once; that quality is unchanged is seen every time."""
    if incident is None or incident.attribution not in _ORDER or unexplained_harm(incident, findings):
        return found
    known = Attribution(incident.attribution)
    if known is Attribution.SERVING_CHANGE or _ORDER.index(known) >= _ORDER.index(found.attribution):
        return found
    return Explained(attribution=known)


def _direction(finding: Finding) -> float:
    if finding.direction:
        return finding.direction
    if finding.before is None or finding.after is None:
        return 0.0
    return finding.after - finding.before
