"""A decision with its explanation: decided once to see whether there is a drift, and again by what explains it."""

from collections.abc import Callable

from driftwatch.domain.causes import Causes
from driftwatch.domain.decision import Decision
from driftwatch.domain.incident import Incident, IncidentKind


def explained(decided: Callable[..., Decision], *, announced: str, gather: Callable[[Incident], Causes]) -> Decision:
    """Decide; where that makes or keeps a drift, gather what could explain it and decide again by that.

    Parameters
    ----------
    decided : callable
        `decide` with everything but the causes.
    announced : str
        What the echoed model ids tell: an announcement opens an incident though nothing moved.
    gather : callable
        Takes the drift as it would stand; reads what costs time, so quiet replays do without.
    """
    draft = decided(causes=Causes(announced=announced))
    if draft.incident is None or draft.incident.kind is not IncidentKind.DRIFT or not draft.incident.state.open:
        return draft
    return decided(causes=gather(draft.incident))
