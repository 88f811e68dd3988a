"""Make the table of KS thresholds: `python benchmarks/detection/ks_table.py`.

In control, ranks are independent and uniform, whatever the metric; the threshold depends on the window
alone (and very little on the number of ranks). A path of replays is looked at once with every
threshold; after a crossing the run restarts when its window has been renewed.
"""

import argparse

import numpy as np

from driftwatch.stats.ks import modified_distance
from driftwatch.stats.run_length import censored_arl


def path(window: int, ranks: int, replays: int, seed: int) -> np.ndarray:
    """The statistic after each replay, window full from the first."""
    rng = np.random.default_rng([seed, window, ranks])
    ring = [rng.random(ranks) for _ in range(window)]
    out = np.empty(replays)
    for i in range(replays):
        ring = [*ring[1:], rng.random(ranks)]
        out[i] = modified_distance(np.concatenate(ring))
    return out


def arl(statistics: np.ndarray, threshold: float, window: int) -> object:
    """ARL of the restarted chart along one path."""
    crossings = np.flatnonzero(statistics >= threshold)
    lengths, start = [], 0
    while (at := np.searchsorted(crossings, start)) < len(crossings):
        lengths.append(int(crossings[at]) - start + 1)
        start = int(crossings[at]) + window
    tail = max(0, len(statistics) - start)
    return censored_arl([*lengths, tail], [True] * len(lengths) + [False])


def main() -> None:
    """Print one row per threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--ranks", type=int, default=60)
    parser.add_argument("--replays", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=20250)
    given = parser.parse_args()
    statistics = path(given.window, given.ranks, given.replays, given.seed)
    for threshold in np.arange(1.2, 2.81, 0.1):
        found = arl(statistics, threshold, given.window)
        print(f"{given.window} {given.ranks} {threshold:.2f} {found.arl:.6g} {found.standard_error:.3g}", flush=True)


if __name__ == "__main__":
    main()
