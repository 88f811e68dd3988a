"""A local OTLP collector: takes protobuf as a real one does, and may be slow, broken or elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass
class Collector:
    """What has come in.

    Parameters
    ----------
    status : int
        What it answers; 200 takes the spans.
    location : str, optional
        With a status of 3xx, where it points.
    gate : asyncio.Event, optional
        Requests wait until it is set.
    """

    status: int = 200
    location: str | None = None
    gate: asyncio.Event | None = None
    url: str = ""
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    posted: list[Any] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def spans(self) -> list[Span]:
        """Every span that was taken."""
        return [span for scope in self.scopes for span in scope.spans]

    @property
    def scopes(self) -> list[Any]:
        """The scopes with their spans."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [scope for request in requests for resource in request.resource_spans for scope in resource.scope_spans]

    async def take(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.paths.append(request.path)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        body = await request.read()
        self.arrived.set()
        if self.gate is not None:
            await self.gate.wait()
        if request.content_type == "application/json":
            self.posted.append(await request.json())
        elif self.status == 200:
            assert request.content_type == "application/x-protobuf"
            self.bodies.append(body)
        location = {"Location": self.location} if self.location else {}
        return web.Response(status=self.status, headers=location)


@asynccontextmanager
async def collecting(**options: Any) -> AsyncIterator[Collector]:
    """Run a collector on loopback."""
    collector = Collector(**options)
    app = web.Application(client_max_size=50_000_000)
    app.router.add_route("*", "/{path:.*}", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    collector.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield collector
    finally:
        await runner.cleanup()


def attributes(carrier: Any) -> dict[str, Any]:
    """Return a span's or an event's attributes as Python's own values."""
    return {item.key: _value(item.value) for item in carrier.attributes}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
