"""The templates and the words they use. What we did not write is escaped, its invisible characters shown."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from driftwatch.domain.legible import legible, one_line
from driftwatch.domain.metric import MEASURED, PASS
from driftwatch.presentation import words
from driftwatch.presentation.charts.marks import marks_of
from driftwatch.presentation.course_charts import LEVEL
from driftwatch.presentation.diff import Side, side_by_side
from driftwatch.presentation.printable import printable
from driftwatch.presentation.stream_svg import FIFTHS, Drawn, level_svg, levels_svg, stream_svg
from driftwatch.services.board import nearest, share
from driftwatch.services.course import Course
from driftwatch.web.dashboard.static import chart_scripts

_HERE = Path(__file__).parent
ANSWER = 2_000
"""Characters of an answer that are shown."""


def environment() -> Environment:
    """Return the templates; a name that a page forgot to give is a mistake, not an empty text."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        # What an answer or a name says is text: visible, whatever it is made of.
        finalize=lambda value: value if isinstance(value, Markup) else printable(str(value)),
    )
    made.filters |= {
        "line": lambda text, most=100: one_line(str(text), most),
        "text": lambda text, most=4_000: legible(text, most),
        "moment": words.moment,
        "due": due,
        "number": words.number,
        "percent": percent,
        "css": lambda state: str(state.value).replace(" ", "-"),
    }
    made.globals |= {
        "words": words,
        "pair": pair,
        "share": share,
        "nearest": nearest,
        "level": level_svg,
        "stream": drawn_stream,
        "levels": drawn_levels,
        "axis": axis,
        "scored": scored,
        "at": link,
        "slow": slow_words,
        "chart_scripts": chart_scripts,
        "LEVEL": LEVEL,
    }
    return made


def link(path: str, **query: object) -> str:
    """Return an address of ours; names may hold anything, so they stand in the query.

    Examples
    --------
    >>> link("/endpoint", name="a b/c", period=None)
    '/endpoint?name=a+b%2Fc'
    """
    given = {key: str(value) for key, value in query.items() if value is not None}
    # A lone surrogate is no UTF-8: it is kept as the store keeps it.
    return path + (f"?{urlencode(given, errors='surrogatepass')}" if given else "")


def pair(old: str | None, new: str | None) -> tuple[Side, Side]:
    """Return both answers in pieces; what is not there is said."""
    return side_by_side(words.answer(old, ANSWER), words.answer(new, ANSWER))


def drawn_stream(course: Course, metric: str) -> Drawn | None:
    """Return one stream's picture; the incidents that are about it are marked."""
    return stream_svg(
        [(point.due, point.means.get(metric)) for point in course.points],
        since=course.since,
        until=course.until,
        normal=course.normal.get(metric),
        marks=marks_of(metric, course.incidents),
    )


def drawn_levels(course: Course, metric: str) -> Markup | None:
    """Return a stream's way to its threshold."""
    return levels_svg([(p.due, p.levels.get(metric)) for p in course.points], since=course.since, until=course.until)


def axis(since: datetime, until: datetime) -> Sequence[str]:
    """Return what stands at the lines of the time axis, in UTC.

    Examples
    --------
    >>> axis(datetime(2026, 10, 14, tzinfo=UTC), datetime(2026, 10, 18, tzinfo=UTC))
    ['14 Oct', '15 Oct', '16 Oct', '17 Oct', '18 Oct']
    """
    step = (until - since) / FIFTHS
    moments = [(since + n * step).astimezone(UTC) for n in range(FIFTHS + 1)]
    if step >= timedelta(hours=20):
        return [f"{at.day} {at:%b}" for at in moments]
    return [f"{at:%H:%M}" if step >= timedelta(minutes=5) else f"{at:%H:%M:%S}" for at in moments]


def due(at: datetime) -> str:
    """Return when a replay was due, to the second where slots are that near to each other.

    Examples
    --------
    >>> due(datetime(2026, 10, 14, 6, tzinfo=UTC)), due(datetime(2026, 10, 14, 6, 0, 5, tzinfo=UTC))
    ('Wed 14 Oct 2026 06:00 UTC', 'Wed 14 Oct 2026 06:00:05 UTC')
    """
    told = words.moment(at)
    return told.replace(" UTC", f":{at:%S} UTC") if at.second else told


def scored(scores: Mapping[str, float]) -> Sequence[str]:
    """Return an answer's scores with their units: what it was asked for first, what is measured of every answer last.

    Examples
    --------
    >>> scored({"cost": 2.2e-05, "is-json": 0.0, "latency": 164.0, "length": 44.0, "pass": 1.0})
    ['pass 1', 'is-json 0', 'cost 2.2e-05 USD', 'latency 164 ms', 'length 44']
    """

    def said(name: str, value: float) -> str:
        unit = MEASURED[name].unit if name in MEASURED else ""
        shown = f"{value:,.0f}" if value == round(value, 9) // 1 else words.number(value)
        return f"{name} {shown} {unit}".rstrip()

    order = sorted(scores, key=lambda name: (name != PASS.name, name in MEASURED, name))
    return [said(name, scores[name]) for name in order]


def slow_words(step: int) -> str:
    """Return which replays are drawn.

    Examples
    --------
    >>> slow_words(1), slow_words(3), slow_words(12)
    ('every replay is drawn', 'every 3rd replay is drawn', 'every 12th replay is drawn')
    """
    if step == 1:
        return "every replay is drawn"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(step % 10 if step % 100 not in (11, 12, 13) else 0, "th")
    return f"every {step}{ending} replay is drawn"


def percent(value: float | None) -> str:
    """Return a share for people; far above the threshold, how far is no news.

    Examples
    --------
    >>> percent(None), percent(0.434), percent(33.0)
    ('-', '43 %', 'over 999 %')
    """
    return "-" if value is None else "over 999 %" if value >= 10 else f"{100 * value:.0f} %"
