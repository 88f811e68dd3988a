"""Finding border inputs: prompts on which an endpoint's first token is in doubt, within a stated number of calls."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from driftwatch.domain.answer import Question, Reply
from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.errors import Outcome
from driftwatch.domain.probe import Message, Probe
from driftwatch.services.attempt import Asker, Attempted, ask_question
from driftwatch.services.border_candidates import candidates
from driftwatch.services.concurrency import Gate, Pace
from driftwatch.services.ports import Clock, LanguageModel
from driftwatch.services.questions import as_sent, question_of
from driftwatch.services.spend import SpendGuard, estimate_question
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.first_token import Law, law_of_tokens, law_of_top, margin

SCREENING = 3
"""Calls by which an input is looked at where tokens must be counted; with lists of chances one is enough."""
COUNTED = 10
"""Calls behind the law of an input that is kept, where tokens are counted."""
MOST_MARGIN = 0.5
"""An input on which the likeliest token leads by more says too little."""
TIE = 0.05
"""Once so many inputs as are wanted lie this near to a tie, the search ends."""
MOST_UNANSWERED = 20
"""Questions in a row without an answer that end the search: more would cost, and tell nothing of the model."""
_HOPELESS = frozenset({Outcome.AUTH, Outcome.NOT_FOUND, Outcome.BAD_REQUEST, Outcome.BUDGET})


@dataclass(frozen=True, slots=True, kw_only=True)
class BorderInput:
    """A prompt and the law of its first token."""

    prompt: str
    law: Law

    @property
    def margin(self) -> float:
        """By how much the likeliest token leads, 0 to 1."""
        return margin(self.law)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mined:
    """What a search found.

    Parameters
    ----------
    inputs : tuple of BorderInput
        The nearest tie first.
    listed : bool
        Whether the endpoint gives the chances of its first token, so that one call is enough.
    tried, calls : int
        Inputs that were answered, and requests made, failed ones included.
    cost_usd : float, optional
        None where no price is known.
    stopped : str
        What went wrong, where something ended the search early.
    unanswered : mapping of str to int
        Outcome -> questions that ended so; a question nobody answered says nothing of a token.
    """

    inputs: tuple[BorderInput, ...]
    listed: bool
    tried: int
    calls: int
    cost_usd: float | None
    stopped: str = ""
    unanswered: Mapping[str, int] = field(default_factory=dict)


class _Search:
    def __init__(self, asker: Asker, calls: int) -> None:
        self.asker, self.left, self.calls, self.usd = asker, calls, 0, 0.0
        self.stopped, self.unanswered, self._in_a_row = "", Counter[str](), 0

    async def ask(self, prompts: Sequence[str]) -> list[Reply | None]:
        """Ask every prompt once, as far as calls are left."""
        prompts = prompts[: self.left]
        self.left -= len(prompts)
        attempts = await asyncio.gather(*(ask_question(self.asker, _question(self.asker.endpoint, p)) for p in prompts))
        return [self._reply(attempted) for attempted in attempts]

    def _reply(self, attempted: Attempted) -> Reply | None:
        self.calls += attempted.attempts
        self.usd += attempted.cost_usd or 0.0
        if attempted.reply is None:
            self.unanswered[attempted.outcome.value] += 1
        self._in_a_row = self._in_a_row + 1 if attempted.reply is None else 0
        if attempted.outcome in _HOPELESS or self._in_a_row >= MOST_UNANSWERED:
            self.stopped = self.stopped or _why(attempted)
        return attempted.reply


async def mine(
    endpoint: Endpoint,
    model: LanguageModel,
    *,
    clock: Clock,
    guard: SpendGuard,
    calls: int,
    wanted: int,
    seed: int = 0,
    advance: Callable[[int], None] = lambda _: None,
) -> Mined:
    """Look for `wanted` border inputs with at most `calls` questions of one token each; failed ones are not repeated.

    Parameters
    ----------
    guard : SpendGuard
        Bounds the cost.
    advance : callable
        Is told how many questions were asked so far.
    """
    asker = Asker(
        endpoint=replace(endpoint, attempts=1),
        model=model,
        clock=clock,
        guard=guard,
        gate=Gate(Pace(most=endpoint.concurrency), clock=clock),
        until=float("inf"),
    )
    search, tried = _Search(asker, calls), 0
    found: list[BorderInput] = []
    listed: bool | None = None
    supply = candidates(seed)
    while search.left > 0 and not search.stopped and _wanting(found, wanted):
        batch = list(islice(supply, endpoint.concurrency))
        replies = await search.ask(batch)
        if listed is None and any(replies):
            listed = any(_top(reply) for reply in replies if reply)
        tried += sum(reply is not None for reply in replies)
        if listed:
            found += _from_lists(batch, replies)
        else:
            found += await _from_counts(search, batch, replies)
        advance(calls - search.left)
    kept = sorted(found, key=lambda one: (one.margin, one.prompt))[:wanted]
    price = None if endpoint.price is None else search.usd
    return Mined(
        inputs=tuple(kept),
        listed=bool(listed),
        tried=tried,
        calls=search.calls,
        cost_usd=price,
        stopped=search.stopped,
        unanswered=dict(search.unanswered),
    )


def most_usd(endpoint: Endpoint, calls: int) -> float:
    """Return the most that a search is expected to cost; 0 where no price is known."""
    longest = max(islice(candidates(), 400), key=len)
    return calls * estimate_question(_question(endpoint, longest), endpoint.price)


def _wanting(found: Sequence[BorderInput], wanted: int) -> bool:
    return sum(one.margin <= TIE for one in found) < wanted


def _from_lists(prompts: Sequence[str], replies: Sequence[Reply | None]) -> Iterator[BorderInput]:
    for prompt, reply in zip(prompts, replies, strict=False):
        try:
            law = law_of_top(_top(reply)) if reply and _top(reply) else {}
        except DegenerateError:
            continue
        if law and margin(law) <= MOST_MARGIN:
            yield BorderInput(prompt=prompt, law=law)


async def _from_counts(search: _Search, prompts: Sequence[str], replies: Sequence[Reply | None]) -> list[BorderInput]:
    """Ask again what was asked; where the first token changes, count it properly."""
    tokens = {prompt: [_token(reply)] for prompt, reply in zip(prompts, replies, strict=False) if reply}
    await _again(search, tokens, SCREENING - 1)
    doubtful = {prompt: heard for prompt, heard in tokens.items() if len(set(heard)) > 1}
    await _again(search, doubtful, COUNTED - SCREENING)
    laws = {prompt: law_of_tokens(heard) for prompt, heard in doubtful.items()}
    return [BorderInput(prompt=prompt, law=law) for prompt, law in laws.items() if margin(law) <= MOST_MARGIN]


async def _again(search: _Search, tokens: dict[str, list[str]], times: int) -> None:
    asked = [prompt for prompt in tokens for _ in range(times)]
    for prompt, reply in zip(asked, await search.ask(asked), strict=False):
        if reply is not None:
            tokens[prompt].append(_token(reply))


def _why(attempted: Attempted) -> str:
    # The guard's own words name today's budget alone; a search may have been allowed less.
    used_up = "the money that this search may cost is used up"
    return f"{attempted.outcome.value}: {used_up if attempted.outcome is Outcome.BUDGET else attempted.error or ''}"


def _question(endpoint: Endpoint, prompt: str) -> Question:
    probe = Probe(id="candidate", messages=(Message(role="user", content=prompt),), sensor="border")
    return question_of(endpoint, probe, [as_sent(turn) for turn in probe.messages])


def _top(reply: Reply) -> Mapping[str, float]:
    return reply.logprobs[0].top if reply.logprobs else {}


def _token(reply: Reply) -> str:
    return reply.logprobs[0].token if reply.logprobs else reply.output.decode("utf-8", "replace")
