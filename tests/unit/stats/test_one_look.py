"""What one look would have seen, and what the past says of how far it may lie by chance."""

import numpy as np

from driftwatch.stats.comparison import Comparison
from driftwatch.stats.one_look import spread_of

ALPHA = 0.002


def comparison(*levels: float) -> Comparison:
    """Return a look at one probe for each level: it always had that value, and has it today."""
    held = {f"p{n:02}": (level,) * 24 for n, level in enumerate(levels)}
    today = {key: values[:1] for key, values in held.items()}
    return Comparison.of(held, [today], past=(), kind="binary")


def test_probes_that_always_failed_do_not_hide_that_others_would_be_seen_to_break() -> None:
    """Each probe was broken away from its median: as many fell as rose, they cancelled out, and nothing was seen."""
    half = comparison(*(float(n % 2) for n in range(40)))
    assert half.least_broken(ALPHA, -1) == 3
    assert half.least_broken(ALPHA, 0) == 3


def test_what_always_failed_cannot_get_worse() -> None:
    """It was said that three broken probes of a golden set that never passed would be seen: three that pass."""
    assert comparison(*[0.0] * 40).least_broken(ALPHA, -1) is None
    assert comparison(*[0.0] * 40).least_broken(ALPHA, 1) == 3


def test_a_past_that_lies_far_apart_counts_in_full() -> None:
    """Squares above 16 counted 16, however far apart replays lay, so that variance 40 was taken for 16 at most."""
    none = np.zeros((1, 0)), np.zeros((1, 1, 1))
    quiet = spread_of(np.tile([0.7, -0.7], 20), *none, "binary")
    moody = spread_of(np.tile([6.3, -6.3], 20), *none, "binary")
    assert quiet.variance < 1
    assert moody.variance > 30
