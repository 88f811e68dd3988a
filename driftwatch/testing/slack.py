"""A Slack that really speaks HTTP on 127.0.0.1: webhook and Web API, its limits and its bad days."""

import asyncio
import json
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from aiohttp import web

from driftwatch.domain.secret import Secret
from driftwatch.testing.slack_api import Workspace, trouble_with
from driftwatch.testing.slack_socket import Socket

HOOK = "/services/T000/B000/loopback"

Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""What happens to one request instead of what should."""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One message that Slack showed to people."""

    body: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The fallback text."""
        return str(self.body.get("text", ""))


class FakeSlack:
    """Use as an async context manager, or `serve_slack` from code without a loop.

    Behaviours queued with `then` are used up first, one for each request; after them everything works.

    Examples
    --------
    >>> import aiohttp
    >>> async def post():
    ...     async with FakeSlack() as slack, aiohttp.ClientSession() as session:
    ...         async with session.post(slack.webhook_url.reveal(), json={"text": "hello"}) as reply:
    ...             return await reply.text(), [post.text for post in slack.posts]
    >>> asyncio.run(post())
    ('ok', ['hello'])
    """

    def __init__(
        self,
        *,
        token: str = "xoxb-loopback",  # noqa: S107
        app_token: str = "xapp-loopback",  # noqa: S107
        on_post: Callable[[Post], None] | None = None,
    ) -> None:
        self.token = Secret(token)
        self.app_token = Secret(app_token)
        self.socket = Socket()
        """Socket mode: who is connected, and how to press a button."""
        self.posts: list[Post] = []
        """What people saw, in order."""
        self.workspace = Workspace()
        """What the Web API knows."""
        self.requests = 0
        """Messages that came in, whatever became of them."""
        self.asked = 0
        """Other calls of the Web API."""
        self.strayed = 0
        """Requests that followed a redirect."""
        self.sent_bytes = 0
        """Bytes of the last huge reply that were taken from us."""
        self._on_post = on_post
        self._script: deque[Behaviour] = deque()
        self._always: Behaviour | None = None
        self._when_asked: deque[Behaviour] = deque()
        self._always_when_asked: Behaviour | None = None
        self._origin = ""
        self._wells: dict[str, Behaviour] = {}
        self._runner: web.AppRunner | None = None

    # -- what a test says ------------------------------------------------------------------------

    @property
    def webhook_url(self) -> Secret:
        """Where to post."""
        return Secret(f"{self._origin}{HOOK}")

    @property
    def api_url(self) -> str:
        """Base address of the Web API."""
        return f"{self._origin}/api/"

    def then(self, *behaviours: Behaviour) -> Self:
        """Queue behaviours for the next messages."""
        self._script.extend(behaviours)
        return self

    def then_asked(self, *behaviours: Behaviour) -> Self:
        """Queue behaviours for the next calls that are no new message."""
        self._when_asked.extend(behaviours)
        return self

    def always(self, behaviour: Behaviour | None) -> Self:
        """Behave like this from now on, until told None."""
        self._always = behaviour
        return self

    def always_asked(self, behaviour: Behaviour | None) -> Self:
        """Behave like this from now on whenever a call is no new message."""
        self._always_when_asked = behaviour
        return self

    def answer(self, status: int, body: str = "", headers: Mapping[str, str] | None = None) -> Behaviour:
        """Refuse with a status and a body."""

        async def behave(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, text=body, headers=headers)

        return behave

    def json(self, status: int, **body: Any) -> Behaviour:
        """Answer with a JSON object without showing the message to anybody."""

        async def behave(_: web.Request) -> web.StreamResponse:
            return web.json_response(body, status=status)

        return behave

    def rate_limited(self, retry_after: str | None = None) -> Behaviour:
        """Answer 429, with or without a Retry-After header."""
        return self.answer(429, "rate_limited", {"Retry-After": retry_after} if retry_after is not None else None)

    def redirect(self) -> Behaviour:
        """Send the client elsewhere; `strayed` counts those that go."""
        return self.answer(307, "", {"Location": "/elsewhere"})

    def takes(self, listener: Callable[[Mapping[str, Any]], None]) -> Behaviour:
        """Hand the body of whatever comes to a listener, and answer 200: any HTTP service that is not Slack."""

        async def behave(request: web.Request) -> web.StreamResponse:
            listener(await _body(request))
            return web.Response(text="ok")

        return behave

    def drop(self, *, accepted: bool, reset: bool = True) -> Behaviour:
        """Read the request, show the message or not, and lose the connection without a word."""

        async def behave(request: web.Request) -> web.StreamResponse:
            body = await _body(request)
            if accepted:
                self._accept(body, request)
            if request.transport is not None:
                (request.transport.abort if reset else request.transport.close)()
            return web.Response()

        return behave

    def hang(self, seconds: float, *, accepted: bool = False) -> Behaviour:
        """Say nothing for a while."""

        async def behave(request: web.Request) -> web.StreamResponse:
            if accepted:
                self._accept(await _body(request), request)
            await asyncio.sleep(seconds)
            return web.Response(text="ok")

        return behave

    def huge_reply(self, size: int) -> Behaviour:
        """Show the message and never stop talking about it."""

        async def behave(request: web.Request) -> web.StreamResponse:
            self._accept(await _body(request), request)
            reply = web.StreamResponse()
            await reply.prepare(request)
            self.sent_bytes = 0
            chunk = b"o" * 65_536
            try:
                while self.sent_bytes < size:
                    await reply.write(chunk)
                    self.sent_bytes += len(chunk)
            except (ConnectionError, RuntimeError):
                pass  # The client hung up, as it should.
            return reply

        return behave

    # -- Slack itself ----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=10_000_000)
        self._wells = {HOOK: self._webhook, "/api/chat.postMessage": self._post_message}
        for path, well in self._wells.items():
            app.router.add_post(path, self._handle(well))
        for method, answer in self._methods().items():
            self._wells[f"/api/{method}"] = self._well_asked(answer)
            app.router.add_route("*", f"/api/{method}", self._handle_asked(f"/api/{method}"))
        app.router.add_post("/upload/{number}", self._upload)
        app.router.add_get("/link", self.socket.link)
        app.router.add_route("*", "/elsewhere", self._stray)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self._origin = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def well(self, request: web.Request) -> web.StreamResponse:
        """Do what should be done: for behaviours of a test's own that misbehave only now and then."""
        return await self._wells[request.path](request)

    def _handle(self, well: Behaviour) -> Behaviour:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests += 1
            behave = self._script.popleft() if self._script else (self._always or well)
            return await behave(request)

        return handle

    async def _webhook(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        if trouble := trouble_with(body):
            return web.Response(status=400, text=trouble)
        self._show(body, request)
        return web.Response(text="ok")

    async def _post_message(self, request: web.Request) -> web.StreamResponse:
        if not self._known(request):
            return web.json_response({"ok": False, "error": "invalid_auth"})
        return web.json_response(self._accept(await _body(request), request))

    def _methods(self) -> dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        there = self.workspace
        return {
            "chat.update": there.update,
            "conversations.history": lambda query: there.history(query, thread=False),
            "conversations.replies": lambda query: there.history(query, thread=True),
            "conversations.list": there.channels,
            "usergroups.users.list": there.group,
            "chat.postEphemeral": there.whisper,
            "apps.connections.open": lambda _: self.socket.open(self._origin),
            "files.getUploadURLExternal": lambda query: there.upload_url(query, self._origin),
            "files.completeUploadExternal": there.complete,
        }

    def _well_asked(self, answer: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Behaviour:
        async def well(request: web.Request) -> web.StreamResponse:
            if not self._known(request):
                return web.json_response({"ok": False, "error": "invalid_auth"})
            return web.json_response(answer({**request.query, **await _body(request)}))

        return well

    def _handle_asked(self, path: str) -> Behaviour:
        async def handle(request: web.Request) -> web.StreamResponse:
            self.asked += 1
            behave = self._when_asked.popleft() if self._when_asked else (self._always_when_asked or self._wells[path])
            return await behave(request)

        return handle

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        self.workspace.uploaded(request.match_info["number"], await request.read())
        return web.Response(text="OK")

    def _known(self, request: web.Request) -> bool:
        wanted = self.app_token if request.path.endswith("/apps.connections.open") else self.token
        return request.headers.get("Authorization") == f"Bearer {wanted.reveal()}"

    async def _stray(self, _: web.Request) -> web.StreamResponse:
        self.strayed += 1
        return web.Response(text="ok")

    def _accept(self, body: Mapping[str, Any], request: web.Request) -> dict[str, Any]:
        """Take a message as whichever of the two it came for would, and return the Web API's answer."""
        answer = self.workspace.post(body) if request.path.startswith("/api/") else {"ok": True}
        if answer["ok"]:
            self._show(body, request)
        return answer

    def _show(self, body: Mapping[str, Any], request: web.Request) -> None:
        post = Post(body=body, headers=dict(request.headers))
        self.posts.append(post)
        if self._on_post:
            self._on_post(post)


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        return dict(await request.post())
    parsed = json.loads(await request.text() or "{}")
    return parsed if isinstance(parsed, dict) else {}


@contextmanager
def serve_slack(slack: FakeSlack | None = None) -> Iterator[FakeSlack]:
    """Run a fake Slack on a thread of its own."""
    slack = slack or FakeSlack()
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="fake-slack", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(slack.__aenter__(), loop).result(10)
        yield slack
    finally:
        asyncio.run_coroutine_threadsafe(slack.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
