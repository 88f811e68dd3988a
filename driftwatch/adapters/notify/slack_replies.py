"""What Slack's replies mean: sizes it refuses, troubles that pass, refusals for good."""

import json
from collections.abc import Mapping

from driftwatch.adapters.notify.http import retry_after_s
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.legible import one_line
from driftwatch.services.ports import Clock

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


class SlackRefusalError(DeliveryError):
    """Slack's own refusal, with its name for why.

    Parameters
    ----------
    told : DeliveryError
        What it means for the message.
    code : str
        As Slack calls it: ``message_not_found``.
    """

    def __init__(self, told: DeliveryError, *, code: str) -> None:
        super().__init__(
            str(told),
            permanent=told.permanent,
            ambiguous=told.ambiguous,
            oversize=told.oversize,
            retry_after_s=told.retry_after_s,
        )
        self.code = code


def code_of(body: str) -> str:
    """Return Slack's name for the trouble, from a bare word or from ``{"ok": false, "error": ...}``; else nothing."""
    word = body.strip()
    try:
        parsed = json.loads(word)
        word = str(parsed.get("error", "")) if isinstance(parsed, dict) and parsed.get("ok") is False else ""
    except ValueError:
        pass
    return word if word.replace("_", "").isalnum() and len(word) <= 60 else ""


def not_slack(sink: str) -> DeliveryError:
    """Return the error for a 200 that is not Slack's."""
    # A proxy or a captive portal most likely, but what answered 200 may have passed the message on.
    return DeliveryError(f"{sink} answered 200 without Slack's `ok`.", permanent=False, ambiguous=True)


def refusal(status: int, code: str, headers: Mapping[str, str], clock: Clock, sink: str) -> DeliveryError:
    """Return the error for a refusal: Slack's patience, the message's size, trouble that passes, or the end."""
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
