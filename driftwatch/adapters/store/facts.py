"""Slots, replays and epochs: what was observed, before anything is decided."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from driftwatch.adapters.store import answers
from driftwatch.adapters.store.database import Database, endpoint_id, enrolled, insert_or_keep, interned
from driftwatch.adapters.store.errors import store_error
from driftwatch.adapters.store.packing import Cell, pack
from driftwatch.adapters.store.tables import ANSWER, BURST, ENDPOINT, EPOCH, EVIDENCE, FINGERPRINT, LAYOUT, REPLAY, SLOT
from driftwatch.domain.answer import Answer
from driftwatch.domain.errors import Outcome
from driftwatch.domain.replay import AnswerCount, Replay, Score, Slot, SlotRecord, SlotState
from driftwatch.scorers.verdict import Scored
from driftwatch.services.ports import Store


class Facts(Store):
    """The part of the store that holds what was observed."""

    _db: Database

    def claim(self, slot: Slot, *, now: datetime, reserve_usd: float = 0.0) -> bool:
        with self._db.writing() as connection:
            endpoint = enrolled(connection, slot.endpoint)
            state = connection.scalar(select(SLOT.c.state).where(_is(slot, endpoint)))
            if state not in (None, SlotState.RUNNING):
                return False
            _put_slot(
                connection, slot, endpoint, state=SlotState.RUNNING, claimed_at=now, reserved_usd=float(reserve_usd)
            )
            return True

    def record_replay(self, replay: Replay, scores: Sequence[Score]) -> int:
        layout, evidence = _evidence(replay.answers, scores)
        with self._db.writing() as connection:
            endpoint = enrolled(connection, replay.slot.endpoint)
            if (seq := _committed_seq(connection, replay.slot, endpoint)) is not None:
                return seq
            seq = _next_seq(connection, endpoint)
            at = {"endpoint_id": endpoint, "seq": seq}
            connection.execute(insert(REPLAY).values(**at, **_columns(connection, replay, layout)))
            answers.write(connection, at, replay.answers)
            rows = [{**at, "metric": metric, "body": body} for metric, body in evidence.items()]
            if rows:
                connection.execute(insert(EVIDENCE), rows)
            _put_slot(
                connection,
                replay.slot,
                endpoint,
                state=SlotState.DONE,
                seq=seq,
                finished_at=replay.finished_at,
                reserved_usd=0.0,
                cost_usd=sum(answer.cost_usd or 0.0 for answer in replay.answers) + replay.grading_usd,
            )
            return seq

    def end_slot(self, slot: Slot, state: SlotState, *, reason: str, now: datetime, cost_usd: float = 0.0) -> None:
        if state not in (SlotState.FAILED, SlotState.SKIPPED):
            raise ValueError(f"a slot without a replay ends as failed or skipped, not as {state}")
        with self._db.writing() as connection:
            endpoint = enrolled(connection, slot.endpoint)
            before = connection.scalar(select(SLOT.c.state).where(_is(slot, endpoint)))
            if before in (None, SlotState.RUNNING):
                ended: dict[str, Any] = {"state": state, "reason": reason, "finished_at": now}
                _put_slot(connection, slot, endpoint, **ended, cost_usd=float(cost_usd), reserved_usd=0.0)

    def slots(
        self, endpoint: str, *, since: datetime | None = None, until: datetime | None = None
    ) -> Sequence[SlotRecord]:
        query = select(SLOT).join(ENDPOINT).where(ENDPOINT.c.name == endpoint).order_by(SLOT.c.due)
        if since is not None:
            query = query.where(SLOT.c.due >= since)
        if until is not None:
            query = query.where(SLOT.c.due < until)
        with self._db.reading() as connection:
            return tuple(slot_record(endpoint, row) for row in connection.execute(query))

    def last_slot(self, endpoint: str) -> SlotRecord | None:
        with self._db.reading() as connection:
            number = endpoint_id(connection, endpoint)
            return None if number is None else newest_slot(connection, number, endpoint)

    def epoch(self, endpoint: str) -> int:
        with self._db.reading() as connection:
            return connection.scalar(select(ENDPOINT.c.epoch).where(ENDPOINT.c.name == endpoint)) or 1

    def start_epoch(self, endpoint: str, *, reason: str, now: datetime) -> int:
        with self._db.writing() as connection:
            return begin_epoch(connection, enrolled(connection, endpoint), reason=reason, now=now)

    def try_write(self, room: int = 0) -> None:
        self._db.touch(room)

    def was_away(self, since: float) -> bool:
        return self._db.missed_at is not None and self._db.missed_at >= since

    def spent_usd(self, *, since: datetime) -> float:
        spent = select(func.sum(SLOT.c.cost_usd)).where(SLOT.c.finished_at >= since)
        reserved = select(func.sum(SLOT.c.reserved_usd)).where(SLOT.c.claimed_at >= since)
        confirming = select(func.sum(BURST.c.cost_usd)).where(BURST.c.finished_at >= since)
        with self._db.reading() as connection:
            return float(sum(connection.scalar(query) or 0.0 for query in (spent, reserved, confirming)))

    def endpoints(self) -> Sequence[str]:
        has_slots = select(SLOT.c.due).where(SLOT.c.endpoint_id == ENDPOINT.c.id).exists()
        with self._db.reading() as connection:
            return tuple(connection.scalars(select(ENDPOINT.c.name).where(has_slots).order_by(ENDPOINT.c.name)))

    def answers(self, endpoint: str, slot: Slot) -> Sequence[Answer]:
        with self._db.reading() as connection:
            row = endpoint_id(connection, endpoint)
            found = select(REPLAY.c.seq).where(REPLAY.c.endpoint_id == row, REPLAY.c.due == slot.due)
            seq = connection.scalar(found)
            return () if row is None or seq is None else answers.read(connection, row, seq)

    def count_answers(self, endpoint: str, slot: Slot) -> AnswerCount:
        numbers = func.count(), func.count(ANSWER.c.text_id), func.sum(ANSWER.c.cost_usd)
        replays = ANSWER.join(REPLAY).join(ENDPOINT, ENDPOINT.c.id == REPLAY.c.endpoint_id)
        query = select(*numbers).select_from(replays).where(ENDPOINT.c.name == endpoint, REPLAY.c.due == slot.due)
        with self._db.reading() as connection:
            asked, replied, cost = connection.execute(query).one()
            return AnswerCount(asked=asked, replied=replied, cost_usd=float(cost or 0.0))


def begin_epoch(connection: Connection, endpoint: int, *, reason: str, now: datetime) -> int:
    """Begin an endpoint's next epoch and return its number."""
    number = 1 + connection.execute(select(ENDPOINT.c.epoch).where(ENDPOINT.c.id == endpoint)).scalar_one()
    connection.execute(update(ENDPOINT).where(ENDPOINT.c.id == endpoint).values(epoch=number))
    connection.execute(insert(EPOCH).values(endpoint_id=endpoint, number=number, started_at=now, reason=reason))
    return int(number)


def _evidence(given: Sequence[Answer], scores: Sequence[Score]) -> tuple[list[Cell], dict[str, bytes]]:
    """Return the cells of the replay and, by metric, the packed scores; done before the write lock is taken."""
    by_metric = dict[str, dict[Cell, Scored]]()
    for score in scores:
        by_metric.setdefault(score.metric, {})[score.probe_key, score.sample] = score.value
    if sum(map(len, by_metric.values())) < len(scores):
        raise ValueError(_doubled(scores))
    layout = sorted({(a.probe_key, a.sample) for a in given}.union(*by_metric.values()))
    places = {cell: position for position, cell in enumerate(layout)}
    return layout, {metric: pack(cells, places) for metric, cells in by_metric.items()}


def _doubled(scores: Sequence[Score]) -> str:
    seen = Counter((score.metric, score.sample, score.probe_key) for score in scores)
    (metric, sample, probe_key), _ = seen.most_common(1)[0]
    return f"two scores of {metric} for sample {sample} of {probe_key}"


def _columns(connection: Connection, replay: Replay, layout: Sequence[Cell]) -> dict[str, Any]:
    replies = [answer.reply for answer in replay.answers if answer.reply]
    return {
        "due": replay.slot.due,
        "epoch": replay.epoch,
        "started_at": replay.started_at,
        "finished_at": replay.finished_at,
        "fingerprint_id": interned(connection, FINGERPRINT, dict(replay.fingerprint.parts)),
        "layout_id": interned(connection, LAYOUT, [list(cell) for cell in layout]),
        "loop_lag_ms": replay.loop_lag_ms,
        "asked": len(replay.answers),
        "answered": sum(answer.outcome is Outcome.OK for answer in replay.answers),
        "models": sorted({reply.model for reply in replies if reply.model is not None}),
        "system_fingerprints": sorted({r.system_fingerprint for r in replies if r.system_fingerprint is not None}),
    }


def _committed_seq(connection: Connection, slot: Slot, endpoint: int) -> int | None:
    row = connection.execute(select(SLOT.c.state, SLOT.c.seq, SLOT.c.reason).where(_is(slot, endpoint))).first()
    if row is None or row.state == SlotState.RUNNING:
        return None
    if row.seq is None:
        raise store_error(
            f"{slot.endpoint}: the slot {slot.key} has ended as {row.state} ({row.reason}); it takes no replay.",
            "A slot ends once: replay the endpoint in another slot.",
            "store-slot-ended",
        )
    return int(row.seq)


def _next_seq(connection: Connection, endpoint: int) -> int:
    here = ENDPOINT.c.id == endpoint
    connection.execute(update(ENDPOINT).where(here).values(last_seq=ENDPOINT.c.last_seq + 1))
    return int(connection.execute(select(ENDPOINT.c.last_seq).where(here)).scalar_one())


def _put_slot(connection: Connection, slot: Slot, endpoint: int, **values: Any) -> None:
    """Write a slot's columns; the caller has read its state in this transaction."""
    new = {"endpoint_id": endpoint, "due": slot.due, "state": SlotState.RUNNING, "reserved_usd": 0.0, "cost_usd": 0.0}
    insert_or_keep(connection, SLOT, [new])
    connection.execute(update(SLOT).where(_is(slot, endpoint)).values(**values))


def _is(slot: Slot, endpoint: int) -> Any:
    return (SLOT.c.endpoint_id == endpoint) & (SLOT.c.due == slot.due)


def slot_record(endpoint: str, row: Row[Any]) -> SlotRecord:
    """Return what became of the slot in a row of the table."""
    return SlotRecord(
        slot=Slot(endpoint=endpoint, due=row.due),
        state=SlotState(row.state),
        reason=row.reason,
        seq=row.seq,
        finished_at=row.finished_at,
        cost_usd=row.cost_usd,
    )


def newest_slot(connection: Connection, number: int, endpoint: str) -> SlotRecord | None:
    """Return what became of the last slot that anybody began, however long ago."""
    newest = select(SLOT).where(SLOT.c.endpoint_id == number).order_by(SLOT.c.due.desc()).limit(1)
    row = connection.execute(newest).first()
    return None if row is None else slot_record(endpoint, row)
