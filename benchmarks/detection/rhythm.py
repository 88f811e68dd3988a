"""What a rhythm or a memory does to evidence of independent probes, taken off or not: `python -m benchmarks.detection.rhythm`.

The evidence Z alone, as `StreamDetector` treats it (rhythm, studentising by its own past, location mixture at
log(500 / 1.2), CUSUM at ARL 500), without probes and side channels. A replay's mean is standard normal plus a
daily and a weekly wave and a factor that follows itself; Z compares it with the mean of those before. One replay an
hour, baseline 30. RESULTS.md has the same for whole detectors; `rhythm_year` has real budgets.
"""

import argparse
import math
from dataclasses import dataclass, field

import numpy as np

from driftwatch.stats.cusum import Cusum
from driftwatch.stats.dispersion import exchangeability_failure, next_square, over_dispersed, studentised
from driftwatch.stats.mixture import Location, LocationMixture
from driftwatch.stats.rhythm import RhythmState, in_hindsight, without_rhythm
from driftwatch.stats.wander import WanderState

ARL, NULL, BASELINE, HELD = 500, 500, 30, 200
PRIOR, NO_BELIEF = 20.0, 2.0
REST = 24  # replays after an alarm that nobody looks at, where alarms are counted for longer than to the first
OVERSHOOT = 1.2  # the threshold is log(500 / 1.2): without a rhythm about 42 % alarm within 500 replays


@dataclass(frozen=True, kw_only=True)
class World:
    """Amplitudes of the waves and standard deviation of the factor, in standard deviations of a replay's mean.

    The factor follows itself as AR(`memory`), or is the mean of the last `average` draws.
    """

    daily: float = 0.0
    weekly: float = 0.0
    factor: float = 0.0
    memory: float = 0.0
    average: int = 0
    step_h: float = 1.0
    square: bool = False

    def evidence(self, rng, length, *, at=None, shift=0.0, over=1):
        """Hours and Z of one deployment, shifted from replay `at` on; the shift is whole after `over` replays."""
        hours, (day, week) = np.arange(length) * self.step_h, rng.uniform(0, 2 * math.pi, 2)
        wave = np.sin(2 * math.pi * hours / 24 + day)
        y = rng.normal(size=length) + self.daily * (np.where(wave > 0, 0.8, -0.8) if self.square else wave)
        y += self.weekly * np.sin(2 * math.pi * hours / 168 + week)
        common = rng.normal()
        for i in range(length if not self.average else 0):
            common = self.memory * common + math.sqrt(1 - self.memory**2) * rng.normal()
            y[i] += self.factor * common
        if self.average:
            draws = rng.normal(size=length + self.average - 1)
            y += self.factor * np.convolve(draws, np.full(self.average, self.average**-0.5), "valid")
        if at is not None:
            y[at:] += shift * np.minimum(1.0, np.arange(1, length - at + 1) / over)
        n = np.arange(1, length)
        return hours, np.concatenate([[rng.normal()], (y[1:] - np.cumsum(y)[:-1] / n) / np.sqrt(1 + 1 / n)])


WORLDS = {
    "nothing": World(),
    "day .7 (a fifth of the variance)": World(daily=0.7),
    "day .5 and week .5 (together a fifth)": World(daily=0.5, weekly=0.5),
    "day .7, every 5 minutes": World(daily=0.7, step_h=1 / 12),
    "day .7, every 3 hours": World(daily=0.7, step_h=3),
    "day 2": World(daily=2.0),
    "office hours, 1": World(daily=1.0, square=True),
    "factor 1, AR(.5)": World(factor=1.0, memory=0.5),
    "factor .5, AR(.5)": World(factor=0.5, memory=0.5),
}
YEARS = {
    "nothing": World(),
    **{
        f"factor {size}, AR({memory})": World(factor=size, memory=memory)
        for size in (0.3, 0.5, 1.0)
        for memory in (0.3, 0.5, 0.8, 0.95)
    },
    "factor .5, mean of 4": World(factor=0.5, average=4),
    "factor .5, mean of 24": World(factor=0.5, average=24),
    "day .5 and week .5": World(daily=0.5, weekly=0.5),
    "day .7, every 5 minutes": World(daily=0.7, step_h=1 / 12),
}


@dataclass
class Watch:
    """One deployment, replay by replay: first alarms of both charts, counted from the end of the baseline.

    With `rest` all alarms of the mixture are collected in `told`: after each so many replays are looked at by nobody, and
    the watch begins anew without what was learned since the onset.
    """

    taken_off: bool
    arl: float = ARL
    rest: int = 0
    seen: int = 0
    resting: int = 0
    told: list = field(default_factory=list)

    def __post_init__(self):
        self.rhythm, self.squares, self.prior, self.trusted = RhythmState.empty(), [], PRIOR, True
        self.wander, self.indices = WanderState.empty(), []
        self.charts = LocationMixture(arl=self.arl / OVERSHOOT), Cusum(threshold=5.070704)
        self.states, self.alarms, self.raw = [chart.start() for chart in self.charts], [None, None], []

    def fold(self, hours, whole):
        past = self.squares[-HELD:]
        degrees = len(past) + self.prior
        variance = (math.fsum(past) + self.prior) / degrees
        raw, baseline = whole, self.seen < BASELINE
        if self.taken_off:
            learns = "nothing" if self.resting else "all" if baseline else "unless it stands out"
            raw, self.rhythm = without_rhythm(
                self.rhythm, whole, index=self.seen, hours=hours, variance=variance, learns=learns
            )
        if self.resting:
            self.seen, self.resting = self.seen + 1, self.resting - 1
            return
        self.squares.append(next_square(raw, variance))
        self.indices.append(self.seen)
        self.raw.append(whole)
        z = studentised(raw, variance=variance, degrees=degrees)
        if self.taken_off:
            self.wander = self.wander.fed(z, index=self.seen, baseline=baseline)
        self.seen += 1
        if self.seen == BASELINE:
            self.prior = NO_BELIEF if over_dispersed(np.sqrt(self.squares)) else PRIOR
        if not baseline:
            self._chart(z)
        if self.seen == BASELINE or not self.trusted:
            quiet = in_hindsight(self.rhythm) if self.taken_off else np.array(self.raw[-HELD:])
            self.trusted = exchangeability_failure(quiet, studentise=True) is None

    def _chart(self, z):
        evidence = Location(z=z, references=self.seen - 1.0, variances=self.wander.by_age(200)), z
        for i, (chart, given) in enumerate(zip(self.charts, evidence, strict=True)):
            self.states[i] = chart.update(self.states[i], given)
            if self.alarms[i] is None and chart.read(self.states[i]).alarm:
                if self.trusted:
                    self.alarms[i] = self.seen - BASELINE
                else:
                    self.states[i] = chart.start()
        if self.rest and self.alarms[0] is not None:
            self._rest()

    def _rest(self):
        chart, state = self.charts[0], self.states[0]
        onset = self.seen - 1 - (state.updates - 1 - chart.read(state).onset)
        kept = int(np.searchsorted(self.indices, onset))
        self.squares, self.indices = self.squares[:kept], self.indices[:kept]
        self.rhythm = self.rhythm.without_since(onset).rested()
        self.wander = self.wander.without_since(onset).rested()
        self.told.append(self.alarms[0])
        self.states, self.alarms = [chart.start() for chart in self.charts], [None, None]
        self.resting = self.rest


def alarms(world, seed, *, length, taken_off, **change):
    """Replays to the first alarm of the mixture and of the CUSUM, None without one."""
    watch = Watch(taken_off)
    for hours, z in zip(*world.evidence(np.random.default_rng(seed), BASELINE + length, **change), strict=True):
        watch.fold(float(hours), float(z))
        if None not in watch.alarms:
            break
    return watch.alarms


def in_control(world, runs, seed, *, taken_off):
    """Share of deployments with a false alarm within 500 replays, mixture and CUSUM."""
    found = [alarms(world, [seed, run], length=NULL, taken_off=taken_off) for run in range(runs)]
    return " / ".join(f"{np.mean([one[chart] is not None for one in found]):.0%}" for chart in (0, 1))


def delay(shift, quiet, runs, seed, *, taken_off):
    """Mean delay of both, cut at 200, of the deployments without a false alarm."""
    plan = {"length": quiet + 200, "at": BASELINE + quiet, "shift": shift, "taken_off": taken_off}
    found = [alarms(World(), [seed, run], **plan) for run in range(runs)]
    cells = []
    for chart in (0, 1):
        delays = [200 if one[chart] is None else one[chart] - quiet for one in found]
        watched = np.array([d for d in delays if d > 0])
        cells.append(f"{watched.mean():.1f} ± {watched.std() / math.sqrt(watched.size):.1f}")
    return " / ".join(cells)


def main():
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20255)
    given = parser.parse_args()
    print("| world | left in: mixture / CUSUM | taken off |\n|---|---|---|")
    for name, world in WORLDS.items():
        cells = [in_control(world, given.runs, given.seed, taken_off=off) for off in (False, True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    print("| shift where there is no rhythm | left in: mixture / CUSUM | taken off |\n|---|---|---|")
    for shift, quiet in ((1.0, 50), (0.5, 50), (2.0, 50), (1.0, 200), (1.0, 0)):
        cells = [delay(shift, quiet, given.runs, given.seed + 1, taken_off=off) for off in (False, True)]
        print(f"| {shift} sd, {quiet} replays after the baseline | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
