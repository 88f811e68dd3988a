"""The reference texts of every endpoint: read from the store until they are complete, from then on remembered."""

from collections.abc import Mapping

from driftwatch.domain.endpoint import Endpoint
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.services.ports import Store

Texts = Mapping[str, ReferenceTexts]
"""Probe key -> its first answers of the epoch."""


class References:
    """Reference texts, which no longer change once every probe has as many as the baseline has replays.

    A complete reference of 200 probes is 4,800 rows: reading it again at every replay took longer than scoring.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, tuple[int, Texts]] = {}

    def of(self, endpoint: Endpoint, *, epoch: int) -> Texts:
        """Return the reference of the endpoint's `epoch`, as far as there is one."""
        remembered = self._complete.get(endpoint.name)
        if remembered is not None and remembered[0] == epoch:
            return remembered[1]
        limit = endpoint.baseline_replays
        found = self._store.reference_texts(endpoint.name, epoch=epoch, limit=limit)
        texts = {key: ReferenceTexts(each) for key, each in found.items()}
        if all(len(found.get(probe.key, ())) >= limit for probe in endpoint.probe_set.probes):
            self._complete[endpoint.name] = (epoch, texts)
        return texts
