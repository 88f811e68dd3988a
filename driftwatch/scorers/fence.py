"""Code fences of Markdown in an answer."""

import re
from collections.abc import Iterator, Sequence

MAX_FENCES = 1_000
_FENCE = re.compile(r"^[ ]{0,3}(?P<mark>`{3,}|~{3,})[ \t]*(?P<language>[^\s`]{0,40})[^\n`]{0,200}$", re.MULTILINE)


def fenced(text: str, *, languages: Sequence[str] | None = None) -> Iterator[str]:
    r"""Yield what stands in each code fence, in order; the last one may be left open.

    Parameters
    ----------
    languages : sequence of str, optional
        Only fences that name one of these, or none for ``""``.

    Examples
    --------
    >>> list(fenced("Here:\n```python\nx = 1\n```\nDone."))
    ['x = 1\n']
    """
    at = 0
    for _ in range(MAX_FENCES):
        begins = _FENCE.search(text, at)
        if begins is None:
            return
        closing = re.compile(rf"^[ ]{{0,3}}{re.escape(begins['mark'])}+[ \t]*$", re.MULTILINE)
        ends = closing.search(text, begins.end())
        if languages is None or begins["language"].lower() in languages:
            yield text[begins.end() + 1 : ends.start() if ends else len(text)]
        if ends is None:
            return
        at = ends.end()
