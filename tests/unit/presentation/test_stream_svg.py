"""A stream as an SVG: what is drawn where, and that it holds shapes only."""

from datetime import UTC, datetime, timedelta

from driftwatch.presentation.charts import Marks
from driftwatch.presentation.stream_svg import level_svg, levels_svg, stream_svg
from driftwatch.services.bands import Normal

DAY = datetime(2026, 10, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPAN = {"since": DAY, "until": DAY + 10 * HOUR}


def test_a_gap_breaks_the_line_and_a_lone_value_is_a_dot() -> None:
    drawn = stream_svg([(DAY, 1.0), (DAY + HOUR, 0.0), (DAY + 2 * HOUR, None), (DAY + 3 * HOUR, 1.0)], **SPAN)
    assert '<path class="course" d="M0 4L100 96"/>' in drawn.svg
    assert '<path class="course alone" d="M300 4h0"/>' in drawn.svg


def test_what_is_usual_belongs_to_the_scale() -> None:
    drawn = stream_svg([(DAY, 0.5)], normal=Normal(mean=0.9, low=0.8, high=1.0), **SPAN)
    assert (drawn.low, drawn.high) == (0.5, 1.0)
    assert '<rect class="usual" y="4.0" width="1000" height="36.8"/>' in drawn.svg


def test_a_constant_stream_is_drawn_in_the_middle() -> None:
    assert 'd="M0 50L500 50"' in stream_svg([(DAY, 0.0), (DAY + 5 * HOUR, 0.0)], **SPAN).svg


def test_the_smallest_and_the_largest_differences_there_are_are_drawn() -> None:
    """Neither inf nor nan stands in the picture."""
    assert "M0 96L500 4" in stream_svg([(DAY, 0.0), (DAY + 5 * HOUR, 5e-324)], **SPAN).svg
    assert "M0 50L500 50" in stream_svg([(DAY, 1e308), (DAY + 5 * HOUR, -1e308)], **SPAN).svg


def test_nothing_measured_is_no_picture() -> None:
    assert stream_svg([], **SPAN) is None
    assert stream_svg([(DAY, None)], **SPAN) is None


def test_onset_interval_and_alarm_stand_where_they_were_and_outside_is_left_out() -> None:
    inside = Marks(name="inc-1", onset=DAY + HOUR, early=DAY - HOUR, late=DAY + 2 * HOUR, alarm=DAY + 4 * HOUR)
    before = Marks(name="inc-0", onset=DAY - 9 * HOUR, alarm=DAY - 8 * HOUR)
    drawn = stream_svg([(DAY, 1.0)], marks=[inside, before], **SPAN).svg
    assert '<rect class="onset" x="0.0" width="200.0" height="100"/>' in drawn
    assert drawn.count('<path class="onset"') == drawn.count('<path class="alarm"') == 1
    assert '<path class="alarm" d="M400.0 0V100"/>' in drawn


def test_a_level_is_drawn_against_the_threshold_at_two_thirds() -> None:
    assert 'class="under" width="43.0"' in level_svg(0.43)
    assert 'class="near" width="50.0"' in level_svg(0.5)
    assert 'class="over" width="150"' in level_svg(33.0).replace("150.0", "150")
    assert 'class="under" width="0.0"' in level_svg(None)
    assert '<path class="threshold" d="M100 0V12"/>' in level_svg(1.0)


def test_the_way_to_the_threshold_breaks_at_gaps_and_is_cut_far_above() -> None:
    way = levels_svg([(DAY, 0.0), (DAY + HOUR, None), (DAY + 2 * HOUR, 0.75), (DAY + 3 * HOUR, 40.0)], **SPAN)
    assert '<path class="threshold" d="M0 33.3H1000"/>' in way
    assert 'd="M0 100h0"' in way
    assert 'd="M200 50L300 0"' in way
    assert levels_svg([(DAY, None)], **SPAN) is None
