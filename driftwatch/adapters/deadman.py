"""The dead-man's switch: an outside service that raises the alarm when it no longer hears from us."""

import aiohttp

from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.secret import Secret

TOTAL_S = 10.0


class DeadMan:
    """Asks one address for nothing but to be heard.

    Parameters
    ----------
    url : Secret
        As healthchecks.io, Dead Man's Snitch and the like hand it out; whoever has it can keep us quiet.
    timeout_s : float
        Total seconds for one call.
    """

    def __init__(self, url: Secret, *, timeout_s: float = TOTAL_S) -> None:
        self._url = url
        self._timeout_s = timeout_s

    async def tell(self) -> None:
        """Call the address once; any 2xx is heard, redirects are not followed.

        Raises
        ------
        DeliveryError
            Without the address in it.
        """
        timeout = aiohttp.ClientTimeout(total=self._timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
                session.get(self._url.reveal(), allow_redirects=False) as response,
            ):
                status = response.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # `from None`: aiohttp's errors carry the address.
            raise _unheard(f"could not be reached ({type(error).__name__})") from None
        if not 200 <= status < 300:
            raise _unheard(f"answered with status {status}")


def _unheard(what: str) -> DeliveryError:
    return DeliveryError(f"The dead-man's switch {what}. Check `deadman.url`.", permanent=False)
