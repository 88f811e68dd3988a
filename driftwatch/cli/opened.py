"""What commands that read the store share: configuration, store, the endpoints as they are to be read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import click

from driftwatch.cli.frame import Frame

if TYPE_CHECKING:
    from driftwatch.adapters.store import SqlStore
    from driftwatch.config.settings import Settings
    from driftwatch.domain.decide import Audience
    from driftwatch.domain.delivery import Routes
    from driftwatch.services.coverage import DueSlots
    from driftwatch.services.watched import Watched


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An open store and what the configuration says of it; no driver and no sink is imported for it."""

    settings: "Settings"
    store: "SqlStore"
    now: datetime

    def endpoints(self) -> tuple["Watched", ...]:
        """Return every endpoint of the configuration."""
        from driftwatch.bootstrap import clocks, watching

        return watching.endpoints_to_read(self.settings, clocks.system_clock())

    def endpoint(self, name: str) -> "Watched":
        """Return the endpoint of that name, or say which there are."""
        from driftwatch.bootstrap import clocks, watching
        from driftwatch.cli.replay import find_endpoint

        known = watching.endpoints_to_read(self.settings, clocks.system_clock())
        found = next((one for one in known if one.endpoint.name == name), None)
        if found is None:
            find_endpoint(self.settings, name)
        assert found is not None  # noqa: S101  # what is configured can be read; for mypy
        return found

    def routes_for(self, incident_id: int) -> "Mapping[Audience, Routes]":
        """Return which routes each audience hears of an incident on."""
        from driftwatch.bootstrap import routing

        incident = self.store.incident(incident_id)
        return routing.audiences(self.settings, incident.endpoint if incident else "")

    @property
    def due_slots(self) -> "DueSlots":
        """The calendar."""
        from driftwatch.adapters.calendar import slots_between

        return slots_between


@contextmanager
def opened(ctx: click.Context, *, make: bool = False) -> Iterator[Opened]:
    """Open the store of the configuration.

    Parameters
    ----------
    make : bool
        Whether a store that is not there is made; otherwise that is said, and nothing is written.

    Raises
    ------
    StoreError
        If there is no store (slug ``store-path``), or it cannot be read.
    """
    from driftwatch.bootstrap import clocks, stores
    from driftwatch.domain.errors import StoreError

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    if not make and not stores.store_exists(settings):
        raise StoreError(
            f"{settings.store_name}: there is no store yet, so nothing is known. "
            "`driftwatch run` or `driftwatch replay` makes it; `--config` names another configuration.",
            slug="store-path",
        )
    with stores.open_store(settings) as store:
        yield Opened(settings=settings, store=store, now=clocks.system_clock().now())
