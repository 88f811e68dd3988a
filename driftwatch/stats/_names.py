"""The public names that need numpy and scipy, for the lazy `driftwatch.stats`."""

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
    "Cusum",
    "CvmChart",
    "Ewma",
    "KsChart",
    "LocationMixture",
    "MovedProbe",
    "Outcomes",
    "ReplayValues",
    "RiskAdjustedCusum",
    "SelfStartingRiskCusum",
    "StreamDetector",
    "StreamReading",
    "StreamState",
    "cusum_threshold",
    "decode_state",
    "encode_state",
    "make_chart",
    "replay_outcomes",
]
