"""Golden sets as data sets of Inspect and Phoenix: what they cannot read themselves is kept in the metadata."""

from collections.abc import Callable, Iterator
from typing import Any

from driftwatch.adapters.probes.interop.losses import Fate, Kind, LossReport
from driftwatch.adapters.probes.interop.part import Part
from driftwatch.adapters.probes.interop.probe_dict import is_plain, message_dict, probe_dict, scorer_item, written_name
from driftwatch.domain.probe import Probe, ProbeSet, ScorerSpec
from driftwatch.scorers.argument import unwrap
from driftwatch.scorers.callee import Callee

TARGETS = ("equals", "choice", "numeric", "contains", "icontains", "starts-with", "levenshtein")
"""Scorers whose value can stand as the reference, the surest first."""

_KEPT = "another tool reads the reference only; `driftwatch import` brings it back whole"

Place = Callable[..., Part]


def to_inspect(probes: ProbeSet, place: Place, report: LossReport) -> list[dict[str, Any]]:
    """Return samples: one JSON object a line."""
    return [
        {
            "id": probe.id,
            "input": probe.messages[0].content if is_plain(probe) else _messages(probe),
            "target": target,
            "metadata": metadata,
        }
        for probe, target, metadata in _rows(probes, place, report)
    ]


def to_phoenix(probes: ProbeSet, place: Place, report: LossReport) -> list[dict[str, Any]]:
    """Return examples with input, output and metadata."""
    return [
        {
            "input": {"prompt": probe.messages[0].content} if is_plain(probe) else {"messages": _messages(probe)},
            "output": {"answer": target} if target else {},
            "metadata": metadata,
        }
        for probe, target, metadata in _rows(probes, place, report)
    ]


def _rows(probes: ProbeSet, place: Place, report: LossReport) -> Iterator[tuple[Probe, str, dict[str, Any]]]:
    for index, probe in enumerate(probes.probes):
        chosen = _target(probe)
        scorers = []
        for number, spec in enumerate(probe.scorers):
            where, name = place(index, "scorers", number), written_name(spec)
            if isinstance(spec.argument, Callee):
                report.dropped(where, Kind.ASSERTION, name, "it is code of yours, which an export leaves where it is")
                continue
            scorers.append(scorer_item(spec, probe.tools))
            became = "the reference" if spec is chosen else "metadata"
            report.note(where, Kind.ASSERTION, name, Fate.CHANGED, became=became, why=_KEPT)
        report.note(place(index), Kind.CASE, probe.id, Fate.KEPT, became="a row")
        kept = probe_dict(probe) | ({"scorers": scorers} if scorers else {})
        yield probe, _text(chosen) if chosen else "", {"driftwatch": kept}


def _messages(probe: Probe) -> list[dict[str, Any]]:
    return [{key: value for key, value in message_dict(m).items() if key != "wait"} for m in probe.messages]


def _target(probe: Probe) -> ScorerSpec | None:
    usable = [spec for spec in probe.scorers if spec.name in TARGETS and not spec.negate and _text(spec)]
    return min(usable, key=lambda spec: TARGETS.index(spec.name), default=None)


def _text(spec: ScorerSpec) -> str:
    argument = unwrap(spec.argument)
    value = argument.get("value") if isinstance(argument, dict) and spec.name != "equals" else argument
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
