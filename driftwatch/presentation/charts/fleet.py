"""Which endpoint is where on its way to an alarm: one bar each."""

from collections.abc import Mapping

from driftwatch.presentation.charts.palette import ALARM, COURSE
from driftwatch.presentation.charts.parts import Spec, framed, rows

ROW = 20
MOST = 1.5
"""Times the threshold that are drawn."""
_NAME = 40


def fleet_chart(shares: Mapping[str, float | None]) -> Spec:
    """Return the chart of a fleet.

    Parameters
    ----------
    shares : mapping
        Endpoint -> the largest share of its threshold that any stream's statistic has, or had in a period; 1 or more
        is an alarm, None is not watched yet and has no bar.
    """
    data = rows(*({"endpoint": _short(name), "share": _drawn(share)} for name, share in shares.items()))
    y = {
        "field": "endpoint",
        "type": "nominal",
        "sort": None,
        "scale": {"domain": list(map(_short, shares))},
        "axis": {"title": None, "labelLimit": 220},
    }
    x = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, MOST], "clamp": True},
        "axis": {"title": None, "format": ".0%", "tickCount": 4},
    }
    alarm = {"condition": {"test": "datum.share >= 1", "value": ALARM}, "value": COURSE}
    tip = [
        {"field": "endpoint", "type": "nominal"},
        {"field": "share", "type": "quantitative", "format": ".1%", "title": "of the threshold"},
    ]
    layers: list[Spec] = [
        {
            "data": data,
            "mark": {"type": "bar", "height": 11, "clip": True},
            "encoding": {"y": y, "x": x, "color": alarm, "tooltip": tip},
        },
        {
            "data": rows({"share": 1}),
            "mark": {"type": "rule", "color": ALARM, "strokeWidth": 1.5},
            "encoding": {"x": x},
        },
    ]
    return framed(
        layers,
        title="largest statistic of each endpoint, as a share of its threshold",
        says="Every endpoint's largest statistic as a share of its threshold; 100 % is an alarm",
        height=ROW * max(len(shares), 1),
    )


def _short(name: str) -> str:
    return name if len(name) <= _NAME else f"{name[: _NAME - 1]}…"


def _drawn(share: float | None) -> float | None:
    return share if share is None else round(share, 4)
