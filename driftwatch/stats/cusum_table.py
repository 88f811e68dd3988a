"""Thresholds of the CUSUM that every stream has, by a fit made once: the chain takes 15 ms for each, at every start."""

import math

REFERENCE = 0.5
"""Half the shift to be found quickest, in standard deviations, of the fitted chart; it has two sides."""
SHORTEST_ARL, LONGEST_ARL = 100.0, 1e9
"""Replays between which the fit holds."""

# Coefficients of Chebyshev polynomials in the logarithm of the ARL, -1 at the shortest and 1 at the longest:
# benchmarks/detection/cusum_table.py. At 31 ARLs between its nodes it differs from the chain by less than 2e-7.
_FIT = (
    11.5145769751,
    8.0430362744,
    0.0126763120011,
    -0.00859800183801,
    0.00503086268425,
    -0.0025401891041,
    0.0011040842176,
    -0.000406610892715,
    0.000120606910716,
    -2.35586259753e-05,
    -1.35783490552e-06,
    4.04277525386e-06,
    -1.96859129952e-06,
    4.19804078877e-08,
    9.61420242686e-07,
    -1.13284593156e-06,
    9.29516608417e-07,
    -5.23150815951e-07,
    2.2413962191e-07,
    -2.13425575773e-08,
    -2.34165439304e-08,
)


def fitted_threshold(arl: float) -> float:
    """Threshold of the two-sided CUSUM of `REFERENCE` for a wanted in-control ARL.

    Parameters
    ----------
    arl : float
        In replays, `SHORTEST_ARL` to `LONGEST_ARL`.

    Examples
    --------
    >>> round(fitted_threshold(500.0), 3)
    5.071
    """
    low, high = math.log(SHORTEST_ARL), math.log(LONGEST_ARL)
    x = (2 * math.log(arl) - low - high) / (high - low)
    # Clenshaw (1955), "A note on the summation of Chebyshev series".
    last = before = 0.0
    for coefficient in reversed(_FIT[1:]):
        last, before = 2 * x * last - before + coefficient, last
    return x * last - before + _FIT[0]
