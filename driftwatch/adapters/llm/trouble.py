"""What went wrong at a vendor, told once and for both drivers: status, waiting time, words without secrets."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from driftwatch.adapters.proxies import UnusableProxyError
from driftwatch.domain.errors import EndpointError, Outcome
from driftwatch.domain.secret import Secret

MAX_ERROR_TEXT = 500
_READ_FOR_BEGINNING, _SHOWN_OF_BEGINNING = 1000, 80
MAX_RETRY_AFTER_S = 7 * 86_400.0

# 402 is how DeepSeek and OpenRouter say that the account is empty; 409, 425 and 529 are "not now" (529: Anthropic).
_BY_STATUS = {
    401: (Outcome.AUTH, False),
    402: (Outcome.AUTH, False),
    403: (Outcome.AUTH, False),
    404: (Outcome.NOT_FOUND, False),
    # A proxy of ours wants a password; no vendor says so.
    407: (Outcome.NETWORK, False),
    408: (Outcome.TIMEOUT, True),
    409: (Outcome.UNAVAILABLE, True),
    425: (Outcome.UNAVAILABLE, True),
    429: (Outcome.RATE_LIMITED, True),
}
# OpenAI answers 429 for an empty account too; waiting does not fill it.
_ACCOUNT_EMPTY = ("insufficient_quota", "billing_hard_limit_reached")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]+")

# aiohttp names the address of a proxy with its password where what answers there is no HTTP.
_USERINFO = re.compile(r"//[^/@\s]*@")


def from_status(
    status: int, body: str, *, key: Secret | None, headers: Mapping[str, str], now: datetime
) -> EndpointError:
    """Return the error that an HTTP status other than 200 means.

    Examples
    --------
    >>> at = datetime(2026, 7, 20, tzinfo=UTC)
    >>> error = from_status(429, '{"error": {"message": "slow down"}}', key=None, headers={"retry-after": "7"}, now=at)
    >>> error.outcome.value, error.transient, error.retry_after_s, str(error)
    ('rate_limited', True, 7.0, 'HTTP 429: slow down')
    """
    outcome, transient = _BY_STATUS.get(status, (Outcome.BAD_REQUEST, False))
    if status >= 500:
        outcome, transient = Outcome.UNAVAILABLE, True
    elif status < 400:
        outcome = Outcome.PROTOCOL
    if outcome is Outcome.RATE_LIMITED and any(word in body for word in _ACCOUNT_EMPTY):
        transient = False
    return EndpointError(
        clean(f"HTTP {status}: {words_of(body)}", key),
        outcome=outcome,
        transient=transient,
        retry_after_s=retry_after_s(headers, now=now) if transient else None,
    )


def from_error_object(error: Any, *, key: Secret | None) -> EndpointError:
    """Return the error that a vendor sent inside a reply with status 200."""
    fields = error if isinstance(error, Mapping) else {}
    name = f"{fields.get('type', '')} {fields.get('code', '')}".lower()
    outcome = Outcome.RATE_LIMITED if "rate_limit" in name or "429" in name else Outcome.UNAVAILABLE
    message = fields.get("message") or error
    return EndpointError(clean(f"an error inside the reply: {message}", key), outcome=outcome, transient=True)


def protocol(message: str, key: Secret | None = None) -> EndpointError:
    """Return the error for a reply that is not what the API promises."""
    return EndpointError(clean(message, key), outcome=Outcome.PROTOCOL, transient=False)


def truncated(message: str) -> EndpointError:
    """Return the error for a reply that broke off; what came of it is never used."""
    return EndpointError(message, outcome=Outcome.TRUNCATED, transient=True)


def oversize(max_bytes: int) -> EndpointError:
    """Return the error for a reply that was cut off because it would not end."""
    return EndpointError(f"the reply is larger than {max_bytes} bytes", outcome=Outcome.OVERSIZE, transient=False)


def timeout(deadline_s: float) -> EndpointError:
    """Return the error for an attempt that used up its time."""
    return EndpointError(f"no complete reply within {deadline_s:g} s", outcome=Outcome.TIMEOUT, transient=True)


def network(error: BaseException, key: Secret | None) -> EndpointError:
    """Return the error for a connection that failed."""
    text = _USERINFO.sub("//", str(error)) or type(error).__name__
    return EndpointError(clean(f"no connection: {text}", key), outcome=Outcome.NETWORK, transient=True)


def of_connection(error: BaseException, key: Secret | None) -> EndpointError:
    """Return the error for whatever aiohttp or httpx raised on the way to an endpoint, a proxy's refusal included."""
    if isinstance(error, UnusableProxyError):
        return EndpointError(f"no connection: {error}", outcome=Outcome.NETWORK, transient=False)
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        words = f"the proxy {error.host}:{error.port} cannot be reached ({type(error.os_error).__name__})"
        return EndpointError(f"no connection: {words}", outcome=Outcome.NETWORK, transient=True)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        # In our own words: aiohttp's hold the proxy's address with its password. Nothing of the vendor's was heard yet.
        words = f"the proxy opened no way to it, HTTP {error.status}"
        return EndpointError(f"no connection: {words}", outcome=Outcome.NETWORK, transient=error.status >= 500)
    return network(error, key)


def redirected(status: int, location: str, key: Secret | None) -> EndpointError:
    """Return the error for a redirect: another host than the pinned one must not answer."""
    try:
        target = urlsplit(location).hostname
    except ValueError:
        target = None
    target = target or "another address"
    return protocol(
        f"HTTP {status}: redirected to {target}; redirects are not followed, set base_url to where the API is", key
    )


def retry_after_s(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds a vendor asks us to wait; None where it says nothing believable."""
    precise = _number(headers.get("retry-after-ms"))
    if precise is not None:
        return _believable(precise / 1000)
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return _believable(seconds)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _believable(max((aware - now).total_seconds(), 0.0))


def clean(text: str, key: Secret | None) -> str:
    r"""Return text fit for a log and a terminal: no key, no control characters, at most 500 characters.

    Examples
    --------
    >>> clean("bad key sk-private\x1b[2J\n", Secret("sk-private"))
    'bad key *** [2J'
    """
    safe = key.redact(text) if key else text
    return _CONTROL.sub(" ", safe).strip()[:MAX_ERROR_TEXT]


def beginning(body: bytes, key: Secret | None) -> str:
    """Return how a reply begins; our key is taken out first, for a cut would leave a part of it that nobody finds."""
    start = body[:_READ_FOR_BEGINNING].decode("utf-8", "replace")
    return (key.redact(start) if key else start)[:_SHOWN_OF_BEGINNING]


def named(value: Any, key: Secret | None) -> str | None:
    """Return a name that a vendor gave, fit for a log; None for anything but words."""
    return clean(value, key) or None if isinstance(value, str) else None


def words_of(body: str) -> str:
    """Return the message inside a vendor's error body, or the body itself."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return body
    if isinstance(found, Mapping):
        found = found.get("error", found)
    if isinstance(found, Mapping):
        found = found.get("message") or found.get("detail") or found
    return found if isinstance(found, str) else json.dumps(found)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def _believable(seconds: float | None) -> float | None:
    return seconds if seconds is not None and 0 <= seconds <= MAX_RETRY_AFTER_S else None
