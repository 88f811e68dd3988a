"""The streams of the benchmark: engine.md section 9's rows, and incidents.md's, as generators of per-probe values.

60 probes, a baseline of 30 replays, the change 50 replays later. A deployment is a draw of the probes' laws
and of everything they answer, from a seed of its own, so that it is the same in every method and in every run.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.detection.laws import Latency, Law, Passes, Rounded

PROBES, BASELINE, QUIET, HORIZON, NULL = 60, 30, 50, 200, 500
AGES = 12  # replays after which the latency oracle's innovations have settled
SEED = 20261

Profile = Callable[[np.ndarray], np.ndarray]
"""Severity of the change by its age in replays."""


def step(age):
    return (age >= 0).astype(float)


def ramp(length):
    return lambda age: np.clip((age + 1) / length, 0, 1)


def excursion(length):
    return lambda age: ((age >= 0) & (age < length)).astype(float)


def flapping(dwell):
    return lambda age: ((age >= 0) & (age // dwell % 2 == 0)).astype(float)


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One row: a family of laws, the change, and how it unfolds."""

    name: str
    family: str
    law: Callable[[np.random.Generator], Law]
    profile: Profile = step
    horizon: int = HORIZON
    levels: int = 1
    source: str = "engine.md"


def passes(rng, change=lambda _rng, rates: rates):
    """A third of the probes always pass, the others' rates are Beta-like; 0.89 in all."""
    rates = rng.beta(5, 1, PROBES)
    rates[: PROBES // 3] = 1.0
    rates[PROBES // 3 :] *= 0.835 / rates[PROBES // 3 :].mean()
    rates = np.minimum(rates, 1.0)
    return Passes(before=rates, after=np.clip(change(rng, rates), 0, 1))


def flaky(_rng, rates, fall=0.06):
    """Only probes that did not always pass fall, until the mean is lower by `fall`."""
    drops = np.where(rates < 1, rates, 0)
    return rates - drops * fall * PROBES / drops.sum()


def broken(rng, rates, count=1, to=0.02):
    """Probes that passed about nine times in ten hardly ever pass any more."""
    near = np.argsort(np.abs(rates - 0.9))[: 3 * count]
    after = rates.copy()
    after[rng.choice(near, count, replace=False)] = to
    return after


def judge(rng, shift=0.0, hit=PROBES, **change):
    """A judge's 1 to 5 in half points; the shift hits the first `hit` probes."""
    mean, sd = rng.uniform(2.5, 4.5, PROBES), rng.uniform(0.4, 1.0, PROBES)
    return Rounded(grades=True, mean=mean, sd=sd, shift=np.where(np.arange(PROBES) < hit, shift, 0.0), **change)


def length(rng, factor=1.0, scatter=0.0, **change):
    """Counts: log-normal, each probe with its own level and spread; `scatter` moves each probe its own way."""
    mean, sd = rng.normal(5, 0.8, PROBES), rng.uniform(0.12, 0.45, PROBES)
    shift = np.log(factor) + scatter * rng.permutation(np.where(np.arange(PROBES) % 2, 1.0, -1.0))
    return Rounded(grades=False, mean=mean, sd=sd, shift=shift, **change)


def latency(rng, factor=1.0):
    """Seconds: log-normal with AR(1), common factor and daily wave."""
    return Latency(mean=rng.normal(0.5, 0.4, PROBES), sd=rng.uniform(0.15, 0.4, PROBES), shift=float(np.log(factor)))


FAMILIES = {"pass": passes, "judge": judge, "length": length, "latency": latency}
SIGN = {"pass": -1, "judge": -1, "length": -1, "latency": 1}
"""The direction that users call worse, known to the one-sided practices."""


def _row(name, family, profile=step, levels=1, horizon=HORIZON, source="engine.md", **change):
    def law(rng):
        return FAMILIES[family](rng, **change)

    return Scenario(name=name, family=family, law=law, profile=profile, levels=levels, horizon=horizon, source=source)


def _incident(name, family, profile=step, **more):
    return _row(name, family, profile, source="incidents.md", **more)


ROWS = (
    _row("pass .89 to .83", "pass", change=lambda _, p: p * 0.83 / 0.89),
    _row("one probe of 60 breaks", "pass", change=broken),
    _row("pass .89 to .87, flaky probes only", "pass", change=lambda r, p: flaky(r, p, 0.02)),
    _row("pass .89 to .83, flaky probes only", "pass", change=flaky),
    _row("judge mean -0.2", "judge", shift=-0.2),
    _row("judge spread x1.3", "judge", spread=1.3),
    _row("5 % refusals, judged", "judge", turned=0.05, refusal=(1.0, 0.1)),
    _row("judge mean -0.05", "judge", shift=-0.05),
    _row("one judged probe breaks", "judge", shift=-2.5, hit=1),
    _row("length x0.9", "length", factor=0.9),
    _row("length x0.97", "length", factor=0.97),
    _row("length spread x1.5", "length", spread=1.5),
    _row("5 % refusals, seen in length", "length", turned=0.05, refusal=(3.4, 0.4)),
    _row("latency x1.15", "latency", profile=step, levels=AGES, factor=1.15),
    _incident(
        "slow decline: pass -4 points in 100 replays",
        "pass",
        ramp(100),
        levels=8,
        change=lambda r, p: flaky(r, p, 0.04),
    ),
    _incident("laziness: length to x0.85 in 150 replays", "length", ramp(150), levels=8, factor=0.85),
    _incident("sycophancy: judge +0.1 for 96 replays, then back", "judge", excursion(96), shift=0.1, horizon=96),
    _incident(
        "system prompt: 3 of 60 judged probes for 16 replays", "judge", excursion(16), shift=-1.5, hit=3, horizon=16
    ),
    _incident("misrouting: 16 % of judged answers -0.7", "judge", turned=0.16, shift=-0.7),
    _incident("reroute: every length moves 10 %, mean held", "length", scatter=0.1),
    _incident(
        "oscillation: 5 near-tie probes, dwell 36 replays",
        "pass",
        flapping(36),
        change=lambda r, p: broken(r, p, 5, 0.6),
    ),
)

QUIET_ROWS = (
    _incident("rhythm: judge with a daily wave", "judge", wave=0.063),
    _incident("rhythm: length with a daily wave", "length", wave=0.028),
)
"""Seasonal nulls: nothing changes; a daily wave makes a fifth of the variance of the replay's mean."""


def _deployment(law: Law, rng: np.random.Generator, age: np.ndarray, profile: Profile) -> tuple[Law, np.ndarray]:
    return law, law.sample(rng, profile(age)).astype(np.float32)


def deployments(scenario: Scenario, count: int) -> list[tuple[Law, np.ndarray]]:
    """Laws and values, shape (baseline + quiet + horizon, n_probes), of each deployment of a row."""
    age = np.arange(BASELINE + QUIET + scenario.horizon) - BASELINE - QUIET
    return [_deployment(scenario.law(rng := _rng(scenario.name, i)), rng, age, scenario.profile) for i in range(count)]


def null_deployments(scenario: Scenario, count: int) -> list[tuple[Law, np.ndarray]]:
    """The same where nothing changes, (baseline + 500, n_probes).

    Rows of a family share their values: only the alternative that the oracle knows differs.
    """
    age = np.full(BASELINE + NULL, -1)
    found = []
    for i in range(count):
        law = scenario.law(_rng(scenario.family, i))
        found.append(_deployment(law, _rng(scenario.family, i, "values"), age, lambda age: np.zeros(len(age))))
    return found


def null_scenario(family: str) -> Scenario:
    """A row of the family without a change."""
    return replace(next(row for row in ROWS if row.family == family), name=family, law=FAMILIES[family])


def _rng(*parts: object) -> np.random.Generator:
    return np.random.default_rng([SEED, *(zlib.crc32(str(part).encode()) for part in parts)])
