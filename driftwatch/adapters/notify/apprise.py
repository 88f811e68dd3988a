"""Every other service, through apprise (extra ``apprise``): mail, Teams, Discord, Telegram, ntfy and a hundred more.

apprise says only whether it worked. So nothing is ever refused for good here, a failure may have been a success, and
the next attempt says that it may be a repeat.
"""

import asyncio
from typing import Any

from driftwatch.adapters.notify import wording
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError, DriftwatchError
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.scorers.extras import adding
from driftwatch.services.ports import Notifier

TOTAL_S = 30.0
_MUTE = "\u200b"
"""Behind every @: plain text is not plain everywhere, and Discord pings whoever stands behind one."""


class Apprise(Notifier):
    """One service by its apprise address.

    Parameters
    ----------
    url : Secret
        As apprise's list of services writes it: ``mailto://user:password@example.com``.
    timeout_s : float
        Total seconds for one message.

    Raises
    ------
    DriftwatchError
        If apprise is not installed, or does not know the address (slug ``config-route``).
    """

    def __init__(self, url: Secret, *, timeout_s: float = TOTAL_S) -> None:
        self._timeout_s = timeout_s
        self._service = _service(url)

    async def send(self, delivery: Delivery) -> None:
        """Deliver once."""
        title, body = plain(delivery)
        kind = "failure" if delivery.severity is Severity.PAGE else "warning"
        try:
            async with asyncio.timeout(self._timeout_s):
                taken = await self._service.async_notify(
                    body=body, title=title, notify_type=kind, body_format="text", interpret_escapes=False
                )
        except TimeoutError:
            raise _not_taken("did not answer in time") from None
        except Exception as error:  # noqa: BLE001  # a hundred plugins, each with errors of its own
            raise _not_taken(f"failed ({type(error).__name__})") from None
        if not taken:
            raise _not_taken("did not take it")


def plain(delivery: Delivery) -> tuple[str, str]:
    """Return title and body; nothing in them mentions anybody."""
    title, _, rest = wording.render_text(delivery.payload, possible_repeat=delivery.possible_repeat).partition("\n")
    return _muted(title), _muted(rest or title)


def _muted(text: str) -> str:
    return text.replace("@", f"@{_MUTE}")


def _not_taken(what: str) -> DeliveryError:
    return DeliveryError(f"The apprise service {what}. Its address is in routes:.", permanent=False, ambiguous=True)


def _service(url: Secret) -> Any:
    try:
        import apprise
    except ImportError:
        raise DriftwatchError(
            f"a route names an `apprise` address and apprise is not installed. {adding('apprise')}",
            slug="config-route",
        ) from None
    service = apprise.Apprise()
    # Its own log repeats addresses, which hold passwords.
    apprise.logger.setLevel("CRITICAL")
    if not service.add(url.reveal()):
        raise DriftwatchError(
            "apprise does not know the address of a route (it is a secret and not shown). "
            "Compare it with apprise's list of services.",
            slug="config-route",
        )
    return service
