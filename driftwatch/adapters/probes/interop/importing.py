"""A foreign file, or a folder of them, as a golden set of ours with a loss report."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.book import Book, slug
from driftwatch.adapters.probes.interop.chat import read_chat
from driftwatch.adapters.probes.interop.data_sets import read_braintrust, read_langfuse, read_langsmith
from driftwatch.adapters.probes.interop.detect import detect
from driftwatch.adapters.probes.interop.inspect_ai import read_inspect
from driftwatch.adapters.probes.interop.losses import Kind, LossReport
from driftwatch.adapters.probes.interop.openai_evals import read_openai_evals
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.phoenix import read_phoenix
from driftwatch.adapters.probes.interop.promptfoo.config import read_promptfoo
from driftwatch.adapters.probes.interop.reading import KNOWN, read_part
from driftwatch.adapters.probes.interop.reference import AUTO, NONE
from driftwatch.adapters.yaml_strict import Node
from driftwatch.domain.errors import ConfigError, DriftwatchError, Problem
from driftwatch.scorers.registry import SCORERS, hint, split_name

READERS: dict[str, Callable[[Part, Book], None]] = {
    "promptfoo": read_promptfoo,
    "openai-evals": read_openai_evals,
    "chat": read_chat,
    "phoenix": read_phoenix,
    "langfuse": read_langfuse,
    "langsmith": read_langsmith,
    "braintrust": read_braintrust,
    "inspect": read_inspect,
}
"""Each format's reader."""

_USUAL = ("promptfooconfig.yaml", "promptfooconfig.yml", "promptfooconfig.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A golden set made from foreign files.

    Parameters
    ----------
    formats : tuple of str
        What was found, in the order of the files.
    probes : list of dict
        As the golden set's file writes them.
    """

    name: str
    formats: tuple[str, ...]
    probes: list[dict[str, Any]]
    report: LossReport


def import_probes(
    source: Path, *, form: str | None = None, reference: str = "auto", prompt: str | None = None
) -> Imported:
    """Read a foreign file, or every file of a folder that is known.

    Parameters
    ----------
    form : str, optional
        One of `READERS`; found out by looking at the file if not given.
    reference : str
        The scorer for reference answers where the source names none; ``auto`` or ``none`` besides.
    prompt : str, optional
        The prompt for data sets that hold only values: a template with their names.

    Raises
    ------
    ConfigError
        If the file, or every file of the folder, cannot be read or is of no known format.
    """
    _check_reference(reference)
    report = LossReport()
    folder = source if source.is_dir() else source.parent
    named_by_folder = source.is_dir() or source.stem.startswith("promptfooconfig")
    name = slug(folder.resolve().name if named_by_folder else source.stem) or "imported"
    book = Book(root=folder, report=report, reference=reference, prompt=prompt, name=name)
    formats: list[str] = []
    problems: list[Problem] = []
    files = _files(source)
    for file in files:
        try:
            formats.append(_import(file, form, book))
        except ConfigError as error:
            problems += error.problems
            place = Part(file=str(file), folder=folder, node=Node(None, error.problems[0].line or 1))
            report.dropped(place, Kind.LINE, "file", error.problems[0].met)
    if not formats:
        raise ConfigError(tuple(problems) or (_none(source),))
    report.close("no probe came of it")
    return Imported(name=book.name, formats=tuple(dict.fromkeys(formats)), probes=book.probes, report=report)


def _check_reference(reference: str) -> None:
    name = split_name(reference)[0]
    if reference not in (AUTO, NONE) and (name not in SCORERS or name == "python"):
        raise DriftwatchError(
            f"--reference: there is no scorer `{reference}` for it. {hint(reference)}", slug="import-format"
        )


def _files(source: Path) -> list[Path]:
    if not source.is_dir():
        return [source]
    usual = [source / name for name in _USUAL if (source / name).is_file()]
    return usual[:1] or sorted(path for path in source.iterdir() if path.suffix.lower() in KNOWN and path.is_file())


def _import(file: Path, form: str | None, book: Book) -> str:
    top = read_part(file, book.report)
    found = form or detect(top)
    if found not in READERS:
        met = "this is a golden set of ours already" if found == "driftwatch" else "no known format shows in this file"
        need = (
            "name it under `probes:` of an endpoint."
            if found == "driftwatch"
            else f"say which with `--from`: {', '.join(READERS)}."
        )
        raise ConfigError((Problem(file=str(file), line=None, met=met, need=need, slug="import-format"),))
    READERS[found](top, book)
    return found


def _none(source: Path) -> Problem:
    need = f"name a file, or a folder that has some: {', '.join(KNOWN)}."
    return Problem(file=str(source), line=None, met="there is no file to import here", need=need, slug="import-format")
