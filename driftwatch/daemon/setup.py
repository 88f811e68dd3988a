"""What a configuration decides, built whole before any of it is put to use."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from driftwatch.daemon.chores import Chores
from driftwatch.domain.delivery import Routes
from driftwatch.services.own_network import OwnNetwork
from driftwatch.services.ports import Notifier, Traces
from driftwatch.services.watched import Watched

Listener = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Everything that a reload replaces.

    Parameters
    ----------
    usd_per_day : float, optional
        The day's budget; None for none.
    notifiers, fallback, ops : mapping, str, Routes
        The sinks by route, the route that stands in, and where operations hear of us.
    network : OwnNetwork, optional
        What tells our own network from a vendor's.
    past_the_store : mapping of str to Notifier
        By route: what the emergency message goes through; no database is asked before it is sent.
    listeners : sequence of callable
        What hears people: Slack's buttons.
    in_use : callable
        Called once all of it is in use: to remember the file, to keep new secrets out of logs.
    """

    watched: Sequence[Watched]
    chores: Chores
    usd_per_day: float | None = None
    notifiers: Mapping[str, Notifier] = field(default_factory=dict)
    fallback: str | None = None
    ops: Routes = ()
    traces: Traces | None = None
    network: OwnNetwork | None = None
    past_the_store: Mapping[str, Notifier] = field(default_factory=dict)
    listeners: Sequence[Listener] = ()
    in_use: Callable[[], None] = lambda: None
