"""Recorded replays in order of time, scored as an import would score them, and written nowhere."""

import marshal
import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from driftwatch.adapters.records.answers import probe_key, to_answer, to_scores
from driftwatch.adapters.records.importing import ImportReport, numbered
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

_LONGEST_RUN, _LARGEST_RUN = 256, 1 << 20  # lines, and bytes of text, that are held before they are written
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
    lives : mapping
        Probe -> its first and its last replay: a golden set is replaced over the years.
    records : int
        How many there are.
    """

    moments: set[datetime] = field(default_factory=set)
    values: dict[str, Values] = field(default_factory=dict)
    scored: dict[str, set[str]] = field(default_factory=dict)
    lives: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    logprobs: bool = False
    records: int = 0

    @property
    def scattered(self) -> tuple[float, int] | None:
        """Answers a replay and probes, where most replays lack most probes, as if `replay` were each answer's time."""
        moments = sorted(self.moments)
        if len(moments) == self.records == len(self.lives):
            living = [len(self.lives)]  # no probe was asked twice, so nothing tells when any was there
        else:
            first, last = (sorted(ends) for ends in zip(*self.lives.values(), strict=True))
            living = [bisect_right(first, moment) - bisect_left(last, moment) for moment in moments]
        answers = self.records / len(moments)
        return (answers, max(living)) if 2 * answers * len(living) < sum(living) else None

    def add(self, records: Sequence[Record]) -> None:
        """Take more records of one replay."""
        replay = records[0].replay
        self.moments.add(replay)
        self.records += len(records)
        found: dict[str, list[float]] = {}
        for record in records:
            self.logprobs |= bool(record.logprobs)
            if (scored := self.scored.get(record.probe)) is None:
                scored = self.scored[record.probe] = set()
            first, last = self.lives.get(record.probe, (replay, replay))
            self.lives[record.probe] = (min(first, replay), max(last, replay))
            for metric, value in record.scores.items():
                found.setdefault(metric, []).append(value)
                if metric not in MEASURED:
                    scored.add(metric)
        for metric, values in found.items():
            if metric not in self.values:
                self.values[metric] = Values()
            self.values[metric].add_all(values)


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
        self.report.scattered = {
            name: scattered for name, known in self.endpoints.items() if (scattered := known.scattered)
        }

    def events(self, scoring: Mapping[str, Scoring]) -> Iterator[tuple[str, Event]]:
        """Yield every endpoint's replays, and what brought no answer, in order of time."""
        scorers = {name: _Scorer(self.endpoints[name], how) for name, how in scoring.items()}
        for runs in self._spool.replays():
            records = [pair for _, body in runs for pair in _unpacked(body)]
            name = records[0][1].endpoint
            chosen = list(numbered(self._source, records, self.report))
            yield name, scorers[name].event(chosen)

    def _sorted_out(self, advance: Callable[[int], None]) -> Iterator[tuple[datetime, str, tuple[int, bytes]]]:
        """Yield the file in runs of lines of the same replay."""
        run: list[tuple[int, Record]] = []
        size = 0
        for number, found in read_records(self._source):
            advance(number)
            self.report.lines += 1
            if isinstance(found, Problem):
                self.report.skip(found)
                continue
            self.report.naive += found.naive
            first = run[0][1] if run else found
            if (
                len(run) >= _LONGEST_RUN
                or size > _LARGEST_RUN
                or found.replay != first.replay
                or found.endpoint != first.endpoint
            ):
                yield self._kept(run)
                run, size = [], 0
            run.append((number, found))
            size += len(found.output or b"")
        if run:
            yield self._kept(run)

    def _kept(self, run: Sequence[tuple[int, Record]]) -> tuple[datetime, str, tuple[int, bytes]]:
        number, first = run[0]
        if (known := self.endpoints.get(first.endpoint)) is None:
            known = self.endpoints[first.endpoint] = Known()
        known.add([record for _, record in run])
        # Escaped as SQL text refuses a lone surrogate, which JSON allows in a name.
        return first.replay, ascii(first.endpoint), (number, _packed(run))


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

    def event(self, chosen: Sequence[tuple[Record, int]]) -> Event:
        """Return the replay of these answers, or that there was none."""
        slot = Slot(endpoint=chosen[0][0].endpoint, due=chosen[0][0].replay)
        answered = sum(record.outcome is Outcome.OK for record, _ in chosen)
        if not answered:
            outcome, _ = Counter(record.outcome for record, _ in chosen).most_common(1)[0]
            return Failed(slot=slot, outcome=outcome, counts=True)
        fingerprint = next((record.fingerprint for record, _ in chosen if record.fingerprint), {})
        self._begin(fingerprint)
        self._seq += 1
        answers = {
            at: to_answer(record, sample) for at, (record, sample) in enumerate(chosen) if record.output is not None
        }
        values = self._values(chosen, answers)
        self._keep(answers)
        texts = [chosen[at][0].texts for at, answer in answers.items() if answer.reply]
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

    def _values(
        self, chosen: Sequence[tuple[Record, int]], answers: Mapping[int, Answer]
    ) -> dict[str, dict[str, tuple[float, ...]]]:
        values: dict[str, dict[str, tuple[float, ...]]] = {}
        for at in sorted(range(len(chosen)), key=lambda at: chosen[at][1]):
            record = chosen[at][0]
            key = probe_key(record)
            for metric, value in self._scores(record, answers.get(at)).items():
                if (here := values.get(metric)) is None:
                    here = values[metric] = {}
                here[key] = (*here.get(key, ()), value)
        return values

    def _scores(self, record: Record, answer: Answer | None) -> Mapping[str, float]:
        scores = to_scores(record)
        if answer is not None and answer.reply is not None:
            made = score_answer(answer, self._how.scorers, self._references)
            finite = {name: value for name, value in made.items() if isinstance(value, float) and math.isfinite(value)}
            scores = {**finite, **scores}
        if self._how.derives_pass and PASS.name not in scores:
            return {**scores, **self._passed(record)}
        return scores

    def _passed(self, record: Record) -> dict[str, float]:
        own = {name: value for name, value in record.scores.items() if name not in MEASURED}
        value = overall(own) if own else None
        complete = own.keys() >= self._known.scored[record.probe]
        return {PASS.name: value} if isinstance(value, float) and (complete or value == 0) else {}

    def _keep(self, answers: Mapping[int, Answer]) -> None:
        """Remember the first texts of every probe in this baseline."""
        for answer in answers.values():
            if answer.reply is None:
                continue
            texts = self._texts.setdefault(answer.probe_key, [])
            if len(texts) == self._how.references:
                continue
            texts.append(answer.text)
            if len(texts) == self._how.references:
                self._references[answer.probe_key] = ReferenceTexts(texts)


def _packed(run: Sequence[tuple[int, Record]]) -> bytes:
    """Lines of one replay of one endpoint as bytes."""
    first = run[0][1]
    rows = [
        (
            number,
            r.probe,
            None if r.at == r.replay else microseconds(r.at),
            r.probe_hash,
            r.sample,
            r.output,
            r.scores,
            r.numbers,
            r.texts,
            r.tool_calls,
            [(token.token, token.logprob, token.top) for token in r.logprobs],
            r.fingerprint,
            r.outcome.value,
        )
        for number, r in run
    ]
    return marshal.dumps((first.endpoint, microseconds(first.replay), rows))


def _unpacked(body: bytes) -> Iterator[tuple[int, Record]]:
    endpoint, due, rows = marshal.loads(body)  # noqa: S302  # our own bytes
    replay = moment_at(due)
    for number, probe, at, probe_hash, sample, output, scores, numbers, texts, calls, logprobs, print_, outcome in rows:
        # By position: by name it would take three times as long.
        yield (
            number,
            Record(
                endpoint,
                probe,
                replay,
                replay if at is None else moment_at(at),
                probe_hash,
                sample,
                output,
                scores,
                numbers,
                texts,
                calls,
                {},
                tuple(TokenLogprob(token=token, logprob=logprob, top=top) for token, logprob, top in logprobs),
                print_,
                _OUTCOMES[outcome],
            ),
        )
