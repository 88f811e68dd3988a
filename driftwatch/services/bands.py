"""Per-replay means drawn together into a few dozen bands, for charts and sparklines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from typing import TYPE_CHECKING

from driftwatch.domain.metric import Metric
from driftwatch.services.history import Point

if TYPE_CHECKING:
    import pandas as pd

MOST = 40
"""Bands that a chart shows; up to so many replays each has its own."""
_KINDS = ("mean", "min", "max", "count", "peak")
_WIDTHS = ("1min", "5min", "15min", "1h", "3h", "6h", "12h", "24h", "168h", "672h")
# In hours: pandas takes no origin for days of an index with a time zone.


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The replays of one span: mean, smallest and largest of their means; None where there were none.

    `peak` is the statistic's largest share of its threshold in the span; None where it is not known.
    """

    at: datetime
    mean: float | None
    low: float | None
    high: float | None
    replays: int
    peak: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """The baseline's mean, and the range of plus and minus two standard deviations of its replays' means.

    Where no mean is negative the range is not either: nothing takes less than no time. A rate is at most 1.
    """

    mean: float
    low: float
    high: float


def bands(points: Sequence[Point]) -> dict[str, tuple[Band, ...]]:
    """Return each metric's bands: one for each replay, or for equal spans of time where there are many.

    An empty span stays empty: it is a gap, not a zero.
    """
    if not points:
        return {}
    import pandas as pd

    dues = pd.DatetimeIndex([p.due for p in points])
    frame = pd.DataFrame([p.means for p in points], index=dues).sort_index()
    peaks = pd.DataFrame([p.statistics for p in points], index=dues).sort_index().reindex(columns=frame.columns)
    if len(frame) <= MOST:
        spans = {"mean": frame, "min": frame, "max": frame, "count": frame.notna(), "peak": peaks}
    else:
        width = _width(frame.index[-1] - frame.index[0])
        grouped = frame.resample(width, origin="epoch")
        spans = {"mean": grouped.mean(), "min": grouped.min(), "max": grouped.max(), "count": grouped.count()}
        spans["peak"] = peaks.resample(width, origin="epoch").max()
    moments = pd.DatetimeIndex(spans["mean"].index).to_pydatetime().tolist()
    return {str(name): tuple(map(_band, moments, *(spans[kind][name].tolist() for kind in _KINDS))) for name in frame}


def normal(baseline: Sequence[Mapping[str, float]], metrics: Mapping[str, Metric]) -> dict[str, Normal]:
    """Return what was normal for each metric in the baseline."""
    if not baseline:
        return {}
    import pandas as pd

    frame = pd.DataFrame(baseline)
    spread = frame.std(ddof=1).fillna(0.0).to_dict()
    least = frame.min().to_dict()
    return {
        str(name): usual(mean, spread[name], least=least[name], rate=is_rate(metrics, str(name)))
        for name, mean in frame.mean().to_dict().items()
    }


def is_rate(metrics: Mapping[str, Metric], name: str) -> bool:
    """Return whether a metric's mean is a share of answers, counted by yes and no."""
    return name in metrics and metrics[name].kind == "binary"


def usual(mean: float, spread: float, *, least: float, rate: bool = False) -> Normal:
    """Return what is normal from the mean, standard deviation and smallest of a baseline's means.

    Examples
    --------
    >>> usual(6.0, 5.0, least=1.0)
    Normal(mean=6.0, low=0.0, high=16.0)
    >>> usual(-0.5, 0.25, least=-0.75)
    Normal(mean=-0.5, low=-1.0, high=0.0)
    >>> usual(0.75, 0.25, least=0.5, rate=True)
    Normal(mean=0.75, low=0.25, high=1.0)
    """
    low, high = mean - 2 * spread, mean + 2 * spread
    return Normal(mean=mean, low=max(low, 0.0) if least >= 0 else low, high=min(high, 1.0) if rate else high)


def _width(span: "pd.Timedelta") -> str:
    import pandas as pd

    return next((width for width in _WIDTHS if span / pd.Timedelta(width) <= MOST - 1), _WIDTHS[-1])


def _band(at: datetime, *values: float) -> Band:
    mean, low, high, count, peak = values
    return Band(at=at, mean=_known(mean), low=_known(low), high=_known(high), replays=int(count), peak=_known(peak))


def _known(value: float) -> float | None:
    # pandas marks what is missing with a NaN; outside it is None.
    return None if isnan(value) else float(value)
