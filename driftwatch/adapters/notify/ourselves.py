"""The words of messages about driftwatch itself: money, our network, tests, the configuration, the clock, the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from driftwatch.domain.listing import counted

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one kind of message says: what happened, then what is behind it and the way on."""

    headline: Callable[[Payload], str]
    evidence: Callable[[Payload], str]


def _budget(payload: Payload) -> str:
    spent, limit = payload["spent_usd"], payload["limit_usd"]
    return f"{payload['endpoint']} · budget exhausted: {spent:.2f} of {limit:.2f} USD spent today"


def _left(payload: Payload) -> str:
    # A question is paid for as if it took all of its max_tokens: much may be left, and not enough.
    enough = "" if payload["spent_usd"] >= payload["limit_usd"] else "What is left does not cover another question. "
    return f"{enough}No paid call is made until 00:00 UTC; raise budget.usd_per_day to go on sooner."


def _config(payload: Payload) -> str:
    """Return what is wrong with the configuration file, and the way on."""
    if payload["state"] != "firing":
        return "The file as it is now is in use."
    read = datetime.fromisoformat(payload["in_use_since"]).astimezone(UTC) if "in_use_since" in payload else None
    used = f" The one in use was read at {read:%Y-%m-%d %H:%M} UTC." if read else ""
    return f"{payload['detail']}{used} Mend the file, look at it with driftwatch check, and send SIGHUP."


def _clock(payload: Payload) -> str:
    days, seconds = divmod(round(abs(payload["jumped_s"])), 86400)
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    size = f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
    return f"driftwatch: the clock jumped {'forward' if payload['jumped_s'] > 0 else 'back'} by {size}"


def _time(payload: Payload) -> str:
    """Return what becomes of replays and of what time alone decides."""
    forward = "Or this machine slept. One replay catches up"
    back = "Replays go on; driftwatch counts on from the later time, which messages show until this clock has caught up"
    waits = "ends of silences and repeats wait for 5 minutes. Look at its time server: timedatectl."
    return f"{forward if payload['jumped_s'] > 0 else back}; {waits}"


def _selftest(payload: Payload) -> str:
    """Return how a self-test went: in what order, who was told what, how soon."""
    told = [f"{d['name']}: {d['told']} after {counted(d['replays'], 'replay')}" for d in payload["drifts"]]
    way_on = "" if payload["passed"] else " Until it passes again, silence proves nothing: driftwatch selftest."
    return f"{payload['detail']}; in {payload['took_s']:.0f} s.{way_on}" + (f" {'; '.join(told)}." if told else "")


def _either(firing: str, over: str) -> Callable[[Payload], str]:
    return lambda payload: firing if payload["state"] == "firing" else over


OURSELVES: Mapping[str, Words] = {
    "budget": Words(
        headline=_budget,
        evidence=_left,
    ),
    "own_network": Words(
        headline=lambda _: "our own network is down: replays are skipped, and no vendor is blamed",
        evidence=lambda payload: (
            f"Noticed at {payload['endpoint']}; nothing else answers either: {payload['why']}. Told once a day."
        ),
    ),
    "test": Words(
        headline=lambda payload: f"driftwatch test message: the route {payload['endpoint']} works",
        evidence=lambda _: "Nothing is wrong. Somebody ran driftwatch check --send-test.",
    ),
    "selftest": Words(
        headline=lambda payload: f"driftwatch self-test {'passed' if payload['passed'] else 'FAILED'}",
        evidence=_selftest,
    ),
    "config": Words(
        headline=_either(
            "driftwatch configuration refused: an older one is in use", "driftwatch configuration in order again"
        ),
        evidence=_config,
    ),
    "report": Words(
        headline=lambda payload: f"driftwatch {'week ' + payload['week'] if 'week' in payload else 'report'}",
        evidence=lambda payload: str(payload["verdict"]),
    ),
    "clock": Words(
        headline=_clock,
        evidence=_time,
    ),
    "store": Words(
        headline=_either(
            "driftwatch cannot store anything: nothing is watched, and no other page can come",
            "driftwatch stores again",
        ),
        evidence=lambda payload: (
            payload["detail"] or "What was not watched meanwhile, and why, is counted in driftwatch report."
        ),
    ),
}
"""By the payload's ``kind``."""
