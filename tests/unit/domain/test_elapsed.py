"""What time alone decides, as a table: one English sentence a row."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from driftwatch.domain.elapsed import decide_elapsed, decide_removed
from driftwatch.domain.incident import Incident, IncidentState, Reason
from driftwatch.domain.metric import Severity
from tests.unit.domain.test_decide import (
    ALARMED,
    BLIND,
    HUSHED,
    NOTICED,
    NOW,
    OLD_SILENCE,
    PAGED,
    RECURRING,
    RETURNING,
    SILENCE,
    WAITS,
    calm,
    told,
)

DAY = timedelta(days=1)


def since(incident: Incident, *, told_at: timedelta, opened_at: timedelta | None = None) -> Incident:
    return replace(incident, told_at=NOW - told_at, opened_at=NOW - (opened_at or told_at))


STANDS = since(PAGED, told_at=DAY)
MINE = since(replace(PAGED, state=IncidentState.ACKNOWLEDGED, by="ada"), told_at=6 * DAY)
AGAIN = since(RECURRING, told_at=DAY)
IN_WINDOW = replace(HUSHED, reason=Reason.MAINTENANCE)

# fmt: off
TABLE = [
    ("what was told an hour ago is no news", PAGED, {}, "NONE", ""),
    ("what nobody has taken for a day is told again", STANDS, {}, "REPEAT_DUE", "page@pages"),
    ("a notice is told again as one", since(NOTICED, told_at=DAY), {}, "REPEAT_DUE", "notice@notices"),
    ("missing data is told to operations again", since(BLIND, told_at=DAY), {"alarms": calm(3)}, "REPEAT_DUE", "notice@ops"),
    ("what somebody has is left to them for a week", MINE, {}, "NONE", ""),
    ("and then told again", since(MINE, told_at=7 * DAY), {}, "REPEAT_DUE", "page@pages"),
    ("what has been calm is not told again", STANDS, {"alarms": calm(1)}, "NONE", ""),
    ("what may be on its way back waits for what comes of it", STANDS, {"alarms": RETURNING}, "NONE", ""),
    ("missing data is no return", since(BLIND, told_at=DAY), {"alarms": RETURNING}, "REPEAT_DUE", "notice@ops"),
    ("a silence keeps a repeat back", STANDS, {"silences": [SILENCE]}, "NONE", ""),
    ("what another page covers wakes nobody", STANDS, {"covered": True}, "REPEAT_DUE", "notice@pages"),
    ("what a silence kept back is told when it ends", HUSHED, {"silences": [OLD_SILENCE]}, "SILENCE_ENDED", "page@pages"),
    ("and not while it lasts", HUSHED, {"silences": [SILENCE]}, "NONE", ""),
    ("so is what a maintenance window kept back", IN_WINDOW, {}, "SILENCE_ENDED", "page@pages"),
    ("what is calm at the end of a silence is told to nobody", HUSHED, {"alarms": calm(2)}, "NONE", ""),
    ("what waits for its rerun waits on", WAITS, {}, "NONE", ""),
    ("a recurrence is repeated and wakes nobody", AGAIN, {}, "REPEAT_DUE", "notice@pages"),
    ("one that has stood for a week pages", since(RECURRING, told_at=DAY, opened_at=7 * DAY), {}, "REPEAT_DUE", "page@pages"),
    ("not again on the day after", since(RECURRING, told_at=DAY, opened_at=8 * DAY), {}, "REPEAT_DUE", "notice@pages"),
    ("but again in the next week", since(RECURRING, told_at=DAY, opened_at=14 * DAY), {}, "REPEAT_DUE", "page@pages"),
    ("one that shows another state pages with its repeat", AGAIN, {"moved_on": True}, "REPEAT_DUE", "page@pages"),
    ("not before it", RECURRING, {"moved_on": True}, "NONE", ""),
    ("nor where another page covers it", AGAIN, {"moved_on": True, "covered": True}, "REPEAT_DUE", "notice@pages"),
]
# fmt: on


@pytest.mark.parametrize(
    ("incident", "given", "reason", "tell"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_time_decides(incident: Incident, given: dict[str, Any], reason: str, tell: str) -> None:
    decision = decide_elapsed(incident, **({"silences": (), "alarms": ALARMED, "now": NOW} | given))
    assert (decision.reason.value, told(decision)) == (reason, tell)


def test_an_endpoint_that_is_watched_no_more_is_closed_and_those_who_were_told_hear_it() -> None:
    closed = decide_removed(PAGED, silences=(), now=NOW)
    assert (closed.reason, told(closed)) == (Reason.ENDPOINT_REMOVED, "notice@pages")
    assert closed.incident is not None
    assert (closed.incident.state, closed.incident.ended_at) == (IncidentState.RESOLVED, NOW)
    taken = decide_removed(replace(MINE, comment="asking the vendor"), silences=(), now=NOW).incident
    assert taken is not None
    assert (taken.by, taken.comment) == (None, None), "whoever had taken it did not end it"
    assert told(decide_removed(PAGED, silences=[SILENCE], now=NOW)) == ""
    assert told(decide_removed(replace(HUSHED, told=Severity.NONE), silences=(), now=NOW)) == ""
