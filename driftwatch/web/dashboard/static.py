"""The stylesheet and the script: two files of ours, each a name in a list."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent / "static"
_KINDS = {"dashboard.css": "text/css", "dashboard.js": "text/javascript", "icon.svg": "image/svg+xml"}


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Return one of them."""
    if name not in _KINDS:
        return Response(status_code=404)
    return Response(_content(name), media_type=_KINDS[name], headers={"cache-control": "private, max-age=300"})


@cache
def _content(name: str) -> bytes:
    return (_HERE / name).read_bytes()
