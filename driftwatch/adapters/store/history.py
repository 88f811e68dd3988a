"""Reading what was observed, a piece at a time: evidence, scores, reference texts."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy import Connection, Select, select

from driftwatch.adapters.store import accepted, answers, packing
from driftwatch.adapters.store.database import Database, endpoint_id
from driftwatch.adapters.store.packing import Cell, unsqueeze
from driftwatch.adapters.store.tables import ANSWER, EVIDENCE, FINGERPRINT, LAYOUT, PROBE, REPLAY, TEXT
from driftwatch.domain.acceptance import Acceptance, as_accepted, since_accepted
from driftwatch.domain.answer import Answer
from driftwatch.domain.errors import Outcome
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import ReplayScores, Score, Slot
from driftwatch.services.ports import Store

# Replays in one read: a year of hours is 137 reads, and none of them keeps the log from being written back.
_CHUNK = 64


class History(Store):
    """The part of the store that gives the past back."""

    _db: Database

    def replays(
        self, endpoint: str, *, after_seq: int = 0, metrics: Sequence[str] | None = None
    ) -> Iterator[ReplayScores]:
        reader = _Reader(endpoint, metrics)
        while True:
            page = self._db.patiently(partial(self._page, reader, after_seq))
            if not page:
                return
            yield from page
            after_seq = page[-1].seq

    def _page(self, reader: "_Reader", after_seq: int) -> list[ReplayScores]:
        with self._db.reading() as connection:
            known = accepted.read(connection, endpoint_id(connection, reader.endpoint))
            return [as_accepted(replay, known) for replay in reader.page(connection, after_seq)]

    def scores(self, endpoint: str, slot: Slot) -> Sequence[Score]:
        with self._db.reading() as connection:
            query = select(REPLAY.c.endpoint_id, REPLAY.c.seq, LAYOUT.c.body).join(LAYOUT)
            here = (REPLAY.c.endpoint_id == endpoint_id(connection, endpoint)) & (REPLAY.c.due == slot.due)
            row = connection.execute(query.where(here)).first()
            if row is None:
                return ()
            cells = _cells(row.body)
            bodies = select(EVIDENCE.c.metric, EVIDENCE.c.body).order_by(EVIDENCE.c.metric)
            here = (EVIDENCE.c.endpoint_id == row.endpoint_id) & (EVIDENCE.c.seq == row.seq)
            return tuple(
                Score(probe_key=key, sample=sample, metric=metric, value=value)
                for metric, body in connection.execute(bodies.where(here))
                for (key, sample), value in packing.unpack(body, cells).items()
            )

    def reference_texts(
        self, endpoint: str, *, epoch: int, limit: int, seq: int | None = None
    ) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        with self._db.reading() as connection:
            row = endpoint_id(connection, endpoint)
            here = (REPLAY.c.endpoint_id == row) & (REPLAY.c.epoch == epoch)
            known = accepted.read(connection, row)
            asked = _probe_ids(connection, here) if limit > 0 else {}
            for after, probes in _by_begin(asked, known, epoch=epoch, seq=seq).items():
                found |= _first_texts(connection, here & (REPLAY.c.seq > after), probes, limit)
        return {key: tuple(texts) for key, texts in found.items()}

    def first_answers(self, endpoint: str, *, epoch: int, limits: Mapping[str, int]) -> Mapping[str, Sequence[Answer]]:
        found: dict[str, list[Answer]] = {key: [] for key in limits}
        with self._db.reading() as connection:
            row = endpoint_id(connection, endpoint)
            here = (REPLAY.c.endpoint_id == row) & (REPLAY.c.epoch == epoch)
            seqs = connection.scalars(select(REPLAY.c.seq).where(here).order_by(REPLAY.c.seq)).all()
            wanted = {number: key for number, key in _probe_ids(connection, here).items() if key in limits}
            for after, probes in _by_begin(wanted, accepted.read(connection, row), epoch=epoch).items():
                waiting = {key: number for number, key in probes.items()}
                # Mostly the first span is enough; a probe that was added late makes us look further, ever wider.
                start, step = bisect_right(seqs, after), 24
                while row is not None and waiting and start < len(seqs):
                    span = seqs[start : start + step]
                    for answer in answers.replied(connection, row, (span[0], span[-1]), list(waiting.values())):
                        if len(found[answer.probe_key]) < limits[answer.probe_key]:
                            found[answer.probe_key].append(answer)
                    waiting = {key: number for key, number in waiting.items() if len(found[key]) < limits[key]}
                    start, step = start + step, 4 * step
        return {key: tuple(first) for key, first in found.items()}


class _Reader:
    """Reads an endpoint's replays page by page; fingerprints and layouts are decoded once each."""

    def __init__(self, endpoint: str, metrics: Sequence[str] | None) -> None:
        self.endpoint = endpoint
        self._metrics = metrics
        self._fingerprints = dict[int, Fingerprint]()
        self._layouts = dict[int, tuple[list[Cell], tuple[str, ...] | None]]()

    def page(self, connection: Connection, after_seq: int) -> list[ReplayScores]:
        """Return the next replays; none at the end."""
        row = endpoint_id(connection, self.endpoint)
        query = select(REPLAY).where(REPLAY.c.endpoint_id == row, REPLAY.c.seq > after_seq)
        replays = connection.execute(query.order_by(REPLAY.c.seq).limit(_CHUNK)).all()
        if not replays:
            return []
        self._load(connection, {replay.fingerprint_id for replay in replays}, {replay.layout_id for replay in replays})
        layouts = {replay.seq: self._layouts[replay.layout_id] for replay in replays}
        values: dict[int, dict[str, Mapping[str, tuple[float, ...]]]] = {replay.seq: {} for replay in replays}
        for seq, metric, body in connection.execute(self._evidence(replays[0].endpoint_id, min(values), max(values))):
            if found := packing.values(body, *layouts[seq]):
                values[seq][metric] = found
        return [self._scores(replay, values[replay.seq]) for replay in replays]

    def _evidence(self, row: int, first: int, last: int) -> Select[Any]:
        query = select(EVIDENCE.c.seq, EVIDENCE.c.metric, EVIDENCE.c.body)
        query = query.where(EVIDENCE.c.endpoint_id == row, EVIDENCE.c.seq.between(first, last))
        return query if self._metrics is None else query.where(EVIDENCE.c.metric.in_(self._metrics))

    def _load(self, connection: Connection, fingerprints: set[int], layouts: set[int]) -> None:
        new = FINGERPRINT.c.id.in_(fingerprints - self._fingerprints.keys())
        for number, parts in connection.execute(select(FINGERPRINT.c.id, FINGERPRINT.c.body).where(new)):
            self._fingerprints[number] = Fingerprint(parts=parts)
        new = LAYOUT.c.id.in_(layouts - self._layouts.keys())
        for number, body in connection.execute(select(LAYOUT.c.id, LAYOUT.c.body).where(new)):
            cells = _cells(body)
            self._layouts[number] = cells, packing.single_sample_keys(cells)

    def _scores(self, row: Any, values: Mapping[str, Mapping[str, tuple[float, ...]]]) -> ReplayScores:
        return ReplayScores(
            slot=Slot(endpoint=self.endpoint, due=row.due),
            seq=row.seq,
            epoch=row.epoch,
            fingerprint=self._fingerprints[row.fingerprint_id],
            asked=row.asked,
            answered=row.answered,
            values=values,
            models=frozenset(row.models),
            system_fingerprints=frozenset(row.system_fingerprints),
        )


def _cells(body: Sequence[Sequence[Any]]) -> list[Cell]:
    return [(key, sample) for key, sample in body]


def _probe_ids(connection: Connection, here: Any) -> dict[int, str]:
    """Return the row numbers and keys of all probes that the replays `here` asked."""
    layouts = select(LAYOUT.c.body).where(LAYOUT.c.id.in_(select(REPLAY.c.layout_id).where(here)))
    keys = {key for body in connection.scalars(layouts) for key, _ in body}
    return {number: key for number, key in connection.execute(select(PROBE)) if key in keys}


def _by_begin(
    probes: Mapping[int, str], known: Sequence[Acceptance], *, epoch: int, seq: int | None = None
) -> dict[int, dict[int, str]]:
    """Return the probes, row number to key, by the seq after which their present baseline began."""
    found: dict[int, dict[int, str]] = {}
    for number, key in probes.items():
        last = since_accepted(key.rpartition("@")[0], known, epoch=epoch, seq=seq)
        found.setdefault(last.seq if last else 0, {})[number] = key
    return found


def _first_texts(connection: Connection, here: Any, waiting: Mapping[int, str], limit: int) -> dict[str, list[str]]:
    """Return the first `limit` texts of each probe, given by row number and key, in the replays `here`."""
    found, decoded = dict[str, list[str]](), dict[bytes, str]()
    seqs = connection.scalars(select(REPLAY.c.seq).where(here).order_by(REPLAY.c.seq)).all()
    # Mostly the first step is enough; a probe that never answers makes us look further.
    step = max(limit, 24)
    for start in range(0, len(seqs), step):
        if not waiting:
            break
        span = seqs[start : start + step]
        for number, body in connection.execute(_texts(here, span[0], span[-1], list(waiting))):
            texts = found.setdefault(waiting[number], [])
            if len(texts) < limit:
                # At temperature 0 a probe mostly says the same: one text, decoded and held once.
                if body not in decoded:
                    decoded[body] = unsqueeze(body).decode("utf-8", "replace")
                texts.append(decoded[body])
        waiting = {number: key for number, key in waiting.items() if len(found.get(key, ())) < limit}
    return found


def _texts(here: Any, first: int, last: int, probes: Sequence[int]) -> Select[Any]:
    answered = ANSWER.join(REPLAY).join(TEXT, ANSWER.c.text_id == TEXT.c.id)
    return (
        select(ANSWER.c.probe_id, TEXT.c.body)
        .select_from(answered)
        .where(here, REPLAY.c.seq.between(first, last), ANSWER.c.outcome == Outcome.OK, ANSWER.c.probe_id.in_(probes))
        .order_by(ANSWER.c.seq, ANSWER.c.position)
    )
