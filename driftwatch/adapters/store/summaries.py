"""What a report reads of many replays: a mean for each metric and the detectors' levels, not a row for each score."""

import json
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, insert, select

from driftwatch.adapters.store import packing
from driftwatch.adapters.store.database import Database, endpoint_id
from driftwatch.adapters.store.packing import Cell, squeeze, unsqueeze
from driftwatch.adapters.store.tables import ENDPOINT, EVIDENCE, LAYOUT, LEVEL, REPLAY
from driftwatch.domain.replay import ReplayMeans, Slot
from driftwatch.services.ports import Store

_CHUNK = 256
_DIGITS = 4
"""Significant digits of a level: a chart shows two."""


class Summaries(Store):
    """The part of the store that sums up."""

    _db: Database

    def summed(self, endpoint: str, *, first: int, last: int) -> Iterator[ReplayMeans]:
        layouts = dict[int, tuple[Sequence[Cell], Sequence[str] | None]]()
        while first <= last:
            with self._db.reading() as connection:
                page = _page(connection, endpoint, first, last, layouts)
            if not page:
                return
            yield from page
            first = page[-1].seq + 1

    def levels(self, endpoint: str, *, first: int, last: int) -> Mapping[int, Mapping[str, float]]:
        query = select(LEVEL.c.seq, LEVEL.c.body).join(ENDPOINT)
        here = (ENDPOINT.c.name == endpoint) & LEVEL.c.seq.between(first, last)
        with self._db.reading() as connection:
            return {seq: json.loads(unsqueeze(body)) for seq, body in connection.execute(query.where(here))}


def save_levels(connection: Connection, endpoint: int, seq: int, levels: Mapping[str, float]) -> None:
    """Write what one decision read, also where no stream watches yet: older versions wrote nothing."""
    short = {metric: float(f"{level:.{_DIGITS}g}") for metric, level in levels.items()}
    body = squeeze(json.dumps(short, separators=(",", ":")).encode())
    connection.execute(insert(LEVEL).values(endpoint_id=endpoint, seq=seq, body=body))


def _page(
    connection: Connection,
    endpoint: str,
    first: int,
    last: int,
    layouts: dict[int, tuple[Sequence[Cell], Sequence[str] | None]],
) -> list[ReplayMeans]:
    row = endpoint_id(connection, endpoint)
    columns = (REPLAY.c.seq, REPLAY.c.due, REPLAY.c.epoch, REPLAY.c.asked, REPLAY.c.answered, REPLAY.c.layout_id)
    here: ColumnElement[bool] = (REPLAY.c.endpoint_id == row) & REPLAY.c.seq.between(first, last)
    replays = connection.execute(select(*columns).where(here).order_by(REPLAY.c.seq).limit(_CHUNK)).all()
    if not replays:
        return []
    new = {replay.layout_id for replay in replays} - layouts.keys()
    for number, body in connection.execute(select(LAYOUT.c.id, LAYOUT.c.body).where(LAYOUT.c.id.in_(new))):
        cells = [(key, sample) for key, sample in body]
        layouts[number] = cells, packing.single_sample_keys(cells)
    of = {replay.seq: layouts[replay.layout_id] for replay in replays}
    means: dict[int, dict[str, float]] = {seq: {} for seq in of}
    bodies = select(EVIDENCE.c.seq, EVIDENCE.c.metric, EVIDENCE.c.body)
    here = (EVIDENCE.c.endpoint_id == row) & EVIDENCE.c.seq.between(min(of), max(of))
    for seq, metric, body in connection.execute(bodies.where(here).order_by(EVIDENCE.c.seq, EVIDENCE.c.metric)):
        if (mean := packing.mean(body, *of[seq])) is not None:
            means[seq][metric] = mean
    return [
        ReplayMeans(
            slot=Slot(endpoint=endpoint, due=r.due),
            seq=r.seq,
            epoch=r.epoch,
            asked=r.asked,
            answered=r.answered,
            means=means[r.seq],
        )
        for r in replays
    ]
