"""The acceptances of single probes, read where the past is given back."""

from sqlalchemy import Connection, select

from driftwatch.adapters.store.documents import from_document
from driftwatch.adapters.store.tables import INCIDENT
from driftwatch.domain.acceptance import Acceptance, acceptances
from driftwatch.domain.incident import IncidentState


def read(connection: Connection, endpoint: int | None) -> tuple[Acceptance, ...]:
    """Return an endpoint's acceptances, oldest first."""
    here = (INCIDENT.c.endpoint_id == endpoint) & (INCIDENT.c.state == IncidentState.ACCEPTED.value)
    return acceptances(from_document(body) for body in connection.scalars(select(INCIDENT.c.body).where(here)))
