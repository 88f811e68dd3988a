"""Detector states, incidents and silences: what was decided, once for each replay."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from driftwatch.adapters.store import accepted, outbox
from driftwatch.adapters.store.database import Database, endpoint_id, enrolled, insert_or_keep
from driftwatch.adapters.store.documents import from_document, to_document
from driftwatch.adapters.store.facts import begin_epoch
from driftwatch.adapters.store.summaries import save_levels
from driftwatch.adapters.store.tables import COUNTER, ENDPOINT, INCIDENT, SILENCE, STREAM, TRANSITION
from driftwatch.domain.acceptance import Acceptance
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.incident import Incident, IncidentState, Silence
from driftwatch.services.ports import DecisionCommit, SavedStream, Store

_INCIDENTS = "incident"
_SILENCE = ("endpoint", "starts_at", "ends_at", "by", "comment", "maintenance", "timezone", "ended_by")


class Decisions(Store):
    """The part of the store that holds what was decided."""

    _db: Database

    def streams(self, endpoint: str) -> Mapping[str, SavedStream]:
        columns = (STREAM.c.metric, STREAM.c.seq, STREAM.c.epoch, STREAM.c.state)
        query = select(*columns).join(ENDPOINT).where(ENDPOINT.c.name == endpoint).order_by(STREAM.c.metric)
        with self._db.reading() as connection:
            return {row["metric"]: SavedStream(**row) for row in connection.execute(query).mappings()}

    def commit_decision(self, decision: DecisionCommit) -> bool:
        with self._db.writing() as connection:
            endpoint = enrolled(connection, decision.endpoint)
            if decision.before is not None and not _stands(connection, decision.before):
                return False
            fence = (ENDPOINT.c.id == endpoint) & (ENDPOINT.c.decided_seq < decision.seq)
            if not connection.execute(update(ENDPOINT).where(fence).values(decided_seq=decision.seq)).rowcount:
                return False
            _save_streams(connection, endpoint, decision.streams)
            save_levels(connection, endpoint, decision.seq, decision.levels)
            if decision.incident is not None:
                _save_incident(connection, decision.incident)
            outbox.add(connection, decision.deliveries)
            return True

    def decided_seq(self, endpoint: str) -> int:
        with self._db.reading() as connection:
            return connection.scalar(select(ENDPOINT.c.decided_seq).where(ENDPOINT.c.name == endpoint)) or 0

    def next_incident_id(self) -> int:
        here = COUNTER.c.name == _INCIDENTS
        with self._db.writing() as connection:
            insert_or_keep(connection, COUNTER, [{"name": _INCIDENTS, "value": 0}])
            connection.execute(update(COUNTER).where(here).values(value=COUNTER.c.value + 1))
            return int(connection.execute(select(COUNTER.c.value).where(here)).scalar_one())

    def save_incident(self, incident: Incident, deliveries: Sequence[Delivery] = ()) -> None:
        with self._db.writing() as connection:
            _save_incident(connection, incident)
            outbox.add(connection, deliveries)

    def change_incident(
        self, before: Incident, after: Incident, deliveries: Sequence[Delivery] = (), *, new_epoch: str | None = None
    ) -> bool:
        with self._db.writing() as connection:
            row = enrolled(connection, after.endpoint)
            if not after.state.open:
                decided = select(ENDPOINT.c.decided_seq).where(ENDPOINT.c.id == row)
                after = replace(after, seq=connection.execute(decided).scalar_one())
            if not _stands(connection, before):
                # Where a commit's answer was lost, the same is asked again.
                return _stands(connection, after)
            if new_epoch is not None:
                begin_epoch(connection, row, reason=new_epoch, now=after.updated_at)
            _save_incident(connection, after)
            outbox.add(connection, deliveries)
            return True

    def acceptances(self, endpoint: str) -> Sequence[Acceptance]:
        with self._db.reading() as connection:
            return accepted.read(connection, endpoint_id(connection, endpoint))

    def incident(self, incident_id: int) -> Incident | None:
        with self._db.reading() as connection:
            body = connection.scalar(select(INCIDENT.c.body).where(INCIDENT.c.id == incident_id))
            return None if body is None else from_document(body)

    def open_incident(self, endpoint: str) -> Incident | None:
        opened = [state.value for state in IncidentState if state.open]
        query = select(INCIDENT.c.body).join(ENDPOINT).where(ENDPOINT.c.name == endpoint, INCIDENT.c.state.in_(opened))
        with self._db.reading() as connection:
            body = connection.scalar(query.order_by(INCIDENT.c.id.desc()).limit(1))
            return None if body is None else from_document(body)

    def incidents(self, *, endpoint: str | None = None, since: datetime | None = None) -> Sequence[Incident]:
        query = select(INCIDENT.c.body).order_by(INCIDENT.c.opened_at.desc(), INCIDENT.c.id.desc())
        if endpoint is not None:
            query = query.join(ENDPOINT).where(ENDPOINT.c.name == endpoint)
        if since is not None:
            query = query.where(INCIDENT.c.ended_at.is_(None) | (INCIDENT.c.ended_at >= since))
        with self._db.reading() as connection:
            return tuple(from_document(body) for body in connection.scalars(query))

    def transitions(self, incident_id: int) -> Sequence[Incident]:
        """Return the incident as it stood after each of its changes, oldest first."""
        query = select(TRANSITION.c.body).where(TRANSITION.c.incident_id == incident_id).order_by(TRANSITION.c.number)
        with self._db.reading() as connection:
            return tuple(from_document(body) for body in connection.scalars(query))

    def add_silence(self, silence: Silence) -> int:
        columns = {name: getattr(silence, name) for name in _SILENCE}
        with self._db.writing() as connection:
            made = connection.execute(insert(SILENCE).values(**columns)).inserted_primary_key
            return int(made[0]) if made else 0

    def end_silence(self, number: int, *, by: str, now: datetime) -> Silence | None:
        here = (SILENCE.c.id == number) & (SILENCE.c.ends_at > now)
        with self._db.writing() as connection:
            # One that has not begun never does.
            begun = connection.scalar(select(SILENCE.c.starts_at).where(here))
            if begun is None:
                return None
            over = {"ends_at": now, "starts_at": min(begun, now), "ended_by": by}
            connection.execute(update(SILENCE).where(here).values(**over))
            row = connection.execute(select(SILENCE).where(SILENCE.c.id == number)).mappings().one()
            return Silence(**row)

    def silences(self, *, now: datetime) -> Sequence[Silence]:
        return self._silences((SILENCE.c.starts_at <= now) & (SILENCE.c.ends_at > now))

    def silences_ahead(self, *, now: datetime) -> Sequence[Silence]:
        return self._silences(SILENCE.c.ends_at > now)

    def _silences(self, which: ColumnElement[bool]) -> Sequence[Silence]:
        with self._db.reading() as connection:
            rows = connection.execute(select(SILENCE).where(which).order_by(SILENCE.c.id)).mappings()
            return tuple(Silence(**row) for row in rows)


def _save_streams(connection: Connection, endpoint: int, streams: Sequence[SavedStream]) -> None:
    metrics = [stream.metric for stream in streams]
    connection.execute(delete(STREAM).where(STREAM.c.endpoint_id == endpoint, STREAM.c.metric.in_(metrics)))
    columns = ("metric", "seq", "epoch", "state")
    rows = [{"endpoint_id": endpoint, **{name: getattr(s, name) for name in columns}} for s in streams]
    if rows:
        connection.execute(insert(STREAM), rows)


def _stands(connection: Connection, before: Incident) -> bool:
    """Whether an incident is as it was read: nobody has changed it since."""
    body = connection.scalar(select(INCIDENT.c.body).where(INCIDENT.c.id == before.id).with_for_update())
    now = None if body is None else from_document(body)
    return now is not None and (now.state, now.updated_at) == (before.state, before.updated_at)


def _save_incident(connection: Connection, incident: Incident) -> None:
    """Write the incident as it stands and add the change to its history; the same again changes nothing."""
    here, document = INCIDENT.c.id == incident.id, to_document(incident)
    before = connection.scalar(select(INCIDENT.c.body).where(here).with_for_update())
    if before == document:
        return
    onsets = [moment for f in incident.findings for moment in (f.onset, f.onset_early) if moment is not None]
    values: dict[str, Any] = {
        "endpoint_id": endpoint_id(connection, incident.endpoint) or enrolled(connection, incident.endpoint),
        "state": incident.state.value,
        "opened_at": incident.opened_at,
        "begins_at": min([incident.opened_at, *onsets]),
        "ended_at": incident.ended_at,
        "body": document,
    }
    if before is None:
        connection.execute(insert(INCIDENT).values(id=incident.id, **values))
        _never_again(connection, incident.id)
    else:
        connection.execute(update(INCIDENT).where(here).values(**values))
    _add_transition(connection, incident, document)


def _never_again(connection: Connection, incident_id: int) -> None:
    """Keep `next_incident_id` above every number in use, also above one that came by another way."""
    insert_or_keep(connection, COUNTER, [{"name": _INCIDENTS, "value": 0}])
    behind = (COUNTER.c.name == _INCIDENTS) & (COUNTER.c.value < incident_id)
    connection.execute(update(COUNTER).where(behind).values(value=incident_id))


def _add_transition(connection: Connection, incident: Incident, document: dict[str, Any]) -> None:
    last = select(func.max(TRANSITION.c.number)).where(TRANSITION.c.incident_id == incident.id)
    connection.execute(
        insert(TRANSITION).values(
            incident_id=incident.id,
            number=(connection.scalar(last) or 0) + 1,
            at=incident.updated_at,
            state=incident.state.value,
            severity=incident.severity.value,
            reason=incident.reason.value,
            body=document,
        )
    )
