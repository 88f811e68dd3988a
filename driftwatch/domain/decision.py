"""What a decision says: what to write, whom to tell, and the name of the reason."""

from dataclasses import dataclass
from enum import StrEnum

from driftwatch.domain.incident import Incident, IncidentKind, Reason
from driftwatch.domain.metric import Severity


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


OPS_NOTICE = Tell(audience=Audience.OPS, severity=Severity.NOTICE)


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

    @property
    def ends_drift(self) -> bool:
        """Whether a drift ends by itself: its streams may alarm again, by the baseline that they have."""
        drift = self.incident is not None and self.incident.kind is IncidentKind.DRIFT
        return drift and self.reason is Reason.RESOLVED


def listeners(incident: Incident) -> tuple[Audience, ...]:
    """Return who has heard of the incident, and so hears how it ends."""
    if incident.told is Severity.NONE:
        return ()
    if incident.kind.unmeasured:
        return (Audience.OPS,)
    return (Audience.PAGES if incident.told is Severity.PAGE else Audience.NOTICES,)
