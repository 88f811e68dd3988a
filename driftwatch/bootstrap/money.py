"""What guards the money of a day."""

from typing import TYPE_CHECKING

from driftwatch.bootstrap.clocks import midnight
from driftwatch.bootstrap.stores import open_store, store_exists
from driftwatch.config.settings import Settings
from driftwatch.services.ports import Clock, Store

if TYPE_CHECKING:
    from driftwatch.services.spend import SpendGuard
    from driftwatch.services.world import World


def spend_guard(settings: Settings, clock: Clock, *, most_usd: float | None = None) -> "SpendGuard":
    """Return what guards today's money, or less of it, for a command that keeps nothing; no store is made for it."""
    from driftwatch.services.spend import SpendGuard

    limit = settings.budget.usd_per_day if settings.budget else None
    spent = 0.0
    if limit is not None and store_exists(settings):
        with open_store(settings) as store:
            spent = store.spent_usd(since=midnight(clock.now()))
    if most_usd is not None:
        limit = spent + most_usd if limit is None else min(limit, spent + most_usd)
    return SpendGuard(limit_usd_per_day=limit, clock=clock, spent_today_usd=spent)


def read_spending(world: "World", store: Store) -> None:
    """Let the guard of the day's money go on from what the store says by now."""
    world.guard.read_again(store.spent_usd(since=midnight(world.clock.now())))
