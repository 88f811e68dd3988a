"""What a replay's decision asks of the past: an incident's number is not handed back, so it is asked only for one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from driftwatch.domain.decide import Decision
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.incident import Incident
from driftwatch.domain.replay import ReplayScores, Slot
from driftwatch.services.backtest_past import BacktestPast
from driftwatch.services.decide_replay import decide_replay
from driftwatch.services.evidence import evidence_of
from tests.unit.domain.test_decide import FALL, PAGED

FULL = ReplayScores(
    slot=Slot(endpoint="bot", due=datetime(2026, 10, 14, 8, tzinfo=UTC)), seq=37, epoch=1, asked=40, answered=40,
    fingerprint=Fingerprint(parts={}), values={},
)  # fmt: skip
THIN = replace(FULL, answered=19)


class Numbered(BacktestPast):
    """Counts the numbers that it gives away."""

    taken = 0

    def next_incident_id(self) -> int:
        self.taken += 1
        return super().next_incident_id()


def decided(*replays: ReplayScores, incident: Incident | None, **shown: Any) -> tuple[Decision, int]:
    past = Numbered(bursts={})
    past.incident = incident
    for place, replay in enumerate(replays):
        slot = Slot(endpoint="bot", due=replay.slot.due + timedelta(hours=place))
        last = replace(replay, slot=slot, seq=replay.seq + place)
        past.take(last)
    facts: dict[str, Any] = {"found": (), "announced": "", "changed": ()} | shown
    decision = decide_replay(evidence_of(last, plans={}, states={}, readings={}, **facts), past)
    return decision, past.taken


# fmt: off
TABLE = [
    ("a quiet replay takes none", (FULL,), None, {}, "NONE", 0),
    ("an alarm takes one, though it is decided twice", (FULL,), None, {"found": (FALL,)}, "FIRST", 1),
    ("an alarm of an open incident takes none", (FULL,), PAGED, {"found": (FALL,)}, "NONE", 0),
    ("an announced change takes one", (FULL,), None, {"announced": "now gpt-b"}, "FIRST", 1),
    ("one replay with too few answers takes none", (FULL, THIN), None, {"found": (FALL,)}, "NONE", 0),
    ("the second in a row takes one", (THIN, THIN), None, {}, "NO_DATA", 1),
    ("unless an incident is open", (THIN, THIN), PAGED, {}, "NO_DATA", 0),
    ("what our side changed is decided though few answered", (FULL, THIN), None, {"changed": ("driver",)}, "LOCAL_CHANGE", 0),
]
# fmt: on


@pytest.mark.parametrize(
    ("replays", "incident", "shown", "reason", "numbers"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_which_decisions_take_an_incidents_number(
    replays: tuple[ReplayScores, ...], incident: Incident | None, shown: dict[str, Any], reason: str, numbers: int
) -> None:
    decision, taken = decided(*replays, incident=incident, **shown)
    assert (decision.reason.value, taken) == (reason, numbers)


def test_a_baseline_given_up_while_the_replay_ran_leaves_no_news() -> None:
    shown = evidence_of(
        FULL, plans={}, states={}, readings={}, found=(FALL,), announced="now gpt-b", changed=()
    ).without_news()
    past = Numbered(bursts={})
    past.take(FULL)
    assert (decide_replay(shown, past).reason.value, past.taken) == ("NONE", 0)
