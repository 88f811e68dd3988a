"""Makes scorers of judges of text, and keeps what scorers promise."""

from collections.abc import Callable
from typing import Any

from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored

MAX_CHARACTERS = 1_000_000
CONTENT_FILTER = "content_filter"

Judge = Callable[[str], Scored]
"""Scores a text; what may not be judged as text never reaches it."""


def of_text(judge: Judge) -> Scorer:
    """Return the scorer that judges an answer's text, where there is a text to judge."""

    def scorer(answer: Scorable) -> Scored:
        reason = unreadable(answer)
        return reason if reason is not None else judge(answer.text)

    return scorer


def unreadable(answer: Scorable) -> Unscored | None:
    """Return why an answer's text may not be judged; None if it may.

    An answer cut at `max_tokens` is judged: it is what users see.
    """
    if answer.finish_reason == CONTENT_FILTER:
        return Unscored("stopped by the content filter")
    if len(answer.text) > MAX_CHARACTERS:
        return Unscored("the answer is longer than 1 MB")
    return None


def negated(scorer: Scorer) -> Scorer:
    """Return the scorer's opposite: 1 - x; what is unscored stays so."""

    def opposite(answer: Scorable) -> Scored:
        value = score(scorer, answer)
        return value if isinstance(value, Unscored) else 1.0 - value

    return opposite


def score(scorer: Scorer, answer: Scorable) -> Scored:
    """Return a finite number from 0 to 1, or why there is none. Never raises.

    Examples
    --------
    >>> score(lambda answer: 1 / 0, None)
    Unscored(reason='the scorer failed: ZeroDivisionError: division by zero')
    >>> score(lambda answer: float("nan"), None)
    Unscored(reason='the scorer answered nan; a score is a number from 0 to 1')
    """
    try:
        value: Any = scorer(answer)  # a user's callable may return anything
        if isinstance(value, Unscored):
            return value
        # Written so that nan fails it; an int may be larger than any float.
        if isinstance(value, int | float) and 0 <= value <= 1:
            return float(value)
        return Unscored(f"the scorer answered {value!r:.60}; a score is a number from 0 to 1")
    except RecursionError:
        return Unscored("the answer is nested too deeply")
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a user's callable may raise anything
        return Unscored(f"the scorer failed: {type(error).__name__}: {_words(error)}"[:300])


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 -- a user's exception may have a broken __str__
        return "(no message)"
