"""The plan of every endpoint."""

from typing import TYPE_CHECKING

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.stores import open_store, store_exists
from driftwatch.bootstrap.watching import endpoints_to_read
from driftwatch.config.settings import Settings

if TYPE_CHECKING:
    from driftwatch.services.plan import EndpointPlan


def plan_endpoints(settings: Settings) -> "tuple[EndpointPlan, ...]":
    """Return the plan of every endpoint; a store that is not there is not made."""
    from contextlib import ExitStack

    from driftwatch.adapters.calendar import replays_per_year
    from driftwatch.services.plan import plan_endpoint

    clock = system_clock()
    with ExitStack() as opened:
        store = opened.enter_context(open_store(settings)) if store_exists(settings) else None
        return tuple(
            plan_endpoint(one, store, replays_per_year=replays_per_year(one.endpoint.schedule, clock.now()))
            for one in endpoints_to_read(settings, clock)
        )
