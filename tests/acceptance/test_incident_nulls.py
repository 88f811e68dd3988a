"""Incidents that were none: what `rumour-2024` has to state."""

from pathlib import Path

from driftwatch.services.judge import load_watch
from driftwatch.services.power import power_of
from driftwatch.testing.lasting import DAY
from driftwatch.testing.scenarios import SCENARIOS
from tests.acceptance.played import Played


def test_a_rumour_is_answered_by_silence_and_by_what_would_have_been_seen(tmp_path: Path) -> None:
    here = Played(tmp_path, SCENARIOS["rumour-2024"], hours=DAY)
    assert here.told() == []
    watch = load_watch(here.world.watched, here.world.store)[0]
    said = power_of(here.world.watched, watch)
    assert said is not None
    assert said.startswith("A fall of the pass rate by ")
