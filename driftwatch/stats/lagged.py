"""Evidence whose replays follow each other: studentised by its own past with two lags and no second level."""

import math

import numpy as np
from numpy.typing import NDArray

from driftwatch.stats.series import RecursiveResiduals, SeriesState

Floats = NDArray[np.float64]

_FEW = 8
_ALPHA_Z = 1.645  # one-sided 5 %: lags that are not needed cost little, missing ones wreck the chart


def follows_itself(zs: Floats) -> bool:
    """Whether the lag-1 autocorrelation of quiet evidence is above zero, at 5 % one-sided; fewer than 8 never do.

    Examples
    --------
    >>> import numpy as np
    >>> follows_itself(np.repeat([1.0, -1.0, 1.2, -0.7], 3)), follows_itself(np.tile([1.0, -1.0], 6))
    (True, False)
    """
    if zs.size < _FEW or not zs.any():
        return False
    centred = zs - zs.mean()
    square = float(centred @ centred)
    lagged = float(centred[1:] @ centred[:-1]) / square if square > 0 else 0.0
    # Bartlett: the estimate lies about 1 / n below zero when nothing follows anything.
    return (lagged + 1 / zs.size) * math.sqrt(zs.size) > _ALPHA_Z


def lagged_model(*, scale_prior: float = 0.0) -> RecursiveResiduals:
    """Two lags and nothing else: evidence of exchangeable scores has mean zero by its design.

    A level of its own would learn a small shift and halve its signal. Feed it ``z`` in place of `studentised`.

    Parameters
    ----------
    scale_prior : float
        Replays' worth of belief that the spread is 1; give it up where the baseline is over-dispersed.

    Examples
    --------
    >>> model, state = lagged_model(), lagged_model().start()
    >>> for z in [0.5, 0.4, -0.2, -0.6, 0.1, 0.3, 0.9, 0.2, -0.4, 0.0, 0.3, 5.0]:
    ...     state = model.update(state, z)
    >>> state.z > 3
    True
    """
    return RecursiveResiduals(intercept=False, lags=2, daily=0, weekly=0, scale_prior=scale_prior)


def started(zs: Floats, *, scale_prior: float = 0.0) -> SeriesState:
    """State of `lagged_model` after the baseline's evidence, shape (n_replays,)."""
    model = lagged_model(scale_prior=scale_prior)
    state = model.start()
    for z in zs.tolist():
        state = model.update(state, z)
    return state
