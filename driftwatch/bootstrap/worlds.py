"""What a tick needs beside its endpoint."""

from typing import TYPE_CHECKING

from driftwatch.bootstrap.clocks import midnight
from driftwatch.bootstrap.keys import redaction
from driftwatch.bootstrap.scoring import end_scorers
from driftwatch.config.settings import Settings
from driftwatch.domain.errors import DriftwatchError
from driftwatch.scorers.extras import adding
from driftwatch.services.ports import Clock, Store

if TYPE_CHECKING:
    from driftwatch.services.own_network import OwnNetwork
    from driftwatch.services.ports import Traces
    from driftwatch.services.world import World


def world(settings: Settings, store: Store, clock: Clock) -> "World":
    """Return what a tick needs beside its endpoint; today's spending is read from the store."""
    from driftwatch.services.references import References
    from driftwatch.services.scoring_threads import ScoringThreads
    from driftwatch.services.spend import SpendGuard
    from driftwatch.services.world import World

    limit = settings.budget.usd_per_day if settings.budget else None
    spent = store.spent_usd(since=midnight(clock.now()))
    return World(
        store=store,
        clock=clock,
        guard=SpendGuard(limit_usd_per_day=limit, clock=clock, spent_today_usd=spent),
        references=References(store),
        traces=traces(settings),
        network=own_network(settings, clock),
        scoring=ScoringThreads(end_scorers),
    )


def own_network(settings: Settings, clock: Clock) -> "OwnNetwork | None":
    """Return what tells our own network from a vendor's; None where nothing unrelated is known that could be asked."""
    from driftwatch.adapters.canary import HttpCanary
    from driftwatch.config.canaries import canary_addresses, endpoint_hosts
    from driftwatch.services.own_network import OwnNetwork

    addresses = canary_addresses(settings)
    if not addresses:
        return None
    return OwnNetwork(canary=HttpCanary(addresses), clock=clock, hosts=endpoint_hosts(settings))


def traces(settings: Settings) -> "Traces | None":
    """Return what tells an OpenTelemetry collector of every replay, None where none is configured."""
    wanted = settings.otel
    if wanted is None:
        return None
    try:
        from driftwatch.adapters.traces.otlp import OtlpTraces
    except ImportError as error:
        need = f"Remove `otel:`, or: {adding('otel')}"
        raise DriftwatchError(
            f"otel: {error.name or error} is not installed. {need}", slug="otel-not-installed"
        ) from None
    return OtlpTraces(
        wanted.endpoint,
        headers=wanted.headers,
        semconv=wanted.semconv,
        content=wanted.content,
        scores=wanted.scores,
        redact=redaction(settings),
    )
