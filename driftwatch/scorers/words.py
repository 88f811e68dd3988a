"""The words of a text, and what may be ignored when two texts are compared."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.verdict import Unscored

MAX_WORDS = 2_000
"""An answer of more words is not compared word by word: some of the measures cost the product of both lengths."""
TOO_LONG = Unscored(f"the answer has more than {MAX_WORDS:,} words: too long to compare word by word")

# Chinese and Japanese write no spaces: each of their characters is a word.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_ARTICLES = re.compile(r"\b(?:a|an|the)\b")


def words(text: str) -> list[str]:
    """Return the words of a text, case folded.

    Examples
    --------
    >>> words("It's 14 Days."), words("東京 Tower")
    (['it', 's', '14', 'days'], ['東', '京', 'tower'])
    """
    return _word().findall(text.casefold())


@cache
def _word() -> re.Pattern[str]:
    """One word; made when it is first needed, for so large a set of characters takes 3 ms."""
    return re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")


def few_words(text: str) -> list[str] | Unscored:
    """Return the words of an answer; unscored if there are too many to compare."""
    # A word has a character at least, and what stands between two words another one, but for CJK.
    found = words(text[: 40 * MAX_WORDS])
    return TOO_LONG if len(found) > MAX_WORDS or len(text) > 40 * MAX_WORDS else found


def references(value: Any) -> tuple[str, ...]:
    """Return the texts an answer is compared with: one, or a list; each with a word in it, and not too many."""
    given = arg.unwrap(value)
    found = tuple(arg.text(item, what="the text") for item in (given if isinstance(given, list) else [given]))
    if not found:
        raise ScorerArgumentError("the list of texts is empty", "write at least one text to compare with.")
    for text in found:
        if not 0 < len(words(text)) <= MAX_WORDS:
            met = f"the text {arg.shown(text)} has {len(words(text)):,} words"
            raise ScorerArgumentError(met, f"a text to compare with has 1 to {MAX_WORDS:,}.")
    return found


def _spaces(text: str) -> str:
    return " ".join(text.split())


def _unicode(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _case(text: str) -> str:
    return text.casefold()


def _punctuation(text: str) -> str:
    return _PUNCTUATION.sub("", text)


def _articles(text: str) -> str:
    return _ARTICLES.sub(" ", text)


# In the order in which they are applied: articles are lower case only after `case`.
NORMALISERS: dict[str, Callable[[str], str]] = {
    "unicode": _unicode,
    "case": _case,
    "punctuation": _punctuation,
    "articles": _articles,
    "spaces": _spaces,
}
SQUAD = ("case", "punctuation", "articles", "spaces")
"""What the SQuAD evaluation ignores (Rajpurkar et al. 2016)."""


def normaliser(names: Sequence[str]) -> Callable[[str], str]:
    """Return what makes texts alike that differ only in what these names ignore.

    Examples
    --------
    >>> normaliser(SQUAD)("The  Eiffel Tower!")
    'eiffel tower'
    """
    chosen = [apply for name, apply in NORMALISERS.items() if name in names]

    def normalised(text: str) -> str:
        for apply in chosen:
            text = apply(text)
        return text.strip()

    return normalised


def normaliser_names(value: Any) -> tuple[str, ...]:
    """Return the names in a golden set's `normalise:`, checked."""
    names = arg.texts(value)
    for name in names:
        if name not in NORMALISERS:
            met = f"`normalise` names {arg.shown(name)}"
            raise ScorerArgumentError(met, f"known are: {', '.join(NORMALISERS)}.")
    return names
