"""The FastAPI application: a part of the site is a router in a module of its own, and one line here.

Made when somebody first asks for the dashboard or the API (`front.py`); what every daemon serves is in `always.py`.

Routers read through `site.site_of(request)`; a plain ``def`` handler runs in a thread and may ask the store, an
``async def`` one may not.
"""

from fastapi import FastAPI, Response
from fastapi.exceptions import RequestValidationError

from driftwatch.web.always import ROUTES
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
    for path, handler, method in ROUTES:
        app.add_api_route(path, handler, methods=[method], tags=["daemon"], response_class=Response)
    for part in (static, pages, api):
        app.include_router(part.router)
    app.add_exception_handler(RequestValidationError, api.refused)
    app.add_middleware(Gate, token=site.token)
    return app
