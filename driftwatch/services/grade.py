"""Verdicts of judges on the answers of a replay, before its facts are committed."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from driftwatch.domain.answer import Answer
from driftwatch.domain.answer import Question as Asked
from driftwatch.domain.probe import Probe
from driftwatch.scorers.criterion import Criterion, Question
from driftwatch.scorers.judge import unreadable
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services.attempt import Asker
from driftwatch.services.bench import Bench, Judge, as_asked, decided, most_votes
from driftwatch.services.concurrency import Gate, Pace
from driftwatch.services.ports import Clock
from driftwatch.services.references import Texts
from driftwatch.services.score import Cell, Scorers, Verdicts
from driftwatch.services.spend import SpendGuard, estimate_question
from driftwatch.services.watched import Watched

MOST_KEPT = 4096
"""Verdicts on frozen text that a judge remembers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """What judges said of a replay.

    Parameters
    ----------
    models : mapping of str to frozenset
        Judge -> every model id it answered as.
    """

    verdicts: Verdicts = field(default_factory=dict)
    cost_usd: float = 0.0
    models: Mapping[str, frozenset[str]] = field(default_factory=dict)


async def grade_all(
    answers: Sequence[Answer],
    watched: Watched,
    references: Texts,
    *,
    clock: Clock,
    guard: SpendGuard,
    left_s: float,
    generations: Mapping[str, str],
) -> Graded:
    """Ask the judges about every answer that a criterion grades.

    Parameters
    ----------
    left_s : float
        Real seconds until the replay's time is over; each judge has at least one attempt's.
    generations : mapping
        Judge -> its generation: a verdict on frozen text does not outlive the judge that gave it.
    """
    benches = {
        name: Bench(
            judge=one.judge,
            generation=generations.get(name, ""),
            asker=_asker(one.judge, clock=clock, guard=guard, left_s=left_s),
        )
        for name, one in watched.judges.items()
    }
    words = {probe.key: asked_of(probe) for probe in watched.endpoint.probe_set.probes}
    verdicts: dict[Cell, Scored] = {}
    async with asyncio.TaskGroup() as group:
        for cell, criterion, answer in _judged(answers, watched.scorers):
            question = _question(criterion, answer, words, references)
            if isinstance(question, Unscored):
                verdicts[cell] = question
            else:
                group.create_task(_grade(benches[criterion.judge], criterion, question, verdicts, cell))
    return Graded(
        verdicts=verdicts,
        cost_usd=math.fsum(bench.cost_usd for bench in benches.values()),
        models={name: frozenset(bench.models) for name, bench in benches.items() if bench.models},
    )


def _asker(judge: Judge, *, clock: Clock, guard: SpendGuard, left_s: float) -> Asker:
    endpoint = judge.endpoint
    return Asker(
        endpoint=endpoint,
        model=judge.model,
        clock=clock,
        guard=guard,
        gate=Gate(Pace(most=endpoint.concurrency), clock=clock),
        until=clock.monotonic() + max(left_s, endpoint.deadline_s),
    )


def asked_of(probe: Probe) -> str:
    """Return what a probe asks, as a judge reads it: the prompt, or the whole conversation with its roles.

    Examples
    --------
    >>> from driftwatch.domain.probe import Message
    >>> asked_of(Probe(id="a", messages=(Message(role="user", content="Hi."),)))
    'Hi.'
    """
    if [turn.role for turn in probe.messages] == ["user"]:
        return probe.messages[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in probe.messages)


def own_reference(texts: Sequence[str]) -> str | None:
    """Return the reference answer that a probe's own baseline gives: the most frequent text, of equals the first.

    Examples
    --------
    >>> own_reference(["No.", "Yes.", "Yes."])
    'Yes.'
    """
    return Counter(texts).most_common(1)[0][0] if texts else None


def _judged(answers: Sequence[Answer], scorers: Scorers) -> Iterator[tuple[Cell, Criterion, Answer]]:
    for answer in answers:
        if answer.reply is not None:
            for named in scorers.get(answer.probe_key, ()):
                if isinstance(named.scorer, Criterion):
                    yield (answer.probe_key, answer.sample, named.metric), named.scorer, answer


def _question(criterion: Criterion, answer: Answer, words: Mapping[str, str], references: Texts) -> Question | Unscored:
    if (reason := unreadable(answer)) is not None:
        return reason
    known = references.get(answer.probe_key)
    reference = own_reference(known.texts) if known else None
    return criterion.question(question=words[answer.probe_key], answer=answer.text, reference=reference)


async def _grade(
    bench: Bench, criterion: Criterion, question: Question, verdicts: dict[Cell, Scored], cell: Cell
) -> None:
    kept, key = bench.judge.kept, (bench.generation, f"{question.mark}{criterion.negate}{criterion.threshold}")
    if question.frozen and key in kept:
        verdicts[cell] = kept[key]
        return
    verdict = await decided(bench, criterion, question)
    verdicts[cell] = verdict
    if question.frozen and not isinstance(verdict, Unscored) and len(kept) < MOST_KEPT:
        kept[key] = verdict


def grading_calls(watched: Watched) -> Iterator[tuple[Judge, Asked]]:
    """Yield every vote on one replay as it will be asked, answers taken to be as long as what they answer."""
    for judge, _, asked in _gradings(watched):
        yield from [(judge, asked)] * judge.votes


def grading_usd(watched: Watched) -> float:
    """Return the most that grading one replay is expected to cost, without retries; 0 if no price is known."""
    return math.fsum(
        most_votes(judge, criterion) * estimate_question(asked, judge.endpoint.price)
        for judge, criterion, asked in _gradings(watched)
    )


def _gradings(watched: Watched) -> Iterator[tuple[Judge, Criterion, Asked]]:
    """Yield every answer's every criterion, with one vote on it."""
    for probe in watched.endpoint.probe_set.probes:
        for named in watched.scorers.get(probe.key, ()):
            if not isinstance(named.scorer, Criterion) or named.scorer.judge not in watched.judges:
                continue
            judge, words = watched.judges[named.scorer.judge].judge, asked_of(probe)
            question = replace(named.scorer, own_reference=False).question(question=words, answer=words)
            if not isinstance(question, Unscored):
                asked = as_asked(judge.endpoint, question)
                yield from [(judge, named.scorer, asked)] * probe.samples
