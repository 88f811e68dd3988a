"""Long work, shown as it goes on: a bar on a terminal, one log line elsewhere; always on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driftwatch.cli.terminal import say

Advance = Callable[[str, int, int | None], None]
"""(what is done, how much of it, out of how much if that is known)."""

_STEPS = 256
"""Pieces of work between two movements of the bar, which cost more than a piece."""


@contextmanager
def progress(name: str) -> Iterator[Advance]:
    """Give what is told of the work; `name` begins the log line."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from driftwatch.bootstrap import clocks

    clock = clocks.system_clock()
    began, done_of = clock.now(), dict[str, int]()
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bar:
        tasks = {}

        def advance(what: str, done: int, of: int | None) -> None:
            done_of[what] = done
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=of)
            if done % _STEPS == 0 or done == of:
                bar.update(tasks[what], completed=done, total=of)

        yield advance
    if not console.is_terminal:
        parts = [f"{what} {done}" for what, done in done_of.items()]
        say(f"{name}: {', '.join([*parts, f'{(clock.now() - began).total_seconds():.1f} s'])}", err=True)
