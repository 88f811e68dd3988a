"""`driftwatch demo`: a silent change behind a real model's endpoint, caught before your eyes."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.terminal import say, say_json
from driftwatch.cli.times import DURATION
from driftwatch.domain.listing import counted

if TYPE_CHECKING:
    from driftwatch.demo.story import Advance, Ending

NAMES = ("finetune", "quantize", "temperature", "system-prompt", "none")


def _checked(ctx: click.Context, param: click.Parameter, text: str) -> str:
    """Return the text of a duration as it was typed: the configuration is written with it."""
    DURATION.convert(text, param, ctx)
    return text


@click.command()
@click.option(
    "--drift", type=click.Choice(NAMES), default="finetune", show_default=True, help="What happens behind the endpoint."
)
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Leave store, configuration and report in DIR.",
)
@click.option(
    "--every",
    default="1s",
    show_default=True,
    callback=_checked,
    help="Time between replays; it stands for an hour.",
)
@click.option("--scripted", is_flag=True, help="Use the recorded model even where llama.cpp runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.pass_context
def demo(ctx: click.Context, *, drift: str, keep: Path | None, every: str, scripted: bool, as_json: bool) -> None:
    """Watch a tiny, real language model being swapped behind an unchanged endpoint.

    No key, no network: a llama.cpp server on loopback, the daemon as you would run it, a Slack-compatible
    receiver. Exits with 0 if it ended as it must (a page, a notice, or silence), with 1 if not.
    """
    # Asked to stop, it takes its servers and its daemon along: they would go on for ever.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    with _folder(keep) as folder:
        ending = _play(drift, folder, every=every, scripted=scripted, quiet=as_json)
        for form, name in (("html", "report.html"), ("markdown", "report.md")):
            report = _command(folder, "report", "--format", form, "--output", str(folder / name))
        if as_json:
            say_json({**asdict(ending), "as_it_must": ending.as_it_must, "kept": str(folder) if keep else None})
        else:
            _show_rest(ending, folder, keep=keep)
        if report.returncode not in (Exit.NO_DRIFT, Exit.DRIFT):
            say(report.stderr, err=True)
            ctx.exit(Exit.DRIFT)
    ctx.exit(Exit.NO_DRIFT if ending.as_it_must else Exit.DRIFT)


def _play(name: str, folder: Path, *, every: str, scripted: bool, quiet: bool) -> "Ending":
    from driftwatch.demo.drifts import DRIFTS
    from driftwatch.demo.llama import LlamaUnavailable, require_llama_that_loads
    from driftwatch.demo.story import play

    recorded = scripted
    if not scripted:
        try:
            require_llama_that_loads()
        except LlamaUnavailable as error:
            recorded = True
            say(f"{error}\nGoing on with a recording of the same model.", err=True)
    with _progress(quiet=quiet) as advance:
        tell, hear = (_nothing, _nothing) if quiet else (say, _heard)
        return play(DRIFTS[name], folder, every=every, recorded=recorded, say=tell, hear=hear, advance=advance)


def _show_rest(ending: "Ending", folder: Path, *, keep: Path | None) -> None:
    say()
    say("$ driftwatch status")
    say(_command(folder, "status").stdout)
    say("$ driftwatch report")
    say(_command(folder, "report").stdout)
    say(_verdict(ending))
    if keep:
        say(f"Left in {folder}: config/, probes/, driftwatch.db, daemon.log, report.md, report.html")
        say(f"Its dashboard: driftwatch --config {folder / 'config' / 'driftwatch.yaml'} dashboard")


def _verdict(ending: "Ending") -> str:
    count = ending.replays_to_message
    after = "" if count is None else f" {counted(count, 'replay')} after the change"
    came = {"page": f"one page{after}", "notice": f"a notice{after}, and no page", "none": "silence"}[ending.came.value]
    if ending.as_it_must:
        return f"The demo ended as it must: {came}. {ending.replays} replays, {ending.seconds:.0f} s."
    if ending.cut_off and ending.came is ending.must_come:
        return (
            f"The demo could not be played to its end: {ending.replays} of {ending.replays_wanted} replays in "
            f"{ending.seconds:.0f} s. This machine is busy; run it again when it is not."
        )
    wanted = {"page": "one page", "notice": "a notice and no page", "none": "silence"}[ending.must_come.value]
    return (
        f"The demo did NOT end as it must: wanted {wanted}; {ending.pages} pages and {ending.notices} notices came in "
        f"{ending.replays} replays. Please report this with the files of `driftwatch demo --keep DIR`."
    )


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="driftwatch-demo-") as name:
            yield Path(name)
        return
    if keep.exists() and any(keep.iterdir()):
        message = f"{keep} is not empty; name a new folder, or remove it: rm -r {keep}"
        raise click.BadParameter(message, param_hint="--keep")
    keep.mkdir(parents=True, exist_ok=True)
    yield keep.resolve()


def _command(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run one of our own commands as the user would; what it prints is shown."""
    config = folder / "config" / "driftwatch.yaml"
    width = str(shutil.get_terminal_size((100, 24)).columns)
    command = [sys.executable, "-m", "driftwatch", "--config", str(config), *words]
    return subprocess.run(  # noqa: S603  # our own interpreter and module
        command, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": width}
    )


def _nothing(*_words: str) -> None:
    """Say nothing: the JSON says it all."""


def _heard(channel: str, text: str) -> None:
    say(f"\n── Slack {channel} " + "─" * 60)
    say(text)
    say("─" * (70 + len(channel)) + "\n")


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Advance]":
    """Show a progress bar on a terminal, and one line per phase elsewhere."""
    if quiet:
        yield lambda _phase, _done, _wanted: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    columns = (TextColumn("{task.description:<36}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks = {}
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:

        def advance(phase: str, done: int, wanted: int) -> None:
            if phase not in tasks:
                tasks[phase] = progress.add_task(phase, total=wanted)
                if not console.is_terminal:
                    say(f"{phase} ...")
            progress.update(tasks[phase], completed=done, total=wanted)

        yield advance
