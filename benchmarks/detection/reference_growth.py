"""What the growth of the reference costs and saves: `python benchmarks/detection/reference_growth.py`.

Normal scores stand for the exchangeable ones (thousands of deployments at once). The reference grows by
every replay, or pauses while the CUSUM is raised, or is frozen after the baseline; frozen with and
without removal of the error that successive scores share. In-control ARL at nominal 500, and mean delay
to 300 replays of a shift right after the baseline of 30 and 50 replays later.
"""

import argparse
import math

import numpy as np
from scipy.special import ndtri, stdtr

from driftwatch.stats.calibrate import cusum_threshold

BASELINE, PRIOR, CLIP, HISTORY = 30, 20.0, 16.0, 200
DESIGNS = {
    "grows with every replay": {},
    "grows to 200, shared error removed": {"cap": 200},
    "grows to 200, shared error left": {"cap": 200, "remove": False},
    "pauses above 0.6 h": {"cap": 200, "pause": 0.6},
    "pauses above 0.5 h": {"cap": 200, "pause": 0.5},
    "pauses above 0.25 h": {"cap": 200, "pause": 0.25},
    "frozen after the baseline": {"cap": BASELINE, "remove": False},
    "frozen, shared error removed": {"cap": BASELINE},
    "default, not studentised": {"cap": 200, "pause": 0.6, "studentise": False},
    "default, spread 1.5": {"cap": 200, "pause": 0.6, "sd": 1.5, "prior": 2.0},
    "default, spread 1.5, prior kept": {"cap": 200, "pause": 0.6, "sd": 1.5},
    "default, spread 1.5, not studentised": {"cap": 200, "pause": 0.6, "sd": 1.5, "studentise": False},
}


def run_lengths(
    *, arl, runs, shift, at, horizon, seed, cap=10**9, remove=True, pause=1.0, sd=1.0, studentise=True, prior=PRIOR
):
    """Monitored replays to the alarm in each deployment; `horizon` where there was none."""
    rng = np.random.default_rng(seed)
    h = cusum_threshold(arl=arl)
    total, n = rng.normal(size=runs), np.ones(runs)
    shared, m = np.zeros(runs), np.zeros(runs)
    upper, lower = np.zeros(runs), np.zeros(runs)
    squares = np.zeros((runs, 0))
    length, alive = np.full(runs, horizon), np.ones(runs, dtype=bool)
    for t in range(1 - BASELINE, horizon):
        x = rng.normal(shift if t >= at else 0.0, size=runs)
        z = (x - total / n) / np.sqrt(1 + 1 / n)
        raw = (z - shared / (n + m)) / np.sqrt(1 - m / ((n + 1) * (n + m))) if remove else z
        raw *= sd
        degrees = squares.shape[1] + prior
        variance = (squares.sum(axis=1) + prior) / degrees
        score = (
            np.where(raw < 0, 1, -1) * ndtri(stdtr(degrees, -np.abs(raw) / np.sqrt(variance))) if studentise else raw
        )
        squares = np.concatenate([squares, np.minimum(raw**2, CLIP * variance)[:, None]], axis=1)[:, -HISTORY:]
        if t >= 0:
            upper, lower = np.maximum(0, upper + score - 0.5), np.maximum(0, lower - score - 0.5)
            alarm = alive & (np.maximum(upper, lower) >= h)
            length[alarm] = t + 1
            alive &= ~alarm
            if not alive.any():
                break
        quiet = np.maximum(upper, lower) < pause * h
        grows = quiet & (n < cap)
        full = quiet & (n >= cap)
        total, n = total + np.where(grows, x, 0.0), n + grows
        shared, m = shared + np.where(full, z, 0.0), m + full
    return length, alive


def main():
    """Print one row per design."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--designs", nargs="+", default=list(DESIGNS))
    given = parser.parse_args()
    for name in given.designs:
        common = {"arl": given.arl, "runs": given.runs, **DESIGNS[name]}
        length, alive = run_lengths(shift=0.0, at=0, horizon=int(5 * given.arl), seed=61, **common)
        arl, early = length.sum() / (~alive).sum(), (length <= 500).mean()
        cells = [f"{name}: ARL {arl:.0f} +- {arl / math.sqrt((~alive).sum()):.0f}", f"by replay 500: {early:.3f}"]
        for at in (0, 50) if "spread" not in name else ():
            for shift in (0.5, 1.0, 2.0):
                length, _ = run_lengths(shift=shift, at=at, horizon=at + 300, seed=62, **common)
                cells.append(f"{(length[length > at] - at).mean():.1f}")
        print(" | ".join(cells), flush=True)


if __name__ == "__main__":
    main()
