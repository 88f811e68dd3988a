"""A PagerDuty that really speaks HTTP on 127.0.0.1 and keeps one alert for each dedup_key."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Self

from aiohttp import web

STATES = {"trigger": "triggered", "acknowledge": "acknowledged", "resolve": "resolved"}


class FakePagerDuty:
    """Use as an async context manager; replies queued with `then` are used up first.

    Examples
    --------
    >>> import aiohttp, asyncio
    >>> async def post():
    ...     async with FakePagerDuty() as duty, aiohttp.ClientSession() as session:
    ...         event = {"routing_key": duty.key, "event_action": "trigger", "dedup_key": "a",
    ...                  "payload": {"summary": "s", "source": "s", "severity": "critical"}}
    ...         for _ in range(2):
    ...             await session.post(duty.url, json=event)
    ...         return duty.alerts
    >>> asyncio.run(post())
    {'a': 'triggered'}
    """

    def __init__(self, *, key: str = "0" * 32) -> None:
        self.key = key
        self.events: list[Mapping[str, Any]] = []
        self.alerts: dict[str, str] = {}
        """State by dedup_key: what the person on call sees."""
        self.url = ""
        self._script: deque[tuple[int, str, Mapping[str, str]]] = deque()
        self._runner: web.AppRunner | None = None

    def then(self, status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Self:
        """Answer the next event with this instead of taking it."""
        self._script.append((status, body, headers or {}))
        return self

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/v2/enqueue", self._enqueue)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/v2/enqueue"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _enqueue(self, request: web.Request) -> web.Response:
        event = await request.json()
        if self._script:
            status, body, headers = self._script.popleft()
            return web.Response(status=status, text=body, headers=headers)
        if trouble := self._trouble(event):
            said = {"status": "invalid event", "message": "Event object is invalid", "errors": [trouble]}
            return web.json_response(said, status=400)
        self.events.append(event)
        self.alerts[event["dedup_key"]] = STATES[event["event_action"]]
        return web.json_response({"status": "success", "dedup_key": event["dedup_key"]}, status=202)

    def _trouble(self, event: Mapping[str, Any]) -> str:
        if event.get("routing_key") != self.key:
            return f"'routing_key' {event.get('routing_key')} is not known"
        if event.get("event_action") not in STATES:
            return "'event_action' is invalid"
        if len(event.get("dedup_key", "")) > 255:
            return "'dedup_key' is too long"
        said = event.get("payload", {})
        if event["event_action"] == "trigger" and not {"summary", "source", "severity"} <= set(said):
            return "'payload' lacks something"
        return "'summary' is too long" if len(said.get("summary", "")) > 1024 else ""
