"""Charts as Vega-Lite specifications: plain dicts, made from what a report knows; who draws them is another matter."""

from driftwatch.presentation.charts.course import course_chart
from driftwatch.presentation.charts.fleet import fleet_chart
from driftwatch.presentation.charts.incidents import incidents_chart
from driftwatch.presentation.charts.level import level_chart
from driftwatch.presentation.charts.marks import Marks, marks_of
from driftwatch.presentation.charts.parts import Spec

__all__ = ["Marks", "Spec", "course_chart", "fleet_chart", "incidents_chart", "level_chart", "marks_of"]
