"""Perplexity of an answer under the model that gave it, from its log-probabilities."""

import math
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored


def perplexity_of(answer: Scorable) -> Scored:
    """Return exp of minus the mean log-probability of the tokens; 1 is certain.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> round(perplexity_of(SimpleNamespace(token_logprobs=[math.log(0.5), math.log(0.125)])), 6)
    4.0
    """
    values = answer.token_logprobs
    if not values:
        return Unscored("the endpoint gave no log-probabilities")
    if not all(map(math.isfinite, values)):
        return Unscored("a log-probability is not finite")
    mean = math.fsum(value / len(values) for value in values)
    # exp overflows at 709 nat; nothing that long a way off is told apart.
    return math.exp(min(-mean, 700.0))


def perplexity(argument: Any) -> Scorer:
    """Build: the perplexity is at most the threshold."""
    given = arg.options(
        argument if isinstance(argument, dict) else {"threshold": argument},
        known=("threshold",),
        required=("threshold",),
    )
    limit = arg.number(given["threshold"], what="threshold", least=1)

    def scorer(answer: Scorable) -> Scored:
        value = perplexity_of(answer)
        return value if isinstance(value, Unscored) else float(value <= limit)

    return scorer


def perplexity_score(argument: Any) -> Scorer:
    """Build: 1 / (1 + perplexity), so that larger is surer."""
    written = argument if isinstance(argument, dict) else {} if argument is None else {"threshold": argument}
    given = arg.options(written, known=("threshold",))
    if not 0 <= arg.number(given.get("threshold", 0), what="threshold", least=0) <= 1:
        raise ScorerArgumentError(f"threshold is {given['threshold']}", "it must be from 0 to 1.")

    def scorer(answer: Scorable) -> Scored:
        value = perplexity_of(answer)
        return value if isinstance(value, Unscored) else 1.0 / (1.0 + value)

    return scorer
