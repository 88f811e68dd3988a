"""/metrics: what Prometheus asks for every 15 seconds. docs/reference/metrics.md names every family.

What the process counted comes from `services.counts`; where streams, incidents and the outbox stand is read from the
store when it is asked for, and a store that does not answer leaves those out and says so.
"""

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import Response

from driftwatch.web.daemon_metrics import DaemonMetrics
from driftwatch.web.site import Site, site_of
from driftwatch.web.store_metrics import StoreMetrics


def metrics(request: Request) -> Response:
    """All metrics, in the format that is asked for."""
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(_registry(request)), headers={"content-type": kind})


def _registry(request: Request) -> CollectorRegistry:
    state = request.app.state
    if not hasattr(state, "registry"):
        state.registry = _registry_of(site_of(request))
    kept: CollectorRegistry = state.registry
    return kept


def _registry_of(site: Site) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DaemonMetrics(site))
    registry.register(StoreMetrics(site))
    ProcessCollector(namespace="driftwatch", registry=registry)
    return registry
