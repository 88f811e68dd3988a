"""What people do with incidents and baselines: the transition and the word to those who were told."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from driftwatch.domain import ownership
from driftwatch.domain.decide import Audience, Decision, Tell, listeners
from driftwatch.domain.delivery import Routes
from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, IncidentKind, Reason
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import payload_for, promises
from driftwatch.services.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts, when, and what they say to it."""

    name: str
    now: datetime
    comment: str | None = None


def find_incident(store: Store, incident_id: int) -> Incident:
    """Return an incident.

    Raises
    ------
    DriftwatchError
        If there is none of that number (slug ``incident-not-found``).
    """
    found = store.incident(incident_id)
    if found is None:
        raise DriftwatchError(
            f"there is no inc-{incident_id} in this store. `driftwatch incidents --all` lists every one; "
            "`--config` names another configuration, and so another store.",
            slug="incident-not-found",
        )
    return found


def acknowledge(
    store: Store, incident_id: int, person: Person, routes: Mapping[Audience, Routes] | None = None
) -> Incident:
    """Take an incident; those who were told of it hear who has it."""
    taken = _changed(store, incident_id, person, ownership.acknowledge)
    _save_and_tell(store, taken, person, routes or {}, Reason.ACKNOWLEDGED)
    return taken


def accept(store: Store, incident_id: int, person: Person, routes: Mapping[Audience, Routes]) -> Incident:
    """End an incident: the new behaviour is the baseline, whose first replay is the next one."""
    ended = _changed(store, incident_id, person, ownership.accept)
    # The epoch first: killed in between, the incident is still open and can be accepted again.
    store.start_epoch(ended.endpoint, reason=f"{ended.name} accepted by {person.name}", now=person.now)
    _save_and_tell(store, ended, person, routes, ended.reason)
    return ended


def resolve(store: Store, incident_id: int, person: Person, routes: Mapping[Audience, Routes]) -> Incident:
    """End an incident: the old behaviour is back."""
    ended = _changed(store, incident_id, person, ownership.resolve)
    _save_and_tell(store, ended, person, routes, ended.reason)
    return ended


def reset_baseline(store: Store, endpoint: str, person: Person) -> int:
    """Throw the baseline away and learn a new one; return the number of its epoch.

    Raises
    ------
    DriftwatchError
        If a drift is open there: it would stay open for ever (slug ``incident-state``).
    """
    incident = store.open_incident(endpoint)
    if incident is not None and incident.kind is IncidentKind.DRIFT:
        raise DriftwatchError(
            f"{incident.name} is open on {endpoint}; a new baseline would hide what it says. "
            f"End it first: driftwatch accept {incident.name} (this starts a new baseline), "
            f"or driftwatch resolve {incident.name}.",
            slug="incident-state",
        )
    reason = f"reset by {person.name}" + (f": {person.comment}" if person.comment else "")
    return store.start_epoch(endpoint, reason=reason, now=person.now)


def _changed(store: Store, incident_id: int, person: Person, verb: Callable[..., Incident]) -> Incident:
    incident = find_incident(store, incident_id)
    return verb(incident, by=person.name, now=person.now, comment=person.comment)


def _save_and_tell(
    store: Store, ended: Incident, person: Person, routes: Mapping[Audience, Routes], reason: Reason
) -> None:
    """Write what a person did and the promises to those who heard of the beginning, as one."""
    tell = tuple(Tell(audience=audience, severity=Severity.NOTICE) for audience in listeners(ended))
    said = payload_for(ended, reason=reason, severity=Severity.NOTICE, now=person.now)
    decision = Decision(reason=reason, incident=ended, tell=tell)
    store.save_incident(ended, promises(decision, payloads={Severity.NOTICE: said}, routes=routes, now=person.now))
