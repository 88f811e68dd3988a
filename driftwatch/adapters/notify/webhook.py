"""A generic webhook: one JSON object by POST, signed, with a key by which the receiver can drop repeats."""

import json
from hashlib import sha256
from hmac import new as hmac

import aiohttp

from driftwatch.adapters.notify.http import TOTAL_S, as_delivery_error, guarded_session, retry_after_s
from driftwatch.adapters.notify.wording import render_text
from driftwatch.domain.delivery import Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, Notifier

SIGNATURE = "X-Driftwatch-Signature"
_SINK = "The webhook"


class Webhook(Notifier):
    """Posts the payload as it was frozen, with its words as ``text``.

    Any 2xx is success. ``Idempotency-Key`` is the delivery's key; with a `signing_key` the header
    ``X-Driftwatch-Signature`` is ``sha256=`` and the hexadecimal HMAC-SHA256 of the body.

    Parameters
    ----------
    url : Secret
        Where to post.
    signing_key : Secret, optional
        Shared with the receiver.
    """

    # Receivers go by the incident: what only another one's message names, they would never see fire.
    joins = False

    def __init__(
        self, url: Secret, *, clock: Clock, signing_key: Secret | None = None, timeout_s: float = TOTAL_S
    ) -> None:
        self._url = url
        self._clock = clock
        self._signing_key = signing_key
        self._timeout_s = timeout_s

    async def send(self, delivery: Delivery) -> None:
        """Deliver once."""
        body = _body(delivery)
        headers = {"Content-Type": "application/json", "Idempotency-Key": delivery.key.encode().hex()}
        if delivery.key.isascii() and delivery.key.isprintable():
            headers["Idempotency-Key"] = delivery.key
        if self._signing_key:
            headers[SIGNATURE] = signature(body, self._signing_key)
        try:
            async with (
                guarded_session(self._timeout_s) as session,
                session.post(self._url.reveal(), data=body, headers=headers) as response,
            ):
                status, answered = response.status, response.headers
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise as_delivery_error(error, _SINK) from None
        if status == 429:
            wait = retry_after_s(answered, self._clock.now())
            raise DeliveryError(f"{_SINK} asks for patience: status 429.", permanent=False, retry_after_s=wait)
        if not 200 <= status < 300:
            permanent = status < 500 and status not in (408, 425)
            raise DeliveryError(
                f"{_SINK} answered with status {status}.", permanent=permanent, ambiguous=status in (502, 504)
            )


def signature(body: bytes, key: Secret) -> str:
    """Return the value of the signature header, for the receiver to compare.

    Examples
    --------
    >>> signature(b"what do ya want for nothing?", Secret("Jefe"))[:15]  # RFC 4231, test case 2
    'sha256=5bdcc146'
    """
    return f"sha256={hmac(key.reveal().encode(), body, sha256).hexdigest()}"


def _body(delivery: Delivery) -> bytes:
    text = render_text(delivery.payload, possible_repeat=delivery.possible_repeat)
    whole = {
        **delivery.payload,
        "delivery": delivery.key,
        "text": text,
        "possible_repeat": delivery.possible_repeat,
    }
    return json.dumps(whole).encode()
