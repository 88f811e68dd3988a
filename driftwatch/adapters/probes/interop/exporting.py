"""A golden set of ours for another tool, with a report of what that tool cannot hold."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.interop.losses import LossReport
from driftwatch.adapters.probes.interop.part import Part, on_line
from driftwatch.adapters.probes.interop.to_promptfoo import to_promptfoo
from driftwatch.adapters.probes.interop.to_rows import to_inspect, to_phoenix
from driftwatch.adapters.probes.interop.written import document
from driftwatch.adapters.probes.load import load_probe_set, parse_set
from driftwatch.adapters.yaml_strict import Parsed
from driftwatch.domain.probe import ProbeSet

HEAD = ("Exported by `driftwatch export probes`. Put your own model under `providers:`.",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """A golden set in another tool's words: the file's text, and what became of everything in the set."""

    text: str
    probes: int
    report: LossReport


def export_probes(path: Path, form: str, *, ascii_only: bool = False) -> Exported:
    """Return a golden set as another tool reads it.

    Parameters
    ----------
    form : {"promptfoo", "inspect", "phoenix"}
    ascii_only : bool
        Escape everything else, so that hostile text stays inert on a terminal.

    Raises
    ------
    ConfigError
        With everything that is wrong with the golden set.
    """
    probes = load_probe_set([path])
    report = LossReport()
    value = WRITERS[form](probes, Places(parse_set(path, []), path), report)
    if form == "promptfoo":
        text = document(value, head=HEAD, ascii_only=ascii_only)
    elif form == "inspect":
        text = "".join(json.dumps(row) + "\n" for row in value)
    else:
        text = json.dumps(value, indent=1) + "\n"
    return Exported(text=text, probes=len(probes.probes), report=report)


class Places:
    """Where the parts of a golden set stand in its file."""

    def __init__(self, parsed: Parsed, path: Path) -> None:
        self.parsed = parsed
        self.path = path

    def __call__(self, *steps: str | int) -> Part:
        """Return the place of a probe, or of something in it."""
        where = ("probes", *steps)
        line = self.parsed.line_of(where)
        return Part(file=str(self.path), folder=self.path.parent, node=on_line(None, line), steps=where)


Writer = Callable[[ProbeSet, "Places", LossReport], Any]
WRITERS: dict[str, Writer] = {"promptfoo": to_promptfoo, "inspect": to_inspect, "phoenix": to_phoenix}
"""Each format's writer."""
