"""/healthz and /readyz, for Kubernetes, load balancers and people; neither asks the store or the network."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from driftwatch.web.site import Site, site_of


async def healthz(request: Request) -> PlainTextResponse:
    """Whether the daemon moves: 503 means that it should be started again.

    A database that is gone or a Slack that refuses is no reason: restarting the pager would not bring them back.
    """
    return _told(site_of(request).vitals.why_not_alive(), "ok")


async def readyz(request: Request) -> PlainTextResponse:
    """Whether it can be relied on: started, moving, what it measures is kept, and some sink takes messages.

    A healthy standby is ready. Told by what happened last; neither the store nor a sink is asked for it.
    """
    site: Site = site_of(request)
    return _told(site.vitals.why_not_ready(), f"ready ({site.vitals.role})")


def _told(trouble: str, well: str) -> PlainTextResponse:
    return PlainTextResponse(f"{trouble or well}\n", status_code=503 if trouble else 200)
