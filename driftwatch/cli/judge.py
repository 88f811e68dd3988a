"""`driftwatch judge`: how far a judge agrees with people."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json

if TYPE_CHECKING:
    from driftwatch.services.calibrate import Calibration

SHOWN = 10


@click.group()
def judge() -> None:
    """Compare a judge with people."""


@judge.command()
@click.argument("labels", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--judge", "name", default="default", show_default=True, help="Which of the configured judges.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the result; `calibration:` names it."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def calibrate(ctx: click.Context, labels: Path, *, name: str, output: Path | None, as_json: bool) -> None:
    """Have the judge grade the answers in LABELS, a CSV file, and compare it with the person who graded them.

    The first line names the columns: `question`, `answer` and `label` (1 or 0, pass or fail, yes or no, or a grade from
    0 to 1), and, where they are not the same for all, `scorer` (llm-rubric) and `argument` (text, or JSON).
    An empty `argument` is none. No more is spent than today's budget has left.

    Exits with 1 if the judge does not pass the gate: 80 % agreement on at least 20 labels, good and bad
    ones, and a Cohen's kappa of 0.4: most labels alike are repeated by a judge that cannot tell them apart.
    """
    from driftwatch.bootstrap import judges
    from driftwatch.cli.progress import progress

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    if output is not None:
        from driftwatch.cli.render.page import must_be_writable

        must_be_writable(output)
    with progress("calibrate") as advance:
        found = asyncio.run(judges.calibrate_judge(settings, name, labels, advance=advance))
    data = judges.calibration_data(settings, name, found)
    if output is not None:
        import json

        from driftwatch.cli.render.page import write_atomically

        write_atomically(output, json.dumps(data, indent=1) + "\n")
    if as_json:
        say_json(data)
    else:
        _tell(name, found, output)
    ctx.exit(Exit.DRIFT if found.failed else Exit.NO_DRIFT)


def _tell(name: str, found: "Calibration", output: Path | None) -> None:
    from driftwatch.domain.legible import one_line

    say(f"judge {name}: {found.graded} of {found.labels} labels graded, {found.cost_usd:.4f} USD")
    say(
        f"  agreement {_number(found.agreement)}, Cohen's kappa {_number(found.kappa)}, "
        f"Krippendorff's alpha {_number(found.alpha)}"
    )
    for one in found.classes:
        say(f"  labelled {one.value:g}: agrees on {one.agreed} of {one.labels}")
    for reason, count in sorted(found.ungraded.items()):
        say(f"  unscored: {one_line(reason, 200)} ({count})")
    for label, verdict in found.disagreed[:SHOWN]:
        say(f"  line {label.line}: labelled {label.value:g}, judged {verdict:g}: {one_line(label.answer, 80)}")
    if len(found.disagreed) > SHOWN:
        say(f"  and {len(found.disagreed) - SHOWN} more")
    for words in found.failed:
        say(f"Not calibrated: {words}.")
    if not found.failed:
        where = f"name it: judges: {{{name}: {{calibration: {output}}}}}" if output else "keep it with --output FILE"
        say(f"Calibrated; {where}")


def _number(value: Any) -> str:
    return "not known" if value != value else f"{value:.2f}"  # noqa: PLR0124  # nan
