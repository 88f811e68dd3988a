"""One observation record: a line of JSON, understood or refused with the reason."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from driftwatch.adapters.records import fields
from driftwatch.adapters.records.fields import RecordError
from driftwatch.domain.answer import TokenLogprob
from driftwatch.domain.errors import Outcome

_NOTHING: Mapping[str, Any] = MappingProxyType({})


# Half a million of them make a year: a dataclass takes three times as long to make.
class Record(NamedTuple):
    """One answer, or scores without it, as some system logged it.

    Parameters
    ----------
    replay : datetime
        The moment that groups the answers of one replay; UTC.
    probe_hash : str, optional
        The probe's content hash; exports carry it.
    sample : int, optional
        0-based; without it the records of one probe in one replay are numbered in their order.
    output : bytes, optional
        None where the text was not logged: then only the scores count.
    naive : bool
        A time in it had no offset and was taken as UTC.
    """

    endpoint: str
    probe: str
    replay: datetime
    at: datetime
    probe_hash: str | None = None
    sample: int | None = None
    output: bytes | None = None
    scores: Mapping[str, float] = _NOTHING
    numbers: Mapping[str, float] = _NOTHING
    texts: Mapping[str, str] = _NOTHING
    tool_calls: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = _NOTHING
    logprobs: Sequence[TokenLogprob] = ()
    fingerprint: Mapping[str, str] = _NOTHING
    outcome: Outcome = Outcome.OK
    naive: bool = False


NUMBERS = (
    "latency_ms",
    "ttft_ms",
    "input_tokens",
    "output_tokens",
    "reasoning_tokens",
    "cached_tokens",
    "cost_usd",
    "attempts",
)
TEXTS = ("model", "system_fingerprint", "finish_reason", "refusal", "request_id", "outcome", "error")
_OUTCOMES = frozenset(outcome.value for outcome in Outcome)
_TEXTS, _NUMBERS = frozenset(TEXTS), frozenset(NUMBERS)
_EVIDENCE = frozenset(("output", "output_b64", "scores", "latency_ms", "error"))


def parse_record(line: bytes) -> Record:
    """Return the record in one line.

    Raises
    ------
    RecordError
        Saying what was met.

    Examples
    --------
    >>> record = parse_record(b'{"endpoint": "bot", "probe": "hi", "replay": "2026-07-20T06:00Z", "output": "Hi."}')
    >>> record.output, record.at.isoformat()
    (b'Hi.', '2026-07-20T06:00:00+00:00')
    """
    item = fields.json_object(line)
    given = [name for name, value in item.items() if value is not None]
    texts = {name: fields.text(item[name], name) for name in given if name in _TEXTS}
    replay, replay_naive = fields.moment(item, "replay")
    at, at_naive = fields.moment(item, "at") if item.get("at") is not None else (replay, False)
    if _EVIDENCE.isdisjoint(given):
        raise RecordError("none of output, scores, latency_ms, error is there")
    return Record(
        endpoint=fields.name_of(item, "endpoint"),
        probe=fields.name_of(item, "probe"),
        replay=replay,
        at=at,
        probe_hash=fields.content_hash(item),
        sample=fields.sample(item),
        output=fields.output(item),
        scores=fields.scores(item),
        numbers={name: fields.amount(item[name], name) for name in given if name in _NUMBERS},
        texts=texts,
        outcome=_outcome(texts),
        tool_calls=fields.tool_calls(item),
        headers=fields.text_map(item, "headers"),
        logprobs=fields.logprobs(item),
        fingerprint=fields.fingerprint(item),
        naive=replay_naive or at_naive,
    )


def _outcome(texts: Mapping[str, str]) -> Outcome:
    """Return the outcome: as exports name it, else ``ok`` without an error and ``unavailable`` with one."""
    error = texts.get("error")
    named = texts.get("outcome") or ("" if error is None else error.partition(":")[0].strip())
    if named in _OUTCOMES:
        return Outcome(named)
    if "outcome" in texts:
        raise RecordError(f"outcome is none of {', '.join(Outcome)}")
    return Outcome.OK if error is None else Outcome.UNAVAILABLE
