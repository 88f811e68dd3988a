"""Incidents that were none: `rhythm` (day and week in a metric), and what `rumour-2024` has to state."""

from itertools import count
from math import pi, sin
from pathlib import Path

import numpy as np
import pytest

from driftwatch.services.judge import load_watch
from driftwatch.services.power import power_of
from driftwatch.stats.stream import ReplayValues, StreamDetector
from driftwatch.testing.lasting import DAY
from driftwatch.testing.scenarios import SCENARIOS
from tests.acceptance.played import Played

PROBES, FORTNIGHT, MONTH = 40, 14 * DAY, 28 * DAY


@pytest.mark.parametrize("seed", [0, 1])
def test_a_rhythm_that_the_baseline_has_seen_twice_raises_no_alarm_and_hides_no_fall(seed: int) -> None:
    """Day and week make a fifth of a replay's variance; hourly replays, a fortnight's baseline, four weeks of watching.

    Seeds 0-5: one of six alarms within four weeks; two with a week's baseline, and four of five with a day's.
    """
    chance = np.random.default_rng(seed)
    detector = StreamDetector(baseline_replays=FORTNIGHT, arl=8760 * 1.75, kind="binary")
    state, hours = detector.start(), count()

    def replay(fall: float) -> None:
        nonlocal state
        hour = next(hours)
        right = 0.8 + 0.036 * sin(2 * pi * hour / DAY) + 0.026 * sin(2 * pi * hour / (7 * DAY)) - fall
        passed = (chance.random(PROBES) < right).astype(float)
        values = {f"p{n}@h": (value,) for n, value in enumerate(passed.tolist())}
        state = detector.update(state, ReplayValues(key=f"{hour:06}", hours=float(hour), values=values))

    for _ in range(FORTNIGHT + MONTH):
        replay(0.0)
    assert state.latch is None
    for _ in range(DAY):
        replay(0.15)
    assert state.latch is not None, "the rhythm must not have made it blind"


def test_a_rumour_is_answered_by_silence_and_by_what_would_have_been_seen(tmp_path: Path) -> None:
    here = Played(tmp_path, SCENARIOS["rumour-2024"], hours=DAY)
    assert here.told() == []
    watch = load_watch(here.world.watched, here.world.store)[0]
    said = power_of(here.world.watched, watch)
    assert said is not None
    assert said.startswith("A fall of the pass rate by ")
