"""One stream over a period as an SVG that any page width stretches: shapes only, its words stand beside it in HTML.

No library and no script draws it, and no style stands in it: a page's stylesheet colours it, light or dark.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf

from markupsafe import Markup

from driftwatch.presentation.charts.marks import Marks
from driftwatch.services.bands import Normal

WIDTH, HEIGHT = 1000, 100
_MARGIN = 4
_TOP = 1.5
"""Times the threshold that are drawn: beyond, a statistic only says again that it alarms."""
FIFTHS = 4
"""Spans between the lines of the time axis."""

Value = tuple[datetime, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A picture with the ends of its vertical axis."""

    svg: Markup
    low: float
    high: float


def stream_svg(
    values: Sequence[Value],
    *,
    since: datetime,
    until: datetime,
    normal: Normal | None = None,
    marks: Iterable[Marks] = (),
) -> Drawn | None:
    """Return the picture of one stream; None where nothing was measured.

    Parameters
    ----------
    values : sequence of (datetime, float or None)
        Oldest first; None breaks the line: a gap is not a value.
    marks : iterable of Marks
        Onsets with their intervals, and alarms.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> day = datetime(2026, 10, 14, tzinfo=UTC)
    >>> drawn = stream_svg([(day, 0.9), (day + timedelta(hours=6), 0.8)], since=day, until=day + timedelta(hours=12))
    >>> drawn.low, drawn.high, "M0 4L500 96" in drawn.svg
    (0.8, 0.9, True)
    """
    known = [value for _, value in values if value is not None]
    if not known:
        return None
    usual = (normal.low, normal.high) if normal else ()
    low, high = min(*known, *usual, known[0]), max(*known, *usual, known[0])
    spread = high - low

    def x(moment: datetime) -> float:
        return _across((moment,), since, until)[0]

    def y(value: float) -> float:
        return _short((high - value) / spread * (HEIGHT - 2 * _MARGIN) + _MARGIN) if 0 < spread < inf else HEIGHT / 2

    shapes = [
        *(f'<path class="grid" d="M{WIDTH * n // FIFTHS} 0V{HEIGHT}"/>' for n in range(1, FIFTHS)),
        *(_usual(y(normal.low), y(normal.mean), y(normal.high)) if normal else ()),
        *(shape for mark in marks for shape in _marked(mark, since, until, x)),
        *_lines(values, since, until, y),
    ]
    body = "".join(shapes)
    head = f'<svg class="stream" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
    return Drawn(svg=Markup(f"{head}{body}</svg>"), low=low, high=high)  # noqa: S704  # holds numbers only


def levels_svg(values: Sequence[Value], *, since: datetime, until: datetime) -> Markup | None:
    """Return a stream's way to its threshold, which is drawn at two thirds of the height; None before it watched.

    Examples
    --------
    >>> from datetime import UTC, timedelta
    >>> day = datetime(2026, 10, 14, tzinfo=UTC)
    >>> "M0 100L500 33.3" in levels_svg([(day, 0.0), (day + timedelta(hours=6), 1.0)], since=day,
    ...     until=day + timedelta(hours=12))
    True
    """
    if all(value is None for _, value in values):
        return None

    def y(value: float) -> float:
        return _short((1 - min(max(value, 0.0), _TOP) / _TOP) * HEIGHT)

    lines = _lines(values, since, until, y)
    threshold = f'<path class="threshold" d="M0 {_short((1 - 1 / _TOP) * HEIGHT)}H{WIDTH}"/>'
    head = f'<svg class="stream levels" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
    return Markup(f"{head}{threshold}{''.join(lines)}</svg>")  # noqa: S704  # holds numbers only


def level_svg(share: float | None) -> Markup:
    """Return a bar: how far a statistic is on its way to the threshold, drawn at two thirds of the width."""
    filled = 0.0 if share is None else _short(min(max(share, 0.0), 1.5) / 1.5 * 150)
    kind = "over" if share is not None and share >= 1 else "near" if share is not None and share >= 0.5 else "under"
    return Markup(  # noqa: S704  # holds numbers only
        '<svg class="level" viewBox="0 0 150 12" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="rail" width="150" height="12"/>'
        f'<rect class="{kind}" width="{filled}" height="12"/><path class="threshold" d="M100 0V12"/></svg>'
    )


def _usual(bottom: float, middle: float, top: float) -> Iterator[str]:
    yield f'<rect class="usual" y="{top}" width="{WIDTH}" height="{_short(max(bottom - top, 2.0))}"/>'
    yield f'<path class="usual" d="M0 {middle}H{WIDTH}"/>'


def _marked(mark: Marks, since: datetime, until: datetime, x: Callable[[datetime], float]) -> Iterator[str]:
    if mark.early and mark.late and mark.early < until and mark.late >= since:
        left, right = x(mark.early), x(mark.late)
        yield f'<rect class="onset" x="{left}" width="{_short(max(right - left, 2.0))}" height="{HEIGHT}"/>'
    if mark.onset and since <= mark.onset < until:
        yield f'<path class="onset" d="M{x(mark.onset)} 0V{HEIGHT}"/>'
    if since <= mark.alarm < until:
        yield f'<path class="alarm" d="M{x(mark.alarm)} 0V{HEIGHT}"/>'


def _lines(values: Sequence[Value], since: datetime, until: datetime, y: Callable[[float], float]) -> Iterator[str]:
    """Yield a line for every stretch without a gap."""
    stretch: list[str] = []
    for x, (_, value) in zip(_across(tuple(at for at, _ in values), since, until), values, strict=True):
        if value is not None:
            stretch.append(f"{x:g} {y(value):g}")
        elif stretch:
            yield _line(stretch)
            stretch = []
    if stretch:
        yield _line(stretch)


@lru_cache(maxsize=8)
def _across(moments: tuple[datetime, ...], since: datetime, until: datetime) -> tuple[float, ...]:
    """Return where moments stand; all streams of an endpoint have the same."""
    span = (until - since).total_seconds() or 1.0
    return tuple(_short(min(max((at - since).total_seconds() / span, 0.0), 1.0) * WIDTH) for at in moments)


def _line(points: Sequence[str]) -> str:
    # A line of no length is a dot that no stretching makes an ellipse of.
    alone = len(points) == 1
    return f'<path class="course{" alone" if alone else ""}" d="M{"L".join(points)}{"h0" if alone else ""}"/>'


def _short(value: float) -> float:
    return round(value, 1)
