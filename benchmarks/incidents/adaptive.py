"""Hours to the page with a variable interval, beside a fixed one of equal cost: `python -m benchmarks.incidents.adaptive`.

Forty probes that pass nine times in ten, one pass stream with the product's own mixture, one false page a year. At a random
moment some days after the baseline the pass rate falls and stays down. The variable schedule replays hourly, and every 15 minutes
while the statistic stands at half its threshold or more; the fixed one replays as often as that costs in quiet times.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from driftwatch.domain.schedule import SURPLUS
from driftwatch.services.pace import STIRRING
from driftwatch.stats.stream import ReplayValues, StreamDetector, StreamState

PROBES, RATE, BASELINE = 40, 0.9, 24
HOURS_A_YEAR = 8760.0
FAST, SLOW = 0.25, 1.0
QUIET_HOURS, MOST_HOURS = 120.0, 24.0 * 30
KEYS = [f"p{n:02}" for n in range(PROBES)]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One deployment: hours from the change to the alarm (None: an alarm before it), and replays a quiet hour."""

    hours: float | None
    quiet_rate: float


def deployment(seed: int, *, fall: float, slow: float, fast: float | None, arl: float) -> Run:
    """Replay one deployment until it alarms."""
    rng = np.random.default_rng(seed)
    detector = StreamDetector(baseline_replays=BASELINE, arl=arl, kind="binary")
    change = BASELINE * slow + QUIET_HOURS * (0.5 + rng.random())
    state, now, quiet, extra = detector.start(), 0.0, 0, 0.0
    for number in range(100_000):
        rate = RATE - fall if now >= change else RATE
        values = {key: (float(v),) for key, v in zip(KEYS, rng.random(PROBES) < rate, strict=True)}
        state = detector.update(state, ReplayValues(key=f"{seed}/{number}", values=values))
        quiet += now < change
        if state.latch is not None or now > change + MOST_HOURS:
            late = now - change
            return Run(hours=None if late < 0 else late, quiet_rate=quiet / max(min(now, change), 1.0))
        hurry = fast is not None and extra < SURPLUS * 720 and _share(detector, state) >= STIRRING
        extra += hurry
        now = _next(now, fast if hurry and fast is not None else slow)
    raise AssertionError


def _share(detector: StreamDetector, state: StreamState) -> float:
    return detector.read(state).statistic if state.baseline_seen >= BASELINE else 0.0


def _next(now: float, step: float) -> float:
    return (np.floor(now / step + 1e-9) + 1) * step


def compare(fall: float, *, runs: int, seed: int) -> tuple[list[Run], list[Run]]:
    """Return deployments with the variable interval, and with a fixed one of the same quiet cost."""
    arl = HOURS_A_YEAR / SLOW * (1 + SURPLUS)
    variable = [deployment(seed + n, fall=fall, slow=SLOW, fast=FAST, arl=arl) for n in range(runs)]
    cost = float(np.mean([run.quiet_rate for run in variable]))
    step = SLOW * (1 / cost)
    fixed = [deployment(seed + n, fall=fall, slow=step, fast=None, arl=HOURS_A_YEAR / step) for n in range(runs)]
    return variable, fixed


def lines(runs: int, seed: int) -> Iterator[str]:
    """Yield the table's rows."""
    yield "| fall | replays a quiet hour | variable: hours to page | fixed: hours to page | ratio |"
    yield "|---|---|---|---|---|"
    for fall in (0.05, 0.10, 0.20, 0.30):
        variable, fixed = compare(fall, runs=runs, seed=seed)
        mean = {name: _mean(found) for name, found in (("variable", variable), ("fixed", fixed))}
        cost = float(np.mean([run.quiet_rate for run in variable]))
        ratio = mean["variable"][0] / mean["fixed"][0]
        told = [f"{hours:.1f} ± {error:.1f}" for hours, error in mean.values()]
        yield f"| {fall:.2f} | {cost:.3f} | {told[0]} | {told[1]} | {ratio:.2f} |"


def _mean(runs: list[Run]) -> tuple[float, float]:
    found = np.array([run.hours for run in runs if run.hours is not None])
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20261127)
    given = parser.parse_args()
    for line in lines(given.runs, given.seed):
        print(line, flush=True)
