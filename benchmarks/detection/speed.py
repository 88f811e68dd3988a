"""Updates per second and memory per stream, against the peers, in one run: `python -m benchmarks.detection.speed`.

One thread, processor time, the least of several stretches (other work on the machine only adds). An update of ours
takes a replay of n probes; the peers' takes one value, or one vector. Memory is the pickled size of what must be kept
between replays (alibi-detect: its arrays); what a fold remembers of a full reference comes on top and is not kept. The
year of 100 endpoints is extrapolated from streams whose reference is full, and says so.
"""

import argparse
import importlib.util
import json
import os
import pickle
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
YEAR = 365 * 24 * 100 * 8  # replays of one metric: hourly, 100 endpoints, 8 metrics
QUIET = 1e6  # so that no false alarm is timed
STRETCHES = 8


def timed(update: Callable[[int], object], count: int) -> float:
    """Processor seconds per call, the least of several stretches."""
    length, least = count // STRETCHES, float("inf")
    for stretch in range(STRETCHES):
        began = time.process_time()
        for i in range(stretch * length, (stretch + 1) * length):
            update(i)
        least = min(least, (time.process_time() - began) / length)
    return least


def ours(family: str, probes: int, warm: int, count: int) -> dict[str, float]:
    """Folding and reading replays of a stream that has `warm` behind it."""
    from benchmarks.detection.ours import SETTINGS
    from driftwatch.stats.state_codec import decode_state, encode_state
    from driftwatch.stats.stream import ReplayValues, StreamDetector

    rng = np.random.default_rng(1)
    detector = StreamDetector(baseline_replays=30, arl=QUIET, **SETTINGS[family])
    draw = {"pass": lambda: rng.random(probes) < 0.9, "judge": lambda: np.rint(rng.normal(6, 1, probes)) / 2}
    replays = [
        ReplayValues(
            key=str(i),
            values={f"p{k:04}": (float(v),) for k, v in enumerate(draw.get(family, lambda: rng.normal(size=probes))())},
        )
        for i in range(warm + count)
    ]
    state = detector.start()
    for replay in replays[:warm]:
        state = detector.update(state, replay)

    def update(i: int) -> None:
        nonlocal state
        state = detector.update(state, replays[warm + i])
        detector.read(state)

    seconds = timed(update, count)
    remembered = len(pickle.dumps(state))
    kept = len(pickle.dumps(decode_state(encode_state(state))))
    return {"seconds": seconds, "bytes": kept, "remembered": remembered - kept}


def many(streams: int, count: int) -> dict[str, float]:
    """One value of each of many streams at once, per stream: ten bets on its mean, read at every value."""
    from driftwatch.stats.e_detector import Bank

    shifts = np.array([0.25, -0.25, 0.5, -0.5, 1, -1, 2, -2, 4, -4])
    values = np.random.default_rng(1).normal(size=(count, streams, 1))
    bank, alarms = Bank.empty((streams, shifts.size)), np.zeros(streams, dtype=int)

    def update(i: int) -> None:
        nonlocal bank
        bank = bank.fed(shifts * (values[i] - shifts / 2))
        alarms[:] += np.exp(bank.logs).mean(axis=1) >= 8760

    return {"seconds": timed(update, count) / streams, "bytes": len(pickle.dumps(bank)) / streams}


def peers(probes: int, count: int) -> dict[str, dict[str, float]]:
    """The peers', in their venv; alibi-detect only where it is installed."""
    from river.drift import ADWIN, PageHinkley

    rng = np.random.default_rng(1)
    values, vectors = rng.normal(size=max(count, 20_000)), rng.normal(size=(count, probes)).astype(np.float32)
    found = {}
    for name, detector in (("river Page-Hinkley", PageHinkley()), ("river ADWIN", ADWIN())):
        found[f"{name}, one value"] = {
            "seconds": timed(lambda i, d=detector: d.update(values[i]), len(values)),
            "bytes": len(pickle.dumps(detector)),
        }
    return found | (alibi(values, vectors, probes, count) if importlib.util.find_spec("alibi_detect") else {})


def alibi(values: np.ndarray, vectors: np.ndarray, probes: int, count: int) -> dict[str, dict[str, float]]:
    from alibi_detect.cd import CVMDriftOnline, MMDDriftOnline

    found = {}
    cvm = CVMDriftOnline(values[:30, None], ert=100, window_sizes=[8], n_bootstraps=2000, verbose=False)
    mmd = MMDDriftOnline(vectors[:30], ert=100, window_size=4, backend="pytorch", n_bootstraps=2000, verbose=False)
    for name, detector, rows in (
        ("CVM online, one value", cvm, values[:, None]),
        (f"MMD online, {probes} probes", mmd, vectors),
    ):
        detector.predict(rows[0])
        found[f"alibi-detect {name}"] = {
            "seconds": timed(lambda i, d=detector, r=rows: d.predict(r[i]), count),
            "bytes": sum(getattr(v, "nbytes", 0) for v in vars(getattr(detector, "_detector", detector)).values()),
        }
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    lines = ["| update | µs | updates a second | kB kept |", "|---|---|---|---|"]
    for name, f in found.items():
        lines.append(f"| {name} | {f['seconds'] * 1e6:.1f} | {1 / f['seconds']:,.0f} | {f['bytes'] / 1000:.1f} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.speed", description=__doc__)
    parser.add_argument("--probes", type=int, default=100)
    parser.add_argument("--warm", type=int, default=1200)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--only-peers", action="store_true", help="what the peers' python runs")
    parser.add_argument("--peers", default=os.environ.get("DRIFTWATCH_PEERS", "peers/bin/python"))
    given = parser.parse_args()
    if given.only_peers:
        print(json.dumps(peers(given.probes, given.count)))
        return
    found = {
        f"driftwatch {family}, {given.probes} probes": ours(family, given.probes, given.warm, given.count)
        for family in ("pass", "judge", "length")
    }
    command = [given.peers, "-m", "benchmarks.detection.speed", "--only-peers", "--probes", str(given.probes)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    replays = [f for f in found.values() if "remembered" in f]
    mean = float(np.mean([f["seconds"] for f in replays]))
    charts = {"driftwatch e-detector of 10 bets, one value of each of 1,000 streams": many(1000, given.count)}
    text = table(found | charts | json.loads(answer.splitlines()[-1]))
    text += f"\n\nA year of hourly replays of 100 endpoints x {given.probes} probes x 8 metrics is {YEAR / 1e6:.1f} million updates: "
    text += f"about {YEAR * mean / 3600:.1f} hours on one core, extrapolated from {given.count} updates per kind of metric, not run. "
    text += f"While a fold runs, a stream remembers up to {max(f['remembered'] for f in replays) / 1e6:.1f} MB of its full reference.\n"
    (Path(__file__).parent / "SPEED.md").write_text("# Speed\n\n`python -m benchmarks.detection.speed`\n\n" + text)
    print(text)


if __name__ == "__main__":
    main()
