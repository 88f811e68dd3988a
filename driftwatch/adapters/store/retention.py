"""Forgetting raw answers: the scores stay, and so do the answers that explain an incident."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, null, select, update

from driftwatch.adapters.store import accepted
from driftwatch.adapters.store.database import Database
from driftwatch.adapters.store.tables import ANSWER, ENDPOINT, INCIDENT, LOGPROBS, REPLAY, TEXT
from driftwatch.services.ports import Store

KEPT_FIRST = 100
"""Replays of the current epoch that are kept from its start, from the first of each probe that came later, and from
where a probe was accepted.

New answers are compared with their texts: without them a restart would compare with others.
"""

KEPT_AROUND = timedelta(days=3)
"""Time before and after an incident whose answers are kept for ever."""

# One write takes the lock for a moment only.
_CHUNK = 200

_ALWAYS = datetime.max.replace(tzinfo=UTC)

_RAW = dict.fromkeys(("text_id", "refusal", "request_id", "tool_calls", "headers"), null())


class Retention(Store):
    """The part of the store that forgets."""

    _db: Database

    def prune_answers(self, before: datetime) -> int:
        """Forget texts, log-probabilities and headers of answers to replays that ended before `before`.

        Kept are all scores, the first replays of each probe in its endpoint's current epoch, and whatever
        lies within three days of an incident. Afterwards such an answer has no reply.

        Returns
        -------
        int
            How many replays lost their answers.
        """
        with self._db.reading() as connection:
            victims = _victims(connection, before)
        for start in range(0, len(victims), _CHUNK):
            with self._db.writing() as connection:
                _forget(connection, victims[start : start + _CHUNK])
        with self._db.writing() as connection:
            used = select(ANSWER.c.text_id).where(ANSWER.c.text_id == TEXT.c.id).exists()
            connection.execute(delete(TEXT).where(~used))
        return len(victims)


def _victims(connection: Connection, before: datetime) -> list[tuple[int, int]]:
    """Return (endpoint_id, seq) of every replay that still has raw answers and may lose them."""
    query = select(REPLAY.c.endpoint_id, REPLAY.c.seq, REPLAY.c.finished_at).select_from(ANSWER.join(REPLAY)).distinct()
    old = connection.execute(query.where(REPLAY.c.finished_at < before, ANSWER.c.text_id.is_not(None))).all()
    incidents, references = _incident_times(connection), _references(connection)
    return [
        (row.endpoint_id, row.seq)
        for row in old
        if (row.endpoint_id, row.seq) not in references
        and not any(begin <= row.finished_at <= end for begin, end in incidents.get(row.endpoint_id, ()))
    ]


def _incident_times(connection: Connection) -> dict[int, list[tuple[datetime, datetime]]]:
    found = dict[int, list[tuple[datetime, datetime]]]()
    for row in connection.execute(select(INCIDENT.c.endpoint_id, INCIDENT.c.begins_at, INCIDENT.c.ended_at)):
        end = _ALWAYS if row.ended_at is None else row.ended_at + KEPT_AROUND
        found.setdefault(row.endpoint_id, []).append((row.begins_at - KEPT_AROUND, end))
    return found


def _references(connection: Connection) -> set[tuple[int, int]]:
    kept = set[tuple[int, int]]()
    for endpoint, epoch in connection.execute(select(ENDPOINT.c.id, ENDPOINT.c.epoch)):
        here = (REPLAY.c.endpoint_id == endpoint) & (REPLAY.c.epoch == epoch)
        asked = select(func.min(ANSWER.c.seq).label("seq")).select_from(ANSWER.join(REPLAY)).where(here)
        came = connection.scalars(select(asked.group_by(ANSWER.c.probe_id).subquery().c.seq).distinct()).all()
        anew = [one.seq + 1 for one in accepted.read(connection, endpoint) if one.epoch == epoch]
        for begin in {*came, *anew}:
            first = select(REPLAY.c.seq).where(here, REPLAY.c.seq >= begin).order_by(REPLAY.c.seq).limit(KEPT_FIRST)
            kept |= {(endpoint, seq) for seq in connection.scalars(first)}
    return kept


def _forget(connection: Connection, replays: Sequence[tuple[int, int]]) -> None:
    for endpoint, seq in replays:
        connection.execute(delete(LOGPROBS).where(LOGPROBS.c.endpoint_id == endpoint, LOGPROBS.c.seq == seq))
        here = (ANSWER.c.endpoint_id == endpoint) & (ANSWER.c.seq == seq)
        connection.execute(update(ANSWER).where(here).values(**_RAW))
