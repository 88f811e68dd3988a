"""Incidents that were none: `rhythm` (day and week in a metric), and what `rumour-2024` has to state."""

from itertools import count, islice
from math import exp, pi, sin, sqrt
from pathlib import Path

import numpy as np
import pytest

from driftwatch.services.power import power_of
from driftwatch.services.saved import load_watch
from driftwatch.stats.stream import ReplayValues, StreamDetector
from driftwatch.testing.lasting import DAY
from driftwatch.testing.scenarios import SCENARIOS
from tests.acceptance.played import Played

PROBES, FORTNIGHT, MONTH = 40, 14 * DAY, 28 * DAY


ARL = 8760 * 1.75
"""Of `pass`, beside refusals and cut-offs, at one false page a year."""


class Rhythmic:
    """A pass stream in whose replays day and week make a fifth of the variance; hourly, a fortnight's baseline."""

    def __init__(self, seed: int) -> None:
        self.chance, self.hours = np.random.default_rng(seed), count()
        self.detector = StreamDetector(baseline_replays=FORTNIGHT, arl=ARL, kind="binary")
        self.state = self.detector.start()

    def alarms(self, replays: int, *, fall: float = 0.0) -> bool:
        """Whether one of so many further replays alarms."""
        for hour in islice(self.hours, replays):
            right = 0.8 + 0.036 * sin(2 * pi * hour / DAY) + 0.026 * sin(2 * pi * hour / (7 * DAY)) - fall
            passed = (self.chance.random(PROBES) < right).astype(float)
            values = {f"p{n}@h": (value,) for n, value in enumerate(passed.tolist())}
            replay = ReplayValues(key=f"{hour:06}", hours=float(hour), values=values)
            self.state = self.detector.update(self.state, replay)
            if self.state.latch is not None:
                return True
        return False


@pytest.mark.parametrize("seed", [9, 13])
def test_a_rhythm_that_the_baseline_has_seen_twice_raises_no_alarm_and_hides_no_fall(seed: int) -> None:
    """Both alarmed: bets on rare failures did not know the hour, and took the bad half of a week for a change."""
    endpoint = Rhythmic(seed)
    assert not endpoint.alarms(FORTNIGHT + MONTH)
    assert endpoint.alarms(DAY, fall=0.15), "the rhythm must not have made it blind"


@pytest.mark.slow
@pytest.mark.statistical
def test_a_rhythm_costs_no_more_false_alarms_than_the_budget_says() -> None:
    """Sixty deployments, seeds 0-59, four weeks each: 4.3 % of them may alarm, which is 2.6; 4 SE above are 8.8.

    With bets that did not know the hour 8 of the first 35 alarmed.
    """
    deployments, chance = 60, 1 - exp(-MONTH / ARL)
    alarmed = sum(Rhythmic(seed).alarms(FORTNIGHT + MONTH) for seed in range(deployments))
    assert alarmed <= deployments * chance + 4 * sqrt(deployments * chance * (1 - chance))


def test_a_rumour_is_answered_by_silence_and_by_what_would_have_been_seen(tmp_path: Path) -> None:
    here = Played(tmp_path, SCENARIOS["rumour-2024"], hours=DAY)
    assert here.told() == []
    watch = load_watch(here.world.watched, here.world.store)[0]
    said = power_of(here.world.watched, watch)
    assert said is not None
    assert said.startswith("A fall of the pass rate by ")
