"""The charts of an endpoint's page: every stream has its own, whatever it is called."""

from datetime import timedelta
from types import SimpleNamespace

from driftwatch.presentation.course_charts import LEVEL, charts_data
from driftwatch.services.course import Course, Point
from tests.unit.report.scripted import HOUR, MONDAY


def test_a_stream_that_is_called_like_anothers_level_takes_no_chart_away() -> None:
    """Names of metrics may hold a space: the course of `tone level` stood where the level of `tone` belongs."""
    means, levels = {"tone level": 0.9, "tone": 0.4}, {"tone level": 0.1, "tone": 0.7}
    points = [Point(due=MONDAY + n * HOUR, seq=n, epoch=1, means=means, levels=levels) for n in range(3)]
    course = Course(
        since=MONDAY, until=MONDAY + timedelta(days=1), step=1, points=points, normal={}, incidents=()
    )  # fmt: skip
    charts = charts_data(SimpleNamespace(course=course, now=SimpleNamespace(streams=())))["charts"]  # type: ignore[arg-type]
    assert set(charts) == {"tone", "tone level", f"tone{LEVEL}", f"tone level{LEVEL}"}
    assert [row["mean"] for row in charts["tone level"]["datasets"]["measured"]] == [0.9] * 3
    assert [row["peak"] for row in charts[f"tone{LEVEL}"]["layer"][-1]["data"]["values"]] == [0.7] * 3
