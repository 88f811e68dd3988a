"""The connections of one model: a bounded pool that neither redirects, nor keeps cookies, nor outlives its loop."""

import asyncio
from collections.abc import Mapping

import aiohttp

from driftwatch.adapters.certificates import read_now


class Connections:
    """Opens one aiohttp session, when it is first needed.

    Parameters
    ----------
    limit : int
        The most connections at once.
    headers : mapping
        Sent with every request.
    encrypted : bool
        Whether what is asked is asked over TLS.
    """

    def __init__(self, *, limit: int, headers: Mapping[str, str] | None = None, encrypted: bool = True) -> None:
        self._limit = limit
        self._headers = headers
        self._encrypted = encrypted
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def session(self) -> aiohttp.ClientSession:
        """Return the running loop's session."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop:
            self._loop = loop
            if self._encrypted:
                # Not within the first question's latency.
                read_now()
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._limit),
                headers=self._headers,
                # The one deadline is ask's; aiohttp's own default would cut at 300 s.
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def aclose(self) -> None:
        """Release them; a second time is a no-op."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
