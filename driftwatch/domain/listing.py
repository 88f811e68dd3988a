"""Names and counts in a sentence."""

from collections.abc import Sequence


def listed(names: Sequence[str], most: int = 3) -> str:
    """Return names with commas, cut short after `most`.

    Examples
    --------
    >>> listed(["a", "b"]), listed(["a", "b", "c", "d", "e"])
    ('a, b', 'a, b, c and 2 more')
    """
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def counted(count: int, what: str) -> str:
    """Return so many of a thing.

    Examples
    --------
    >>> counted(1, "replay"), counted(0, "more probe")
    ('1 replay', '0 more probes')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"
