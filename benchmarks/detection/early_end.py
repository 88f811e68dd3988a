"""How often a drift that goes on is called over: `python -m benchmarks.detection.early_end`.

Lengths of 30 probes, log-normal, that all fall 60 quiet replays after a baseline of 24 and stay there; one false alarm
in 8,760 replays. An incident of this stream alone ends after twelve calm replays in a row.
"""

import argparse

import numpy as np

from driftwatch.domain.decide import CALM_REPLAYS
from driftwatch.stats import ReplayValues, StreamDetector

SEED, PROBES, BASELINE, QUIET, MOST, STANDS = 3, 30, 24, 60, 130, 60
FALLS = (0.03, 0.06, 0.12)


def called_over(fall: float, run: int) -> tuple[int, bool] | None:
    """Replays from the change to its alarm, and whether it was called over within 60 more; None without an alarm."""
    rng = np.random.default_rng([SEED, run])
    mean, sd = rng.normal(5, 0.8, PROBES), rng.uniform(0.1, 0.4, PROBES)
    detector = StreamDetector(baseline_replays=BASELINE, arl=8760, kind="continuous")
    state, alarmed = detector.start(), None
    for hour in range(BASELINE + QUIET + MOST + STANDS):
        since = hour - BASELINE - QUIET
        values = np.exp(rng.normal(mean + np.log1p(-fall) * (since >= 0), sd)).tolist()
        replay = ReplayValues(key=f"{hour:04}", values={f"p{k:02}": (v,) for k, v in enumerate(values)})
        state = detector.update(state, replay)
        if state.latch is None:
            if since >= MOST:
                return None
            continue
        if since < 0:
            return None  # a false alarm
        alarmed = since + 1 if alarmed is None else alarmed
        if state.latch.calm >= CALM_REPLAYS:
            return alarmed, True
        if since + 1 - alarmed >= STANDS:
            break
    return None if alarmed is None else (alarmed, False)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.early_end", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    runs = parser.parse_args().runs
    print("| all lengths | found | after | called over within 60 replays |\n|---|---|---|---|")
    for fall in FALLS:
        found = [one for run in range(runs) if (one := called_over(fall, run)) is not None]
        over = sum(ended for _, ended in found)
        delay = np.mean([alarmed for alarmed, _ in found]) if found else float("nan")
        print(f"| -{fall:.0%} | {len(found)} of {runs} | {delay:.1f} | {over} |", flush=True)


if __name__ == "__main__":
    main()
