"""When slots fall, clock changes included."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driftwatch.adapters.calendar import next_slot, replays_per_year, slots_between
from driftwatch.domain.schedule import Cron, Every

BERLIN = ZoneInfo("Europe/Berlin")


def local(schedule: Cron, start: datetime, days: int) -> list[str]:
    slots = slots_between(schedule, start, start + timedelta(days=days))
    return [s.astimezone(ZoneInfo(schedule.timezone)).strftime("%d %H:%M") for s in slots]


def test_a_cron_line_of_half_past_two_runs_once_when_the_clock_goes_back() -> None:
    nightly = Cron(line="30 2 * * *", timezone="Europe/Berlin")
    assert local(nightly, datetime(2026, 10, 24, tzinfo=UTC), 3) == ["24 02:30", "25 02:30", "26 02:30"]


def test_a_skipped_local_time_runs_at_the_next_valid_instant() -> None:
    nightly = Cron(line="30 2 * * *", timezone="Europe/Berlin")
    assert local(nightly, datetime(2026, 3, 28, tzinfo=UTC), 3) == ["28 02:30", "29 03:30", "30 02:30"]


def test_a_line_for_every_hour_loses_no_hour_when_the_clock_goes_back() -> None:
    start = datetime(2026, 10, 24, 22, tzinfo=UTC)
    slots = list(slots_between(Cron(line="0 * * * *", timezone="Europe/Berlin"), start, start + timedelta(hours=6)))
    assert slots == [start + timedelta(hours=n) for n in range(1, 7)]


@pytest.mark.parametrize(
    ("field", "days"),
    [
        ("1-5", "Mon Tue Wed Thu Fri"),
        ("0", "Sun"),
        ("7", "Sun"),
        ("mon,wed", "Mon Wed"),
        ("1", "Mon"),
        ("*/3", "Wed Sat Sun"),
    ],
)
def test_weekday_numbers_are_crons_not_apschedulers(field: str, days: str) -> None:
    start = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
    slots = slots_between(Cron(line=f"0 6 * * {field}"), start, start + timedelta(days=7))
    found = sorted({s.strftime("%a") for s in slots}, key=["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].index)
    assert " ".join(found) == days


@given(
    interval=st.integers(1, 500_000).map(lambda s: timedelta(seconds=s)),
    offset=st.integers(0, 3600).map(lambda s: timedelta(seconds=s)),
    after=st.integers(1_577_836_800, 2_208_988_800).map(lambda s: datetime.fromtimestamp(s, UTC)),
)
def test_the_next_slot_is_later_by_at_most_one_interval_and_no_slot_lies_between(
    interval: timedelta, offset: timedelta, after: datetime
) -> None:
    schedule = Every(interval=interval, offset=offset)
    slot = next_slot(schedule, after)
    assert slot is not None
    assert after < slot <= after + interval
    assert next_slot(schedule, slot) == slot + interval


def test_a_year_of_hours_has_8760_replays() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert replays_per_year(Every(interval=timedelta(hours=1)), now) == pytest.approx(8760)
    assert replays_per_year(Cron(line="0 * * * *", timezone="Europe/Berlin"), now) == pytest.approx(8760)
