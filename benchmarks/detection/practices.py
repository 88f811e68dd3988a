"""What teams write themselves, as a statistic per monitored replay: limits, tests and charts on the pooled scores.

Each takes streams, shape (n_deployments, n_replays, n_probes), baseline first, and the sign of the direction
that users call worse; each gives (n_deployments, n_monitored), its level tuned like everybody's.
"""

import numpy as np
from scipy.special import ndtri, stdtr
from scipy.stats import kstwobign

from benchmarks.detection.scenarios import BASELINE

GRID = 200


def below_baseline(streams: np.ndarray, sign: int) -> np.ndarray:
    """Points by which the replay's mean is worse than the baseline's, as a share of it."""
    means = streams.mean(axis=2)
    base = means[:, :BASELINE].mean(axis=1, keepdims=True)
    return sign * (means[:, BASELINE:] / base - 1)


def t_test(streams: np.ndarray, _sign: int, window: int = 10) -> np.ndarray:
    """Two-sided t of the last `window` replay means against the baseline's, as a normal deviate."""
    means = streams.mean(axis=2)
    base = means[:, :BASELINE]
    total, squares = (np.cumsum(np.pad(x, ((0, 0), (1, 0))), axis=1) for x in (means, means**2))
    end = np.arange(BASELINE, means.shape[1]) + 1
    size = np.minimum(window, end)
    mean = (total[:, end] - total[:, end - size]) / size
    within = np.maximum((squares[:, end] - squares[:, end - size]) - size * mean**2, 0)
    pooled = (within + base.var(axis=1, keepdims=True) * BASELINE) / (BASELINE + size - 2)
    t = np.abs(mean - base.mean(axis=1, keepdims=True)) / np.sqrt(pooled * (1 / size + 1 / BASELINE) + 1e-12)
    return -ndtri(np.maximum(stdtr(BASELINE + window - 2, -t), 1e-300))


def pooled_ks(streams: np.ndarray, _sign: int, window: int = 24) -> np.ndarray:
    """KS of all scores of the last `window` replays (a day) against all of the baseline's; minus log10 of p."""
    out = []
    for values in streams:
        grid = np.unique(np.quantile(values[:BASELINE], np.linspace(0, 1, GRID)))
        below = (values[:, :, None] <= grid).mean(axis=1)  # (n_replays, n_grid)
        summed = np.cumsum(np.pad(below, ((1, 0), (0, 0))), axis=0)
        end = np.arange(BASELINE, len(values)) + 1
        size = np.minimum(window, end)
        gap = np.abs((summed[end] - summed[end - size]) / size[:, None] - below[:BASELINE].mean(axis=0)).max(axis=1)
        n, m = BASELINE * values.shape[1], size * values.shape[1]
        out.append(-np.log10(np.maximum(kstwobign.sf(gap * np.sqrt(n * m / (n + m))), 1e-300)))
    return np.stack(out)


def ewma(streams: np.ndarray, _sign: int, weight: float = 0.2) -> np.ndarray:
    """Two-sided EWMA of the replay mean, in baseline standard deviations of a mean."""
    means = streams.mean(axis=2)
    base, sd = means[:, :BASELINE].mean(axis=1), means[:, :BASELINE].std(axis=1, ddof=1) + 1e-9
    value, out = np.zeros(len(means)), []
    for x in ((means - base[:, None]) / sd[:, None])[:, BASELINE:].T:
        value = (1 - weight) * value + weight * x
        out.append(np.abs(value) / np.sqrt(weight / (2 - weight)))
    return np.stack(out, axis=1)


def student_cpm(streams: np.ndarray, _sign: int) -> np.ndarray:
    """The change-point model of R's `cpm` (Student) on the replay mean: the largest two-sample t over all splits.

    Written here, since R is not at hand; a variance-stabilising constant per series length is left out.
    """
    means = streams.mean(axis=2)
    means = means - means[:, :BASELINE].mean(axis=1, keepdims=True)
    total, squares = (np.cumsum(x, axis=1) for x in (means, means**2))
    out = np.empty((len(means), means.shape[1] - BASELINE))
    for n in range(BASELINE + 1, means.shape[1] + 1):
        k = np.arange(1, n)
        left, right = total[:, k - 1] / k, (total[:, [n - 1]] - total[:, k - 1]) / (n - k)
        between = (left - right) ** 2 * k * (n - k) / n
        whole = squares[:, [n - 1]] - total[:, [n - 1]] ** 2 / n
        t = np.sqrt(np.maximum(between, 0) / np.maximum((whole - between) / (n - 2), 1e-12))
        out[:, n - BASELINE - 1] = -ndtri(np.maximum(stdtr(n - 2, -t.max(axis=1)), 1e-300))
    return out


PRACTICES = {
    "points below baseline": below_baseline,
    "t-test of 10 means": t_test,
    "KS of a day's answers": pooled_ks,
    "KS of 10 replays' answers": lambda s, sign: pooled_ks(s, sign, 10),
    "EWMA .2 of the mean": ewma,
    "EWMA .05 of the mean": lambda s, sign: ewma(s, sign, 0.05),
    "cpm Student of the mean": student_cpm,
}

DEFAULTS = {
    "points below baseline": 0.056,  # 5 points of 89
    "t-test of 10 means": 1.96,
    "KS of a day's answers": -np.log10(0.05),
    "KS of 10 replays' answers": -np.log10(0.05),
    "EWMA .2 of the mean": 3.0,
    "EWMA .05 of the mean": 3.0,
}
"""Levels that teams use unless told better."""
