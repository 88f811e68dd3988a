"""What a baseline tells of the probes, for a rival who was told how laws of this kind look and bets as in told.py.

A parametric Bayesian: it knows the family of the laws, from which population the probes are drawn, and that they are
independent, and promises nothing where that is not so. At each start it has the posterior of every probe of all
replays before; of latencies also that of the daily wave. Evidence of a shift counts n / (n + m) after m replays, which
is exact for normal answers: the reference's error is in every one of them. Rare answers are doubted one by one instead.
`python -m benchmarks.detection.learned` says how often it alarms falsely where lengths have heavier tails.
"""

import json
from pathlib import Path

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import gammaln

from benchmarks.detection.laws import DAY, Latency, Law, Passes, Rounded
from benchmarks.detection.scenarios import BASELINE, FAMILIES, NULL, PROBES, SEED
from benchmarks.detection.told import MENU, Knowledge, Way, statistic

_RENEWED = 4  # starts that share a posterior of few answers: what is learned in between is a twentieth
_QUANTILES = (np.arange(200) + 0.5) / 200
_RATES = np.append(_QUANTILES**0.2, 1.0)  # Beta(5, 1), and a third that always pass
_MEANS, _SDS = (grid.ravel() for grid in np.meshgrid(np.linspace(2.5, 4.5, 41), np.geomspace(0.4, 1.0, 9)))
_ALL_RATES = Passes(before=_RATES, after=_RATES)
_ALL_GRADES = Rounded(grades=True, mean=_MEANS, sd=_SDS, shift=np.zeros(_MEANS.size))
_POPULATIONS = {
    "pass": (_ALL_RATES, np.append(np.full(200, 2 / 3 / 200), 1 / 3), np.array([0.0, 1.0])),
    "judge": (_ALL_GRADES, np.full(_MEANS.size, 1 / _MEANS.size), np.arange(1, 5.25, 0.5)),
}
"""Laws that a probe may have, how likely each is, and the answers there are."""


class _Learned:
    """Ratios of predictive laws; a subclass says what they are."""

    replays: int

    def weight(self, age: int) -> np.ndarray:
        before = BASELINE + np.arange(self.replays - age)[:, None]
        return before / (before + age + 1)


class Table(_Learned):
    """Answers of which there are few: pass or fail, grades."""

    def __init__(self, family: str, values: np.ndarray) -> None:
        laws, prior, answers = _POPULATIONS[family]
        place = np.searchsorted(answers, values)
        counts = np.cumsum(place[:, :, None] == np.arange(answers.size), axis=0)[BASELINE - 1 : -1 : _RENEWED]
        self.replays, self.place = len(values) - BASELINE, place[BASELINE:]
        renewed, probes = np.arange(self.replays)[:, None] // _RENEWED, place.shape[1]
        self.rows = (renewed * probes + np.arange(probes)) * answers.size
        logs = counts.astype(np.float32) @ np.log(laws.likelihood(answers[:, None], 0.0)).astype(np.float32)
        logs += np.log(prior).astype(np.float32)
        posterior = np.exp(logs - logs.max(axis=2, keepdims=True))
        posterior = (posterior / posterior.sum(axis=2, keepdims=True)).reshape(-1, prior.size)

        asked = [(way, severity) for change in MENU[family] for way in change.ways for severity in change.levels()]
        after = [
            laws.likelihood(answers[:, None], 0.0),
            *(way(laws).likelihood(answers[:, None], s) for way, s in asked),
        ]
        chances = posterior @ np.concatenate(after).T.astype(np.float32)
        logs = np.split(np.log(np.maximum(chances, 1e-30)), len(after), axis=1)
        self.own = logs[0].take(self.rows + self.place)
        self.after = dict(zip(asked, logs[1:], strict=True))
        self.ratio = {one: log - logs[0] for one, log in self.after.items()}

    def ratios(self, way: Way, severity: float, age: int, *, rare: bool) -> np.ndarray:
        answered = self.rows[: self.replays - age] + self.place[age:]
        if rare:
            return self.after[way, severity].take(answered) - self.own[age:]
        return self.ratio[way, severity].take(answered)


class Student(_Learned):
    """Counts, as normal logarithms whose mean and variance are learned: predictive t laws."""

    MEAN, HELD, SHAPE, SCALE = 5.0, 0.1, 1.5, 0.08  # of spreads even from .12 to .45, and means of a spread of .8

    def __init__(self, values: np.ndarray) -> None:
        x = np.log(np.maximum(values, 0.5))
        n = np.arange(BASELINE, len(x))[:, None]
        total, squares = (np.cumsum(x**p, axis=0)[BASELINE - 1 : -1] for p in (1, 2))
        held = self.HELD + n
        self.middle = (self.HELD * self.MEAN + total) / held
        shape = self.SHAPE + n / 2
        scale = self.SCALE + (squares + self.HELD * self.MEAN**2 - held * self.middle**2) / 2
        self.degrees, self.scale = 2 * shape, np.sqrt(scale * (held + 1) / (shape * held))
        shape = gammaln((self.degrees + 1) / 2) - gammaln(self.degrees / 2)
        self.norm = shape - np.log(np.pi * self.degrees) / 2 - np.log(self.scale)
        self.x, self.replays = x[BASELINE:], len(n)
        self.known: dict[int, np.ndarray] = {}
        self.laws = Rounded(grades=False, mean=np.zeros(1), sd=np.ones(1), shift=np.zeros(1))

    def _log(self, x: np.ndarray, age: int, factor: float = 1.0) -> np.ndarray:
        n = self.replays - age
        degrees, off = self.degrees[:n], (x - self.middle[:n]) / (self.scale[:n] * factor)
        return self.norm[:n] - np.log(factor) - (degrees + 1) / 2 * np.log1p(off**2 / degrees)

    def before(self, age: int) -> np.ndarray:
        """Log density of what came `age` replays after each start, if nothing changed."""
        if age not in self.known:
            self.known[age] = self._log(self.x[age:], age)
        return self.known[age]

    def ratios(self, way: Way, severity: float, age: int, *, rare: bool) -> np.ndarray:
        law, x = way(self.laws), self.x[age:]
        before = self.before(0)[age:] if rare else self.before(age)
        if not law.turned:
            return self._log(x - severity * law.shift, age, law.spread**severity) - before
        mean, sd = law.refusal
        second = -(((x - mean) / sd) ** 2) / 2 - np.log(sd * np.sqrt(2 * np.pi))
        share = severity * law.turned
        return np.logaddexp(np.log1p(-share) + self._log(x, age), np.log(share) + second) - before


class Series:
    """Latencies: each replay's weighed mean, normal, with unknown level, daily wave and correlated factor.

    Levels and waves have wide normal priors; the factor's spread and correlation are one of nine pairs. The weights are
    the probes' as they vary in the baseline about its replays.
    """

    FACTORS = tuple((sd, r) for sd in (0.025, 0.05, 0.1) for r in (0.2, 0.5, 0.8))

    def __init__(self, values: np.ndarray) -> None:
        x = np.log(values)
        first = x[:BASELINE] - x[:BASELINE].mean(axis=0)
        weights = 1 / (first - first.mean(axis=1, keepdims=True)).var(axis=0, ddof=1)
        self.x, self.noise = x @ weights / weights.sum(), 1 / weights.sum()

    def statistic(self, shift: float) -> np.ndarray:
        """Logarithm of the Shiryaev-Roberts process of a shift up or down, after each monitored replay."""
        plain, moved = [], []
        for sd, correlation in self.FACTORS:
            root = cholesky(_covariance(len(self.x), sd, correlation, self.noise), lower=True)
            errors = solve_triangular(root, self.x, lower=True)
            steps = _steps(root, shift)
            plain.append(np.cumsum(-(errors**2) / 2 - np.log(np.diag(root)))[BASELINE:])
            either = [np.cumsum(way * errors[:, None] * steps - steps**2 / 2, axis=0)[BASELINE:] for way in (1, -1)]
            ratios = np.where(np.tri(len(steps) - BASELINE, dtype=bool), np.logaddexp(*either) - np.log(2), -np.inf)
            moved.append(plain[-1] + np.logaddexp.reduce(ratios, axis=1))
        return np.logaddexp.reduce(moved) - np.logaddexp.reduce(plain)


def _covariance(n: int, sd: float, correlation: float, noise: float) -> np.ndarray:
    t = np.arange(n)
    wave = np.cos(2 * np.pi * (t[:, None] - t) / DAY)  # a sine and a cosine with independent sizes
    return 1.0 + 0.2**2 * wave + sd**2 * correlation ** abs(t[:, None] - t) + noise * np.eye(n)


def _steps(root: np.ndarray, shift: float) -> np.ndarray:
    """What a shift at each monitored replay leaves in the errors of the forecasts, one column per start."""
    n = len(root)
    return solve_triangular(root, shift * np.tri(n)[:, BASELINE:], lower=True)


def knowledge(family: str, values: np.ndarray) -> Knowledge:
    return Student(values) if family == "length" else Table(family, values)


def statistics(family: str, streams: list[tuple[Law, np.ndarray]]) -> np.ndarray:
    """Statistic of every deployment, (n_deployments, n_replays), told the kind of law and not the laws."""
    if family == "latency":
        law = MENU[family][0].ways[0](streams[0][0])
        assert isinstance(law, Latency)
        return np.stack([Series(values.astype(float)).statistic(law.shift) for _, values in streams])
    return np.stack([statistic(knowledge(family, v.astype(float)), MENU[family]) for _, v in streams])


def heavy(degrees: float, level: float, runs: int) -> float:
    """Share of quiet deployments that alarm within 500 replays where logarithms of lengths have a t law."""
    alarmed = 0
    for i in range(runs):
        rng = np.random.default_rng([SEED, i])
        law = FAMILIES["length"](rng)
        noise = rng.standard_t(degrees, (BASELINE + NULL, PROBES)) / np.sqrt(degrees / (degrees - 2))
        values = np.rint(np.exp(law.mean + law.sd * noise))
        alarmed += statistic(Student(values), MENU["length"]).max() >= level
    return alarmed / runs


def main() -> None:
    """What the learner's promise is worth where the law is another than it was told."""
    kept = json.loads((Path(__file__).parent / "results.json").read_text())["methods"]
    level = kept["told the family, learns the probes"]["length x0.9"]["level"]
    for degrees in (3, 5):
        share = heavy(degrees, level, 30)
        print(
            f"t law of {degrees} degrees: {share:.0%} of 30 deployments alarm within {NULL} quiet replays", flush=True
        )


if __name__ == "__main__":
    main()
