"""One look at a reference: whether a few replays made now differ from it, with a p-value; best before a merge.

A chart adds up what replays say over weeks. This asks once, at a stated chance of being wrong, and needs no more than
the bags and the past spread of the evidence.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.dispersion import next_square
from driftwatch.stats.effect import Effect, MovedProbe, moved_probes, stratified_effect
from driftwatch.stats.exchangeable import Kind, evidence_of, probe_laws, sum_of
from driftwatch.stats.normal import normal_quantile, student_tail

Floats = NDArray[np.float64]

_LIKELY = normal_quantile(0.8)
# Replays' worth of belief that the evidence has variance 1. A chart believes 20 and waits for more replays; with 20 one
# look at a model in a mood cried wolf 53 times in 400 for 20.
_BELIEF = 2.0
_YOUNG = 8  # replays in which ranks within a few values cannot show how far apart replays lie
_DEGREES = 20.0  # what that belief is worth in the t law: bags that never varied have no past evidence at all


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far a look may lie from the reference by chance, beyond what independent answers explain.

    Parameters
    ----------
    variance : float
        Of one replay's evidence, as the past shows it; 1 where answers are exchangeable.
    degrees : float
        What that rests on, of Student's t law.
    alike : float
        Correlation of a probe's answers in replays made one after the other, 0 to 1.
    """

    variance: float
    degrees: float
    alike: float = 0.0

    def of(self, replays: int) -> float:
        """Variance of the evidence of so many replays together.

        What moves all probes of a replay at once is taken to move all of them alike: they share their hour.

        Examples
        --------
        >>> Spread(variance=1.0, degrees=44).of(3), Spread(variance=1.5, degrees=44, alike=0.25).of(3)
        (1.0, 3.0)
        """
        return (replays - 1) * self.alike + self.of_means(replays)

    def of_means(self, replays: int) -> float:
        """The same where each probe's mean over them counts as one answer: how alike they are shows in that.

        Examples
        --------
        >>> Spread(variance=1.5, degrees=44, alike=0.25).of_means(3)
        2.5
        """
        return 1 + replays * max(self.variance - 1, 0.0)


@dataclass(frozen=True, kw_only=True)
class Look:
    """What a few replays say against the reference.

    Parameters
    ----------
    p_lower, p_higher : float
        Chance of values so low, or so high, if nothing changed.
    exact : bool
        Whether the law was convolved exactly rather than approximated by its first three moments.
    effect : Effect or None
        Means over the probes before and now, with a 95 % interval of the difference.
    moved : tuple of MovedProbe
        Strongest evidence first.
    """

    p_lower: float
    p_higher: float
    exact: bool
    effect: Effect | None
    moved: tuple[MovedProbe, ...]

    @property
    def p(self) -> float:
        """Chance of values so far away, on either side."""
        return min(1.0, 2 * min(self.p_lower, self.p_higher))


def spread_of(past: Floats, reference: Floats, new: Floats, kind: Kind) -> Spread:
    """Measure the spread: between replays on past evidence, within a row of replays on these themselves.

    Parameters
    ----------
    past : ndarray, shape (n_replays,)
        Evidence of the reference's own replays, each against those before it.
    reference : ndarray, shape (n_probes, n_reference)
        NaN where a probe has fewer.
    new : ndarray, shape (n_probes, n_replays, n_samples)
        NaN where missing.

    Notes
    -----
    At temperature 0 a server may say the same three times in a row and something else tomorrow. Then three replays
    are one, and nothing in the bags says so: how little a probe varies among the new replays does.
    """
    if past.size >= 2 * _YOUNG:
        past = past[_YOUNG:]
    variance, believed = 1.0, _BELIEF
    for z in past.tolist():
        variance = (believed * variance + next_square(z, variance)) / (believed + 1)
        believed += 1
    degrees = past.size + (_BELIEF if variance > 1 else _DEGREES)
    return Spread(variance=variance, degrees=degrees, alike=_alike(reference, new, kind))


def _alike(reference: Floats, new: Floats, kind: Kind) -> float:
    if new.shape[1] < 2:
        return 0.0
    whole = np.isfinite(new).all(axis=(1, 2)) & (np.isfinite(reference).sum(axis=1) > 3)
    held, looked = reference[whole], new[whole]
    bags = np.nanvar(held, axis=1, ddof=1) if whole.any() else np.zeros(0)
    varied = bags > 0
    if not varied.any():
        return 1.0
    within = looked[varied].mean(axis=2).var(axis=1, ddof=1) * new.shape[2]
    if kind == "continuous":
        # Probes have units of their own: a share for each. The mean of one over an estimated variance is too large.
        size = np.isfinite(held[varied]).sum(axis=1)
        ratio = float((within / bags[varied] * (size - 3) / (size - 1)).mean())
    else:
        ratio = float(within.sum() / bags[varied].sum())
    return min(max(1 - ratio, 0.0), 1.0)


def one_look(probes: Sequence[str], reference: Floats, new: Floats, kind: Kind, spread: Spread) -> Look:
    """Compare replays with the reference, probe by probe.

    Parameters
    ----------
    probes : sequence of str
        Their keys, in the rows' order.
    reference : ndarray, shape (n_probes, n_reference)
        NaN where a probe has fewer.
    new : ndarray, shape (n_probes, n_replays, n_samples)
        NaN where missing; a missing answer leaves the sum.

    Notes
    -----
    The score is that of `exchangeable.compare`; of a lattice value the whole chance counts, so that no coin is thrown
    and a p-value is never too small. Then the spread is taken off through the t law, as `dispersion.studentised` does.

    Examples
    --------
    Forty probes that passed two times in three; today every one fails, or as many pass as ever.

    >>> import numpy as np
    >>> held = np.tile([1.0, 1.0, 0.0], (40, 8))
    >>> spread = Spread(variance=1.0, degrees=44)
    >>> names = [f"p{n}" for n in range(40)]
    >>> broken, usual = np.zeros((40, 1, 1)), (np.arange(40) % 3 > 0).astype(float)[:, None, None]
    >>> [round(one_look(names, held, new, "binary", spread).p_lower, 3) for new in (broken, usual)]
    [0.0, 0.474]
    """
    flat = new.reshape(len(new), -1)
    z, exact = _score(reference, flat, kind)
    tail = student_tail(-abs(z) / math.sqrt(spread.of(new.shape[1])), spread.degrees)
    return Look(
        p_lower=tail if z < 0 else 1 - tail,
        p_higher=tail if z > 0 else 1 - tail,
        exact=exact,
        effect=_effect(reference, new, kind, spread),
        moved=moved_probes(probes, reference, flat, kind),
    )


def _effect(reference: Floats, new: Floats, kind: Kind, spread: Spread) -> Effect | None:
    """Means and their difference; of replays that repeat each other a probe's answers say nothing of its spread."""
    flat, replays = new.reshape(len(new), -1), new.shape[1]
    if kind == "binary":
        return stratified_effect(reference, flat, dispersion=math.sqrt(spread.of(replays)))
    answered = np.isfinite(flat).any(axis=1)
    means = np.full((len(flat), 1), np.nan)
    means[answered, 0] = np.nanmean(flat[answered], axis=1)
    return stratified_effect(reference, means, dispersion=math.sqrt(spread.of_means(replays)))


def _score(reference: Floats, new: Floats, kind: Kind) -> tuple[float, bool]:
    """Standard normal score, 0 where nothing varies; of a lattice the whole chance of what was seen counts."""
    laws = probe_laws(reference, new, kind)
    total = sum_of(laws, kind)
    found = evidence_of(laws, kind, 1.0)
    if total is None or found.z is None:
        return 0.0, True
    deviation = float((laws.deviation[total.rows] * total.weights).sum())
    # The whole chance of a value near the middle is above a half: no evidence, and none for the other side.
    return (max(found.z, 0.0) if deviation >= 0 else min(found.z, 0.0)), found.exact


def least_shift(reference: Floats, new: Floats, spread: Spread, *, alpha: float) -> float | None:
    """Change of the mean over probes that such a look shows four times in five; None where bags do not vary.

    Parameters
    ----------
    alpha : float
        Chance of being wrong to one side.

    Examples
    --------
    >>> import numpy as np
    >>> held = np.tile([1.0, 1.0, 0.0], (40, 8))
    >>> round(least_shift(held, np.ones((40, 1, 1)), Spread(variance=1.0, degrees=44), alpha=0.01), 2)
    0.24
    """
    flat = new.reshape(len(new), -1)
    n, m = np.isfinite(reference).sum(axis=1), np.isfinite(flat).sum(axis=1)
    both = (n > 1) & (m > 0)
    if not both.any():
        return None
    bags = np.nanvar(reference[both], axis=1)
    error = math.sqrt(float((bags * (1 / n[both] + 1 / m[both])).sum())) / float(both.sum())
    reach = -normal_quantile(alpha) + _LIKELY
    return reach * error * math.sqrt(spread.of(new.shape[1])) or None


def least_broken(
    reference: Floats, new: Floats, kind: Kind, spread: Spread, *, alpha: float, towards: int = 0
) -> int | None:
    """How many probes must break for such a look to show it; None if not even all of them would.

    The others stay at their median. Of pass/fail and grades a probe is broken at the worst value of all; of anything
    else at one beyond all. One that lies there already cannot break. Those that vary most break first, so that mostly
    fewer are enough.

    Parameters
    ----------
    alpha : float
        Chance of being wrong to one side.
    towards : int
        Below 0 where low values are broken ones, above 0 where high ones are; 0 for whichever shows sooner.

    Examples
    --------
    Probes that always passed: three failures among forty are more than chance; the first replay of two tells nothing.
    Nor can those break that always failed.

    >>> import numpy as np
    >>> look = dict(new=np.ones((40, 1, 1)), kind="binary", spread=Spread(variance=1.0, degrees=44), alpha=0.002)
    >>> least_broken(np.ones((40, 24)), **look), least_broken(np.ones((2, 1)), **look | {"new": np.ones((2, 1, 1))})
    (3, None)
    >>> least_broken(np.zeros((40, 24)), **look, towards=-1) is None
    True
    """
    flat = new.reshape(len(new), -1)
    both = (np.isfinite(reference).sum(axis=1) > 0) & np.isfinite(flat).any(axis=1)
    if not both.any():
        return None
    held, asked = reference[both], np.isfinite(flat[both])
    scale = math.sqrt(spread.of(new.shape[1]))
    usual, order = np.nanmedian(held, axis=1), np.argsort(-np.nanvar(held, axis=1), kind="stable")

    def least(side: int) -> int | None:
        worst = _worst(held, kind, side)
        free = order[usual[order] != worst]

        def shown(count: int) -> bool:
            values = usual.copy()
            values[free[:count]] = worst
            z, _ = _score(held, np.where(asked, values[:, None], np.nan), kind)
            return z * side > 0 and student_tail(-abs(z) / scale, spread.degrees) <= alpha

        return _first(shown, len(free))

    found = [least(side) for side in (-1, 1) if side * towards >= 0]
    return min((one for one in found if one is not None), default=None)


def _worst(held: Floats, kind: Kind, side: int) -> float:
    low, high = float(np.nanmin(held)), float(np.nanmax(held))
    if kind == "continuous":
        return low - 1 - abs(low) if side < 0 else high + 1 + abs(high)
    return min(low, 0.0) if side < 0 else max(high, 1.0)


def _first(shown: Callable[[int], bool], most: int) -> int | None:
    """Return the least count that shows, None if not even the most does; what shows still does with more."""
    if not most or not shown(most):
        return None
    fewer, enough = 0, most
    while enough - fewer > 1:
        middle = (fewer + enough) // 2
        fewer, enough = (fewer, middle) if shown(middle) else (middle, enough)
    return enough


def corrected(p: Sequence[float]) -> tuple[float, ...]:
    """Return p-values corrected for how many there are (Holm [1]_): whatever depends on what, the chance holds.

    References
    ----------
    .. [1] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6
       (1979).

    Examples
    --------
    >>> corrected([0.5, 0.001, 0.02])
    (0.5, 0.003, 0.04)
    """
    found, worst = [1.0] * len(p), 0.0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda one: p[one])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[at]))
        found[at] = worst
    return tuple(found)
