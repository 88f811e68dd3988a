"""What people look at, read in small pieces: no query here hands out more than it was asked for."""

import json
from collections.abc import Hashable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, select

from driftwatch.adapters.store import outbox, packing
from driftwatch.adapters.store.database import Database, endpoint_id
from driftwatch.adapters.store.documents import from_document
from driftwatch.adapters.store.facts import newest_slot, slot_record
from driftwatch.adapters.store.packing import Cell, unsqueeze
from driftwatch.adapters.store.tables import (
    ANSWER,
    BURST,
    ENDPOINT,
    EVIDENCE,
    INCIDENT,
    LAYOUT,
    LEVEL,
    OUTBOX,
    PROBE,
    REPLAY,
    SILENCE,
    SLOT,
    TEXT,
    TRANSITION,
)
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.errors import Outcome
from driftwatch.domain.incident import Incident, IncidentState
from driftwatch.domain.replay import SlotRecord
from driftwatch.services.glance import GivenAnswer, Head, Place
from driftwatch.services.ports import Store

_OPEN = [state.value for state in IncidentState if state.open]
_UNSENT = [state.value for state in DeliveryState if state.open]
# Written once: to build them took as long as to ask them.
_ENDPOINTS = select(ENDPOINT.c.id, ENDPOINT.c.epoch, ENDPOINT.c.last_seq, ENDPOINT.c.decided_seq).order_by(
    ENDPOINT.c.id
)
_CHANGES = (
    select(TRANSITION.c.incident_id, func.max(TRANSITION.c.number))
    .where(TRANSITION.c.incident_id.in_(select(INCIDENT.c.id).where(INCIDENT.c.state.in_(_OPEN))))
    .group_by(TRANSITION.c.incident_id)
)
_LAST = select(
    # Each is one row, found by an index, or one of few.
    *(
        select(what).scalar_subquery()
        for what in (
            func.max(SLOT.c.finished_at),
            func.max(SLOT.c.claimed_at),
            func.max(OUTBOX.c.created_at),
            func.max(SILENCE.c.id),
            func.max(SILENCE.c.ends_at),
            # Who ends the sooner of two silences changes neither of those.
            func.count(SILENCE.c.ended_by),
        )
    ),
    # A message that is sent at last, was tried again, or failed at that, is no new one.
    *(
        select(what).where(OUTBOX.c.state.in_(_UNSENT)).scalar_subquery()
        for what in (func.count(), func.sum(OUTBOX.c.attempts), func.count(OUTBOX.c.error))
    ),
)
_HEADS = select(ENDPOINT.c.id, ENDPOINT.c.name, ENDPOINT.c.epoch, ENDPOINT.c.decided_seq, REPLAY.c.due).outerjoin(
    REPLAY, (REPLAY.c.endpoint_id == ENDPOINT.c.id) & (REPLAY.c.seq == ENDPOINT.c.decided_seq)
)
_PLACE = (REPLAY.c.seq, REPLAY.c.due, REPLAY.c.epoch, REPLAY.c.asked, REPLAY.c.answered)


class Glances(Store):
    """The part of the store that the dashboard asks."""

    _db: Database

    def pulse(self) -> Hashable:
        with self._db.reading() as connection:
            rows = [*connection.execute(_ENDPOINTS), *connection.execute(_CHANGES), *connection.execute(_LAST)]
            return tuple(tuple(row) for row in rows)

    def heads(self, endpoints: Sequence[str], *, since: datetime, spent_since: datetime) -> Mapping[str, Head]:
        with self._db.reading() as connection:
            known = {row.id: row for row in connection.execute(_HEADS.where(ENDPOINT.c.name.in_(endpoints)))}
            slots: dict[int, list[SlotRecord]] = {number: [] for number in known}
            due = select(SLOT).where(SLOT.c.endpoint_id.in_(known), SLOT.c.due >= since)
            for row in connection.execute(due.order_by(SLOT.c.endpoint_id, SLOT.c.due)):
                slots[row.endpoint_id].append(slot_record(known[row.endpoint_id].name, row))
            owned = select(INCIDENT.c.endpoint_id, INCIDENT.c.body).order_by(INCIDENT.c.id)
            owned = owned.where(INCIDENT.c.endpoint_id.in_(known), INCIDENT.c.state.in_(_OPEN))
            incidents = {row.endpoint_id: row.body for row in connection.execute(owned)}
            bursts = select(BURST.c.endpoint_id, func.sum(BURST.c.cost_usd)).group_by(BURST.c.endpoint_id)
            spent = dict(tuple(row) for row in connection.execute(bursts.where(BURST.c.finished_at >= spent_since)))
            return {
                row.name: Head(
                    epoch=row.epoch,
                    decided_seq=row.decided_seq,
                    slots=tuple(slots[number]),
                    last_slot=slots[number][-1] if slots[number] else newest_slot(connection, number, row.name),
                    last_replay=row.due,
                    incident=from_document(incidents[number]) if number in incidents else None,
                    confirming_usd=float(spent.get(number) or 0.0),
                )
                for number, row in known.items()
            }

    def places(self, endpoint: str, *, since: datetime, until: datetime, most: int) -> Sequence[Place]:
        with self._db.reading() as connection:
            here = REPLAY.c.endpoint_id == endpoint_id(connection, endpoint)
            here &= (REPLAY.c.due >= since) & (REPLAY.c.due < until)
            count, last = connection.execute(select(func.count(), func.max(REPLAY.c.seq)).where(here)).one()
            if not count:
                return ()
            step = -(-count // most)
            # Multiples, so that the same replays are drawn again when one more has come; and the last one always.
            drawn = here & ((REPLAY.c.seq % step == 0) | (REPLAY.c.seq == last))
            found = connection.execute(select(*_PLACE).where(drawn).order_by(REPLAY.c.due)).mappings()
            return tuple(Place(**one, step=step) for one in found)

    def first_places(self, endpoint: str, *, epoch: int, most: int) -> Sequence[Place]:
        with self._db.reading() as connection:
            here = (REPLAY.c.endpoint_id == endpoint_id(connection, endpoint)) & (REPLAY.c.epoch == epoch)
            query = select(*_PLACE).where(here).order_by(REPLAY.c.seq).limit(most)
            return tuple(Place(**one) for one in connection.execute(query).mappings())

    def means(self, endpoint: str, seqs: Sequence[int]) -> Mapping[int, Mapping[str, float]]:
        found: dict[int, dict[str, float]] = {seq: {} for seq in seqs}
        with self._db.reading() as connection:
            for seq, metric, body, cells, keys in _evidence(connection, endpoint, list(found)):
                if (mean := packing.mean(body, cells, keys)) is not None:
                    found[seq][metric] = mean
        return found

    def levels_at(self, endpoint: str, seqs: Sequence[int]) -> Mapping[int, Mapping[str, float]]:
        query = select(LEVEL.c.seq, LEVEL.c.body).join(ENDPOINT)
        here = (ENDPOINT.c.name == endpoint) & LEVEL.c.seq.in_(seqs)
        with self._db.reading() as connection:
            return {seq: json.loads(unsqueeze(body)) for seq, body in connection.execute(query.where(here))}

    def probe_answers(
        self, endpoint: str, probe_id: str, *, before_seq: int | None = None, replays: int
    ) -> Sequence[GivenAnswer]:
        with self._db.reading() as connection:
            row = endpoint_id(connection, endpoint)
            versions = _versions(connection, probe_id)
            here = (ANSWER.c.endpoint_id == row) & ANSWER.c.probe_id.in_(versions)
            older = here if before_seq is None else here & (ANSWER.c.seq < before_seq)
            newest = select(ANSWER.c.seq).where(older).distinct().order_by(ANSWER.c.seq.desc()).limit(replays)
            seqs = list(connection.scalars(newest))
            if not seqs:
                return ()
            scores = dict[tuple[int, str, int], dict[str, float]]()
            for seq, metric, body, cells, _ in _evidence(connection, endpoint, seqs):
                for (key, sample), value in packing.unpack(body, cells).items():
                    if key in versions.values() and isinstance(value, float):
                        scores.setdefault((seq, key, sample), {})[metric] = value
            rows = connection.execute(_answers(here & ANSWER.c.seq.in_(seqs))).mappings()
            return tuple(_given(one, versions[one["probe_id"]], scores) for one in rows)

    def incidents_before(
        self, incident_id: int | None = None, *, endpoint: str | None = None, only_open: bool = False, most: int
    ) -> Sequence[Incident]:
        query = select(INCIDENT.c.body).order_by(INCIDENT.c.id.desc()).limit(most)
        if endpoint is not None:
            query = query.join(ENDPOINT).where(ENDPOINT.c.name == endpoint)
        if incident_id is not None:
            query = query.where(INCIDENT.c.id < incident_id)
        if only_open:
            query = query.where(INCIDENT.c.state.in_(_OPEN))
        with self._db.reading() as connection:
            return tuple(from_document(body) for body in connection.scalars(query))

    def deliveries_about(self, incident: Incident) -> Sequence[Delivery]:
        # What another page covers stands in that one's thread, under its key.
        subjects = [key for key in (incident.key, incident.parent_key) if key is not None]
        query = select(OUTBOX).where(OUTBOX.c.subject.in_(subjects)).order_by(OUTBOX.c.created_at, OUTBOX.c.key)
        with self._db.reading() as connection:
            found = (outbox.delivery_of(row) for row in connection.execute(query).mappings())
            return tuple(one for one in found if one.payload.get("incident") == incident.name)


def _evidence(
    connection: Connection, endpoint: str, seqs: Sequence[int]
) -> Iterator[tuple[int, str, bytes, Sequence[Cell], Sequence[str] | None]]:
    """Yield seq, metric and packed scores with their layout; a layout is decoded once."""
    row = endpoint_id(connection, endpoint)
    here = (REPLAY.c.endpoint_id == row) & REPLAY.c.seq.in_(seqs)
    placed = connection.execute(select(REPLAY.c.seq, REPLAY.c.layout_id).where(here)).all()
    layout_of: dict[int, int] = {row.seq: row.layout_id for row in placed}
    bodies = select(LAYOUT.c.id, LAYOUT.c.body).where(LAYOUT.c.id.in_(set(layout_of.values())))
    cells = {number: [(key, sample) for key, sample in body] for number, body in connection.execute(bodies)}
    keys = {number: packing.single_sample_keys(known) for number, known in cells.items()}
    wanted = select(EVIDENCE.c.seq, EVIDENCE.c.metric, EVIDENCE.c.body)
    for seq, metric, body in connection.execute(wanted.where(EVIDENCE.c.endpoint_id == row, EVIDENCE.c.seq.in_(seqs))):
        yield seq, metric, body, cells[layout_of[seq]], keys[layout_of[seq]]


def _versions(connection: Connection, probe_id: str) -> dict[int, str]:
    """Return row number and key of every version of a probe."""
    begins = PROBE.c.key.startswith(f"{probe_id}@", autoescape=True)
    found = connection.execute(select(PROBE.c.id, PROBE.c.key).where(begins))
    return {number: key for number, key in found if key.rpartition("@")[0] == probe_id}


def _answers(where: Any) -> Select[Any]:
    columns = ("seq", "probe_id", "sample", "outcome", "error", "finish_reason", "model", "latency_ms")
    told = [ANSWER.c[name] for name in columns]
    query = select(*told, REPLAY.c.due, REPLAY.c.epoch, TEXT.c.body)
    joined = ANSWER.join(REPLAY).outerjoin(TEXT, ANSWER.c.text_id == TEXT.c.id)
    return query.select_from(joined).where(where).order_by(ANSWER.c.seq.desc(), ANSWER.c.sample)


def _given(row: Mapping[Any, Any], key: str, scores: Mapping[tuple[int, str, int], Mapping[str, float]]) -> GivenAnswer:
    same = ("seq", "due", "epoch", "sample", "error", "finish_reason", "model", "latency_ms")
    return GivenAnswer(
        **{name: row[name] for name in same},
        probe_key=key,
        outcome=Outcome(row["outcome"]),
        text=None if row["body"] is None else unsqueeze(row["body"]),
        scores=scores.get((row["seq"], key, row["sample"]), {}),
    )
