"""False alarms a year of streams whose replays follow each other, at real budgets: `python -m benchmarks.detection.rhythm_year`.

The evidence Z alone, treated as `benchmarks.detection.rhythm` treats it: its `Watch`, compiled (`--check` holds the two to
each other, alarm by alarm). It takes a python with what mirror.txt names. After an alarm 24 replays are looked at by nobody, what was learned since its onset is taken back, and the
watch begins anew. A year is 8,760 replays, one an hour unless said.
"""

import argparse
import math

import numpy as np
from numba import njit

from benchmarks.detection.rhythm import BASELINE, OVERSHOOT, REST, YEARS, Watch
from driftwatch.stats import rhythm, wander
from driftwatch.stats.mixture import SHIFTS

REPLAYS, HELD, PRIOR, NO_BELIEF = 8760, 200, 20.0, 2.0
NEGLIGIBLE = -12.0  # 2,000 such logarithms add a hundredth to a sum whose threshold is thousands
BETS = np.array([s * b for s in SHIFTS for b in (1, -1)])
SPANS = np.array(wander.SPANS)


def models(before):
    """Prior variances of every belief, their log weights, and whether sums are looked at; or as all was before 0031."""
    priors, sizes = rhythm.log_priors().copy(), rhythm.expected().copy()
    if before:
        priors[0], priors[-1] = math.log(0.70), -1e9
    return sizes, priors, not before


@njit(cache=True)
def bound(variance, degrees, errors):
    return max(1.0, variance / (1 - 2 / (9 * degrees) + errors * math.sqrt(2 / (9 * degrees))) ** 3)


@njit(cache=True)
def dependent(zs):
    """`dispersion.exchangeability_failure` of studentised evidence."""
    n, above, runs = zs.size, (zs > 0).sum(), 1
    lagged = (zs[1:] * zs[:-1]).sum() / (zs * zs).sum()
    for i in range(1, n):
        runs += (zs[i] > 0) != (zs[i - 1] > 0)
    if lagged * math.sqrt(n) > 2.326:
        return True
    if min(above, n - above) == 0:
        return 0.5 ** (n - 1) < 0.01
    mean = 2 * above * (n - above) / n + 1
    spread = math.sqrt((mean - 1) * (mean - 2) / (n - 1))
    return math.erfc((mean - runs - 0.5) / spread / math.sqrt(2.0)) / 2 < 0.01


@njit(cache=True)
def regressed(coefficients, inverse, x, y, sign):
    for k in range(len(coefficients)):
        gain = inverse[k] @ x
        scale = sign / (1 + sign * (gain @ x))
        error = y - coefficients[k] @ x
        coefficients[k] += scale * error * gain
        for c in range(x.size):
            inverse[k, c] -= scale * gain[c] * gain


@njit(cache=True)
def variances_by_age(squares, counts, spans, belief, proof, out):
    before, low = 1.0, 1.0
    j = 0
    for age in range(1, out.size + 1):
        while j < spans.size and spans[j] < age:
            low, j = spans[j], j + 1
            before = _variance(squares[j - 1], counts[j - 1], low, belief, proof)
        if j == spans.size:
            out[age - 1] = before
        else:
            after = _variance(squares[j], counts[j], spans[j], belief, proof)
            out[age - 1] = before + (after - before) * math.log(age / low) / math.log(spans[j] / low)


@njit(cache=True)
def _variance(squares, count, span, belief, proof):
    degrees = 1.5 * count / span + belief
    mean = squares / count - 1 if count else 0.0
    return bound(max(0.0, 1 + mean * (1 - belief / degrees)), degrees, proof)


@njit(cache=True, fastmath={"reassoc", "contract", "arcp"})
def watched(  # noqa: C901 -- one loop over replays, compiled as a whole
    zs, waves, prior_of, priors, fades, spans, belief, proof, bets, threshold, tempered, rest, most
):
    """Replays (from the end of the baseline) of every alarm, and how many replays might not have paged."""
    length, (n_beliefs, n_columns, _) = zs.size, prior_of.shape
    n_waves, n_levels, n_spans = waves.shape[1], fades.size, spans.size
    coefficients, inverse, votes = np.zeros((n_beliefs, n_columns)), prior_of.copy(), np.zeros(n_beliefs)
    summed, last, levels = np.zeros(n_waves), np.zeros(2), np.zeros(n_levels)
    upper = lower = up = down = 0.0
    rows, values, says = np.zeros((length, n_columns)), np.zeros(length), np.zeros((length, n_beliefs))
    index, counted = np.zeros(length, np.int64), np.zeros(length, np.bool_)
    n = 0
    total, adds = np.zeros(length + 1), np.full((length, n_spans), np.nan)
    added, oldest = np.zeros(length, np.bool_), 0  # `oldest`: rows before it were cut off by an alarm
    squares, counts = np.zeros(n_spans), np.zeros(n_spans)
    history = np.zeros(length)
    prior, trusted, silent, resting = PRIOR, True, 0, 0
    logs, references = np.zeros((length, bets.size)), np.zeros(length)
    begun = BASELINE
    alarms, n_alarms = np.zeros(length, np.int64), 0
    x, by_age = np.zeros(n_columns), np.ones(200)
    means, leverages, weights = np.zeros(n_beliefs), np.zeros(n_beliefs), np.zeros(n_beliefs)
    for t in range(length):
        baseline = t < BASELINE
        past = history[max(0, n - HELD) : n]
        degrees = past.size + prior
        variance = (past.sum() + prior) / degrees
        x[:] = 0.0
        if n:
            x[:n_waves] = (waves[t] - summed / n) / math.sqrt(1 + 1 / n)
        x[n_waves : n_waves + 2], x[n_waves + 2 :] = last, levels
        weights = np.exp(votes + priors - (votes + priors).max())
        weights /= weights.sum()
        for k in range(n_beliefs):
            lasting = coefficients[k, n_waves:].sum()
            means[k] = coefficients[k] @ x - max(0.0, lasting - most) * levels[n_levels - 1]
            leverages[k] = (inverse[k] @ x) @ x
        mean = weights @ means
        spread = math.sqrt(1 + weights @ leverages + weights @ (means - mean) ** 2 / variance)
        raw, sd = (zs[t] - mean) / spread, math.sqrt(variance)
        left = raw / sd
        # Wallace's (1959) normal score of a t value: within .01 of the product's
        z = (8 * degrees + 1) / (8 * degrees + 3) * math.sqrt(degrees * math.log(1 + left * left / degrees))
        z = -z if left < 0 else z
        if resting:
            last[1], last[0] = last[0], zs[t]
            levels *= fades
            resting -= 1
            if not resting:
                begun, upper, lower, up, down = t + 1, 0.0, 0.0, 0.0, 0.0
            continue
        reach = 4 * sd * spread
        value = min(max(zs[t], mean - reach), mean + reach)
        upper, lower = max(0.0, upper + left - 0.5), max(0.0, lower - left - 0.5)
        clipped = min(4.0, max(-4.0, z))
        up, down = max(0.0, up + clipped - 0.5), max(0.0, down - clipped - 0.5)
        if baseline:
            upper = lower = up = down = 0.0
        index[n], values[n], rows[n], counted[n], added[n] = t, value, x, False, False
        spreads = np.sqrt(1 + leverages)
        says[n] = -np.minimum(((zs[t] - means) / (sd * spreads)) ** 2, 16.0) / 2 - np.log(spreads)
        total[n + 1] = total[n] + clipped
        for j in range(n_spans):
            enough = min(n - oldest, HELD) >= spans[j]
            adds[n, j] = (total[n + 1] - total[n + 1 - spans[j]]) ** 2 / spans[j] if enough else np.nan
        history[n] = min(raw * raw, 16 * variance)
        n += 1
        for i in range(max(0, n - HELD - 1), n):
            if max(upper, lower) < 1.5 and not counted[i] and i >= n - HELD - 1:
                counted[i] = True
                votes += says[i]
            if max(up, down) < 1.5 and not added[i]:
                added[i] = True
                for j in range(n_spans):
                    if not math.isnan(adds[i, j]):
                        squares[j] += adds[i, j]
                        counts[j] += 1
        votes -= votes.max()
        regressed(coefficients, inverse, x, value, 1)
        summed += waves[t]
        last[1], last[0] = last[0], value
        levels[:] = fades * levels + (1 - fades) * value
        if t == BASELINE - 1 and math.sqrt(bound(history[:n].sum() / n, n, 2.326)) > 1:
            prior = NO_BELIEF
        if not baseline:
            silent += not trusted
            if tempered:
                variances_by_age(squares, counts, spans, belief, proof, by_age)
            references[t] = t
            logs[t] = 0.0
            start, evidence, best, onset = max(begun, t - 199), 0.0, -1.0, t
            for s in range(start, t + 1):
                one = 0.0
                for c in range(bets.size):
                    bet = bets[c] * references[s] / t
                    logs[s, c] += bet * (z - bet / 2)
                    log = logs[s, c] / by_age[t - s]
                    one += math.exp(log) if log > NEGLIGIBLE else 0.0
                evidence += one
                if one > best:
                    best, onset = one, s
            if math.log(evidence / bets.size) >= threshold:
                if not trusted:
                    begun = t + 1
                else:
                    alarms[n_alarms], resting = t - BASELINE + 1, rest
                    n_alarms += 1
                    cut = n
                    while n and index[n - 1] >= onset:
                        n -= 1
                        if cut - n > HELD:
                            continue
                        regressed(coefficients, inverse, rows[n], values[n], -1)
                        levels[:] = rows[n, n_waves + 2 :]
                        summed -= waves[index[n]]
                        if counted[n]:
                            votes -= says[n]
                        if added[n]:
                            for j in range(n_spans):
                                if not math.isnan(adds[n, j]):
                                    squares[j] -= adds[n, j]
                                    counts[j] -= 1
                    oldest = max(oldest, cut - HELD)
                    continue
        if t == BASELINE - 1 or not trusted:
            kept = max(0, n - HELD)
            trusted = not dependent(values[kept:n] - rows[kept:n] @ (weights @ coefficients))
    return alarms[:n_alarms], silent


def year(world, seed, *, arl, before, length=REPLAYS, **change):
    """Alarms of one deployment's year, and the share of it that might not have paged."""
    hours, zs = world.evidence(np.random.default_rng(seed), BASELINE + length, **change)
    waves = np.array([rhythm.waves_at(float(hour)) for hour in hours])
    sizes, priors, tempered = models(before)
    most = math.inf if before else rhythm.MOST
    threshold = math.log(arl / OVERSHOOT)
    found, silent = watched(
        zs,
        waves,
        sizes,
        priors,
        rhythm.FADES,
        SPANS,
        wander.BELIEF,
        wander.PROOF,
        BETS,
        threshold,
        tempered,
        REST,
        most,
    )
    return found, silent / length


def delays(runs, seed, arl):
    """Print mean delays, cut at 400 replays, where nothing follows anything."""
    print("| shift | before | now |\n|---|---|---|")
    for shift, quiet in ((0.5, 50), (1.0, 50), (2.0, 50), (0.5, 200), (1.0, 200), (2.0, 200), (1.0, 0)):
        cells = []
        for before in (True, False):
            plan = {"arl": arl, "before": before, "length": quiet + 400, "at": BASELINE + quiet, "shift": shift}
            found = [year(YEARS["nothing"], [seed, run], **plan)[0] for run in range(runs)]
            took = np.array([min([*alarms, quiet + 400]) - quiet for alarms in found])
            took = took[took > 0]
            cells.append(f"{took.mean():.1f} ± {took.std() / math.sqrt(took.size):.1f}")
        print(f"| {shift} sd, {quiet} replays after the baseline | {' | '.join(cells)} |", flush=True)


def drifts(runs, seed, arl):
    """Print how many drifts that begin after 1,000 quiet replays are not told within 2,000, and the mean delay, cut there."""
    print("| world, drift | not told: before | now | mean delay: before | now |\n|---|---|---|---|---|")
    for name in ("nothing", "factor 0.3, AR(0.8)", "factor 0.5, AR(0.95)"):
        for shift, over in ((0.7, 1), (1.0, 1), (2.0, 1), (2.0, 500), (3.0, 2000)):
            never, mean = [], []
            for before in (True, False):
                plan = {
                    "arl": arl,
                    "before": before,
                    "length": 3000,
                    "at": BASELINE + 1000,
                    "shift": shift,
                    "over": over,
                }
                found = [year(YEARS[name], [seed, run], **plan)[0] for run in range(runs)]
                took = np.array([min([*alarms[alarms > 1000], 3001]) - 1000 for alarms in found])
                never.append(f"{(took > 2000).mean():.0%}")
                mean.append(f"{took.mean():.0f} ± {took.std() / math.sqrt(runs):.0f}")
            print(f"| {name}: {shift} sd within {over} | {' | '.join([*never, *mean])} |", flush=True)


def check(seed):
    """Hold the compiled watch to the product's parts: 2,500 replays at an ARL of 2,000, two deployments of each world."""
    for name, world in YEARS.items():
        for run in (0, 1):
            found, _ = year(world, [seed, run], arl=2000, before=False, length=2500)
            watch, rng = Watch(taken_off=True, arl=2000, rest=REST), np.random.default_rng([seed, run])
            for hours, z in zip(*world.evidence(rng, BASELINE + 2500), strict=True):
                watch.fold(float(hours), float(z))
            print(
                f"{name}: {found.tolist()}", "as the product" if found.tolist() == watch.told else f"not {watch.told}"
            )


def main():
    """Print a table, or the check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--seed", type=int, default=20256)
    parser.add_argument("--arl", type=float, default=8760.0)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--delays", action="store_true")
    parser.add_argument("--drifts", action="store_true")
    given = parser.parse_args()
    if given.check:
        return check(given.seed)
    if given.delays:
        return delays(given.runs, given.seed, given.arl)
    if given.drifts:
        return drifts(given.runs, given.seed, given.arl)
    return table(given)


def table(given):
    """Print false alarms a year."""
    print("| world | before | now | of these in the first 1,000 replays | may not page |\n|---|---|---|---|---|")
    for name, world in YEARS.items():
        cells = []
        for before in (True, False):
            runs = range(given.runs)
            found = [year(world, [given.seed, run], arl=given.arl, before=before) for run in runs]
            n = np.array([len(alarms) for alarms, _ in found])
            cells.append(f"{n.mean():.2f} ± {n.std() / math.sqrt(given.runs):.2f}")
        early = np.mean([(alarms <= 1000).sum() for alarms, _ in found])
        cells += [f"{early:.2f}", f"{np.mean([silent for _, silent in found]):.1%}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
