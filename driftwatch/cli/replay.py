"""`driftwatch replay`: one replay now, for cron, Kubernetes Jobs and people."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from driftwatch.adapters.certificates import load_aiohttp
from driftwatch.cli.errors import Exit
from driftwatch.cli.frame import Frame
from driftwatch.cli.lean import load_structlog, loading
from driftwatch.cli.terminal import say, say_json
from driftwatch.domain.errors import ConfigError, Problem

if TYPE_CHECKING:
    from driftwatch.config.settings import EndpointSettings, Settings
    from driftwatch.domain.replay import Slot
    from driftwatch.services.ports import Store
    from driftwatch.services.tick import Ticked


@click.command()
@click.argument("endpoint")
@click.option(
    "--slot", "slot_text", metavar="TIME", help="The slot to replay, ISO 8601; now by default. Done twice is done once."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def replay(ctx: click.Context, endpoint: str, slot_text: str | None, *, as_json: bool) -> None:
    """Replay ENDPOINT once, judge it, and send what is due.

    Exits with 1 if an incident is open afterwards, with 3 if the endpoint gave no answers.
    """
    frame = ctx.find_object(Frame)
    assert frame is not None  # noqa: S101  # set by the group; for mypy
    with loading() as loaded:
        load_structlog()
        load_aiohttp()
        told = asyncio.run(_replay(frame, endpoint, slot_text, loaded))
    if as_json:
        say_json(told)
    else:
        say(_sentence(told))
    ctx.exit(
        Exit.UNKNOWN if told["outcome"] in ("failed", "skipped") else Exit.DRIFT if told["incident"] else Exit.NO_DRIFT
    )


async def _replay(frame: Frame, name: str, slot_text: str | None, loaded: Callable[[], None]) -> dict[str, Any]:
    from driftwatch.bootstrap import clocks, keys, models, senders, stores, watching, worlds
    from driftwatch.daemon.logs import configure
    from driftwatch.domain.replay import Slot
    from driftwatch.services.decide_pending import decide_pending
    from driftwatch.services.tick import tick

    settings = frame.settings()
    wanted = find_endpoint(settings, name)
    keys.refuse_missing_keys(settings)
    configure(secrets=keys.secrets_of(settings), level="WARNING")
    clock = clocks.system_clock()
    slot = Slot(endpoint=name, due=_due(slot_text, clock.now()))
    with stores.lock_store(settings), stores.open_store(settings) as store:
        watched = watching.watch(settings, models.endpoint_of(settings, wanted), clock)
        world = worlds.world(settings, store, clock)
        loaded()
        try:
            decide_pending(watched, store, clock)
            ticked = await tick(watched, slot, world)
            await senders.pager(settings, store, clock).deliver_due()
        finally:
            world.scoring.close()
            for model in watched.models:
                await model.aclose()
            if world.traces is not None:
                await world.traces.aclose()
        return _told(store, slot, ticked)


def find_endpoint(settings: "Settings", name: str) -> "EndpointSettings":
    """Return the endpoint of that name, or say which there are."""
    for endpoint in settings.endpoints:
        if endpoint.name == name:
            return endpoint
    known = ", ".join(endpoint.name for endpoint in settings.endpoints)
    problem = Problem(
        file=str(settings.file),
        line=None,
        met=f"there is no endpoint {name!r}",
        need=f"known are: {known}.",
        slug="unknown-endpoint",
    )
    raise ConfigError((problem,))


def _due(text: str | None, now: datetime) -> datetime:
    if text is None:
        return now.replace(microsecond=0)
    try:
        due = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a time; write ISO 8601, as in 2026-07-20T06:00Z."
        raise click.BadParameter(message, param_hint="--slot") from None
    return due.astimezone(UTC) if due.tzinfo else due.replace(tzinfo=UTC)


def _told(store: "Store", slot: "Slot", ticked: "Ticked") -> dict[str, Any]:
    record = next((r for r in store.slots(slot.endpoint, since=slot.due) if r.slot == slot), None)
    incident = store.open_incident(slot.endpoint)
    answers = store.count_answers(slot.endpoint, slot)
    return {
        "endpoint": slot.endpoint,
        "slot": slot.key,
        "outcome": ticked.value,
        "state": record.state.value if record else None,
        "reason": record.reason if record else None,
        "answers": answers.replied,
        "asked": answers.asked,
        "cost_usd": round(answers.cost_usd, 6),
        "incident": incident.name if incident else None,
        "severity": incident.severity.value if incident else None,
    }


def _sentence(told: dict[str, Any]) -> str:
    where = f"{told['endpoint']} {told['slot']}"
    if told["outcome"] in ("failed", "skipped"):
        return f"{where}: no answers ({told['reason']})."
    done = "was replayed before" if told["outcome"] == "already" else "replayed"
    sentence = f"{where}: {done}, {told['answers']} of {told['asked']} answers, {told['cost_usd']:.4f} USD."
    if told["incident"]:
        sentence += f" Open: {told['incident']} ({told['severity']}); driftwatch show {told['incident']}"
    return sentence
