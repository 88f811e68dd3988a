"""Moments that charts mark: onsets with their intervals, alarms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from driftwatch.domain.incident import Incident
from driftwatch.presentation.charts.palette import ALARM, ONSET
from driftwatch.presentation.charts.parts import Spec, milliseconds, rows, time_axis, within

LABEL = 0.1
"""Share of the axis that an incident's name takes: at its end the name stands on the other side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """One drift of one stream.

    Parameters
    ----------
    name : str
        Of the incident.
    onset, early, late : datetime, optional
        When the change began, and between which moments.
    alarm : datetime
        When somebody was to be told.
    """

    name: str
    onset: datetime | None = None
    early: datetime | None = None
    late: datetime | None = None
    alarm: datetime


def marks_of(metric: str, incidents: Iterable[Incident]) -> tuple[Marks, ...]:
    """Return what incidents say of one stream; none of an incident that is about others."""
    return tuple(
        Marks(
            name=incident.name,
            onset=finding.onset,
            early=finding.onset_early,
            late=finding.onset_late,
            alarm=incident.opened_at,
        )
        for incident in incidents
        for finding in incident.findings
        if finding.metric == metric
    )


def mark_layers(marks: Iterable[Marks], since: datetime, until: datetime) -> list[Spec]:
    """Return the layers that mark drifts: the onset's interval, the onset, and the alarm with the incident's name."""
    told = list(marks)
    inside = [mark for mark in told if since <= mark.alarm < until]
    spans = [(m.early, m.late) for m in told if m.early and m.late and m.early < until and m.late >= since]
    onsets = [m.onset for m in told if m.onset and since <= m.onset < until]
    x = time_axis()
    layers: list[Spec] = []
    if spans:
        layers.append(
            {
                "data": rows(*({"at": within(e, since, until), "to": within(late, since, until)} for e, late in spans)),
                "mark": {"type": "rect", "color": ONSET, "opacity": 0.28, "clip": True},
                "encoding": {"x": x, "x2": {"field": "to"}},
            }
        )
    if onsets:
        layers.append(
            {
                "data": rows(*({"at": milliseconds(onset)} for onset in onsets)),
                "mark": {"type": "rule", "color": ONSET, "strokeWidth": 2},
                "encoding": {"x": x},
            }
        )
    if inside:
        alarms = rows(*({"at": milliseconds(m.alarm)} for m in inside))
        rule = {"type": "rule", "color": ALARM, "strokeDash": [4, 3]}
        layers.append({"data": alarms, "mark": rule, "encoding": {"x": x}})
        edge = until - (until - since) * LABEL
        layers += _labels([m for m in inside if _free(m, since, until) < edge], since, until, "left")
        layers += _labels([m for m in inside if _free(m, since, until) >= edge], since, until, "right")
    return layers


def _free(mark: Marks, since: datetime, until: datetime) -> datetime:
    """Return where a name on the right begins: at the alarm, or at an onset that would cross it out."""
    crossed = mark.onset is not None and mark.alarm < mark.onset < mark.alarm + (until - since) * LABEL
    return mark.onset if crossed and mark.onset else mark.alarm


def _before(mark: Marks, since: datetime) -> datetime:
    """Return where a name on the left ends: at the alarm, or at its onset, which is near.

    One before the period is left out: what is drawn there would stretch the axis.
    """
    near = mark.onset is not None and since <= mark.onset < mark.alarm
    return mark.onset if near and mark.onset else mark.alarm


def _labels(marks: Sequence[Marks], since: datetime, until: datetime, align: str) -> list[Spec]:
    if not marks:
        return []
    mark = {"type": "text", "align": align, "baseline": "top", "dx": 4 if align == "left" else -4, "color": ALARM}
    encoding = {"x": time_axis(), "y": {"value": 0}, "text": {"field": "incident"}}
    places = [_free(m, since, until) if align == "left" else _before(m, since) for m in marks]
    names = rows(*({"at": milliseconds(at), "incident": m.name} for at, m in zip(places, marks, strict=True)))
    return [{"data": names, "mark": mark, "encoding": encoding}]
