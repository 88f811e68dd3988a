"""What the pages are made from."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request

from driftwatch.domain.secret import Secret
from driftwatch.services.counts import Counts
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
    token : Secret, optional
        Wanted of everybody who asks for anything but health.
    """

    vitals: Vitals
    store: Store
    clock: Clock
    watched: Callable[[], Sequence[Watched]]
    counts: Counts
    guard: Callable[[], SpendGuard]
    reload: Callable[[], Awaitable[str]]
    token: Secret | None = None
    version: str = "0"


def site_of(request: Request) -> Site:
    """Return the site that a request is for."""
    site: Site = request.app.state.site
    return site
