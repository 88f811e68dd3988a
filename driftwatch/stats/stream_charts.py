"""The charts of a stream, each with the threshold that its share of the false-alarm budget buys."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from driftwatch.stats.calibrate import cusum_threshold, mixture_threshold
from driftwatch.stats.channel_mixture import ChannelMixture
from driftwatch.stats.chart_names import DRAWN, Chart, paging_fault
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.extra_charts import ExtraChart, make_extra
from driftwatch.stats.ks import KsChart
from driftwatch.stats.ks_table import ks_threshold
from driftwatch.stats.mixture_slack import Shown


@dataclass(frozen=True, kw_only=True)
class ChartPlan:
    """Which charts page, and what they may cost.

    Parameters
    ----------
    arl : float
        In-control ARL, in replays, that all paging charts together may spend.
    paging : tuple of {"mixture", "cusum", "ks", "cvm", "ewma", "risk-adjusted", "strays"}
        Charts that may alarm; they share the ARL equally. Of the others the first three are drawn, with the
        threshold that each would have had alone.
    guaranteed : bool
        Whether the mixture's threshold is ``log(arl)``, not the calibrated one.
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
        if fault := paging_fault(self.paging, self.kind):
            raise DegenerateError(f"stream: paging is {self.paging}: {fault}")

    def arl_of(self, chart: Chart) -> float:
        """ARL of one chart; the rates of those that page add up to the stream's."""
        return self.arl * (len(self.paging) if chart in self.paging else 1)

    def mixture_for(self, seen: Shown | None) -> ChannelMixture:
        """The mixture with the threshold for a stream that shows this of itself."""
        kind = None if self.guaranteed else self.kind
        return ChannelMixture(
            threshold=mixture_threshold(arl=self.arl_of("mixture"), kind=kind, seen=seen), kind=self.kind
        )


@dataclass(frozen=True, kw_only=True)
class Charts:
    """Every chart of a stream; `extra` holds those that are computed only because they page.

    The mixture's threshold is that of a stream of which nothing is known: `ChartPlan.mixture_for` has a stream's own.
    """

    mixture: ChannelMixture
    cusum: Cusum
    ks: KsChart
    extra: Mapping[Chart, ExtraChart]


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
    cusum = cusum_threshold(arl=plan.arl_of("cusum"), reference=plan.cusum_reference)
    ks = ks_threshold(arl=plan.arl_of("ks"), window=plan.ks_window)
    return Charts(
        mixture=plan.mixture_for(None),
        cusum=Cusum(reference=plan.cusum_reference, threshold=cusum),
        ks=KsChart(threshold=ks, window=plan.ks_window),
        extra={name: make_extra(name, arl=plan.arl_of(name)) for name in plan.paging if name not in DRAWN},
    )
