"""False alarms of the chart of strays where an endpoint strayed always: `python -m benchmarks.detection.strays_null`.

Deployments whose baseline shows by luck fewer strays than the endpoint has, one year of hourly replays each or to the
first alarm: so an ARL here is replays watched per alarm. The same bets as the product's, all deployments side by side.
"""

import argparse

import numpy as np

from driftwatch.stats.strays import _SHARES, _tolerated, strays_threshold

HOURS = 8760


def year(share: float, probes: int, baseline: int, arls: list[float], runs: int) -> list[tuple[int, int]]:
    """Alarms and replays watched at each nominal ARL; seed [1, probes, 100,000 share]."""
    rng = np.random.default_rng([1, probes, round(share * 1e5)])
    answers = probes * baseline
    showed = rng.binomial(answers, share, size=runs)
    rates = np.array([_tolerated((np.arange(answers) < count).astype(float)) for count in showed.tolist()])[:, None]
    stray, sound = np.log1p(_SHARES * (1 - rates) / rates), np.log1p(-_SHARES)
    logs, first = np.full((runs, _SHARES.size), -np.inf), np.full((len(arls), runs), HOURS + 1)
    levels = [strays_threshold(arl=arl) for arl in arls]
    for hour in range(1, HOURS + 1):
        strays = rng.binomial(probes, share, size=runs)[:, None]
        logs = np.logaddexp(0.0, logs) + stray * strays + sound * (probes - strays)
        statistic = np.logaddexp.reduce(logs, axis=1) - np.log(_SHARES.size)
        for at, level in enumerate(levels):
            first[at, (statistic >= level) & (first[at] > hour)] = hour
    return [(int((one <= HOURS).sum()), int(np.minimum(one, HOURS).sum())) for one in first]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection.strays_null", description=__doc__)
    parser.add_argument("--shares", type=float, nargs="+", default=[0.0013, 0.0016, 0.002, 0.003, 0.005])
    parser.add_argument("--arls", type=float, nargs="+", default=[30_660, 122_640, 306_600])
    parser.add_argument("--probes", type=int, default=40)
    parser.add_argument("--baseline", type=int, default=24)
    parser.add_argument("--runs", type=int, default=1000)
    given = parser.parse_args()
    print("| share | " + " | ".join(f"nominal {arl:,.0f}" for arl in given.arls) + " |")
    print("|---" * (1 + len(given.arls)) + "|")
    for share in given.shares:
        cells = []
        for alarms, replays in year(share, given.probes, given.baseline, given.arls, given.runs):
            arl = replays / max(alarms, 1)
            cells.append(f"{arl:,.0f} ± {arl / max(alarms, 1) ** 0.5:,.0f} ({alarms})")
        print(f"| {share:.2%} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
