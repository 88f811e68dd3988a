"""Write docs/reference/cli.md from the commands themselves: `python docs/reference/generate_cli.py`."""  # noqa: INP001  # a script

import inspect
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click

from driftwatch.cli.frame import COMMANDS, main

TARGET = Path(__file__).with_name("cli.md")
HEAD = """\
# The command line

<!-- Written by docs/reference/generate_cli.py; a test compares. -->

`driftwatch [OPTIONS] COMMAND`. Every listing command takes `--json`. Exit codes: 0 no drift, 1 drift, 2 usage or
configuration, 3 could not find out; 130 after Ctrl-C.
"""


def commands(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and those inside it, each with all its names."""
    yield path, command
    if isinstance(command, click.Group) and command is not main:
        context = click.Context(command)
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from commands(f"{path} {name}", inner)


def section(path: str, command: click.Command) -> str:
    """Return what is to be said about one command."""
    context = click.Context(command, info_name=path)
    usage = " ".join(piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]")
    words = inspect.cleandoc(command.help or "").replace("\b\n", "")
    return "\n".join([f"## `{f'{path} {usage}'.strip()}`", "", words, "", *options(command, context)]).rstrip() + "\n"


def options(command: click.Command, context: click.Context) -> list[str]:
    """Return one line for each option."""
    lines = []
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record:
            lines.append(f"- `{record[0]}`: {' '.join(record[1].split())}")
    return lines


def reference() -> str:
    """Return the whole page."""
    parts = [HEAD, section("driftwatch", main)]
    for name, entry in COMMANDS.items():
        module, _, attribute = entry.target.partition(":")
        if find_spec(module) is not None:
            found = getattr(import_module(module), attribute)
            parts += [section(path, command) for path, command in commands(f"driftwatch {name}", found)]
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
