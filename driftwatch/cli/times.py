"""Times as people type them: a date, a time with or without zone, or how long ago."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from driftwatch.cli.typed import Typed


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment, fixed or so long ago."""

    at: datetime | timedelta

    def before(self, now: datetime) -> datetime:
        """Return the moment in UTC, seen from `now`."""
        return now - self.at if isinstance(self.at, timedelta) else self.at


class MomentType(Typed[Moment]):
    """``2026-07-20``, ``2026-07-20T06:00Z``, or ``7d`` for seven days ago; without a zone it is UTC."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Moment:
        """Return the moment that was typed."""
        if isinstance(value, Moment):
            return value
        try:
            return Moment(_read(str(value).strip()))
        except ValueError:
            self.fail(
                f"{value!r} is not a time; write 2026-07-20, 2026-07-20T06:00Z, or 7d for seven days ago.", param, ctx
            )


MOMENT = MomentType()


class DurationType(Typed[timedelta]):
    """``30s``, ``4h``, ``7d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return how long was typed."""
        from driftwatch.config.values import parse_duration

        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(str(value).strip())
        except ValueError as error:
            self.fail(f"{value!r} is not a duration: {error}", param, ctx)


DURATION = DurationType()


class LocalType(Typed[datetime]):
    """``2026-10-25T01:30``, a wall clock's time; with a zone of its own it is that moment."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time as it was typed."""
        try:
            return value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        except ValueError:
            self.fail(f"{value!r} is not a time; write 2026-10-25T01:30.", param, ctx)


LOCAL = LocalType()


def _read(text: str) -> datetime | timedelta:
    from driftwatch.config.values import parse_duration

    if text[-1:] in ("s", "m", "h", "d", "w"):
        return parse_duration(text)
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
