"""`driftwatch status`: where every stream of every endpoint stands now."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from driftwatch.cli.errors import Exit
from driftwatch.cli.opened import opened
from driftwatch.cli.terminal import say_json

if TYPE_CHECKING:
    from rich.console import RenderableType

    from driftwatch.services.standing import Standing
    from driftwatch.services.status import EndpointStatus, Status


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, *, as_json: bool) -> None:
    """Show every endpoint and stream: state, statistic against threshold, last replay, coverage, spend.

    Exits with 1 if a drift is open, with 3 if an endpoint has no data, with 0 otherwise.
    """
    from driftwatch.services.status import build_status

    with opened(ctx) as here:
        now = build_status(here.store, here.endpoints(), now=here.now, due_slots=here.due_slots)
        limit = here.settings.budget.usd_per_day if here.settings.budget else None
    if as_json:
        from driftwatch.presentation.as_json import status_data

        say_json(status_data(now, limit))
    else:
        from driftwatch.cli.render.page import echo

        echo(_drawn(now, limit))
    ctx.exit(_exit(now))


def _exit(now: "Status") -> Exit:
    from driftwatch.services.standing import EndpointState

    states = {endpoint.state for endpoint in now.endpoints}
    if EndpointState.DRIFTED in states:
        return Exit.DRIFT
    return Exit.UNKNOWN if states & {EndpointState.NO_DATA, EndpointState.ERROR} else Exit.NO_DRIFT


def _drawn(now: "Status", limit: float | None) -> "Iterator[RenderableType]":
    from driftwatch.cli.render.terminal import endpoint_title, plain, table
    from driftwatch.presentation import words

    for endpoint in now.endpoints:
        yield endpoint_title(endpoint.name, endpoint.state, endpoint.model)
        yield plain(_line(endpoint))
        if endpoint.incident:
            title = words.incident_title(endpoint.incident)
            yield plain(f"{title}; driftwatch show {endpoint.incident.name}", "bold red")
        yield table(("stream", "state", "statistic"), [_row(stream) for stream in endpoint.streams])
    of = f" of {limit:.2f}" if limit is not None else ""
    yield plain(f"Spent today: {now.spent_usd:.4f}{of} USD.")
    for silence in now.silences:
        yield plain(f"Silence: {words.silence_line(silence, soon=False)}")


def _line(endpoint: "EndpointStatus") -> str:
    from driftwatch.presentation.words import learned, moment
    from driftwatch.services.status import STALE_SLOTS

    last = moment(endpoint.last_replay) if endpoint.last_replay else "never"
    line = (
        f"{learned(endpoint.epoch, endpoint.baseline)}; last replay {last}; coverage (24 h) {endpoint.coverage.words}"
    )
    slot = endpoint.last_slot
    if slot is not None and slot.reason and (endpoint.last_replay is None or slot.slot.due > endpoint.last_replay):
        line += f"; last slot {slot.state.value}: {slot.reason}"
    if endpoint.coverage.not_begun >= STALE_SLOTS:
        line += "; nobody has begun a slot since: is `driftwatch run` running?"
    return f"{line}; {endpoint.spent_usd:.4f} USD today{_ungraded(endpoint)}"


def _ungraded(endpoint: "EndpointStatus") -> str:
    """Say how many verdicts of the last replay give no score, and why."""
    if not endpoint.ungraded:
        return ""
    reasons = ", ".join(f"{reason} ({count})" for reason, count in sorted(endpoint.ungraded.items()))
    return f"; {sum(endpoint.ungraded.values())} of {endpoint.verdicts} verdicts unscored: {reasons}"


def _row(stream: "Standing") -> tuple[str, ...]:
    from driftwatch.presentation.words import statistic

    why = f" ({stream.distrust})" if stream.distrust else ""
    return (stream.metric.name, stream.words + why, statistic(stream))
