"""An endpoint's history in the store as the events that the daemon decided by, in their order; for a backtest."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain

from driftwatch.domain.acceptance import watches_anew
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, IncidentState
from driftwatch.domain.replay import SlotRecord, SlotState
from driftwatch.services.backtest import Ended, Event, Failed
from driftwatch.services.ports import Store
from driftwatch.services.recorded import Values

_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_KINDS_FROM = 2_000
"""Replays from which the kind of an unconfigured endpoint's metrics is read."""

Dated = tuple[datetime, Event]


def stored_events(store: Store, endpoint: str) -> Iterator[Event]:
    """Yield replays in order of seq; between them what brought no answer, and where a person ended an incident."""
    between: dict[int, list[Dated]] = {}
    for after, dated in chain(_failures(store, endpoint), _endings(store, endpoint)):
        between.setdefault(after, []).append(dated)
    yield from _in_order(between.get(0, ()))
    for replay in store.replays(endpoint):
        yield replay
        yield from _in_order(between.get(replay.seq, ()))


def stored_values(store: Store, endpoint: str) -> dict[str, Values]:
    """Return what an endpoint's scores look like, by metric."""
    found: dict[str, Values] = {}
    for replay, _ in zip(store.replays(endpoint), range(_KINDS_FROM), strict=False):
        for metric, probes in replay.values.items():
            seen = found.setdefault(metric, Values())
            for value in chain.from_iterable(probes.values()):
                seen.add(value)
    return found


def stored_moments(store: Store, endpoint: str) -> set[datetime]:
    """Return when an endpoint's replays were due."""
    return {record.slot.due for record in store.slots(endpoint) if record.state is SlotState.DONE}


def _failures(store: Store, endpoint: str) -> Iterator[tuple[int, Dated]]:
    seq = 0
    for record in store.slots(endpoint):
        if record.state is SlotState.DONE:
            seq = record.seq or seq
        elif record.state is SlotState.FAILED:
            failed = Failed(slot=record.slot, outcome=_outcome(record), counts=False)
            yield seq, (record.finished_at or record.slot.due, failed)


def _endings(store: Store, endpoint: str) -> Iterator[tuple[int, Dated]]:
    for incident in store.incidents(endpoint=endpoint):
        if incident.by is not None and not incident.state.open:
            ended = Ended(
                rearm=watches_anew(incident),
                at=_ended_at(incident),
                accepted=incident.state is IncidentState.ACCEPTED,
            )
            yield incident.seq, (_ended_at(incident), ended)


def _ended_at(incident: Incident) -> datetime:
    return incident.ended_at or incident.updated_at


def _in_order(dated: "list[Dated] | tuple[()]") -> Iterator[Event]:
    return (event for _, event in sorted(dated, key=lambda pair: pair[0].astimezone(UTC)))


def _outcome(record: SlotRecord) -> Outcome | None:
    # A slot that failed within us has no outcome: nobody was told, but it counts in the row.
    named = (record.reason or "").partition(":")[0]
    return Outcome(named) if named in _OUTCOMES else None
