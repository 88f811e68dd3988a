"""Who mends the file is left in peace for ten minutes; then operations hear of it, once, and of its end."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from driftwatch.adapters.notify.wording import render_text
from driftwatch.adapters.store import SqlStore, open_store
from driftwatch.daemon.config_alarm import ConfigAlarm
from driftwatch.services.vitals import ConfigRead
from driftwatch.testing.clock import ManualClock

START = datetime(2026, 7, 20, 6, tzinfo=UTC)


class At:
    """A store, a clock, and what operations were told."""

    def __init__(self, store: SqlStore) -> None:
        self.store, self.clock = store, ManualClock(START)
        self.config, self.alarm = ConfigRead(), ConfigAlarm()
        self.config.read(START)

    def look(self, after: timedelta = timedelta(0)) -> list[str]:
        self.clock.advance(after)
        self.alarm.look(self.config, self.store, self.clock, ("ops", "quiet"))
        return [render_text(row.payload) for row in self.store.deliveries() if row.route == "ops"]

    def refuse(self, why: str = "a.yaml:3: `x` is not known") -> None:
        self.config.refused(why, self.clock.monotonic())


@pytest.fixture
def at(tmp_path: Path):
    with open_store(f"sqlite:///{tmp_path}/a.db") as store:
        yield At(store)


def test_a_good_file_is_no_news(at: At) -> None:
    assert at.look(timedelta(hours=3)) == []


def test_ten_minutes_are_nobodys_trouble_and_then_it_is_told_once_on_every_route(at: At) -> None:
    at.refuse()
    assert at.look(timedelta(minutes=9)) == []
    [told] = at.look(timedelta(minutes=2))
    assert told.splitlines() == [
        "driftwatch configuration refused: an older one is in use",
        (
            "a.yaml:3: `x` is not known The one in use was read at 2026-07-20 06:00 UTC. Mend the file, "
            "look at it with driftwatch check, and send SIGHUP."
        ),
    ]
    assert at.look(timedelta(hours=5)) == [told]
    assert {row.route for row in at.store.deliveries()} == {"ops", "quiet"}


def test_a_second_refusal_does_not_begin_the_ten_minutes_anew(at: At) -> None:
    at.refuse()
    at.look(timedelta(minutes=6))
    at.refuse("another mistake")
    [told] = at.look(timedelta(minutes=5))
    assert "another mistake" in told


def test_what_is_mended_in_time_is_never_told(at: At) -> None:
    at.refuse()
    at.look(timedelta(minutes=9))
    at.config.read(at.clock.now())
    assert at.look(timedelta(hours=1)) == []
    at.refuse()
    assert at.look(timedelta(minutes=5)) == []


def test_what_was_told_is_told_to_be_over(at: At) -> None:
    at.refuse()
    at.look(timedelta(minutes=11))
    at.config.read(at.clock.now())
    assert at.look(timedelta(seconds=20))[-1].startswith("driftwatch configuration in order again")
    assert len(at.look(timedelta(hours=1))) == 2
