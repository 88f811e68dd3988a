"""How much of a given text an answer repeats: graded, by words, without a model."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.extras import missing
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scored, Scorer, Unscored
from driftwatch.scorers.words import SQUAD, few_words, normaliser, normaliser_names, references, words

MEASURES = ("recall", "precision", "f")
MAX_ORDER = 9
MAX_EXACT = 10_000


def compared(argument: Any, *, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Return an argument as ``{value, threshold, …}``, its threshold checked."""
    given = argument if isinstance(argument, Mapping) else {"value": argument}
    given = arg.options(given, known=("value", "threshold", *known), required=("value",))
    if "threshold" in given and not 0 <= arg.number(given["threshold"], what="threshold", least=0) <= 1:
        raise ScorerArgumentError(f"threshold is {given['threshold']}", "it must be from 0 to 1.")
    return given


def best_of(texts: tuple[str, ...], likeness: Callable[[list[str], list[str]], float]) -> Scorer:
    """Return the scorer that takes the likeliest of several texts, word by word."""
    targets = [words(text) for text in texts]

    def judge(text: str) -> Scored:
        found = few_words(text)
        if isinstance(found, Unscored):
            return found
        # Rounding may carry a perfect match just above 1.
        return min(1.0, max(likeness(found, target) for target in targets)) if found else 0.0

    return of_text(judge)


def token_f1(found: list[str], target: list[str]) -> float:
    """Return the harmonic mean of precision and recall of words, each counted as often as it stands.

    References
    ----------
    .. [1] P. Rajpurkar et al., "SQuAD: 100,000+ questions for machine comprehension of text", EMNLP 2016, section 6.1.

    Examples
    --------
    >>> round(token_f1(["in", "paris", "france"], ["paris"]), 3)
    0.5
    """
    shared = (Counter(found) & Counter(target)).total()
    return 2 * shared / (len(found) + len(target))


def f1(argument: Any) -> Scorer:
    """Build: the words shared with the text, as SQuAD counts them."""
    given = compared(argument)
    squad = normaliser(SQUAD)
    # An article alone has no words left: then it is compared as it stands.
    texts = tuple(squad(text) or text for text in references(given["value"]))
    scorer = best_of(texts, token_f1)
    return lambda answer: scorer(_Without(answer, squad))


class _Without:
    """An answer whose text lost what does not count."""

    def __init__(self, answer: Any, normalised: Callable[[str], str]) -> None:
        self._answer, self._normalised = answer, normalised

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._answer, name)
        return self._normalised(value) if name == "text" else value


def exact(argument: Any) -> Scorer:
    """Build: the answer is this text, or one of these, but for what `normalise` ignores."""
    given = argument if isinstance(argument, Mapping) else {"value": argument}
    given = arg.options(given, known=("value", "normalise"), required=("value",))
    alike = normaliser(normaliser_names(given["normalise"]) if "normalise" in given else SQUAD)
    value = given["value"]
    wanted = {alike(arg.text(item)) for item in (value if isinstance(value, list) else [value])}
    if not wanted or "" in wanted:
        raise ScorerArgumentError(f"the text {arg.shown(value)} is empty when normalised", "write what must stand.")
    return of_text(lambda text: float(len(text) <= MAX_EXACT and alike(text) in wanted))


def rouge_n(argument: Any) -> Scorer:
    """Build: the n-grams of the text that the answer has (recall), or their precision or F."""
    given = compared(argument, known=("n", "measure"))
    order, measure = given.get("n", 1), given.get("measure", "recall")
    if isinstance(order, bool) or order not in range(1, MAX_ORDER + 1):
        raise ScorerArgumentError(f"n is {arg.shown(order)}", f"it must be a whole number from 1 to {MAX_ORDER}.")
    if measure not in MEASURES:
        raise ScorerArgumentError(f"measure is {arg.shown(measure)}", f"it must be one of {', '.join(MEASURES)}.")
    texts = references(given["value"])
    with missing("rouge-n", "rouge-score"):
        from rouge_score import rouge_scorer

    name = f"rouge{order}"
    # With our words: its own tokenizer knows a-z and 0-9 only, and every Chinese text would get 0.
    engine = rouge_scorer.RougeScorer([name], tokenizer=_Words())

    def judge(text: str) -> Scored:
        found = few_words(text)
        if isinstance(found, Unscored):
            return found
        scores = [engine.score(target, text)[name] for target in texts]
        return float(max(getattr(s, "fmeasure" if measure == "f" else measure) for s in scores))

    return of_text(judge)


class _Words:
    """Our words, as rouge-score takes a tokenizer."""

    def tokenize(self, text: str) -> list[str]:
        return words(text)
