"""The common effect alone, many deployments at once: `python -m benchmarks.detection.series_alone --runs 150`.

The regression, learning that waits and the CUSUM as `CommonFactorStream` has them, without probes, KS chart, bridged
gaps and the stream's own check: a hundred times quicker than the detector, so that settings can be compared and long
run lengths measured. Log latencies; the worlds are those of dependence.py.
"""

import argparse
import math
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.special import ndtri, stdtr

from driftwatch.stats.calibrate import cusum_threshold

OWN = 0.035  # what is left of 60 probes' own noise in their common effect
LAGS, WAVES = 2, 4
DAY_H, WEEK_H = 24.0, 168.0
WAIT, MARGIN, KS_SHARE = 0.6, 1.5, 0.2


@dataclass(frozen=True, kw_only=True)
class World:
    """One endpoint's common effect; parameters as in dependence.py."""

    factor: float = 0.06
    memory: float = 0.5
    daily: float = 0.1
    weekly: float = 0.0
    step_h: float = 3.0
    tails: float = math.inf

    def series(self, rng, runs, length, *, at=None, shift=0.0):
        """Hours, and effects of shape (runs, length) that rise by `shift` from replay `at` on."""
        hours, phases = np.arange(length) * self.step_h, rng.uniform(0, 2 * math.pi, (2, runs, 1))
        y = OWN * rng.normal(size=(runs, length))
        y += self.daily * np.sin(2 * math.pi * hours / DAY_H + phases[0])
        y += self.weekly * np.sin(2 * math.pi * hours / WEEK_H + phases[1])
        common = rng.normal(size=runs) * self.factor
        for i in range(length):
            common = self.memory * common + math.sqrt(1 - self.memory**2) * self.factor * self._noise(rng, runs)
            y[:, i] += common
        if at is not None:
            y[:, at:] += shift
        return hours, y - y[:, :1]

    def _noise(self, rng, size):
        if math.isinf(self.tails):
            return rng.normal(size=size)
        return rng.standard_t(self.tails, size) * math.sqrt((self.tails - 2) / self.tails)


TRACKER = World(memory=0.0, daily=0.0347, weekly=0.0347, step_h=1.0)
WORLDS = {
    "latency, every 3 h": World(),
    "tracker, hourly": TRACKER,
    "tracker, every 3 h": replace(TRACKER, step_h=3.0),
    "latency, factor t with 4 degrees": World(tails=4.0),
    "latency, hourly, weekly wave too": World(step_h=1.0, weekly=0.05),
}


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Weekly prior (0: three weeks' wait), and what one replay adds to the CUSUM alone at most."""

    weekly_prior: float = 0.3
    alone: float = 2.5
    seconded: bool = True


SETTINGS = {
    "as before: week after 3 weeks, unbounded": Setting(weekly_prior=0.0, alone=9.0),
    "week expected at 0.3 sd, unbounded": Setting(alone=9.0),
    "same, no replay above 2.5 sd": Setting(seconded=False),
    "**same, unless the replay before agrees**": Setting(),
}


@dataclass
class Learned:
    """X'X, X'y, y'y and rows of every deployment."""

    gram: np.ndarray
    moment: np.ndarray
    square: np.ndarray
    count: np.ndarray

    @classmethod
    def nothing(cls, runs, columns):
        return cls(np.zeros((runs, columns, columns)), np.zeros((runs, columns)), np.zeros(runs), np.zeros(runs))

    def add(self, x, y):
        self.gram += x[:, :, None] * x[:, None]
        self.moment += x * y[:, None]
        self.square += y * y
        self.count += 1

    def take(self, other, of):
        """What `other` holds for the deployments `of`, leaving it empty there."""
        for name in ("gram", "moment", "square", "count"):
            getattr(self, name)[of] += getattr(other, name)[of]
            getattr(other, name)[of] = 0


@dataclass
class Deployments:
    """All of them, replay by replay."""

    setting: Setting
    runs: int
    baseline: int
    threshold: float
    last: np.ndarray = field(init=False)
    sums: np.ndarray = field(init=False)
    before: np.ndarray = field(init=False)

    def __post_init__(self):
        columns = 1 + LAGS + WAVES
        self.known, self.waiting = Learned.nothing(self.runs, columns), Learned.nothing(self.runs, columns)
        if self.setting.weekly_prior:
            self.known.gram[:, -2:, -2:] += np.eye(2) / self.setting.weekly_prior**2
        self.last, self.sums, self.before = np.zeros((self.runs, LAGS)), np.zeros((2, self.runs)), np.zeros(self.runs)

    def active(self, seen, hours):
        week_h = 3 * DAY_H if self.setting.weekly_prior else 3 * WEEK_H
        lags, day, week = (
            hours >= h and seen >= 3 * columns for h, columns in ((0, 3), (3 * DAY_H, 5), (week_h, 1 + LAGS + WAVES))
        )
        return np.array([True, *[lags] * LAGS, day, day, week, week])

    def fold(self, i, hours, y):
        """Score one replay, chart it, learn it; return the CUSUM."""
        x = np.ones((self.runs, 1 + LAGS + WAVES))
        x[:, 1 : 1 + LAGS] = self.last
        x[:, 1 + LAGS :] = [f(2 * math.pi * hours / period) for period in (DAY_H, WEEK_H) for f in (np.sin, np.cos)]
        z, value = self._scored(x, y, self.active(i, hours))
        if i >= self.baseline:
            self._chart(z, pages=hours > 3 * DAY_H)
        if i >= LAGS:
            self.waiting.add(x, value)
        self.known.take(self.waiting, self.sums.max(axis=0) < WAIT * self.threshold)
        self.last, self.before = np.concatenate([value[:, None], self.last[:, :-1]], axis=1), z
        return self.sums.max(axis=0)

    def _scored(self, x, y, active):
        free = active.sum() - 2 * bool(self.setting.weekly_prior and active[-1])
        degrees = self.known.count - free
        if degrees.min() < 1:
            return np.zeros(self.runs), y
        moment, row = self.known.moment[:, active], x[:, active]
        gram = self.known.gram[:, active][:, :, active] + 1e-12 * np.eye(active.sum())
        solved = np.linalg.solve(gram, np.stack([moment, row], axis=-1))
        predicted, leverage = (row[:, :, None] * solved).sum(axis=1).T
        rss = np.maximum(self.known.square - (moment * solved[..., 0]).sum(axis=1), 1e-12)
        sd = np.sqrt(rss / degrees * (1 + leverage))
        ratio = (y - predicted) / sd
        tail = ndtri(np.maximum(stdtr(degrees, -np.abs(ratio)), 1e-300))
        learned = np.where(degrees < 10, y, np.clip(y, predicted - 4 * sd, predicted + 4 * sd))
        return np.where(ratio < 0, tail, -tail), learned

    def _chart(self, z, *, pages):
        agreed = np.where(z * self.before > 0, np.minimum(np.abs(z), np.abs(self.before)), 0.0)
        most = np.maximum(self.setting.alone, agreed if self.setting.seconded else 0.0)
        bounded = np.clip(z, -most, most)
        self.sums = np.maximum(0, self.sums + np.stack([bounded, -bounded]) - 0.5)
        if not pages:  # an alarm that may not page is shown on one replay, and the chart begins anew
            self.sums[:, self.sums.max(axis=0) >= self.threshold] = 0


def run_lengths(rng, world, setting, *, runs, baseline, arl, horizon, at=None, shift=0.0):
    """Monitored replays to the alarm, `horizon` where there was none."""
    threshold = cusum_threshold(arl=arl * MARGIN / (1 - KS_SHARE), reference=0.5)
    hours, series = world.series(rng, runs, baseline + horizon, at=at, shift=shift)
    all_of_them = Deployments(setting, runs, baseline, threshold)
    lengths = np.full(runs, horizon)
    for i, hour in enumerate(hours):
        crossed = all_of_them.fold(i, hour, series[:, i]) >= threshold
        lengths[crossed & (lengths == horizon)] = i + 1 - baseline
        if (lengths < horizon).all():
            break
    return lengths


def in_control(setting, *, runs, seed, baseline, arl):
    """One cell for each world: ARL, its standard error, share within the first 500."""
    cells = []
    for world in WORLDS.values():
        horizon = int(3 * arl) if arl <= 1000 else int(1.6 * arl)
        plan = {"runs": runs, "baseline": baseline, "arl": arl, "horizon": horizon}
        found = run_lengths(np.random.default_rng(seed), world, setting, **plan)
        alarms = max(1, int((found < horizon).sum()))
        mean = found.sum() / alarms
        cells.append(f"{mean:.0f} ± {mean / math.sqrt(alarms):.0f}, {(found <= 500).mean():.0%}")
    return " | ".join(cells)


def delays(setting, *, runs, seed, arl):
    """One cell for each factor of latency: mean delay cut at 200, change 50 replays after a baseline of 30."""
    cells = []
    for factor in (1.15, 1.5, 3.0):
        plan = {"runs": runs, "baseline": 30, "arl": arl, "horizon": 250, "at": 80, "shift": math.log(factor)}
        found = run_lengths(np.random.default_rng(seed), World(), setting, **plan)
        cells.append(f"{(found[found > 50] - 50).mean():.1f}")
    return " | ".join(cells)


def main():
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=150)
    parser.add_argument("--seed", type=int, default=20254)
    given = parser.parse_args()
    print("| setting | baseline | nominal |", " | ".join(WORLDS), "|")
    for name, setting in SETTINGS.items():
        found = in_control(setting, runs=given.runs, seed=given.seed, baseline=30, arl=500)
        print(f"| {name} | 30 | 500 | {found} |", flush=True)
    for baseline, arl, runs in ((20, 500, given.runs), (50, 500, given.runs), (30, 5000, given.runs // 3)):
        found = in_control(Setting(), runs=runs, seed=given.seed, baseline=baseline, arl=arl)
        print(f"| **as shipped** | {baseline} | {arl} | {found} |", flush=True)
    print("| setting | nominal | latency x1.15 | x1.5 | x3 |")
    for arl in (500, 8760):
        for name, setting in SETTINGS.items():
            print(f"| {name} | {arl} | {delays(setting, runs=given.runs, seed=given.seed + 1, arl=arl)} |", flush=True)


if __name__ == "__main__":
    main()
