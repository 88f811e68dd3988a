"""When which endpoint drifted, and for how long: one row each."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from driftwatch.domain.incident import Incident
from driftwatch.domain.metric import Severity
from driftwatch.presentation.charts.fleet import ROW
from driftwatch.presentation.charts.marks import LABEL
from driftwatch.presentation.charts.palette import ALARM, COURSE
from driftwatch.presentation.charts.parts import Spec, framed, period, time_axis, within


def incidents_chart(incidents: Mapping[str, Sequence[Incident]], *, since: datetime, until: datetime) -> Spec:
    """Return the chart of a period's incidents.

    Parameters
    ----------
    incidents : mapping
        Endpoint -> its incidents; an endpoint without any has an empty row.
    """
    drawn = [_row(name, i, since, until) for name, several in incidents.items() for i in several]
    x = time_axis()
    y = {
        "field": "endpoint",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": list(incidents)},
        "axis": {"title": None, "labelLimit": 220, "grid": True},
    }
    color = {"condition": {"test": "datum.severity == 'page'", "value": ALARM}, "value": COURSE}
    tip = [
        {"field": "incident", "type": "nominal"},
        {"field": "severity", "type": "nominal"},
        {"field": "state", "type": "nominal"},
        {"field": "at", "type": "temporal", "timeUnit": "utcyearmonthdatehoursminutes", "title": "since, UTC"},
    ]
    layers: list[Spec] = [
        period(since, until),
        {
            "data": {"name": "incidents"},
            "mark": {"type": "bar", "height": 9, "opacity": 0.35, "clip": True},
            "encoding": {"x": x, "x2": {"field": "to"}, "y": y, "color": color, "tooltip": tip},
        },
        {
            "data": {"name": "incidents"},
            # A short incident in a long period is a bar of no width: the point is always seen.
            "mark": {"type": "point", "filled": True, "size": 55, "opacity": 1},
            "encoding": {
                "x": x,
                "y": y,
                "color": color,
                "shape": {"condition": {"test": "datum.severity == 'page'", "value": "triangle"}, "value": "circle"},
                "tooltip": tip,
            },
        },
        {
            "data": {"name": "incidents"},
            # At the end of the axis there is no room behind a point.
            "mark": {
                "type": "text",
                "baseline": "middle",
                "align": {"expr": "datum.late ? 'right' : 'left'"},
                "dx": {"expr": "datum.late ? -8 : 8"},
            },
            "encoding": {"x": x, "y": y, "text": {"field": "incident"}},
        },
    ]
    return framed(
        layers,
        title="incidents: triangles paged, circles were notices; times are UTC",
        says="Every endpoint's incidents, from the onset to their end; triangles paged, circles were notices",
        height=ROW * max(len(incidents), 1),
        datasets={"incidents": drawn},
    )


def _row(name: str, incident: Incident, since: datetime, until: datetime) -> Spec:
    onset = next((f.onset for f in incident.findings if f.onset), None) or incident.opened_at
    return {
        "endpoint": name,
        "incident": incident.name,
        "severity": (Severity.PAGE if incident.severity is Severity.PAGE else Severity.NOTICE).value,
        "state": incident.state.value,
        "at": within(onset, since, until),
        "late": onset > until - (until - since) * LABEL,
        "to": within(incident.ended_at or until, since, until),
    }
