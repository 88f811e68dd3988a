"""The kinds of values that settings are made of: durations, numbers, addresses, secrets, cron lines."""

import re
from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, Strict, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from driftwatch.config.cron import read_cron
from driftwatch.config.secrets import SecretFileError, read_secret
from driftwatch.domain.secret import Secret
from driftwatch.stats.budget import FalseAlarmBudget
from driftwatch.stats.errors import BudgetError

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d|w)"
_LONGEST = timedelta(days=3660)
_NUMBER = re.compile(r"[-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?")
_WEEKLY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun) ([01][0-9]|2[0-3]):([0-5][0-9])")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_TOLD = "a key, an address or a file's content is never shown"


def refusal(need: str, *, slug: str = "config-wrong-value") -> PydanticCustomError:
    """Return the error of one value: `need` says what it must be and the way on."""
    return PydanticCustomError("need", "{need}", {"need": need, "slug": slug})


def parse_duration(text: str) -> timedelta:
    """Read ``90s``, ``1h``, ``1h30m``, ``90d``.

    Raises
    ------
    ValueError
        If there is no unit, or nothing can be read, or it is longer than ten years.

    Examples
    --------
    >>> parse_duration("1h30m")
    datetime.timedelta(seconds=5400)
    """
    if not re.fullmatch(f"(?:{_PART})+", text):
        raise ValueError("write a number and a unit, as in 30s, 5m, 1h, 90d.")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text))
    if not 0 < seconds <= _LONGEST.total_seconds():
        raise ValueError("it must be above zero and at most ten years.")
    return timedelta(seconds=seconds)


def _duration(value: Any) -> timedelta:
    if not isinstance(value, str):
        raise refusal("write a number and a unit, as in 30s, 5m, 1h, 90d.", slug="config-duration")
    try:
        return parse_duration(value)
    except ValueError as error:
        raise refusal(str(error), slug="config-duration") from None


def _number(value: Any) -> Any:
    """Let a variable's content be a number; everything else stays as YAML read it."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    return value


def _budget(value: Any) -> FalseAlarmBudget:
    try:
        return FalseAlarmBudget.parse(value if isinstance(value, str) else "")
    except BudgetError:
        need = "write a number above zero, `per`, and a period, as in `1 per endpoint-year` or `2 per endpoint-month`."
        raise refusal(need, slug="config-false-alarms") from None


def _secret(value: Any) -> Secret:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise refusal(f"it must be one line of text ({_TOLD}).", slug="config-secret")
    return Secret(value)


def _secret_file(value: Any, info: ValidationInfo) -> Secret:
    if not isinstance(value, str) or not value:
        raise refusal("name a file that holds the secret and nothing else.", slug="config-secret")
    context: Mapping[str, Any] = info.context or {}
    try:
        return read_secret(value, root=context.get("root", Path()), environ=context.get("environ", {}))
    except SecretFileError as error:
        raise refusal(str(error), slug="config-secret") from None


def is_web_address(text: str) -> bool:
    """Say whether `text` is an http(s) address with a host.

    Examples
    --------
    >>> is_web_address("http://127.0.0.1:8080/v1"), is_web_address("localhost:8080"), is_web_address("http://[")
    (True, False, False)
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    clean = text.isprintable() and " " not in text
    return clean and parts.scheme in ("http", "https") and bool(parts.hostname) and port != 0


def _secret_address(secret: Secret) -> Secret:
    if not is_web_address(secret.reveal()):
        raise refusal(f"it must be an address that begins with https:// ({_TOLD}).", slug="config-address")
    return secret


def _address(value: Any) -> str:
    if not isinstance(value, str) or not is_web_address(value):
        raise refusal("it must be an address, as in https://api.example.com/v1.", slug="config-address")
    if urlsplit(value).username is not None:
        raise refusal("take the user and password out of the address; use `api_key`.", slug="config-address")
    return value.rstrip("/")


def _cron(value: Any) -> str:
    try:
        return read_cron(value if isinstance(value, str) else "")
    except ValueError as error:
        raise refusal(str(error), slug="config-schedule") from None


def _timezone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (TypeError, KeyError, ValueError, OSError):
        raise refusal("name a time zone, as in UTC or Europe/Berlin.", slug="config-schedule") from None


def _weekly(value: Any) -> str:
    if not isinstance(value, str) or not _WEEKLY.fullmatch(value):
        raise refusal("write a day and a time, as in mon 09:00.", slug="config-schedule")
    return value


def _daily(value: Any) -> time | None:
    if value == "never":
        return None
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise refusal('write a time in quotes, as in "06:00" (UTC), or never.', slug="config-schedule")
    return time.fromisoformat(value)


def _text(description: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "description": description})


Whole = Annotated[int, Strict(), BeforeValidator(_number)]
Number = Annotated[float, Strict(), BeforeValidator(_number), Field(allow_inf_nan=False)]


def _wait(value: Any) -> timedelta:
    return timedelta(0) if value in (0, "0", "0s") and value is not False else _duration(value)


Wait = Annotated[timedelta, PlainValidator(_wait), _text("As 30s, 5m, 1h; 0s for none.")]
Duration = Annotated[timedelta, PlainValidator(_duration), _text("A number and a unit: 30s, 5m, 1h, 90d.")]
FalseAlarmRate = Annotated[
    FalseAlarmBudget,
    PlainValidator(_budget),
    PlainSerializer(lambda budget: f"{budget.count:g} per {budget.period_days:g} endpoint-days"),
    _text("As in `1 per endpoint-year`."),
]
SecretText = Annotated[Secret, PlainValidator(_secret), _text("A secret; better ${VARIABLE}, or the _file key.")]
SecretFile = Annotated[Secret, PlainValidator(_secret_file), _text("A file that holds the secret and nothing else.")]
SecretAddress = Annotated[
    Secret, PlainValidator(lambda value: _secret_address(_secret(value))), _text("An https address; it is a secret.")
]
SecretAddressFile = Annotated[
    Secret,
    PlainValidator(lambda value, info: _secret_address(_secret_file(value, info))),
    _text("A file that holds the address and nothing else."),
]
Address = Annotated[str, PlainValidator(_address), _text("An http(s) address.")]
CronLine = Annotated[
    str, PlainValidator(_cron), _text('Five fields: minute hour day month weekday, as in "0 6 * * *".')
]
TimeZone = Annotated[str, PlainValidator(_timezone), _text("As in UTC or Europe/Berlin.")]
Daily = Annotated[time | None, PlainValidator(_daily), _text('Time in UTC: "06:00"; never for none.')]
Weekly = Annotated[str, PlainValidator(_weekly), _text("Day and time: mon 09:00.")]
