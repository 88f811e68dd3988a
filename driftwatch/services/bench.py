"""A judge at work on one replay: asked like any endpoint, voted on, and never a number for a failure."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from driftwatch.domain.answer import Question as Asked
from driftwatch.domain.endpoint import Endpoint
from driftwatch.scorers.criterion import Criterion, Question
from driftwatch.scorers.verdict import Scored, Unscored
from driftwatch.services.attempt import Asker, Attempted, ask_question
from driftwatch.services.ports import LanguageModel

TIED = Unscored("the judge's votes are tied")
REFUSED = Unscored("the judge refused")
CUT_OFF = Unscored("the judge's verdict was cut off at max_tokens")


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A model that grades answers.

    Parameters
    ----------
    name : str
        As criteria name it.
    endpoint : Endpoint
        Where and how it is asked; its probes are the anchors by which it is watched itself.
    votes : int
        Odd. Each answer is graded so often, and the majority (the median of grades) decides.
    confirm : bool
        A single vote against an answer counts only if a second one agrees; where they differ, a third decides.
    """

    name: str
    endpoint: Endpoint
    model: LanguageModel
    votes: int = 1
    confirm: bool = True
    kept: dict[tuple[str, str], Scored] = field(default_factory=dict, compare=False, repr=False)
    """(generation of the judge, mark) -> verdict on frozen text; no other is ever kept."""


@dataclass(slots=True, kw_only=True)
class Bench:
    """One judge during one replay; counts what it costs and how it calls itself."""

    judge: Judge
    asker: Asker
    generation: str
    cost_usd: float = 0.0
    models: set[str] = field(default_factory=set)


async def decided(bench: Bench, criterion: Criterion, question: Question) -> Scored:
    """Return the verdict of all the votes that it takes."""
    count = bench.judge.votes
    if count > 1:
        return tally(await asyncio.gather(*(_vote(bench, criterion, question, n) for n in range(count))))
    first = await _vote(bench, criterion, question, 0)
    if first != 0.0 or most_votes(bench.judge, criterion) == 1:
        return first
    second = await _vote(bench, criterion, question, 1)
    if isinstance(second, Unscored) or second == first:
        return second
    return await _vote(bench, criterion, question, 2)


def most_votes(judge: Judge, criterion: Criterion) -> int:
    """Return how often an answer is graded at most."""
    return 3 if judge.votes == 1 and judge.confirm and criterion.binary else judge.votes


def tally(votes: Sequence[Scored]) -> Scored:
    """Return the median of the votes; unscored unless more than half of them were given.

    For yes and no the median of an odd number is the majority.

    Examples
    --------
    >>> tally([1.0, 0.0, 1.0]), tally([1.0, 0.0, Unscored("the judge refused")])
    (1.0, Unscored(reason="the judge's votes are tied"))
    """
    given = [vote for vote in votes if not isinstance(vote, Unscored)]
    if 2 * len(given) <= len(votes):
        return next(vote for vote in votes if isinstance(vote, Unscored))
    middle = median(given)
    # Half a yes is no verdict; between two grades there may be one.
    return TIED if set(given) == {0.0, 1.0} and middle not in (0.0, 1.0) else middle


async def _vote(bench: Bench, criterion: Criterion, question: Question, number: int) -> Scored:
    endpoint = bench.judge.endpoint
    attempted = await ask_question(bench.asker, as_asked(endpoint, question, number))
    bench.cost_usd += attempted.cost_usd or 0.0
    if attempted.reply is not None and attempted.reply.model:
        bench.models.add(attempted.reply.model)
    return read_verdict(criterion, question.mark, attempted)


def as_asked(endpoint: Endpoint, question: Question, number: int = 0) -> Asked:
    """Return the question as a judge's endpoint is sent it; every vote has a seed of its own, where there is one."""
    seed = endpoint.params.get("seed")
    own = {"seed": seed + number} if isinstance(seed, int) and number else {}
    return Asked(
        messages=tuple(question.messages),
        params={**endpoint.params, **own},
        deadline_s=endpoint.deadline_s,
        max_bytes=endpoint.max_bytes,
    )


def read_verdict(criterion: Criterion, mark: str, attempted: Attempted) -> Scored:
    """Return the score of what came back from a judge, or the name of what went wrong."""
    reply = attempted.reply
    if reply is None:
        return Unscored(f"the judge did not answer: {attempted.outcome.value.replace('_', ' ')}")
    if reply.refusal or reply.finish_reason == "content_filter":
        return REFUSED
    verdict = criterion.read(reply.output.decode("utf-8", "replace"), mark)
    if isinstance(verdict, Unscored) and reply.finish_reason in ("length", "max_tokens"):
        return CUT_OFF
    return verdict
