"""The public names that need numpy and scipy, for the lazy `driftwatch.stats`."""

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.effect import MovedProbe
from driftwatch.stats.ks import KsChart
from driftwatch.stats.mixture import LocationMixture
from driftwatch.stats.state_codec import decode_state, encode_state
from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamReading, StreamState

__all__ = [
    "Cusum",
    "KsChart",
    "LocationMixture",
    "MovedProbe",
    "ReplayValues",
    "StreamDetector",
    "StreamReading",
    "StreamState",
    "cusum_threshold",
    "decode_state",
    "encode_state",
]
