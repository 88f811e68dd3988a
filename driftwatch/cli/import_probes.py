"""`driftwatch import FILE`: another tool's test cases as a golden set."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.terminal import say, say_json

if TYPE_CHECKING:
    from driftwatch.adapters.probes.interop.importing import Imported
    from driftwatch.adapters.probes.interop.losses import Entry, LossReport

LISTED = 40
SHOWN = 5
FORMATS = ("promptfoo", "openai-evals", "chat", "phoenix", "langfuse", "langsmith", "braintrust", "inspect")
FOLDER = Path("probes")


@click.command("probes")
@click.argument("source", metavar="FILE|DIR", type=click.Path(exists=True, path_type=Path))
@click.option("--from", "form", type=click.Choice(FORMATS), help="The format; found out by looking if not given.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The golden set to write, .yaml or .jsonl; by default probes/NAME.yaml.",
)
@click.option(
    "--reference",
    metavar="SCORER",
    default="auto",
    show_default=True,
    help="The scorer for reference answers of data sets that name none; `none` leaves them out.",
)
@click.option(
    "--prompt",
    metavar="TEMPLATE",
    help="The prompt for data sets that hold only values, with their names: 'Answer {{question}}'.",
)
@click.option("--force", is_flag=True, help="Overwrite the output.")
@click.option("--json", "as_json", is_flag=True, help="Print the loss report as JSON.")
@click.pass_context
def probes(
    ctx: click.Context,
    source: Path,
    *,
    form: str | None,
    output: Path | None,
    reference: str,
    prompt: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make a golden set of another tool's test cases, and tell what could not be carried.

    FILE is a configuration of promptfoo, or a data set of OpenAI evals, Phoenix, Langfuse, LangSmith, Braintrust or
    Inspect, or chat JSON lines; `driftwatch import FILE` is the short form. No code in it is run and nothing outside
    its folder is read. Each line and assertion is accounted for: kept, changed into what and why, or dropped and why.
    Exits with 2 if nothing could be carried.
    """
    from driftwatch.adapters.probes.interop.importing import import_probes
    from driftwatch.adapters.probes.interop.saving import save_probes

    imported = import_probes(source, form=form, reference=reference, prompt=prompt)
    target = output or FOLDER / f"{imported.name}.yaml"
    if imported.probes:
        save_probes(imported, target, source=source, force=force)
    if as_json:
        say_json(_as_dict(imported, target))
    else:
        _tell(imported, target)
    ctx.exit(Exit.NO_DRIFT if imported.probes else Exit.USAGE)


def _as_dict(imported: "Imported", target: Path) -> dict[str, object]:
    return {
        "formats": list(imported.formats),
        "output": str(target) if imported.probes else None,
        "probes": len(imported.probes),
        **_report(imported.report),
    }


def _report(report: "LossReport") -> dict[str, object]:
    from dataclasses import asdict

    from driftwatch.adapters.probes.interop.losses import Kind

    return {
        "counts": {kind.value: asdict(report.count(kind)) for kind in Kind},
        "entries": [
            {**asdict(entry), "times": times}
            for entry, times in sorted(report.entries.items(), key=lambda item: (item[0].file, item[0].line))
        ],
    }


def _tell(imported: "Imported", target: Path) -> None:
    written = f"{len(imported.probes)} probes in {target}" if imported.probes else "no probe could be made of it"
    say(f"{', '.join(imported.formats)}: {written}")
    tell_losses(imported.report)


def tell_losses(report: "LossReport", *, as_json: bool = False, err: bool = False) -> None:
    """Print the sums of a loss report and the losses, or everything as JSON."""
    from driftwatch.adapters.probes.interop.losses import Kind

    if as_json:
        say_json(_report(report), err=err)
        return
    for kind in Kind:
        count = report.count(kind)
        if count.found:
            parts = f"{count.kept} kept, {count.changed} changed, {count.dropped} dropped"
            say(f"  {kind.value + 's':<12} {count.found:>6} = {parts}", err=err)
    alike = _alike(report)
    for entry, lines, times in alike[:LISTED]:
        say(f"  {entry}{_others(lines, times)}", err=err)
    if len(alike) > LISTED:
        say(f"  ... and {len(alike) - LISTED} more; --json lists them.", err=err)


def _alike(report: "LossReport") -> "list[tuple[Entry, list[int], int]]":
    """Return the losses, those of the same kind and reason together: the first, the others' lines, how often."""
    groups: dict[object, list[tuple[Entry, int]]] = {}
    for entry, times in report.losses():
        key = (entry.file, entry.kind, entry.what, entry.fate, entry.why)
        groups.setdefault(key, []).append((entry, times))
    return [
        (same[0][0], [entry.line for entry, _ in same[1:]], sum(times for _, times in same)) for same in groups.values()
    ]


def _others(lines: list[int], times: int) -> str:
    """Say how many more there are like it, and where the first of them stand."""
    if times == 1:
        return ""
    where = list(dict.fromkeys(lines))
    more = ", …" if len(where) > SHOWN else ""
    also = f", also in line {', '.join(map(str, where[:SHOWN]))}{more}" if where else ""
    return f" ({times} times{also})"
