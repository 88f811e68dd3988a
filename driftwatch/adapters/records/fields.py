"""The fields of an observation record, each read strictly."""

import base64
import binascii
import json
import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from driftwatch.domain.answer import TokenLogprob
from driftwatch.domain.metric import MEASURED

_LONGEST_NAME = 500
_YEARS = range(1970, 9000)
_MOST_SAMPLES = 1_000_000
_MOST = 1e11
# One pass of 1e308, and no report of the endpoint could be made any more.
_SHARES = frozenset(metric.name for metric in MEASURED.values() if metric.kind == "binary")


class RecordError(ValueError):
    """A line that cannot be used: what was met, and what is needed where it is more than a record."""

    def __init__(self, met: str, need: str = "") -> None:
        super().__init__(met)
        self.need = need


_A_TIME = 'write a time as text, as in "2026-07-20T06:00Z".'
_A_NUMBER = "write a number, or null where there is none."
_A_SCORE = "write a number, true, false or null."
_WITHIN = f"keep it within {_MOST:g} of 0, or write null."
_ONE_A_LINE = "write one object a line; `jq -c '.[]'` makes lines of a list."
_UTF_8 = "records are UTF-8 text; of another encoding, `iconv -f latin1 -t utf-8` makes it."
_NO_TEXT = "records are UTF-8 text; JSON writes a zero byte in a text as \\u0000."
_UNZIPPED = "unpack it: `unzip -p FILE` writes what is in it to a pipe, and `-` as the file reads one."
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{")
_UTF_16 = "records are UTF-8 text; `iconv -f utf-16 -t utf-8` makes it."


def json_object(line: bytes) -> dict[str, Any]:
    try:
        # Given bytes, json would take two of them for UTF-16; asked for its refusals, it makes a decoder for each line.
        item = _DECODER.decode(line.decode("utf-8"))
    except RecordError:
        raise
    except UnicodeDecodeError:
        raise _not_text(line) from None
    except RecursionError:
        raise RecordError("the JSON is nested too deeply") from None
    except json.JSONDecodeError as error:
        if b"\0" in line:
            raise _not_text(line) from None
        raise RecordError(f"not JSON: {error.msg}", _ONE_A_LINE if line.startswith(b"[") else "") from None
    except ValueError:
        # Python reads no whole number of more than 4,300 digits.
        raise RecordError("a number of thousands of digits", _A_NUMBER) from None
    if not isinstance(item, dict):
        raise RecordError("the line is not a JSON object", _ONE_A_LINE if isinstance(item, list) else "")
    return item


def _not_text(line: bytes) -> RecordError:
    if line.startswith(b"PK\3\4"):
        return RecordError("the line begins as a zip archive does", _UNZIPPED)
    if b"\0" not in line:
        return RecordError("the line is not UTF-8", _UTF_8)
    # A line break of two bytes leaves one of them to the next line, or alone in a line.
    if line.startswith(_WIDE) or line == b"\0" or 0.3 < line.count(b"\0") / len(line) < 0.6:
        return RecordError("the line holds zero bytes, as UTF-16 does", _UTF_16)
    return RecordError("the line holds zero bytes: it is no text", _NO_TEXT)


def _refuse_constant(name: str) -> None:
    raise RecordError(f"{name} is not a number that JSON knows", _A_NUMBER)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of its pairs; JSON leaves open which of two values counts, and Python takes the last unasked."""
    made = dict(pairs)
    if len(made) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise RecordError(f"the key {twice[:40]!r} is there twice", "write each key once.")
    return made


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_each_once)


def moment(item: Mapping[str, Any], name: str) -> tuple[datetime, bool]:
    """Return a time in UTC and whether it had no offset."""
    value = item.get(name)
    if not isinstance(value, str):
        raise RecordError(f"{name} is missing" if value is None else f"{name} is not a time written as text", _A_TIME)
    try:
        utc, naive = _moment(value)
    except (ValueError, OverflowError):
        raise RecordError(f"{name} is not an ISO 8601 time: {value[:40]!r}", _A_TIME) from None
    if utc.year not in _YEARS:
        raise RecordError(f"{name} is in the year {utc.year}", _A_TIME)
    return utc, naive


# The answers of one replay name the same moment.
@lru_cache(maxsize=256)
def _moment(value: str) -> tuple[datetime, bool]:
    given = datetime.fromisoformat(value)
    naive = given.utcoffset() is None
    return (given.replace(tzinfo=UTC) if naive else given.astimezone(UTC)), naive


def name_of(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or not value.strip():
        raise RecordError(f"{name} is missing" if value is None else f"{name} is not a name")
    if len(value) > _LONGEST_NAME:
        raise RecordError(f"{name} is longer than {_LONGEST_NAME} characters")
    return value


def content_hash(item: Mapping[str, Any]) -> str | None:
    """Return the probe's content hash, if the record has it."""
    if item.get("probe_hash") is None:
        return None
    if "@" in (given := name_of(item, "probe_hash")):
        raise RecordError("probe_hash has an @ in it, which ends a probe's name")
    return given


def sample(item: Mapping[str, Any]) -> int | None:
    value = item.get("sample")
    if value is None or (type(value) is int and 0 <= value < _MOST_SAMPLES):
        return value
    raise RecordError("sample is not a count from 0", "leave it out, or count the answers of a probe from 0.")


def output(item: Mapping[str, Any]) -> bytes | None:
    if (encoded := item.get("output_b64")) is not None:
        try:
            return base64.b64decode(text(encoded, "output_b64"), validate=True)
        except (binascii.Error, ValueError):
            raise RecordError("output_b64 is not base64") from None
    value = item.get("output")
    # A lone surrogate, which JSON can write, is kept as the bytes that models send for it.
    return None if value is None else text(value, "output").encode("utf-8", "surrogatepass")


def text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise RecordError(f"{name} is not text")
    return value


def number(value: Any, name: str, need: str = _A_NUMBER) -> float:
    # Booleans are numbers to Python; in a score they mean 1 and 0, elsewhere nothing.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RecordError(f"{name} is not a number", need)
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise RecordError(f"{name} is not a finite number", need)
    return value


def amount(value: Any, name: str, need: str = _A_NUMBER) -> float:
    """Return a time, count, price or score."""
    if abs(given := number(value, name, need)) > _MOST:
        raise RecordError(f"{name} is absurd: {given:.3g}", _WITHIN)
    return given


def scores(item: Mapping[str, Any]) -> dict[str, float]:
    given = item.get("scores")
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise RecordError("scores is not an object of numbers")
    return {metric: _score(metric, value) for metric, value in given.items() if value is not None}


def _score(metric: str, value: Any) -> float:
    if isinstance(value, bool):
        return float(value)
    if type(value) is not float or not 0 <= value <= 1:
        name = f"the score {metric[:80]!r}"
        amount(value, name, _A_SCORE)
        if metric in _SHARES and not 0 <= value <= 1:
            raise RecordError(
                f"{name} is {value:g}; it goes from 0 to 1", "bring it there, or call the score something else."
            )
    return float(value)


def tool_calls(item: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    given = item.get("tool_calls")
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(call, dict) for call in given):
        raise RecordError("tool_calls is not a list of objects")
    return tuple(given)


def text_map(item: Mapping[str, Any], name: str) -> dict[str, str]:
    given = item.get(name)
    if given is None:
        return {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise RecordError(f"{name} is not an object of texts")
    return given


def fingerprint(item: Mapping[str, Any]) -> dict[str, str]:
    """Return the parts; a bare text, as other systems log it, is one part."""
    given = item.get("fingerprint")
    return {"imported": given} if isinstance(given, str) else text_map(item, "fingerprint")


def logprobs(item: Mapping[str, Any]) -> tuple[TokenLogprob, ...]:
    given = item.get("logprobs")
    if given is None:
        return ()
    if not isinstance(given, list) or not all(isinstance(token, dict) for token in given):
        raise RecordError("logprobs is not a list of objects")
    return tuple(_token(token) for token in given)


def _token(given: Mapping[str, Any]) -> TokenLogprob:
    top = given.get("top") or {}
    if not isinstance(top, dict):
        raise RecordError("logprobs: top is not an object of numbers")
    return TokenLogprob(
        token=text(given.get("token"), "logprobs: token"),
        logprob=float(number(given.get("logprob"), "logprobs: logprob")),
        top={token: float(number(value, "logprobs: top")) for token, value in top.items()},
    )
