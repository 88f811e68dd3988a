"""What is usual in a baseline, as people read it."""

from driftwatch.domain.metric import MEASURED
from driftwatch.services.bands import normal


def test_what_is_never_negative_is_not_usually_negative() -> None:
    """`baseline show` said of a fast endpoint's latency: usually -5.89 to 17.7."""
    found = normal([{"latency": 1.0, "logprob": -0.1}, {"latency": 1.0, "logprob": -0.3}, {"latency": 30.0}], MEASURED)
    assert found["latency"].low == 0.0
    assert found["latency"].high > 30.0
    assert found["logprob"].low < -0.3


def test_what_is_counted_by_yes_and_no_is_usually_at_most_one() -> None:
    """Whatever is graded by more than that may be above."""
    found = normal([{"pass": 0.8, "grade": 0.8}, {"pass": 1.0, "grade": 1.0}], MEASURED)
    assert (found["pass"].high, found["grade"].high > 1.0) == (1.0, True)
