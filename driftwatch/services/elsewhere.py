"""What the fallback route is promised: what another route did not take, and how it went on with it.

Where a sink opens and ends each incident under its own key, each that a message tells of is promised alone there.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from driftwatch.domain.delivery import AFTER_FALLBACK, INSTEAD_OF, Delivery
from driftwatch.services.ports import Store

APART = timedelta(hours=1)
"""By which the messages that joined one may have been promised before it, beside the longest wait of a group."""


def instead(row: Delivery, store: Store, fallback: str, *, joins: bool, held_most: timedelta) -> list[Delivery]:
    """Return the copies that the fallback is promised of a message, and of what was told in it; it blocks.

    Parameters
    ----------
    joins : bool
        Whether one message may tell of several incidents there.
    held_most : timedelta
        For how long a message may wait for its group.
    """
    if "also" not in row.payload:
        return [_copy(row, fallback)]
    recent = {one.key: one for one in store.deliveries(since=row.created_at - held_most - APART)}
    told = [row, *_told_in(row.key, tuple(recent.values()))]
    before = recent.get(_key(row.key, fallback))
    if not joins:
        return [_copy(_alone(one), fallback) for one in told]
    if before is None:
        return [_copy(row, fallback)]
    if before.others >= len(told) - 1:
        return []
    # What joined after the copy was written is told in it no more.
    named = {one.get("incident") for one in before.payload.get("also", ())}
    return [_copy(_alone(one), fallback) for one in told if one.payload.get("incident") not in named]


def going_on(row: Delivery, store: Store, fallback: str) -> tuple[Delivery, ...]:
    """Return the promise that the fallback hears how an incident went on that it was told of; it blocks.

    What was sent there in another route's stead would stay open where alerts are opened and ended under a key.
    """
    if row.is_details or not row.settles or row.route == fallback or row.subject is None:
        return ()
    key = str(row.payload["key"])
    about = store.deliveries_under(row.subject, key)
    ours = [one for one in about if one.payload.get("key") == key]
    if any(one.route == fallback and one.payload.keys().isdisjoint((INSTEAD_OF, AFTER_FALLBACK)) for one in ours):
        # It hears of the incident in its own right.
        return ()
    if not any(_fell_back(one, store, fallback) for one in ours if one.route == row.route and one.key != row.key):
        return ()
    return (_copy(row, fallback, why=AFTER_FALLBACK),)


def _fell_back(row: Delivery, store: Store, fallback: str) -> bool:
    """Say whether a message, or the one that it was told in, was promised on the fallback route."""
    lead: Delivery | None = row
    while lead is not None:
        if store.delivery(_key(lead.key, fallback)) is not None:
            return True
        lead = store.delivery(lead.told_with) if lead.told_with else None
    return False


def _told_in(key: str, rows: Sequence[Delivery]) -> list[Delivery]:
    """Return what was told in a message, with what was told in that: one that others joined may join a louder one."""
    joined = [one for one in rows if one.told_with == key]
    return [found for one in joined for found in (one, *_told_in(one.key, rows))]


def _alone(row: Delivery) -> Delivery:
    said = {name: value for name, value in row.payload.items() if name not in ("also", "more_also")}
    return replace(row, payload=said)


def _key(key: str, fallback: str) -> str:
    return f"{key}>{fallback}"


def _copy(row: Delivery, fallback: str, *, why: str = INSTEAD_OF) -> Delivery:
    return Delivery(
        key=_key(row.key, fallback),
        route=fallback,
        severity=row.severity,
        payload={**row.payload, why: row.route},
        created_at=row.created_at,
    )
