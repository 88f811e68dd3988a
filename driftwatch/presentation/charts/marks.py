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
        left = [m for m in inside if m.alarm >= edge or _onset_follows(m, since, until)]
        layers += _labels([m for m in inside if m not in left], "left", 4)
        layers += _labels(left, "right", -4)
    return layers


def _onset_follows(mark: Marks, since: datetime, until: datetime) -> bool:
    """Whether the name on the right of an alarm would stand on its onset, and has room on the left."""
    room = (until - since) * LABEL
    return mark.onset is not None and mark.alarm < mark.onset < mark.alarm + room and mark.alarm - since >= room


def _labels(marks: Sequence[Marks], align: str, dx: int) -> list[Spec]:
    if not marks:
        return []
    mark = {"type": "text", "align": align, "baseline": "top", "dx": dx, "color": ALARM}
    encoding = {"x": time_axis(), "y": {"value": 0}, "text": {"field": "incident"}}
    # On the left of an alarm its onset is near: the name stands before both.
    names = rows(
        *(
            {"at": milliseconds(min(m.alarm, m.onset or m.alarm) if align == "right" else m.alarm), "incident": m.name}
            for m in marks
        )
    )
    return [{"data": names, "mark": mark, "encoding": encoding}]
