"""Calls to Slack's Web API by slack-sdk, with its traps closed, and every trouble translated once."""

from collections.abc import Mapping
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web.async_client import AsyncWebClient

from driftwatch.adapters.notify.http import TOTAL_S, as_delivery_error, guarded_session
from driftwatch.adapters.notify.slack_body import SDK_LOG
from driftwatch.adapters.notify.slack_replies import SlackRefusalError, not_slack, refusal
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock


class SlackWeb:
    """The Web API as one workspace's bot sees it.

    Parameters
    ----------
    token : Secret
        A bot token (``xoxb-``), or an app token (``xapp-``) for the calls that want one.
    timeout_s : float
        Total seconds for one call, connecting included.
    base_url : str, optional
        For tests; Slack's own by default.
    """

    def __init__(self, token: Secret, *, clock: Clock, timeout_s: float = TOTAL_S, base_url: str | None = None) -> None:
        self._token = token
        self._clock = clock
        self.timeout_s = timeout_s
        self._base_url = base_url or AsyncWebClient.BASE_URL

    async def call(self, method: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make one call with a JSON body.

        Raises
        ------
        DeliveryError
            `SlackRefusalError` where Slack itself refused, with its name for why.
        """
        return await self._guarded(lambda client: client.api_call(method, json=dict(body)))

    async def ask(self, method: str, query: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make one call that only reads: those take no JSON."""
        return await self._guarded(
            lambda client: client.api_call(method, http_verb="GET", params=dict(query)), reads=True
        )

    async def upload(self, png: bytes, *, name: str, channel: str, thread: str) -> None:
        """Upload a picture into a thread."""

        async def three_calls(client: AsyncWebClient) -> Any:
            return await client.files_upload_v2(
                content=png, filename=name, title=name, alt_txt=name, channel=channel, thread_ts=thread
            )

        await self._guarded(three_calls)

    async def _guarded(self, work: Any, *, reads: bool = False) -> Mapping[str, Any]:
        async with guarded_session(self.timeout_s, reads=reads) as session:
            client = AsyncWebClient(
                self._token.reveal(), base_url=self._base_url, session=session, retry_handlers=[], logger=SDK_LOG
            )
            # slack-sdk takes HTTPS_PROXY even for hosts in NO_PROXY; aiohttp's trust_env reads both.
            client.proxy = None
            try:
                response = await work(client)
            except SlackApiError as error:
                raise self._refused(error) from None
            except SlackRequestError:
                raise DeliveryError("Slack did not take a file.", permanent=False) from None
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                raise as_delivery_error(error, "Slack") from None
            except (AttributeError, ValueError, TypeError):
                # slack-sdk expects an object and trips over a text/plain or list reply.
                raise not_slack("Slack") from None
        return response.data if isinstance(response.data, dict) else {}

    def _refused(self, error: SlackApiError) -> DeliveryError:
        response = error.response
        # Where the body was no JSON, slack-sdk hands over aiohttp's response, which says `status`.
        status = getattr(response, "status_code", None) or getattr(response, "status", None) or 200
        data = getattr(response, "data", None)
        code = data.get("error") if isinstance(data, dict) else None
        if status == 200 and not code:
            return not_slack("Slack")
        told = refusal(int(status), str(code) if code else "", response.headers, self._clock, "Slack")
        return SlackRefusalError(told, code=str(code or ""))
