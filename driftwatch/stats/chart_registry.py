"""The charts that a user may select by name, each built with its threshold from a wanted in-control ARL.

To add one: a factory below, a row in `CHARTS`, a row in the table of docs/explanation, and a test of its ARL.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from driftwatch.stats.bernoulli import BernoulliCusum, bernoulli_threshold
from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.cvm import CvmChart
from driftwatch.stats.cvm_table import cvm_threshold
from driftwatch.stats.detector import Detector
from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.ewma import Ewma, ewma_threshold
from driftwatch.stats.ks import KsChart
from driftwatch.stats.ks_table import ks_threshold
from driftwatch.stats.risk_adjusted import RiskAdjustedCusum, risk_threshold
from driftwatch.stats.self_starting_risk import SelfStartingRiskCusum

EvidenceKind = Literal["z", "ranks", "outcomes"]


@dataclass(frozen=True, kw_only=True)
class ChartKind:
    """One selectable chart.

    Parameters
    ----------
    evidence : {"z", "ranks", "outcomes"}
        What its `update` takes: the replay's standard normal value (float; `compare`, studentised); its ranks
        (array in [0, 1]; `sequential_ranks`); or its pass/fail outcomes with each probe's risk
        (`Outcomes`; `replay_outcomes`).
    make : callable
        ``make(arl=..., **options)`` gives the detector whose in-control ARL is `arl` replays.
    best_for : str
        One line for people who choose.
    binary_only : bool
        Whether it reads pass/fail metrics only.
    """

    evidence: EvidenceKind
    make: Callable[..., Detector[Any, Any]]
    best_for: str
    binary_only: bool = False


def make_cusum(*, arl: float, reference: float = 0.5) -> Cusum:
    """Two-sided CUSUM on z."""
    return Cusum(reference=reference, threshold=cusum_threshold(arl=arl, reference=reference))


def make_ewma(*, arl: float, smoothing: float = 0.2) -> Ewma:
    """Two-sided EWMA on z."""
    return Ewma(smoothing=smoothing, threshold=ewma_threshold(arl=arl, smoothing=smoothing))


def make_ks(*, arl: float, window: int = 8) -> KsChart:
    """Kolmogorov-Smirnov on the ranks of the last `window` replays."""
    return KsChart(threshold=ks_threshold(arl=arl, window=window), window=window)


def make_cvm(*, arl: float, window: int = 8) -> CvmChart:
    """Cramér-von Mises on the ranks of the last `window` replays."""
    return CvmChart(threshold=cvm_threshold(arl=arl, window=window), window=window)


def make_bernoulli(*, arl: float, failure_rate: float, answers: int, odds: float = 2.0) -> BernoulliCusum:
    """Bernoulli CUSUM for a known failure rate and `answers` answers a replay."""
    threshold = bernoulli_threshold(arl=arl, failure_rate=failure_rate, odds=odds, answers=answers)
    return BernoulliCusum(failure_rate=failure_rate, threshold=threshold, odds=odds)


def make_risk_adjusted(
    *, arl: float, odds: float = 1.5, risks: tuple[float, ...] | None = None
) -> RiskAdjustedCusum | SelfStartingRiskCusum:
    """Risk-adjusted CUSUM, both ways: with fixed limits where the `risks` are known, else self-starting."""
    if risks is None:
        return SelfStartingRiskCusum(arl=arl, odds=odds)
    return RiskAdjustedCusum(
        worse_threshold=risk_threshold(arl=2 * arl, risks=risks, odds=odds),
        better_threshold=risk_threshold(arl=2 * arl, risks=risks, odds=1 / odds),
        odds=odds,
    )


CHARTS: Mapping[str, ChartKind] = MappingProxyType(
    {
        "cusum": ChartKind(evidence="z", make=make_cusum, best_for="a shift of 0.5 to 2 sd that stays"),
        "ewma": ChartKind(evidence="z", make=make_ewma, best_for="a small shift, and a level to look at"),
        "ks": ChartKind(evidence="ranks", make=make_ks, best_for="a change in one part of the distribution"),
        "cvm": ChartKind(evidence="ranks", make=make_cvm, best_for="a broad change of shape"),
        "bernoulli": ChartKind(
            evidence="outcomes", make=make_bernoulli, best_for="one agreed failure rate", binary_only=True
        ),
        "risk-adjusted": ChartKind(
            evidence="outcomes", make=make_risk_adjusted, best_for="flaky probes failing together", binary_only=True
        ),
    }
)


def make_chart(name: str, *, arl: float, **options: Any) -> Detector[Any, Any]:
    """The chart of that name, with a threshold for an in-control ARL of `arl` replays.

    Parameters
    ----------
    name : str
        A key of `CHARTS`.
    arl : float
        Wanted in-control ARL, in replays that carry evidence.
    **options
        Of the chart's factory; `bernoulli` needs `failure_rate` and `answers`.

    Raises
    ------
    DegenerateError
        If there is no such chart or option, one is missing, or the ARL is out of the chart's range.

    Examples
    --------
    >>> make_chart("ewma", arl=370, smoothing=1.0).threshold.__round__(3)
    3.0
    """
    if name not in CHARTS:
        raise DegenerateError(f"chart: there is no chart {name!r}; choose one of {', '.join(sorted(CHARTS))}")
    make = CHARTS[name].make
    known = make.__kwdefaults__ or {}
    wanted = set(make.__annotations__) - {"arl", "return"}
    if unknown := sorted(set(options) - wanted):
        raise DegenerateError(f"chart {name}: no option {', '.join(unknown)}; it has {', '.join(sorted(wanted))}")
    if missing := sorted(wanted - set(known) - set(options)):
        raise DegenerateError(f"chart {name}: {' and '.join(missing)} must be given")
    return make(arl=arl, **options)
