"""The canary: places that have nothing to do with an endpoint, asked for nothing but a sign of life."""

import asyncio
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import aiohttp

from driftwatch.services.ports import Canary

TOTAL_S = 5.0
_PROXY_WANTS_PASSWORD = 407


class HttpCanary(Canary):
    """Asks addresses by HEAD; whoever answers at all, with whatever status, proves that our network works.

    Parameters
    ----------
    addresses : sequence of str
        At most one a host counts; path and query are not sent, for they may hold a secret.

    Notes
    -----
    HTTPS_PROXY and NO_PROXY are heeded. A proxy that answers 407 is our own side.
    """

    def __init__(self, addresses: Sequence[str], *, timeout_s: float = TOTAL_S) -> None:
        self._origins = {place.netloc.rpartition("@")[2]: place.scheme for place in map(urlsplit, addresses)}
        self._timeout_s = timeout_s

    @property
    def hosts(self) -> Sequence[str]:
        """What is asked, as ``host`` or ``host:port``."""
        return tuple(self._origins)

    async def look(self) -> Mapping[str, str | None]:
        """Ask all of them at once."""
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        async with aiohttp.ClientSession(
            timeout=timeout, trust_env=True, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            found = await asyncio.gather(*(_sign(session, f"{s}://{h}/") for h, s in self._origins.items()))
        return dict(zip(self._origins, found, strict=True))


async def _sign(session: aiohttp.ClientSession, address: str) -> str | None:
    try:
        async with session.head(address, allow_redirects=False) as response:
            return "the proxy wants a password" if response.status == _PROXY_WANTS_PASSWORD else None
    except TimeoutError:
        return "no answer in time"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return f"no connection ({type(error).__name__})"
