"""How a replay's values arise: laws with a change of graded severity, and their exact log-likelihood ratio.

Severity 0 is the law before the change and 1 the law after it; a ramp passes through what lies between.
Every law draws values, shape (n_replays, n_probes), and gives the log-likelihood ratio of each replay; those whose
probes are independent give the likelihood of every answer, too.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtr

_LEAST = 1e-30  # an answer that the law after the change calls impossible counts as this unlikely
DAY = 24  # replays: one an hour


class Law(Protocol):
    """What a deployment's probes answer, before and after."""

    def sample(self, rng: np.random.Generator, severity: np.ndarray) -> np.ndarray:
        """Values, shape (n_replays, n_probes), at the severity of each replay."""
        ...

    def llr(self, values: np.ndarray, severities: np.ndarray) -> np.ndarray:
        """Log-likelihood ratio against severity 0, shape (n_replays, n_severities)."""
        ...


def _of_all_probes(law: "Passes | Rounded", values: np.ndarray, severities: np.ndarray) -> np.ndarray:
    before = law.likelihood(values, 0.0)
    return np.stack([np.log(law.likelihood(values, s) / before).sum(axis=1) for s in severities], axis=1)


@dataclass(frozen=True, kw_only=True)
class Passes:
    """Pass or fail, each probe at its own rate."""

    before: np.ndarray
    after: np.ndarray

    def sample(self, rng, severity):
        rates = self.before + np.asarray(severity)[:, None] * (self.after - self.before)
        return (rng.random(rates.shape) < rates).astype(float)

    def likelihood(self, values, severity):
        rates = self.before + severity * (self.after - self.before)
        return np.maximum(np.where(values > 0.5, rates, 1 - rates), _LEAST)

    def llr(self, values, severities):
        return _of_all_probes(self, values, severities)


@dataclass(frozen=True, kw_only=True)
class Rounded:
    """A normal latent value rounded to a grade (half points, 1 to 5) or, exponentiated, to a count.

    Parameters
    ----------
    shift, spread : ndarray, shape (n_probes,), and float
        What the change adds to each latent mean, and multiplies each latent standard deviation by.
    turned, refusal : float, and pair of float
        Share of the answers that turn to the second state after the change, and that state's latent mean
        and standard deviation; without `refusal` the second state is the shifted law itself.
    wave : float
        Amplitude of a daily wave in the latent means, not part of the change.
    """

    grades: bool
    mean: np.ndarray
    sd: np.ndarray
    shift: np.ndarray
    spread: float = 1.0
    turned: float = 0.0
    refusal: tuple[float, float] | None = None
    wave: float = 0.0

    def sample(self, rng, severity):
        s = np.asarray(severity, dtype=float)[:, None]
        noise = rng.normal(size=(len(s), self.mean.size))
        hour = self.wave * np.sin(2 * np.pi * (np.arange(len(s)) + rng.integers(DAY)) / DAY)[:, None]
        if not self.turned:
            return self._rounded(self.mean + hour + s * self.shift + noise * self.sd * self.spread**s)
        turned = rng.random(noise.shape) < s * self.turned
        second = self.refusal[0] + noise * self.refusal[1] if self.refusal else self.mean + self.shift + noise * self.sd
        return self._rounded(np.where(turned, second, self.mean + noise * self.sd) + hour)

    def likelihood(self, values, severity):
        low, high = self._cells(values)

        def mass(mean, sd):
            return np.maximum(ndtr((high - mean) / sd) - ndtr((low - mean) / sd), _LEAST)

        if not self.turned:
            return mass(self.mean + severity * self.shift, self.sd * self.spread**severity)
        second = mass(*self.refusal) if self.refusal else mass(self.mean + self.shift, self.sd)
        return mass(self.mean, self.sd) * (1 - severity * self.turned) + severity * self.turned * second

    def llr(self, values, severities):
        return _of_all_probes(self, values, severities)

    def _rounded(self, latent):
        return np.clip(np.rint(2 * latent) / 2, 1, 5) if self.grades else np.rint(np.exp(latent))

    def _cells(self, values):
        """Ends of the latent interval that rounds to each value."""
        if self.grades:
            return np.where(values <= 1, -np.inf, values - 0.25), np.where(values >= 5, np.inf, values + 0.25)
        with np.errstate(divide="ignore"):
            return np.log(np.maximum(values - 0.5, 0)), np.log(values + 0.5)


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Log-normal times with a daily wave and an AR(1) factor common to all probes of a replay."""

    mean: np.ndarray
    sd: np.ndarray
    shift: float
    wave: float = 0.1
    factor_sd: float = 0.05
    correlation: float = 0.5

    def sample(self, rng, severity):
        n = len(severity)
        steps = rng.normal(size=n) * self.factor_sd * np.sqrt(1 - self.correlation**2)
        factor = np.empty(n)
        factor[0] = rng.normal() * self.factor_sd
        for i in range(1, n):
            factor[i] = self.correlation * factor[i - 1] + steps[i]
        replay = factor + self._hours(n) + self.shift * np.asarray(severity)
        return np.exp(self.mean + replay[:, None] + rng.normal(size=(n, self.mean.size)) * self.sd)

    def llr(self, values, severities):
        """Severities are ages of the shift here (0 to 1 over `AGES` replays): its trace in Kalman innovations fades."""
        weights = self.sd**-2
        noise = 1 / weights.sum()
        series = ((np.log(values) - self.mean) @ weights) * noise - self._hours(len(values))
        state, variance, mean = 0.0, self.factor_sd**2, np.empty(len(values))
        scale = np.empty(len(values))
        for i, x in enumerate(series):
            scale[i] = variance + noise
            mean[i] = x - state
            gain = variance / scale[i]
            state = self.correlation * (state + gain * mean[i])
            variance = self.correlation**2 * variance * (1 - gain) + self.factor_sd**2 * (1 - self.correlation**2)
        response, carried = np.empty(len(severities)), 0.0
        for a in range(len(severities)):
            response[a] = self.shift - carried
            carried = self.correlation * (carried + gain * response[a])
        return (mean[:, None] * response - response**2 / 2) / scale[:, None]

    def _hours(self, n):
        return self.wave * np.sin(2 * np.pi * np.arange(n) / DAY)
