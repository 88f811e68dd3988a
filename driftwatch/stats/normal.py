"""The laws that a daemon at rest evaluates, on the standard library: `scipy.special` would cost it 30 MB and 0.2 s.

The tests hold every one of them against `scipy.special`. Why: docs/decisions/0006.
"""

import math
from statistics import NormalDist

_STANDARD = NormalDist()
_LEAST_TAIL = 1e-300  # tails below are read as 1e-300, |z| = 37
_GREATEST_TAIL = 1 - 1e-16
_TINY = 1e-300
_STEPS = 10_000
_SETTLED = 1e-15


def normal_cdf(z: float) -> float:
    """Lower tail of the standard normal law, of full relative accuracy down to 1e-308.

    Examples
    --------
    >>> round(normal_cdf(-1.96), 6)
    0.024998
    """
    return 0.5 * math.erfc(-z / math.sqrt(2))


def normal_quantile(tail: float) -> float:
    """Value below which the standard normal law has the chance `tail`; from -37.05 at 1e-300 to 8.2 at one.

    Examples
    --------
    >>> round(normal_quantile(0.975), 4), round(normal_quantile(0.0), 2)
    (1.96, -37.05)
    """
    return _STANDARD.inv_cdf(min(max(tail, _LEAST_TAIL), _GREATEST_TAIL))


def student_tail(t: float, degrees: float) -> float:
    """Chance that Student's t with `degrees` (above 0, need not be whole) lies below `t`; `t` is at most 0.

    Half the regularised incomplete beta function, DLMF 26.5.27 of Abramowitz and Stegun.

    Examples
    --------
    >>> round(student_tail(-2.086, 20.0), 5)
    0.025
    """
    whole = degrees + t * t
    return 0.5 * _incomplete_beta(degrees / whole, t * t / whole, degrees / 2, 0.5)


def student_quantile(degrees: float) -> float:
    """Upper 2.5 % point of Student's t with `degrees` (1 or more), by bisection: what a 95 % interval reaches.

    Examples
    --------
    >>> round(student_quantile(1.0), 3), round(student_quantile(20.0), 3)
    (12.706, 2.086)
    """
    low, high = 1.9, 13.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if student_tail(-middle, degrees) > 0.025 else (low, middle)
    return high


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """I_x(a, b) with ``rest = 1 - x``, by the continued fraction DLMF 8.17.22 where it converges quickly."""
    if min(x, rest) <= 0:
        return float(rest <= 0)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(rest)
    if x > (a + 1) / (a + b + 2):
        return 1 - math.exp(log_front) * _fraction(rest, b, a) / b
    return math.exp(log_front) * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """Evaluate the fraction by the modified Lentz method (Thompson and Barnett 1986)."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(_STEPS):
        term = _term(step, x, a, b)
        d = 1 / (1 + term * d or _TINY)
        c = 1 + term / c or _TINY
        value *= c * d
        if abs(c * d - 1) < _SETTLED:
            break
    return 1 / value


def _term(step: int, x: float, a: float, b: float) -> float:
    m, odd = divmod(step + 1, 2)
    if odd:
        return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))


def chi_square_tail(x: float, degrees: int) -> float:
    """Chance that chi-square with a whole number of `degrees` exceeds `x`, by its finite sum.

    Examples
    --------
    >>> round(chi_square_tail(18.307, 10), 4)
    0.05
    """
    half = x / 2
    if half <= 0:
        return 1.0
    total = 0.0 if degrees % 2 == 0 else math.erfc(math.sqrt(half))
    shape = 0.0 if degrees % 2 == 0 else 0.5
    while shape < degrees / 2:
        total += math.exp(shape * math.log(half) - half - math.lgamma(shape + 1))
        shape += 1
    return min(total, 1.0)
