"""Names in a sentence: the first few, and how many more there are."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names with commas, cut short after `most`.

    Examples
    --------
    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
