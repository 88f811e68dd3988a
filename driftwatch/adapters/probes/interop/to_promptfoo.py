"""Golden sets as a configuration of promptfoo."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from driftwatch.adapters.probes.interop.files import FILE
from driftwatch.adapters.probes.interop.losses import Fate, Kind, LossReport
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.probe_dict import is_plain, message_dict, of_the_probe, own_metric, written_name
from driftwatch.adapters.probes.interop.promptfoo.names import KNOWN
from driftwatch.adapters.probes.interop.promptfoo.prompts import chat_of
from driftwatch.adapters.probes.scorers import WITH_TOOLS
from driftwatch.domain.probe import Probe, ProbeSet, ScorerSpec
from driftwatch.scorers.argument import unwrap

# What begins a tag, and the end of a comment, which nunjucks takes for a mistake where none began. Not {% raw %}:
# promptfoo leaves a value as it stands, mark and all, if anything in it looks like a name that has no value.
_MARK = re.compile(r"\{(?=[{%#])|#(?=\})")
_AS_TEXT = r"{{ '\g<0>' }}"
WITHOUT_ARGUMENT = ("is-refusal",)

Place = Callable[..., Part]


class _LostError(ValueError):
    """promptfoo cannot hold it."""


def to_promptfoo(probes: ProbeSet, place: Place, report: LossReport) -> dict[str, Any]:
    """Return a configuration whose test cases carry whole prompts; nothing of them is a template."""
    tools = _shared_tools(probes, place, report)
    tests = [c for n, probe in enumerate(probes.probes) if (c := _case(n, probe, tools, place, report)) is not None]
    config: dict[str, Any] = {
        "description": _MARK.sub(_AS_TEXT, probes.name),
        "prompts": ["{{prompt}}"],
        "providers": [{"id": "echo", "config": {"tools": tools}}] if tools else ["echo"],
        "tests": tests,
    }
    samples = _shared_samples(probes, place, report)
    return config | ({"evaluateOptions": {"repeat": samples}} if samples > 1 else {})


def _case(index: int, probe: Probe, tools: Sequence[Any], place: Place, report: LossReport) -> dict[str, Any] | None:
    passages = _passages(probe)
    try:
        prompt = _raw(_prompt(probe))
    except _LostError as error:
        report.dropped(place(index), Kind.CASE, probe.id, str(error))
        for number, spec in enumerate(probe.scorers):
            report.dropped(place(index, "scorers", number), Kind.ASSERTION, written_name(spec), "its probe is dropped")
        return None
    case: dict[str, Any] = {"description": probe.id, "vars": {"prompt": prompt}}
    if passages is not None:
        case["vars"]["context"] = _raw(passages)
    asserted = [
        found
        for number, spec in enumerate(probe.scorers)
        if (found := _told(_without(spec, passages), tools, place(index, "scorers", number), report)) is not None
    ]
    if asserted:
        case["assert"] = asserted
    if probe.tags:
        case["metadata"] = {"tags": list(probe.tags)}
    lost = ["`wait` is dropped"] if any(message.wait_s for message in probe.messages) else []
    lost += ["`tool_results` is dropped"] if probe.tool_results else []
    fate = Fate.CHANGED if lost else Fate.KEPT
    report.note(place(index), Kind.CASE, probe.id, fate, became="a test case", why="; ".join(lost) or None)
    return case


def _passages(probe: Probe) -> str | None:
    """Return the text that all judges of a context compare with, if it is one: promptfoo has one for each test case."""
    judges = [spec.argument for spec in probe.scorers if spec.name.startswith("context-")]
    found = [argument.get("context") if isinstance(argument, Mapping) else None for argument in judges]
    first = found[0] if found else None
    fits = isinstance(first, str) and not first.startswith(FILE)
    return first if fits and all(text == first for text in found) else None


def _without(spec: ScorerSpec, passages: str | None) -> ScorerSpec:
    if passages is None or not spec.name.startswith("context-"):
        return spec
    rest = {key: value for key, value in spec.argument.items() if key != "context"}
    return replace(spec, argument=rest or None)


def _prompt(probe: Probe) -> str:
    if probe.sensor:
        raise _LostError("promptfoo has no sensors: it reads texts, not the chances of a token")
    text = probe.messages[0].content
    # A text that promptfoo would take for a chat is written as one.
    if is_plain(probe) and chat_of(text) == text and not text.startswith(FILE):
        return text
    messages = [{key: item for key, item in message_dict(m).items() if key != "wait"} for m in probe.messages]
    return json.dumps(messages, ensure_ascii=False)


def _told(spec: ScorerSpec, tools: Sequence[Any], where: Part, report: LossReport) -> dict[str, Any] | None:
    name = written_name(spec)
    try:
        found = {"type": name, **_assertion(spec, tools)}
    except _LostError as error:
        report.dropped(where, Kind.ASSERTION, name, str(error))
        return None
    metric = own_metric(spec)
    if metric is not None:
        found["metric"] = metric
    report.note(where, Kind.ASSERTION, name, Fate.KEPT, became=json.dumps(found, ensure_ascii=False))
    return found


def _refuse(spec: ScorerSpec, tools: Sequence[Any]) -> None:
    """Raise `_LostError` for what promptfoo has no assertion for."""
    name, argument = spec.name, spec.argument
    if spec.extract is not None:
        raise _LostError("promptfoo takes no value out of an answer before it compares")
    if name not in KNOWN or name == "python":
        raise _LostError("promptfoo has no assertion like it")
    if name in WITH_TOOLS and not (tools and of_the_probe(spec, tools)):
        raise _LostError("promptfoo compares with the tools of its provider only")
    if name == "finish-reason" and not isinstance(unwrap(argument), str):
        raise _LostError("promptfoo takes one reason only")
    if name.startswith("context-") and isinstance(argument, Mapping) and "context" in argument:
        raise _LostError("promptfoo has one context for a test case, and it must be one text")


def _assertion(spec: ScorerSpec, tools: Sequence[Any]) -> dict[str, Any]:
    """Return the keys of an assertion beside its type."""
    _refuse(spec, tools)
    name, argument = spec.name, spec.argument
    if name in (*WITHOUT_ARGUMENT, *WITH_TOOLS):
        return {}
    if name in ("is-json", "contains-json"):
        schema = argument.get("schema") if isinstance(argument, Mapping) else None
        return {} if schema is None else {"value": _raw(schema)}
    if name in ("latency", "cost"):
        return {"threshold": argument["threshold"] if isinstance(argument, Mapping) else argument}
    if name == "levenshtein" and isinstance(argument, Mapping):
        allowed = argument.get("max", argument.get("threshold"))
        return {"value": _raw(argument["value"]), **({} if allowed is None else {"threshold": allowed})}
    if name not in ("equals", "word-count") and isinstance(argument, Mapping) and "threshold" in argument:
        return _graded(argument)
    value = unwrap(argument)
    return {} if value is None else {"value": _raw(value)}


def _graded(argument: Mapping[str, Any]) -> dict[str, Any]:
    others = sorted(set(argument) - {"value", "threshold"})
    if others:
        raise _LostError(f"promptfoo does not know its option `{others[0]}`")
    value = {"value": _raw(argument["value"])} if "value" in argument else {}
    return {**value, "threshold": argument["threshold"]}


def _raw(value: Any) -> Any:
    """Return a value in which nothing is taken for a template or the name of a file."""
    if isinstance(value, Mapping):
        return {key: _raw(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_raw(item) for item in value]
    if not isinstance(value, str):
        return value
    if value.startswith(FILE):
        raise _LostError("it begins with `file://`, and promptfoo would read a file")
    return _MARK.sub(_AS_TEXT, value)


def _shared_samples(probes: ProbeSet, place: Place, report: LossReport) -> int:
    counts = {probe.samples for probe in probes.probes}
    if len(counts) == 1:
        return counts.pop()
    for index, probe in enumerate(probes.probes):
        if probe.samples > 1:
            report.dropped(place(index, "samples"), Kind.SETTING, "samples", "promptfoo repeats all test cases or none")
    return 1


def _shared_tools(probes: ProbeSet, place: Place, report: LossReport) -> list[Any]:
    kinds = {json.dumps(list(probe.tools), sort_keys=True) for probe in probes.probes}
    why = "promptfoo keeps them with the provider, not with a test case"
    if len(kinds) == 1:
        tools = [dict(tool) for tool in probes.probes[0].tools]
        # 0.121.20 fills in a provider's tools twice: a brace that is written as a text is a template again by then.
        written = json.dumps(tools)
        if _MARK.search(written) is None and f'"{FILE}' not in written:
            return tools
        why = "promptfoo would fill in what stands in braces in them, and read what begins with `file://`"
    for index, probe in enumerate(probes.probes):
        if probe.tools:
            report.dropped(place(index, "tools"), Kind.SETTING, "tools", why)
    return []
