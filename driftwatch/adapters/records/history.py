"""Recorded replays in order of time, scored as an import would score them, and written nowhere."""

import marshal
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.adapters.records.answers import to_scores
from driftwatch.adapters.records.importing import ImportReport, _numbered
from driftwatch.adapters.records.reading import Source, read_records
from driftwatch.adapters.records.record import Record
from driftwatch.adapters.records.spool import Spool, microseconds, moment_at, open_spool
from driftwatch.domain.answer import Answer, TokenLogprob
from driftwatch.domain.errors import Outcome, Problem
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.metric import MEASURED, PASS
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.services.backtest import Event, Failed
from driftwatch.services.recorded import Values, local_changes
from driftwatch.services.score import Scorers, overall, score_answer

_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


@dataclass(slots=True)
class Known:
    """What the records say of one endpoint, all of them read.

    Parameters
    ----------
    values : mapping
        Metric -> what its recorded scores look like.
    scored : mapping
        Probe -> the scorers whose scores any of its records has: where one is missing, ``pass`` is not known.
    """

    moments: set[datetime] = field(default_factory=set)
    values: dict[str, Values] = field(default_factory=dict)
    scored: dict[str, set[str]] = field(default_factory=dict)
    logprobs: bool = False

    def add(self, record: Record) -> None:
        """Take one more record."""
        self.moments.add(record.replay)
        self.logprobs |= bool(record.logprobs)
        if (scored := self.scored.get(record.probe)) is None:
            scored = self.scored[record.probe] = set()
        for metric, value in record.scores.items():
            if (values := self.values.get(metric)) is None:
                values = self.values[metric] = Values()
            values.add(value)
            if metric not in MEASURED:
                scored.add(metric)


@dataclass(frozen=True, kw_only=True)
class Scoring:
    """How an endpoint's records are scored: with the golden set's scorers, and so many reference texts a probe."""

    scorers: Scorers = field(default_factory=dict)
    references: int
    derives_pass: bool = True


class RecordedHistory:
    """A file of records, put in order on disk; made by `recorded_history`.

    Parameters
    ----------
    endpoints : mapping
        What is known of each endpoint.
    report : ImportReport
        The lines that could not be used, as an import tells them.
    """

    def __init__(self, source: Source, spool: Spool) -> None:
        self._source, self._spool = source, spool
        self.endpoints: dict[str, Known] = {}
        self.report = ImportReport()

    def load(self, advance: Callable[[int], None] = lambda _: None) -> None:
        """Read every line; `advance` is told the number of each."""
        self._spool.fill(self._sorted_out(advance))

    def events(self, scoring: Mapping[str, Scoring]) -> Iterator[tuple[str, Event]]:
        """Yield every endpoint's replays, and what brought no answer, in order of time."""
        scorers = {name: _Scorer(self.endpoints[name], how) for name, how in scoring.items()}
        for lines in self._spool.replays():
            records = [(number, _unpacked(body)) for number, body in lines]
            name = records[0][1].endpoint
            chosen = list(_numbered(self._source, records, self.report))
            yield name, scorers[name].event(chosen)

    def _sorted_out(self, advance: Callable[[int], None]) -> Iterator[tuple[datetime, str, tuple[int, bytes]]]:
        for number, found in read_records(self._source):
            advance(number)
            if isinstance(found, Problem):
                self.report.skip(found)
                continue
            self.report.naive += found.naive
            if (known := self.endpoints.get(found.endpoint)) is None:
                known = self.endpoints[found.endpoint] = Known()
            known.add(found)
            # Escaped as SQL text refuses a lone surrogate, which JSON allows in a name.
            yield found.replay, ascii(found.endpoint), (number, _packed(found))


@contextmanager
def recorded_history(source: Source) -> Iterator[RecordedHistory]:
    """Give a history that needs little memory, whatever the file's size and order."""
    with open_spool() as spool:
        yield RecordedHistory(source, spool)


class _Scorer:
    """Scores one endpoint's replays in order, and keeps the texts that later ones are compared with."""

    def __init__(self, known: Known, how: Scoring) -> None:
        self._known, self._how = known, how
        self._texts: dict[str, list[str]] = {}
        self._references: dict[str, ReferenceTexts] = {}
        self._fingerprint = Fingerprint(parts={})
        self._epoch, self._seq = 1, 0

    def event(self, chosen: Sequence[tuple[Record, Answer]]) -> Event:
        """Return the replay of these answers, or that there was none."""
        slot = Slot(endpoint=chosen[0][0].endpoint, due=chosen[0][0].replay)
        answered = sum(record.outcome is Outcome.OK for record, _ in chosen)
        if not answered:
            outcome, _ = Counter(record.outcome for record, _ in chosen).most_common(1)[0]
            return Failed(slot=slot, outcome=outcome, counts=True)
        fingerprint = next((record.fingerprint for record, _ in chosen if record.fingerprint), {})
        self._begin(fingerprint)
        self._seq += 1
        values = self._values(chosen)
        self._keep(chosen)
        texts = [record.texts for record, answer in chosen if answer.reply]
        return ReplayScores(
            slot=slot,
            seq=self._seq,
            epoch=self._epoch,
            fingerprint=self._fingerprint,
            asked=len(chosen),
            answered=answered,
            values=values,
            models=frozenset(t["model"] for t in texts if "model" in t),
            system_fingerprints=frozenset(t["system_fingerprint"] for t in texts if "system_fingerprint" in t),
        )

    def _begin(self, parts: Mapping[str, str]) -> None:
        """Start a new baseline where our side changed; a part that was not logged has not changed."""
        now = Fingerprint(parts={**self._fingerprint.parts, **parts})
        if local_changes(now, self._fingerprint):
            self._epoch += 1
            self._texts, self._references = {}, {}
        self._fingerprint = now

    def _values(self, chosen: Sequence[tuple[Record, Answer]]) -> dict[str, dict[str, tuple[float, ...]]]:
        values: dict[str, dict[str, tuple[float, ...]]] = {}
        for record, answer in sorted(chosen, key=lambda pair: pair[1].sample):
            for metric, value in self._scores(record, answer).items():
                here = values.setdefault(metric, {})
                here[answer.probe_key] = (*here.get(answer.probe_key, ()), value)
        return values

    def _scores(self, record: Record, answer: Answer) -> dict[str, float]:
        scores: dict[str, float] = {}
        if answer.reply is not None:
            made = score_answer(answer, self._how.scorers, self._references)
            scores = {name: value for name, value in made.items() if isinstance(value, float) and math.isfinite(value)}
        scores.update(to_scores(record))
        if self._how.derives_pass and PASS.name not in scores:
            scores.update(self._passed(record))
        return scores

    def _passed(self, record: Record) -> dict[str, float]:
        own = {name: value for name, value in record.scores.items() if name not in MEASURED}
        value = overall(own) if own else None
        complete = own.keys() >= self._known.scored[record.probe]
        return {PASS.name: value} if isinstance(value, float) and (complete or value == 0) else {}

    def _keep(self, chosen: Sequence[tuple[Record, Answer]]) -> None:
        """Remember the first texts of every probe in this baseline."""
        for _, answer in chosen:
            if answer.reply is None:
                continue
            texts = self._texts.setdefault(answer.probe_key, [])
            if len(texts) == self._how.references:
                continue
            texts.append(answer.text)
            if len(texts) == self._how.references:
                self._references[answer.probe_key] = ReferenceTexts(texts)


def _packed(record: Record) -> bytes:
    rest = (
        record.endpoint,
        microseconds(record.replay),
        microseconds(record.at),
        record.outcome.value,
        [dict(call) for call in record.tool_calls],
        [(token.token, token.logprob, dict(token.top)) for token in record.logprobs],
    )
    maps = [dict(given) for given in (record.scores, record.numbers, record.texts, record.fingerprint)]
    return marshal.dumps((record.probe, record.probe_hash, record.sample, record.output, maps, rest))


def _unpacked(body: bytes) -> Record:
    probe, probe_hash, sample, output, maps, rest = marshal.loads(body)  # noqa: S302  # our own bytes
    scores, numbers, texts, fingerprint = maps
    endpoint, replay, at, outcome, tool_calls, logprobs = rest
    return Record(
        endpoint=endpoint,
        probe=probe,
        replay=moment_at(replay),
        at=moment_at(at),
        probe_hash=probe_hash,
        sample=sample,
        output=output,
        scores=scores,
        numbers=numbers,
        texts=texts,
        headers={},
        tool_calls=tool_calls,
        logprobs=tuple(TokenLogprob(token=token, logprob=logprob, top=top) for token, logprob, top in logprobs),
        fingerprint=fingerprint,
        outcome=_OUTCOMES[outcome],
    )
