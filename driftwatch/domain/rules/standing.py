"""What a further replay does to an incident that is open: worse, told at last, told again, or no news."""

from dataclasses import replace

from driftwatch.domain.decision import Decision
from driftwatch.domain.incident import IncidentState, Reason
from driftwatch.domain.situation import Situation, due_again, joined, repeats_quietly, told


def worse(at: Situation) -> Decision | None:
    """A louder finding is told at once, to those whom it concerns."""
    if at.incident is None or at.severity.rank <= at.incident.severity.rank:
        return None
    louder = replace(joined(at.incident, at), severity=at.severity, state=IncidentState.FIRING)
    # What was told of before was not known to be as loud: this repeats nothing of it.
    louder = replace(louder, recurrence_of=None, visits=1)
    if at.parent is not None:
        louder = replace(louder, parent=at.parent.incident, parent_key=at.parent.key)
    return told(louder, at, Reason.WORSE, quietly=at.covered)


def silence_ended(at: Situation) -> Decision | None:
    """What a silence kept back and still stands is told once."""
    if at.incident is None or at.incident.state is IncidentState.PENDING:
        return None
    if at.silenced or at.alarms.calm or at.incident.told.rank >= at.incident.severity.rank:
        return None
    return told(joined(at.incident, at), at, Reason.SILENCE_ENDED)


def repeat_due(at: Situation) -> Decision | None:
    """What stands for a day, or a week once somebody has it, is told again; what has been calm since wakes nobody.

    A repeat that falls into the way back waits: it told of an endpoint that had just come back, or of the mixture of
    both states as of another one.
    """
    if at.incident is None or at.silenced or at.alarms.returning or not due_again(at.incident, at.now):
        return None
    quietly = at.covered or repeats_quietly(at.incident, at.now, moved_on=at.causes.moved_on)
    return told(joined(at.incident, at), at, Reason.REPEAT_DUE, quietly=quietly)


def no_news(at: Situation) -> Decision | None:
    """Anything else joins the open incident in silence."""
    if at.incident is None:
        return None
    return Decision(reason=Reason.NONE, incident=joined(at.incident, at))


def quiet(_: Situation) -> Decision:
    """Nothing found and nothing open."""
    return Decision(reason=Reason.NONE)
