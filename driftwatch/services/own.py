"""What people do with incidents, silences and baselines, from the shell, a button or the dashboard.

Each is one transaction: the transition, a new epoch if it begins one, and the word to those who were told.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from driftwatch.domain import ownership
from driftwatch.domain.decide import Audience, Decision, Tell, listeners
from driftwatch.domain.delivery import Routes
from driftwatch.domain.errors import DriftwatchError
from driftwatch.domain.incident import Incident, IncidentKind, IncidentState, Reason, Silence
from driftwatch.domain.metric import Severity
from driftwatch.domain.payload import payload_for, promises
from driftwatch.services.ports import Store

if TYPE_CHECKING:
    from driftwatch.services.watched import Watched


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
    return _changed(store, incident_id, person, routes or {}, ownership.acknowledge, reason=Reason.ACKNOWLEDGED)


def accept(
    store: Store,
    incident_id: int,
    person: Person,
    routes: Mapping[Audience, Routes],
    *,
    every: bool = False,
    advice: str = "",
) -> Incident:
    """End an incident: the new behaviour is the baseline, whose first replay is the next one.

    It is so for the probes that moved; for all of them, in a new epoch, where the drift is not confined to some, or
    with `every`. Those who are told hear the `advice` on what is to do next: see `mine_again`.
    """
    return _changed(store, incident_id, person, routes, partial(ownership.accept, every=every), advice=advice)


def mine_again(watched: Iterable["Watched"], endpoint: str) -> str:
    """Say that border inputs were ties of the model as it was before; empty where an endpoint is asked none."""
    asked = (probe for one in watched if one.endpoint.name == endpoint for probe in one.endpoint.probe_set.probes)
    if not any(probe.sensor == "border" for probe in asked):
        return ""
    return f"Its border inputs were ties of the model before; to find new ones: driftwatch mine {endpoint} --force"


def resolve(store: Store, incident_id: int, person: Person, routes: Mapping[Audience, Routes]) -> Incident:
    """End an incident: the old behaviour is back."""
    return _changed(store, incident_id, person, routes, ownership.resolve)


def silence(store: Store, wanted: Silence, *, now: datetime) -> Silence:
    """Tell nobody about an endpoint for a while; return the silence with its number.

    Raises
    ------
    DriftwatchError
        If it has no end after its beginning, and ahead, or no comment (slug ``silence-refused``).
    """
    if wanted.ends_at <= max(wanted.starts_at, now):
        raise DriftwatchError("a silence must end after it begins, and not in the past.", slug="silence-refused")
    if not wanted.comment.strip():
        raise DriftwatchError("a silence needs a comment: whoever wonders why will read it.", slug="silence-refused")
    return replace(wanted, id=store.add_silence(wanted))


def end_silence(store: Store, number: int, person: Person) -> Silence:
    """End a silence now, or a window that is yet to come; what is still wrong is told.

    Raises
    ------
    DriftwatchError
        If there is none of that number that has not ended (slug ``silence-not-found``).
    """
    over = store.end_silence(number, by=person.name, now=person.now)
    if over is None:
        raise DriftwatchError(
            f"there is no silence {number} that has not ended; nothing was changed. `driftwatch silence` lists them.",
            slug="silence-not-found",
        )
    return over


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


def _changed(
    store: Store,
    incident_id: int,
    person: Person,
    routes: Mapping[Audience, Routes],
    verb: Callable[..., Incident],
    *,
    reason: Reason | None = None,
    advice: str = "",
) -> Incident:
    """Write what a person does, its new epoch, and the promises to those who heard of the beginning, as one."""
    while True:
        before = find_incident(store, incident_id)
        after = verb(before, by=person.name, now=person.now, comment=person.comment)
        told = reason or after.reason
        tell = tuple(Tell(audience=audience, severity=Severity.NOTICE) for audience in listeners(after))
        said = payload_for(after, reason=told, severity=Severity.NOTICE, now=person.now, advice=advice)
        said |= _evidence(store, after) if after.state.open else {}
        decision = Decision(reason=told, incident=after, tell=tell)
        deliveries = promises(decision, payloads={Severity.NOTICE: said}, routes=routes, now=person.now)
        anew = after.state is IncidentState.ACCEPTED and not after.accepted_probes
        why = f"{after.name} accepted by {person.name}" if anew else None
        # A replay that is judged meanwhile adds its findings: then once more, on what it left.
        if store.change_incident(before, after, deliveries, new_epoch=why):
            return find_incident(store, incident_id)


def _evidence(store: Store, incident: Incident) -> Mapping[str, Any]:
    """Return what its first message said of our side and the model: the next one may stand in its place."""
    first = next((d.payload for d in store.deliveries_about(incident) if "fingerprint" in d.payload), {})
    return {name: first[name] for name in ("fingerprint", "changed", "model") if name in first}
