"""The proof: killed at hundreds of random moments on Slack's bad days, no page is lost, and none comes twice where Slack can be asked.

``--kills 10000`` does it for hours. benchmarks/delivery says what the same harness does to others' ways.
"""

from pathlib import Path

import pytest

from driftwatch.domain.delivery import DeliveryState
from tests.faults.crash import harness


def test_fault_02_to_05_no_page_is_lost_or_doubled_however_often_it_is_killed(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    kills = request.config.getoption("--kills")
    outcome = harness.run(tmp_path, kills=kills, seed=kills)
    harness.check(outcome)
    # The harness must have had its chances: every kind of bad day, on both roads, and kills in mid-flight.
    assert set(outcome.happened) == set(harness.BAD_DAY)
    assert outcome.keys("bot")
    assert outcome.keys("hook")
    assert any(row.attempts > 1 for row in outcome.promised.values() if row.state is DeliveryState.SENT)


@pytest.mark.parametrize(("kind", "fault"), [("send-then-mark", "doubled"), ("mark-then-send", "lost")])
def test_the_harness_sees_what_a_naive_pager_does(tmp_path: Path, kind: str, fault: str) -> None:
    """The proof above is worth something only if the harness can find fault."""
    outcome = harness.run(tmp_path, kills=25, seed=3, kind=kind)
    assert outcome.doubled("bot") if fault == "doubled" else outcome.lost
    with pytest.raises(AssertionError):
        harness.check(outcome)
