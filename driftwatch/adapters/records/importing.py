"""Importing observation records: the history a team has already becomes replays in the store."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from driftwatch.adapters.records.answers import NOT_HASHED, to_answer, to_scores
from driftwatch.adapters.records.reading import Source, problem, read_lines, understood
from driftwatch.adapters.records.record import Record
from driftwatch.adapters.records.spool import Line, open_spool
from driftwatch.domain.answer import Answer
from driftwatch.domain.errors import Problem
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import Replay, Score, Slot, SlotState
from driftwatch.scorers.verdict import Unscored
from driftwatch.services.ports import Store

Given = Mapping[tuple[str, int], Mapping[str, float]]
"""(probe key, sample) -> metric -> the record's own score."""

ScoreReplay = Callable[[Replay, Given], Iterable[Score]]
"""What else is to be scored in a replay; where both have a score, the record's wins."""

MOST_LISTED = 10_000
_CUT = "give the whole file: an import stores whole replays only, as one that is stored stays as it is."
_SAMPLE = "one of them is used; give each answer a `sample` of its own where both are answers."


@dataclass(slots=True, kw_only=True)
class ImportReport:
    """What an import did.

    Parameters
    ----------
    replays, answers : int
        New in the store.
    known : int
        Replays that were in the store already; they stay as they are.
    skipped : list of Problem
        Lines that could not be used, at most 10,000 of the `skipped_lines`.
    naive : int
        Lines with a time without offset, taken as UTC.
    lines, repeats : int
        That were read; of the skipped ones those that are there before word for word, with which nothing is lost.
    torn : bool
        The file ended before its end.
    cut : datetime, optional
        The `replay` of the last line before that: what it lacks is lost.
    scattered : mapping
        Endpoint whose replays lack most of its probes -> answers a replay, and probes at one time; a backtest's only.
    """

    replays: int = 0
    answers: int = 0
    known: int = 0
    skipped: list[Problem] = field(default_factory=list)
    skipped_lines: int = 0
    naive: int = 0
    lines: int = 0
    repeats: int = 0
    torn: bool = False
    cut: datetime | None = None
    scattered: dict[str, tuple[float, int]] = field(default_factory=dict)

    @property
    def partial(self) -> bool:
        """Whether so much is lost, half of the lines or the end of the file, that silence about it says little."""
        return self.torn or (self.lines > 0 and 2 * (self.skipped_lines - self.repeats) >= self.lines)

    def skip(self, found: Problem, *, repeat: bool = False) -> None:
        """Count a line that could not be used."""
        self.skipped_lines += 1
        self.repeats += repeat
        self.torn |= found.slug == "records-torn"
        if len(self.skipped) < MOST_LISTED:
            self.skipped.append(found)


def import_observations(store: Store, source: Source, *, score: ScoreReplay | None = None) -> ImportReport:
    """Write the replays of a file of records into the store, in order of time; again is a no-op.

    Parameters
    ----------
    source : path or binary stream
        Lines in any order; gzip by its first bytes. Where it ends before its end, the replay at the cut is left out.
    score : callable, optional
        Called with each new replay and the records' own scores; returns further scores.
    """
    report = ImportReport()
    with open_spool() as spool:
        spool.fill(_sorted_out(source, report))
        for lines in spool.replays():
            _import_replay(store, source, list(lines), score, report)
    return report


def _sorted_out(source: Source, report: ImportReport) -> Iterator[tuple[datetime, str, Line]]:
    last: datetime | None = None
    for number, body in read_lines(source):
        report.lines += 1
        found = body if isinstance(body, Problem) else understood(source, number, body)
        if isinstance(found, Problem):
            report.skip(found)
            report.cut = last if report.torn else None
        elif isinstance(body, bytes):
            last = found.replay
            report.naive += found.naive
            # Escaped as SQL text refuses a lone surrogate, which JSON allows in a name.
            yield found.replay, ascii(found.endpoint), (number, body)


def _import_replay(
    store: Store, source: Source, lines: Sequence[Line], score: ScoreReplay | None, report: ImportReport
) -> None:
    records = [
        (number, found) for number, body in lines if isinstance(found := understood(source, number, body), Record)
    ]
    slot = Slot(endpoint=records[0][1].endpoint, due=records[0][1].replay)
    before = next(iter(store.slots(slot.endpoint, since=slot.due, until=slot.due + timedelta(microseconds=1))), None)
    if before is not None and before.state is SlotState.DONE:
        report.known += 1
        return
    if before is not None and before.state is not SlotState.RUNNING:
        for number, _ in records:
            met = f"the slot {slot.key} of {slot.endpoint} has ended as {before.state}"
            report.skip(problem(source, number, met, "nothing can be added to it; give the record another `replay`."))
        return
    if slot.due == report.cut:
        for number, _ in records:
            report.skip(problem(source, number, "the file ends within this replay", _CUT, slug="records-torn"))
        return
    chosen = [(record, to_answer(record, sample)) for record, sample in numbered(source, records, report)]
    replay = _replay(store.epoch(slot.endpoint), slot, chosen)
    given = {(answer.probe_key, answer.sample): to_scores(record) for record, answer in chosen}
    store.record_replay(replay, _merged(given, score(replay, given) if score else ()))
    report.replays += 1
    report.answers += len(chosen)


def numbered(
    source: Source, records: Sequence[tuple[int, Record]], report: ImportReport
) -> Iterator[tuple[Record, int]]:
    """Yield records with their samples; those without a number take the next free one."""
    if len({(r.probe, r.probe_hash or NOT_HASHED) for _, r in records if r.sample is None}) == len(records):
        yield from ((record, 0) for _, record in records)  # the usual replay: one answer a probe, none numbered
        return
    taken = {(r.probe, r.probe_hash or NOT_HASHED, r.sample): (number, r) for number, r in reversed(records)}
    free = dict[tuple[str, str], int]()
    first = dict[tuple[object, ...], list[Record]]()
    for number, record in records:
        probe = (record.probe, record.probe_hash or NOT_HASHED)
        sample = record.sample
        if sample is None:
            if (which := _which(record)) is not None:
                same = first.setdefault((*probe, *which), [])
                if record in same:
                    report.skip(problem(source, number, "the same answer was there before", _SAMPLE), repeat=True)
                    continue
                same.append(record)
            sample = free.get(probe, 0)
            while (*probe, sample) in taken:
                sample += 1
            free[probe] = sample + 1
        elif (kept := taken[*probe, sample])[0] != number:
            met = f"sample {sample} of this probe and replay was there before"
            same = record == kept[1]
            report.skip(problem(source, number, met if same else f"{met}, with another answer", _SAMPLE), repeat=same)
            continue
        yield record, sample


def _which(record: Record) -> tuple[object, ...] | None:
    """Return what tells an answer from another of the same words; None where nothing does: then each is a sample.

    Several answers of one moment may be logged to the second, but not with the same latency to the digit.
    """
    name, latency = record.texts.get("request_id"), record.numbers.get("latency_ms")
    if name is None and (record.at == record.replay or latency is None):
        return None
    return name, record.at, latency


def _replay(epoch: int, slot: Slot, chosen: Sequence[tuple[Record, Answer]]) -> Replay:
    ends = [
        answer.at + timedelta(milliseconds=max(0, record.numbers.get("latency_ms", 0))) for record, answer in chosen
    ]
    fingerprint = next((record.fingerprint for record, _ in chosen if record.fingerprint), {})
    return Replay(
        slot=slot,
        epoch=epoch,
        started_at=min(answer.at for _, answer in chosen),
        finished_at=max(ends),
        fingerprint=Fingerprint(parts=fingerprint),
        answers=tuple(answer for _, answer in chosen),
    )


def _merged(given: Given, others: Iterable[Score]) -> list[Score]:
    merged = {(score.probe_key, score.sample, score.metric): _finite(score) for score in others}
    for (key, sample), scores in given.items():
        for metric, value in scores.items():
            merged[key, sample, metric] = Score(probe_key=key, sample=sample, metric=metric, value=value)
    return list(merged.values())


def _finite(score: Score) -> Score:
    """Return the score; what came out as no number (of a latency nobody logged, say) is unscored."""
    if isinstance(score.value, Unscored) or math.isfinite(score.value):
        return score
    unscored = Unscored("not a finite number")
    return Score(probe_key=score.probe_key, sample=score.sample, metric=score.metric, value=unscored)
