"""The number an answer gives, against the right one."""

import re
from typing import Any

from driftwatch.scorers import argument as arg
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.judge import of_text
from driftwatch.scorers.verdict import Scorer

# Rounding of the decimal fractions themselves, not the user's tolerance: 0.1 + 0.2 is 0.3 to a person.
ROUNDING = 1e-9
# 1\,234 and 1{,}234 are how LaTeX writes 1,234.
_LATEX_COMMA = re.compile(r"(?<=\d)(?:\\,|\{,\})(?=\d{3}(?!\d))")
_NUMBER = re.compile(
    r"""(?=[-\u2212$€£.\d])(?<!\w)(?<!\w\.)  # not the 2 of H2O, nor the 3 of 1.2.3
    (?P<sign>(?<![\w)\]}])[-\u2212](?=[$€£]?\.?\d))?[$€£]?
    (?P<whole>\d{1,3}(?:[,\u00a0\u202f\u2009]\d{3})+(?![\d])|\d+)?
    (?P<fraction>\.\d+)?
    (?:[eE](?P<exponent>[-+]?\d{1,4})(?!\w)
      |\s?(?:\u00d7|x|\*|\\times|\\cdot)\s?10(?:\^|\*\*)\{?(?P<power>[-\u2212+]?\d{1,4})\}?)?""",
    re.VERBOSE,
)
_GAPS = str.maketrans("", "", ",\u00a0\u202f\u2009")


def numbers(text: str) -> list[float]:
    """Return every number in a text, in order. The decimal sign is the point.

    Examples
    --------
    >>> numbers("From 1,234.50 down to -3 (5-3 = 2), H2O, about 6.02e23 or 3 x 10^8; $12.")
    [1234.5, -3.0, 5.0, 3.0, 2.0, 6.02e+23, 300000000.0, 12.0]
    """
    text = _LATEX_COMMA.sub(",", text)
    return [_value(match) for match in _NUMBER.finditer(text) if match["whole"] or match["fraction"]]


def written_numbers(text: str) -> list[str]:
    """Return every number in a text as it is written there.

    Examples
    --------
    >>> written_numbers("From 1,234.50 down to -3.")
    ['1,234.50', '-3']
    """
    return [match[0] for match in _NUMBER.finditer(text) if match["whole"] or match["fraction"]]


def is_number(text: str) -> bool:
    """Return whether a text is one number and nothing else."""
    match = _NUMBER.fullmatch(_LATEX_COMMA.sub(",", text))
    return match is not None and bool(match["whole"] or match["fraction"])


def _value(match: re.Match[str]) -> float:
    digits = (match["whole"] or "0").translate(_GAPS) + (match["fraction"] or "")
    power = (match["exponent"] or match["power"] or "0").replace("\u2212", "-")
    return float(f"{digits}e{power}") * (-1 if match["sign"] else 1)


def numeric(argument: Any) -> Scorer:
    """Build: the answer's last (or first) number is the value, give or take the tolerance."""
    if not isinstance(argument, dict):
        argument = {"value": argument}
    given = arg.options(argument, known=("value", "tolerance", "which"), required=("value",))
    value = arg.number(given["value"], what="value")
    tolerance = arg.number(given.get("tolerance", 0), what="tolerance", least=0)
    which = given.get("which", "last")
    if which not in ("first", "last"):
        raise ScorerArgumentError(f"which is {arg.shown(which)}", "it must be `first` or `last`.")
    position = 0 if which == "first" else -1
    allowed = tolerance + ROUNDING * max(1.0, abs(value))

    def judge(text: str) -> float:
        found = numbers(text)
        return float(bool(found) and abs(found[position] - value) <= allowed)

    return of_text(judge)
