"""What a binary metric's bets look for is what its rise would mean."""

import pytest

from driftwatch.domain.metric import MEASURED, scored_metric
from driftwatch.services.detectors import detector_for
from driftwatch.stats.stream import StreamDetector


@pytest.mark.parametrize(
    "metric", [m for m in MEASURED.values() if m.kind == "binary" and m.harm], ids=lambda m: m.name
)
def test_what_hurts_is_what_is_looked_for(metric):
    assert metric.event == ("ones" if metric.harm > 0 else "zeros")


@pytest.mark.parametrize("name", ["unseen", "seed-mismatch"])
def test_of_texts_like_none_before_it_is_more_of_them(name):
    assert MEASURED[name].event == "ones"


@pytest.mark.parametrize("name", ["markdown", "json-shape", "tool-called"])
def test_of_a_habit_it_is_whatever_a_probe_rarely_does(name):
    assert MEASURED[name].event == "unusual"


def test_of_a_users_scorer_it_is_failures():
    assert scored_metric("contains", "binary").event == "zeros"


@pytest.mark.parametrize("name", ["pass", "refusal", "markdown"])
def test_the_detector_looks_for_what_its_metric_says(name):
    detector = detector_for(MEASURED[name], baseline_replays=24, arl=500)
    assert isinstance(detector, StreamDetector)
    assert detector.event == MEASURED[name].event
