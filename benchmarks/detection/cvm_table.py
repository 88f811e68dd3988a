"""Make the table of Cramer-von Mises thresholds: `python benchmarks/detection/cvm_table.py`.

In control, ranks are independent and uniform, whatever the metric; the threshold depends on the window
alone (and very little on the number of ranks). A path of replays is looked at once with every
threshold; after a crossing the run restarts when its window has been renewed.
"""

import argparse

import numpy as np
from ks_table import arl
from numpy.lib.stride_tricks import sliding_window_view

_CHUNK = 4000  # replays whose windows are sorted at once


def path(window: int, ranks: int, replays: int, seed: int) -> np.ndarray:
    """The statistic after each replay, window full from the first."""
    rng = np.random.default_rng([seed, window, ranks])
    size = window * ranks
    middles = (2 * np.arange(size) + 1) / (2 * size)
    carried = rng.random((window - 1, ranks))
    out = []
    for start in range(0, replays, _CHUNK):
        drawn = np.concatenate([carried, rng.random((min(_CHUNK, replays - start), ranks))])
        carried = drawn[len(drawn) - window + 1 :]
        pooled = np.sort(sliding_window_view(drawn.ravel(), size)[::ranks], axis=1)
        plain = 1 / (12 * size) + ((pooled - middles) ** 2).sum(axis=1)
        out.append((plain - 0.4 / size + 0.6 / size**2) * (1 + 1 / size))
    return np.concatenate(out)


def main() -> None:
    """Print one row per threshold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--windows", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--ranks", type=int, default=60)
    parser.add_argument("--replays", type=int, default=20_000_000)
    parser.add_argument("--seed", type=int, default=20250)
    given = parser.parse_args()
    for window in given.windows:
        statistics = path(window, given.ranks, given.replays, given.seed)
        for threshold in np.arange(0.3, 2.61, 0.1):
            found = arl(statistics, threshold, window)
            print(f"{window} {given.ranks} {threshold:.2f} {found.arl:.6g} {found.standard_error:.3g}", flush=True)


if __name__ == "__main__":
    main()
