"""What goes over the wire to Slack, webhook and Web API alike, with less and less detail where it is too big."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from driftwatch.adapters.notify.render import LEVELS, Message, render
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError

# slack-sdk logs addresses, tokens and bodies at DEBUG, and takes a logger without a level for one at DEBUG.
SDK_LOG = logging.getLogger("driftwatch.slack_sdk")
SDK_LOG.setLevel(logging.WARNING)


async def degrading(
    delivery: Delivery, post: Callable[[Message], Awaitable[str | None]], *, level: int = 0, buttons: bool = False
) -> str | None:
    """Send the fullest message, from `level` on, that is taken: a refusal for size costs detail, never the message."""
    for at in range(level, LEVELS):
        try:
            return await post(
                render(delivery.payload, possible_repeat=delivery.possible_repeat, level=at, buttons=buttons)
            )
        except DeliveryError as error:
            if not error.oversize or at == LEVELS - 1:
                raise
    raise AssertionError("unreachable: the last level either returns or raises")


def slack_body(message: Message) -> dict[str, Any]:
    """Return the message with everything off that would link, unfurl or mention."""
    quiet = {"unfurl_links": False, "unfurl_media": False, "link_names": False, "parse": "none", "mrkdwn": False}
    return {"text": message.text, **({"blocks": list(message.blocks)} if message.blocks else {}), **quiet}
