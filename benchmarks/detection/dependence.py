"""What dependence between replays costs, and what the treatment repairs: `python benchmarks/detection/dependence.py`.

Latency of 60 probes, log-normal, with a factor common to all probes of a replay that follows itself
(AR(.5)) and a daily wave; nominal ARL 500. `--table` picks one table, `--runs` and `--seed` repeat it.
Run length counts monitored replays until an alarm that may page; runs are cut at a horizon and counted as
censored. DEPENDENCE.md holds what came out.
"""

import argparse
import math
from dataclasses import dataclass, replace

import numpy as np

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.run_length import censored_arl
from driftwatch.stats.series import RecursiveResiduals
from driftwatch.stats.series_stream import CommonFactorStream
from driftwatch.stats.stream import StreamDetector
from driftwatch.stats.stream_state import ReplayValues

ARL, HORIZON = 500.0, 3000
SLOWER = math.log(1.15)


@dataclass(frozen=True, kw_only=True)
class World:
    """Latencies of one endpoint.

    Parameters
    ----------
    factor, memory : float
        Standard deviation (log scale) and lag-1 autocorrelation of what all probes of a replay share.
    daily, weekly : float
        Amplitude of each wave, log scale.
    step_h : float
        Hours between replays.
    missing : float
        Share of replays that are not made at all.
    tails : float
        Degrees of freedom of the probes' and the factor's errors; infinite is normal.
    """

    probes: int = 60
    factor: float = 0.06
    memory: float = 0.5
    daily: float = 0.1
    weekly: float = 0.0
    step_h: float = 3.0
    missing: float = 0.0
    tails: float = math.inf

    def stream(self, rng, *, at=None, shift=SLOWER):
        """Yield (hours, latencies) of one replay after the other, shifted from the one numbered `at` on."""
        means, sd = rng.normal(6.5, 0.6, self.probes), rng.uniform(0.15, 0.4, self.probes)
        phases = rng.uniform(0, 2 * math.pi, 2)
        state, made, slot = rng.normal(0, self.factor), 0, -1
        while True:
            slot += 1
            state = self.memory * state + math.sqrt(1 - self.memory**2) * self.factor * self._noise(rng)
            if rng.random() < self.missing:
                continue
            hours = slot * self.step_h
            level = state + shift * (at is not None and made >= at)
            level += self.daily * math.sin(2 * math.pi * hours / 24 + phases[0])
            level += self.weekly * math.sin(2 * math.pi * hours / 168 + phases[1])
            made += 1
            yield hours, np.exp(means + level + sd * self._noise(rng, self.probes))

    def _noise(self, rng, size=None):
        if math.isinf(self.tails):
            return rng.normal(size=size)
        return rng.standard_t(self.tails, size) * math.sqrt((self.tails - 2) / self.tails)


def run_length(detector, world, seed, *, quiet=None, horizon=HORIZON):
    """Monitored replays to the alarm (counted from the change when `quiet` is given) and whether one came.

    None when it came before the change.
    """
    rng = np.random.default_rng(seed)
    at = None if quiet is None else detector.baseline_replays + quiet
    begin = detector.baseline_replays if at is None else at
    state = detector.start()
    for i, (hours, values) in enumerate(world.stream(rng, at=at)):
        named = {f"p{k:02}": (float(v),) for k, v in enumerate(values)}
        state = detector.update(state, ReplayValues(key=f"{seed}-{i}", values=named, hours=hours))
        if state.latch is not None:
            return None if i < begin else (i + 1 - begin, True)
        if i + 1 - begin >= horizon:
            return horizon, False
    raise AssertionError


def in_control(detector, world, runs, seed):
    """In-control ARL with its standard error, and what became of the deployments."""
    found = [run_length(detector, world, [seed, r]) for r in range(runs)]
    lengths, alarmed = zip(*found, strict=True)
    out, never = censored_arl(lengths, alarmed), 1 - sum(alarmed) / runs
    early = sum(a and n <= ARL for n, a in found) / runs
    return f"{out.arl:.0f} ± {out.standard_error:.0f} | {early:.0%} | {never:.0%}"


def delay(detector, world, runs, seed, quiet=50):
    """Mean delay, cut at 200, over the deployments that had not alarmed before the change."""
    found = [run_length(detector, world, [seed, r], quiet=quiet, horizon=200) for r in range(runs)]
    delays = np.array([one[0] for one in found if one is not None])
    return f"{delays.mean():.1f} ± {delays.std() / math.sqrt(delays.size):.1f} | {delays.size}"


@dataclass(frozen=True)
class Unchecked:
    """The detector for independent probes, its own check of the stream ignored: what no treatment gives."""

    detector: StreamDetector

    @property
    def baseline_replays(self):
        """Replays before monitoring."""
        return self.detector.baseline_replays

    def start(self):
        """State before any replay."""
        return self.detector.start()

    def update(self, state, replay):
        """Fold one replay, and trust the stream whatever its check says."""
        return replace(self.detector.update(state, replay), trusted=True, distrust=None)


def treated(baseline, **how):
    """The detector measured."""
    return CommonFactorStream(baseline_replays=baseline, arl=ARL, **how)


def untreated(baseline):
    """The detector for independent probes."""
    return Unchecked(StreamDetector(baseline_replays=baseline, arl=ARL, kind="continuous"))


# Daily and weekly wave together 20 % of the variance of the common effect; its noise: .06 and .035.
TRACKER = World(memory=0.0, daily=0.0347, weekly=0.0347, step_h=1.0)


def table_in_control(runs, seed):
    """In-control ARL of latency, with and without the treatment."""
    print("latency, AR(.5), daily wave | baseline | ARL | alarm within 500 (nominal 63 %) | never")
    for baseline in (30, 50):
        print(f"treated | {baseline} | {in_control(treated(baseline), World(), runs, seed)}", flush=True)
        print(f"untreated | {baseline} | {in_control(untreated(baseline), World(), runs, seed)}", flush=True)


def table_delay(runs, seed):
    """Delay for latency x1.15."""
    print("x1.15 | baseline | delay | deployments")
    print(f"oracle | | {oracle(World(), 4000, seed):.1f}", flush=True)
    for baseline, quiet in ((30, 50), (50, 50), (30, 200), (30, 0)):
        found = delay(treated(baseline), World(), runs, seed + 1, quiet=quiet)
        print(f"treated, {quiet} quiet replays after the baseline | {baseline} | {found}", flush=True)


def table_rhythm(runs, seed):
    """Rhythms and whatever else may lengthen the list of alarms."""
    print("world | baseline | ARL | alarm within 500 (nominal 63 %) | never")
    worlds = {
        "tracker, hourly": TRACKER,
        "tracker, every 3 h": replace(TRACKER, step_h=3.0),
        "latency, a fifth of the replays missing": World(missing=0.2),
        "latency, t with 4 degrees": World(tails=4.0),
        "latency, hourly, weekly wave too": World(step_h=1.0, weekly=0.05),
    }
    for name, world in worlds.items():
        print(f"{name} | 30 | {in_control(treated(30), world, runs, seed)}", flush=True)


def table_pause(runs, seed):
    """Waiting to learn while the chart stands high: when, and whether to catch up."""
    print("pause above | catches up | ARL | alarm within 500 | never | delay, 50 after | n | delay, at once | n")
    for pause, catch_up in ((1.0, True), (0.6, True), (0.6, False), (0.4, True)):
        detector = treated(30, pause_above=pause, catch_up=catch_up)
        row = [in_control(detector, World(), runs, seed)]
        row += [delay(detector, World(), runs, seed + 1, quiet=quiet) for quiet in (50, 0)]
        print(f"{pause} | {catch_up} | {' | '.join(row)}", flush=True)


def table_lags(runs, seed):
    """Evidence Z of independent probes plus an AR factor: plain CUSUM, studentised, and with two lags."""
    print("factor sd, memory | plain | studentised | two lags")
    models = {
        "studentised": RecursiveResiduals(intercept=False, lags=0, daily=0, weekly=0, scale_prior=20.0),
        "lags": RecursiveResiduals(intercept=False, lags=2, daily=0, weekly=0, scale_prior=2.0),
    }
    for factor, memory in ((0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (2.0, 0.5), (0.7, 0.8)):
        cells = [z_arl(model, factor, memory, runs, seed) for model in (None, *models.values())]
        print(f"{factor}, {memory} | {' | '.join(cells)}", flush=True)


def z_arl(model, factor, memory, runs, seed, baseline=30):
    """In-control ARL of the two-sided CUSUM, k = .5, h = 5.0707, on evidence with a factor."""
    chart, lengths, alarmed = Cusum(threshold=5.070704), [], []
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        state, sums, common = model.start() if model else None, chart.start(), rng.normal()
        for i in range(baseline + HORIZON):
            common = memory * common + math.sqrt(1 - memory**2) * rng.normal()
            z = rng.normal() + factor * common
            if model:
                state = model.update(state, z)
                z = state.z or 0.0
            if i >= baseline:
                sums = chart.update(sums, z)
                if chart.read(sums).alarm:
                    break
        lengths.append(i + 1 - baseline)
        alarmed.append(chart.read(sums).alarm)
    out = censored_arl(lengths, alarmed)
    return f"{out.arl:.0f} ± {out.standard_error:.0f}"


def oracle(world, runs, seed):
    """Delay of the upper CUSUM on Kalman innovations that knows every parameter, rhythm and shift; ARL 500."""
    rng = np.random.default_rng(seed)
    noise = 1 / (world.probes * np.mean(rng.uniform(0.15, 0.4, 100_000) ** -2.0))
    drift = (1 - world.memory**2) * world.factor**2
    before = world.factor**2
    for _ in range(200):
        gain = before / (before + noise)
        before = world.memory**2 * before * (1 - gain) + drift
    # What a shift of 1 leaves in the innovations, replay by replay, until it settles.
    left, believed = [], 0.0
    for _ in range(200):
        innovation = 1 - believed
        left.append(innovation)
        believed = world.memory * (believed + gain * innovation)
    signal = SLOWER / math.sqrt(before + noise) * np.array(left)
    reference = signal[-1] / 2
    threshold = cusum_threshold(arl=ARL, reference=reference, sides="upper")
    total, delays = np.zeros(runs), np.zeros(runs)
    for _ in range(50):
        total = np.maximum(0, total + rng.normal(size=runs) - reference)
        total = np.where(total >= threshold, 0.0, total)
    for i in range(200):
        going = total < threshold
        delays += going
        total = np.where(going, np.maximum(0, total + rng.normal(size=runs) + signal[i] - reference), total)
    return delays.mean()


TABLES = {
    "in_control": table_in_control,
    "delay": table_delay,
    "rhythm": table_rhythm,
    "lags": table_lags,
    "pause": table_pause,
}


def main():
    """Print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", choices=TABLES, action="append")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20253)
    given = parser.parse_args()
    for name in given.table or TABLES:
        TABLES[name](given.runs, given.seed)


if __name__ == "__main__":
    main()
