"""The same as JSON, under /api: what pages show is read here too, and what people decide is done here.

Reading wants what a page wants. What changes something wants the token as `Authorization: Bearer`, always: no page of
another site can make a browser send that.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from driftwatch.domain.errors import DriftwatchError, StoreError
from driftwatch.domain.incident import Silence
from driftwatch.presentation import as_json
from driftwatch.presentation.course_charts import charts_data
from driftwatch.services import own
from driftwatch.services.own import Person
from driftwatch.services.suppressed import suppressed
from driftwatch.services.vitals import Role
from driftwatch.web.dashboard import shapes
from driftwatch.web.dashboard.readers import Busy
from driftwatch.web.dashboard.room import Room, room_of

BIG = 2**31 - 1
"""The largest number of a row on every back end."""
_STATUS = {
    "incident-not-found": 404,
    "silence-not-found": 404,
    "unknown-endpoint": 404,
    "incident-state": 409,
    "node-stands-by": 409,
}

Number = Annotated[int, Path(ge=1, le=BIG)]
Before = Annotated[int | None, Query(ge=1, le=BIG, description="Of the last answer's `next`.")]
Period = Literal["24h", "7d", "30d", "90d", "1y"]
Anything = Annotated[str, Query(max_length=1_000)]


class Json(JSONResponse):
    """JSON in ASCII: a lone surrogate in what a model said is an escape, not a failure."""

    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


_READ: dict[int | str, dict[str, Any]] = {
    401: {"description": "The token is wanted."},
    421: {"description": "Without a token this server is called by 127.0.0.1 or localhost alone."},
    422: {"model": shapes.Problem, "description": "A parameter is not as it must be."},
    503: {"model": shapes.Problem, "description": "Too much is asked for at once, or the store cannot be read."},
}
_MISSING: dict[int | str, dict[str, Any]] = {404: {"model": shapes.Problem, "description": "There is none."}}
_WRITE: dict[int | str, dict[str, Any]] = {
    **_MISSING,
    400: {"model": shapes.Problem, "description": "The body is no JSON."},
    403: {"description": "No token is configured, so nothing can be changed here."},
    409: {"model": shapes.Problem, "description": "Its state does not allow it, or this node stands by."},
}

router = APIRouter(prefix="/api", tags=["dashboard"], default_response_class=Json, responses=_READ)


@router.get("/overview", response_model=shapes.OverviewShape)
async def overview(request: Request) -> Json:
    """Return the fleet: the verdict, and where every endpoint stands."""
    room = room_of(request)
    return await _told(room, lambda: as_json.overview_data(room.board.overview()))


@router.get("/endpoint", response_model=shapes.EndpointCourse, responses=_MISSING)
async def endpoint(request: Request, name: Anything, period: Period = "7d") -> Json:
    """Return one endpoint, and the course of its streams in at most 241 points."""
    room = room_of(request)

    def read() -> Any:
        found = room.board.endpoint(name, period)
        return _there(found and as_json.endpoint_view_data(found), f"no endpoint of the name {name!r} is watched")

    return await _told(room, read)


@router.get("/charts", response_model=shapes.ChartsShape, responses=_MISSING)
async def charts(request: Request, name: Anything, period: Period = "7d") -> Json:
    """Return the charts of one endpoint's streams as Vega-Lite specifications."""
    room = room_of(request)

    def read() -> Any:
        found = room.board.endpoint(name, period)
        return _there(found and charts_data(found), f"no endpoint of the name {name!r} is watched")

    return await _told(room, read)


@router.get("/probe", response_model=shapes.ProbeShape, responses=_MISSING)
async def probe(
    request: Request,
    endpoint: Anything,
    probe_id: Annotated[str, Query(alias="id", max_length=1_000)],
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Replays.")] = 25,
) -> Json:
    """Return what one probe was answered, its first answers of the baseline, and its scores."""
    room = room_of(request)

    def read() -> Any:
        found = room.board.probe(endpoint, probe_id, before_seq=before, replays=limit)
        return _there(found and as_json.probe_view_data(found), f"{endpoint!r} has no probe {probe_id!r}")

    return await _told(room, read)


@router.get("/incidents", response_model=shapes.IncidentLeaf)
async def incidents(
    request: Request,
    endpoint: Annotated[str | None, Query(max_length=1_000)] = None,
    state: Literal["open", "all"] = "all",
    before: Before = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Return incidents, newest first, in leaves."""
    room = room_of(request)

    def read() -> Any:
        found, more = room.board.incidents(before=before, endpoint=endpoint, only_open=state == "open", most=limit)
        return {"items": [as_json.incident_data(one) for one in found], "next": more}

    return await _told(room, read)


@router.get("/incidents/{number}", response_model=shapes.EvidenceShape, responses=_MISSING)
async def incident(request: Request, number: Number) -> Json:
    """Return one incident with its evidence."""
    room = room_of(request)
    return await _told(room, lambda: as_json.evidence_data(room.board.incident(number)))


@router.get("/silences", response_model=list[shapes.SilenceShape])
async def silences(request: Request) -> Json:
    """Return the silences in force, and the windows that are yet to come."""
    room = room_of(request)

    def read() -> Any:
        store = room.site.store
        return [as_json.silence_data(one) | {"suppressed": suppressed(store, one)} for one in room.board.silences()]

    return await _told(room, read)


@router.post("/incidents/{number}/{verb}", response_model=shapes.Acted, responses=_WRITE)
async def act(request: Request, number: Number, verb: Literal["ack", "accept", "resolve"], body: shapes.Act) -> Json:
    """Take an incident, accept the behaviour as the new baseline, or say that the old one is back."""
    room = room_of(request)

    def write() -> Any:
        store = room.site.store
        endpoint = own.find_incident(store, number).endpoint
        person, routes = _person(room, body.by, body.comment), room.site.routes(endpoint)
        if verb == "accept":
            advice = own.mine_again(room.site.watched(), endpoint)
            ended = own.accept(store, number, person, routes, advice=advice)
            return as_json.incident_data(ended) | {"advice": advice or None}
        change = own.acknowledge if verb == "ack" else own.resolve
        return as_json.incident_data(change(store, number, person, routes)) | {"advice": None}

    return await _decided(room, write)


@router.post("/silences", response_model=shapes.SilenceShape, responses=_WRITE)
async def silence(request: Request, body: shapes.SilenceAct) -> Json:
    """Tell nobody about an endpoint for a while; replays go on, and what is still wrong at the end is told then."""
    room = room_of(request)

    def write() -> Any:
        if body.endpoint != "*" and body.endpoint not in {*room.board.names(), *room.site.store.endpoints()}:
            raise DriftwatchError(f"no endpoint {body.endpoint!r} is known.", slug="unknown-endpoint")
        now = room.site.clock.now()
        wanted = Silence(
            endpoint=body.endpoint,
            starts_at=now,
            ends_at=now + timedelta(hours=body.hours),
            by=body.by,
            comment=body.comment,
            maintenance=body.maintenance,
        )
        return as_json.silence_data(own.silence(room.site.store, wanted, now=now))

    return await _decided(room, write)


@router.post("/silences/{number}/end", response_model=shapes.SilenceShape, responses=_WRITE)
async def end_silence(request: Request, number: Number, body: shapes.Act) -> Json:
    """End a silence now; what is still wrong is told."""
    room = room_of(request)

    def write() -> Any:
        return as_json.silence_data(own.end_silence(room.site.store, number, _person(room, body.by, body.comment)))

    return await _decided(room, write)


async def refused(_request: Request, error: Exception) -> Json:
    """Say which parameter is wrong; what was sent is not sent back."""
    assert isinstance(error, RequestValidationError)  # noqa: S101  # registered for it alone
    said = [{"loc": list(one["loc"]), "msg": one["msg"], "type": one["type"]} for one in error.errors()]
    return Json({"detail": said, "slug": None}, status_code=422)


def _person(room: Room, name: str, comment: str | None) -> Person:
    return Person(
        name=f"{name.strip()} (dashboard)", now=room.site.clock.now(), comment=(comment or "").strip() or None
    )


def _there(found: Any, missing: str) -> Any:
    if not found:
        raise _MissingError(missing)
    return found


class _MissingError(Exception):
    """There is nothing of that name."""


async def _decided(room: Room, write: Callable[[], Any]) -> Json:
    def where_it_leads() -> Any:
        if room.site.vitals.role is Role.STANDBY:
            raise DriftwatchError("this node stands by; ask the node that leads.", slug="node-stands-by")
        return write()

    return await _told(room, where_it_leads)


async def _told(room: Room, make: Callable[[], Any]) -> Json:
    """Answer with what `make` returns; it runs in the pages' own threads."""
    try:
        return Json(await room.readers.run(make))
    except Busy:
        return Json(_problem("too much is asked for at once; try again"), 503, headers={"retry-after": "2"})
    except _MissingError as error:
        return Json(_problem(str(error)), 404)
    except StoreError as error:
        return Json(_problem(str(error), error.slug), 503)
    except DriftwatchError as error:
        return Json(_problem(str(error), error.slug), _STATUS.get(error.slug, 422))


def _problem(said: str, slug: str | None = None) -> dict[str, Any]:
    return {"detail": said, "slug": slug}
