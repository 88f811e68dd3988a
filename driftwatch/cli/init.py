"""`driftwatch init`: a first configuration, a golden set, and the next three commands."""

import os
import shlex
import sys
from pathlib import Path

import click

from driftwatch.cli.terminal import say
from driftwatch.config.shipped import shipped
from driftwatch.domain.errors import ConfigError, Problem

STARTERS = ("instruction-following.yaml", "arithmetic.yaml")
"""Sets that need no file beside them; config/minimal.yaml names the same."""
CANARIES = ("prompt-injection.yaml", "jailbreak-refusal.yaml", "over-refusal.yaml", "data-exfiltration.yaml")
"""The safety canaries, which belong together: else one side only is seen."""


def starter_files(*, canaries: bool = False) -> dict[str, str]:
    """Return what is written, by path below the project's folder."""
    from driftwatch.config.schema import schema_text

    config, probes = shipped("config"), shipped("probes")
    sets = (*STARTERS, *CANARIES) if canaries else STARTERS
    minimal = (config / "minimal.yaml").read_text(encoding="utf-8")
    return {
        "config/driftwatch.yaml": minimal.replace(_named(STARTERS), _named(sets)),
        "config/driftwatch.schema.json": schema_text(),
        **{f"probes/{name}": (probes / name).read_text(encoding="utf-8") for name in sets},
        ".env.example": (config / "env.example").read_text(encoding="utf-8"),
    }


@click.command()
@click.argument("directory", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option("--canaries", is_flag=True, help="Also the four sets of safety canaries: injection, refusal, secrets.")
def init(directory: Path, *, canaries: bool) -> None:
    """Write config/driftwatch.yaml, a golden set and .env.example into DIR.

    Nothing that exists is overwritten.
    """
    files = starter_files(canaries=canaries)
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


def _named(sets: tuple[str, ...]) -> str:
    """Return sets as the configuration's `probes:` names them."""
    return ", ".join(f"probes/{name}" for name in sets)


def _in_the_way(path: Path) -> Problem:
    need = "move it away, or name another folder: driftwatch init DIR."
    return Problem(file=str(path), line=None, met="this file is there already", need=need, slug="init-exists")


def _next_steps(directory: Path) -> str:
    go = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
    us = _command(directory)
    steps = {
        f"{go}export OPENAI_API_KEY=...": "or edit config/driftwatch.yaml",
        f"{us} check --online": "configuration, golden set, store, and one question",
        f"{us} plan": "what it costs, and what it finds how soon",
        f"{us} run": "replay hourly; 24 replays make the baseline",
    }
    width = max(map(len, steps))
    return "\nNext:\n" + "\n".join(f"  {step:<{width}}  # {what}" for step, what in steps.items())


def _command(directory: Path) -> str:
    """Return how we are called there: where uv has put us a shell does not find us, and uv only in its project."""
    if "UV_RUN_RECURSION_DEPTH" not in os.environ:
        return "driftwatch"
    environment = Path(sys.prefix)
    project = environment.parent.resolve()
    if not (project / "pyproject.toml").is_file():
        return shlex.quote(str(environment / "bin" / "driftwatch"))
    inside = directory.resolve().is_relative_to(project)
    return "uv run driftwatch" if inside else f"uv run --project {shlex.quote(str(project))} driftwatch"
