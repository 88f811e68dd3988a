"""The published detectors, each on the form of the stream that suits it best; run by the python of their own venv.

`python -m benchmarks.detection.peers STREAMS LEVELS OUT`: STREAMS is an npz of family/row to values, shape
(n_deployments, n_replays, n_probes); LEVELS the methods, with a level per family at which to stop, as JSON; OUT an
npz of method/family/row to statistics, (n_deployments, n_monitored).
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.detection.peer_detectors import (
    BASELINE,
    adwin,
    answers,
    cvm_online,
    ddm,
    frouros,
    frouros_ks,
    kswin,
    means,
    mmd_online,
    otava,
    page_hinkley,
)

METHODS: dict[str, Callable[[np.ndarray], Iterator[float]]] = {
    "river ADWIN, means": lambda v: adwin(means(v), 1),
    "river ADWIN, answers": lambda v: adwin(answers(v), 20),
    "river Page-Hinkley .5, means": lambda v: page_hinkley(means(v), 0.5),
    "river Page-Hinkley .1, means": lambda v: page_hinkley(means(v), 0.1),
    "river Page-Hinkley, answers": lambda v: page_hinkley(answers(v), 0.05),
    "river KSWIN, means": lambda v: kswin(means(v), 40, 10),
    "river DDM, answers": ddm,
    "alibi-detect CVM online, means": lambda v: cvm_online(v, [3, 8, 20]),
    "alibi-detect MMD online, probes": lambda v: mmd_online(v, 4),
    "alibi-detect MMD online 8, probes": lambda v: mmd_online(v, 8),
    "frouros CUSUM .25, means": lambda v: frouros(v, "cusum"),
    "frouros GMA, means": lambda v: frouros(v, "gma"),
    "frouros incremental KS, means": frouros_ks,
    "Otava, means": otava,
}
ONLY = {"river DDM, answers": ("pass",)}
LOGGED = ("length", "latency")


def until(statistics: Iterator[float], replays: int, level: float) -> np.ndarray:
    """Statistics up to the first that reaches the level, NaN behind it."""
    out = np.full(replays, np.nan)
    for i, value in enumerate(statistics):
        out[i] = value
        if value >= level:
            break
    return out


def results(streams: dict[str, np.ndarray], levels: dict[str, dict[str, float]]) -> Iterator[tuple[str, np.ndarray]]:
    for name, level in levels.items():
        began = time.process_time()
        for key, deployments in streams.items():
            if (family := key.split("/")[0]) in ONLY.get(name, (family,)):
                stop, replays = level.get(family, np.inf), deployments.shape[1] - BASELINE
                yield (
                    f"{name}/{key}",
                    np.stack([until(METHODS[name](v.astype(float)), replays, stop) for v in deployments]),
                )
        print(f"  {name}: {time.process_time() - began:.0f} s", file=sys.stderr, flush=True)


def main() -> None:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    warnings.simplefilter("ignore")
    source, levels, out = sys.argv[1:]
    with np.load(source) as streams:
        np.savez(out, **dict(results({k: streams[k] for k in streams.files}, json.loads(levels))))


if __name__ == "__main__":
    main()
