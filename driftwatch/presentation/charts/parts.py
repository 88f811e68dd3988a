"""What all charts share: frame, looks, the axis of time, and marks at moments."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from driftwatch.presentation.charts.palette import ALARM, LINES, TEXT

Spec = dict[str, Any]
"""A Vega-Lite specification, or a part of one."""
SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""Names the language; nobody loads it."""
WIDTH = 600
GUTTER = 44
"""Left of the vertical axis: the same, so that moments of several charts stand under each other."""


def framed(layers: Sequence[Spec], *, title: str, says: str, height: int, **more: Any) -> Spec:
    """Return a whole chart of layers; `says` is read out where it cannot be seen."""
    return {
        "$schema": SCHEMA,
        "description": says,
        "title": title,
        "width": WIDTH,
        "height": height,
        "background": None,
        "padding": 4,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": _LOOKS,
        "layer": list(layers),
        **more,
    }


def milliseconds(moment: datetime) -> int:
    """Return a moment as Vega takes it.

    A bare ISO string in a rule is no date to Vega-Lite: it was drawn at the left edge.

    Examples
    --------
    >>> milliseconds(datetime(2026, 10, 14, 6, tzinfo=UTC))
    1791957600000
    """
    return round(moment.astimezone(UTC).timestamp() * 1000)


def time_axis(field: str = "at") -> Spec:
    """Return a position on the horizontal axis, which is in UTC and as long as `period` makes it."""
    return {"field": field, "type": "temporal", "scale": {"type": "utc", "nice": False}, "title": None}


def period(since: datetime, until: datetime) -> Spec:
    """Return a layer that nobody sees: it makes the axis of time the same for all charts of a page.

    A domain of moments in the scale was lost by Vega's expression interpreter in charts of several layers, and all
    marks stood at the left edge of the page, though not of the picture.
    """
    labels = {"format": _label(until - since), "labelOverlap": True, "labelSeparation": 8, "tickCount": 7}
    return {
        "data": rows({"at": milliseconds(since)}, {"at": milliseconds(until)}),
        "mark": {"type": "point", "opacity": 0, "tooltip": None},
        "encoding": {"x": time_axis() | {"axis": labels}},
    }


def _label(span: timedelta) -> str:
    """Return how moments are written: Vega's own choice counts to twelve."""
    steps = {timedelta(minutes=15): "%H:%M:%S", timedelta(days=1): "%H:%M", timedelta(days=4): "%a %H:%M"}
    steps |= {timedelta(days=10): "%a %-d", timedelta(days=120): "%-d %b"}
    return next((form for most, form in steps.items() if span <= most), "%b %Y")


def within(moment: datetime, since: datetime, until: datetime) -> int:
    """Return a moment for Vega, moved to the period's edge where it lies outside."""
    return milliseconds(min(max(moment, since), until))


def value_axis(field: str, **scale: Any) -> Spec:
    """Return the vertical axis."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"zero": False, "nice": True, **scale},
        "axis": {"title": None, "tickCount": 4, "minExtent": GUTTER, "maxExtent": GUTTER},
    }


def rows(*values: Spec) -> Spec:
    """Return data that stands in the specification itself."""
    return {"values": list(values)}


_LOOKS: Spec = {
    "font": "Arial, Liberation Sans, Helvetica, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": TEXT,
        "titleColor": TEXT,
        "tickColor": LINES,
        "domainColor": LINES,
        "gridColor": LINES,
        "gridOpacity": 0.6,
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "title": {"anchor": "start", "color": TEXT, "fontSize": 12, "fontWeight": "normal", "offset": 6},
    "axisX": {"grid": False},
    "text": {"color": TEXT, "fontSize": 11},
    "rule": {"color": ALARM},
}
