"""`driftwatch gate`: for CI: replay now, compare with the baseline."""

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.opened import opened
from driftwatch.cli.terminal import say_json

if TYPE_CHECKING:
    from driftwatch.services.gate_found import Gate


LEAST_CHANCE, MOST_CHANCE = 1e-6, 0.5


def chance(_ctx: click.Context, _param: click.Parameter, text: str) -> float:
    """Read a chance in words, as in ``1 in 100``."""
    match = re.fullmatch(r"\s*([0-9]{1,9})\s+in\s+([0-9]{1,9})\s*", text)
    found = int(match[1]) / int(match[2]) if match and int(match[2]) else 0.0
    if not LEAST_CHANCE <= found <= MOST_CHANCE:
        raise click.BadParameter(f"{text!r} is no chance from 1 in 1000000 to 1 in 2; write '1 in 100'.")
    return found


@click.command()
@click.argument("endpoints", nargs=-1, metavar="[ENDPOINT]...")
@click.option("--replays", type=click.IntRange(1, 50), default=1, show_default=True, help="Replays of each endpoint.")
@click.option(
    "--false-alarms",
    "alpha",
    callback=chance,
    metavar="TEXT",
    default="1 in 100",
    show_default=True,
    help="How often an unchanged model may fail, over all metrics and endpoints.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["harm", "any"]),
    default="harm",
    show_default=True,
    help="What fails: scores that got worse, or any movement of any metric.",
)
@click.option("--junit", type=click.Path(dir_okay=False, path_type=Path), help="Also write JUnit XML to this file.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the answers, as observation records, in this file.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def gate(
    ctx: click.Context,
    *,
    endpoints: tuple[str, ...],
    replays: int,
    alpha: float,
    fail_on: str,
    junit: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Replay every ENDPOINT (all by default) now, and compare the answers with its baseline.

    For a pipeline that changes a prompt, a model or its parameters: did the answers move? A probe that was edited is
    compared, by its id, with what was accepted before. The store is read and nothing is written to it: no incident,
    no page, no part of the baseline, and a daemon beside it goes on. Today's budget holds.

    Exits with 1 if they moved, with 3 if that could not be found out: no baseline yet, too few answers, no money left.
    """
    from driftwatch.cli.render.page import must_be_writable, write_atomically

    files = [file for file in (junit, output) if file is not None]
    if len({file.resolve() for file in files}) < len(files):
        raise click.UsageError("--junit and --output are the same file; the answers are kept nowhere else.")
    for file in files:
        must_be_writable(file)
    found = _found(ctx, endpoints, replays=replays, alpha=alpha, harm_only=fail_on == "harm")
    if output is not None:
        write_atomically(output, _records(found))
    if junit is not None:
        from driftwatch.presentation.gate import junit as as_junit

        write_atomically(junit, as_junit(found))
    _put(found, as_json=as_json)
    ctx.exit({"drift": Exit.DRIFT, "unknown": Exit.UNKNOWN}.get(found.verdict.value, Exit.NO_DRIFT))


def _found(ctx: click.Context, names: tuple[str, ...], *, replays: int, alpha: float, harm_only: bool) -> "Gate":
    import asyncio

    from driftwatch.adapters.store.examine import refuse_older
    from driftwatch.bootstrap import gating, keys, stores
    from driftwatch.cli.progress import progress
    from driftwatch.cli.replay import find_endpoint
    from driftwatch.daemon.logs import configure
    from driftwatch.services.gate_found import Rules

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    if stores.store_exists(settings):
        refuse_older(settings.store_url)
    with opened(ctx) as here:
        for name in names:
            find_endpoint(here.settings, name)
        configure(secrets=keys.secrets_of(here.settings), level="WARNING")
        wanted = names or tuple(one.name for one in here.settings.endpoints)
        rules = Rules(replays=replays, alpha=alpha, harm_only=harm_only)
        with progress("gate") as advance:
            return asyncio.run(gating.gated(here.settings, here.store, wanted, rules, advance))


def _records(found: "Gate") -> str:
    """Return the answers, one line each; in ASCII, so that hostile text stays inert."""
    from driftwatch.adapters.records.exporting import records_of

    lines = [
        json.dumps(record, ensure_ascii=True)
        for one in found.endpoints
        for replay, scores in one.replays
        for record in records_of(replay.slot, replay.answers, scores, replay.fingerprint)
    ]
    return "".join(f"{line}\n" for line in lines)


def _put(found: "Gate", *, as_json: bool) -> None:
    if as_json:
        from driftwatch.presentation.gate import gate_data

        say_json(gate_data(found))
        return
    from driftwatch.cli.render.gate import drawn_gate
    from driftwatch.cli.render.page import echo

    echo(drawn_gate(found))
