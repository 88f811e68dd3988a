"""Who is asked for a sign of life when an endpoint cannot be reached: what the configuration leads to anyway."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from driftwatch.config.drivers import resolve_base_url
from driftwatch.config.settings import Settings

_OF_ROUTES = {"slack_token": "https://slack.com", "pagerduty": "https://events.pagerduty.com"}


def canary_addresses(settings: Settings) -> tuple[str, ...]:
    """Return `connectivity.url`, or else every address outside of this network that the configuration holds.

    An address nearby answers whether or not the way out works, so it tells nothing.
    """
    if settings.connectivity is not None:
        return (settings.connectivity.url,)
    return tuple(address for address in _known(settings) if _outside(address))


def endpoint_hosts(settings: Settings) -> Mapping[str, str]:
    """Return the host that each endpoint is asked at, where that is known."""
    known = {one.name: resolve_base_url(one.model, one.base_url) for one in settings.endpoints}
    return {name: urlsplit(url).netloc.rpartition("@")[2] for name, url in known.items() if url}


def _known(settings: Settings) -> Iterator[str]:
    for one in settings.endpoints:
        if url := resolve_base_url(one.model, one.base_url):
            yield url
    for route in settings.routes.values():
        if route.kind in ("slack_webhook", "webhook"):
            yield route.secret.reveal()
        elif route.kind in _OF_ROUTES:
            yield _OF_ROUTES[route.kind]
    if settings.deadman is not None and settings.deadman.address is not None:
        yield settings.deadman.address.reveal()


def _outside(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".svc", ".lan"))
