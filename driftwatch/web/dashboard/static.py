"""The stylesheet and the scripts: our own, and those that draw charts; each is a name in a list."""

from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response

from driftwatch.presentation.vendored import FOLDER, OURS, SCRIPTS, sums

router = APIRouter(include_in_schema=False)

_HERE = Path(__file__).parent / "static"
_KINDS = {
    "dashboard.css": "text/css",
    "dashboard.js": "text/javascript",
    "courses.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_DAY_S = 86_400


@router.get("/static/{name}")
async def static(name: str) -> Response:
    """Return one of them."""
    if name in SCRIPTS:
        # Their address carries their checksum: another version has another one. They are large, so they are not kept.
        headers = {"cache-control": f"private, max-age={365 * _DAY_S}, immutable"}
        return FileResponse(FOLDER / name, media_type="text/javascript", headers=headers)
    if name == OURS.name:
        return Response(OURS.read_bytes(), media_type="text/javascript", headers=_SOON)
    if name not in _KINDS:
        return Response(status_code=404)
    return Response(_content(name), media_type=_KINDS[name], headers=_SOON)


_SOON = {"cache-control": "private, max-age=300"}


def chart_scripts() -> str:
    """Return the addresses of all that draws charts, in the order in which they are loaded."""
    known = sums()
    return " ".join([*(f"/static/{name}?{known[name][:16]}" for name in SCRIPTS), f"/static/{OURS.name}"])


@cache
def _content(name: str) -> bytes:
    return (_HERE / name).read_bytes()
