"""Log-probability tracking: best for changes that never reach the text, such as another quantisation."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol

from driftwatch.stats.errors import DegenerateError

DECIMALS = 5
"""A server that serves the same weights moves an answer's mean by up to 9e-7 nat (benchmarks/lab/noise.txt)."""

Context = bytes
"""Digest of the tokens that stand before a position: log-probabilities are comparable only after the same ones."""


class Position(Protocol):
    """One token of an answer; `top` holds the likeliest tokens there, or nothing if none were asked for."""

    @property
    def token(self) -> str: ...
    @property
    def logprob(self) -> float: ...
    @property
    def top(self) -> Mapping[str, float]: ...


@dataclass(frozen=True, kw_only=True)
class LogprobScore:
    """One answer against its probe's reference.

    Parameters
    ----------
    distance : float
        Mean absolute difference, in nat, 0 or more: the evidence. Another model moves each probe its own way, so
        signed differences cancel over probes and these do not.
    shift : float
        Mean signed difference, in nat, for people: positive where the answer became likelier.
    positions : int
        Positions compared, 1 or more.
    """

    distance: float
    shift: float
    positions: int


@dataclass(frozen=True, kw_only=True)
class LogprobReference:
    """The log-probabilities of a probe's reference answers, position by position; immutable once made.

    Given a fixed reference, the scores of all later answers are exchangeable when nothing changed. They go into
    `StreamDetector` as continuous values, at that detector's in-control ARL. The answers of the reference
    themselves must not be scored: they lie nearer to their own mean.

    Parameters
    ----------
    size : int
        The k of the top-k lists; 0 where only the log-probability of the answer's own token is known.
    laws : mapping of Context to mapping of str to float
        Mean log-probability of every token seen after these tokens, in nat.

    Notes
    -----
    Assumes that answers are independent given the model. An unchanged llama.cpp moves a distance by up to 1e-6 nat, and
    after a restart all answers of a probe together; one step of fine-tuning at 1e-4 moves it by 0.02, Q8_0 by 0.04
    (medians, five likeliest tokens). Scores are rounded to 1e-5, between the noise and the signal.

    References
    ----------
    .. [1] benchmarks/lab/README.md, "What the engine finds".

    Examples
    --------
    >>> from types import SimpleNamespace as Token
    >>> def said(yes, no): return [Token(token="Yes", logprob=yes, top={"Yes": yes, "No": no})]
    >>> reference = LogprobReference.of([said(-0.2, -1.7), said(-0.2, -1.7)])
    >>> reference.score(said(-0.2, -1.7)).distance
    0.0
    >>> reference.score(said(-0.3, -1.4))
    LogprobScore(distance=0.2, shift=-0.1, positions=1)
    """

    size: int
    laws: Mapping[Context, Mapping[str, float]]

    @classmethod
    def of(cls, answers: Iterable[Sequence[Position]]) -> "LogprobReference":
        """Make the reference; lists of another length than most are dropped, a missing token counts as the last.

        Raises
        ------
        DegenerateError
            If a log-probability is not finite or above zero, or no answer has any.
        """
        lists: dict[Context, list[Mapping[str, float]]] = {}
        for answer in answers:
            for context, position in _in_context(answer):
                lists.setdefault(context, []).append(_list_of(position))
        lengths = Counter(_size(one) for here in lists.values() for one in here)
        if not lengths:
            raise DegenerateError("logprobs: the reference holds no log-probability")
        # Of two lengths equally often the longer one, whatever the order of the answers.
        size = max(lengths, key=lambda length: (lengths[length], length))
        kept = {context: [one for one in here if _size(one) == size] for context, here in lists.items()}
        return cls(size=size, laws={context: _mean(here) for context, here in kept.items() if here})

    def score(self, answer: Sequence[Position]) -> LogprobScore | None:
        """Compare an answer as far as its context is known; None if no position can be compared.

        Raises
        ------
        DegenerateError
            If a log-probability is not finite or is above zero.
        """
        shifts, distances = [], []
        for context, position in _in_context(answer):
            found = _list_of(position)
            if context not in self.laws or _size(found) != self.size:
                continue
            moved = _differences(self.laws[context], found, censored=self.size > 0)
            if moved:
                distances.append(math.fsum(map(abs, moved)) / len(moved))
                own = self.laws[context].get(position.token)
                shifts.append(0.0 if own is None else position.logprob - own)
        if not distances:
            return None
        return LogprobScore(distance=_rounded_mean(distances), shift=_rounded_mean(shifts), positions=len(distances))


class _Own(dict[str, float]):
    """The answer's own token alone: nothing is known of any other."""


def _in_context(answer: Sequence[Position]) -> Iterable[tuple[Context, Position]]:
    # A chain of digests: the tokens themselves would take memory with the square of the answer's length.
    context = b""
    for position in answer:
        yield context, position
        context = blake2b(position.token.encode("utf-8", "surrogatepass"), key=context, digest_size=16).digest()


def _list_of(position: Position) -> Mapping[str, float]:
    found = dict(position.top) or _Own({position.token: position.logprob})
    for value in (position.logprob, *found.values()):
        if not (math.isfinite(value) and value <= 0):
            raise DegenerateError(f"logprobs: a log-probability must be finite and not above 0, got {value}")
    return found


def _size(found: Mapping[str, float]) -> int:
    return 0 if isinstance(found, _Own) else len(found)


def _mean(lists: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    """Mean log-probability of every token in any list; in a list without it, it is censored at the list's minimum."""
    tokens = sorted(set().union(*lists))
    if isinstance(lists[0], _Own):
        known = {token: [one[token] for one in lists if token in one] for token in tokens}
    else:
        known = {token: [one.get(token, min(one.values())) for one in lists] for token in tokens}
    return {token: math.fsum(values) / len(values) for token, values in known.items()}


def _differences(law: Mapping[str, float], found: Mapping[str, float], *, censored: bool) -> list[float]:
    """Difference, found minus law, of every token that either of them holds."""
    if not censored:
        return [value - law[token] for token, value in found.items() if token in law]
    # A token that the reference never listed lay at or below the least likely one it did.
    least, last = min(law.values()), min(found.values())
    return [found.get(token, last) - law.get(token, least) for token in sorted(law.keys() | found.keys())]


def _rounded_mean(values: Sequence[float]) -> float:
    # Adding zero turns -0.0 into 0.0.
    return round(math.fsum(values) / len(values), DECIMALS) + 0.0
