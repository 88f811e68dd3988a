"""`driftwatch init`: a first configuration, a golden set, and the next three commands."""

import shlex
from pathlib import Path

import click

from driftwatch.cli.terminal import say
from driftwatch.config.shipped import shipped
from driftwatch.domain.errors import ConfigError, Problem

STARTERS = ("instruction-following.yaml", "arithmetic.yaml")
"""Sets that need no file beside them; config/minimal.yaml names the same."""


def starter_files() -> dict[str, str]:
    """Return what is written, by path below the project's folder."""
    from driftwatch.config.schema import schema_text

    config, probes = shipped("config"), shipped("probes")
    return {
        "config/driftwatch.yaml": (config / "minimal.yaml").read_text(encoding="utf-8"),
        "config/driftwatch.schema.json": schema_text(),
        **{f"probes/{name}": (probes / name).read_text(encoding="utf-8") for name in STARTERS},
        ".env.example": (config / "env.example").read_text(encoding="utf-8"),
    }


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
def init(directory: Path) -> None:
    """Write config/driftwatch.yaml, a golden set and .env.example into DIR.

    Nothing that exists is overwritten.
    """
    files = starter_files()
    problems = tuple(_in_the_way(directory / name) for name in files if (directory / name).exists())
    if problems:
        raise ConfigError(problems)
    for name, text in files.items():
        target = directory / name
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            # Mode x: a file that appeared in between is not overwritten either.
            with target.open("x", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        except OSError as error:
            message = f"{target} cannot be written: {error.strerror}. Name another folder: driftwatch init DIR."
            raise click.UsageError(message) from None
        say(f"wrote {target}")
    say(_next_steps(directory))


def _in_the_way(path: Path) -> Problem:
    need = "move it away, or name another folder: driftwatch init DIR."
    return Problem(file=str(path), line=None, met="this file is there already", need=need, slug="init-exists")


def _next_steps(directory: Path) -> str:
    go = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
    return (
        f"\nNext:\n"
        f"  {go}export OPENAI_API_KEY=...      # or edit config/driftwatch.yaml\n"
        f"  driftwatch check --online          # configuration, golden set, store, and one question\n"
        f"  driftwatch plan                    # what it costs, and what it finds how soon\n"
        f"  driftwatch run                     # replay hourly; 24 replays make the baseline"
    )
