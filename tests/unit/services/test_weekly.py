"""The weekly report: exactly one a week, whatever restarts, whichever zone, however many nodes."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from driftwatch.adapters.calendar import slots_between
from driftwatch.adapters.store import open_store
from driftwatch.daemon.weekly import WeeklyReport
from driftwatch.domain.delivery import DeliveryState
from driftwatch.domain.schedule import Cron
from driftwatch.services.weekly import Weekly, had_begun, is_promised, last_week, next_due, promise
from driftwatch.testing.clock import ManualClock
from tests.stores import BACKENDS, STORES
from tests.unit.report.scripted import HOUR, Scripted, watched

UTC_WEEKLY = Weekly(schedule=Cron(line="0 9 * * mon"), to="quiet")
BERLIN = Weekly(schedule=Cron(line="30 2 * * sun", timezone="Europe/Berlin"), to="quiet")
MONDAY = datetime(2026, 10, 12, 9, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/driftwatch.db") as opened:
        yield opened


def reports(store):
    return [row for row in store.deliveries() if row.payload["kind"] == "report"]


def daemon(store, weekly, clock, *, fails=lambda: False):
    """Return a daemon's part of it, whose process makes the promise as `driftwatch report --weekly` does."""

    async def make() -> bool:
        if fails():
            return False
        week = last_week(weekly, clock.now(), slots_between)
        if not is_promised(store, week):
            promise(store, weekly, week, {"kind": "report", "week": week.name}, now=clock.now())
        return True

    return WeeklyReport(weekly=weekly, make=make, store=store, clock=clock, due_slots=slots_between)


@pytest.mark.parametrize(
    ("now", "since", "until"),
    [
        (MONDAY, MONDAY - timedelta(days=7), MONDAY),
        (MONDAY - timedelta(seconds=1), MONDAY - timedelta(days=14), MONDAY - timedelta(days=7)),
        (MONDAY + timedelta(days=3), MONDAY - timedelta(days=7), MONDAY),
    ],
)
def test_a_report_is_about_the_time_between_two_reports(now, since, until):
    week = last_week(UTC_WEEKLY, now, slots_between)
    assert (week.since, week.until, week.name) == (since, until, f"{until:%G-W%V}")


@pytest.mark.parametrize("hour", [0, 12])
def test_weeks_follow_each_other_without_gap_or_overlap_where_clocks_change(hour):
    """02:30 comes twice on 25 October in Berlin, and never on 28 March."""
    moment, weeks = datetime(2026, 9, 1, hour, tzinfo=UTC), {}
    while moment < datetime(2027, 5, 1, tzinfo=UTC):
        week = last_week(BERLIN, moment, slots_between)
        weeks[week.until] = week
        assert next_due(BERLIN, moment, slots_between) > moment
        moment += timedelta(hours=6)
    told = [weeks[until] for until in sorted(weeks)]
    assert len({week.name for week in told}) == len(told) == 35
    assert all(earlier.until == later.since for earlier, later in pairwise(told))
    assert {(w.until - w.since) / timedelta(hours=1) for w in told} <= {167.0, 168.0, 169.0, 167.5, 168.5}


def test_whatever_restarts_there_is_one_report_a_week(store):
    clock = ManualClock(MONDAY - timedelta(days=1))

    async def life():
        for step in range(24 * 21):
            clock.set(MONDAY - timedelta(days=1) + step * HOUR)
            # Each hour another daemon, as after a kill: none remembers anything.
            await daemon(store, UTC_WEEKLY, clock).look()

    asyncio.run(life())
    assert [row.key for row in reports(store)] == [
        "report/2026-W41",
        "report/2026-W42",
        "report/2026-W43",
        "report/2026-W44",
    ]


def test_a_report_that_was_missed_is_made_late_and_the_weeks_before_it_not(store):
    clock = ManualClock(MONDAY + timedelta(days=23))
    asyncio.run(daemon(store, UTC_WEEKLY, clock).look())
    assert [row.key for row in reports(store)] == ["report/2026-W45"]


def test_what_failed_is_tried_again(store):
    clock, failures = ManualClock(MONDAY), iter([True, True, False])
    one = daemon(store, UTC_WEEKLY, clock, fails=lambda: next(failures))

    async def looks():
        done = ""
        for _ in range(4):
            done = await one.look(done)
        return done

    assert asyncio.run(looks()) == "2026-W42"
    assert len(reports(store)) == 1


def test_another_day_makes_no_second_report_of_the_week(store):
    clock = ManualClock(MONDAY + HOUR)
    asyncio.run(daemon(store, UTC_WEEKLY, clock).look())
    clock.set(MONDAY + timedelta(days=3))
    thursday = Weekly(schedule=Cron(line="0 9 * * thu"), to="elsewhere")
    asyncio.run(daemon(store, thursday, clock).look())
    assert [(row.key, row.route) for row in reports(store)] == [("report/2026-W42", "quiet")]


@pytest.mark.parametrize("backend", BACKENDS, indirect=True, scope="session")
def test_several_nodes_at_once_make_one_promise(backend, tmp_path):
    week, url = last_week(UTC_WEEKLY, MONDAY, slots_between), STORES.url(tmp_path)
    open_store(url).close()
    ready = threading.Barrier(6)

    def node(number: int) -> None:
        with open_store(url) as mine:
            ready.wait()
            promise(mine, UTC_WEEKLY, week, {"kind": "report", "node": number}, now=MONDAY)

    nodes = [threading.Thread(target=node, args=(number,)) for number in range(6)]
    for one in nodes:
        one.start()
    for one in nodes:
        one.join()
    with open_store(url) as store:
        (row,) = reports(store)
    assert (row.key, row.route, row.state) == ("report/2026-W42", "quiet", DeliveryState.PENDING)


def test_a_new_installation_tells_of_no_week_before_it(store):
    one, week = watched("support-bot"), last_week(UTC_WEEKLY, MONDAY + HOUR, slots_between)
    assert not had_begun(store, ["support-bot"], week)
    scripted = Scripted(store=store, clock=ManualClock(MONDAY))
    scripted.replay(one, MONDAY + timedelta(minutes=1))
    assert not had_begun(store, ["support-bot"], week)
    assert had_begun(store, ["support-bot"], last_week(UTC_WEEKLY, MONDAY + timedelta(days=7), slots_between))


def test_a_week_of_which_there_is_no_report_is_not_logged_as_made(store):
    """Each start of a new installation logged "weekly report made", and nothing had been made."""
    clock = ManualClock(MONDAY + timedelta(days=3))

    async def make() -> bool:
        return True

    part = WeeklyReport(weekly=UTC_WEEKLY, make=make, store=store, clock=clock, due_slots=slots_between)
    with capture_logs() as logs:
        assert asyncio.run(part.look()) == f"{MONDAY:%G-W%V}"
    assert logs == []
