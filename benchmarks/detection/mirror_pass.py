"""The mirror's fold for pass/fail."""

import math

import numpy as np
from numba import njit

from benchmarks.detection.mirror import (
    CAP,
    NOTHING,
    OLDEST,
    PRIOR,
    SHIFTS,
    WINDOW,
    add,
    dispersed,
    located,
    moved,
    quantile,
    rates,
    studentised,
    total,
    without_shared_error,
)
from driftwatch.stats.dense import PARTS
from driftwatch.stats.event_bets import BROKEN, DOUBT_OF_ONE, FLAKY, MOST_TILT, ODDS, SOME_ODDS, TURNED
from driftwatch.stats.rates import FLOOR

SHARES = np.array([part.of_probes for part in PARTS["binary"]])
COLUMNS = np.array([part.bets[0] for part in PARTS["binary"]])


@njit(cache=True)
def score(fails, n, failed, law, uniform):
    """Exact normal score of today's passes, randomised once; 0 and False where no bag varies."""
    law[:] = 0.0
    law[0] = 1.0
    size, passes, mean = 0, 0, 0.0
    for k in range(fails.size):
        bag = fails[k] + failed[k]
        if 0 < bag < n + 1:
            chance = 1 - bag / (n + 1)
            for i in range(size + 1, 0, -1):
                law[i] = law[i] * (1 - chance) + law[i - 1] * chance
            law[0] *= 1 - chance
            size, passes, mean = size + 1, passes + 1 - failed[k], mean + chance
    if size == 0:
        return 0.0, False
    own = uniform * law[passes]
    if passes >= mean:
        return -quantile(law[passes + 1 : size + 1].sum() + own), True
    return quantile(law[:passes].sum() + own), True


@njit(cache=True)
def bet(fails, n, failed, chances, fixed, shared, temper, common, single, each):
    """Log bets of one replay on all probes (odds, flaky, rare), on one and on some."""
    common[:] = 0.0
    odds, flaky, spread = ODDS.size, FLAKY.size, math.sqrt((chances * (1 - chances)).sum())
    ratio = math.exp(min(max(-shared / spread, -MOST_TILT), MOST_TILT))
    for k in range(fails.size):
        known, now = chances[k], failed[k] == 1
        if shared != 0.0:
            known = max(ratio * known / (1 - known + ratio * known), FLOOR)
        q = min(known, 1 - FLOOR)
        for j in range(odds):
            common[j] += (ODDS[j] if now else 0.0) - math.log1p(q * math.expm1(ODDS[j]))
        for j in range(TURNED.size):
            e = TURNED[j]
            common[odds + flaky + j] += math.log((q + e * (1 - q)) / q) if now else math.log1p(-e)
        if fails[k] > 0:
            least = (fails[k] + 1) / (n + 2)
            q = min(max(q, ratio * least / (1 - least + ratio * least)), 1 - FLOOR)
            for j in range(flaky):
                e = FLAKY[j]
                common[odds + j] += math.log((q + e * (1 - q)) / q) if now else math.log1p(-e)
        q = min(known + DOUBT_OF_ONE * fixed * math.sqrt(known * (1 - known) / (n + 1)), 1 - FLOOR)
        if q <= BROKEN / 2:
            log = math.log(BROKEN / q) if now else math.log((1 - BROKEN) / (1 - q))
            single[k] = add(0.0, single[k]) + temper * log
        for j in range(SOME_ODDS.size):
            each[k, j] = temper * ((SOME_ODDS[j] if now else 0.0) - math.log1p(q * math.expm1(SOME_ODDS[j])))
    common *= temper


@njit(cache=True)
def fold(values, baseline, weights, shares, stop, uniforms):  # noqa: C901 -- one loop over replays, compiled as a whole
    replays, probes = values.shape
    out = np.full(replays - baseline, np.nan)
    fails, failed, chances = np.zeros(probes, np.int64), np.zeros(probes, np.int64), np.zeros(probes)
    law, squares = np.zeros(probes + 1), np.zeros(200)
    logs, lengths, held = np.zeros((WINDOW, SHIFTS.size)), np.zeros(WINDOW), 0
    ratios, starts, kept = np.ones((OLDEST, probes, SOME_ODDS.size)), np.zeros(OLDEST, np.int64), 0
    both = ODDS.size + FLAKY.size
    common, single = np.zeros(both + TURNED.size), np.full(probes, NOTHING)
    bank, each = np.full(common.size, NOTHING), np.zeros((probes, SOME_ODDS.size))
    n, seen, count, past, raw_squares, prior, updates, reached = 0, 0, 0, 0.0, 0.0, PRIOR, 0, 0.0
    known = 0  # values in the bags that the rates are of
    for t in range(replays):
        failed[:] = 1 - values[t]
        z, speaks = score(fails, n, failed, law, uniforms[t]) if n else (0.0, False)
        evidence, inflation = 0.0, 1.0
        if speaks:
            raw = without_shared_error(z, past, count, n)
            evidence, inflation = studentised(raw, squares, seen, prior)
            seen += 1
        if t < baseline:
            raw_squares += z * z
            if t == baseline - 1 and dispersed(raw_squares, seen):
                prior = 2.0
        else:
            if speaks:
                fixed = math.sqrt(count / (n + count))
                temper = 1 / inflation**2
                held, located_now = located(logs, lengths, held, n + count, evidence, shares)
                if n != known:
                    rates(fails, n, chances)
                    known = n
                bet(fails, n, failed, chances, fixed, past / (n + count), temper, common, single, each)
                for j in range(bank.size):
                    bank[j] = add(0.0, bank[j]) + common[j]
                kept, some = moved(ratios, starts, kept, each, updates, SHARES, COLUMNS, False)
                updates += 1
                reached = add(
                    add(
                        weights[0] + math.log(located_now),
                        weights[2] + total(bank[:both]) - math.log(both),
                    ),
                    add(
                        weights[3] + total(bank[both:]) - math.log(TURNED.size),
                        add(weights[5] + total(single) - math.log(probes), weights[6] + some),
                    ),
                )
            out[t - baseline] = max(0.0, reached)
            if reached >= stop:
                break
        if n < max(CAP, baseline if t < baseline else 0):
            fails += failed
            n += 1
        elif speaks:
            past += z
            count += 1
    return out
