"""The engine: sequential detectors for the evidence of one endpoint, pure functions of numbers.

Names are looked up on first use, so that reading a budget loads neither numpy nor scipy.
"""

from typing import TYPE_CHECKING, Any

from driftwatch.stats.budget import FalseAlarmBudget, allocate_arl
from driftwatch.stats.detector import Detector, Reading
from driftwatch.stats.errors import BudgetError, DegenerateError

if TYPE_CHECKING:
    from driftwatch.stats.calibrate import cusum_threshold
    from driftwatch.stats.cusum import Cusum
    from driftwatch.stats.effect import MovedProbe
    from driftwatch.stats.ks import KsChart
    from driftwatch.stats.mixture import LocationMixture
    from driftwatch.stats.state_codec import decode_state, encode_state
    from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamReading, StreamState

__all__ = [
    "BudgetError",
    "Cusum",
    "DegenerateError",
    "Detector",
    "FalseAlarmBudget",
    "KsChart",
    "LocationMixture",
    "MovedProbe",
    "Reading",
    "ReplayValues",
    "StreamDetector",
    "StreamReading",
    "StreamState",
    "allocate_arl",
    "cusum_threshold",
    "decode_state",
    "encode_state",
]


def __getattr__(name: str) -> Any:
    """Load what needs numpy and scipy on first use."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from driftwatch.stats import _names

    return getattr(_names, name)
