"""The charts of a stream, each with the threshold that its share of the false-alarm budget buys."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from driftwatch.stats.calibrate import cusum_threshold, mixture_threshold
from driftwatch.stats.channel_mixture import ChannelMixture
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.ks import KsChart
from driftwatch.stats.ks_table import ks_threshold

Chart = Literal["mixture", "cusum", "ks"]
CHARTS: tuple[Chart, ...] = ("mixture", "cusum", "ks")


@dataclass(frozen=True, kw_only=True)
class ChartPlan:
    """Which charts page, and what they may cost.

    Parameters
    ----------
    arl : float
        In-control ARL, in replays, that all paging charts together may spend.
    paging : tuple of {"mixture", "cusum", "ks"}
        Charts that may alarm; they share the ARL equally. The others are drawn with the threshold that
        each would have had alone.
    guaranteed : bool
        Whether the mixture's threshold is the one whose ARL is proved, not the calibrated one.
    kind, cusum_reference, ks_window
        As `StreamDetector` has them.
    """

    arl: float
    paging: tuple[Chart, ...]
    guaranteed: bool
    kind: Kind
    cusum_reference: float
    ks_window: int

    def __post_init__(self) -> None:
        """Refuse what names no chart."""
        if not self.paging or set(self.paging) - set(CHARTS):
            raise DegenerateError(f"stream: paging must name one or more of {', '.join(CHARTS)}; got {self.paging}")

    def arl_of(self, chart: Chart) -> float:
        """ARL of one chart; the rates of those that page add up to the stream's."""
        return self.arl * (len(self.paging) if chart in self.paging else 1)


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Every chart of a stream."""

    mixture: ChannelMixture
    cusum: Cusum
    ks: KsChart


@lru_cache(maxsize=256)
def charts_of(plan: ChartPlan) -> Charts:
    """Charts with their thresholds; looked up by every replay, computed once.

    Examples
    --------
    >>> plan = ChartPlan(
    ...     arl=500, paging=("mixture",), guaranteed=True, kind="binary", cusum_reference=0.5, ks_window=8
    ... )
    >>> round(charts_of(plan).mixture.threshold, 2), round(charts_of(plan).cusum.threshold, 2)
    (6.21, 5.07)
    """
    threshold = mixture_threshold(arl=plan.arl_of("mixture"), kind=None if plan.guaranteed else plan.kind)
    cusum = cusum_threshold(arl=plan.arl_of("cusum"), reference=plan.cusum_reference)
    ks = ks_threshold(arl=plan.arl_of("ks"), window=plan.ks_window)
    return Charts(
        mixture=ChannelMixture(threshold=threshold, kind=plan.kind),
        cusum=Cusum(reference=plan.cusum_reference, threshold=cusum),
        ks=KsChart(threshold=ks, window=plan.ks_window),
    )
