"""Libraries that only some scorers need, and what to say where one is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from driftwatch.scorers.errors import ScorerArgumentError

EXTRA = "scorers"


@contextmanager
def missing(scorer: str, library: str) -> Iterator[None]:
    """Say what to install when the import inside fails.

    Examples
    --------
    >>> with missing("is-sql", "sqlglot"):
    ...     raise ImportError
    Traceback (most recent call last):
    driftwatch.scorers.errors.ScorerArgumentError: `is-sql` needs the library sqlglot; install driftwatch-llm[scorers].
    """
    try:
        yield
    except ImportError:
        met = f"`{scorer}` needs the library {library}"
        raise ScorerArgumentError(met, f"install driftwatch-llm[{EXTRA}].") from None
