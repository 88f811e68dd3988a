"""The reference texts of every endpoint: read from the store until they are complete, from then on remembered."""

from collections.abc import Mapping, Sequence

from driftwatch.domain.endpoint import Endpoint
from driftwatch.scorers.reference import ReferenceTexts
from driftwatch.services.ports import Store

Texts = Mapping[str, ReferenceTexts]
"""Probe key -> its first answers of the epoch, once there are enough of them."""

MOST_TEXTS = 30
"""More of them cost time at every answer and tell little more."""


def text_reference(baseline_replays: int) -> int:
    """Return how many of a probe's first answers others are compared with: the first half of its baseline, 30 at most.

    Given these texts the scores of all later answers are exchangeable, so the second half of the baseline is
    the text streams' own. A reference that still grew would move the scores with it (decision 0007).

    Examples
    --------
    >>> text_reference(24), text_reference(200)
    (12, 30)
    """
    return max(1, min(baseline_replays // 2, MOST_TEXTS))


def complete(found: Mapping[str, Sequence[str]], limit: int) -> Texts:
    """Return the reference of every probe that has all of its `limit` texts; the others have none yet."""
    return {key: ReferenceTexts(texts) for key, texts in found.items() if len(texts) >= limit}


class References:
    """Reference texts, which no longer change: a probe has none until it has as many as half of the baseline.

    The reference of 200 probes is 2,400 rows: reading it again at every replay took longer than scoring.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._complete: dict[str, tuple[tuple[int, int], Texts]] = {}

    def of(self, endpoint: Endpoint, *, epoch: int) -> Texts:
        """Return the reference of the endpoint's `epoch`, for every probe whose texts are complete."""
        remembered = self._complete.get(endpoint.name)
        which = epoch, len(self._store.acceptances(endpoint.name))
        # A configuration that was read anew may bring other probes.
        if remembered is not None and remembered[0] == which and _all_in(remembered[1], endpoint):
            return remembered[1]
        limit = text_reference(endpoint.baseline_replays)
        texts = complete(self._store.reference_texts(endpoint.name, epoch=epoch, limit=limit), limit)
        if _all_in(texts, endpoint):
            self._complete[endpoint.name] = (which, texts)
        return texts


def _all_in(texts: Texts, endpoint: Endpoint) -> bool:
    return all(probe.key in texts for probe in endpoint.probe_set.probes)
