"""The pages. Each names what it shows; reading and drawing happen in the pages' own threads."""

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Annotated, Any, Literal

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from driftwatch.domain.errors import DriftwatchError, StoreError
from driftwatch.services.vitals import Role
from driftwatch.web.dashboard.api import BIG
from driftwatch.web.dashboard.readers import Busy
from driftwatch.web.dashboard.room import Room, room_of

log = structlog.get_logger(__name__)
router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

Period = Literal["24h", "7d", "30d", "90d", "1y"]
LEAF = 50
"""Rows of a list on one page."""
ANSWERS = 25
"""Replays of which a probe's page shows the answers."""
FRESH_S = 20
_INCIDENT = re.compile(r"(?:inc-)?([1-9][0-9]{0,17})")
_AGAIN = {"retry-after": "2"}

Shown = Mapping[str, Any]


@router.get("/")
async def overview(request: Request) -> Response:
    """Return the fleet."""
    room = room_of(request)
    return await _page(request, "fleet.html", lambda: {"view": room.board.overview()})


@router.get("/endpoint")
async def endpoint(request: Request, name: str, period: Period = "7d") -> Response:
    """Return one endpoint with all its streams."""
    room = room_of(request)

    def read() -> Shown:
        found = room.board.endpoint(name, period)
        if found is None:
            raise _Missing(f"No endpoint {name!r} is watched here.")
        return {"view": found, "period": period}

    return await _page(request, "endpoint.html", read)


@router.get("/incidents")
async def incidents(
    request: Request,
    endpoint: str | None = None,
    before: Annotated[int | None, Query(ge=1, le=BIG)] = None,
    state: Literal["open", "all"] = "all",
) -> Response:
    """Return a leaf of the incidents."""
    room = room_of(request)

    def read() -> Shown:
        found, more = room.board.incidents(before=before, endpoint=endpoint, only_open=state == "open", most=LEAF)
        return {"incidents": found, "more": more, "endpoint": endpoint, "state": state}

    return await _page(request, "incidents.html", read)


@router.get("/incidents/{number}")
async def incident(request: Request, number: str) -> Response:
    """Return one incident with its evidence."""
    room = room_of(request)

    def read() -> Shown:
        named = _INCIDENT.fullmatch(number)
        if named is None:
            raise _Missing(f"{number!r} is not an incident; they are called inc-42.")
        if int(named[1]) > BIG:
            raise _Missing(f"There is no incident {number!r}.")
        board, site = room.board, room.site
        return {
            "report": board.incident(int(named[1])),
            "now": board.now(),
            "writable": site.token is not None,
            "standby": site.vitals.role is Role.STANDBY,
        }

    return await _page(request, "incident.html", read)


@router.get("/probe")
async def probe(
    request: Request,
    endpoint: str,
    probe_id: Annotated[str, Query(alias="id")],
    before: Annotated[int | None, Query(ge=1, le=BIG)] = None,
) -> Response:
    """Return one probe's answers over time."""
    room = room_of(request)

    def read() -> Shown:
        found = room.board.probe(endpoint, probe_id, before_seq=before, replays=ANSWERS)
        if found is None:
            raise _Missing(f"{endpoint!r} has no probe {probe_id!r}.")
        return {"view": found, "before": before}

    return await _page(request, "probe.html", read)


class _Missing(Exception):  # noqa: N818  # a question about what is not there
    """There is nothing of that name."""


async def _page(request: Request, template: str, read: Callable[[], Shown]) -> Response:
    room = room_of(request)

    def make() -> Response:
        mark = _mark(room, request)
        if request.headers.get("if-none-match") == mark:
            return Response(status_code=304, headers={"etag": mark})
        shown = _drawn(room, template, read())
        return HTMLResponse(shown, headers={"etag": mark})

    try:
        return await room.readers.run(make)
    except Busy:
        return HTMLResponse("Too many pages are asked for at once; try again in some seconds.", 503, headers=_AGAIN)
    except (_Missing, DriftwatchError) as error:
        status = 503 if isinstance(error, StoreError) else 404
        said = _drawn(room, "missing.html", {"said": str(error), "failed": status != 404})
        return HTMLResponse(said, status)


def _drawn(room: Room, template: str, shown: Shown) -> str:
    return room.templates.get_template(template).render(site=room.site, made=room.site.clock.now(), **shown)


def _mark(room: Room, request: Request) -> str:
    """Return what changes when the page may have: a change in the store, or some seconds of the clock."""
    now = room.board.now().timestamp() // FRESH_S
    parts = (
        room.board.store.pulse(),
        now,
        room.board.edition(),
        room.name,
        str(request.url),
        room.site.version,
        room.site.vitals.role,
    )
    return f'W/"{sha256(repr(parts).encode()).hexdigest()[:24]}"'
