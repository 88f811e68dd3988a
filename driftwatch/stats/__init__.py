"""The engine: sequential detectors for the evidence of one endpoint, pure functions of numbers.

Names are looked up on first use, so that reading a budget loads neither numpy nor scipy.
"""

from typing import TYPE_CHECKING, Any

from driftwatch.stats.budget import FalseAlarmBudget, allocate_arl
from driftwatch.stats.detector import Detector, Reading
from driftwatch.stats.errors import BudgetError, DegenerateError

if TYPE_CHECKING:
    from driftwatch.stats.bernoulli import BernoulliCusum
    from driftwatch.stats.calibrate import cusum_threshold
    from driftwatch.stats.chart_registry import make_chart
    from driftwatch.stats.cusum import Cusum
    from driftwatch.stats.cvm import CvmChart
    from driftwatch.stats.effect import MovedProbe
    from driftwatch.stats.ewma import Ewma
    from driftwatch.stats.ks import KsChart
    from driftwatch.stats.mixture import LocationMixture
    from driftwatch.stats.outcomes import Outcomes, replay_outcomes
    from driftwatch.stats.risk_adjusted import RiskAdjustedCusum
    from driftwatch.stats.self_starting_risk import SelfStartingRiskCusum
    from driftwatch.stats.state_codec import decode_state, encode_state
    from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamReading, StreamState

__all__ = [
    "BernoulliCusum",
    "BudgetError",
    "Cusum",
    "CvmChart",
    "DegenerateError",
    "Detector",
    "Ewma",
    "FalseAlarmBudget",
    "KsChart",
    "LocationMixture",
    "MovedProbe",
    "Outcomes",
    "Reading",
    "ReplayValues",
    "RiskAdjustedCusum",
    "SelfStartingRiskCusum",
    "StreamDetector",
    "StreamReading",
    "StreamState",
    "allocate_arl",
    "cusum_threshold",
    "decode_state",
    "encode_state",
    "make_chart",
    "replay_outcomes",
]


def __getattr__(name: str) -> Any:
    """Load what needs numpy and scipy on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from driftwatch.stats import _names

    return getattr(_names, name)
