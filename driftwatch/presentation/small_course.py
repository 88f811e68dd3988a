"""A stream's course as a small SVG of our own: needs no library, and stands in a line of text."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from driftwatch.presentation.charts.palette import COURSE, NORMAL
from driftwatch.services.bands import Band, Normal

WIDTH, HEIGHT = 220, 36
_EDGE = 3


def small_course(bands: Sequence[Band], *, since: datetime, until: datetime, normal: Normal | None = None) -> str:
    """Return the SVG: the usual range behind, the means as a line that breaks at gaps. It holds numbers only.

    Examples
    --------
    >>> from datetime import UTC
    >>> day = datetime(2026, 10, 14, tzinfo=UTC)
    >>> one = Band(at=day, mean=0.9, low=0.9, high=0.9, replays=1)
    >>> "<circle" in small_course([one], since=day, until=day.replace(hour=1))
    True
    """
    known = [band for band in bands if band.mean is not None]
    if not known:
        return ""
    usual = (normal.low, normal.high) if normal else ()
    values = [*(band.mean for band in known if band.mean is not None), *usual]
    low, high = min(values), max(values)
    span = (until - since).total_seconds() or 1.0

    def x(band: Band) -> float:
        return round(min(max((band.at - since).total_seconds() / span, 0.0), 1.0) * (WIDTH - 2 * _EDGE) + _EDGE, 1)

    def y(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round((1 - share) * (HEIGHT - 2 * _EDGE) + _EDGE, 1)

    return "".join(
        (
            f'<svg class="small" viewBox="0 0 {WIDTH} {HEIGHT}" aria-hidden="true">',
            _usual(y(normal.high), y(normal.low)) if normal else "",
            *(_stretch([(x(b), y(b.mean)) for b in stretch if b.mean is not None]) for stretch in _stretches(bands)),
            "</svg>",
        )
    )


def _usual(top: float, bottom: float) -> str:
    height = round(max(bottom - top, 1.0), 1)
    return f'<rect x="0" y="{top}" width="{WIDTH}" height="{height}" fill="{NORMAL}" opacity="0.18"/>'


def _stretches(bands: Sequence[Band]) -> Iterator[list[Band]]:
    stretch: list[Band] = []
    for band in bands:
        if band.mean is not None:
            stretch.append(band)
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _stretch(points: Sequence[tuple[float, float]]) -> str:
    if len(points) == 1:
        (x, y), *_ = points
        return f'<circle cx="{x}" cy="{y}" r="2" fill="{COURSE}"/>'
    way = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{way}" fill="none" stroke="{COURSE}" stroke-width="1.6"/>'
