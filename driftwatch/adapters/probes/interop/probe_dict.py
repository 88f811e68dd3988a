"""A loaded probe as the golden set's file writes it."""

from collections.abc import Sequence
from typing import Any

from driftwatch.adapters.probes.probe import WAIT
from driftwatch.adapters.probes.scorers import WITH_TOOLS
from driftwatch.domain.metric import MEASURED
from driftwatch.domain.probe import Message, Probe, ScorerSpec
from driftwatch.scorers.extract import label
from driftwatch.scorers.registry import NOT


def probe_dict(probe: Probe) -> dict[str, Any]:
    """Return a probe without its scorers.

    Examples
    --------
    >>> probe_dict(Probe(id="a", messages=(Message(role="user", content="Hi"),), samples=2))
    {'id': 'a', 'prompt': 'Hi', 'samples': 2}
    """
    written: dict[str, Any] = {"id": probe.id}
    if is_plain(probe):
        written["prompt"] = probe.messages[0].content
    else:
        written["messages"] = [message_dict(message) for message in probe.messages]
    if probe.samples > 1 or probe.sensor:
        written["samples"] = probe.samples
    if probe.tags:
        written["tags"] = list(probe.tags)
    if probe.tools:
        written["tools"] = [dict(tool) for tool in probe.tools]
    if probe.tool_results:
        written["tool_results"] = dict(probe.tool_results)
    if probe.sensor:
        written["sensor"] = probe.sensor
    if probe.tool_results:
        written["tool_results"] = dict(probe.tool_results)
    return written


def is_plain(probe: Probe) -> bool:
    """Return whether a probe is one message of a user and nothing else."""
    first = probe.messages[0]
    return len(probe.messages) == 1 and first.role == "user" and not first.wait_s and not first.extra


def message_dict(message: Message) -> dict[str, Any]:
    """Return a message with its wait."""
    written: dict[str, Any] = {"role": message.role}
    if message.content or "tool_calls" not in message.extra:
        written["content"] = message.content
    if message.wait_s:
        written["wait"] = wait_of(message.wait_s)
    return written | dict(message.extra)


def wait_of(seconds: float) -> str:
    """Return a wait as the golden set writes it, in the unit that reads back exactly."""
    in_seconds = f"{seconds:.3f}".rstrip("0").rstrip(".")
    if float(in_seconds) == seconds and WAIT.match(f"{in_seconds}s"):
        return f"{in_seconds}s"
    return f"{seconds * 1000:.3f}".rstrip("0").rstrip(".") + "ms"


def scorer_item(spec: ScorerSpec, tools: Sequence[Any] = ()) -> str | dict[str, Any]:
    """Return a scorer as an item of `scorers:` of a probe with these tools.

    Examples
    --------
    >>> scorer_item(ScorerSpec(name="contains", argument="x", negate=True, metric="not-contains#2"))
    {'not-contains': 'x'}
    """
    name = written_name(spec)
    metric = own_metric(spec)
    argument = None if of_the_probe(spec, tools) else spec.argument
    beside = {"metric": metric, "extract": spec.extract}
    told = {key: value for key, value in beside.items() if value is not None}
    return name if argument is None and not told else {name: argument, **told}


def of_the_probe(spec: ScorerSpec, tools: Sequence[Any]) -> bool:
    """Return whether a scorer compares with the tools that its probe offers: the loader has filled them in."""
    return spec.name in WITH_TOOLS and spec.argument == {"tools": list(tools)}


def written_name(spec: ScorerSpec) -> str:
    """Return a scorer's name with its ``not-``."""
    return f"{NOT}{spec.name}" if spec.negate else spec.name


def own_metric(spec: ScorerSpec) -> str | None:
    """Return the metric's name if the golden set gave it one."""
    name = written_name(spec)
    metric = spec.metric.partition("#")[0]
    if spec.extract is not None:
        metric = metric.removesuffix(label(spec.extract))
    return None if metric == (f"{name}-limit" if name in MEASURED else name) else metric
