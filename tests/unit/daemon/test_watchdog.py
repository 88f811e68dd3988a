"""The watchdog hears from us while all parts move, and no longer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from driftwatch.adapters.systemd import Systemd
from driftwatch.daemon.watchdog import keep_awake
from driftwatch.services.vitals import Vitals
from driftwatch.testing.clock import ManualClock


class Listening(Systemd):
    """A systemd that notes what it hears."""

    def __init__(self, watchdog_s: float | None) -> None:
        super().__init__({})
        self.watchdog_s, self.heard = watchdog_s, []

    def _tell(self, *lines: str) -> None:
        self.heard += lines


class Passing(ManualClock):
    """Time that passes while others sleep; after so many looks they are cancelled."""

    def __init__(self, looks: int) -> None:
        super().__init__(datetime(2026, 7, 20, 6, tzinfo=UTC))
        self.looks, self.slept = looks, []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))
        if len(self.slept) == self.looks:
            raise asyncio.CancelledError


def lived(systemd: Listening, vitals: Vitals, clock: Passing) -> None:
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(keep_awake(systemd, vitals, clock))


def test_it_is_told_three_times_as_often_as_it_wants() -> None:
    clock, systemd = Passing(4), Listening(30.0)
    lived(systemd, Vitals(clock=clock, started=True), clock)
    assert clock.slept == [10.0] * 4
    assert systemd.heard.count("WATCHDOG=1") == 4


def test_a_scheduler_that_stands_still_is_told_once_and_keeps_the_watchdog_in_the_dark(capsys) -> None:
    clock, systemd = Passing(8), Listening(30.0)
    vitals = Vitals(clock=clock, started=True)
    vitals.moved("scheduler")
    lived(systemd, vitals, clock)
    # Looks at 0, 10, 20 and 30 s; from 40 s on it is stuck.
    assert systemd.heard.count("WATCHDOG=1") == 4
    assert capsys.readouterr().out.count("the watchdog is not told") == 1
    assert systemd.heard[-1].startswith("STATUS=starting; the scheduler has not moved")


def test_the_status_says_what_is_wrong_once(capsys) -> None:
    clock, systemd = Passing(3), Listening(None)
    vitals = Vitals(clock=clock, started=True, doing="watching 1 endpoint", delivers=lambda: False)
    lived(systemd, vitals, clock)
    statuses = [line for line in systemd.heard if line.startswith("STATUS=")]
    assert statuses == ["STATUS=watching 1 endpoint; every sink fails: nobody can be told anything"]
