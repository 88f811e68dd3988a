"""How soon a return is seen, and how often a drift that goes on is called over: `python -m benchmarks.detection.early_end`.

A change 60 quiet replays after a baseline of 24, one false alarm in 8,760 replays: lengths of 30 log-normal probes that
all fall, and rows of `benchmarks.detection.scenarios` with their 60 probes. It goes on for 200 replays after its alarm,
or is reverted 5, 24 or 100 replays after it. An incident of this stream alone ends after twelve calm replays in a row.
"""

import argparse
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.detection.laws import Rounded
from benchmarks.detection.scenarios import broken, judge, passes
from driftwatch.domain.decide import CALM_REPLAYS
from driftwatch.stats import ReplayValues, StreamDetector, StreamState

SEED, PROBES, BASELINE, QUIET, MOST = 3, 30, 24, 60, 130
GOES_ON, SOON, BACK, LONG = 200, 60, 120, 72
LASTED = (5, 24, 100)


def lengths(fall: float) -> Callable[[np.random.Generator], Rounded]:
    """Lengths that all fall by this share."""
    shift = np.full(PROBES, math.log1p(-fall))
    return lambda rng: Rounded(
        grades=False, mean=rng.normal(5, 0.8, PROBES), sd=rng.uniform(0.1, 0.4, PROBES), shift=shift
    )


@dataclass(frozen=True, kw_only=True)
class Row:
    """A kind of change, and how much of it is left 24 replays after the alarm while it goes on."""

    kind: str
    law: Callable
    left: float = 1.0


ROWS = {
    "lengths -3 %": Row(kind="continuous", law=lengths(0.03)),
    "lengths -6 %": Row(kind="continuous", law=lengths(0.06)),
    "lengths -12 %": Row(kind="continuous", law=lengths(0.12)),
    "lengths -12 %, later -3 %": Row(kind="continuous", law=lengths(0.12), left=math.log(0.97) / math.log(0.88)),
    "pass .89 to .83": Row(kind="binary", law=lambda rng: passes(rng, lambda _, rates: rates * 0.83 / 0.89)),
    "one probe of 60 breaks": Row(kind="binary", law=lambda rng: passes(rng, broken)),
    "grades -0.1": Row(kind="graded", law=lambda rng: judge(rng, shift=-0.1)),
    "grades -0.2": Row(kind="graded", law=lambda rng: judge(rng, shift=-0.2)),
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """Replays from the change to its alarm, from there to its end while it goes on, and from each return to its end."""

    after: int
    over: float
    returned: dict[int, float]


class Deployment:
    """One endpoint with a detector."""

    def __init__(self, row: Row, run: int) -> None:
        self.run, self.rng = run, np.random.default_rng([SEED, run])
        self.law = row.law(self.rng)
        self.detector = StreamDetector(baseline_replays=BASELINE, arl=8760, kind=row.kind)

    def after(self, state: StreamState, severity: float) -> StreamState:
        """One more replay, `severity` of the change in it."""
        values = self.law.sample(self.rng, np.array([severity]))[0].tolist()
        named = {f"p{k:02}": (value,) for k, value in enumerate(values)}
        return self.detector.update(state, ReplayValues(key=f"{state.replays:04}", values=named))

    def alarmed(self) -> tuple[StreamState, int] | None:
        """The state at the alarm, and replays from the change to it; None without one, or with a false one."""
        state = self.detector.start()
        for hour in range(BASELINE + QUIET + MOST):
            state = self.after(state, float(hour >= BASELINE + QUIET))
            if state.latch is not None:
                since = hour + 1 - BASELINE - QUIET
                return (state, since) if since > 0 else None
        return None

    def draws(self, path: int) -> None:
        """What is drawn from here on depends on this number alone, and on no decision before."""
        self.rng = np.random.default_rng([SEED, self.run, path])

    def ended(self, state: StreamState, most: int) -> float:
        """Replays without the change after which its end is told; infinity where that takes more than `most`."""
        for replay in range(most):
            state = self.after(state, 0.0)
            if state.latch.calm >= CALM_REPLAYS:
                return replay + 1
        return math.inf


def followed(row: Row, run: int) -> Found | None:
    """What one deployment shows; None without an alarm, or with a false one."""
    deployment = Deployment(row, run)
    if (alarm := deployment.alarmed()) is None:
        return None
    state, after = alarm
    drifting, over = [state], math.inf
    deployment.draws(0)
    for replay in range(1, GOES_ON + 1):
        drifting.append(deployment.after(drifting[-1], 1.0 if replay <= LASTED[1] else row.left))
        if drifting[-1].latch.calm >= CALM_REPLAYS:
            over = replay
            break
    returned = {}
    for lasted in LASTED if row.left == 1 else ():
        deployment.draws(lasted)
        if lasted < over:
            returned[lasted] = deployment.ended(drifting[lasted], BACK)
    return Found(after=after, over=over, returned=returned)


def returns(found: list[Found], lasted: int) -> str:
    """Median and 90 % of the replays from a return to its end, and the share of returns that take longer than 72."""
    taken = sorted(one.returned[lasted] for one in found if lasted in one.returned)
    if not taken:
        return "-"
    median, most = (taken[min(len(taken) - 1, int(share * len(taken)))] for share in (0.5, 0.9))
    return f"{median:.0f}, {most:.0f}, {np.mean(np.array(taken) > LONG):.0%}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.early_end", description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--rows", nargs="+", default=list(ROWS), choices=ROWS)
    asked = parser.parse_args()
    heads = " | ".join(f"returned {lasted} later: median, 90 %, over {LONG}" for lasted in LASTED)
    print(f"| change | found | after | called over within {SOON} | within {GOES_ON} | {heads} |")
    print("|---" * (5 + len(LASTED)) + "|")
    for name in asked.rows:
        found = [one for run in range(asked.runs) if (one := followed(ROWS[name], run)) is not None]
        over = np.array([one.over for one in found])
        cells = [f"{len(found)} of {asked.runs}", f"{np.mean([one.after for one in found]):.1f}"]
        cells += [str((over <= SOON).sum()), str((over <= GOES_ON).sum()), *(returns(found, n) for n in LASTED)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
