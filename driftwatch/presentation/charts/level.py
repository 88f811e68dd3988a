"""How near a stream came to its alarm: its statistic as a share of the threshold."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from driftwatch.presentation.charts.marks import Marks, mark_layers
from driftwatch.presentation.charts.palette import ALARM, COURSE
from driftwatch.presentation.charts.parts import Spec, framed, period, rows, time_axis, value_axis, within
from driftwatch.services.bands import Band

HEIGHT = 80
MOST = 4.0
"""Times the threshold that are drawn: beyond, a statistic only says again that it alarms."""


def level_chart(
    metric: str,
    bands: Sequence[Band],
    *,
    since: datetime,
    until: datetime,
    marks: Iterable[Marks] = (),
) -> Spec:
    """Return the chart of one stream's statistic, for each span the largest; see `course_chart` for the parameters."""
    x = time_axis()
    y = value_axis("peak", zero=True, nice=False, domain=[0, _top(bands)], clamp=True)
    y["axis"] = y["axis"] | {"format": ".0%"}
    drawn = rows(*({"at": within(b.at, since, until), "peak": _short(b.peak)} for b in bands))
    tip = [
        {"field": "at", "type": "temporal", "timeUnit": "utcyearmonthdatehoursminutes", "title": "UTC"},
        {"field": "peak", "type": "quantitative", "format": ".1%", "title": "of the threshold"},
    ]
    layers: list[Spec] = [
        period(since, until),
        {"data": rows({"peak": 1}), "mark": {"type": "rule", "color": ALARM}, "encoding": {"y": y}},
        *mark_layers(marks, since, until),
        {
            "data": drawn,
            "mark": {
                "type": "line",
                "color": COURSE,
                "strokeWidth": 1.5,
                "point": {"color": COURSE, "size": 12, "filled": True},
            },
            "encoding": {"x": x, "y": y, "tooltip": tip},
        },
    ]
    says = f"{metric}: statistic as a share of its threshold; 100 % is an alarm"
    return framed(layers, title=says, says=says, height=HEIGHT)


def _top(bands: Sequence[Band]) -> float:
    return min(max([1.2, *(1.05 * band.peak for band in bands if band.peak is not None)]), MOST)


def _short(peak: float | None) -> float | None:
    return peak if peak is None else round(peak, 4)
