"""Novelty and unseen texts, scored against which reference: `python benchmarks/detection/text.py arl|error|delay`.

An answer is a vector of words, one per slot of the probe's template; each word of a slot has trigrams of its
own, so that the Jaccard distance of two answers is exact arithmetic on the slots in which they agree.
"""

import argparse
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from driftwatch.stats.calibrate import cusum_threshold
from driftwatch.stats.cusum import Cusum
from driftwatch.stats.dispersion import exchangeability_failure
from driftwatch.stats.exchangeable import compare
from driftwatch.stats.run_length import RunLength, censored_arl
from driftwatch.stats.stream import ReplayValues, StreamDetector

SLOTS = 14
FRESH = 1 << 20  # words from here on are said once
KIND = {"novelty": "continuous", "nearest": "continuous", "unseen": "binary"}
RARITY = {"value": "graded", "rank": "continuous"}
Texts = np.ndarray  # of int64, shape (..., n_probes, SLOTS)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """The law of every probe's answer: variants with weights, and a share of texts never said before."""

    variants: Texts  # (n_variants, n_probes, SLOTS)
    weights: np.ndarray  # (n_probes, n_variants)
    fresh: np.ndarray  # (n_probes,)

    @classmethod
    def draw(cls, rng: np.random.Generator, probes: int) -> "Vendor":
        """3 to 30 variants with Zipf weights; a fifth of the probes always say the same, a fifth often a new text."""
        template = rng.integers(5, size=(probes, SLOTS))
        variants = swapped(rng, np.broadcast_to(template, (30, probes, SLOTS)), 1, 5, words=6)
        known = np.where(rng.random(probes) < 0.2, 1, rng.integers(3, 31, probes))
        rank = np.arange(30)
        zipf = (rank + 1.0) ** -rng.uniform(0.8, 2.0, probes)[:, None] * (rank < known[:, None])
        fresh = np.where((rng.random(probes) < 0.25) & (known > 1), rng.uniform(0.05, 1.0, probes), 0.0)
        return cls(variants=variants, weights=zipf / zipf.sum(axis=1, keepdims=True), fresh=fresh)

    def say(self, rng: np.random.Generator, replays: int) -> Texts:
        """Return answers, shape (n_replays, n_probes, SLOTS)."""
        probes = len(self.fresh)
        point = rng.random((replays, probes, 1))
        chosen = (point > self.weights.cumsum(axis=1)).sum(axis=2).clip(max=29)
        said = self.variants[chosen, np.arange(probes)]
        new = swapped(rng, said, 1, 5, words=None)
        return np.where(rng.random((replays, probes, 1)) < self.fresh[:, None], new, said)


def swapped(rng: np.random.Generator, texts: Texts, least: int, most: int, words: int | None) -> Texts:
    """Put another word into `least` to `most` slots; one never said before if `words` is None."""
    order = rng.random(texts.shape).argsort(axis=-1)
    chosen = order < rng.integers(least, most + 1, texts.shape[:-1])[..., None]
    low, high = (FRESH, 1 << 60) if words is None else (0, words)
    return np.where(chosen, rng.integers(low, high, texts.shape), texts)


# -- what happens behind the endpoint: the answers from the change on -------------------------------


def swap(vendor: Vendor, rng: np.random.Generator, replays: int) -> Texts:
    """Another model: the same template, other variants."""
    return Vendor.draw(rng, len(vendor.fresh)).say(rng, replays)


def mixture(vendor: Vendor, rng: np.random.Generator, replays: int) -> Texts:
    """16 % of answers come from another model."""
    other = rng.random((replays, len(vendor.fresh), 1)) < 0.16
    return np.where(other, cousin(vendor, rng).say(rng, replays), vendor.say(rng, replays))


def cousin(vendor: Vendor, rng: np.random.Generator) -> Vendor:
    """A model that phrases the same answers a little differently: half of its variants are the old ones'."""
    mine = swapped(rng, vendor.variants, 1, 3, words=6)
    kept = rng.random(mine.shape[:2]) < 0.5
    return Vendor(variants=np.where(kept[..., None], vendor.variants, mine), weights=vendor.weights, fresh=vendor.fresh)


def never_seen(vendor: Vendor, rng: np.random.Generator, replays: int) -> Texts:
    """5 % of answers are texts never said before."""
    said = vendor.say(rng, replays)
    return np.where(rng.random((*said.shape[:2], 1)) < 0.05, swapped(rng, said, 2, 6, words=None), said)


def stack(vendor: Vendor, rng: np.random.Generator, replays: int) -> Texts:
    """The same weights on another serving stack: the variants stay, their odds change by a factor of about 2."""
    odds = vendor.weights * np.exp(rng.normal(0, 0.7, vendor.weights.shape))
    moved = Vendor(variants=vendor.variants, weights=odds / odds.sum(axis=1, keepdims=True), fresh=vendor.fresh)
    return moved.say(rng, replays)


CHANGES: dict[str, Callable[[Vendor, np.random.Generator, int], Texts]] = {
    "full swap": swap,
    "16 % from a cousin": mixture,
    "5 % never seen": never_seen,
    "other stack": stack,
}


# -- scores ----------------------------------------------------------------------------------------


def distances(texts: Texts, reference: Texts, sizes: np.ndarray) -> np.ndarray:
    """Trigram distances, shape (n_replays, n_reference, n_probes)."""
    shared = np.zeros((len(texts), len(reference), texts.shape[1]))
    for slot in range(SLOTS):
        shared += (texts[:, None, :, slot] == reference[None, :, :, slot]) * sizes[:, slot]
    return 1 - shared / (2 * sizes.sum(axis=1) - shared)


def reduce_to(metric: str, apart: np.ndarray) -> np.ndarray:
    """One number per answer, shape (n_replays, n_probes)."""
    if metric == "novelty":
        return apart.mean(axis=1).round(9)
    nearest = apart.min(axis=1).round(9)
    return nearest if metric == "nearest" else (nearest > 0).astype(float)


def growing(metric: str, texts: Texts, sizes: np.ndarray, limit: int) -> np.ndarray:
    """Until 2026-11: against the earlier answers, at most the first `limit`; the first answer has no score."""
    apart = distances(texts, texts[:limit], sizes)
    early = [reduce_to(metric, apart[n : n + 1, :n]) for n in range(1, limit)]
    return np.concatenate([*early, reduce_to(metric, apart[limit:])])


def split(metric: str, texts: Texts, sizes: np.ndarray, limit: int) -> np.ndarray:
    """Against the first `limit` answers, which have no score themselves."""
    return reduce_to(metric, distances(texts[limit:], texts[:limit], sizes))


# -- the engine on them ------------------------------------------------------------------------------


def folded(detector: StreamDetector, scores: np.ndarray, salt: str) -> int | None:
    """Index of the score at which the detector alarms."""
    state = detector.start()
    for i, row in enumerate(scores):
        values = {f"p{k:03}": (float(value),) for k, value in enumerate(row)}
        state = detector.update(state, ReplayValues(key=f"{salt}-{i}", values=values))
        if state.latch is not None:
            return i
    return None


def z_of_split(metric: str, apart: np.ndarray, limit: int, uniforms: np.ndarray) -> list[float]:
    """Sequential Z of every replay after the reference texts, against all earlier scores."""
    scores = reduce_to(metric, apart[limit:, :limit])
    return _z(((scores[: i + 1]) for i in range(2, len(scores))), KIND[metric], uniforms)


def z_of_leave_one_out(metric: str, apart: np.ndarray, uniforms: np.ndarray) -> list[float]:
    """Sequential Z where every member of the bag is scored anew against all others of the bag."""
    own = np.eye(len(apart), dtype=bool)[:, :, None]
    if metric == "novelty":
        bags = (apart[: i + 1, : i + 1].sum(axis=1).round(6) / i for i in range(2, len(apart)))
    else:
        others = np.where(own, np.inf, apart)
        bags = (reduce_to(metric, others[: i + 1, : i + 1]) for i in range(2, len(apart)))
    return _z(bags, KIND[metric], uniforms)


def z_of_rarity(kind: str, apart: np.ndarray, uniforms: np.ndarray) -> list[float]:
    """Sequential Z of how seldom each text of the bag was said in the bag: minus the log of its count."""
    same = apart == 0
    bags = (-np.log(same[: i + 1, : i + 1].sum(axis=1)) for i in range(2, len(apart)))
    return _z(bags, kind, uniforms)


def _z(bags: Iterable[np.ndarray], kind: str, uniforms: np.ndarray) -> list[float]:
    """Z of the last row of every bag against its other rows; 0 for the first two replays."""
    return [
        0.0,
        0.0,
        *(compare(b[:-1].T, b[-1][:, None], kind, u).z or 0.0 for b, u in zip(bags, uniforms[2:], strict=False)),
    ]


def cusum_alarm(zs: list[float], begin: int, chart: Cusum) -> int | None:
    """Index of the first alarm of a CUSUM that watches from `begin` on."""
    state = chart.start()
    for i, z in enumerate(zs[begin:], begin):
        state = chart.update(state, z)
        if chart.read(state).alarm:
            return i
    return None


def deployment(seed: list[int], probes: int) -> tuple[np.random.Generator, Vendor, np.ndarray]:
    """A golden set of its own."""
    rng = np.random.default_rng(seed)
    return rng, Vendor.draw(rng, probes), rng.integers(3, 10, (probes, SLOTS)).astype(float)


def in_control(way: str, metric: str, baseline: int, limit: int, given: argparse.Namespace) -> RunLength:
    """ARL of the whole stream detector, in monitored replays, cut at twice the nominal ARL."""
    lengths, alarmed = [], []
    horizon = int(2 * given.arl)
    for run in range(given.runs):
        rng, vendor, sizes = deployment([given.seed, run, baseline], given.probes)
        texts = vendor.say(rng, baseline + horizon)
        if way == "growing":
            scores, learning = growing(metric, texts, sizes, limit), baseline
        else:
            scores, learning = split(metric, texts, sizes, limit), baseline - limit
        detector = StreamDetector(baseline_replays=learning, arl=given.arl, kind=KIND[metric])
        alarm = folded(detector, scores[: learning + horizon], f"{given.seed}-{run}")
        lengths.append(horizon if alarm is None else alarm + 1 - learning)
        alarmed.append(alarm is not None)
    return censored_arl(lengths, alarmed)


def arl_table(given: argparse.Namespace) -> None:
    """Print the in-control ARL of each way of scoring."""
    for metric in given.metrics:
        for baseline in given.baselines:
            for way in given.ways:
                limit = min(24, baseline) if way == "growing" else baseline // 2
                found = in_control(way, metric, baseline, limit, given)
                print(f"{metric} baseline {baseline} {way}: {found.arl:.0f} +- {found.standard_error:.0f}", flush=True)


def zs_by_way(apart: np.ndarray, uniforms: np.ndarray, limits: Sequence[int]) -> dict[str, tuple[int, list[float]]]:
    """Return, by way of scoring, how many replays are left out and the Z of the others."""
    ways = {f"rarity, by {name}": (0, z_of_rarity(kind, apart, uniforms)) for name, kind in RARITY.items()}
    for metric in ("novelty", "unseen"):
        ways[f"{metric}, leave-one-out"] = 0, z_of_leave_one_out(metric, apart, uniforms)
        for limit in limits:
            ways[f"{metric}, split {limit}"] = limit, z_of_split(metric, apart, limit, uniforms)
    return ways


def delay_table(given: argparse.Namespace) -> None:
    """Print the mean delay of a CUSUM on Z, change `after` replays past the baseline, by way of scoring."""
    chart = Cusum(threshold=cusum_threshold(arl=given.arl))
    for baseline, after in product(given.baselines, given.after):
        limits = (baseline // 3, baseline // 2, 2 * baseline // 3)
        for name, change in CHANGES.items():
            found: dict[str, list[float]] = {}
            for run in range(given.runs):
                rng, vendor, sizes = deployment([given.seed, run, baseline, after], given.probes)
                texts = np.concatenate([vendor.say(rng, baseline + after), change(vendor, rng, given.horizon)])
                ways = zs_by_way(distances(texts, texts, sizes), rng.random(len(texts)), limits)
                for way, (limit, zs) in ways.items():
                    alarm = cusum_alarm(zs, baseline - limit, chart)
                    delay = given.horizon if alarm is None else alarm + 1 + limit - baseline - after
                    if delay > 0:
                        found.setdefault(way, []).append(float(delay))
            for way, d in found.items():
                cell = f"{np.mean(d):.1f} +- {np.std(d) / len(d) ** 0.5:.1f} ({len(d)})"
                print(f"baseline {baseline}, {after} later, {name}, {way}: {cell}", flush=True)


def shared_error_table(given: argparse.Namespace) -> None:
    """Print the mean Z of the first 50 monitored replays, its spread over deployments, and how many lack trust.

    Independent standard normal Z have a mean of 0 and, times the square root of 50, a spread of 1.
    """
    for metric, baseline, way in product(given.metrics, given.baselines, given.ways):
        means, distrusted = [], 0
        for run in range(given.runs):
            rng, vendor, sizes = deployment([given.seed, run, baseline], given.probes)
            texts, uniforms = vendor.say(rng, baseline + 50), rng.random(baseline + 50)
            scores = (
                growing(metric, texts, sizes, min(24, baseline))
                if way == "growing"
                else split(metric, texts, sizes, baseline // 2)
            )
            zs = _z((scores[: i + 1] for i in range(2, len(scores))), KIND[metric], uniforms)
            means.append(np.mean(zs[-50:]))
            distrusted += exchangeability_failure(np.array(zs[2:-50]), studentise=True) is not None
        spread = np.std(means) * 50**0.5
        error = np.std(means) / len(means) ** 0.5
        print(
            f"{metric} baseline {baseline} {way}: mean Z {np.mean(means):+.3f} +- {error:.3f}, "
            f"spread {spread:.2f}, not trusted {distrusted} of {given.runs}",
            flush=True,
        )


def main() -> None:
    """Print the table asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=["arl", "delay", "error"])
    parser.add_argument("--arl", type=float, default=500)
    parser.add_argument("--metrics", nargs="+", default=["novelty", "unseen"], choices=list(KIND))
    parser.add_argument("--ways", nargs="+", default=["growing", "split"], choices=["growing", "split"])
    parser.add_argument("--baselines", nargs="+", type=int, default=[24, 30])
    parser.add_argument("--after", nargs="+", type=int, default=[0, 50])
    parser.add_argument("--horizon", type=int, default=100)
    parser.add_argument("--probes", type=int, default=40)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=20253)
    given = parser.parse_args()
    {"arl": arl_table, "delay": delay_table, "error": shared_error_table}[given.table](given)


if __name__ == "__main__":
    main()
