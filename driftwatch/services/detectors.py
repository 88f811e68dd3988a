"""Which detector watches a metric."""

from collections.abc import Mapping

from driftwatch.domain.metric import COMMON_FACTOR, Metric
from driftwatch.services.references import text_reference
from driftwatch.stats.any_stream import AnyDetector
from driftwatch.stats.chart_names import Chart
from driftwatch.stats.series_stream import CommonFactorStream
from driftwatch.stats.stream import StreamDetector

ALONE: tuple[Chart, ...] = ("mixture",)
"""What pages for a metric whose charts nobody chose."""
OWN_CHARTS: Mapping[str, tuple[Chart, ...]] = {"script": ("mixture", "strays")}
"""The same of metrics that are zero in a sound answer: one stray answer in two hundred is harm, and no shift."""
_SHORTEST_SERIES = 8


def detector_for(
    metric: Metric, *, baseline_replays: int, arl: float, paging: tuple[Chart, ...] = ALONE
) -> AnyDetector:
    """Return the detector of a metric's stream.

    Parameters
    ----------
    baseline_replays : int
        The endpoint's.
    arl : float
        In-control average run length of this stream alone, in replays.
    paging : tuple of Chart
        Charts that page; a metric with a common factor has charts of its own.

    Examples
    --------
    >>> from driftwatch.domain.metric import MEASURED
    >>> [type(detector_for(MEASURED[name], baseline_replays=24, arl=9000)).__name__ for name in ("length", "latency")]
    ['StreamDetector', 'CommonFactorStream']
    """
    if metric.name in COMMON_FACTOR:
        return CommonFactorStream(baseline_replays=max(baseline_replays, _SHORTEST_SERIES), arl=arl)
    # Where answers are compared with the probe's first ones, the stream begins after those.
    begins = text_reference(baseline_replays) if metric.own_reference else 0
    return StreamDetector(
        baseline_replays=max(baseline_replays - begins, 2),
        arl=arl,
        kind=metric.kind,
        event=metric.event,
        paging=paging,
    )
