"""The letter or word an answer picks from a list."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scorer

# Without I: it is the pronoun far more often than the ninth choice.
LETTERS = tuple("ABCDEFGH")
# What may stand between "the answer is" and the choice: (B), **B**, \boxed{B}, "B", option B.
_SAYS = r"(?:answer|choice|option|verdict|label|category)(?:\s+(?:is|would\s+be))?\s{0,3}[:=\-]?\s{0,3}"
_ARTICLE = re.compile(r"(?<!\w)A\s+(?!(?:is|was|because|since|as)\b)(?=[a-z])")
_AROUND = " \t\n.,;:!*_`\"'\u201c\u201d\u2018\u2019()[]{}$"
_WRAPPING = r"(?:\\boxed|\\text|option|[\s*_`\"'\u201c\u2018(\[{]){0,8}"


def chosen(text: str, of: Sequence[str]) -> str | None:
    """Return the one of `of` that the text picks; None if it picks none, or more than one.

    Looks for the whole answer, then the last "answer is …", then a line that begins with the
    choice, then the only one that occurs.

    Examples
    --------
    >>> chosen("A is tempting, but the answer is **(B)**.", "ABCD")
    'B'
    >>> chosen("Not spam.", ["spam", "not spam"])
    'not spam'
    >>> chosen("Either A) or B).", "ABCD") is None
    True
    """
    names = {option.casefold(): option for option in of}
    folded = text.casefold().strip()
    bare = folded.strip(_AROUND)
    if bare in names:
        return names[bare]
    one = _alternatives(names)
    if said := re.findall(rf"{_SAYS}{_WRAPPING}({one})(?!\w)", folded):
        return names[said[-1]]
    found = _listed(text, folded, names)
    return names[found.pop()] if len(found) == 1 else None


def _listed(text: str, folded: str, names: Mapping[str, str]) -> set[str]:
    one = _alternatives(names)
    letters = all(len(name) == 1 for name in names)
    after = r"\s{0,2}[)\].:*]" if letters else r"(?!\w)"
    if found := set(re.findall(rf"(?m)^[\s*_`\"'(\[]{{0,4}}({one}){after}", folded)):
        return found
    if not letters:
        return set(re.findall(rf"(?<!\w)({one})(?!\w)", folded))
    # An `a` is an article, and so is the `A` of "A lamp": a lone letter counts in upper case only.
    text = _ARTICLE.sub(" ", text)
    capitals = _alternatives([name.upper() for name in names])
    return {letter.casefold() for letter in re.findall(rf"(?<![\w'\u2019])({capitals})(?![\w'\u2019])", text)}


def _alternatives(names: Iterable[str]) -> str:
    # The longest first, or `spam` would be found in `not spam`.
    return "(?:" + "|".join(map(re.escape, sorted(names, key=lambda name: (-len(name), name)))) + ")"


def choice(argument: Any) -> Scorer:
    """Build: the answer picks this letter or word from the list."""
    value, of = _read(argument)
    wanted = value.casefold()

    def judge(text: str) -> float:
        picked = chosen(text, of)
        return float(picked is not None and picked.casefold() == wanted)

    return of_text(judge)


def options_of(argument: Any) -> tuple[str, ...]:
    """Return all the choices there are."""
    return _read(argument)[1]


def _read(argument: Any) -> tuple[str, tuple[str, ...]]:
    if not isinstance(argument, dict):
        argument = {"value": argument}
    given = arg.options(argument, known=("value", "options"), required=("value",))
    value = arg.text(given["value"], what="value").strip()
    listed = given.get("options", LETTERS if len(value) == 1 else None)
    if listed is None:
        raise ScorerArgumentError(
            f"the choice {arg.shown(value)} is not a letter", "add `options:` with all the choices."
        )
    of = tuple(option.strip() for option in arg.texts(listed))
    if len(set(map(str.casefold, of))) < max(2, len(of)) or not all(of):
        raise ScorerArgumentError(f"options is {arg.shown(list(of))}", "it must list two or more different choices.")
    if value.casefold() not in map(str.casefold, of):
        raise ScorerArgumentError(f"the value {arg.shown(value)} is not among the choices", "add it to `options:`.")
    return value, of
