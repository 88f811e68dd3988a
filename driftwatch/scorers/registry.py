"""Every scorer by its name in a golden set: promptfoo's names, so that sets come over one to one."""

from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from driftwatch.scorers.catalogue.acts import ACTS
from driftwatch.scorers.catalogue.form import FORM
from driftwatch.scorers.catalogue.judged import JUDGED
from driftwatch.scorers.catalogue.words import WORDS
from driftwatch.scorers.criterion import Criterion
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.extract import extracted, extractor
from driftwatch.scorers.judge import negated
from driftwatch.scorers.kind import ScorerKind
from driftwatch.scorers.verdict import Scorer

NOT = "not-"

SCORERS: dict[str, ScorerKind] = {kind.name: kind for kind in (*WORDS, *FORM, *ACTS, *JUDGED)}


def build(name: str, argument: Any = None, *, negate: bool = False, extract: Any = None) -> Scorer:
    """Return the scorer of that name and argument.

    Parameters
    ----------
    name : str
        One of `SCORERS`, without ``not-``.
    negate : bool
        True for ``not-``: the score becomes 1 - x; an answer without the value to be scored keeps its 0.
    extract : str or mapping, optional
        How the value is taken out of the answer first (`driftwatch.scorers.extract`).

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
    kind = SCORERS[name]
    scorer = kind.build(argument)
    if isinstance(scorer, Criterion):
        if extract is not None:
            raise ScorerArgumentError("a judge reads the whole answer", "remove `extract:`.")
        return replace(scorer, negate=negate)
    scorer = negated(scorer) if negate else scorer
    # The extraction stands outside: an answer without a value gets 0 under `not-` too.
    return scorer if extract is None else extracted(scorer, extractor(extract, reads=kind.reads, argument=argument))


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
