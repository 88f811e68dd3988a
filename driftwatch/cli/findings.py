"""What a check found: one line each, from whatever went wrong."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from driftwatch.domain.errors import ConfigError, DriftwatchError, Problem

Mark = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was checked."""

    mark: Mark
    what: str
    told: str
    slug: str | None = None


def lines_of(problems: Iterable[Problem], mark: Mark) -> Iterator[Line]:
    """Yield one line for each problem."""
    for problem in problems:
        where = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
        yield Line(mark=mark, what=where, told=f"{problem.met}; {problem.need}", slug=problem.slug)


def attempt(what: str, told: Callable[[], str]) -> Iterator[Line]:
    """Yield an ok line with what `told` returns, or the errors it raises."""
    try:
        yield Line(mark="ok", what=what, told=told())
    except ConfigError as error:
        yield from lines_of(error.problems, "error")
    except DriftwatchError as error:
        # The store's messages name themselves and their page, as does the line.
        said = str(error).removeprefix(f"{what}: ").removesuffix(f" See: driftwatch explain {error.slug}")
        yield Line(mark="error", what=what, told=said, slug=error.slug)
