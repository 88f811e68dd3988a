"""Libraries that not everybody needs, and what to say where one is not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from driftwatch.scorers.errors import ScorerArgumentError

EXTRA = "scorers"


def adding(extra: str) -> str:
    """Say how an extra is added to the driftwatch that is installed.

    By the clone or the wheel it came from, never by a bare name: on the public index that name is somebody else's
    (docs/decisions/0021).

    Examples
    --------
    >>> adding("otel").partition(", ")[0]
    'Add the extra `otel`: `uv sync --extra otel` in a clone'
    """
    wheel = f'pip install "$(ls ./driftwatch_llm-*.whl)[{extra}]"'
    return f"Add the extra `{extra}`: `uv sync --extra {extra}` in a clone, `{wheel}` beside the wheel."


@contextmanager
def missing(scorer: str, library: str) -> Iterator[None]:
    """Say what to install when the import inside fails.

    Examples
    --------
    >>> with missing("is-sql", "sqlglot"):  # doctest: +ELLIPSIS
    ...     raise ImportError
    Traceback (most recent call last):
    driftwatch.scorers.errors.ScorerArgumentError: `is-sql` needs the library sqlglot; it is not installed. Add the ...
    """
    try:
        yield
    except ImportError:
        met = f"`{scorer}` needs the library {library}"
        raise ScorerArgumentError(met, f"it is not installed. {adding(EXTRA)}") from None
