"""The fingerprint of our side: what must be unchanged before a vendor is blamed."""

from dataclasses import asdict

from driftwatch.domain.endpoint import Endpoint
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.probe import content_hash

SCORING = "2"
"""Raised by hand when a scorer's or a measure's meaning changes: old and new scores are then not compared."""

REQUALIFYING = frozenset({"endpoint", "sampling", "driver", "scoring"})
"""Parts whose change may move every score: a new baseline begins. An edited probe re-qualifies itself alone."""

EXPLAINING = frozenset({"code", "paths", "git"})
"""Parts whose change explains a movement that begins with it, and is no news otherwise: no new baseline."""


def our_side(
    endpoint: Endpoint, driver_identity: str, *, code: str | None = None, embedder: str | None = None
) -> Fingerprint:
    """Return the parts of our side that could move a score of this endpoint.

    The key is left out, and so are schedule and concurrency: they change when and how fast we ask, not what.

    Parameters
    ----------
    code : str, optional
        Our version and those of the libraries that scorers rest on.
    embedder : str, optional
        Name and hash of what measures every answer's similarity: another one makes other scores.
    """
    return Fingerprint(
        parts=({"code": code} if code else {})
        | {
            "endpoint": content_hash([endpoint.model, endpoint.base_url or ""]),
            "sampling": content_hash([dict(endpoint.params), endpoint.top_logprobs]),
            "probes": endpoint.probe_set.content_hash,
            "scoring": content_hash([SCORING, embedder]) if embedder else SCORING,
            "driver": driver_identity,
            "price": content_hash(asdict(endpoint.price) if endpoint.price else None),
        }
    )


def requalifying(now: Fingerprint, before: Fingerprint) -> tuple[str, ...]:
    """Return the parts whose change begins a new baseline; a part that either side does not know has not changed.

    Examples
    --------
    >>> imported = Fingerprint(parts={})
    >>> requalifying(Fingerprint(parts={"sampling": "3f2a"}), imported)
    ()
    """
    return tuple(
        sorted(p for p in REQUALIFYING & set(before.parts) & set(now.parts) if before.parts[p] != now.parts[p])
    )
