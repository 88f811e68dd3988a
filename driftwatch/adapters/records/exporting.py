"""Exporting what was observed, such that importing it into an empty store gives the same replays."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Protocol

from driftwatch.adapters.records.answers import to_item
from driftwatch.domain.answer import Answer
from driftwatch.domain.fingerprint import Fingerprint
from driftwatch.domain.replay import ReplayScores, Score, Slot
from driftwatch.scorers.verdict import Unscored


class Observed(Protocol):
    """The part of a store that an export reads; `SqlStore` has it."""

    def replays(
        self, endpoint: str, *, after_seq: int = 0, metrics: Sequence[str] | None = None
    ) -> Iterator[ReplayScores]:
        """Yield committed replays in order of seq."""

    def answers(self, endpoint: str, slot: Slot) -> Sequence[Answer]:
        """Return a slot's answers."""

    def scores(self, endpoint: str, slot: Slot) -> Sequence[Score]:
        """Return a slot's scores one by one."""


def export_observations(
    store: Observed, endpoint: str, *, since: datetime | None = None, until: datetime | None = None
) -> Iterator[dict[str, Any]]:
    """Yield one record for each answer, as plain JSON data; `since` inclusive, `until` exclusive."""
    for replay in store.replays(endpoint, metrics=()):
        if (since is None or replay.slot.due >= since) and (until is None or replay.slot.due < until):
            yield from _records(store, replay)


def records_of(
    slot: Slot, answers: Iterable[Answer], scored: Iterable[Score], fingerprint: Fingerprint
) -> Iterator[dict[str, Any]]:
    """Yield one record for each answer of a replay, as plain JSON data."""
    scores = dict[tuple[str, int], dict[str, float]]()
    for score in scored:
        if not isinstance(score.value, Unscored):
            scores.setdefault((score.probe_key, score.sample), {})[score.metric] = score.value
    for answer in answers:
        yield {
            "endpoint": slot.endpoint,
            "replay": slot.key,
            **to_item(answer),
            "scores": scores.get((answer.probe_key, answer.sample), {}),
            "fingerprint": dict(fingerprint.parts) or None,
        }


def _records(store: Observed, replay: ReplayScores) -> Iterator[dict[str, Any]]:
    name, slot = replay.slot.endpoint, replay.slot
    yield from records_of(slot, store.answers(name, slot), store.scores(name, slot), replay.fingerprint)
