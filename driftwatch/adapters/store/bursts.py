"""Confirmation bursts: what was asked between an alarm and its page, and what it said."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, select

from driftwatch.adapters.store.database import Database, enrolled
from driftwatch.adapters.store.tables import BURST, ENDPOINT
from driftwatch.domain.answer import Answer, Reply
from driftwatch.domain.confirmation import Burst, Confirmation
from driftwatch.domain.errors import Outcome
from driftwatch.services.ports import Store


class Bursts(Store):
    """The part of the store that holds confirmations."""

    _db: Database

    def record_burst(self, burst: Burst) -> None:
        with self._db.writing() as connection:
            endpoint = enrolled(connection, burst.endpoint)
            here = (BURST.c.endpoint_id == endpoint) & (BURST.c.seq == burst.seq)
            if connection.scalar(select(BURST.c.seq).where(here)) is not None:
                return
            row = {
                "endpoint_id": endpoint,
                "seq": burst.seq,
                "incident_id": burst.incident,
                "started_at": burst.started_at,
                "finished_at": burst.finished_at,
                "verdict": burst.verdict.value,
                "said": burst.said,
                "cost_usd": float(burst.cost_usd),
                "answers": [_document(answer) for answer in burst.answers],
                "scores": {m: {p: list(v) for p, v in probes.items()} for m, probes in burst.values.items()},
            }
            connection.execute(insert(BURST).values(**row))

    def burst(self, endpoint: str, seq: int) -> Burst | None:
        return next(iter(self._bursts(endpoint, BURST.c.seq == seq)), None)

    def bursts(self, endpoint: str) -> Sequence[Burst]:
        return self._bursts(endpoint, BURST.c.seq > 0)

    def confirming_usd(self, endpoint: str, *, since: datetime, until: datetime) -> float:
        ended = (BURST.c.finished_at >= since) & (BURST.c.finished_at < until)
        query = select(func.sum(BURST.c.cost_usd)).join(ENDPOINT).where(ENDPOINT.c.name == endpoint, ended)
        with self._db.reading() as connection:
            return float(connection.scalar(query) or 0.0)

    def _bursts(self, endpoint: str, which: ColumnElement[bool]) -> Sequence[Burst]:
        query = select(BURST).join(ENDPOINT).where(ENDPOINT.c.name == endpoint, which).order_by(BURST.c.seq)
        with self._db.reading() as connection:
            return tuple(_burst(endpoint, dict(row)) for row in connection.execute(query).mappings())


def _burst(endpoint: str, row: dict[str, Any]) -> Burst:
    return Burst(
        endpoint=endpoint,
        seq=row["seq"],
        incident=row["incident_id"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        verdict=Confirmation(row["verdict"]),
        answers=tuple(_answer(document) for document in row["answers"]),
        values={m: {p: tuple(v) for p, v in probes.items()} for m, probes in row["scores"].items()},
        cost_usd=row["cost_usd"],
        said=row["said"],
    )


def _document(answer: Answer) -> dict[str, Any]:
    reply = answer.reply
    return {
        "probe_key": answer.probe_key,
        "sample": answer.sample,
        "at": answer.at.isoformat(),
        "outcome": answer.outcome.value,
        "attempts": answer.attempts,
        "error": answer.error,
        "cost_usd": answer.cost_usd,
        # Base64, because an answer may hold bytes that no text column takes.
        "output": b64encode(reply.output).decode() if reply else None,
        "latency_ms": reply.latency_ms if reply else None,
        "model": reply.model if reply else None,
    }


def _answer(document: dict[str, Any]) -> Answer:
    output, latency_ms, model = (document.pop(name) for name in ("output", "latency_ms", "model"))
    reply = None if output is None else Reply(output=b64decode(output), latency_ms=latency_ms, model=model)
    at, outcome = datetime.fromisoformat(document.pop("at")), Outcome(document.pop("outcome"))
    return Answer(**document, at=at, outcome=outcome, reply=reply)
