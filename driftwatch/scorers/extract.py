"""Takes the value out of an answer before it is scored, so that drift of format and drift of knowledge come apart.

`strict` takes only an answer that is exactly the value, as a program would; `flexible` looks for the value inside, as
a person would. A fence around every answer breaks the first and leaves the second where it was.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.choice import options_of
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.fence import fenced
from driftwatch.scorers.json_value import Json, find_json, read_json
from driftwatch.scorers.judge import unreadable
from driftwatch.scorers.kind import Reads
from driftwatch.scorers.numeric import is_number, written_numbers
from driftwatch.scorers.pattern import compiled_pattern, searched
from driftwatch.scorers.seen import seen
from driftwatch.scorers.verdict import Scorable, Scored, Scorer, Unscored

STRICT = "strict"
FLEXIBLE = "flexible"

Extract = Callable[[str], str | Unscored | None]
"""From an answer's text to the value in it; None where there is none."""


def extracted(scorer: Scorer, extract: Extract) -> Scorer:
    """Return the scorer of the value; an answer without one gets 0, as it gives nothing to be right."""

    def of_value(answer: Scorable) -> Scored:
        reason = unreadable(answer)
        value = reason if reason is not None else extract(answer.text)
        if isinstance(value, Unscored):
            return value
        return 0.0 if value is None else scorer(seen(answer, text=value))

    return of_value


def extractor(how: Any, *, reads: Reads, argument: Any = None) -> Extract:
    r"""Return what takes the value out.

    Parameters
    ----------
    how : str or mapping
        A name, or ``{regex: pattern}`` whose first group, if it has one, is the value.
    reads : Reads
        What the scorer looks at: decides what `strict` and `flexible` mean.
    argument : Any
        The scorer's.

    Examples
    --------
    >>> answer = "Here you are:\n```python\nprint(42)\n```"
    >>> [extractor(how, reads="code")(answer) == answer for how in ("strict", "flexible")]
    [True, False]
    >>> extractor("flexible", reads="code")(answer), extractor({"regex": r"\((\d+)\)"}, reads="text")(answer)
    ('print(42)\n', '42')
    """
    if reads == "other":
        raise ScorerArgumentError("`extract` stands here", "this scorer does not look at the text: leave it out.")
    if isinstance(how, Mapping):
        return _by_pattern(arg.options(how, known=("regex",), required=("regex",))["regex"])
    if how == STRICT:
        return _strict(reads, argument)
    if how == FLEXIBLE:
        return _FLEXIBLE[reads]
    if how not in NAMED:
        known = ", ".join((STRICT, FLEXIBLE, *NAMED))
        raise ScorerArgumentError(f"extract is {arg.shown(how)}", f"known are: {known}, and `regex:` with a pattern.")
    return NAMED[how]


def label(how: Any) -> str:
    """Return what an extraction adds to the metric's name; nothing for `strict`."""
    return "" if how == STRICT else ":regex" if isinstance(how, Mapping) else f":{how}"


def _strict(reads: Reads, argument: Any) -> Extract:
    if reads == "choice":
        options = frozenset(option.casefold() for option in options_of(argument))
        return lambda text: text if text.strip().casefold() in options else None
    return {"number": _whole_number, "json": _whole_json}.get(reads, lambda text: text)


def _whole_number(text: str) -> str | None:
    return text if is_number(text.strip()) else None


def _whole_json(text: str) -> str | Unscored | None:
    found = read_json(text)
    return found if isinstance(found, Unscored) else text if found is not None else None


def _first_json(text: str) -> str | Unscored | None:
    """Return the first object or list, those in code fences first: prose before it may hold a `[1]`."""
    if _whole_json(text) is not None:
        return text
    for part in (*fenced(text), text):
        found = next(find_json(part), None)
        if found is not None:
            # Written anew: the reader says what it is, not where it ended.
            return json.dumps(found.value) if isinstance(found, Json) else found
    return None


def _fence(text: str) -> str | None:
    return next(fenced(text), None)


def _fence_or_all(text: str) -> str:
    inside = _fence(text)
    return text if inside is None else inside


def _bare(text: str) -> str:
    """Return what stands in the fence, or the answer, without quotation marks, emphasis and full stop around it."""
    return _fence_or_all(text).strip(" \t\r\n*_`\"'\u201c\u201d\u2018\u2019.")


def _number(position: int) -> Extract:
    def extract(text: str) -> str | None:
        found = written_numbers(text)
        return found[position] if found else None

    return extract


def _line(position: int) -> Extract:
    def extract(text: str) -> str | None:
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return lines[position] if lines else None

    return extract


def _by_pattern(pattern: Any) -> Extract:
    compiled = compiled_pattern(arg.text(pattern, what="regex"))

    def extract(text: str) -> str | Unscored | None:
        match = searched(compiled, text)
        if match is None or isinstance(match, Unscored):
            return match
        group: str | None = match[1] if compiled.groups else match[0]
        return group

    return extract


NAMED: Mapping[str, Extract] = {
    "fenced-code": _fence,
    "first-json": _first_json,
    "first-number": _number(0),
    "last-number": _number(-1),
    "first-line": _line(0),
    "last-line": _line(-1),
}
# These scorers look for the number, or the choice, by themselves.
_FLEXIBLE: Mapping[Reads, Extract] = {
    "text": _bare,
    "code": _fence_or_all,
    "json": _first_json,
    "number": lambda text: text,
    "choice": lambda text: text,
}
