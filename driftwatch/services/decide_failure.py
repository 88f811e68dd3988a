"""From a slot that brought no data to the decision what that means, and to its promises."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from driftwatch.domain.decide import decide_unmeasured, opens_unmeasured
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, Reason
from driftwatch.domain.legible import one_line
from driftwatch.domain.payload import budget_payload, promises
from driftwatch.domain.replay import SlotRecord, SlotState
from driftwatch.services.ports import Clock, Store
from driftwatch.services.telling import promises_of
from driftwatch.services.watched import Watched

FAILURES_BACK = timedelta(days=7)
"""How far back failed slots are counted."""
SAID = 160
"""Characters of a vendor's own words in an incident."""


def decide_failure(
    watched: Watched, store: Store, clock: Clock, *, outcome: Outcome, spent_usd: float, limit_usd: float
) -> Reason:
    """Decide what a slot without data means, and tell operations if it means something."""
    name, now = watched.endpoint.name, clock.now()
    incident = store.open_incident(name)
    failures = _failed_in_a_row(store, name, now)
    # A number that no incident takes is a gap that somebody looks for.
    opens = incident is None and opens_unmeasured(len(failures), outcome)
    begun = _begun(failures, incident)
    decision = decide_unmeasured(
        endpoint=name,
        epoch=store.epoch(name),
        seq=store.decided_seq(name),
        incident_id=store.next_incident_id() if opens else 0,
        failed=len(failures),
        outcome=outcome,
        incident=incident,
        silences=store.silences(now=now),
        now=now,
        since=begun,
        why=_said(failures[-1], outcome) if failures else "",
        alike=all((failure.reason or "").startswith(outcome.value) for failure in failures),
        counted=not failures or begun == failures[0].slot.due,
    )
    if decision.incident is not None:
        said_of_it = promises_of(watched, decision, now=now)
        if incident is None:
            store.save_incident(decision.incident, said_of_it)
        else:
            # Where a person has changed it meanwhile, the next failure decides.
            store.change_incident(incident, decision.incident, said_of_it)
    elif decision.tell:
        payload = budget_payload(endpoint=name, now=now, spent_usd=spent_usd, limit_usd=limit_usd)
        said = {tell.severity: payload for tell in decision.tell}
        store.enqueue(promises(decision, payloads=said, routes=watched.routes, now=now))
    return decision.reason


def _failed_in_a_row(store: Store, endpoint: str, now: datetime) -> Sequence[SlotRecord]:
    """Return the slots that failed since the last that did not, oldest first."""
    ended = [r for r in store.slots(endpoint, since=now - FAILURES_BACK) if r.state is not SlotState.SKIPPED]
    good = next((n for n, record in enumerate(reversed(ended)) if record.state is not SlotState.FAILED), len(ended))
    return ended[len(ended) - good :]


def _begun(failures: Sequence[SlotRecord], incident: Incident | None) -> datetime | None:
    """Return when it began to fail; what lasts longer than `FAILURES_BACK` at least as early as it was opened."""
    opened = [incident.opened_at] if incident and incident.kind.unmeasured else []
    return min([*(one.slot.due for one in failures[:1]), *opened], default=None)


def _said(failure: SlotRecord, outcome: Outcome) -> str:
    """Return what the vendor said, without the outcome's name before it."""
    return one_line((failure.reason or "").removeprefix(outcome.value).removeprefix(": "), SAID)
