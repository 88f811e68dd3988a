"""`driftwatch mine`: find border inputs, prompts on which an endpoint's first token is in doubt."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json
from driftwatch.domain.errors import DriftwatchError

if TYPE_CHECKING:
    from driftwatch.services.mine import Mined

BLOCK = 10


@click.command()
@click.argument("endpoint")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The golden set to write; probes/border-NAME.yaml.",
)
@click.option("--calls", type=click.IntRange(1, 100_000), default=400, show_default=True, help="Questions at most.")
@click.option("--usd", type=click.FloatRange(min=0), help="US dollars at most; today's budget holds besides.")
@click.option("--inputs", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many are wanted.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed tries other prompts.")
@click.option("--force", is_flag=True, help="Write over a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def mine(
    ctx: click.Context,
    endpoint: str,
    *,
    output: Path | None,
    calls: int,
    usd: float | None,
    inputs: int,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Find border inputs of ENDPOINT and write them as a golden set of `sensor: border` probes.

    Prompts are tried, one token each, until enough are found on which two tokens are nearly as likely: there the
    slightest change of the model shows. With `top_logprobs` on the endpoint one call tells; without it tokens are
    counted, which takes more calls. Mine again after a change was accepted: ties are the model's own.

    Exits with 3 if none was found.
    """
    from driftwatch.bootstrap import mining, models
    from driftwatch.cli.progress import progress
    from driftwatch.cli.render.page import must_be_writable, write_atomically
    from driftwatch.cli.replay import find_endpoint

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    find_endpoint(settings, endpoint)
    target = output or settings.root / "probes" / f"border-{_slug(endpoint)}.yaml"
    if target.exists() and not force:
        raise DriftwatchError(
            f"{target} exists; its inputs have a history. Name another with --output, or write over it with --force.",
            slug="mine-exists",
        )
    if usd is not None and not models.price_is_known(settings, endpoint):
        raise DriftwatchError(
            f"{endpoint}: no price is known of its model, so --usd {usd:g} cannot be kept. Give `price:` at the "
            "endpoint, or leave --usd out: --calls bounds the search.",
            slug="mine-no-price",
        )
    must_be_writable(target)
    with progress("mine") as advance:
        found = asyncio.run(
            mining.mine_border_inputs(
                settings, endpoint, calls=calls, usd=usd, wanted=inputs, seed=seed, advance=advance
            )
        )
    if found.inputs:
        write_atomically(target, _golden_set(endpoint, found))
    if as_json:
        say_json(_data(endpoint, found, target))
    else:
        _tell(endpoint, found, target)
    ctx.exit(Exit.NO_DRIFT if found.inputs else Exit.UNKNOWN)


def _golden_set(endpoint: str, found: "Mined") -> str:
    """Return the inputs as YAML; JSON strings are YAML strings, whatever stands in them."""
    lines = [
        f"# Border inputs of {_slug(endpoint)}, written by `driftwatch mine`. Mine again after a change was accepted.",
        f"name: {json.dumps(f'border-{_slug(endpoint)}')}",
        "probes:",
    ]
    for number, one in enumerate(found.inputs, 1):
        lines += [
            f"  - id: border-{number:03}",
            f"    prompt: {json.dumps(one.prompt)}",
            "    sensor: border",
            f"    samples: {1 if found.listed else BLOCK}",
        ]
    return "\n".join(lines) + "\n"


def _data(endpoint: str, found: "Mined", target: Path) -> dict[str, Any]:
    return {
        "endpoint": endpoint,
        "inputs": [{"prompt": one.prompt, "margin": one.margin, "law": dict(one.law)} for one in found.inputs],
        "listed": found.listed,
        "tried": found.tried,
        "calls": found.calls,
        "cost_usd": found.cost_usd,
        "stopped": found.stopped or None,
        "unanswered": dict(found.unanswered),
        "file": str(target) if found.inputs else None,
    }


def _tell(endpoint: str, found: "Mined", target: Path) -> None:
    from driftwatch.domain.legible import one_line

    cost = "at a price that is not known" if found.cost_usd is None else f"{found.cost_usd:.4f} USD"
    say(f"{endpoint}: {len(found.inputs)} border inputs among {found.tried} prompts, {found.calls} calls, {cost}.")
    if found.unanswered:
        reasons = ", ".join(f"{name.replace('_', ' ')} ({n})" for name, n in sorted(found.unanswered.items()))
        say(f"{sum(found.unanswered.values())} questions have no answer, and say nothing: {reasons}.")
    if found.stopped:
        say(f"The search ended early: {one_line(found.stopped, 200)}")
    for one in found.inputs[:BLOCK]:
        leading = sorted(one.law.items(), key=lambda item: -item[1])[:2]
        tokens = ", ".join(f"{token!r} {share:.2f}" for token, share in leading)
        say(f"  {one.margin:.3f}  {one_line(one.prompt, 60)}  ({one_line(tokens, 60)})")
    if found.inputs:
        say(f"Written: {target}. Add it to `probes:` of the endpoint; `driftwatch plan` says what it costs.")
    elif found.tried and not found.stopped:
        say("Every first token was certain. More --calls may help, or `top_logprobs: 5` on the endpoint.")


def _slug(name: str) -> str:
    """Return a name that is safe in a file name and in a comment."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in name)[:60]
