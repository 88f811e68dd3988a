"""What the pages are made from."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from driftwatch.domain.decide import Audience
from driftwatch.domain.delivery import Routes
from driftwatch.domain.secret import Secret
from driftwatch.services.counts import Counts
from driftwatch.services.coverage import DueSlots
from driftwatch.services.ports import Clock, Store
from driftwatch.services.spend import SpendGuard
from driftwatch.services.vitals import Vitals
from driftwatch.services.watched import Watched


@dataclass(frozen=True, kw_only=True)
class Site:
    """What the pages are made from: the daemon's own parts, of which they change none.

    Parameters
    ----------
    store : Store
        Blocks: only plain ``def`` handlers, which run in a thread, may ask it.
    watched : callable
        The endpoints that are watched now; a reload changes them.
    reload : callable
        Reads the configuration again and returns why it was refused; empty if it is in use.
    routes : callable
        Endpoint -> who is told of it: those hear when somebody takes or accepts an incident here.
    token : Secret, optional
        Wanted of everybody who asks for anything but health.
    due_slots : callable, optional
        The calendar; without it, slots that nobody began are not missed.
    """

    vitals: Vitals
    store: Store
    clock: Clock
    watched: Callable[[], Sequence[Watched]]
    counts: Counts
    guard: Callable[[], SpendGuard]
    reload: Callable[[], Awaitable[str]]
    routes: Callable[[str], Mapping[Audience, Routes]] = lambda _endpoint: {}
    token: Secret | None = None
    due_slots: DueSlots | None = None
    version: str = "0"


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site
