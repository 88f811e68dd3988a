"""Make the fit of CUSUM thresholds: `python benchmarks/detection/cusum_table.py`; a minute.

Each threshold is the root of the Markov chain's ARL (Brook and Evans 1972), to 1e-9; the polynomial goes through it at
Chebyshev's nodes in the logarithm of the ARL.
"""

import argparse
import math

import numpy as np
from numpy.polynomial import chebyshev

from driftwatch.stats.cusum_table import LONGEST_ARL, REFERENCE, SHORTEST_ARL
from driftwatch.stats.root import root
from driftwatch.stats.run_length import siegmund_arl, two_sided_arl

LOW, HIGH = math.log(SHORTEST_ARL), math.log(LONGEST_ARL)


def chain_threshold(x: float) -> float:
    """The threshold at a place between -1, the shortest ARL, and 1, the longest."""
    wanted = (LOW + HIGH) / 2 + (HIGH - LOW) / 2 * x
    near = root(lambda h: math.log(siegmund_arl(reference=REFERENCE, threshold=h) / 2) - wanted, -1.16, 40.0)
    return root(lambda h: math.log(two_sided_arl(reference=REFERENCE, threshold=h)) - wanted, near * 0.97, near * 1.03)


def main() -> None:
    """Print the coefficients, and how far the fit lies from the chain between its nodes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--degree", type=int, default=20)
    parser.add_argument("--checked", type=int, default=31)
    given = parser.parse_args()
    fit = chebyshev.chebinterpolate(np.vectorize(chain_threshold), given.degree)
    for coefficient in fit:
        print(f"    {coefficient:.12g},")
    places = np.linspace(-1, 1, given.checked)
    print(f"farthest from the chain: {max(abs(chebyshev.chebval(x, fit) - chain_threshold(x)) for x in places):.1e}")


if __name__ == "__main__":
    main()
