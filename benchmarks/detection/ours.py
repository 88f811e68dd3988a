"""driftwatch's own stream detector, through its public interface: start, update, read."""

import numpy as np

from benchmarks.detection.scenarios import BASELINE
from driftwatch.stats.stream import ReplayValues, StreamDetector

SETTINGS = {
    "pass": {"kind": "binary"},
    "judge": {"kind": "graded"},
    "length": {"kind": "continuous"},
    "latency": {"kind": "continuous"},
}
_BEYOND, _LONGEST = 1.2, 60  # levels a little above the nominal one are read off for so many replays more


def statistic(
    family: str, values: np.ndarray, arl: float, name: str, baseline: int = BASELINE, beyond: float = _BEYOND
) -> np.ndarray:
    """Ratio of statistic to threshold after each monitored replay, NaN once nobody asks; a stream that may not page is 0."""
    detector = StreamDetector(baseline_replays=baseline, arl=arl, **SETTINGS[family])
    state = detector.start()
    out = np.full(len(values) - baseline, np.nan)
    keys = [f"p{k:04}" for k in range(values.shape[1])]
    alarmed = None
    for i, row in enumerate(values.tolist()):
        replay = ReplayValues(key=f"{name}-{i}", values={key: (v,) for key, v in zip(keys, row, strict=True)})
        state = detector.update(state, replay)
        if i < baseline:
            continue
        reading = detector.read(state)
        out[i - baseline] = reading.statistic if reading.trusted else 0.0
        alarmed = i if alarmed is None and out[i - baseline] >= 1 else alarmed
        if alarmed is not None and (out[i - baseline] >= beyond or i - alarmed >= _LONGEST):
            break
    return out


def statistics(family: str, streams: list[np.ndarray], arl: float, name: str) -> np.ndarray:
    """The same for every deployment, shape (n_deployments, n_replays)."""
    return np.stack([statistic(family, values.astype(float), arl, f"{name}-{i}") for i, values in enumerate(streams)])
