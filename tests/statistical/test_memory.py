"""A slow factor common to all probes costs false alarms while it is learned, and hardly any more afterwards."""

import math

import numpy as np
import pytest

from benchmarks.detection.rhythm import BASELINE, REST, YEARS, Watch

pytestmark = pytest.mark.statistical


@pytest.mark.slow
@pytest.mark.parametrize("world", ["factor 0.5, AR(0.95)", "factor .5, mean of 24"])
def test_a_year_with_a_slow_factor_alarms_hardly_more_than_nominal_once_it_is_learned(world):
    """Evidence Z as the product treats it, ARL 8,760, 24 deployments, seed 44: replays 1,001 to 3,000, of which .23 may alarm.

    Up to four times that, and 4 standard errors; with the belief in a level taken out some 8 alarm.
    """
    late = []
    for run in range(24):
        watch = Watch(taken_off=True, arl=8760, rest=REST)
        for hours, z in zip(*YEARS[world].evidence(np.random.default_rng([44, run]), BASELINE + 3000), strict=True):
            watch.fold(float(hours), float(z))
        late.append(sum(alarm > 1000 for alarm in watch.told))
    assert np.mean(late) < 4 * 2000 / 8760 + 4 * np.std(late) / math.sqrt(len(late))
