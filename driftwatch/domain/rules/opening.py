"""How an incident begins: at once, after a confirmation, as a recurrence, or held back because it flaps."""

from dataclasses import replace

from driftwatch.domain.decision import Decision
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.situation import Situation, joined, told

FLAPS = 3
"""Openings and endings in 24 hours that make one notice instead of one message each."""


def flapping(at: Situation) -> Decision | None:
    """The third opening or ending within a day is one notice; what follows joins it until it has stayed away."""
    if not opens(at) or at.transitions + 1 < FLAPS:
        return None
    return told(replace(opened(at), flapping=True), at, Reason.FLAPPING, quietly=True)


def recurred(at: Situation) -> Decision | None:
    """A state that was told of before is told of again without waking anybody; so are its repeats, for a week."""
    if not opens(at) or at.causes.recurrence is None:
        return None
    return told(opened(at), at, Reason.RECURRED, quietly=True)


def first(at: Situation) -> Decision | None:
    """The first alarm opens an incident and is told; a page that covers its cause was promised already, or not."""
    if not opens(at):
        return None
    return told(opened(at), at, Reason.FIRST, quietly=at.covered)


def opened(at: Situation) -> Incident:
    """Return the incident that this replay opens."""
    seen = at.causes.recurrence
    new = Incident(
        id=at.incident_id,
        endpoint=at.endpoint,
        epoch=at.epoch,
        number=at.incident_id,
        state=IncidentState.FIRING,
        severity=at.severity,
        reason=Reason.FIRST,
        opened_at=at.now,
        updated_at=at.now,
        attribution=at.explained.attribution.value,
        opened_seq=at.seq,
        onset_slot=next((f.onset.isoformat() for f in at.findings if f.onset), None),
        parent=at.parent.incident if at.parent else None,
        parent_key=at.parent.key if at.parent else None,
        recurrence_of=seen.of if seen else None,
        visits=seen.visits if seen else 1,
    )
    return joined(new, at)


def opens(at: Situation) -> bool:
    """Return whether this replay begins an incident."""
    return at.incident is None and at.severity is not Severity.NONE
