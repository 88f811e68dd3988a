"""Scorers that compare the answer's words with given ones."""

from collections.abc import Callable, Iterable
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.json_value import read_json, same_json
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored

DEFAULT_EDITS = 5
MAX_COMPARED = 10_000

Fold = Callable[[str], str]


def equals(argument: Any) -> Scorer:
    """Build: the answer, white space around it aside, is this text; or, given a list or mapping, this JSON."""
    wanted = arg.unwrap(argument)
    if isinstance(wanted, dict | list):
        return of_text(lambda text: _same_value(text, wanted))
    expected = arg.text(wanted, blank=True).strip()
    return of_text(lambda text: float(text.strip() == expected))


def _same_value(text: str, wanted: Any) -> Scored:
    found = read_json(text)
    return found if isinstance(found, Unscored) else float(found is not None and same_json(found.value, wanted))


def contains(argument: Any) -> Scorer:
    """Build: the text stands somewhere in the answer."""
    needle = arg.text(argument)
    return of_text(lambda text: float(needle in text))


def icontains(argument: Any) -> Scorer:
    """Build: as `contains`, upper and lower case alike."""
    needle = arg.text(argument).casefold()
    return of_text(lambda text: float(needle in text.casefold()))


def among(require: Callable[[Iterable[bool]], bool], fold: Fold) -> Callable[[Any], Scorer]:
    """Return the builder of a `contains` over a list: all of it, or any."""

    def build(argument: Any) -> Scorer:
        needles = tuple(fold(needle) for needle in arg.texts(argument))

        def judge(text: str) -> Scored:
            folded = fold(text)
            return float(require(needle in folded for needle in needles))

        return of_text(judge)

    return build


def starts_with(argument: Any) -> Scorer:
    """Build: the answer begins with the text, white space before it aside."""
    prefix = arg.text(argument).lstrip()
    if not prefix:
        raise ScorerArgumentError("the argument is white space", "write what the answer begins with.")
    return of_text(lambda text: float(text.lstrip().startswith(prefix)))


def word_count(argument: Any) -> Scorer:
    """Build: so many words between white space, exactly or within {min, max}."""
    wanted = arg.unwrap(argument)
    if not isinstance(wanted, dict):
        low = high = arg.whole(wanted, what="the number of words")
    else:
        given = arg.options(wanted, known=("min", "max"))
        if not given:
            raise ScorerArgumentError("neither `min` nor `max` is given", "add one of them, or both.")
        low = arg.whole(given.get("min", 0), what="min")
        high = arg.whole(given.get("max", 10**9 - 1), what="max")
        if low > high:
            raise ScorerArgumentError(f"min {low} is above max {high}", "exchange them.")
    return of_text(lambda text: float(low <= len(text.split()) <= high))


def levenshtein(argument: Any) -> Scorer:
    """Build: at most so many characters to insert, delete or exchange."""
    if isinstance(argument, dict):
        given = arg.options(argument, known=("value", "max", "threshold"), required=("value",))
        if "max" in given and "threshold" in given:
            raise ScorerArgumentError("both `max` and `threshold` are given", "they mean the same: keep one.")
        edits = arg.whole(given.get("max", given.get("threshold", DEFAULT_EDITS)), what="max")
    else:
        given, edits = {"value": argument}, DEFAULT_EDITS
    expected = arg.text(given["value"]).strip()
    if len(expected) > MAX_COMPARED:
        raise ScorerArgumentError(f"the text has {len(expected)} characters", f"keep it below {MAX_COMPARED}.")
    # Imported late: 2.8 MB that a golden set without edit distances need not keep.
    from rapidfuzz.distance import Levenshtein

    def judge(text: str) -> Scored:
        found = text.strip()
        # As many edits as they differ in length are needed anyway; and a hostile answer costs nothing.
        if abs(len(found) - len(expected)) > edits:
            return 0.0
        return float(Levenshtein.distance(found, expected, score_cutoff=edits) <= edits)

    return of_text(judge)
