"""Slack, by incoming webhook or with a bot's token. slack-sdk writes the requests; its traps are closed here."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from driftwatch.adapters.notify.http import TOTAL_S, as_delivery_error, guarded_session, retry_after_s
from driftwatch.adapters.notify.render import LEVELS, Message, render
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.legible import one_line
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, Notifier

METADATA_EVENT = "driftwatch_delivery"
# slack-sdk logs addresses, tokens and bodies at DEBUG, and takes a logger without a level for one at DEBUG.
_log = logging.getLogger("driftwatch.slack_sdk")
_log.setLevel(logging.WARNING)

_TOO_BIG = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "too_long", "invalid_payload"}
    | {"too_many_blocks", "text_too_long", "invalid_attachments"}
)
# Slack's own "later, perhaps"; every other named refusal stays one however often it is repeated.
_TRANSIENT = frozenset(
    {"internal_error", "fatal_error", "ratelimited", "rate_limited", "rollup_error", "request_timeout"}
    | {"service_unavailable", "message_limit_exceeded", "team_added_to_org"}
)
_HELP = {
    "invalid_auth": "the token is not valid",
    "not_authed": "no token was sent",
    "token_revoked": "the token was revoked",
    "account_inactive": "the token's account was removed",
    "missing_scope": "the token lacks the scope chat:write",
    "channel_not_found": "the channel does not exist, or the bot cannot see it",
    "not_in_channel": "the bot is not in the channel: /invite it",
    "is_archived": "the channel is archived",
    "channel_is_archived": "the channel is archived",
    "no_service": "the webhook was removed",
}


class SlackWebhook(Notifier):
    """An incoming webhook: no key beyond its address, no way to ask what arrived.

    Parameters
    ----------
    url : Secret
        The webhook's address; whoever has it can post.
    timeout_s : float
        Total seconds for one message, connecting included.
    """

    def __init__(self, url: Secret, *, clock: Clock, timeout_s: float = TOTAL_S) -> None:
        self._url = url
        self._clock = clock
        self._timeout_s = timeout_s

    async def send(self, delivery: Delivery) -> None:
        """Deliver once; success is status 200 *and* the body ``ok``."""
        await _degrading(delivery, self._post)

    async def _post(self, message: Message) -> None:
        async with guarded_session(self._timeout_s) as session:
            client = AsyncWebhookClient(self._url.reveal(), session=session, retry_handlers=[], logger=_log)
            # slack-sdk takes HTTPS_PROXY even for hosts in NO_PROXY; aiohttp's trust_env reads both.
            client.proxy = None
            try:
                response = await client.send_dict(_body(message))
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise as_delivery_error(error, "The Slack webhook") from None
        _check_webhook(response.status_code, response.body, response.headers, self._clock)


class SlackBot(Notifier):
    """The Web API's chat.postMessage: the remote's id comes back, and the key travels as message metadata.

    Parameters
    ----------
    token : Secret
        A bot token (``xoxb-``) with the scope chat:write.
    channel : str
        Name or id; the bot must be in it.
    base_url : str, optional
        For tests; Slack's own by default.
    """

    def __init__(
        self, token: Secret, channel: str, *, clock: Clock, timeout_s: float = TOTAL_S, base_url: str | None = None
    ) -> None:
        self._token = token
        self._channel = channel
        self._clock = clock
        self._timeout_s = timeout_s
        self._base_url = base_url or AsyncWebClient.BASE_URL

    async def send(self, delivery: Delivery) -> str | None:
        """Deliver once and return the message's ``ts``."""
        metadata = {"event_type": METADATA_EVENT, "event_payload": {"key": delivery.key}}
        return await _degrading(delivery, lambda message: self._post(message, metadata))

    async def _post(self, message: Message, metadata: Mapping[str, Any]) -> str | None:
        async with guarded_session(self._timeout_s) as session:
            client = AsyncWebClient(
                self._token.reveal(), base_url=self._base_url, session=session, retry_handlers=[], logger=_log
            )
            client.proxy = None
            body = {"channel": self._channel, "metadata": dict(metadata), **_body(message)}
            try:
                response = await client.api_call("chat.postMessage", json=body)
            except SlackApiError as error:
                raise self._refused(error) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise as_delivery_error(error, "Slack") from None
            except (AttributeError, ValueError):
                # slack-sdk expects an object and trips over a text/plain or list reply.
                raise _not_slack("Slack") from None
        ts = response.get("ts")
        return str(ts) if ts else None

    def _refused(self, error: SlackApiError) -> DeliveryError:
        response = error.response
        # Where the body was no JSON, slack-sdk hands over aiohttp's response, which says `status`.
        status = getattr(response, "status_code", None) or getattr(response, "status", None) or 200
        data = getattr(response, "data", None)
        code = data.get("error") if isinstance(data, dict) else None
        if status == 200 and not code:
            return _not_slack("Slack")
        return _refusal(int(status), str(code) if code else "", response.headers, self._clock, "Slack")


async def _degrading(delivery: Delivery, post: Callable[[Message], Awaitable[str | None]]) -> str | None:
    """Send the fullest message that is taken: a refusal for size costs detail, never the message."""
    for level in range(LEVELS):
        try:
            return await post(render(delivery.payload, possible_repeat=delivery.possible_repeat, level=level))
        except DeliveryError as error:
            if not error.oversize or level == LEVELS - 1:
                raise
    raise AssertionError("unreachable: the last level either returns or raises")


def _body(message: Message) -> dict[str, Any]:
    quiet = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none", "mrkdwn": False}
    return {"text": message.text, **({"blocks": list(message.blocks)} if message.blocks else {}), **quiet}


def _check_webhook(status: int, body: str, headers: Mapping[str, str], clock: Clock) -> None:
    if status == 200 and body.strip() == "ok":
        return
    code = _code(body)
    if status == 200 and not code:
        raise _not_slack("The Slack webhook")
    raise _refusal(status, code, headers, clock, "The Slack webhook")


def _code(body: str) -> str:
    """Return Slack's name for the trouble, from a bare word or from ``{"ok": false, "error": ...}``; else nothing."""
    word = body.strip()
    try:
        parsed = json.loads(word)
        word = str(parsed.get("error", "")) if isinstance(parsed, dict) and parsed.get("ok") is False else ""
    except ValueError:
        pass
    return word if word.replace("_", "").isalnum() and len(word) <= 60 else ""


def _not_slack(sink: str) -> DeliveryError:
    # A proxy or a captive portal most likely, but what answered 200 may have passed the message on.
    return DeliveryError(f"{sink} answered 200 without Slack's `ok`.", permanent=False, ambiguous=True)


def _refusal(status: int, code: str, headers: Mapping[str, str], clock: Clock, sink: str) -> DeliveryError:
    words = _HELP.get(code, one_line(code, 60) or f"status {status}")
    if status == 429 or code in ("ratelimited", "rate_limited"):
        wait = retry_after_s(headers, clock.now())
        return DeliveryError(f"{sink} asks for patience: {words}.", permanent=False, retry_after_s=wait)
    if code in _TOO_BIG or status == 413:
        return DeliveryError(f"{sink} refused the message's size or shape: {words}.", permanent=True, oversize=True)
    if status >= 500 or status in (408, 425) or code in _TRANSIENT:
        # 502 and 504 come from something in between, which may have passed the message on.
        ambiguous = status in (502, 504)
        return DeliveryError(f"{sink} is out of order: {words}.", permanent=False, ambiguous=ambiguous)
    return DeliveryError(
        f"{sink} refuses for good: {words}. Correct the route, then: driftwatch check --send-test.", permanent=True
    )
