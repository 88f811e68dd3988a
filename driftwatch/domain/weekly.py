"""The weekly report as a promise: which week it is, and the key by which there is one of it."""

from datetime import datetime
from zoneinfo import ZoneInfo

KIND = "report"
"""The `kind` of its payload."""


def week_of(due: datetime, timezone: str) -> str:
    """Return the ISO week that a report is due in, by the calendar of its zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> week_of(datetime(2026, 10, 25, 23, 30, tzinfo=UTC), "Europe/Berlin")
    '2026-W44'
    """
    year, week, _ = due.astimezone(ZoneInfo(timezone)).isocalendar()
    return f"{year}-W{week:02}"


def key_of(week: str) -> str:
    """Return the key of a week's report in the outbox: equal keys are one promise, whoever makes it."""
    return f"report/{week}"
