"""What the selectable charts do on pass/fail probes of unknown rates: `python -m benchmarks.detection.pass_fail`.

60 probes as in `scenarios`, a baseline of 30 replays, then a reference that grows by every replay. In control: the
ARL at a nominal one. After a change 50 replays later: the mean delay, runs cut at 200, deployments that alarmed
before the change left out. "at baseline" charts take their rates from the 30 replays once and for all.
"""

import argparse

import numpy as np

from benchmarks.detection.scenarios import BASELINE, HORIZON, QUIET, flaky, passes
from driftwatch.stats.chart_registry import make_chart
from driftwatch.stats.exchangeable import compare
from driftwatch.stats.ks import sequential_ranks
from driftwatch.stats.outcomes import Outcomes
from driftwatch.stats.rates import empirical_bayes_rates
from driftwatch.stats.run_length import censored_arl

CHANGES = {
    "all probes alike, .89 to .83": lambda _rng, rates: rates - np.where(rates < 1, 0.09, 0) * (rates > 0.09),
    "flaky probes only, .89 to .83": flaky,
    "flaky probes only, .89 to .87": lambda rng, rates: flaky(rng, rates, 0.02),
}


def charts(arl, held):
    """Name, chart, and the evidence it reads."""
    failed = (held == 0).sum(axis=1)
    rates = empirical_bayes_rates(failed, np.full(len(held), held.shape[1]))
    common = round(float(rates.mean()), 4)
    yield "cusum", make_chart("cusum", arl=arl), "z"
    yield "ewma", make_chart("ewma", arl=arl), "z"
    yield "ks", make_chart("ks", arl=arl), "ranks"
    yield "cvm", make_chart("cvm", arl=arl), "ranks"
    yield "risk-adjusted", make_chart("risk-adjusted", arl=arl), "growing"
    fixed = make_chart("risk-adjusted", arl=arl, risks=tuple(rates.tolist()))
    yield "risk-adjusted at baseline", fixed, "fixed"
    yield "bernoulli at baseline", make_chart("bernoulli", arl=arl, failure_rate=common, answers=60, odds=1.5), "fixed"


def deployment(law, arl, replays, change, wanted, seed):
    """Replay of the first alarm of each chart, None where there is none within `replays`."""
    rng = np.random.default_rng(seed)
    severity = np.concatenate([np.zeros(BASELINE), (np.arange(replays) >= change).astype(float)])
    values = law.sample(rng, severity)
    running = {
        name: [chart, chart.start(), kind]
        for name, chart, kind in charts(arl, values[:BASELINE].T)
        if not wanted or name in wanted
    }
    alarms = dict.fromkeys(running)
    first = empirical_bayes_rates((values[:BASELINE] == 0).sum(axis=0), np.full(values.shape[1], BASELINE))
    for i in range(replays):
        evidence = replay_evidence(values, BASELINE + i, first, {kind for _, _, kind in running.values()}, rng)
        for name, (chart, state, kind) in list(running.items()):
            if evidence[kind] is None:
                continue
            running[name][1] = chart.update(state, evidence[kind])
            if chart.read(running[name][1]).alarm:
                alarms[name] = i
                del running[name]
        if not running:
            break
    return alarms


def replay_evidence(values, at, first, kinds, rng):
    """One replay as every wanted chart reads it."""
    before, new = values[:at].T, values[at][:, None]
    found = {}
    failures, answers = (new[:, 0] == 0).astype(int), np.ones(len(new), dtype=int)
    if "z" in kinds:
        found["z"] = compare(before, new, "binary", rng.random()).z
    if "ranks" in kinds:
        found["ranks"] = sequential_ranks(before, new, rng)
    if "growing" in kinds:
        risks = empirical_bayes_rates((before == 0).sum(axis=1), np.full(len(new), at))
        found["growing"] = Outcomes(failures=failures, answers=answers, risks=risks)
    if "fixed" in kinds:
        found["fixed"] = Outcomes(failures=failures, answers=answers, risks=first)
    return found


def main() -> None:
    """Print one row per chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20252)
    parser.add_argument("--charts", nargs="+", default=())
    given = parser.parse_args()
    horizon = int(3 * given.arl)
    quiet = [
        deployment(
            passes(np.random.default_rng([given.seed, i])),
            given.arl,
            horizon,
            horizon,
            given.charts,
            [given.seed, i, 1],
        )
        for i in range(given.runs)
    ]
    for name in quiet[0]:
        lengths = [horizon if run[name] is None else run[name] + 1 for run in quiet]
        found = censored_arl(lengths, [run[name] is not None for run in quiet])
        early = np.mean([length <= given.arl / 5 for length in lengths])
        print(
            f"in control | {name} | {found.arl:.0f} +- {found.standard_error:.0f} | by {given.arl / 5:.0f}: {early:.0%}",
            flush=True,
        )
    for title, change in CHANGES.items():
        runs = [
            deployment(
                passes(np.random.default_rng([given.seed, i]), change),
                given.arl,
                QUIET + HORIZON,
                QUIET,
                (),
                [given.seed, i, 2],
            )
            for i in range(given.runs)
        ]
        for name in runs[0]:
            delays = [
                HORIZON if run[name] is None else run[name] - QUIET + 1
                for run in runs
                if run[name] is None or run[name] >= QUIET
            ]
            print(f"{title} | {name} | {np.mean(delays):.1f} +- {np.std(delays) / len(delays) ** 0.5:.1f}", flush=True)


if __name__ == "__main__":
    main()
