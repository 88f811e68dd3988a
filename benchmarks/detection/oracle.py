"""The oracle: CUSUM of the exact log-likelihood ratio, knowing every probe's law before and after.

A change that unfolds (ramp, excursion, innovations of a correlated factor) is bet on start by start: the
statistic is the largest sum over the starts, each with the severity that its age has. Its threshold comes
from simulation like everybody's. Within its own false-alarm rate nobody finds these changes much sooner.
"""

import numpy as np

from benchmarks.detection.laws import Latency, Law
from benchmarks.detection.scenarios import BASELINE, HORIZON, Scenario


def statistics(scenario: Scenario, streams: list[tuple[Law, np.ndarray]]) -> np.ndarray:
    """Statistic after each monitored replay, shape (n_deployments, n_replays)."""
    severities, by_age = levels(scenario, innovations=isinstance(streams[0][0], Latency))
    ratios = np.stack([law.llr(values.astype(float), severities)[BASELINE:] for law, values in streams])
    padded = np.concatenate([ratios, np.zeros((*ratios.shape[:2], 1))], axis=2)  # the last: severity 0
    return cusum(padded[:, :, by_age])


def cusum(ratios: np.ndarray) -> np.ndarray:
    """CUSUM over all starts, shape (n_deployments, n_replays), of ratios (n_deployments, n_replays, n_ages).

    The last age stands for every later one, so a single age is Page's CUSUM.
    """
    runs, replays, ages = ratios.shape
    sums = np.full((runs, ages), -np.inf)
    out = np.empty((runs, replays))
    for t in range(replays):
        older = np.concatenate([np.zeros((runs, 1)), sums[:, :-1]], axis=1)
        older[:, -1] = np.maximum(older[:, -1], sums[:, -1])
        sums = older + ratios[:, t]
        out[:, t] = np.maximum(sums.max(axis=1), 0)
    return out


def levels(scenario: Scenario, *, innovations: bool) -> tuple[np.ndarray, np.ndarray]:
    """Severities to evaluate, and which of them each age has (-1: none)."""
    if innovations:
        return np.arange(1, scenario.levels + 1) / scenario.levels, np.arange(scenario.levels)
    severity = scenario.profile(np.arange(HORIZON))
    changes = np.flatnonzero(np.diff(severity))
    severity = severity[: (changes[-1] + 2) if changes.size else 1]
    index = np.ceil(np.round(severity * scenario.levels, 9)).astype(int) - 1
    return (np.arange(scenario.levels) + 0.5 * (scenario.levels > 1) + (scenario.levels == 1)) / scenario.levels, index
