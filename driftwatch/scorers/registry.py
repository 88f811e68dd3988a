"""Every scorer by its name in a golden set: promptfoo's names, so that sets come over one to one."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from driftwatch.scorers import text
from driftwatch.scorers.callee import python
from driftwatch.scorers.choice import choice
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import negated
from driftwatch.scorers.numeric import numeric
from driftwatch.scorers.pattern import matches
from driftwatch.scorers.refusal import is_refusal
from driftwatch.scorers.runtime import cost, finish_reason, latency
from driftwatch.scorers.structure import contains_json, is_json
from driftwatch.scorers.verdict import MetricKind, Scorer

NOT = "not-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerKind:
    """One family of scorers.

    Parameters
    ----------
    name : str
        Without ``not-``.
    kind : {"binary", "graded", "continuous"}
        What its scores are: chooses the transform of the exchangeable score.
    build : callable
        From the argument in the golden set to a scorer; raises `ScorerArgumentError`.
    doc : str
        When it gives full marks, one sentence.
    argument : str
        What may stand behind the colon.
    example : str
        One item of a `scorers:` list, in YAML.
    """

    name: str
    kind: MetricKind = "binary"
    build: Callable[[Any], Scorer]
    doc: str
    argument: str
    example: str


_LIST = "a list of texts, or one text with commas"
_SCHEMA = "nothing, or `schema:` with a JSON Schema (draft 2020-12) written out or the path of its file"

SCORERS = {
    kind.name: kind
    for kind in (
        ScorerKind(
            name="equals",
            build=text.equals,
            doc="The answer, white space around it aside, is exactly this text; given a list or mapping, this JSON.",
            argument="a text, a whole number, a list or a mapping",
            example='equals: "14 days"',
        ),
        ScorerKind(
            name="contains",
            build=text.contains,
            doc="The text stands somewhere in the answer.",
            argument="a text",
            example='contains: "14 days"',
        ),
        ScorerKind(
            name="icontains",
            build=text.icontains,
            doc="The text stands somewhere in the answer, upper and lower case alike.",
            argument="a text",
            example="icontains: refund",
        ),
        ScorerKind(
            name="contains-all",
            build=text.among(all, str),
            doc="All the texts stand in the answer.",
            argument=_LIST,
            example='contains-all: ["14 days", refund]',
        ),
        ScorerKind(
            name="contains-any",
            build=text.among(any, str),
            doc="At least one of the texts stands in the answer.",
            argument=_LIST,
            example="contains-any: [Paris, París]",
        ),
        ScorerKind(
            name="icontains-all",
            build=text.among(all, str.casefold),
            doc="All the texts stand in the answer, upper and lower case alike.",
            argument=_LIST,
            example="icontains-all: [refund, receipt]",
        ),
        ScorerKind(
            name="icontains-any",
            build=text.among(any, str.casefold),
            doc="At least one of the texts stands in the answer, upper and lower case alike.",
            argument=_LIST,
            example="icontains-any: [sorry, apologise, apologize]",
        ),
        ScorerKind(
            name="starts-with",
            build=text.starts_with,
            doc="The answer begins with the text, white space before it aside.",
            argument="a text",
            example='starts-with: "Dear customer"',
        ),
        ScorerKind(
            name="regex",
            build=matches,
            doc="The pattern is found somewhere in the answer.",
            argument="a regular expression in Python's syntax; `(?i)` in front ignores case",
            example="regex: '\\b[A-Z]{2}-\\d{4}\\b'",
        ),
        ScorerKind(
            name="is-json",
            build=is_json,
            doc="The whole answer is JSON, and fits the schema if there is one.",
            argument=_SCHEMA,
            example="is-json: {schema: {type: object, required: [name, city]}}",
        ),
        ScorerKind(
            name="contains-json",
            build=contains_json,
            doc="A JSON object or list that fits the schema stands somewhere in the answer: in prose, or fenced.",
            argument=_SCHEMA,
            example="contains-json: {schema: {type: array, minItems: 3}}",
        ),
        ScorerKind(
            name="numeric",
            build=numeric,
            doc="The last number in the answer is the value, give or take the tolerance.",
            argument="a number, or `value:` with `tolerance:` (0) and `which:` (`last`, or `first`)",
            example="numeric: {value: 37.5, tolerance: 0.1}",
        ),
        ScorerKind(
            name="choice",
            build=choice,
            doc="The answer picks this letter or word, and no other.",
            argument="a letter, or `value:` with `options:`, the list of all choices (default: A to H)",
            example='choice: {value: "not spam", options: [spam, "not spam"]}',
        ),
        ScorerKind(
            name="word-count",
            build=text.word_count,
            doc="The answer has so many words, exactly or between `min` and `max`.",
            argument="a whole number, or `min:` and `max:`, or one of them",
            example="word-count: {min: 40, max: 60}",
        ),
        ScorerKind(
            name="levenshtein",
            build=text.levenshtein,
            doc="At most so many characters must be inserted, deleted or exchanged to get the text.",
            argument="a text, or `value:` with `max:` (or promptfoo's `threshold:`; default 5)",
            example='levenshtein: {value: "The parcel arrives on Monday.", max: 3}',
        ),
        ScorerKind(
            name="is-refusal",
            build=is_refusal,
            doc="The answer refuses: the vendor says so, or it begins as refusals do.",
            argument="nothing",
            example="is-refusal",
        ),
        ScorerKind(
            name="finish-reason",
            build=finish_reason,
            doc="The model stopped for this reason; unscored where the endpoint gives none.",
            argument="`stop`, `length`, `tool_calls` or `content_filter`, or a list of them",
            example="finish-reason: stop",
        ),
        ScorerKind(
            name="latency",
            build=latency,
            doc="The last byte came within so many milliseconds.",
            argument="milliseconds, also as `threshold:`",
            example="latency: {threshold: 3000}",
        ),
        ScorerKind(
            name="cost",
            build=cost,
            doc="The answer cost at most so many US dollars; unscored where the price is not known.",
            argument="US dollars, also as `threshold:`",
            example="cost: {threshold: 0.002}",
        ),
        ScorerKind(
            name="python",
            kind="graded",
            build=python,
            doc="A function of yours, `(text, context) -> bool | float`, says so: true or false, or 0 to 1.",
            argument="`module:function` or `file.py:function`, the file as seen from the golden set",
            example="python: checks.py:polite",
        ),
    )
}


def build(name: str, argument: Any = None, *, negate: bool = False) -> Scorer:
    """Return the scorer of that name and argument.

    Parameters
    ----------
    name : str
        One of `SCORERS`, without ``not-``.
    negate : bool
        True for ``not-``: the score becomes 1 - x.

    Raises
    ------
    ScorerArgumentError
        If there is no such scorer, or it cannot work with the argument.

    Examples
    --------
    >>> build("numeric", {"value": 12, "tolerance": -1})
    Traceback (most recent call last):
    driftwatch.scorers.errors.ScorerArgumentError: tolerance is -1; it must be 0 or more.
    """
    if name not in SCORERS:
        raise ScorerArgumentError(f"there is no scorer `{name}`", hint(name))
    scorer = SCORERS[name].build(argument)
    return negated(scorer) if negate else scorer


def split_name(name: str) -> tuple[str, bool]:
    """Return a scorer's name without ``not-``, and whether it had it.

    Examples
    --------
    >>> split_name("not-contains"), split_name("contains")
    (('contains', True), ('contains', False))
    """
    return (name.removeprefix(NOT), True) if name.startswith(NOT) else (name, False)


def hint(name: str) -> str:
    """Return which scorer might have been meant."""
    bare, negate = split_name(name)
    near = get_close_matches(bare.lower().replace("_", "-"), SCORERS, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{NOT if negate else ''}{near[0]}`?"
    return f"known are: {', '.join(SCORERS)}, each also with `{NOT}`."
