"""How an incident ends without a person: our side changed, answers come again, or the behaviour is back."""

from dataclasses import replace

from driftwatch.domain.causes import Attribution
from driftwatch.domain.decision import Decision
from driftwatch.domain.incident import TRANSIENT, IncidentKind, IncidentState, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.situation import UNMEASURED, Situation, ended, those_told

CALM_REPLAYS = 12
"""Calm replays in a row that end an incident."""
CALM_AFTER_FLAPPING = CALM_REPLAYS + 6
"""The same after flapping: what comes and goes has to stay away for six replays more than that."""


def our_side_changed(at: Situation) -> Decision | None:
    """A change of ours that begins a new baseline ends what was open, and wakes nobody."""
    if not at.changed:
        return None
    said = f"our side changed: {', '.join(at.changed)}"
    over = at.incident and ended(at.incident, at, Reason.LOCAL_CHANGE, said, attribution=Attribution.LOCAL_CHANGE.value)
    return Decision(reason=Reason.LOCAL_CHANGE, incident=over, tell=those_told(at), new_epoch=True)


def given_up(at: Situation) -> Decision | None:
    """A drift from a baseline that was given up has nothing left to come back to, so it ends with the next one."""
    if at.incident is None or at.incident.kind is not IncidentKind.DRIFT or at.incident.epoch >= at.epoch:
        return None
    over = ended(at.incident, at, Reason.LOCAL_CHANGE, "its baseline was given up")
    return Decision(reason=Reason.LOCAL_CHANGE, incident=over, tell=those_told(at))


def measured_again(at: Situation) -> Decision | None:
    """The first good replay ends an incident of missing data."""
    if at.incident is None or not at.incident.kind.unmeasured:
        return None
    was = at.incident.detail.removeprefix(UNMEASURED).lstrip(":, ")
    over = ended(at.incident, at, Reason.RESOLVED, f"measured again; was {was}" if was else "measured again")
    return Decision(reason=Reason.RESOLVED, incident=over, tell=those_told(at))


def found_no_more(at: Situation) -> Decision | None:
    """A drift that was found, and that no stream knows of now, ends: no calm would ever end it.

    So it is where the scores were folded again, by a new version or other charts. An announced change found nothing
    and waits for a person.
    """
    if at.incident is None or not at.incident.findings or at.alarms.stand or at.severity is not Severity.NONE:
        return None
    over = ended(at.incident, at, Reason.RESOLVED, "not found again when the scores were read anew")
    if at.incident.state is IncidentState.PENDING:
        over = replace(over, attribution=TRANSIENT)
    return Decision(reason=Reason.RESOLVED, incident=over, tell=those_told(at))


def calm_again(at: Situation) -> Decision | None:
    """Enough calm replays in a row end a drift."""
    if at.incident is None or at.severity is not Severity.NONE:
        return None
    wanted = CALM_AFTER_FLAPPING if at.incident.flapping else CALM_REPLAYS
    if at.alarms.calm < wanted:
        return None
    over = ended(at.incident, at, Reason.RESOLVED, f"back to baseline: calm for {at.alarms.calm} replays")
    if at.incident.state is IncidentState.PENDING:
        over = replace(over, attribution=TRANSIENT)
    return Decision(reason=Reason.RESOLVED, incident=over, tell=those_told(at))
