"""What an answer looks like: Markdown, JSON, script. Measured, never judged."""

import re

from driftwatch.scorers.json_value import read_json
from driftwatch.scorers.verdict import Scored, Unscored

# Every repetition is bounded, so that a hostile answer costs no more than a plain one.
_LINE = re.compile(
    r"""^[ ]{0,8}(?:
        `{3}|~{3}                          # a fence
      | \#{1,6}[ ]\S                       # a heading
      | (?:[-*+•]|\d{1,3}[.)])[ \t]{1,4}\S  # a list
      | \|?[ ]?:?-{3,50}:?[ ]?\|           # the rule of a table
    )""",
    re.VERBOSE | re.MULTILINE,
)
_BOLD = re.compile(r"(?<![\w*])\*\*(?![\s*])[^*\n]{1,300}\*\*")
_NO_LETTERS = Unscored("no letters")
_LETTERS = re.compile(r"[^\W\d_]+")
_NOT_LATIN = re.compile(r"[^A-Za-z\u00aa\u00ba\u00c0-\u024f\u1e00-\u1eff\u2c60-\u2c7f\ua720-\ua7ff\uff21-\uff5a]")


def markdown(text: str) -> float:
    """Return 1 if a fence, heading, list, bold word or table shows, else 0.

    Examples
    --------
    >>> markdown("**No.**"), markdown("2**3**2 - 5 * 3")
    (1.0, 0.0)
    """
    return float(_LINE.search(text) is not None or ("**" in text and _BOLD.search(text) is not None))


def json_shape(text: str) -> Scored:
    """Return 1 if the whole answer is a JSON object or list, else 0."""
    stripped = text.strip()
    if (stripped[:1], stripped[-1:]) not in (("{", "}"), ("[", "]")):
        return 0.0
    found = read_json(stripped)
    return found if isinstance(found, Unscored) else float(found is not None)


def script(text: str) -> Scored:
    """Return the share of letters that are not Latin.

    Examples
    --------
    >>> script("Dvořák"), script("Да, yes"), script("42")
    (0.0, 0.4, Unscored(reason='no letters'))
    """
    if text.isascii():
        return 0.0 if _LETTERS.search(text) else _NO_LETTERS
    letters = "".join(_LETTERS.findall(text))
    if not letters:
        return _NO_LETTERS
    return len(_NOT_LATIN.findall(letters)) / len(letters)
