"""How far an endpoint's baseline is, by the streams that it has."""

import pytest

from driftwatch.domain.metric import BORDER, LOGPROB, PASS
from driftwatch.services.standing import Standing, StreamState, baseline_progress


def at(metric, seen, of):
    return Standing(metric=metric, state=StreamState.LEARNING, baseline_seen=seen, baseline_replays=of)


@pytest.mark.parametrize(
    ("streams", "seen"),
    [
        ([], 0),
        ([at(PASS, 3, 8)], 3),
        ([at(LOGPROB, 0, 4), at(BORDER, 0, 4)], 0),
        ([at(LOGPROB, 2, 4), at(BORDER, 1, 4)], 6),
        ([at(LOGPROB, 4, 4)], 8),
        ([at(PASS, 8, 8), at(LOGPROB, 4, 4)], 8),
    ],
)
def test_sensors_alone_complete_a_baseline_with_what_they_are_compared_with(streams, seen):
    """An endpoint of sensors alone, seen by hand on a real llama: 22 replays, and still "learning baseline 1: 4/8"."""
    assert baseline_progress(streams, 8) == (seen, 8)
