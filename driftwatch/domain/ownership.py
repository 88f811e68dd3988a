"""What a person may do with an incident: acknowledge it, accept the new behaviour, resolve it."""

from dataclasses import replace
from datetime import datetime

from driftwatch.domain.acceptance import affected
from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, IncidentState, Reason


def acknowledge(incident: Incident, *, by: str, now: datetime, comment: str | None = None) -> Incident:
    """Return the incident as somebody's: it repeats weekly instead of daily.

    One that waits for its confirmation wakes nobody any more: somebody knows of it. The others are told quietly, by
    the word that it is theirs.

    Raises
    ------
    DriftwatchError
        If it has ended, or is acknowledged already (slug ``incident-state``).
    """
    must_be_open(incident, "acknowledge")
    if incident.state is IncidentState.ACKNOWLEDGED:
        raise DriftwatchError(
            f"{incident.name} is acknowledged already, by {incident.by}; nothing was changed. "
            f"To end it: driftwatch accept {incident.name}, or driftwatch resolve {incident.name}.",
            slug="incident-state",
        )
    taken = replace(incident, state=IncidentState.ACKNOWLEDGED, by=by, comment=comment, updated_at=now)
    if incident.state is not IncidentState.PENDING:
        return taken
    return replace(taken, told=incident.severity, told_at=now)


def accept(incident: Incident, *, by: str, now: datetime, comment: str | None = None, every: bool = False) -> Incident:
    """Return the incident ended as accepted: the new behaviour is the baseline of the probes that moved.

    Where it names none, the caller starts a new epoch: the baseline of every probe begins anew.

    Parameters
    ----------
    every : bool
        Whether it is accepted for every probe, though only some have moved.

    Raises
    ------
    DriftwatchError
        If it has ended, or is about missing data (slug ``incident-state``).
    """
    must_be_open(incident, "accept")
    if incident.kind.unmeasured:
        raise DriftwatchError(
            f"{incident.name} says that {incident.endpoint} cannot be measured; there is no behaviour to accept. "
            "It resolves with the first good replay; until then: driftwatch ack, or driftwatch silence.",
            slug="incident-state",
        )
    ended = replace(incident, state=IncidentState.ACCEPTED, reason=Reason.ACCEPTED)
    probes = () if every else affected(incident)
    return replace(ended, by=by, comment=comment, updated_at=now, ended_at=now, accepted_probes=probes)


def resolve(incident: Incident, *, by: str, now: datetime, comment: str | None = None) -> Incident:
    """Return the incident ended by a person who knows that the behaviour is back to the baseline.

    Raises
    ------
    DriftwatchError
        If it has ended (slug ``incident-state``).
    """
    must_be_open(incident, "resolve")
    ended = replace(incident, state=IncidentState.RESOLVED, reason=Reason.RESOLVED)
    return replace(ended, by=by, comment=comment, updated_at=now, ended_at=now)


def must_be_open(incident: Incident, verb: str) -> None:
    """Refuse what only an open incident can be told to do.

    Raises
    ------
    DriftwatchError
        If it has ended (slug ``incident-state``).
    """
    if incident.state.open:
        return
    when = f" on {incident.ended_at:%d %b %H:%M} UTC" if incident.ended_at else ""
    who = f" by {incident.by}" if incident.by else ""
    raise DriftwatchError(
        f"{incident.name} was {incident.state.value}{when}{who}; only an open incident can be told to {verb}. "
        "Open ones: driftwatch incidents.",
        slug="incident-state",
    )
