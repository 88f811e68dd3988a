"""POST /-/reload: what SIGHUP does, for those who cannot send a signal. It wants the token."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from driftwatch.web.site import site_of


async def reload(request: Request) -> PlainTextResponse:
    """Read the configuration again: 200 if it is in use, 422 with all that is wrong if the one before stays."""
    trouble = await site_of(request).reload()
    told = f"{trouble}\nThe configuration in use stays." if trouble else "The configuration is in use."
    return PlainTextResponse(f"{told}\n", status_code=422 if trouble else 200)
