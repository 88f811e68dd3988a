"""What the pages and the API share for as long as the server runs: the board, its threads, the templates."""

from __future__ import annotations

import gc
from functools import cached_property
from secrets import token_hex
from typing import TYPE_CHECKING

from driftwatch.web.dashboard.readers import Readers
from driftwatch.web.site import Site, site_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.requests import Request

    from driftwatch.services.board import Board


class Room:
    """Made with the application; what is heavy in it is made when it is first needed."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.readers = Readers()
        # A page of before a restart is not what this process would show, though the store did not change.
        self.name = token_hex(8)

    @cached_property
    def board(self) -> Board:
        """The read models."""
        from driftwatch.services.board import Board

        # What modules made lives for ever. To look through it at every full collection stopped the whole process for
        # 75 ms at about every seventh page: benchmarks/dashboard/RESULTS.md.
        gc.collect()
        gc.freeze()
        site = self.site
        return Board(
            site.store,
            site.watched,
            site.clock,
            due_slots=site.due_slots,
            limit_usd_per_day=lambda: site.guard().limit_usd,
        )

    @cached_property
    def templates(self) -> Environment:
        """The templates, with autoescape on."""
        from driftwatch.web.dashboard.looks import environment

        return environment()


def room_of(request: Request) -> Room:
    """Return the room of the site that a request is for."""
    state = request.app.state
    if not hasattr(state, "dashboard"):
        state.dashboard = Room(site_of(request))
    found: Room = state.dashboard
    return found
