"""Answers to rows and back; their texts are stored by content, once."""

import json
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Select, insert, select

from driftwatch.adapters.store.database import insert_or_keep
from driftwatch.adapters.store.packing import squeeze, unsqueeze
from driftwatch.adapters.store.tables import ANSWER, LOGPROBS, PROBE, TEXT
from driftwatch.adapters.store.types import json_text
from driftwatch.domain.answer import Answer, Reply, TokenLogprob, Usage
from driftwatch.domain.errors import Outcome

# SQLite takes 32,766 parameters in a statement, PostgreSQL 65,535.
BATCH = 10_000
_LARGEST_INT = 2**63 - 1


def write(connection: Connection, at: Mapping[str, int], answers: Sequence[Answer]) -> None:
    """Write the answers of the replay `at` (endpoint_id, seq) with their texts and log-probabilities."""
    probes = _probe_ids(connection, sorted({answer.probe_key for answer in answers}))
    digests = [_digest(a.reply) if a.reply else None for a in answers]
    outputs = {digest: a.reply.output for digest, a in zip(digests, answers, strict=True) if digest and a.reply}
    texts = _text_ids(connection, outputs)
    places = [{**at, "probe_id": probes[a.probe_key], "sample": a.sample} for a in answers]
    rows = [
        {**place, "position": n, **_columns(a), "text_id": texts[digest] if digest else None}
        for n, (place, digest, a) in enumerate(zip(places, digests, answers, strict=True))
    ]
    logprobs = [
        {**place, "body": _pack(a.reply.logprobs)}
        for place, a in zip(places, answers, strict=True)
        if a.reply and a.reply.logprobs
    ]
    for table, filled in ((ANSWER, rows), (LOGPROBS, logprobs)):
        if filled:
            connection.execute(insert(table), filled)


def read(connection: Connection, endpoint_id: int, seq: int) -> Sequence[Answer]:
    """Return the answers of one replay in the order in which they were given to us."""
    here = ANSWER.c.endpoint_id == endpoint_id, ANSWER.c.seq == seq
    return tuple(_answer(dict(row)) for row in connection.execute(_whole(*here)).mappings())


def replied(connection: Connection, endpoint_id: int, seqs: tuple[int, int], probes: Sequence[int]) -> Iterator[Answer]:
    """Yield each answer of these probes that has a reply, from one seq to another, in order."""
    here = ANSWER.c.endpoint_id == endpoint_id, ANSWER.c.seq.between(*seqs), ANSWER.c.text_id.is_not(None)
    for row in connection.execute(_whole(*here, ANSWER.c.probe_id.in_(probes))).mappings():
        yield _answer(dict(row))


def batches(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Cut what becomes an ``IN (...)`` to what a statement may hold."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _whole(*where: ColumnElement[bool]) -> Select[Any]:
    joined = ANSWER.join(PROBE).outerjoin(TEXT, ANSWER.c.text_id == TEXT.c.id).outerjoin(LOGPROBS)
    return (
        select(ANSWER, PROBE.c.key, TEXT.c.body.label("output"), LOGPROBS.c.body.label("logprobs"))
        .select_from(joined)
        .where(*where)
        .order_by(ANSWER.c.seq, ANSWER.c.position)
    )


def _columns(answer: Answer) -> dict[str, Any]:
    """Return the columns of one answer; every row has all of them, as an executemany needs."""
    reply, usage = answer.reply, answer.reply.usage if answer.reply else Usage()
    return {
        "at": answer.at,
        "outcome": answer.outcome.value,
        "attempts": answer.attempts,
        "cost_usd": answer.cost_usd,
        "error": answer.error,
        "latency_ms": reply and reply.latency_ms,
        "ttft_ms": reply and reply.ttft_ms,
        "input_tokens": _storable(usage.input_tokens),
        "output_tokens": _storable(usage.output_tokens),
        "reasoning_tokens": _storable(usage.reasoning_tokens),
        "cached_tokens": _storable(usage.cached_tokens),
        "model": reply and reply.model,
        "system_fingerprint": reply and reply.system_fingerprint,
        "finish_reason": reply and reply.finish_reason,
        "refusal": reply and reply.refusal,
        "request_id": reply and reply.request_id,
        "tool_calls": [dict(call) for call in reply.tool_calls] if reply and reply.tool_calls else None,
        "headers": dict(reply.headers) if reply and reply.headers else None,
    }


def _answer(row: Mapping[str, Any]) -> Answer:
    return Answer(
        probe_key=row["key"],
        sample=row["sample"],
        at=row["at"],
        outcome=Outcome(row["outcome"]),
        reply=_reply(row) if row["text_id"] is not None else None,
        attempts=row["attempts"],
        error=row["error"],
        cost_usd=row["cost_usd"],
    )


def _reply(row: Mapping[str, Any]) -> Reply:
    counts = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
    same = ("finish_reason", "refusal", "model", "system_fingerprint", "ttft_ms", "request_id")
    return Reply(
        output=unsqueeze(row["output"]),
        # SQLite keeps a NaN, a latency that nobody measured, as NULL.
        latency_ms=float("nan") if row["latency_ms"] is None else row["latency_ms"],
        tool_calls=tuple(row["tool_calls"] or ()),
        headers=row["headers"] or {},
        usage=Usage(**{name: row[name] for name in counts}),
        logprobs=_unpack(row["logprobs"]) if row["logprobs"] else (),
        **{name: row[name] for name in same},
    )


def _probe_ids(connection: Connection, keys: Sequence[str]) -> dict[str, int]:
    known = _ids(connection, PROBE.c.key, keys)
    new = [key for key in keys if key not in known]
    insert_or_keep(connection, PROBE, [{"key": key} for key in new])
    return known | _ids(connection, PROBE.c.key, new)


def _text_ids(connection: Connection, texts: Mapping[bytes, bytes]) -> dict[bytes, int]:
    known = _ids(connection, TEXT.c.digest, list(texts))
    new = [digest for digest in texts if digest not in known]
    rows = [{"digest": digest, "size": len(texts[digest]), "body": squeeze(texts[digest])} for digest in new]
    insert_or_keep(connection, TEXT, rows)
    return known | _ids(connection, TEXT.c.digest, new)


def _ids(connection: Connection, column: Column[Any], keys: Sequence[Any]) -> dict[Any, int]:
    found = dict[Any, int]()
    for some in batches(keys):
        query = select(column, column.table.c.id).where(column.in_(some))
        found.update((key, number) for key, number in connection.execute(query))
    return found


def _digest(reply: Reply) -> bytes:
    return sha256(reply.output).digest()


def _storable(count: int | None) -> int | None:
    # An absurd count is no count; one beyond 64 bits would stop the whole replay from being stored.
    return count if count is not None and abs(count) <= _LARGEST_INT else None


def _pack(logprobs: Sequence[TokenLogprob]) -> bytes:
    return squeeze(json_text([[item.token, item.logprob, dict(item.top)] for item in logprobs]).encode())


def _unpack(body: bytes) -> tuple[TokenLogprob, ...]:
    stored = json.loads(unsqueeze(body))
    return tuple(TokenLogprob(token=token, logprob=logprob, top=top) for token, logprob, top in stored)
