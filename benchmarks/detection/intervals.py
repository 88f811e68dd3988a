"""How often intervals hold the truth: `python -m benchmarks.detection.intervals [--runs 400] [--alarms 60]`.

The effect's where the moment of the change is given, and effect, onset and moved probes as an alarm tells them, which comes
when the evidence stands out: the laws and deployments of `benchmarks.detection.early_end`. Last, the share of a second state.
"""

import argparse

import numpy as np

from benchmarks.detection import early_end
from benchmarks.detection.scenarios import ROWS
from driftwatch.stats import ReplayValues, StreamDetector
from driftwatch.stats.effect import stratified_effect
from driftwatch.stats.second_state import second_state_share

SEED, HELD, GIVEN, AGES = 31, (5, 24, 200), (1, 3, 12), (0, 5, 24)
WORLDS = {
    "10 probes .998 to .99": (np.full(10, 0.998), np.full(10, 0.99)),
    "60 probes .99 to .97": (np.full(60, 0.99), np.full(60, 0.97)),
    "60 probes .99 as before": (np.full(60, 0.99), np.full(60, 0.99)),
    "3 of 60 that never failed": (np.ones(60), np.where(np.arange(60) < 3, 0.1, 1.0)),
}
CHANGES = (
    *("pass .89 to .83", "one probe of 60 breaks", "judge mean -0.2", "judge spread x1.3", "5 % refusals, judged"),
    *("length x0.9", "length spread x1.5", "5 % refusals, seen in length"),
)


def moved(law, seed):
    """By how much the mean of each probe moves."""
    values = law.sample(np.random.default_rng([seed, 0]), np.r_[np.zeros(4000), np.ones(4000)])
    return values[4000:].mean(axis=0) - values[:4000].mean(axis=0)


class Rates:
    """Pass rates before and after."""

    def __init__(self, before, after):
        self.before, self.after = before, after

    def sample(self, rng, severity):
        chance = np.where(np.asarray(severity)[:, None] > 0, self.after, self.before)
        return (rng.random(chance.shape) < chance).astype(float)


def laws(name):
    """Up to fifty draws of a world, each with what truly moved."""
    if name in WORLDS:
        before, after = WORLDS[name]
        return [(Rates(before, after), float((after - before).mean()))]
    row = next(row for row in ROWS if row.name == name)
    drawn = [row.law(np.random.default_rng([SEED, k])) for k in range(50)]
    return [(law, float(moved(law, k).mean())) for k, law in enumerate(drawn)]


def fixed(runs):
    """Coverage in percent where the moment is given, by answers since."""
    print("| change | " + " | ".join(f"{held} reference answers" for held in HELD) + " |")
    print("|---" * (len(HELD) + 1) + "|")
    for name in (*WORLDS, *CHANGES):
        drawn, cells = laws(name), []
        for held in HELD:
            found = []
            for given in GIVEN:
                inside = 0
                for run in range(runs):
                    rng, (law, truth) = np.random.default_rng([SEED, held, given, run]), drawn[run % len(drawn)]
                    before, after = law.sample(rng, np.zeros(held)).T, law.sample(rng, np.ones(given)).T
                    low, high = stratified_effect(before, after).interval
                    inside += low <= truth <= high
                found.append(100 * inside / runs)
            cells.append(", ".join(f"{one:.0f}" for one in found))
        print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def told(name, runs):
    """One row of what alarms tell."""
    covers, ratios, onsets, late, false = {age: [] for age in AGES}, [], [], [], []
    for run in range(runs):
        deployment = early_end.Deployment(early_end.ROWS[name], run)
        if (alarm := deployment.alarmed()) is None:
            continue
        state, each = alarm[0], moved(deployment.law, run)
        began, truth = early_end.BASELINE + early_end.QUIET, float(each.mean())
        deployment.draws(0)
        for age in range(max(AGES) + 1):
            if age in AGES:
                reading = deployment.detector.read(state)
                covers[age].append(reading.effect_interval[0] <= truth <= reading.effect_interval[1])
            if age == 0:
                first, last = map(int, reading.onset_interval)
                onsets.append(first <= began <= last)
                late.append(int(reading.onset_key) - began)
                ratios.append((reading.mean_after - reading.mean_before) / truth)
            if age == max(AGES):
                still = {f"p{k:02}" for k in np.flatnonzero(np.abs(each) < 1e-9 + 0.02 * np.abs(each).max())}
                listed = [probe.probe for probe in reading.moved if probe.q < 0.1]
                false.append(len(still.intersection(listed)) / max(1, len(listed)))
            state = deployment.after(state, 1.0)
    shares = ", ".join(f"{100 * np.mean(covers[age]):.0f}" for age in AGES)
    tenth, middle, most = np.percentile(late, [10, 50, 90])
    return (
        f"| {name} | {len(onsets)} | {100 * np.mean(onsets):.0f} | {tenth:.0f}, {middle:.0f}, {most:.0f} | "
        f"{np.median(ratios):.2f} | {shares} | {100 * np.mean(false):.0f} |"
    )


def second_state(share, runs):
    """One row of the share of a second state: forty probes half of which always repeat themselves, unseen texts are ones."""
    held, told_as = {age: [] for age in AGES}, {age: [] for age in AGES}
    detector = StreamDetector(baseline_replays=12, arl=8760, kind="binary", event="ones")
    for run in range(runs):
        rng, state = np.random.default_rng([41, run]), detector.start()
        rates = np.where(np.arange(40) % 2, 0.0, rng.beta(1, 9, 40))
        law = Rates(rates, rates + share * (1 - rates))
        latched = 0
        for hour in range(12 + 40 + 120):
            values = law.sample(rng, [hour >= 52])[0].tolist()
            named = {f"p{k:02}": (value,) for k, value in enumerate(values)}
            state = detector.update(state, ReplayValues(key=f"{hour:04}", values=named))
            if state.latch is None:
                continue
            if hour < 52:
                break
            if latched in AGES:
                since = state.latch.onset_index
                found = second_state_share(
                    state.reference.without_since(since).held,
                    state.recent[state.recent_index >= since],
                    dispersion=state.inflation,
                )
                held[latched].append(found.low <= share <= found.high)
                told_as[latched].append(found.share)
            latched += 1
    means = ", ".join(f"{np.mean(told_as[age]):.3f}" for age in AGES)
    return f"| {share} | {len(held[0])} | {means} | {', '.join(f'{100 * np.mean(held[age]):.0f}' for age in AGES)} |"


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=400)
    parser.add_argument("--alarms", type=int, default=60)
    chosen = parser.parse_args()
    if chosen.runs:
        fixed(chosen.runs)
    if chosen.alarms:
        print(
            "\n| change | alarms | onset held, % | onset too late by (10, 50, 90 %) | effect told / true, median |",
            end="",
        )
        print(f" effect held {', '.join(map(str, AGES))} replays after the alarm, % | false among probes listed, % |")
        print("|---" * 7 + "|")
        for name, row in early_end.ROWS.items():
            if row.left == 1:
                print(told(name, chosen.alarms), flush=True)


if __name__ == "__main__":
    main()
