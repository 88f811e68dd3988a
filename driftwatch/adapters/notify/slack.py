"""Slack, by incoming webhook. slack-sdk writes the requests; its traps are closed here."""

from collections.abc import Mapping

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from driftwatch.adapters.notify.http import TOTAL_S, as_delivery_error, guarded_session
from driftwatch.adapters.notify.render import Message
from driftwatch.adapters.notify.slack_body import SDK_LOG, degrading, slack_body
from driftwatch.adapters.notify.slack_replies import code_of, not_slack, refusal
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, Notifier


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
        await degrading(delivery, self._post)

    async def _post(self, message: Message) -> None:
        async with guarded_session(self._timeout_s) as session:
            client = AsyncWebhookClient(self._url.reveal(), session=session, retry_handlers=[], logger=SDK_LOG)
            # slack-sdk takes HTTPS_PROXY even for hosts in NO_PROXY; aiohttp's trust_env reads both.
            client.proxy = None
            try:
                response = await client.send_dict(slack_body(message))
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise as_delivery_error(error, "The Slack webhook") from None
        _check(response.status_code, response.body, response.headers, self._clock)


def _check(status: int, body: str, headers: Mapping[str, str], clock: Clock) -> None:
    if status == 200 and body.strip() == "ok":
        return
    code = code_of(body)
    if status == 200 and not code:
        raise not_slack("The Slack webhook")
    raise refusal(status, code, headers, clock, "The Slack webhook")
