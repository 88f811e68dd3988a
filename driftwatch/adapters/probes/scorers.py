"""Reads the scorers of one probe, with the files and functions they name."""

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from driftwatch.adapters.probes.functions import FunctionError, load_function
from driftwatch.adapters.probes.place import Place, shown
from driftwatch.adapters.yaml_strict import parse, read_text
from driftwatch.domain.errors import ConfigError
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.probe import ScorerSpec
from driftwatch.scorers.criterion import Criterion
from driftwatch.scorers.errors import ScorerArgumentError
from driftwatch.scorers.extract import label
from driftwatch.scorers.registry import SCORERS, build, hint, split_name
from driftwatch.scorers.structure import schema_path

WITH_SCHEMA = ("is-json", "contains-json")
WITH_TOOLS = ("is-valid-openai-tools-call", "is-valid-function-call", "is-valid-openai-function-call")
"""Scorers that compare with the tools that the probe itself offers, where no others are given."""
ITEM_KEYS = ("metric", "extract")
"""What may stand beside a scorer's name."""
_METRIC = re.compile(r"\w[\w./: -]{0,79}\Z")


def read_scorers(place: Place) -> tuple[ScorerSpec, ...]:
    """Return the scorers of the probe that stands here; what is wrong is noted and left out."""
    listed = place.list("scorers")
    if listed is None:
        return ()
    taken: Counter[str] = Counter()
    specs = []
    for item in listed.items():
        for spec in _scorer(item, place.value.get("tools")):
            taken[spec.metric] += 1
            specs.append(_numbered(spec, taken[spec.metric]))
            _note_two_judges(item, specs[-1])
    return tuple(specs)


def _numbered(spec: ScorerSpec, number: int) -> ScorerSpec:
    if number == 1:
        return spec
    return replace(spec, metric=f"{spec.metric}#{number}")


def _scorer(place: Place, tools: Any) -> list[ScorerSpec]:
    """Return the scorer that stands here: once, or once for each way to take the value out."""
    written = _written(place)
    if written is None:
        return []
    key, argument, where, metric = written
    name, negate = split_name(key)
    if name not in SCORERS:
        where.note(f"there is no scorer `{key}`", hint(key), "unknown-scorer")
        return []
    if name in WITH_TOOLS and argument in (None, True, ""):
        argument = {"tools": tools}
    spec = ScorerSpec(
        name=name,
        argument=_resolved(where, name, argument),
        negate=negate,
        metric=_metric(place, key, metric),
        libraries=_versions(name),
    )
    if isinstance(spec.argument, _Unresolved) or not _works(where, key, spec):
        return []
    specs = [replace(spec, metric=f"{spec.metric}{label(how)}", extract=how) for how in _extracts(place)]
    kept = [each for each in specs if _works(place.at("extract"), key, each)] if specs else [spec]
    for each in kept:
        _note_mixed(place, each)
    return kept


def _works(where: Place, key: str, spec: ScorerSpec) -> bool:
    try:
        build(spec.name, spec.argument, negate=spec.negate, extract=spec.extract)
    except ScorerArgumentError as error:
        where.note(f"`{key}`: {error.met}", error.need, "bad-scorer-argument")
        return False
    return True


def _extracts(place: Place) -> list[Any]:
    """Return the ways to take the value out, as `extract:` names them; none where it does not stand."""
    given = place.value.get("extract") if isinstance(place.value, dict) else None
    ways = given if isinstance(given, list) else [] if given is None else [given]
    if len({label(way) for way in ways}) < len(ways):
        place.at("extract").note("two ways of `extract` have the same name", "keep one.", "bad-scorer-argument")
        return []
    return ways


def _note_mixed(place: Place, spec: ScorerSpec) -> None:
    """Note a metric that is pass or fail on one probe and graded on another: a stream is of one kind."""
    kind = SCORERS[spec.name].kind
    if place.loaded.setdefault(f"kind of {spec.metric}", kind) != kind:
        met = f"the metric `{spec.metric}` is {kind} here and {place.loaded[f'kind of {spec.metric}']} further up"
        place.note(met, "give one of the two another name with `metric:`.", "bad-scorer-argument")


def _note_two_judges(place: Place, spec: ScorerSpec) -> None:
    """Note a metric that one judge grades here and another elsewhere: a stream holds one judge's verdicts."""
    scorer = build(spec.name, spec.argument, negate=spec.negate, extract=spec.extract)
    if not isinstance(scorer, Criterion):
        return
    first = place.loaded.setdefault(f"judge of {spec.metric}", scorer.judge)
    if first != scorer.judge:
        met = f"the metric `{spec.metric}` is graded by the judge `{scorer.judge}` here and by `{first}` further up"
        place.note(met, "give one another name with `metric:`.", "bad-scorer-argument")


def _written(place: Place) -> tuple[str, Any, Place, Any] | None:
    """Return name, argument, its place, and the metric's name or None."""
    value = place.value
    if isinstance(value, str):
        return value, None, place, None
    if not isinstance(value, dict):
        met = f"{shown(value)} stands here"
        place.note(met, "a scorer's name must stand here, or `name: argument`.", "bad-scorer-argument")
        return None
    names = [key for key in value if key not in ITEM_KEYS]
    if len(names) != 1:
        met = f"this item has {len(names)} scorers ({', '.join(names) or 'none'})"
        need = "each scorer is an item of its own; options are indented below its name."
        place.note(met, need, "bad-scorer-argument")
        return None
    argument, metric = value[names[0]], value.get("metric")
    if isinstance(argument, dict) and "metric" in argument and metric is None:
        metric = argument["metric"]
        argument = {key: item for key, item in argument.items() if key != "metric"}
    return names[0], argument, place.at(names[0]), metric


def _metric(place: Place, key: str, metric: Any) -> str:
    if metric is None:
        # `latency` and `cost` are measured in milliseconds and dollars already.
        return f"{key}-limit" if key in MEASURED else key
    if not isinstance(metric, str) or not _METRIC.match(metric):
        need = "it must be a text of letters, digits, spaces and . _ - / : up to 80 characters."
        place.note(f"`metric` is {shown(metric)}", need, "bad-scorer-argument")
        return key
    if metric in MEASURED:
        place.note(
            f"the metric `{metric}` is measured on every answer already", "take another name.", "bad-scorer-argument"
        )
    return metric


def _versions(name: str) -> tuple[str, ...]:
    """Return the installed releases of the libraries that score; `build` says it if one is missing."""
    found = []
    for library in SCORERS[name].libraries:
        with suppress(PackageNotFoundError):
            found.append(f"{library} {version(library)}")
    return tuple(found)


class _Unresolved:
    """What an argument names could not be loaded; noted."""


def _resolved(place: Place, name: str, argument: Any) -> Any:
    if name in WITH_SCHEMA and (path := schema_path(argument)):
        return _schema(place, path)
    if name == "python":
        return _function(place, argument)
    return argument


def _schema(place: Place, path: str) -> Any:
    """Return the schema itself, so that editing its file changes the probe's hash."""
    file = place.folder / path
    key = f"schema {file}"
    if key not in place.loaded:
        try:
            text = read_text(file, shown=str(file))
            place.loaded[key] = {"schema": _json_or_yaml(text, str(file))}
        except ConfigError as error:
            place.loaded[key] = _Unresolved()
            for problem in error.problems:
                at = f":{problem.line}" if problem.line else ""
                place.note(f"the schema {file}{at}: {problem.met}", problem.need, "schema-file-missing")
    return place.loaded[key]


def _json_or_yaml(text: str, file: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        # YAML reads nearly all of JSON, and says on which line it goes wrong.
        return parse(text, file=file).value


def _function(place: Place, argument: Any) -> Any:
    """Return the function in place of its name; beside it `timeout:` and `threshold:` may stand."""
    options = argument if isinstance(argument, dict) else {"value": argument}
    named = options.get("value")
    if not isinstance(named, str):
        need = "name a function: `module:function` or `file.py:function`."
        place.note(f"the argument is {shown(named)}", need, "python-scorer-not-loaded")
        return _Unresolved()
    try:
        function = load_function(named, Path(place.folder), place.loaded)
    except FunctionError as error:
        place.note(str(error), error.need, "python-scorer-not-loaded")
        return _Unresolved()
    return {**options, "value": function} if len(options) > 1 else function
