"""driftwatch's own stream detectors, through their public interface: start, update, read."""

import zlib

import numpy as np

from benchmarks.detection.scenarios import BASELINE
from driftwatch.stats.calibrate import mixture_threshold
from driftwatch.stats.series_stream import CommonFactorStream
from driftwatch.stats.stream import ReplayValues, StreamDetector

SETTINGS = {
    "pass": {"kind": "binary"},
    "judge": {"kind": "graded"},
    "length": {"kind": "continuous"},
}
"""Settings of `StreamDetector`; latency, whose probes move together, has the detector that the product gives it."""
ROOM = 3  # the matched detector is asked for an ARL so many times longer, and its level lies below 1


def statistic(
    family: str, values: np.ndarray, arl: float, name: str, *, baseline: int = BASELINE, stop: float = 1.0
) -> np.ndarray:
    """Ratio of statistic to threshold after each monitored replay, 0 while the stream may not page, NaN behind `stop`."""
    detector = (
        CommonFactorStream(baseline_replays=baseline, arl=arl)
        if family == "latency"
        else StreamDetector(baseline_replays=baseline, arl=arl, **SETTINGS[family])
    )
    state = detector.start()
    out = np.full(len(values) - baseline, np.nan)
    keys = [f"p{k:04}" for k in range(values.shape[1])]
    for i, row in enumerate(values.tolist()):
        values_now = {key: (v,) for key, v in zip(keys, row, strict=True)}
        # One replay an hour, as the laws' daily wave has it.
        replay = ReplayValues(key=f"{name}-{i}", values=values_now, hours=float(i))
        state = detector.update(state, replay)
        if i < baseline:
            continue
        reading = detector.read(state)
        out[i - baseline] = reading.statistic if reading.trusted else 0.0
        if out[i - baseline] >= stop:
            break
    return out


def mirrored(family: str, values: np.ndarray, arl: float, name: str, stop: float) -> np.ndarray:
    """The same ratio by the compiled mirror, which its own check holds to `StreamDetector`."""
    from benchmarks.detection import mirror  # needs numba

    threshold = mixture_threshold(arl=arl, kind=SETTINGS[family]["kind"])
    uniforms = np.random.default_rng(zlib.crc32(name.encode())).random(len(values))
    return mirror.statistic(family, values, BASELINE, stop * threshold, uniforms) / threshold


def statistics(
    family: str, streams: np.ndarray, arl: float, name: str, stop: float, *, mirror: bool = False
) -> np.ndarray:
    """The same for every deployment, shape (n_deployments, n_replays); latency has no mirror."""
    if mirror and family in SETTINGS:
        ratios = [mirrored(family, v.astype(float), arl, f"{name}-{i}", min(stop, 1.0)) for i, v in enumerate(streams)]
        return np.stack(ratios)
    return np.stack(
        [statistic(family, v.astype(float), arl, f"{name}-{i}", stop=min(stop, 1.0)) for i, v in enumerate(streams)]
    )
