"""The outbox: promises to tell somebody, each written once under its key."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from driftwatch.adapters.store.database import Database, insert_or_keep
from driftwatch.adapters.store.errors import store_error
from driftwatch.adapters.store.tables import OUTBOX
from driftwatch.domain.delivery import Delivery, DeliveryState
from driftwatch.domain.metric import Severity
from driftwatch.services.ports import Store

_COLUMNS = tuple(field.name for field in fields(Delivery))


class Outbox(Store):
    """The part of the store that holds what was promised."""

    _db: Database

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        with self._db.writing() as connection:
            add(connection, deliveries)

    def due_deliveries(self, *, now: datetime) -> Sequence[Delivery]:
        ripe = OUTBOX.c.not_before.is_(None) | (OUTBOX.c.not_before <= now)
        waiting = OUTBOX.c.state.in_([DeliveryState.PENDING.value, DeliveryState.AMBIGUOUS.value]) & ripe
        return self._deliveries(waiting | (OUTBOX.c.state == DeliveryState.SENDING.value))

    def thread(self, route: str, subject: str) -> Sequence[Delivery]:
        sent = (OUTBOX.c.state == DeliveryState.SENT.value) & OUTBOX.c.remote.is_not(None)
        return self._deliveries((OUTBOX.c.subject == subject) & (OUTBOX.c.route == route) & sent)

    def delivery(self, key: str) -> Delivery | None:
        return next(iter(self._deliveries(OUTBOX.c.key == key)), None)

    def deliveries_under(self, *subjects: str) -> Sequence[Delivery]:
        return self._deliveries(OUTBOX.c.subject.in_(subjects))

    def save_delivery(self, delivery: Delivery, then: Sequence[Delivery] = ()) -> None:
        with self._db.writing() as connection:
            _change(connection, delivery)
            add(connection, then)

    def join_deliveries(self, lead: Delivery, joined: Sequence[Delivery]) -> None:
        with self._db.writing() as connection:
            for delivery in (lead, *joined):
                _change(connection, delivery)

    def deliveries(self, *, since: datetime | None = None) -> Sequence[Delivery]:
        return self._deliveries(OUTBOX.c.created_at >= since if since is not None else None)

    def _deliveries(self, where: Any) -> Sequence[Delivery]:
        query = select(OUTBOX).order_by(OUTBOX.c.created_at, OUTBOX.c.key)
        with self._db.reading() as connection:
            rows = connection.execute(query if where is None else query.where(where)).mappings()
            return tuple(delivery_of(row) for row in rows)


def _change(connection: Connection, delivery: Delivery) -> None:
    changed = connection.execute(update(OUTBOX).where(OUTBOX.c.key == delivery.key).values(**_row(delivery)))
    if not changed.rowcount:
        raise store_error(
            f"There is no delivery {delivery.key} in the outbox.",
            "Add it with `enqueue` first.",
            "store-failed",
        )


def add(connection: Connection, deliveries: Sequence[Delivery]) -> None:
    """Add rows inside a transaction of the caller's; a key that exists stays as it is."""
    insert_or_keep(connection, OUTBOX, map(_row, deliveries))


def _row(delivery: Delivery) -> dict[str, Any]:
    row = {name: getattr(delivery, name) for name in _COLUMNS}
    return row | {
        "state": delivery.state.value,
        "severity": delivery.severity.value,
        "payload": dict(delivery.payload),
        "subject": delivery.subject,
    }


def delivery_of(row: Mapping[Any, Any]) -> Delivery:
    """Return the promise that a row holds."""
    typed = {"state": DeliveryState(row["state"]), "severity": Severity(row["severity"])}
    return Delivery(**({name: row[name] for name in _COLUMNS} | typed))
