"""A cron line read strictly, into the one form that the calendar takes; when it fires is the calendar's business."""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_LINE = 200
_PART = re.compile(r"(?P<first>\*|[a-z]{3}|[0-9]{1,2})(?:-(?P<last>[a-z]{3}|[0-9]{1,2}))?(?:/(?P<step>[0-9]{1,2}))?")


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    low: int
    high: int
    names: Sequence[str] = ()


_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


def read_cron(line: str) -> str:
    """Return a cron line with names, ranges and lists written out as numbers; ``*`` and ``*/n`` stay.

    Five fields (minute, hour, day, month, weekday), all of which must match: where cron takes a day *or*
    a weekday, the calendar wants both. 0 and 7 are Sunday.

    Raises
    ------
    ValueError
        Saying what the line needs. A date that no year has is refused too.

    Examples
    --------
    >>> read_cron("0 */2 * * mon-fri")
    '0 */2 * * 1,2,3,4,5'
    >>> read_cron("0 24 * * *")
    Traceback (most recent call last):
    ValueError: its hour `24` must lie in 0 to 23.
    """
    fields = line.lower().split() if len(line) <= LONGEST_LINE else []
    if len(fields) != len(_FIELDS):
        raise ValueError("it needs five fields (minute hour day month weekday), as in 0 */2 * * mon-fri.")
    read = [_read_field(text, field) for text, field in zip(fields, _FIELDS, strict=True)]
    _refuse_impossible(days=read[2], months=read[3])
    return " ".join(read)


def _refuse_impossible(*, days: str, months: str) -> None:
    # 2000 is a leap year: 29 February is rare, not impossible. `*/n` always holds the first of January.
    longest = max(monthrange(2000, int(month))[1] if month.isdecimal() else 31 for month in months.split(","))
    if all(day.isdecimal() and int(day) > longest for day in days.split(",")):
        raise ValueError("no year has such a day: take a smaller day or another month.")


def _read_field(text: str, field: _Field) -> str:
    try:
        parts = [_read_part(part, field) for part in text.split(",")]
    except ValueError as error:
        raise ValueError(f"its {field.name} `{text[:40]}` {error}") from None
    if "*" in parts:
        return "*"
    return ",".join(dict.fromkeys(",".join(parts).split(",")))


def _read_part(part: str, field: _Field) -> str:
    match = _PART.fullmatch(part)
    if match is None or (match["first"] == "*" and match["last"]):
        raise ValueError("cannot be read: write numbers, ranges, lists and steps, as in 0,30 or 8-18 or */2.")
    step = int(match["step"] or 1)
    if not 1 <= step <= field.high:
        raise ValueError(f"has a step outside 1 to {field.high}.")
    if match["first"] == "*":
        # APScheduler refuses a step that is longer than the field.
        longest = (6 if field.names == _WEEKDAYS else field.high) - field.low
        return "*" if step == 1 else f"*/{step}" if step <= longest else str(field.low)
    first = _value(match["first"], field)
    last = _value(match["last"], field, ends=True) if match["last"] else (field.high if match["step"] else first)
    if last < first:
        raise ValueError("has a range that ends before it begins: write it as two.")
    values = range(first, last + 1, step)
    return ",".join(str(v % 7 if field.names == _WEEKDAYS else v) for v in values)


def _value(text: str, field: _Field, *, ends: bool = False) -> int:
    if text in field.names:
        value = field.names.index(text) + (1 if field.names == _MONTHS else 0)
        return 7 if ends and text == "sun" else value
    if text.isdecimal() and field.low <= int(text) <= field.high:
        return int(text)
    known = f", or be one of {', '.join(field.names)}" if field.names else ""
    raise ValueError(f"must lie in {field.low} to {field.high}{known}.")
