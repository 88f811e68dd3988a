"""`driftwatch plan`: what watching costs, where the false-alarm budget goes, what drift is found and how fast."""

from math import fsum
from typing import TYPE_CHECKING

import click

from driftwatch.cli.frame import Frame
from driftwatch.cli.terminal import say, say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from driftwatch.config.settings import Settings
    from driftwatch.services.plan import EndpointPlan


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def plan(ctx: click.Context, *, as_json: bool) -> None:
    """Tell, before the first call is paid, what the configured endpoints will cost and what they will find.

    Calls, tokens and money per day, month and year; each stream's share of the false-alarm budget; how soon a change
    is found: by the mixture that pages (simulated), by the drawn CUSUM, and by an oracle that knows the change. Once
    the store has a baseline, spread, tokens and money are taken from it; until then assumptions stand in, and are
    named. Nothing is sent and nothing is written.
    """
    from driftwatch.bootstrap import planning

    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    settings = frame.settings()
    plans = planning.plan_endpoints(settings)
    if as_json:
        from driftwatch.cli.render.plan import plan_data

        data = {one.name: plan_data(one) for one in plans}
        say_json({"usd_per_day": _usd(plans), "limit_usd_per_day": _limit(settings), "endpoints": data})
        return
    from driftwatch.cli.render.page import echo
    from driftwatch.cli.render.plan_page import drawn_plan

    for one in plans:
        echo(drawn_plan(one))
    say(_money(_usd(plans), _limit(settings)))


def _usd(plans: "Sequence[EndpointPlan]") -> float | None:
    """Return what all endpoints cost in a day; None where one has no known price."""
    taken = [(part, one.replays_per_day) for one in plans for part in (one.taken, one.grading) if part]
    costs = [None if part.usd is None else part.usd * per_day for part, per_day in taken]
    return fsum(cost for cost in costs if cost is not None) if None not in costs else None


def _limit(settings: "Settings") -> float | None:
    return settings.budget.usd_per_day if settings.budget else None


def _money(usd: float | None, limit: float | None) -> str:
    if usd is None:
        return "The price of an endpoint is not known: give it as `price:`, so that a day's budget can guard it."
    line = f"All endpoints: {usd:.2f} USD a day"
    if limit is None:
        return f"{line}; no `budget.usd_per_day` guards it."
    over = " More than the budget: nothing is asked once it is spent." if usd > limit else ""
    return f"{line}, of {limit:.2f} in the budget.{over}"
