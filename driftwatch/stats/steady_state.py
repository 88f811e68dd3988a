"""Delay of a CUSUM that had run quietly for long before the change: the fair figure for a deployed chart."""

import math

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.errors import DegenerateError
from driftwatch.stats.normal import normal_cdf
from driftwatch.stats.run_length import one_sided_arl, two_sided_arl

Floats = NDArray[np.float64]

_STATES = 200
_ROUNDS, _SETTLED = 10_000, 1e-13


def steady_state_delay(*, reference: float, threshold: float, shift: float) -> float:
    """Mean replays from the change to the alarm of a two-sided CUSUM whose sums stood anywhere at the change.

    The conditional steady-state ARL (Crosier 1986): sums distributed as after a long time in control without an
    alarm. `two_sided_arl` starts them at zero and so gives a few percent more.

    Parameters
    ----------
    reference, threshold : float
        ``k`` and ``h`` of the literature, in standard deviations.
    shift : float
        Mean of the input after the change.

    References
    ----------
    .. [1] R. B. Crosier, "A new two-sided cumulative sum quality control scheme", Technometrics 28 (1986).

    Examples
    --------
    >>> round(steady_state_delay(reference=0.5, threshold=5.0707, shift=1.0), 2)
    9.79
    """
    if not math.isfinite(shift):
        raise DegenerateError(f"steady state: shift must be a finite number, got {shift}")
    from_zero = two_sided_arl(reference=reference, threshold=threshold, shift=shift)  # refuses bad charts
    starts, weights = _quiet_law(reference, threshold)
    up, down = (
        [
            one_sided_arl(reference=reference, threshold=threshold, shift=mean, start=start)
            for start in (0.0, *starts.tolist())
        ]
        for mean in (shift, -shift)
    )
    if math.isinf(max(up[0], down[0])):
        near = min(up, down, key=lambda arls: arls[0])
        return float(weights @ np.array(near[1:])) if math.isfinite(near[0]) else from_zero
    # Lucas and Crosier (1982): linear in either side's start, so the mean over starts goes in.
    risen, fallen = (float(weights @ np.array(arls[1:])) for arls in (up, down))
    return (risen * down[0] + fallen * up[0] - up[0] * down[0]) / (up[0] + down[0])


def _quiet_law(reference: float, threshold: float) -> tuple[Floats, Floats]:
    """Where one sum stands after a long quiet time, on the states of Brook and Evans' chain."""
    width = 2 * threshold / (2 * _STATES - 1)
    moves = np.arange(-_STATES, _STATES + 1)
    edges = np.array([normal_cdf(edge) for edge in ((moves + 0.5) * width + reference).tolist()])
    steps = np.arange(_STATES, dtype=np.int64)
    gaps = steps[None, :] - steps[:, None] + _STATES
    chain = edges[gaps] - edges[gaps - 1]
    chain[:, 0] = edges[_STATES - steps]
    law: Floats = np.full(_STATES, 1 / _STATES)
    for _ in range(_ROUNDS):
        after = law @ chain
        after /= after.sum()
        moved, law = float(np.abs(after - law).max()), after
        if moved < _SETTLED:
            break
    return width * steps.astype(np.float64), law
