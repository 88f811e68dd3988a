"""Slack's end of socket mode: a WebSocket on 127.0.0.1 over which presses of buttons come."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from aiohttp import WSMsgType, web

ACKNOWLEDGED_S = 3.0
"""Slack shows a warning to whoever pressed if nothing comes back within three seconds."""


class Socket:
    """What is connected, and what was acknowledged.

    Parameters
    ----------
    opened : int
        How many addresses were handed out; each is good for one connection.
    """

    def __init__(self) -> None:
        self.opened = 0
        self.connections: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._numbers = count(1)

    def open(self, origin: str) -> dict[str, Any]:
        """apps.connections.open."""
        self.opened += 1
        ticket = f"ticket-{self.opened}"
        self._tickets.add(ticket)
        return {"ok": True, "url": f"{origin.replace('http', 'ws', 1)}/link?ticket={ticket}"}

    async def link(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection until either side ends it."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A1"}})
        try:
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._heard(json.loads(message.data))
        finally:
            self.connections.remove(socket)
        return socket

    async def send(self, payload: Mapping[str, Any], kind: str = "interactive") -> None:
        """Send one envelope and wait until it is acknowledged; `TimeoutError` as Slack would warn."""
        envelope = f"envelope-{next(self._numbers)}"
        waiting = self._waiting[envelope] = asyncio.get_running_loop().create_future()
        body = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": False}
        await self.connections[-1].send_json(body)
        await asyncio.wait_for(waiting, ACKNOWLEDGED_S)

    async def refresh(self) -> None:
        """End the connection, as Slack does every few hours."""
        for socket in list(self.connections):
            await socket.send_json({"type": "disconnect", "reason": "refresh_requested"})
            await socket.close()

    def _heard(self, said: Mapping[str, Any]) -> None:
        waiting = self._waiting.pop(str(said.get("envelope_id")), None)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)


def pressed(verb: str, value: str, *, message: Mapping[str, Any], user: Mapping[str, str]) -> dict[str, Any]:
    """Return the payload of a press of a button under a message."""
    return {
        "type": "block_actions",
        "user": dict(user),
        "channel": {"id": message["channel"], "name": "oncall"},
        "message": {"ts": message["ts"], **({"thread_ts": message["thread_ts"]} if message.get("thread_ts") else {})},
        "actions": [{"type": "button", "action_id": verb, "value": value, "block_id": "b"}],
    }
