"""What a stream measured over a period: the course of its mean over what the baseline says is usual."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from driftwatch.presentation.charts.marks import Marks, mark_layers
from driftwatch.presentation.charts.palette import COURSE, NORMAL
from driftwatch.presentation.charts.parts import Spec, framed, period, rows, time_axis, value_axis, within
from driftwatch.services.bands import Band, Normal

HEIGHT = 130


def course_chart(
    metric: str,
    bands: Sequence[Band],
    *,
    since: datetime,
    until: datetime,
    normal: Normal | None = None,
    unit: str = "",
    marks: Iterable[Marks] = (),
) -> Spec:
    """Return the chart of one stream's means.

    Parameters
    ----------
    bands : sequence of Band
        What is drawn; a span without a measurement breaks the line.
    since, until : datetime
        The axis of time: give all charts of a page the same.
    normal : Normal, optional
        Drawn behind as the usual range and mean.
    unit : str
        Written beside the name.
    marks : iterable of Marks
        Onsets and alarms, `marks_of`.
    """
    x, y = time_axis(), value_axis("mean")
    measured = {"name": "measured"}
    layers: list[Spec] = [period(since, until)]
    if normal is not None:
        usual = rows({"low": normal.low, "high": normal.high, "usual": normal.mean})
        layers += [
            {
                "data": usual,
                "mark": {"type": "rect", "color": NORMAL, "opacity": 0.16},
                "encoding": {"y": y | {"field": "low"}, "y2": {"field": "high"}},
            },
            {
                "data": usual,
                "mark": {"type": "rule", "color": NORMAL, "strokeDash": [2, 3]},
                "encoding": {"y": y | {"field": "usual"}},
            },
        ]
    layers.append(
        {
            "data": measured,
            "mark": {"type": "area", "color": COURSE, "opacity": 0.18},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        }
    )
    layers += mark_layers(marks, since, until)
    layers.append(
        {
            "data": measured,
            "mark": {
                "type": "line",
                "color": COURSE,
                "strokeWidth": 1.8,
                "point": {"color": COURSE, "size": 16, "filled": True},
            },
            "encoding": {"x": x, "y": y, "tooltip": _TIP},
        }
    )
    says = f"{metric}: mean of each replay, with what the baseline says is usual"
    title = f"{metric}, {unit}" if unit else metric
    return framed(
        layers,
        title=title,
        says=says,
        height=HEIGHT,
        datasets={"measured": [_row(band, since, until) for band in bands]},
    )


def _row(band: Band, since: datetime, until: datetime) -> Spec:
    return {
        "at": within(band.at, since, until),
        "mean": _short(band.mean),
        "low": _short(band.low),
        "high": _short(band.high),
        "replays": band.replays,
    }


def _short(value: float | None) -> float | None:
    # Six digits are more than a pixel; a report holds thousands of them.
    return value if value is None else float(f"{value:.6g}")


_TIP: list[Spec] = [
    {"field": "at", "type": "temporal", "timeUnit": "utcyearmonthdatehoursminutes", "title": "UTC"},
    {"field": "mean", "type": "quantitative", "format": ".4~g", "title": "mean"},
    {"field": "low", "type": "quantitative", "format": ".4~g", "title": "lowest"},
    {"field": "high", "type": "quantitative", "format": ".4~g", "title": "highest"},
    {"field": "replays", "type": "quantitative", "title": "replays"},
]
