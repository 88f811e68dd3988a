"""The FastAPI application: a part of the site is a router in a module of its own, and one line here.

Routers read through `site.site_of(request)`; a plain ``def`` handler runs in a thread and may ask the store, an
``async def`` one may not.
"""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError

from driftwatch.web import health, metrics, reload
from driftwatch.web.dashboard import api, pages, static
from driftwatch.web.gate import Gate
from driftwatch.web.site import Site


def create_app(site: Site) -> FastAPI:
    """Return the application, to be served by any ASGI server."""
    # FastAPI's own pages load scripts from the internet: the description alone is served.
    app = FastAPI(
        title="driftwatch", version=site.version, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json"
    )
    app.state.site = site
    for part in (health, metrics, reload, static, pages, api):
        app.include_router(part.router)
    app.add_exception_handler(RequestValidationError, api.refused)
    app.add_middleware(Gate, token=site.token)
    return app
