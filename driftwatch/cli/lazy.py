"""A click group that knows its commands by name and imports one only to run it."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click

from driftwatch.cli.errors import guarded


class Entry(NamedTuple):
    """A command before it is imported: ``module:object``, and its line in ``--help``."""

    target: str
    help: str


class LazyGroup(click.Group):
    """A group over a table of commands; ``--help`` imports none of them.

    Parameters
    ----------
    entries : mapping of str to Entry
        The commands, in the order of ``--help``.
    """

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names in the table's order."""
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command's module and return the command."""
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        module, _, name = entry.target.partition(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command to run; a misspelt one is answered with the nearest."""
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            from difflib import get_close_matches

            near = get_close_matches(args[0][:40], self.entries, n=1)
            way_on = f"Did you mean `{near[0]}`?" if near else "`driftwatch --help` lists all."
            raise click.UsageError(f"there is no command {args[0][:40]!r}. {way_on}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; expected trouble becomes a message and an exit code."""
        return guarded(lambda: super(LazyGroup, self).invoke(ctx))
