"""PagerDuty's Events API v2: one alert per incident, triggered, acknowledged and resolved under its dedup_key."""

import json
from collections.abc import Mapping
from typing import Any

import aiohttp

from driftwatch.adapters.notify import wording
from driftwatch.adapters.notify.http import TOTAL_S, as_delivery_error, guarded_session, retry_after_s
from driftwatch.domain.delivery import Arrival, Arrived, Delivery
from driftwatch.domain.errors import DeliveryError
from driftwatch.domain.legible import one_line
from driftwatch.domain.metric import Severity
from driftwatch.domain.secret import Secret
from driftwatch.services.ports import Clock, Notifier

ENQUEUE = "https://events.pagerduty.com/v2/enqueue"
MAX_SUMMARY = 1_024
MAX_DEDUP_KEY = 255
_SINK = "PagerDuty"
_ENDED = ("resolved", "accepted")
_SEVERITY = {Severity.PAGE: "critical", Severity.NOTICE: "warning"}


class PagerDuty(Notifier):
    """Sends events; the same event twice is one alert there, so one that may have arrived is simply sent again.

    Parameters
    ----------
    routing_key : Secret
        An integration key of the Events API v2.
    url : str
        Where events go; the EU's service regions have an address of their own.
    """

    joins = False

    def __init__(self, routing_key: Secret, *, clock: Clock, timeout_s: float = TOTAL_S, url: str = ENQUEUE) -> None:
        self._key = routing_key
        self._clock = clock
        self._timeout_s = timeout_s
        self._url = url

    async def send(self, delivery: Delivery) -> str:
        """Deliver once and return the dedup_key; success is 202 *and* ``status: success``."""
        said = event(delivery)
        body = json.dumps({"routing_key": self._key.reveal(), **said}).encode()
        try:
            async with (
                guarded_session(self._timeout_s) as session,
                session.post(self._url, data=body, headers={"Content-Type": "application/json"}) as response,
            ):
                status, headers, text = response.status, response.headers, await response.text(errors="replace")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise as_delivery_error(error, _SINK) from None
        # A refusal may quote what it refuses, and that is our key.
        text = text.replace(self._key.reveal(), "***")
        _check(status, text, retry_after_s(headers, self._clock.now()))
        return str(said["dedup_key"])

    async def arrived(self, delivery: Delivery) -> Arrival:  # noqa: ARG002
        """Say no: asked or not, sending the event again changes nothing there."""
        return Arrival(arrived=Arrived.NO)


def event(delivery: Delivery) -> dict[str, Any]:
    """Return the event without its routing key.

    Examples
    --------
    >>> from datetime import UTC, datetime
    >>> ended = {"kind": "drift", "reason": "RESOLVED", "state": "resolved", "key": "bot/1/42", "incident": "inc-42",
    ...     "endpoint": "bot", "at": "2026-10-14T09:00:00+00:00", "severity": "notice"}
    >>> row = Delivery(key="bot/1/42/RESOLVED/60@duty", route="duty", severity=Severity.NOTICE, payload=ended,
    ...     created_at=datetime(2026, 10, 14, 9, tzinfo=UTC))
    >>> event(row)
    {'event_action': 'resolve', 'dedup_key': 'bot/1/42'}
    """
    said = delivery.payload
    # Not `delivery.subject`: what another page covers shares its thread, and yet ends alone.
    head = {"event_action": _action(said), "dedup_key": str(said.get("key") or delivery.key)[:MAX_DEDUP_KEY]}
    if head["event_action"] != "trigger":
        return head
    text = wording.render_text(said, possible_repeat=False)
    return {
        **head,
        "client": "driftwatch",
        "payload": {
            "summary": one_line(f"{wording.headline(said)}{wording.since(said)}", MAX_SUMMARY),
            "source": str(said.get("endpoint", "driftwatch")),
            "severity": _SEVERITY.get(delivery.severity, "info") if said["kind"] not in ("test", "report") else "info",
            "timestamp": str(said["at"]),
            "component": str(said.get("model", "")),
            "class": str(said.get("reason", "")),
            "custom_details": {"text": text, "incident": str(said.get("incident", "")), "delivery": delivery.key},
        },
    }


def _action(said: Mapping[str, Any]) -> str:
    if said.get("state") in _ENDED or (said["kind"] == "selftest" and said["passed"]):
        # A self-test that passed proves the way and wakes nobody: to resolve what is not there is taken, and no more.
        return "resolve"
    return "acknowledge" if said.get("reason") == "ACKNOWLEDGED" else "trigger"


def _check(status: int, text: str, wait_s: float | None) -> None:
    if status == 429:
        raise DeliveryError(f"{_SINK} asks for patience: status 429.", permanent=False, retry_after_s=wait_s)
    if status >= 500 or status in (408, 425):
        raise DeliveryError(f"{_SINK} is out of order: status {status}.", permanent=False)
    if status == 202 and _status(text) == "success":
        return
    if 200 <= status < 300:
        raise DeliveryError(f"{_SINK} answered {status} without its `success`.", permanent=False, ambiguous=True)
    way_on = "Correct the route's key, then: driftwatch check --send-test."
    raise DeliveryError(f"{_SINK} refuses for good: status {status}: {one_line(text, 200)}. {way_on}", permanent=True)


def _status(text: str) -> str:
    try:
        parsed = json.loads(text)
    except ValueError:
        return ""
    return str(parsed.get("status", "")) if isinstance(parsed, dict) else ""
