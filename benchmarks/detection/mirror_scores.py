"""The mirror's fold for grades and for continuous metrics."""

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
    pearson,
    quantile,
    rates,
    studentised,
    total,
    without_shared_error,
)
from driftwatch.stats.channels import SPREADS
from driftwatch.stats.dense import PARTS
from driftwatch.stats.event_bets import BROKEN, DOUBT_OF_ALL, DOUBT_OF_ONE, TURNED
from driftwatch.stats.rates import FLOOR
from driftwatch.stats.tilts import STRONG, WEAK

SHARES = np.array([part.of_probes or -1.0 for part in PARTS["graded"]])
COLUMNS = np.array([part.bets[0] for part in PARTS["graded"]])
WEIGHT_STEPS, BORROWED_SHARE = 8, 0.25
FAR, CONSISTENT, BORROWED, WEAK_CLIP, STRONG_CLIP = 4.0, 1.2533, 5.0, 2.0, 3.0


@njit(cache=True)
def normal_scores(size):
    """Scores of the doubled mid-ranks in a bag of `size`, on the grid of a sixteenth."""
    table = np.zeros(2 * size + 2)
    for twice in range(2, 2 * size + 2):
        table[twice] = np.rint(quantile(twice / (2 * size + 2)) * 16)
    return table


@njit(cache=True)
def bagged(held, n, x, table, score, size):
    """Score and size of every run of ties in the bag with today's value: how many there are, and which is today's."""
    groups, own, place, i, placed = 0, 0, 0, 0, False
    while i < n or not placed:
        if not placed and (i >= n or x <= held[i]):
            value, many, placed, own = x, 1, True, groups
        else:
            value, many = held[i], 0
        while i < n and held[i] == value:
            many, i = many + 1, i + 1
        first = place
        place += many
        score[groups] = table[first + place + 1] if table.size else value
        size[groups] = many
        groups += 1
    return groups, own


@njit(cache=True)
def tilt(standard, size, groups, out):
    """Means over the bag of the tilts up and down, weak and strong."""
    out[:] = 0.0
    n = 0.0
    for g in range(groups):
        x = standard[g]
        weak = math.exp(WEAK * min(max(x, -WEAK_CLIP), WEAK_CLIP))
        # A strong tilt is the third power of a weak one, but for where that one is clipped.
        strong = weak**3 if abs(x) <= WEAK_CLIP else math.exp(STRONG * min(max(x, -STRONG_CLIP), STRONG_CLIP))
        out[0, 1], out[0, 2] = out[0, 1] + size[g] * weak, out[0, 2] + size[g] / weak
        out[1, 1], out[1, 2] = out[1, 1] + size[g] * strong, out[1, 2] + size[g] / strong
        n += size[g]
    out[:, 1:] /= n


@njit(cache=True)
def compared(held, n, values, table, moments, tilts, score, size, standard):
    """Moments of location (three) and spread of every probe, and its tilts."""
    # What one bag of ranks without ties says, all such bags say: the first of them is `plain`.
    plain, centre, centre_of_plain = -1, 0.0, 0.0
    for k in range(values.size):
        groups, own = bagged(held[k], n, values[k], table, score, size)
        moments[k], tilts[k] = 0.0, 0.0
        if groups < 2:
            continue
        untied = groups == n + 1 and table.size > 0
        if untied and plain >= 0:
            moments[k], tilts[k] = moments[plain], tilts[plain]
        else:
            centre = (score[:groups] * size[:groups]).sum() / (n + 1)
            square, cube, fourth, sixth = 0.0, 0.0, 0.0, 0.0
            for g in range(groups):
                d = score[g] - centre
                square, cube, fourth = square + size[g] * d**2, cube + size[g] * d**3, fourth + size[g] * d**4
            square, cube, fourth = square / (n + 1), cube / (n + 1), fourth / (n + 1)
            moments[k, 1], moments[k, 2] = square, cube
            if fourth - square**2 > 1e-9 * square**2:
                for g in range(groups):
                    sixth += size[g] * ((score[g] - centre) ** 2 - square) ** 3
                moments[k, 4], moments[k, 5] = fourth - square**2, sixth / (n + 1)
            unit = math.sqrt(square)
            for g in range(groups):
                standard[g] = (score[g] - centre) / unit
            tilt(standard, size, groups, tilts[k])
            if untied:
                plain, centre_of_plain = k, centre
        mine = score[own] - (centre_of_plain if untied else centre)
        moments[k, 0] = mine
        moments[k, 3] = mine**2 - moments[k, 1] if moments[k, 4] > 0 else 0.0
        tilts[k, 0, 0] = WEAK * min(max(mine / math.sqrt(moments[k, 1]), -WEAK_CLIP), WEAK_CLIP)
        tilts[k, 1, 0] = STRONG * min(max(mine / math.sqrt(moments[k, 1]), -STRONG_CLIP), STRONG_CLIP)


@njit(cache=True)
def added(moments, graded, sums):
    """Moments over all probes, of grades weighed by their variances; whether any bag varies."""
    sums[:] = 0.0
    of_spread = np.where(moments[:, 4] > 0, moments[:, 1], 0.0)
    usual = (moments[:, 1] ** 2).sum() / max(moments[:, 1].sum(), 1e-300)
    usual_spread = (of_spread**2).sum() / max(of_spread.sum(), 1e-300)
    for k in range(len(moments)):
        if moments[k, 1] == 0:
            continue
        weight, weight_spread = 1.0, 1.0
        if graded:
            weight = max(np.rint(WEIGHT_STEPS / math.sqrt(moments[k, 1] / usual + BORROWED_SHARE)), 1.0)
        for i in range(3):
            sums[i] += moments[k, i] * weight ** (i + 1)
        if moments[k, 4] > 0:
            if graded:
                weight_spread = 1 / (moments[k, 1] / usual_spread + BORROWED_SHARE)
            for i in range(3):
                sums[3 + i] += moments[k, 3 + i] * weight_spread ** (i + 1)
            sums[6] += (moments[k, 4] * weight_spread**2) ** 2
    return sums[1] > 0


@njit(cache=True)
def tilted(tilts, temper, bets):
    """Log bets from the tilts; a strong one is normalised by no less than the mean over the bags."""
    used, up, down = 0, 0.0, 0.0
    for k in range(len(tilts)):
        if tilts[k, 0, 1] > 0:
            used, up, down = used + 1, up + tilts[k, 1, 1], down + tilts[k, 1, 2]
    for k in range(len(tilts)):
        if tilts[k, 0, 1] == 0:
            bets[k] = 0.0
            continue
        bets[k, 0] = temper * (tilts[k, 0, 0] - math.log(tilts[k, 0, 1]))
        bets[k, 1] = temper * (-tilts[k, 0, 0] - math.log(tilts[k, 0, 2]))
        bets[k, 2] = temper * (tilts[k, 1, 0] - math.log(max(tilts[k, 1, 1], up / used)))
        bets[k, 3] = temper * (-tilts[k, 1, 0] - math.log(max(tilts[k, 1, 2], down / used)))


@njit(cache=True)
def events(held, logs, n, values, past, now, centre, scale):
    """Worst and best class (rows 0, 1), and values far below and above (rows 2, 3): among the past, and today.

    Distances are those of logarithms where every value is above zero, else of the values themselves.
    """
    least, most = values.min(), values.max()
    for k in range(values.size):
        least, most = min(least, held[k, 0]), max(most, held[k, n - 1])
    positive = least > 0
    logs = logs if positive else held
    for k in range(values.size):
        own = math.log(values[k]) if positive else values[k]
        at = np.searchsorted(held[k, :n], values[k])
        middle = 0.0
        for place in (n // 2, (n + 1) // 2):
            middle += (logs[k, place] if place < at else (own if place == at else logs[k, place - 1])) / 2
        spread = abs(own - middle)
        for i in range(n):
            spread += abs(logs[k, i] - middle)
        centre[k], scale[k] = middle, CONSISTENT * spread / (n + 1)
    usual = np.median(scale)
    for k in range(values.size):
        reach = FAR * math.sqrt(((n + 1) * scale[k] ** 2 + BORROWED * usual**2) / (n + 1 + BORROWED))
        low, high, own = centre[k] - reach, centre[k] + reach, held[k, :n]
        if positive:
            low, high = math.exp(low), math.exp(high)
        past[0, k] = np.searchsorted(own, least, side="right")
        past[1, k] = n - np.searchsorted(own, most)
        past[2, k] = np.searchsorted(own, low)
        past[3, k] = n - np.searchsorted(own, high, side="right")
        now[0, k], now[1, k] = values[k] == least, values[k] == most
        now[2, k], now[3, k] = values[k] < low, values[k] > high


@njit(cache=True)
def bet(past, now, n, chances, fixed, temper, bank, single, pooled):
    """Feed the bets on turned answers of one side, and those on one probe where `single` has room."""
    raised = 1 + DOUBT_OF_ALL * fixed / math.sqrt(past.sum() + 1)
    of_all = (past.sum() + 1) / max(past.size * n, 1)
    for j in range(TURNED.size):
        e, log = TURNED[j], 0.0
        for k in range(past.size):
            q = min(chances[k], of_all) if pooled and past[k] == 0 else chances[k]
            q = min(q * raised, 1 - FLOOR)
            log += math.log((q + e * (1 - q)) / q) if now[k] else math.log1p(-e)
        bank[j] = add(0.0, bank[j]) + temper * log
    for k in range(single.size):
        q = min(chances[k] + DOUBT_OF_ONE * fixed * math.sqrt(chances[k] * (1 - chances[k]) / (n + 1)), 1 - FLOOR)
        if q <= BROKEN / 2:
            log = math.log(BROKEN / q) if now[k] else math.log((1 - BROKEN) / (1 - q))
            single[k] = add(0.0, single[k]) + temper * log


@njit(cache=True)
def fold(values, baseline, graded, weights, shares, stop):  # noqa: C901 -- one loop over replays, compiled as a whole
    replays, probes = values.shape
    out, room = np.full(replays - baseline, np.nan), max(CAP, baseline) + 2
    held, in_logs, table = np.zeros((probes, room)), np.zeros((probes, room)), np.zeros(0)
    score, size, standard = np.zeros(room), np.zeros(room), np.zeros(room)
    moments = np.zeros((probes, 6))
    sums, tilts, bets = np.zeros(7), np.zeros((probes, 2, 3)), np.zeros((probes, 4))
    past, now, before = (
        np.zeros((4, probes), np.int64),
        np.zeros((4, probes), np.int64),
        np.zeros((4, probes), np.int64),
    )
    chances, known = np.zeros((4, probes)), 0  # of the values in the bags that were rated last
    centre, scale, squares = np.zeros(probes), np.zeros(probes), np.zeros(200)
    logs, lengths, starts_held = np.zeros((WINDOW, SHIFTS.size)), np.zeros(WINDOW), 0
    ratios, starts, kept = np.ones((OLDEST, probes, 4)), np.zeros(OLDEST, np.int64), 0
    wide, bank = np.full(SPREADS.size, NOTHING), np.full((4, TURNED.size), NOTHING)
    single, nobody = np.full((2, probes), NOTHING), np.zeros(0)
    n, seen, count, shared, shared_spread, updates = 0, 0, 0, 0.0, 0.0, 0
    raw_squares, prior, reached = 0.0, PRIOR, 0.0
    for t in range(replays):
        speaks, has_spread, z, spread, evidence, inflation = False, False, 0.0, 0.0, 0.0, 1.0
        if n:
            if not graded and table.size != 2 * n + 4:
                table = normal_scores(n + 1)
            compared(held, n, values[t], table, moments, tilts, score, size, standard)
            speaks = added(moments, graded, sums)
        if speaks:
            z = pearson(sums[0] / math.sqrt(sums[1]), sums[2] / sums[1] ** 1.5)
            has_spread = sums[4] > 0 and sums[4] ** 2 / sums[6] >= 10
            spread = pearson(sums[3] / math.sqrt(sums[4]), sums[5] / sums[4] ** 1.5) if has_spread else 0.0
            raw = without_shared_error(z, shared, count, n)
            evidence, inflation = studentised(raw, squares, seen, prior)
            seen += 1
        if t < baseline:
            raw_squares += z * z
            if t == baseline - 1 and dispersed(raw_squares, seen):
                prior = 2.0
        else:
            if speaks:
                fixed, temper = math.sqrt(count / (n + count)), 1 / inflation**2
                starts_held, located_now = located(logs, lengths, starts_held, n + count, evidence, shares)
                if has_spread:
                    own = without_shared_error(spread, shared_spread, count, n)
                    for j in range(SPREADS.size):
                        wide[j] = add(0.0, wide[j]) + temper * (SPREADS[j] * own - SPREADS[j] ** 2 / 2)
                events(held, in_logs, n, values[t], past, now, centre, scale)
                for side in range(0 if graded else 2, 4):
                    if n != known or (past[side] != before[side]).any():
                        rates(past[side], n, chances[side])
                    one = single[side - 2] if side >= 2 else nobody
                    bet(past[side], now[side], n, chances[side], fixed, temper, bank[side], one, not graded)
                before[:] = past
                known = n
                tilted(tilts, temper, bets)
                kept, some = moved(ratios, starts, kept, bets, updates, SHARES, COLUMNS, True)
                updates += 1
                sides = math.log(2 * TURNED.size)
                reached = add(
                    add(
                        weights[0] + math.log(located_now),
                        weights[1] + total(wide) - math.log(SPREADS.size),
                    ),
                    add(
                        add(
                            (weights[3] + total(bank[:2].ravel()) - sides) if graded else NOTHING,
                            weights[4] + total(bank[2:].ravel()) - sides,
                        ),
                        add(weights[5] + total(single.ravel()) - math.log(2 * probes), weights[6] + some),
                    ),
                )
            out[t - baseline] = max(0.0, reached)
            if reached >= stop:
                break
        if n < max(CAP, baseline if t < baseline else 0):
            for k in range(probes):
                i = n
                while i > 0 and held[k, i - 1] > values[t, k]:
                    held[k, i], in_logs[k, i] = held[k, i - 1], in_logs[k, i - 1]
                    i -= 1
                held[k, i], in_logs[k, i] = values[t, k], (math.log(values[t, k]) if values[t, k] > 0 else 0.0)
            n += 1
        elif speaks:
            shared, shared_spread, count = shared + z, shared_spread + spread, count + 1
    return out
