"""Border inputs of a configured endpoint."""

from typing import TYPE_CHECKING

from driftwatch.bootstrap.clocks import system_clock
from driftwatch.bootstrap.keys import refuse_missing_keys
from driftwatch.bootstrap.models import endpoint_of, language_model
from driftwatch.bootstrap.money import spend_guard
from driftwatch.config.settings import Settings

if TYPE_CHECKING:
    from driftwatch.bootstrap.advance import Advance
    from driftwatch.services.mine import Mined


async def mine_border_inputs(
    settings: Settings,
    name: str,
    *,
    calls: int,
    usd: float | None,
    wanted: int,
    seed: int,
    advance: "Advance" = lambda _what, _done, _of: None,
) -> "Mined":
    """Return border inputs of an endpoint, found with no more calls and money than are allowed."""
    from driftwatch.services.mine import mine

    refuse_missing_keys(settings)
    clock = system_clock()
    endpoint = endpoint_of(settings, next(one for one in settings.endpoints if one.name == name))
    model = language_model(endpoint, clock)
    try:
        return await mine(
            endpoint,
            model,
            clock=clock,
            guard=spend_guard(settings, clock, most_usd=usd),
            calls=calls,
            wanted=wanted,
            seed=seed,
            advance=lambda done: advance("asked", done, calls),
        )
    finally:
        await model.aclose()
