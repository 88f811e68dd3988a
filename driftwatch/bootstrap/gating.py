"""The gate of a pipeline, over the configured endpoints and their store."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.keys import refuse_missing_keys
from driftwatch.bootstrap.models import endpoint_of
from driftwatch.bootstrap.watching import watch
from driftwatch.bootstrap.worlds import world
from driftwatch.config.settings import Settings
from driftwatch.services.ports import Store

if TYPE_CHECKING:
    from driftwatch.bootstrap.advance import Advance
    from driftwatch.services.gate_found import Gate, Rules
    from driftwatch.services.watched import WatchedJudge


async def gated(
    settings: Settings,
    store: Store,
    names: Sequence[str],
    rules: "Rules",
    advance: "Advance" = lambda _what, _done, _of: None,
) -> "Gate":
    """Return what the gate found of these endpoints; nothing is written to the store."""
    from driftwatch.services.gate import gate

    refuse_missing_keys(settings)
    clock = system_clock()
    judges: dict[str, WatchedJudge] = {}
    wanted = [one for one in settings.endpoints if one.name in names]
    endpoints = [watch(settings, endpoint_of(settings, one), clock, judges=judges) for one in wanted]
    here = world(settings, store, clock)
    try:
        return await gate(endpoints, here, rules, advance)
    finally:
        here.scoring.close()
        models = {id(model): model for watched in endpoints for model in watched.models}
        for model in models.values():
            await model.aclose()
        if here.traces is not None:
            await here.traces.aclose()
