"""Slack's buttons, heard in socket mode: we call Slack, Slack calls nobody, so nothing of ours listens on a port."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import structlog
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from yarl import URL

from driftwatch.adapters.notify.render import BUTTON, Message, escape
from driftwatch.adapters.notify.slack_allowed import Allowed, Doorkeeper
from driftwatch.adapters.notify.slack_body import slack_body
from driftwatch.adapters.notify.slack_web import SlackWeb
from driftwatch.adapters.proxies import proxy_for
from driftwatch.domain.errors import DeliveryError, DriftwatchError
from driftwatch.domain.legible import one_line
from driftwatch.services.ports import Clock
from driftwatch.services.press import Press, Pressed

RETRY_S = 15.0
REFUSED_S = 300.0
LOOK_S = 1.0
"""Between two looks whether the connection still stands: not every end is told."""
# slack-sdk repeats addresses with their one-time tickets in its warnings, every five seconds.
_MUTED = logging.getLogger("driftwatch.slack_socket")
_MUTED.setLevel(logging.CRITICAL)
_MUTED.propagate = False

log = structlog.get_logger("driftwatch.buttons")


class SlackButtons:
    """Hears who pressed what, lets it be done, and tells the thread; a press is confirmed to Slack at once.

    Parameters
    ----------
    app : SlackWeb
        With an app-level token (``xapp-``, scope connections:write).
    bot : SlackWeb
        With the bot's token, to answer.
    act : callable
        Does what a press asks for and says so; raises `DriftwatchError` where it may not be done.
    routes : sequence of Allowed
        Who may press where; nobody named is everybody in the channel.
    """

    def __init__(
        self,
        app: SlackWeb,
        bot: SlackWeb,
        act: Callable[[Press], Awaitable[Pressed]],
        *,
        clock: Clock,
        routes: Sequence[Allowed] = (),
    ) -> None:
        self._app, self._bot, self._act, self._clock = app, bot, act, clock
        self._door = Doorkeeper(bot, routes, clock=clock)
        self.connected = asyncio.Event()
        # The client hands each message to a task: two quick presses would both find the incident untaken.
        self._one_press = asyncio.Lock()

    async def run(self) -> None:
        """Listen until cancelled; a Slack that cannot be reached is tried again for ever."""
        while True:
            wait_s = RETRY_S
            try:
                await self._listen()
            except DeliveryError as error:
                wait_s = REFUSED_S if error.permanent else RETRY_S
                log.warning("Slack's buttons are not heard", error=str(error), again_in_s=wait_s)
            except Exception as error:  # noqa: BLE001  # nobody is paged less for it
                log.warning("Slack's buttons are not heard", error=type(error).__name__, again_in_s=wait_s)
            self.connected.clear()
            await self._clock.sleep(wait_s)

    async def _listen(self) -> None:
        """Open one connection and stay until it ends; Slack itself ends each after some hours."""
        opened = await self._app.call("apps.connections.open", {})
        ended = asyncio.Event()

        async def on_close(_: Any) -> None:
            ended.set()

        client = SocketModeClient(
            app_token="", logger=_MUTED, auto_reconnect_enabled=False, on_close_listeners=[on_close],
            on_error_listeners=[on_close],
        )  # fmt: skip
        address = str(opened["url"])
        # slack-sdk takes HTTPS_PROXY even for hosts in NO_PROXY.
        client.proxy = str(proxy_for(URL(address)) or "") or None
        client.wss_uri = address
        client.socket_mode_request_listeners.append(self._on_request)
        try:
            await asyncio.wait_for(client.connect(), self._app.timeout_s)  # type: ignore[no-untyped-call]
            self.connected.set()
            log.info("Slack's buttons are heard")
            while not ended.is_set() and client.current_session is not None and not client.current_session.closed:
                with suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), LOOK_S)
        finally:
            await client.close()  # type: ignore[no-untyped-call]

    async def _on_request(self, client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        # Within three seconds, or Slack shows the presser a warning and sends it again.
        await client.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive" or request.payload.get("type") != "block_actions":
            return
        for action in request.payload.get("actions", ()):
            if press := _press(request.payload, action):
                await self._pressed(press)

    async def _pressed(self, press: Press) -> None:
        facts = {"verb": press.verb, "incident": press.incident, "by": press.by}
        try:
            await self._door.let_in(press)
            async with self._one_press:
                done = await self._act(press)
        except DriftwatchError as error:
            log.warning("a button was pressed in vain", **facts, error=str(error))
            await self._answer("chat.postEphemeral", press, str(error), user=press.user_id)
        except Exception:
            log.exception("a button did not work", **facts)
            said = "That did not work; driftwatch's log says why. Nothing was changed."
            await self._answer("chat.postEphemeral", press, said, user=press.user_id)
        else:
            log.info("a button was pressed", **facts)
            if not done.told:
                await self._answer("chat.postMessage", press, done.sentence)

    async def _answer(self, method: str, press: Press, said: str, **more: str) -> None:
        where = {"channel": press.channel, "thread_ts": press.thread, **more}
        try:
            await self._bot.call(method, {**slack_body(Message(text=escape(said, 3_000))), **where})
        except DeliveryError as error:
            log.warning("the answer to a button was not taken", error=str(error))


def _press(payload: Mapping[str, Any], action: Mapping[str, Any]) -> Press | None:
    """Return what was pressed; None for a button that is not ours, or is not as we made it."""
    verb = str(action.get("action_id", "")).removeprefix(BUTTON)
    number = str(action.get("value", ""))
    if f"{BUTTON}{verb}" != action.get("action_id") or not (number.isascii() and number.isdigit()) or len(number) > 18:
        return None
    user, message = payload.get("user") or {}, payload.get("message") or {}
    return Press(
        verb=verb,
        incident=int(number),
        user_id=one_line(str(user.get("id", "")), 30),
        user_name=one_line(str(user.get("username") or user.get("name") or "somebody"), 60),
        channel=str((payload.get("channel") or {}).get("id", "")),
        channel_name=str((payload.get("channel") or {}).get("name", "")),
        thread=str(message.get("thread_ts") or message.get("ts") or ""),
    )
