"""Adapters of the published detectors: each a generator of its statistic after every monitored replay.

Where a library shows the statistic behind its alarm we take that, and tune the level; where it only says yes or
no (ADWIN, Otava) it runs over a grid of its sensitivity, and the statistic is how strict a setting still alarms.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

BASELINE = 30
DELTAS = (
    8,
    5,
    3.5,
    2.5,
    1.8,
    1.3,
    0.9,
    0.5,
    0.2,
    0.1,
    0.05,
    0.02,
    0.01,
    0.003,
    0.001,
    1e-4,
    1e-5,
    1e-7,
    1e-9,
    1e-12,
    1e-16,
)
P_VALUES = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 3e-4, 1e-4, 1e-5)


def means(values: np.ndarray) -> np.ndarray:
    """The replay means, in standard deviations of the baseline's."""
    m = values.mean(axis=1)
    return (m - m[:BASELINE].mean()) / (m[:BASELINE].std(ddof=1) + 1e-9)


def answers(values: np.ndarray) -> np.ndarray:
    """Every answer, in standard deviations of the baseline's, shape (n_replays, n_probes)."""
    return (values - values[:BASELINE].mean()) / (values[:BASELINE].std() + 1e-9)


def read(update: Callable[[np.ndarray], float], rows: np.ndarray) -> Iterator[float]:
    """Feed replays one by one; what `update` returns after each monitored one."""
    for i, row in enumerate(rows):
        statistic = update(row)
        if i >= BASELINE:
            yield statistic


def strictness(alarms: Iterable[Sequence[bool]]) -> Iterator[float]:
    """From each replay's alarms per setting, mild to strict, how strict a setting has alarmed so far."""
    strictest = 0
    for settings in alarms:
        strictest = max([strictest, *(i for i, alarm in enumerate(settings, start=1) if alarm)])
        yield strictest


def adwin(rows: np.ndarray, clock: int) -> Iterator[float]:
    from river.drift import ADWIN

    detectors = [ADWIN(delta=d, clock=clock, grace_period=10, min_window_length=5) for d in DELTAS]

    def update(detector: ADWIN, row: np.ndarray) -> bool:
        found = [detector.update(x) or detector.drift_detected for x in np.atleast_1d(row).tolist()]
        return any(found)

    alarms = ([update(detector, row) for detector in detectors] for row in rows)
    return strictness(itertools.islice(alarms, BASELINE, None))


def page_hinkley(rows: np.ndarray, delta: float) -> Iterator[float]:
    from river.drift import PageHinkley

    d = PageHinkley(min_instances=5, delta=delta, threshold=np.inf, alpha=1.0)

    def update(row: np.ndarray) -> float:
        worst = 0.0
        for x in np.atleast_1d(row).tolist():
            d.update(x)
            worst = max(worst, d._sum_increase - d._min_increase, d._max_decrease - d._sum_decrease)  # noqa: SLF001
        return worst

    return read(update, rows)


def kswin(rows: np.ndarray, window: int, recent: int) -> Iterator[float]:
    from river.drift import KSWIN

    d = KSWIN(alpha=0.0, window_size=window, stat_size=recent, seed=1)

    def update(x: np.ndarray) -> float:
        d.update(float(x))
        return -np.log10(max(d.p_value, 1e-300)) if len(d.window) == window else 0.0

    return read(update, rows)


def ddm(values: np.ndarray) -> Iterator[float]:
    from river.drift.binary import DDM

    d = DDM(drift_threshold=np.inf, warning_threshold=np.inf)

    def update(row: np.ndarray) -> float:
        for x in row:
            d.update(int(x < 0.5))
        p = d._p.get()  # noqa: SLF001
        return (p + np.sqrt(p * (1 - p) / d._p.n) - d._p_min) / max(d._s_min, 1e-12)  # noqa: SLF001

    return read(update, values)


def cvm_online(values: np.ndarray, windows: list[int]) -> Iterator[float]:
    from alibi_detect.cd.cvm_online import CVMDriftOnline

    class Bare(CVMDriftOnline):
        def _configure_thresholds(self) -> None:
            self.thresholds = np.full((1, 1), np.inf)

    series = means(values)
    d = Bare(series[:BASELINE, None], ert=500, window_sizes=windows, verbose=False)
    for x in series[BASELINE:]:
        scores = d.score(np.array([x]))
        yield float(np.nanmax(scores)) if np.isfinite(scores).any() else 0.0


def mmd_online(values: np.ndarray, window: int) -> Iterator[float]:
    """On the replay as a vector of its probes, each in its own baseline standard deviations."""
    import torch
    from alibi_detect.cd.pytorch.mmd_online import MMDDriftOnlineTorch

    torch.set_num_threads(1)
    torch.manual_seed(1)

    class Bare(MMDDriftOnlineTorch):
        def _configure_thresholds(self) -> None:
            self.thresholds = [np.inf]

    sd = values[:BASELINE].std(axis=0)
    rows = ((values - values[:BASELINE].mean(axis=0)) / np.where(sd > 0, sd, sd.mean() + 1e-9)).astype(np.float32)
    d = Bare(rows[:BASELINE], ert=500, window_size=window, verbose=False)
    return (d.score(row) for row in rows[BASELINE:])


def otava(values: np.ndarray) -> Iterator[float]:
    """Its change-point analysis of the last 50 means (its window) after every replay: a change point is an alarm."""
    from otava.analysis import compute_change_points

    series, setting = means(values).tolist(), 0
    for t in range(BASELINE, len(series)):
        recent = series[max(0, t - 49) : t + 1]
        while setting < len(P_VALUES) and compute_change_points(recent, window_len=50, max_pvalue=P_VALUES[setting])[0]:
            setting += 1
        yield setting


def frouros(values: np.ndarray, kind: str) -> Iterator[float]:
    """Its one-sided charts, one on the mean and one on its mirror image."""
    from frouros.detectors import concept_drift as cd

    def chart() -> object:
        if kind == "cusum":
            return cd.CUSUM(cd.CUSUMConfig(delta=0.25, lambda_=1e9, min_num_instances=5))
        return cd.GeometricMovingAverage(cd.GeometricMovingAverageConfig(alpha=0.8, lambda_=1e9, min_num_instances=5))

    up, down = chart(), chart()

    def update(x: float) -> float:
        up.update(value=x)
        down.update(value=-x)
        return max(up.sum_, down.sum_)

    return read(update, means(values))


def frouros_ks(values: np.ndarray) -> Iterator[float]:
    from frouros.detectors.data_drift import IncrementalKSTest

    d, series = IncrementalKSTest(window_size=8), means(values)
    d.fit(X=series[:BASELINE])
    for x in series[BASELINE:]:
        result = d.update(value=x)[0]
        yield -np.log10(max(result.p_value, 1e-300)) if result is not None else 0.0
