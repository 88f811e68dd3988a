"""How an alarm waits for its confirmation, and what the next replay makes of one that waits still."""

from dataclasses import replace

from driftwatch.domain.causes import Attribution
from driftwatch.domain.decision import Decision
from driftwatch.domain.incident import IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.rules.opening import opened, opens
from driftwatch.domain.situation import Situation, joined, told


def pending(at: Situation) -> Decision | None:
    """A fresh alarm that would wake somebody, and that nothing explains, waits for a rerun of its probes."""
    wakes = at.severity is Severity.PAGE and not at.silenced and not at.covered
    if not opens(at) or not at.confirm or not wakes or at.explained.attribution is not Attribution.SILENT_CHANGE:
        return None
    waiting = replace(opened(at), state=IncidentState.PENDING)
    return Decision(reason=Reason.FIRST, incident=waiting)


def still_there(at: Situation) -> Decision | None:
    """What waits for a confirmation, or vanished in one, and shows in a further replay is confirmed by that."""
    if at.incident is None or at.incident.state is not IncidentState.PENDING or at.severity is Severity.NONE:
        return None
    # As loud as what shows now: the alarm that waits may have been the one that vanished.
    firing = replace(joined(at.incident, at), state=IncidentState.FIRING, severity=at.severity)
    return told(replace(firing, detail="confirmed by the next replay"), at, Reason.CONFIRMED, quietly=at.covered)
