"""driftwatch's own stream detectors, through their public interface: start, update, read."""

import zlib

import numpy as np

from benchmarks.detection.scenarios import BASELINE
from driftwatch.stats.bags import Bags
from driftwatch.stats.calibrate import mixture_threshold
from driftwatch.stats.exchangeable import Kind
from driftwatch.stats.mixture_slack import shown
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
    family: str,
    values: np.ndarray,
    arl: float,
    name: str,
    *,
    baseline: int = BASELINE,
    stop: float = 1.0,
    own: bool = True,
) -> np.ndarray:
    """Ratio of statistic to threshold after each monitored replay, 0 while the stream may not page, NaN behind `stop`.

    A method that is tuned (not its `own` threshold) is tuned by one level for all streams.
    """
    detector = (
        CommonFactorStream(baseline_replays=baseline, arl=arl)
        if family == "latency"
        else StreamDetector(baseline_replays=baseline, arl=arl, guaranteed=not own, **SETTINGS[family])
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


def thresholds(
    kind: Kind, values: np.ndarray, baseline: int, *, arl: float, guaranteed: bool = False, cap: int = 200
) -> np.ndarray:
    """The mixture's threshold at each monitored replay, as `StreamDetector` has it where every replay carries evidence."""
    after = np.maximum(0, np.arange(baseline, len(values)) - max(cap, baseline))
    if guaranteed:
        return np.full(after.size, mixture_threshold(arl=arl, kind=None))
    bags = Bags(held=values[:baseline].T.astype(float))
    # The slack is linear in `fixed`.
    growing, resting = (
        mixture_threshold(arl=arl, kind=kind, seen=shown(bags, kind=kind, first=baseline, fixed=fixed))
        for fixed in (0.0, 1.0)
    )
    return growing + (resting - growing) * np.sqrt(after / (max(cap, baseline) + after))


def mirrored(family: str, values: np.ndarray, arl: float, name: str, stop: float, *, own: bool) -> np.ndarray:
    """The same ratio by the compiled mirror, which its own check holds to `StreamDetector`."""
    from benchmarks.detection import mirror  # needs numba

    threshold = thresholds(SETTINGS[family]["kind"], values, BASELINE, arl=arl, guaranteed=not own)
    uniforms = np.random.default_rng(zlib.crc32(name.encode())).random(len(values))
    ratio = mirror.statistic(family, values, BASELINE, stop * float(threshold.max()), uniforms) / threshold
    behind = np.flatnonzero(ratio >= stop)
    ratio[behind[0] + 1 if behind.size else ratio.size :] = np.nan
    return ratio


def statistics(
    family: str, streams: np.ndarray, arl: float, name: str, stop: float, *, own: bool, mirror: bool = False
) -> np.ndarray:
    """The same for every deployment, shape (n_deployments, n_replays); latency has no mirror."""
    stop = min(stop, 1.0)
    if mirror and family in SETTINGS:
        each = [mirrored(family, v.astype(float), arl, f"{name}-{i}", stop, own=own) for i, v in enumerate(streams)]
    else:
        each = [
            statistic(family, v.astype(float), arl, f"{name}-{i}", stop=stop, own=own) for i, v in enumerate(streams)
        ]
    return np.stack(each)
