"""Slack with a bot's token: one message per incident, kept up to date, with its news and details in its thread.

Every message carries its delivery's key as metadata, so that one that may have arrived can be looked for.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import structlog

from driftwatch.adapters.notify.http import TOTAL_S
from driftwatch.adapters.notify.render import Message
from driftwatch.adapters.notify.slack_body import degrading, slack_body
from driftwatch.adapters.notify.slack_replies import SlackRefusalError
from driftwatch.adapters.notify.slack_web import SlackWeb
from driftwatch.domain.delivery import Arrival, Arrived, Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.domain.weekly import KIND as REPORT
from driftwatch.services.ports import Clock, Notifier

METADATA_EVENT = "driftwatch_delivery"
LOUD = ("WORSE", "REPEAT_DUE", "SILENCE_ENDED")
"""News that are shown in the channel as well: nobody is woken by a thread."""
PAGES_READ = 40
PAGE = 100
"""Messages or channels that are asked for at once: a page has to fit `http.MAX_PAGE`."""
SKEW = timedelta(hours=1)
"""How far Slack's clock and ours may differ, and how long before its promise nothing can have been sent."""
_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
_GONE = ("message_not_found", "thread_not_found")

Chart = Callable[[Delivery], bytes | None]
"""A PNG of what the message is about, where there is one."""

log = structlog.get_logger("driftwatch.pager")


class SlackBot(Notifier):
    """The Web API: chat.postMessage, chat.update, conversations.history.

    Parameters
    ----------
    token : Secret
        A bot token (``xoxb-``) with the scope chat:write; with channels:history (groups:history for a private
        channel) a message that may have arrived is looked for instead of being sent again.
    channel : str
        Name or id; the bot must be in it.
    buttons : bool
        The first message has buttons, because somebody hears them (`slack_socket`).
    chart : callable, optional
        Draws the picture that goes into an incident's or a report's thread (needs the scope files:write).
    base_url : str, optional
        For tests; Slack's own by default.
    """

    threads = True

    def __init__(
        self,
        token: Secret,
        channel: str,
        *,
        clock: Clock,
        timeout_s: float = TOTAL_S,
        base_url: str | None = None,
        buttons: bool = False,
        chart: Chart | None = None,
    ) -> None:
        self._web = SlackWeb(token, clock=clock, timeout_s=timeout_s, base_url=base_url)
        self._channel = channel
        self._channel_id = channel if _ID.fullmatch(channel) else None
        self._buttons = buttons
        self._chart = chart

    async def send(self, delivery: Delivery) -> str:
        """Deliver once and return ``channel:ts``; news of an incident renew its first message and join its thread."""
        root = _split(delivery.thread)
        renews = root is not None and not delivery.is_details and not delivery.is_guest
        if root and renews and not await self._renewed(delivery, root):
            root = None
        sent = await degrading(
            delivery,
            lambda message: self._post(message, delivery, root),
            level=self._level(root),
            buttons=self._buttons and root is None,
        )
        if delivery.is_details and root:
            await self._draw(delivery, root)
        elif delivery.payload["kind"] == REPORT and (made := _split(sent)):
            await self._draw(delivery, made)
        return sent or ""

    async def arrived(self, delivery: Delivery) -> Arrival:
        """Look for the delivery's key among the messages of its channel, or of its thread."""
        root = _split(delivery.thread)
        try:
            found = await self._found(delivery, root)
        except SlackRefusalError as error:
            if root is None or error.code not in _GONE:
                raise
            # Somebody deleted the thread: the message was sent to the channel then, if at all.
            found = await self._found(delivery, None)
        if found is None:
            return Arrival(arrived=Arrived.NO)
        return Arrival(arrived=Arrived.YES, remote=f"{await self._id()}:{found}")

    async def doubts(self) -> Sequence[str]:
        """Try whether the channel's history may be read."""
        try:
            await self._web.ask("conversations.history", {"channel": await self._id(), "limit": 1})
        except DeliveryError as error:
            repeat = "a page that may have arrived will be sent again, marked as a possible repeat"
            if not error.permanent:
                # Slack is out of order: no scope that is added would help.
                return (f"the history of {self._channel} cannot be read now: {error} Until it can, {repeat}.",)
            code = getattr(error, "code", "")
            why = "its token lacks channels:history (or groups:history)" if code == "missing_scope" else str(error)
            doubt = (
                f"the history of {self._channel} cannot be read: {why.removesuffix('.')}. "
                f"{repeat[0].upper()}{repeat[1:]}; add the scope, or name the channel by its id (C…)."
            )
            return (doubt,)
        return ()

    # -- writing -----------------------------------------------------------------------------------

    @staticmethod
    def _level(root: tuple[str, str] | None) -> int:
        """The first message is short: its answers follow into its thread."""
        return 0 if root else 1

    async def _post(self, message: Message, delivery: Delivery, root: tuple[str, str] | None) -> str:
        body = {
            "channel": root[0] if root else self._channel,
            "metadata": {"event_type": METADATA_EVENT, "event_payload": {"key": delivery.key}},
            **slack_body(message),
        }
        if root:
            body |= {"thread_ts": root[1], "reply_broadcast": _loud(delivery)}
        response = await self._web.call("chat.postMessage", body)
        self._channel_id = str(response.get("channel") or self._channel_id or self._channel)
        return f"{self._channel_id}:{response.get('ts')}"

    async def _renewed(self, delivery: Delivery, root: tuple[str, str]) -> bool:
        """Let the incident's message say how things stand; False if it is no longer there."""

        async def update(message: Message) -> str:
            await self._web.call("chat.update", {"channel": root[0], "ts": root[1], **slack_body(message)})
            return root[1]

        try:
            await degrading(delivery, update, level=1, buttons=self._buttons)
        except SlackRefusalError as error:
            if error.code in _GONE:
                return False
            if not error.permanent:
                raise
            log.warning("an incident's message could not be renewed", key=delivery.key, error=str(error))
        except DeliveryError as error:
            # Renewing twice does no harm, and nothing else was sent.
            raise DeliveryError(str(error), permanent=error.permanent) from None
        return True

    async def _draw(self, delivery: Delivery, root: tuple[str, str]) -> None:
        """Add a picture; one that cannot be drawn or sent costs nothing but itself."""
        try:
            # Drawing takes a process and a second: the loop goes on meanwhile.
            png = await asyncio.to_thread(self._chart, delivery) if self._chart else None
            if png:
                name = f"{delivery.payload.get('incident', delivery.payload['kind'])}.png"
                await self._web.upload(png, name=name, channel=root[0], thread=root[1])
        except Exception as error:  # noqa: BLE001  # whatever drawing needs may be missing
            log.warning("no chart in the thread", key=delivery.key, error=type(error).__name__)

    # -- reading -----------------------------------------------------------------------------------

    async def _found(self, delivery: Delivery, root: tuple[str, str] | None) -> str | None:
        """Return the ts of the message that carries the delivery's key."""
        async for message in self._messages(delivery, root):
            metadata = message.get("metadata") or {}
            carried = (metadata.get("event_payload") or {}).get("key")
            if metadata.get("event_type") == METADATA_EVENT and carried == delivery.key:
                return str(message["ts"])
        return None

    async def _messages(self, delivery: Delivery, root: tuple[str, str] | None) -> AsyncIterator[Mapping[str, Any]]:
        query: dict[str, Any] = {"channel": await self._id(), "limit": PAGE, "include_all_metadata": "true"}
        query["oldest"] = f"{(delivery.created_at - SKEW).timestamp():.6f}"
        method = "conversations.replies" if root else "conversations.history"
        query |= {"ts": root[1]} if root else {}
        for _ in range(PAGES_READ):
            page = await self._web.ask(method, query)
            for message in page.get("messages", ()):
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return
            query["cursor"] = cursor

    async def _id(self) -> str:
        """Return the channel's id, which reading wants where writing takes a name."""
        if self._channel_id is None:
            self._channel_id = await self._found_id()
        return self._channel_id

    async def _found_id(self) -> str:
        query: dict[str, Any] = {"limit": PAGE, "types": "public_channel,private_channel", "exclude_archived": "true"}
        for _ in range(PAGES_READ):
            page = await self._web.ask("conversations.list", query)
            for channel in page.get("channels", ()):
                if channel.get("name") == self._channel.lstrip("#"):
                    return str(channel["id"])
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
            query["cursor"] = cursor
        raise DeliveryError(f"Slack lists no channel called {self._channel}.", permanent=True)


def _loud(delivery: Delivery) -> bool:
    return delivery.severity is Severity.PAGE and delivery.payload.get("reason") in LOUD


def _split(remote: str | None) -> tuple[str, str] | None:
    channel, _, ts = (remote or "").partition(":")
    return (channel, ts) if ts else None
