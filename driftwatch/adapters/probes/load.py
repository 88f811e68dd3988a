"""Reads golden sets strictly: everything that is wrong with all files at once, with file and line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.jsonl import parse_jsonl
from driftwatch.adapters.probes.place import Place
from driftwatch.adapters.probes.probe import read_probe
from driftwatch.adapters.yaml_strict import MAX_BYTES, Parsed, parse, read_text
from driftwatch.domain.errors import ConfigError, Problem
from driftwatch.domain.probe import Probe, ProbeSet

JSON_LINES = (".jsonl", ".ndjson")
MAX_JSONL_BYTES = 50_000_000


def load_probe_set(paths: Sequence[Path]) -> ProbeSet:
    """Return the golden set that these files make together.

    Functions that the set names as scorers are imported: load only files you would run.

    Parameters
    ----------
    paths : sequence of Path
        YAML files, or JSON lines (``.jsonl``, ``.ndjson``) with one probe a line.

    Raises
    ------
    ConfigError
        With every problem in all the files.
    """
    problems: list[Problem] = []
    names: list[str] = []
    probes: list[Probe] = []
    seen: dict[str, str] = {}
    loaded: dict[str, Any] = {}
    for path in map(Path, paths):
        try:
            parsed = parse_set(path, problems)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        top = Place(parsed=parsed, folder=path.parent, problems=problems, value=parsed.value, loaded=loaded)
        names.append(_name(top, path.stem))
        probes.extend(_probes(top, seen))
    if not paths:
        problems.append(Problem(file="-", line=None, met="no file", need="name a golden set.", slug="no-probes"))
    if problems:
        raise ConfigError(tuple(_in_order(problems)))
    return ProbeSet(name="+".join(dict.fromkeys(names)), probes=tuple(probes))


def _in_order(problems: list[Problem]) -> list[Problem]:
    files = list(dict.fromkeys(problem.file for problem in problems))
    return sorted(problems, key=lambda problem: (files.index(problem.file), problem.line or 0))


def parse_set(path: Path, problems: list[Problem]) -> Parsed:
    """Return what stands in a golden set's file, with lines; `problems` takes what leaves the rest readable."""
    lines = path.suffix.lower() in JSON_LINES
    text = read_text(path, shown=str(path), max_bytes=MAX_JSONL_BYTES if lines else MAX_BYTES)
    return parse_jsonl(text, file=str(path)) if lines else parse(text, file=str(path), noted=problems)


def _name(top: Place, default: str) -> str:
    if not isinstance(top.value, dict) or "name" not in top.value:
        return default
    return top.text("name") or default


def _probes(top: Place, seen: dict[str, str]) -> list[Probe]:
    if not top.mapping(("name", "description", "probes")):
        return []
    listed = top.list("probes")
    if listed is None or not listed.value:
        if listed is not None or top.value.get("probes") is None:
            top.note("there are no probes", "list at least one under `probes:`.", "no-probes")
        return []
    probes = []
    for place in listed.items():
        probe = read_probe(place)
        _note_repeated(place, seen)
        if probe is not None:
            probes.append(probe)
    return probes


def _note_repeated(place: Place, seen: dict[str, str]) -> None:
    """Note an id that another probe has; also of one that is wrong otherwise, or it would show only later."""
    probe_id = place.value.get("id") if isinstance(place.value, dict) else None
    if not isinstance(probe_id, str):
        return
    here = f"{place.parsed.file}:{place.parsed.line_of((*place.where, 'id'))}"
    if probe_id in seen:
        met = f"the id `{probe_id}` is taken, first at {seen[probe_id]}"
        place.at("id").note(met, "ids are unique over all files of an endpoint: rename one.", "duplicate-probe-id")
    seen.setdefault(probe_id, here)
