"""The mixture of `StreamDetector`, one deployment at a time and compiled: the same statistic, several times as fast (SPEED.md).

Nothing of the product runs here but its constants, so its check holds it to the product on the benchmark's own streams:
`python -m benchmarks.detection.mirror`, by a python with what mirror.txt names. One answer per probe and
replay, none missing, no alarm ever latched; lattices are approximated by Pearson's type III law except for pass/fail.
"""

import hashlib
import math

import numpy as np
from numba import njit

from driftwatch.stats.channel_mixture import SHARES, WEIGHTS
from driftwatch.stats.mixture import SHIFTS as SIZES
from driftwatch.stats.rates import FLOOR

KINDS = {"pass": "binary", "judge": "graded", "length": "continuous"}
SHIFTS = np.array([s * b for b in SIZES for s in (1, -1)])
LOGITS = np.linspace(math.log(FLOOR / (1 - FLOOR)), -math.log(FLOOR / (1 - FLOOR)), 33)
RATES = 1 / (1 + np.exp(-LOGITS))
LOG_RATES, LOG_RESTS = np.log(RATES), np.log1p(-RATES)
CAP, WINDOW, HISTORY, OLDEST, PRIOR = 200, 200, 200, 48, 20.0
NOTHING = -1e300


@njit(cache=True)
def add(a, b):
    """Logarithm of the sum of two numbers given by theirs."""
    return a + math.log1p(math.exp(b - a)) if a > b else b + math.log1p(math.exp(a - b))


@njit(cache=True)
def total(logs):
    most = NOTHING
    for x in logs:
        most = max(most, x)
    if most == NOTHING:
        return most
    s = 0.0
    for x in logs:
        s += math.exp(x - most)
    return most + math.log(s)


@njit(cache=True)
def quantile(p):
    """Normal quantile: bisection, then Newton's steps."""
    if p <= 1e-300:
        return -38.0
    if p > 0.5:
        return -quantile(1 - p) if p < 1 else 38.0
    low, high = -38.0, 0.0
    for _ in range(14):
        x = (low + high) / 2
        if math.erfc(-x / math.sqrt(2.0)) / 2 < p:
            low = x
        else:
            high = x
    x = (low + high) / 2
    for _ in range(3):
        tail = math.erfc(-x / math.sqrt(2.0)) / 2
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        x -= (math.log(tail) - math.log(p)) * tail / density
    return x


@njit(cache=True)
def pearson(z, skewness):
    if abs(skewness) < 1e-4:
        return z
    x = skewness * z / 2 + 1
    root = abs(x) ** (1 / 3)
    root = root if x > 0 else -root
    return 6 / skewness * (root - 1) + skewness / 6


@njit(cache=True)
def studentised(z, squares, seen, prior):
    """Normal score by Wallace's approximation of the t law, and the spread that the past supports; remembers `z`."""
    held = min(seen, HISTORY)
    degrees = held + prior
    variance = (squares[:held].sum() + prior) / degrees
    squares[seen % HISTORY] = min(z * z, 16 * variance)
    score = math.sqrt(degrees * math.log1p(z * z / variance / degrees)) * (8 * degrees + 1) / (8 * degrees + 3)
    bound = variance / (1 - 2 / (9 * degrees) + 2.326 * math.sqrt(2 / (9 * degrees))) ** 3
    return (score if z >= 0 else -score), math.sqrt(max(1.0, bound))


@njit(cache=True)
def dispersed(squares, n):
    """Whether a chi-square of `n` degrees is beyond its 1 % point (Wilson and Hilferty)."""
    return n >= 8 and ((squares / n) ** (1 / 3) - (1 - 2 / (9 * n))) / math.sqrt(2 / (9 * n)) > 2.326


@njit(cache=True)
def without_shared_error(z, past, count, length):
    if count == 0:
        return z
    return (z - past / (length + count)) / math.sqrt(1 - count / ((length + 1) * (length + count)))


@njit(cache=True)
def rates(past, n, out):  # noqa: C901 -- loops in place of arrays: compiled, they need no memory
    """`empirical_bayes_rates` where every probe gave `n` answers."""
    held = np.bincount(past, minlength=n + 1)
    counts = np.flatnonzero(held)
    like = np.empty((counts.size, RATES.size))
    for i in range(counts.size):
        most = NOTHING
        for j in range(RATES.size):
            like[i, j] = counts[i] * LOG_RATES[j] + (n - counts[i]) * LOG_RESTS[j]
            most = max(most, like[i, j])
        for j in range(RATES.size):
            like[i, j] = math.exp(like[i, j] - most)
    prior, grown = np.full(RATES.size, 1 / RATES.size), np.empty(RATES.size)
    for _ in range(12):
        grown[:] = 0.0
        for i in range(counts.size):
            joint = 0.0
            for j in range(RATES.size):
                joint += like[i, j] * prior[j]
            share = held[counts[i]] / past.size / joint
            for j in range(RATES.size):
                grown[j] += like[i, j] * share
        for j in range(RATES.size):
            prior[j] *= grown[j]
    chance = np.zeros(n + 1)
    for i in range(counts.size):
        joint, mean = 0.0, 0.0
        for j in range(RATES.size):
            joint += like[i, j] * prior[j]
            mean += like[i, j] * prior[j] * RATES[j]
        chance[counts[i]] = mean / joint
    for k in range(past.size):
        out[k] = chance[past[k]]


@njit(cache=True)
def located(ratios, lengths, held, length, z, shares):
    """Feed the location channel, as plain ratios; starts held, and their sum over starts, each bet by its share.

    A bet of twice the size has the square of one factor and the fourth power of the other: two exponentials a start.
    """
    if held == WINDOW:
        for i in range(WINDOW - 1):
            ratios[i] = ratios[i + 1]
            lengths[i] = lengths[i + 1]
        held -= 1
    ratios[held] = 1.0
    lengths[held] = length
    whole = 0.0
    for i in range(held + 1):
        least = SHIFTS[0] * lengths[i] / length
        up, both = math.exp(least * z), math.exp(-least * least / 2)
        for j in range(0, SHIFTS.size, 2):
            for side in range(2):
                own = ratios[i, j + side] * (both * up if side == 0 else both / up)
                own = own if own > 1e-200 else 0.0
                ratios[i, j + side] = own
                whole += own * shares[j]
            up, both = up * up, both**4
    return held + 1, whole


@njit(cache=True)
def moved(ratios, starts, held, bets, now, shares, columns, pairs):
    """Feed the dense channel; starts held, and the logarithm of its mean over the parts."""
    probes, columns_of = bets.shape
    gained = np.exp(bets)
    ratios[held] = 1.0
    starts[held] = now
    kept = 0
    for s in range(held + 1):
        age = now - starts[s]
        step = max(1, 2 ** math.floor(math.log2(age / 4))) if age >= 4 else 1
        if age < OLDEST and starts[s] % step == 0:
            for k in range(probes):
                for j in range(columns_of):
                    ratios[kept, k, j] = ratios[s, k, j] * gained[k, j]
            starts[kept] = starts[s]
            kept += 1
    whole = NOTHING
    for part in range(shares.size):
        share = shares[part] if shares[part] > 0 else 1 / probes
        column = columns[part]
        for s in range(kept):
            log, product = 0.0, 1.0
            for k in range(probes):
                own = ratios[s, k, column]
                if pairs:
                    own = (own + ratios[s, k, column + 1]) / 2
                product *= 1 - share + share * own
                if k % 4 == 3 and (product > 1e50 or product < 1e-50):
                    log += math.log(max(product, 1e-300))
                    product = 1.0
            whole = add(whole, log + math.log(product))
    return kept, whole - math.log(shares.size)


def statistic(family: str, values: np.ndarray, baseline: int, stop: float, uniforms: np.ndarray) -> np.ndarray:
    """The mixture's statistic after each monitored replay, NaN behind the first that reaches `stop`.

    `uniforms` break the lattice of each replay's passes, where the product takes them from the replay's key.
    """
    from benchmarks.detection import mirror_pass, mirror_scores  # they build on this module

    kind = KINDS[family]
    channels = ("location", "scale", "odds", "rare", "far", "single", "dense")
    weights = np.log([WEIGHTS[kind].get(name, 1e-300) for name in channels])
    shares = np.repeat(SHARES[kind], 2) / 2
    values = np.ascontiguousarray(values, dtype=float)
    if kind == "binary":
        return mirror_pass.fold(values, baseline, weights, shares, stop, uniforms)
    return mirror_scores.fold(values, baseline, kind == "graded", weights, shares, stop)


def check(replays: int = 330) -> None:
    """Print the largest difference to the product on the first null stream of each family, past a full reference."""
    from benchmarks.detection.ours import SETTINGS
    from benchmarks.detection.scenarios import BASELINE, null_deployments, null_scenario
    from driftwatch.stats.stream import ReplayValues, StreamDetector

    for family in KINDS:
        values = null_deployments(null_scenario(family), 1)[0][1][:replays].astype(float)
        detector = StreamDetector(baseline_replays=BASELINE, arl=1e8, **SETTINGS[family])
        state, product, uniforms = detector.start(), [], np.empty(replays)
        for i, row in enumerate(values.tolist()):
            replay = ReplayValues(key=f"{i}", values={f"p{k:02}": (v,) for k, v in enumerate(row)})
            seed = int.from_bytes(hashlib.sha256(replay.key.encode()).digest()[:16])
            uniforms[i] = np.random.default_rng(seed).random()
            state = detector.update(state, replay)
            if i >= BASELINE:
                product.append(detector.read(state).charts["mixture"].statistic)
        difference = np.abs(statistic(family, values, BASELINE, 50.0, uniforms) - product)
        print(
            f"{family}: differs by at most {difference.max():.3f}, on average {difference.mean():.4f}, of {max(product):.2f}"
        )


if __name__ == "__main__":
    check()
