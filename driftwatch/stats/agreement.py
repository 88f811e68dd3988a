"""Agreement of graders beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number and with gaps."""

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Literal

from driftwatch.stats.errors import DegenerateError

Scale = Literal["nominal", "interval"]


def raw_agreement(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return the share of units on which two graders say the same."""
    return sum(a == b for a, b in _paired(first, second)) / len(first)


def cohen_kappa(first: Sequence[Hashable], second: Sequence[Hashable]) -> float:
    """Return Cohen's kappa of two graders: 1 for full agreement, 0 for what chance would give; nan if that is 1.

    References
    ----------
    .. [1] J. Cohen, "A coefficient of agreement for nominal scales", Educ. Psychol. Meas. 20 (1960).

    Examples
    --------
    >>> round(cohen_kappa("yyyyyynnnn", "yyyynnynnn"), 3)
    0.4
    """
    pairs = _paired(first, second)
    size, one, other = len(pairs), Counter(first), Counter(second)
    observed = sum(a == b for a, b in pairs) / size
    expected = math.fsum(one[label] * other[label] for label in one) / size**2
    return (observed - expected) / (1 - expected) if expected < 1 else math.nan


def krippendorff_alpha(graders: Sequence[Sequence[float | str | None]], scale: Scale = "nominal") -> float:
    """Return Krippendorff's alpha: 1 less the disagreement observed over that expected; nan if all say one thing.

    Parameters
    ----------
    graders : sequence of sequences, shape (n_graders, n_units)
        None where a grader did not grade a unit; a unit with fewer than two grades tells nothing.
    scale : {"nominal", "interval"}
        Whether two different grades differ, or differ by the square of their distance.

    References
    ----------
    .. [1] K. Krippendorff, "Computing Krippendorff's alpha-reliability" (2011).

    Examples
    --------
    >>> round(krippendorff_alpha([[0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0]]), 3)
    0.095
    """
    units = [[grade for grade in unit if grade is not None] for unit in zip(*graders, strict=True)]
    kept = [unit for unit in units if len(unit) > 1]
    if not kept:
        raise DegenerateError("agreement: no unit has two grades")
    apart = _DISTANCES[scale]
    observed = math.fsum(math.fsum(apart(a, b) for a in unit for b in unit) / (len(unit) - 1) for unit in kept)
    counts = Counter(grade for unit in kept for grade in unit)
    size = counts.total()
    expected = math.fsum(n * m * apart(a, b) for a, n in counts.items() for b, m in counts.items())
    return 1 - (size - 1) * observed / expected if expected else math.nan


def _paired(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[Hashable, Hashable]]:
    if not first or len(first) != len(second):
        raise DegenerateError(
            f"agreement: two graders of the same units are needed, got {len(first)} and {len(second)}"
        )
    return list(zip(first, second, strict=True))


_DISTANCES: dict[str, Callable[[float | str, float | str], float]] = {
    "nominal": lambda a, b: float(a != b),
    "interval": lambda a, b: (float(a) - float(b)) ** 2,
}
