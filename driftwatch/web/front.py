"""What is served from the start: health, metrics and reload. The dashboard is loaded when somebody first asks for it.

FastAPI with the dashboard costs 8 MB and more; most daemons are asked by Prometheus alone. docs/decisions/0020.
"""

import asyncio
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from driftwatch.web.always import ROUTES
from driftwatch.web.gate import Gate
from driftwatch.web.site import Site


def create_front(site: Site) -> Starlette:
    """Return what the daemon serves."""
    routes = [Route(path, handler, methods=[method]) for path, handler, method in ROUTES]
    front = Starlette(
        routes=[*routes, Mount("/", app=Later(lambda: _dashboard(site)))],
        middleware=[Middleware(Gate, token=site.token)],
    )
    front.state.site = site
    return front


class Later:
    """An application that is made for its first request, in a thread: the loop goes on meanwhile."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = make
        self._made: ASGIApp | None = None
        self._one = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        async with self._one:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        await self._made(scope, receive, send)


def _dashboard(site: Site) -> ASGIApp:
    from driftwatch.web.app import create_app

    return create_app(site)
