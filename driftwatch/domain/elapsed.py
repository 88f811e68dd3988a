"""The decision that time alone makes: a silence has ended, a repeat is due, an endpoint is watched no more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from driftwatch.domain.alarms import Alarms
from driftwatch.domain.decision import Decision, Tell, listeners
from driftwatch.domain.incident import Incident, IncidentState, Reason, Silence, unowned
from driftwatch.domain.metric import Severity
from driftwatch.domain.situation import due_again, repeats_quietly, silence_over


def decide_elapsed(
    incident: Incident,
    *,
    silences: Sequence[Silence],
    alarms: Alarms,
    now: datetime,
    covered: bool = False,
    moved_on: bool = False,
) -> Decision:
    """Decide what has become of an open incident since its last replay: with a daily replay, nobody waits for the next.

    Parameters
    ----------
    alarms : Alarms
        What was kept back and is calm is not told any more; a drift that may be returning is not repeated.
    covered : bool
        Whether the incident whose page covers this one is still open.
    moved_on : bool
        Whether a recurrence shows another state by now than the one that was told of before.
    """
    quiet = Decision(reason=Reason.NONE)
    if incident.state is IncidentState.PENDING or silence_over(incident.endpoint, silences, now) is not None:
        return quiet
    waited = incident.reason in (Reason.SILENCED, Reason.MAINTENANCE)
    if waited and incident.told.rank < incident.severity.rank and not alarms.calm:
        return _told(incident, Reason.SILENCE_ENDED, now, covered=covered)
    if (alarms.returning and not incident.kind.unmeasured) or not due_again(incident, now):
        return quiet
    quietly = covered or repeats_quietly(incident, now, moved_on=moved_on)
    return _told(incident, Reason.REPEAT_DUE, now, covered=quietly)


def decide_removed(incident: Incident, *, silences: Sequence[Silence], now: datetime) -> Decision:
    """Close the incident of an endpoint that the configuration no longer names; its history stays."""
    over = replace(
        unowned(incident),
        state=IncidentState.RESOLVED,
        reason=Reason.ENDPOINT_REMOVED,
        updated_at=now,
        ended_at=now,
        detail="the endpoint is no longer in the configuration",
    )
    silenced = silence_over(incident.endpoint, silences, now) is not None
    heard = () if silenced else listeners(incident)
    tell = tuple(Tell(audience=audience, severity=Severity.NOTICE) for audience in heard)
    return Decision(reason=Reason.ENDPOINT_REMOVED, incident=over, tell=tell)


def _told(incident: Incident, reason: Reason, now: datetime, *, covered: bool) -> Decision:
    told = replace(incident, reason=reason, told=incident.severity, told_at=now, updated_at=now)
    # Whose page covers it repeats for it.
    quietly = covered or incident.kind.unmeasured
    severity = Severity.NOTICE if quietly else incident.severity
    return Decision(
        reason=reason,
        incident=told,
        tell=tuple(Tell(audience=audience, severity=severity) for audience in listeners(told)),
    )
