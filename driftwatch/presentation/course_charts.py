"""The charts of an endpoint's page: the report's own, of single replays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftwatch.presentation.charts import Spec, course_chart, level_chart, marks_of
from driftwatch.services.bands import Band

if TYPE_CHECKING:  # the board is loaded when it is asked for
    from driftwatch.services.board import EndpointView
    from driftwatch.services.course import Course

LEVEL = "#level"
"""Ends the name of a stream's second chart; no metric of its own may have such a name."""


def course_charts(view: "EndpointView") -> dict[str, Spec]:
    """Return the charts of an endpoint: a stream's name -> its course, with `LEVEL` its way to the threshold."""
    course = view.course
    units = {standing.metric.name: standing.metric.unit for standing in view.now.streams}
    found: dict[str, Spec] = {}
    for name in course.metrics:
        drawn, marks = _bands(course, name), marks_of(name, course.incidents)
        usual, unit = course.normal.get(name), units.get(name, "")
        found[name] = course_chart(
            name, drawn, since=course.since, until=course.until, normal=usual, unit=unit, marks=marks
        )
        if any(band.peak is not None for band in drawn):
            found[name + LEVEL] = level_chart(name, drawn, since=course.since, until=course.until, marks=marks)
    return found


def charts_data(view: "EndpointView") -> Spec:
    """Return the charts with what all of them look like, written once."""
    charts = course_charts(view)
    looks: Spec = next((spec["config"] for spec in charts.values()), {})
    return {"looks": looks, "charts": {name: _bare(spec) for name, spec in charts.items()}}


def _bare(spec: Spec) -> Spec:
    # The page's heading names the stream.
    return {key: value for key, value in spec.items() if key not in ("config", "title")}


def _bands(course: "Course", metric: str) -> Sequence[Band]:
    means = [(point, point.means.get(metric)) for point in course.points]
    return [
        Band(at=p.due, mean=mean, low=mean, high=mean, replays=int(mean is not None), peak=p.levels.get(metric))
        for p, mean in means
    ]
